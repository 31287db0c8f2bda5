"""The visitors of the load script do what a browser does; short versions of its scenarios keep it from rotting.

Times mean nothing here: only what was lost, refused, or came back different.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Browser
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

import engine
from app import costs, traces
from app.bootstrap import ROOT
from tests.load.command import Scenario
from tests.load.connection import Site
from tests.load.faults import FAULTS
from tests.load.film import BadChunk, Film, Header, Wish, read_chunk
from tests.load.machine import WITHOUT, Server
from tests.load.measures import Measure, percentile
from tests.load.page import Page
from tests.load.scenarios import HEAVIEST, LINKS, SCENARIOS
from tests.load.visitor import SPEED, Tally, Visitor

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
THROUGH_PROXY = {"films", "acting", "busy", "shared", "replica"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        server.start()
        server.wait_until_compiled()
        yield server


def apart(doing: Coroutine[Any, Any, Any]) -> Any:
    """Runs it in a thread of its own: where Playwright has been, this one has an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, doing).result()


# ------------------------------------------------------------------------------------------- as a real browser does it


class Heard:
    """What a page sends while a person opens it, changes the learning rate and then the number of layers."""

    def __init__(self) -> None:
        self.messages: list[BackMsg] = []
        self.film: list[str] = []

    def request(self, url: str) -> None:
        if "/trace/" in url:
            self.film.append(url.partition("?")[2])

    def frame(self, content: Any) -> None:
        self.messages.append(BackMsg.FromString(content))

    @property
    def runs(self) -> list[str]:
        """Of each run that was asked for, whether it is of the whole page."""
        return ["part" if message.rerun_script.fragment_id else "whole" for message in self.messages]

    @property
    def pages(self) -> list[str]:
        """Of each run that was asked for, of which page of the site."""
        return [message.rerun_script.page_script_hash for message in self.messages]

    def run(self, *, rate: str, layers: int) -> dict[str, str]:
        """The first run with these values: every widget's id and value as text, besides the stage's own."""
        for message in self.messages:
            told = {one.id: one for one in message.rerun_script.widget_states.widgets if "stage" not in one.id}
            values = {name.rpartition("-")[2]: one for name, one in told.items()}
            rates = values["choice.learning_rate"].string_array_value.data if told else []
            if rates == [rate] and values["layers.count"].int_value == layers:
                return {name: str(one) for name, one in told.items()}
        return {}


def in_a_browser(browser: Browser, server: Server, query: str) -> Heard:
    heard = Heard()
    page = browser.new_page(reduced_motion="reduce", locale="en-US")  # the film stands: only what it must is asked for
    try:
        page.on("request", lambda request: heard.request(request.url))
        page.on("websocket", lambda socket: socket.on("framesent", heard.frame))
        page.goto(f"http://127.0.0.1:{server.port}/?{query}")
        page.get_by_role("spinbutton", name="Hidden layers").wait_for()
        wait_for(page, lambda: len(heard.film) == 1)
        slider = page.get_by_role("slider", name="Learning rate")
        slider.focus()
        slider.press("ArrowRight")
        wait_for(page, lambda: heard.run(rate="0.1", layers=2))
        page.wait_for_timeout(1000)  # for what the stage tells of a film that stands
        layers = page.get_by_role("spinbutton", name="Hidden layers")
        layers.focus()
        layers.press("ArrowUp")
        layers.press("Enter")
        wait_for(page, lambda: len(heard.film) >= 3 and heard.run(rate="0.1", layers=3))
    finally:
        page.close()
    return heard


def wait_for(page: Any, condition: Any) -> None:
    for _ in range(1500):
        if condition():
            return
        page.wait_for_timeout(20)
    pytest.fail("waited too long")


def as_a_visitor(server: Server, query: str) -> Heard:
    heard = Heard()

    async def visit() -> None:
        visitor = Visitor(Site(server.port), query, Tally())
        send, get = visitor.page.send, visitor.connection.get

        async def heard_send(message: bytes) -> None:
            heard.frame(message)
            await send(message)

        async def heard_get(path: str, **headers: str) -> Any:
            heard.request(path)
            return await get(path, **headers)

        visitor.page.send, visitor.connection.get = heard_send, heard_get  # type: ignore[method-assign]
        await visitor.arrive()
        await visitor.act("choice.learning_rate", ["0.1"])
        await visitor.act("layers.count", 3)
        await visitor.leave()
        assert not visitor.tally.errors

    apart(visit())
    return heard


@pytest.mark.e2e
def test_a_visitor_says_what_a_browser_says(browser, server):
    real, ours = in_a_browser(browser, server, "seed=5"), as_a_visitor(server, "seed=5")
    for layers in (2, 3):
        assert ours.run(rate="0.1", layers=layers) == real.run(rate="0.1", layers=layers)
    assert ours.messages[0].rerun_script.query_string == real.messages[0].rerun_script.query_string
    assert ours.runs == real.runs
    assert ours.pages == real.pages
    assert ours.film == real.film


# ------------------------------------------------------------------------------------ at a server that forgot the page


def test_what_a_page_comes_back_to_is_what_its_widgets_show(server):
    """Also where the stage tells the new server where it stands before the browser has drawn what that server says."""
    apart(tells_before_it_hears(Page(Site(server.port), "seed=5")))


