"""One step by hand as a person walks it: with the keyboard alone, in both languages, without barriers, on paper."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app import i18n

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
Visit = Callable[..., Page]
# what stands last in each panel
LAST_WORDS = {
    "all": "by_hand.table.all",
    "weight": "by_hand.why.sum",
    "wiggle": "by_hand.wiggle.caption",
    "numbers": "by_hand.numbers.group",
    "latex": "by_hand.latex.source",
}
CARD = ".st-key-sheet_card"
SETTLED = "[data-test-script-state=notRunning]"
expect.set_options(timeout=15_000)  # a rerun takes a tenth of a second, on a machine that does nothing else


@pytest.fixture
def open_page(open_page: Visit) -> Visit:
    """As everywhere, and each kind of control is there: the browser fetches each in a file of its own, in any order."""

    def visit(path: str, **options: object) -> Page:
        page = open_page(path, **options)
        kinds = ("stSelectbox", "stNumberInput", "stButton", "stButtonGroup", "stTabs")
        for place in (f"{CARD} .katex", f"{CARD} details", *(f"[data-testid={kind}]" for kind in kinds)):
            page.locator(place).first.wait_for(timeout=30_000)
        page.wait_for_selector(SETTLED)
        return page

    return visit


@pytest.fixture
def axe() -> str:
    """axe-core's script."""
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        complain = pytest.fail if os.environ.get("CI") else pytest.skip
        complain("axe-playwright-python is not installed (tests/requirements.lock)")
    return (Path(found.origin).parent / "axe.min.js").read_text()


def place(page: Page) -> Locator:
    """The line that says which operation one sees."""
    return page.locator(f"{CARD} [data-testid=stCaptionContainer]")


def wait_for_address(page: Page, text: str) -> None:
    """Waits until the address says something."""
    page.wait_for_function("(text) => decodeURIComponent(location.search).includes(text)", arg=text)


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_whole_walk_works_with_the_keyboard_alone(open_page: Visit, language: str):
    t = i18n.translator(language)
    page = open_page(f"/by-hand?lesson=neuron&lang={language}")
    count = int(re.findall(r"\d+", place(page).inner_text())[1])
    for number in range(2, count + 1):
        page.keyboard.press("ArrowRight")
        expect(place(page)).to_contain_text(t("by_hand.where", place=number, count=count))
        page.wait_for_selector(SETTLED)
    page.keyboard.press("ArrowRight")
    expect(place(page)).to_contain_text(t("by_hand.where", place=1, count=count))
    wait_for_address(page, "step=1")
    page.keyboard.press("Shift+ArrowDown")
    expect(place(page)).to_contain_text(t("by_hand.phase.loss"))
    page.keyboard.press("Shift+ArrowUp")
    expect(place(page)).to_contain_text(t("by_hand.phase.forward"))
    page.keyboard.press("Shift+ArrowRight")
    expect(place(page)).to_contain_text(t("by_hand.phase.loss"))
    page.keyboard.press("ArrowLeft")
    expect(place(page)).to_contain_text(t("by_hand.phase.forward"))


def test_every_control_is_reached_by_tab_and_the_panels_by_arrows(open_page: Visit):
    page = open_page("/by-hand?lesson=mazur")
    wanted = {"Network", "Forward", "Next", "In words", "Every operation"}
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        words = page.evaluate("(e => e.getAttribute('aria-label') || e.innerText || '')(document.activeElement)")
        reached |= {word for word in wanted if word in words}
        if words == "Every operation":
            break
    assert reached == wanted
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="One weight")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Sum over 2 paths")).to_be_visible()


def test_the_stage_lights_what_the_operation_uses(open_page: Visit):
    page = open_page("/by-hand?lesson=mazur")
    stage = page.locator(".stage")
    expect(stage).to_have_attribute("data-still", "true")
    expect(stage.locator("canvas").first).to_have_attribute("aria-label", re.compile("2–2–2 at step 0"))
    before = stage.locator("canvas").first.screenshot()
    page.keyboard.press("Shift+ArrowRight")
    expect(place(page)).to_contain_text("layer 2")
    page.wait_for_function("([stage, was]) => stage.stagePaints > was", arg=[stage.element_handle(), 0])
    assert stage.locator("canvas").first.screenshot() != before


def test_an_edge_that_is_picked_on_the_stage_is_looked_into(open_page: Visit):
    page = open_page("/by-hand?lesson=mazur")
    page.locator(".stage .neurons button[data-id='u2.1']").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="One weight")).to_have_attribute("aria-selected", "true")
    wait_for_address(page, "weight=dense_2.bias:1")


def test_a_changed_number_is_typed_and_kept_in_the_address(open_page: Visit):
    page = open_page("/by-hand?lesson=mazur")
    page.get_by_role("tab", name="Change the numbers").click()
    field = page.locator(".st-key-sheet_work input[type=number]").first
    field.fill("0.5")
    field.press("Enter")
    expect(page.locator(f"{CARD} .katex").first).to_contain_text("0.5⋅0.05")
    wait_for_address(page, "change=0:dense_1.weight:0:0.5")
    page.reload()
    expect(page.locator(f"{CARD} .katex").first).to_contain_text("0.5⋅0.05", timeout=30_000)


@pytest.mark.parametrize(
    ("lesson", "language", "scheme"),
    [("mazur", "en", "light"), ("mazur", "pt", "dark"), ("attention", "en", "dark"), ("attention", "pt", "light")],
)
def test_axe_finds_no_violation(open_page: Visit, axe: str, lesson: str, language: str, scheme: str):
    page = open_page(f"/by-hand?lesson={lesson}&lang={language}", color_scheme=scheme)
    t = i18n.translator(language)
    for tab, last in LAST_WORDS.items():
        page.get_by_role("tab", name=t(f"by_hand.tab.{tab}")).click()
        expect(page.get_by_text(t(last)).first).to_be_visible()
        expect(page.locator("[data-stale=true]")).to_have_count(0)
        page.evaluate(axe)
        found = page.evaluate("async () => (await axe.run(document)).violations")
        told = [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]
        assert not told, f"{tab}: {told}"


def test_nothing_is_wider_than_a_phone(open_page: Visit):
    page = open_page("/by-hand?lesson=mazur", width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_paper_stand_the_formulas_without_the_buttons(open_page: Visit):
    page = open_page("/by-hand?lesson=neuron")
    page.get_by_role("tab", name="LaTeX and print").click()
    expect(page.locator(".st-key-sheet_written .katex").first).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Next")).to_be_hidden()
    expect(page.locator(".st-key-sheet_written .katex").first).to_be_visible()
