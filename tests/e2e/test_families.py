"""Pictures, sequences and series as a person meets them: lessons, links, live controls, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.presets import lesson
from app.session import Session
from tests.e2e.test_playground import learning_rate, pause, stage, wait_for_step

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
Visit = Callable[..., Page]
FAMILIES = ("digits_pictures", "recall", "letters", "forecast", "attention")


@pytest.mark.parametrize("language", ["en", "pt"])
@pytest.mark.parametrize("name", FAMILIES)
def test_a_link_of_every_family_opens_and_plays(open_page: Visit, name: str, language: str):
    page = open_page(f"/?{Session.of(lesson(name)).link}&lang={language}")
    expect(page.locator(".block-heading").first).to_be_visible(timeout=90_000)
    first = page.locator(".stage").get_attribute("data-step")
    wait_for_step(page, 5)
    assert page.locator(".stage").get_attribute("data-step") != first
    expect(page.locator("[data-testid='stAlert']")).to_have_count(0)


def test_a_live_rate_becomes_an_edit_and_the_address_brings_it_back(open_page: Visit):
    page = open_page(f"/?{Session.of(lesson('recall')).link}&step=40")
    expect(page.locator(".block-heading").first).to_be_visible(timeout=90_000)
    at = pause(page)
    learning_rate(page).press("ArrowRight")
    expect(page).to_have_url(re.compile(rf"edits={at}\.learning_rate\.0\.03"))
    again = open_page(page.url.partition("/?")[2].join(["/?", ""]))
    expect(again.locator(".block-heading").first).to_be_visible(timeout=90_000)
    assert pause(again) == at
    expect(again).to_have_url(re.compile(rf"edits={at}\.learning_rate\.0\.03"))
    assert again.locator(".caption-text").inner_text() == page.locator(".caption-text").inner_text()


def test_controls_that_do_not_apply_are_not_there(open_page: Visit):
    page = open_page(f"/?{Session.of(lesson('digits_pictures')).link}")
    stage(page)
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar).to_contain_text("Convolution: 6 kernels 3×3, ReLU")
    for gone in ("Hidden layers", "Activation", "Hard decision"):
        expect(sidebar.get_by_text(gone, exact=True)).to_have_count(0)
    expect(page.locator(".structure-above button")).to_have_count(0)
