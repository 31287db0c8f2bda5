"""What is measured: each scenario starts its own server, lets visitors come, and returns its lines of the table."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from typing import Any

from tests.load.command import Scenario
from tests.load.connection import Lost, Site
from tests.load.film import BadChunk
from tests.load.machine import Proxy, Server
from tests.load.measures import Measure, milliseconds, percentile
from tests.load.page import PageFailed
from tests.load.visitor import Tally, Visitor

CLASS = 30  # visitors at one address, as behind a school's router
LINKS = (  # the lessons' networks that do not end by themselves, each with data of its own
    "v=1",
    "v=1&data=xor&net=dense:4:tanh,dense:1&opt=sgd:0.1",
    "v=1&net=dense:6:sigmoid,dense:6:sigmoid,dense:6:sigmoid,dense:6:sigmoid,dense:6:sigmoid,dense:1&opt=sgd:0.1",
    "v=1&data=moons&n=60&noise=0.35&net=dense:12:tanh,dense:12:tanh,dense:1&opt=adam:0.03",
    "v=1&data=spirals&features=x1,x2,sin_x1,sin_x2&net=dense:8:tanh,dense:8:tanh,dense:1&opt=adam:0.01",
    "v=1&data=blobs&noise=0.2&net=dense:4:tanh,dense:3&opt=sgd:0.1",
    "v=1&data=sine&noise=0.1&net=dense:8:tanh,dense:8:tanh,dense:1&opt=adam:0.01",
)
# close to what one request may cost (app/traces.py): test_visitors.py holds it to that
HEAVIEST = "v=1&n=5000&net=dense:215:tanh,dense:215:tanh,dense:1&opt=adam:0.001&regime=full_batch"
RATES = ("0.003", "0.01", "0.03", "0.1", "0.3")
TROUBLE = (Lost, PageFailed, BadChunk)


def address(number: int) -> str:
    """The address of the class of visitor `number`."""
    place = number // CLASS + 1
    return f"127.0.{place // 250}.{place % 250 + 1}"


def own_link(number: int) -> str:
    """A link that only visitor `number` has."""
    link = LINKS[number % len(LINKS)]
    return f"{link}&seed={1000 + number}"


async def note(tally: Tally, doing: Awaitable[Any]) -> bool:
    """Waits; trouble is counted, not raised. Whether it went well."""
    try:
        await doing
    except TROUBLE as trouble:
        tally.errors[f"{type(trouble).__name__}: {str(trouble)[:160]}"] += 1
        return False
    return True


async def all_of(visitors: list[Visitor], do: Callable[[int, Visitor], Coroutine[Any, Any, Any]], ramp: float) -> None:
    """Every visitor does it, one after another beginning within `ramp` seconds."""

    async def one(number: int, visitor: Visitor) -> None:
        await asyncio.sleep(ramp * number / len(visitors))
        await note(visitor.tally, do(number, visitor))

    await asyncio.gather(*(one(number, visitor) for number, visitor in enumerate(visitors)))


def visitors_of(port: int, count: int, tally: Tally, link: Callable[[int], str] = own_link) -> list[Visitor]:
    """Some visitors who have not come yet."""
    return [Visitor(Site(port, address(number)), link(number), tally) for number in range(count)]


class Watch:
    """What a stretch of time cost: seconds, the servers' processor and this process's."""

    def __init__(self, *servers: Server) -> None:
        self.servers = servers
        self.began = (time.perf_counter(), self._used(), time.process_time())

    def _used(self) -> float:
        return sum(server.processor_seconds() for server in self.servers)

    def lines(self) -> list[Measure]:
        """Shares of one core."""
        wall = time.perf_counter() - self.began[0]
        used, own = self._used() - self.began[1], time.process_time() - self.began[2]
        return [
            Measure("the app's share of one core", 100 * used / wall, "%"),
            Measure("this script's share of one core", 100 * own / wall, "%"),
        ]


@asynccontextmanager
async def warm_server(**environment: str) -> AsyncIterator[Server]:
    """A server with compiled kernels and one visit behind it."""
    with Server(**environment) as server:
        server.start()
        server.wait_until_compiled()
        await first_visit(server)
        yield server


async def first_visit(server: Server) -> None:
    """Somebody comes and goes: the pages are imported then."""
    visitor = Visitor(Site(server.port), "", Tally())
    await visitor.arrive()
    await visitor.leave()


def trouble(tally: Tally, *servers: Server) -> list[Measure]:
    """Errors (none are accepted), retries, and what the servers' logs complain of."""
    complaints = Counter({"Traceback in a server's log": sum(server.said().count("Traceback") for server in servers)})
    errors = +(tally.errors + complaints)
    lines = [Measure(f"again because of: {why}", count, "times") for why, count in tally.retries.items()]
    lines += [Measure(what[:58], count, "times", 0) for what, count in errors.items()]
    return [*lines, Measure("errors", errors.total(), "times", 0)]


