"""Breaks things while visitors are there, and looks whether everybody comes back to where they were; exits 1 if not.

A bystander uses a widget all the while: what is done to the server, or by a hostile client, may cost him little.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.load.command import Scenario, main
from tests.load.connection import Connection, Lost, Site
from tests.load.film import Span
from tests.load.machine import Server
from tests.load.measures import Measure, milliseconds
from tests.load.page import Page, PageFailed
from tests.load.scenarios import (
    HEAVIEST,
    RATES,
    all_of,
    note,
    own_link,
    replicas,
    train,
    trouble,
    visitors_of,
    warm_server,
)
from tests.load.visitor import Tally, Visitor

BYSTANDER_MS = 250.0
MOST_MEMORY = 20.0  # megabytes that a hostile client may cost
POOL_MEMORY = 256.0  # megabytes that jobs may hold together, and recent answers with them
MEGABYTE = 2**20


# ------------------------------------------------------------------------------------------------------------- helpers


@asynccontextmanager
async def bystander(server: Server, tally: Tally) -> AsyncIterator[None]:
    """Somebody who uses a widget four times a second."""
    visitor = Visitor(Site(server.port, "127.1.1.1"), own_link(7), tally)
    await visitor.arrive()

    async def use() -> None:
        for turn in range(10**6):
            tally.acts.append(await visitor.page.act("choice.learning_rate", [RATES[turn % len(RATES)]]))
            await asyncio.sleep(0.25)

    using = asyncio.create_task(note(tally, use()))
    try:
        yield
    finally:
        using.cancel()
        with suppress(asyncio.CancelledError):
            await using
        with suppress(Lost):
            await visitor.leave()


def beside(tally: Tally) -> list[Measure]:
    """What the bystander felt."""
    return milliseconds("the bystander's action", tally.acts, BYSTANDER_MS)


async def change_something(number: int, visitor: Visitor) -> None:
    """Arrives, plays a little, makes an edit and changes the network's neighbourhood: a page worth coming back to."""
    await visitor.arrive()
    await visitor.play(0.3)
    await visitor.act("choice.learning_rate", [RATES[number % len(RATES)] if number % len(RATES) != 2 else "1"])


async def picture(visitor: Visitor) -> bytes:
    """The frame that a visitor looks at, with all its numbers."""
    step = int(visitor.position)
    answer = await visitor.bring(visitor.film_url(Span(step, step + 1, 1)))
    return answer.body if answer else b""


async def told(visitor: Visitor) -> tuple[object, ...]:
    """What a visitor sees: the experiment with its edits, the step, the values of the widgets, the picture."""
    shown = {key: visitor.page.value(key) for key in ("choice.learning_rate", "choice.dataset", "layers.count")}
    return (visitor.page.stage["link"], tuple(visitor.edits), int(visitor.position), tuple(map(str, shown.items())),
            await picture(visitor))  # fmt: skip


async def come_back_and_compare(
    visitors: list[Visitor], before: list[tuple[object, ...]], tally: Tally, *, reload: bool = False
) -> int:
    """Everybody comes back, every second one by reloading if so asked; how many see something else than before."""
    await all_of(visitors, lambda number, one: one.come_back(reload=reload and number % 2 == 1), ramp=0.5)
    after = [await told(visitor) for visitor in visitors]
    for was, now in zip(before, after, strict=True):
        if was != now:
            what = next(f"{a!r:.60} -> {b!r:.60}" for a, b in zip(was, now, strict=True) if a != b)
            tally.errors[f"came back to something else: {what}"] += 1
    return sum(was != now for was, now in zip(before, after, strict=True))


# ------------------------------------------------------------------------------------------------------ lost and found


