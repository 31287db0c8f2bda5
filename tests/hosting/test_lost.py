"""The connection is cut, the server dies, a replica dies: the page is back at the same experiment and the same step."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_playground import fast, pause, stage, wait_for_step
from tests.hosting.conftest import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LINK = "/?v=1&data=xor&net=dense:5:tanh,dense:3:relu,dense:1&opt=adam:0.01&seed=7"
SHOWN = """(all) => all.map((one) => (one.focus(), one.ariaValueText))"""  # of sliders; the last one has the keyboard
PICTURE = """(stage) => stage.querySelector("canvas").toDataURL()"""


def seen(page: Page) -> tuple[str, str, str]:
    """The address, the step, and the picture."""
    found = stage(page)
    return page.url, found.get_attribute("data-step"), found.evaluate(PICTURE)


def watch_until_changed(page: Page) -> None:
    """A film with a history: another learning rate in the middle, then it stands."""
    fast(page)
    wait_for_step(page, 60)
    pause(page)
    page.get_by_role("slider", name=re.compile("Learning rate")).focus()
    page.keyboard.press("ArrowRight")
    page.locator(".stage .play").click()
    wait_for_step(page, 130)
    pause(page)
    wait_until(lambda: page.wait_for_timeout(20) or f"&step={stage(page).get_attribute('data-step')}" in page.url)
    assert "edits=" in page.url


@pytest.fixture
def visit(browser):
    """A function that opens a page; what a dead server leaves on the console is not looked at."""
    contexts = []

    def visit(address: str) -> Page:
        contexts.append(browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB"))
        page = contexts[-1].new_page()
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()


def came_back(page: Page, before: tuple[str, str, str]) -> None:
    """The same address, step and picture; the page's controls as they were, and they act."""
    rate = page.get_by_role("slider", name=re.compile("Learning rate"))
    expect(rate).to_be_enabled(timeout=60_000)
    expect(rate).to_have_attribute("aria-valuetext", "0.03", timeout=60_000)
    assert seen(page) == before
    edit = f"_{before[1]}.learning_rate.0.1&"

    def acts() -> bool:
        # While the page is drawn anew the slider before is still there; up and down arrows mean nothing to the stage.
        if rate.evaluate_all(SHOWN) == ["0.03"]:
            page.keyboard.press("ArrowUp")
        page.wait_for_timeout(50)  # lets the browser's events in
        return edit in page.url

    wait_until(acts)


def test_a_restarted_server_finds_the_page_where_it_was(replica, visit):
    one = replica()
    page = visit(one.address + LINK)
    watch_until_changed(page)
    before = seen(page)
    assert one.stop() < 2, "SIGTERM ends within two seconds, with a page open"
    one.start()
    wait_until(lambda: one.state()["sessions"] == 1)
    came_back(page, before)


def test_when_one_of_two_replicas_dies_its_pages_go_on_at_the_other(replica, proxy, visit):
    replicas = [replica(BACKPROP_PROXIES="1") for _ in range(2)]
    page = visit(proxy(*replicas) + LINK)
    watch_until_changed(page)
    before = seen(page)
    here, other = sorted(replicas, key=lambda one: -one.state()["sessions"])
    assert (here.state()["sessions"], other.state()["sessions"]) == (1, 0)
    here.kill()
    wait_until(lambda: other.state()["sessions"] == 1)
    came_back(page, before)