# ------------------------------------------------------------------------------------------------------------ scenarios


async def start(visitors: int, seconds: float) -> list[Measure]:
    """From nothing to the first picture, with kernels compiled by a start before; memory; the end."""
    del seconds
    with Server() as server:
        server.start()
        server.wait_until_compiled("all")
    with Server() as server:
        health = server.start()
        tally = Tally()
        first = Visitor(Site(server.port), "", tally)
        await first.arrive(scripts=True)
        server.wait_until_compiled("all")
        held = server.memory()
        others = visitors_of(server.port, visitors, tally)
        await all_of(others, lambda _, one: one.arrive(), 1.0)
        more = server.memory()
        ended = await asyncio.to_thread(server.stop)
        return [
            Measure("health after the start", health, "s", 2),
            Measure("first picture after the first request", tally.pictures[0], "s", 3),
            Measure("memory after the first visit", held, "MB", 230),
            Measure(f"memory a session, of {visitors}", (more - held) / visitors, "MB", 1),
            Measure(f"end after SIGTERM with {visitors + 1} visitors", ended, "s", 2),
            *trouble(tally),
        ]


async def films(visitors: int, seconds: float) -> list[Measure]:
    """Each plays a film of its own, as a host of two cores is set up: a replica for each core, behind the proxy."""
    async with replicas() as (proxy, servers):
        tally = Tally()
        everybody = visitors_of(proxy.port, visitors, tally)
        await all_of(everybody, lambda _, one: one.arrive(), ramp=visitors / 25)
        watch, before = Watch(*servers), len(tally.chunks)
        await all_of(everybody, lambda _, one: one.play(seconds), ramp=1.0)
        lines = watch.lines()
        return [
            *milliseconds("chunk", tally.chunks[before:], 300),
            Measure("first picture: p95", percentile(tally.pictures, 0.95), "s"),
            Measure("time without film to show", 100 * tally.stalls / (visitors * seconds), "%"),
            *lines,
            *trouble(tally, *servers),
        ]


async def acting(visitors: int, seconds: float, training: int = 0) -> list[Measure]:
    """As in `films`; each uses a widget once in five seconds, while `training` others train the heaviest network."""
    async with replicas() as (proxy, servers):
        tally, heavy = Tally(), Tally()
        for server in servers:
            await first_visit(server)
        held = sum(server.memory() for server in servers)
        everybody = visitors_of(proxy.port, visitors, tally, lambda number: f"{own_link(number)}&step=60")
        await all_of(everybody, lambda _, one: one.arrive(), ramp=visitors / 25)
        session = (sum(server.memory() for server in servers) - held) / visitors
        busy = visitors_of(proxy.port, training, heavy, lambda number: f"{HEAVIEST}&seed={number}")
        await all_of(busy, lambda _, one: one.page.open(), ramp=0.1)
        jobs = asyncio.create_task(all_of(busy, lambda _, one: train(one, seconds), ramp=0.1))
        watch, before = Watch(*servers), len(tally.chunks)
        await all_of(everybody, lambda number, one: use(one, number, seconds), ramp=5.0)
        lines = watch.lines()
        await jobs
        return [
            *milliseconds("action", tally.acts, 250 if training else 50),
            *(milliseconds("run after a film that stands", tally.told) if tally.told else []),
            *milliseconds("chunk after it", tally.chunks[before:]),
            Measure(f"memory a session, of {visitors}", session, "MB", 1),
            *([Measure("heaviest jobs answered", len(heavy.chunks), "times")] if training else []),
            *lines,
            *trouble(tally, *servers),
            *(trouble(heavy) if training else []),
        ]


async def train(visitor: Visitor, seconds: float) -> None:
    """Plays the heaviest film that is allowed."""
    visitor.open_film()
    await visitor.play(seconds)