async def cut(visitors: int, seconds: float) -> list[Measure]:
    """Sockets are cut; who comes back soon has the session that was left, with nothing replayed."""
    del seconds
    async with warm_server() as server:
        tally = Tally()
        everybody = visitors_of(server.port, visitors, tally)
        await all_of(everybody, change_something, ramp=visitors / 25)
        before = [await told(visitor) for visitor in everybody]
        sessions = [visitor.page.session_id for visitor in everybody]
        for visitor in everybody:
            visitor.vanish()
        others = await come_back_and_compare(everybody, before, tally)
        new = sum(visitor.page.session_id != session for visitor, session in zip(everybody, sessions, strict=True))
        return [
            Measure(f"visitors of {visitors} who see something else", others, "times", 0),
            Measure(f"visitors of {visitors} with a new session", new, "times", 0),
            *trouble(tally, server),
        ]


async def restart(visitors: int, seconds: float) -> list[Measure]:
    """The server is killed and started again: the address bar brings everybody back to the same bits."""
    del seconds
    async with warm_server() as server:
        tally = Tally()
        everybody = visitors_of(server.port, visitors, tally)
        await all_of(everybody, change_something, ramp=visitors / 25)
        before = [await told(visitor) for visitor in everybody]
        await asyncio.to_thread(server.kill)
        killed = time.perf_counter()
        back = asyncio.create_task(come_back_and_compare(everybody, before, tally, reload=True))
        health = await asyncio.to_thread(server.start)
        others = await back
        return [
            Measure("health after the start", health, "s"),
            Measure("everybody is back after the kill", time.perf_counter() - killed, "s"),
            Measure(f"visitors of {visitors} who see something else", others, "times", 0),
            *trouble(tally, server),
        ]


async def replica(visitors: int, seconds: float) -> list[Measure]:
    """One of two replicas is killed while everybody plays: films go on, and pages that were there come back."""
    async with replicas() as (proxy, (one, other)):
        tally = Tally()
        everybody = visitors_of(proxy.port, visitors, tally)
        await all_of(everybody, change_something, ramp=visitors / 25)
        playing = asyncio.create_task(all_of(everybody, lambda _, visitor: visitor.play(seconds), ramp=0.5))
        await asyncio.sleep(seconds / 2)
        await asyncio.to_thread(one.kill)
        await playing
        lost = [visitor for visitor in everybody if visitor.page.lost]
        before = [await told(visitor) for visitor in everybody]
        others = await come_back_and_compare(lost, [before[everybody.index(one)] for one in lost], tally, reload=True)
        await all_of(everybody, lambda _, visitor: visitor.act("layers.count", 3), ramp=1.0)
        return [
            Measure(f"connections of {visitors} that were lost", len(lost), "times"),
            Measure("lost visitors who see something else", others, "times", 0),
            *milliseconds("chunk", tally.chunks),
            *trouble(tally, other),
        ]


# ------------------------------------------------------------------------------------------------------ hostile clients


@asynccontextmanager
async def under_attack(lines: list[Measure], most: float = MOST_MEMORY) -> AsyncIterator[tuple[Server, Tally]]:
    """A server and a bystander; afterwards `lines` say what the attack cost and whether a newcomer is served."""
    async with warm_server() as server:
        tally = Tally()
        first = Visitor(Site(server.port), own_link(1), tally)
        await first.arrive()
        held = server.memory()
        async with bystander(server, tally):
            yield server, tally
        lines.append(Measure("memory that it cost", server.memory() - held, "MB", most))
        newcomer = Visitor(Site(server.port), own_link(2), tally)
        await note(tally, newcomer.arrive())
        lines += [*beside(tally), *trouble(tally)]


def expect(lines: list[Measure], what: str, wrong: int) -> None:
    """A line that says how many times the server did not do what it should."""
    lines.append(Measure(f"not {what}", wrong, "times", 0))


async def uploads(count: int, seconds: float) -> list[Measure]:
    """Files are sent where no page asks for one, with a valid session and a valid form token."""
    del seconds
    lines: list[Measure] = []
    async with under_attack(lines) as (server, tally):
        victim = Visitor(Site(server.port), "", tally)
        await victim.arrive()
        token = victim.site.cookies.get("_streamlit_xsrf", "")
        body = b"x" * (4 * MEGABYTE)

        async def put(number: int) -> int:
            path = f"/_stcore/upload_file/{victim.page.session_id}/{number}"
            with suppress(Lost):
                answer = await Connection(victim.site).send("PUT", path, body, X_Xsrftoken=token)
                return answer.status
            return 0

        statuses = []
        for start in range(0, count, 10):
            statuses += await asyncio.gather(*(put(start + number) for number in range(min(10, count - start))))
        expect(lines, "refused", sum(200 <= status < 300 for status in statuses))
    return lines