async def tells_before_it_hears(page: Page) -> None:
    """At a rate of 0.1; the server that has never seen the page takes it to be at 0.03."""
    rate, link = "choice.learning_rate", "seed=5&edits=4.learning_rate.0.1&step=9"
    await page.open()
    await page.act(rate, ["0.1"])
    await page.close()
    page.session_id = ""
    await page.open()
    assert page.value(rate) == ["0.03"]
    draws, send = page.widgets[rate].state.string_array_value.data, page.send
    draws[:] = ["0.1"]

    async def send_and_hear(message: bytes) -> None:
        await send(message)
        draws[:] = ["0.03"]

    page.send = send_and_hear  # type: ignore[method-assign]
    told = [{"event": "action", "value": {"kind": "reopen", "link": link}}]
    await page.run(page.widgets["stage"].fragment, page.asks_of_stage(json.dumps(told)))
    assert page.stage["step"] == 9
    assert [page.value(key) for key in page.widgets if key.startswith(rate)] == [["0.1"]]
    await page.close()


@pytest.mark.slow
def test_a_widget_that_is_used_while_the_page_is_drawn_is_still_there(server):
    """Streamlit throws away what it has not yet sent of a fragment when one of the fragment's widgets is used."""
    assert apart(uses_while_it_is_drawn(Page(Site(server.port), "seed=5"), "choice.learning_rate", rounds=40)) == 0


async def uses_while_it_is_drawn(page: Page, key: str, rounds: int) -> int:
    """Has the page drawn and uses a widget, each time after another number of milliseconds; how often it was lost."""
    lost = 0
    await page.open()
    for number in range(rounds):
        await page.send(page.asks("").SerializeToString())
        while ForwardMsg.FromString(await page.receive()).WhichOneof("type") != "new_session":
            pass  # one that has not begun would be made one with what is sent next
        await asyncio.sleep(number / 1000)
        page.widgets[key].state.string_array_value.data[:] = ["0.1" if number % 2 else "0.3"]
        await page.send(page.asks(page.widgets[key].fragment).SerializeToString())
        lost += key not in await drawn_keys(page)
    await page.close()
    return lost


async def drawn_keys(page: Page) -> set[str]:
    """Keys of what is drawn until a part's run has ended."""
    keys: set[str] = set()
    while True:
        message = ForwardMsg.FromString(await page.receive())
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            keys.add(getattr(getattr(element, element.WhichOneof("type")), "id", "").split("-", 2)[-1])
        elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
            return keys


# ------------------------------------------------------------------------------------------------------ film and bars


@pytest.mark.parametrize(
    ("chunks", "wish", "span"),
    [
        ([], Wish(0, 300, True), (0, 100, 5)),
        ([(0, 5, 20)], Wish(0, 300, True), (100, 600, 5)),
        ([(0, 1, 20)], Wish(0, 300, True), (0, 600, 5)),
        ([(0, 5, 60)], Wish(20, 300, True), (300, 600, 5)),
        ([(0, 5, 60), (300, 5, 60)], Wish(20, 300, True), None),
        ([], Wish(37, 60, False), (20, 40, 1)),
        ([(20, 1, 20)], Wish(37, 60, False), None),
    ],
)
def test_what_is_asked_for_next(chunks, wish, span):
    """The same cases in the browser's words: tests/stage/test_player.py."""
    film = Film({"bytes": 0, "operations": 0, "steps": 10**6})
    for start, every, frames in chunks:
        film.add(Header(start, every, frames, 60 * frames, float("inf")))
    assert film.next_span(wish) == span


@pytest.mark.parametrize("damage", [lambda chunk: chunk[:-4], lambda chunk: b"<html>", lambda chunk: b"BPT1" + chunk])
def test_a_chunk_that_is_not_whole_is_noticed(damage):
    chunk = engine.Experiment(
        engine.Network((2,), [engine.Dense(1)], "binary_cross_entropy"), engine.datasets.load("xor", labels="binary")
    ).start().trace(5).to_bytes()  # fmt: skip
    assert read_chunk(chunk).frames == 5
    with pytest.raises(BadChunk):
        read_chunk(damage(chunk))


def test_the_site_has_no_module_that_the_servers_of_a_load_test_do_without():
    lock = (ROOT / "requirements.lock").read_text()
    for module in WITHOUT.glob("*.py"):
        assert f"\n{module.stem}==" not in lock


def test_the_heaviest_network_is_nearly_more_than_is_allowed():
    experiment = traces.read(HEAVIEST)
    span = Film(costs.frame(experiment)).next_span(Wish(0, SPEED, True))
    assert span is not None
    cost = engine.cost(experiment, 3 * (span.stop - span.start), 3)
    assert 0.4 * costs.MOST_OPERATIONS < cost.operations <= costs.MOST_OPERATIONS


@pytest.mark.parametrize("link", LINKS)
def test_films_of_the_load_go_on(link):
    """A run that ended would ask for nothing more."""
    run = traces.read(link).start()
    run.step(20_000)
    assert run.outcome is None


def test_a_bar_without_a_value_is_missed():
    assert percentile([], 0.95) != percentile([], 0.95)
    assert Measure("p95", percentile([], 0.95), "ms", 300).missed
    assert percentile([3, 1, 2], 0.95) == 3
    assert not Measure("p95", 300, "ms", 300).missed


# ------------------------------------------------------------------------------------------------------- short versions


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # visitors are still there at the end
@pytest.mark.parametrize("name", [*SCENARIOS, *FAULTS])
def test_short_version(name):
    if name in THROUGH_PROXY and NGINX is None:
        pytest.skip("no nginx on this machine; Debian's package is called nginx")
    scenario: Scenario = (SCENARIOS | FAULTS)[name]
    lines = apart(scenario.run(scenario.few, scenario.moment))
    assert [line.row(name) for line in lines if line.unit == "times" and line.missed] == []
    assert any(line.bar is not None for line in lines)
