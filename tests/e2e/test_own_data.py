"""A person's own data in a real browser; and whatever people write stays text: it never becomes markup."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from app import sharing
from app.own_data import MOST_BYTES

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
Visit = Callable[..., Page]

TABLE = "height;weight;kind\n" + "".join(
    f"{30 + place % 7},5;{8 + place % 5},25;{'cat' if place % 2 else 'dog'}\n" for place in range(40)
)
WIDER = "a,b,c,price\n" + "".join(f"{p % 7},{p % 5},{p % 3},{100 * p + 7.5}\n" for p in range(60))

# What Markdown, HTML and Streamlit's own plug-ins would make something of; each with a mark of its own.
PAYLOADS = (
    '<img src=x onerror="window.hurt=1">zq0', "**zq1**", "$zq2^2$", ":red[zq3]", "`zq4`", "[zq5](http://e.com)",
    "https://zq6.com", "www.zq7.com", "zq8 :smile:", "zq9 :material/home:", "zqa -> <- --",
    "<script>hurt=1</script>zqb",
    "&lt;b&gt;zqc", "# zqd", "~~zqe~~", "{zqf} {0}", "<b>zqg</b>", ":blue-badge[zqh]", "zqi@example.com", "1. zqj",
    "*zqk*", "zql | zql", "\\*zqm\\*", "<a href=javascript:hurt=1>zqn</a>", "$$zqo$$", "- zqp",
)  # fmt: skip
MARK = re.compile(r"zq[0-9a-p]")

# Every text on the page, shadow trees too, and the elements that a payload would have made.
LOOK = """() => {
    const texts = [], made = [];
    const walk = (node) => {
        if (node.nodeType === Node.TEXT_NODE) texts.push(node.data);
        if (node.matches?.("img[src=x], a[href*=zq], a[href*='e.com'], [onerror]")) made.push(node.outerHTML);
        if (["SCRIPT", "STYLE", "TEXTAREA"].includes(node.tagName)) return;
        if (node.shadowRoot) walk(node.shadowRoot);
        node.childNodes.forEach(walk);
    };
    walk(document.body);
    return { texts, made, hurt: window.hurt ?? null };
}"""

ENOUGH = f"(least) => new Set(({LOOK})().texts.flatMap((text) => text.match(/{MARK.pattern}/g) ?? [])).size >= least"


def wait_for_stage(page: Page) -> None:
    """Waits until the stage shows something."""
    expect(page.locator(".stage")).to_have_attribute("data-state", re.compile("playing|paused"), timeout=20_000)


def open_drawer(page: Page, name: str = "Your own data") -> None:
    """Opens the drawer for own data."""
    wait_for_stage(page)
    page.get_by_role("button", name=name).click()
    page.locator(".picker").wait_for()


def give(page: Page, text: str, name: str = "table.csv") -> None:
    """Chooses a file."""
    page.locator(".picker input").set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})


def paste(page: Page, text: str, button: str = "Use these rows") -> None:
    """Types rows and uses them."""
    page.locator("textarea").fill(text)
    page.get_by_role("button", name=button).click()


def said(page: Page) -> dict[str, str]:
    """The address bar's keys."""
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_key(page: Page, key: str, value: str | None = None) -> str:
    """Waits until the address bar has a key; gives what it says."""
    pattern = re.compile(rf"[?&]{key}={re.escape(value) if value else ''}")
    expect(page).to_have_url(pattern, timeout=15_000)
    return said(page)[key]


# --------------------------------------------------------------------------------------------------------- own data


def test_a_file_becomes_the_data_and_its_link_opens_for_others(open_page: Visit):
    page = open_page()
    open_drawer(page)
    give(page, TABLE)
    expect(page.get_by_text("40 rows, 3 columns")).to_be_visible()
    expect(page.get_by_text("The comma was read as the decimal mark.")).to_be_visible()
    expect(page.locator(".picker td").first).to_have_text("30.5")
    assert wait_for_key(page, "data") == "own_classes"
    wait_for_key(page, "table")
    expect(page.get_by_text("x₁ is height, x₂ is weight")).to_be_visible()
    other = open_page("/?" + urlsplit(page.url).query)
    wait_for_stage(other)
    expect(other.get_by_text("x₁ is height, x₂ is weight")).to_be_visible()