async def messages(count: int, seconds: float) -> list[Measure]:
    """Messages on the websocket that are too large, not protobuf, not binary, or full of other people's widgets."""
    del seconds
    lines: list[Measure] = []
    async with under_attack(lines) as (server, tally):
        large = BackMsg()
        large.rerun_script.query_string = "x" * (2 * MEGABYTE)
        kinds = {"2 MB": large.SerializeToString(), "26 MB": b"\0" * (26 * MEGABYTE), "no protobuf": b"\xff" * 1000}
        for what, message in kinds.items():
            open_still = [await _is_open_after(server, message) for _ in range(count)]
            expect(lines, f"closed after a message of {what}", sum(open_still))
        failed = [await _page_fails(server, number) for number in range(count)]
        expect(lines, "usable after hostile values of widgets", sum(failed))
    return lines


async def _is_open_after(server: Server, message: bytes) -> bool:
    """Whether a page's socket still lives after a message."""
    page = Visitor(Site(server.port), own_link(3), Tally()).page
    await page.open()
    try:
        await page.send(message)
        async with asyncio.timeout(10):
            while True:
                await page.receive()
    except Lost:
        return False
    except TimeoutError:
        return True


async def _page_fails(server: Server, number: int) -> bool:
    """Whether a value that no browser would send breaks a page for longer than the run that it comes with."""
    page = Visitor(Site(server.port), own_link(number), Tally()).page
    await page.open()
    chance = random.Random(number)
    for _ in range(20):
        try:
            with suppress(PageFailed):  # an apology is what such a client gets
                await page.run("", chance.choice((_hostile_value, _hostile_action))(page, chance))
            await page.run()
        except (Lost, PageFailed):
            return True
    return False


def _hostile_value(page: Page, chance: random.Random) -> WidgetState:
    """A widget's value of the right kind, and wrong in every other way."""
    widget = chance.choice([widget for widget in page.widgets.values() if widget.state.WhichOneof("value") in HOSTILE])
    state, kind = WidgetState(id=widget.state.id), str(widget.state.WhichOneof("value"))
    value = chance.choice(HOSTILE[kind])
    if kind == "string_array_value":
        state.string_array_value.data[:] = value
    else:
        setattr(state, kind, value)
    return state


def _hostile_action(page: Page, chance: random.Random) -> WidgetState:
    """An action that the stage would not send."""
    return page.asks_of_stage(chance.choice(ACTIONS))


HOSTILE: dict[str, tuple[Any, ...]] = {
    "string_value": ("", "<img src=x onerror=alert(1)>", "x" * 100_000, "\0", "nan"),
    "string_array_value": ([], ["x"], ["x", "\0", "__proto__"], ["0.03"] * 1000),
    "int_value": (2**53, -1, 10**6),
    "double_value": (float("nan"), float("inf"), -1e308),
}
ACTIONS = (
    '[{"event": "action", "value": {"kind": "add_layer"}}]',
    '[{"event": "action", "value": {"kind": "add_unit", "layer": 1e9}}]',
    '[{"event": "action", "value": {"kind": "add_unit", "layer": "x"}}]',
    '[{"event": "action", "value": {"kind": "toggle_feature", "feature": "x99"}}]',
    '[{"event": "action", "value": {"kind": ["add_unit"]}}]',
    '[{"event": "action", "value": null}]',
    '[{"event": "action"}]',
    "[" * 1000,
    "{}",
    "7",
)