async def use(visitor: Visitor, number: int, seconds: float) -> None:
    """Turns knobs: the learning rate mostly, sometimes the number of layers, the test data, the stage itself."""
    chance = random.Random(number)
    until = time.perf_counter() + seconds
    while (now := time.perf_counter()) < until:
        kind = chance.random()
        if kind < 0.5:
            rates = [rate for rate in RATES if [rate] != visitor.page.value("choice.learning_rate")]
            await visitor.act("choice.learning_rate", [chance.choice(rates)])
        elif kind < 0.75:
            await visitor.act("layers.count", 3 - visitor.page.value("layers.count") % 3)
        else:
            await visitor.act("choice.show_test", not visitor.page.value("choice.show_test"))
        await asyncio.sleep(max(0.0, now + 5.0 - time.perf_counter()))


async def busy(visitors: int, seconds: float) -> list[Measure]:
    """As `acting`, while eight train the heaviest network that is allowed."""
    return await acting(visitors, seconds, training=8)


@asynccontextmanager
async def replicas(**environment: str) -> AsyncIterator[tuple[Proxy, list[Server]]]:
    """Two warm servers of one site, and nginx before them."""
    common = {"BACKPROP_PROXIES": "1", "STREAMLIT_SERVER_COOKIE_SECRET": "the same in every replica of a load test"}
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(**common, **environment)) for _ in range(2)]
        for server in servers:
            server.start()
        for server in servers:
            server.wait_until_compiled()
        yield stack.enter_context(Proxy(servers)), servers


async def shared(visitors: int, seconds: float) -> list[Measure]:
    """Everybody plays the same new link, through the proxy; the limit of pages is raised for it."""
    async with replicas(BACKPROP_SESSIONS=str(visitors)) as (proxy, servers):
        tally = Tally()
        sites = (Site(proxy.port, address(number)) for number in range(visitors))
        everybody = [Visitor(site, "v=1&seed=20261123", tally, shared=True) for site in sites]
        await all_of(everybody, lambda _, one: one.arrive(), ramp=visitors / 25)
        watch, before = Watch(*servers), len(tally.chunks)
        await all_of(everybody, lambda _, one: one.play(seconds), ramp=2.0)
        lines = watch.lines()
        asked = tally.cache.total() - tally.cache["HIT"]
        return [
            *milliseconds("chunk", tally.chunks[before:], 100),
            Measure(
                f"chunks of {len(tally.whole)} that the app was asked for again", asked - len(tally.whole), "times", 0
            ),
            Measure("first picture: p95", percentile(tally.pictures, 0.95), "s"),
            Measure("time without film to show", 100 * tally.stalls / (visitors * seconds), "%"),
            *lines,
            *trouble(tally, *servers),
        ]


async def churn(visitors: int, seconds: float) -> list[Measure]:
    """Come and go, twenty at a time; the server forgets who left, and what was made for them, after two seconds."""
    del seconds
    soon = {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "2", "BACKPROP_KEEP_SECONDS": "2"}
    async with warm_server(**soon) as server:
        tally = Tally()
        room = asyncio.Semaphore(20)

        async def visit(_: int, visitor: Visitor) -> None:
            async with room:
                await visitor.arrive()
                await visitor.leave()

        first = visitors_of(server.port, 20, tally)
        await all_of(first, visit, 0.0)
        held = server.memory()
        watch = Watch(server)
        await all_of(visitors_of(server.port, visitors, tally), visit, 0.0)
        lines = watch.lines()
        most = server.memory()
        await asyncio.sleep(10.0)
        return [
            Measure(f"memory after {visitors} came and went", 100 * (server.memory() / held - 1), "%", 10),
            Measure("memory at the start", held, "MB"),
            Measure("memory just after the last one", most, "MB"),
            Measure("first picture: p95", percentile(tally.pictures, 0.95), "s"),
            *lines,
            *trouble(tally, server),
        ]


SCENARIOS = {
    "start": Scenario(start, 30, 0.0, 3, 0.0),
    "films": Scenario(films, 150, 20.0, 4, 2.0),
    "acting": Scenario(acting, 200, 20.0, 4, 2.0),
    "busy": Scenario(busy, 200, 20.0, 4, 2.0),
    "shared": Scenario(shared, 1000, 15.0, 6, 2.0),
    "churn": Scenario(churn, 1000, 0.0, 20, 0.0),
}