def test_what_is_learned_can_be_chosen(open_page: Visit):
    page = open_page()
    open_drawer(page)
    paste(page, WIDER)
    assert wait_for_key(page, "data", "own_values") == "own_values"
    page.keyboard.press("Escape")
    page.get_by_text("Classification", exact=True).click()
    wait_for_key(page, "data", "own_classes")
    wait_for_stage(page)


def test_small_points_travel_in_the_link(open_page: Visit):
    page = open_page("/?lang=pt")
    open_drawer(page, "Seus próprios dados")
    paste(page, "x1,x2,label\n1,1,0\n-1,2,1\n2.5,-3,0\n-4,-4,1\n", "Usar estas linhas")
    expect(page.get_by_text("Agora são pontos do plano")).to_be_visible()
    wait_for_key(page, "points")
    assert said(page)["data"] == "points"


def test_a_mistake_is_shown_with_its_place_and_nothing_is_lost(open_page: Visit):
    page = open_page("/?v=1&data=xor")
    open_drawer(page)
    text = "a,b\n1,2\n3,four\n5,6\n7,8\n"
    paste(page, text)
    expect(page.get_by_text("Row 3, column 2 (b) says “four”, which is no number")).to_be_visible()
    expect(page.locator("textarea")).to_have_value(text)
    assert said(page)["data"] == "xor"
    give(page, "x" * (MOST_BYTES + 1))
    expect(page.get_by_text(f"It has {MOST_BYTES + 1} bytes")).to_be_visible()
    paste(page, text.replace("four", "4"))
    expect(page.get_by_text("4 rows, 2 columns")).to_be_visible()


def test_the_largest_file_passes(open_page: Visit):
    rng = random.Random(4)
    row = ",".join(["{:.2f}"] * 20) + "\n"
    text = "".join(row.format(*(rng.random() for _ in range(20))) for _ in range(5000))
    assert 0.95 * MOST_BYTES < len(text) <= MOST_BYTES
    page = open_page()
    open_drawer(page)
    paste(page, text[:49_000].rsplit("\n", 1)[0])
    expect(page.get_by_text("20 columns")).to_be_visible()
    give(page, text)
    expect(page.get_by_text("5000 rows, 20 columns")).to_be_visible(timeout=20_000)
    wait_for_stage(page)


def test_a_link_whose_table_is_gone_asks_for_the_file(open_page: Visit, serve: Callable[..., str]):
    page = open_page()
    open_drawer(page)
    give(page, TABLE)
    wait_for_key(page, "table")
    query = urlsplit(page.url).query + "&step=7"
    elsewhere = serve()  # a server that has never seen the table
    page = open_page(f"/?{query}", base=elsewhere)
    expect(page.get_by_text("This link needs a table that is no longer here")).to_be_visible(timeout=20_000)
    give(page, WIDER)
    expect(page.get_by_text("another table than the one that the link was made with")).to_be_visible()
    give(page, TABLE.replace(";", "\t"))
    wait_for_stage(page)
    expect(page.locator(".stage")).to_have_attribute("data-step", "7", timeout=20_000)


def test_servers_with_one_folder_share_tables(open_page: Visit, serve: Callable[..., str], tmp_path):
    one, other = (serve(BACKPROP_TABLES=str(tmp_path)) for _ in range(2))
    page = open_page(base=one)
    open_drawer(page)
    give(page, TABLE)
    wait_for_key(page, "table")
    page = open_page("/?" + urlsplit(page.url).query, base=other)
    wait_for_stage(page)
    expect(page.get_by_text("x₁ is height, x₂ is weight")).to_be_visible()