async def bodies(count: int, seconds: float) -> list[Measure]:
    """HTTP requests that are too large: bodies, headers, addresses."""
    del seconds
    lines: list[Measure] = []
    async with under_attack(lines) as (server, tally):
        site = Site(server.port)
        paths = {"a body": "/", "a body for film": "/trace/x?", "an address": "/trace/x?data=" + "x" * 60_000}
        for what, path in paths.items():
            body = b"x" * (20 * MEGABYTE) if "body" in what else b""
            accepted = 0
            for _ in range(count):
                with suppress(Lost):
                    answer = await Connection(site).send("POST" if body else "GET", path, body)
                    accepted += answer.status < 400
            expect(lines, f"refused, {what} that is too large", accepted)
        headers = {f"X_{number}": "y" * 7000 for number in range(20)}
        accepted = 0
        for _ in range(count):
            with suppress(Lost):
                accepted += (await Connection(site).get("/engine", **headers)).status < 400
        expect(lines, "refused, headers of 140 kB", accepted)
    return lines


async def slow(count: int, seconds: float) -> list[Measure]:
    """Connections that say a byte a second: requests that never end, bodies that never come, answers never read."""
    lines: list[Measure] = []
    async with under_attack(lines) as (server, tally):
        beginnings = (
            b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"POST /trace/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
            b"PUT /_stcore/upload_file/x/y HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        )  # fmt: skip

        async def dawdle(number: int) -> None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(beginnings[number % len(beginnings)])
                until = time.perf_counter() + seconds
                while time.perf_counter() < until and not writer.transport.is_closing():
                    writer.write(b"a")
                    await asyncio.sleep(1.0)
                writer.transport.abort()

        dawdling = asyncio.gather(*map(dawdle, range(count)))
        health = []
        while not dawdling.done():
            started = time.perf_counter()
            answer = await Connection(Site(server.port)).get("/_stcore/health")
            health += [time.perf_counter() - started] * (answer.status == 200)
            await asyncio.sleep(0.2)
        await dawdling
        lines += milliseconds("health meanwhile", health, BYSTANDER_MS)
    return lines


async def jobs(visitors: int, seconds: float) -> list[Measure]:
    """Many start the heaviest job at once; the bystander hardly feels it; whoever leaves takes his job along."""
    lines: list[Measure] = []
    async with under_attack(lines, POOL_MEMORY) as (server, tally):
        heavy = Tally()
        many = visitors_of(server.port, visitors, heavy, lambda number: f"{HEAVIEST}&seed={number}")
        await all_of(many, lambda _, one: one.page.open(), ramp=1.0)
        tally.acts.clear()
        playing = asyncio.create_task(all_of(many, lambda _, one: train(one, seconds), ramp=0.1))
        await asyncio.sleep(seconds)
        playing.cancel()
        for visitor in many:
            visitor.vanish()
        with suppress(asyncio.CancelledError):
            await playing
        await asyncio.sleep(1.0)
        before, started = server.processor_seconds(), time.perf_counter()
        await asyncio.sleep(2.0)
        share = 100 * (server.processor_seconds() - before) / (time.perf_counter() - started)
        lines += [
            Measure("heaviest jobs answered", len(heavy.chunks), "times"),
            Measure("server's share of a core a second after all have left", share, "%", 60),
            *(line for line in trouble(heavy) if line.bar is None or line.missed),
        ]
    return lines


FAULTS = {
    "cut": Scenario(cut, 100, 0.0, 3, 0.0),
    "restart": Scenario(restart, 100, 0.0, 3, 0.0),
    "replica": Scenario(replica, 100, 8.0, 6, 2.0),
    "uploads": Scenario(uploads, 100, 0.0, 6, 0.0),
    "messages": Scenario(messages, 10, 0.0, 2, 0.0),
    "bodies": Scenario(bodies, 10, 0.0, 2, 0.0),
    "slow": Scenario(slow, 300, 15.0, 10, 2.0),
    "jobs": Scenario(jobs, 50, 15.0, 4, 2.0),
}

if __name__ == "__main__":
    sys.exit(main("tests.load.faults", __doc__, FAULTS))