def test_it_works_in_a_course_page_without_cookies(browser: Browser, serve: Callable[..., str]):
    """In a frame of another site, and with a browser that keeps no cookie at all."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
    page = context.new_page()
    context.route("**/*", lambda route: route.continue_(headers=_without_cookies(route.request.headers)))
    page.goto(serve() + "/?embed=true")
    open_drawer(page)
    give(page, TABLE)
    expect(page.get_by_text("40 rows, 3 columns")).to_be_visible()
    context.close()


def _without_cookies(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "cookie"}


# -------------------------------------------------------------------------------------------------------- no markup


@pytest.fixture
def harmless(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a page on which no dialog may appear."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-GB")
    dialogs: list[str] = []

    def visit(path: str = "/") -> Page:
        page = context.new_page()
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(address + path)
        return page

    yield visit
    context.close()
    assert not dialogs


def check_plain(page: Page, least: int) -> None:
    """Each mark is seen within its whole payload, letter by letter; at least so many different ones are seen."""
    page.wait_for_function(ENOUGH, arg=least)  # each kind of control comes to the browser in a file of its own
    found = page.evaluate(LOOK)
    assert not found["made"]
    assert found["hurt"] is None
    seen = set()
    for text in found["texts"]:
        for mark in MARK.findall(text):
            payload = next(payload for payload in PAYLOADS if mark in payload)
            plain = " ".join(text.replace("\u2060", "").split())
            assert payload in plain or payload.replace("_", " ") in plain, (payload, text)
            seen.add(mark)
    assert len(seen) >= least, sorted(seen)


def hostile_table(names: tuple[str, ...], classes: tuple[str, ...]) -> str:
    """A table whose names are payloads."""
    rng = random.Random(5)
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow([*names, "kind"])
    for place in range(40):
        writer.writerow([*(f"{rng.random():.3f}" for _ in names), classes[place % len(classes)]])
    return made.getvalue()


@pytest.mark.parametrize("start", [0, 9, 18])
def test_names_of_columns_classes_and_files_stay_text(harmless: Visit, start: int):
    page = harmless()
    open_drawer(page)
    names, classes = PAYLOADS[start : start + 6], (PAYLOADS * 2)[start + 6 : start + 9]
    give(page, hostile_table(names, classes), name=PAYLOADS[start + 1] + ".csv")
    expect(page.get_by_text("40 rows, 7 columns")).to_be_visible()
    check_plain(page, 7)
    wait_for_key(page, "table")  # the stage shows them: what is drawn after a click closes an open menu
    page.keyboard.press("Escape")
    wait_for_stage(page)
    page.get_by_text("The numbers of this step").click()
    page.locator(".stage canvas").first.hover()
    page.get_by_role("combobox", name="What to learn").click()
    check_plain(page, 6)


def test_names_of_two_inputs_stay_text(harmless: Visit):
    for first in range(0, len(PAYLOADS) - 1, 9):
        page = harmless()
        open_drawer(page)
        give(page, hostile_table(PAYLOADS[first : first + 2], PAYLOADS[first + 2 : first + 4]))
        expect(page.get_by_text("40 rows, 3 columns")).to_be_visible()
        check_plain(page, 3)


def test_what_is_wrong_with_a_link_is_told_in_plain_text(harmless: Visit):
    """Unknown keys and bad values, all payloads in turn."""
    keys = "&".join(f"{quote(payload, safe='')}=1" for payload in PAYLOADS)
    values = "&".join(f"{key}={quote(payload)}" for key, payload in zip(sharing.KEYS[1:], PAYLOADS, strict=False))
    page = harmless(f"/?v=1&{values}&{keys}")
    wait_for_stage(page)
    expect(page.locator('[data-testid="stAlert"]').nth(len(PAYLOADS) - 1)).to_be_visible()
    check_plain(page, len(PAYLOADS))


def test_what_is_wrong_with_a_table_is_told_in_plain_text(harmless: Visit):
    """A cell, and the name of its column."""
    page = harmless()
    open_drawer(page)
    for payload in PAYLOADS[::2]:
        text = io.StringIO()
        csv.writer(text).writerows([["a", payload], [1, 2], [3, payload], [4, 5], [6, 7]])
        paste(page, text.getvalue())
        expect(page.get_by_text(MARK.findall(payload)[0]).first).to_be_visible()
        check_plain(page, 1)
