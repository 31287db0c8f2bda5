"""A visitor: opens the page, plays the film, uses widgets, leaves. `stage.js` and `player.js` without pictures."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.load.connection import Answer, Connection, Lost, Site
from tests.load.film import BadChunk, Film, Header, Span, Wish, read_chunk
from tests.load.page import Page

RETRY_SECONDS = (0.3, 0.6, 1.2, 2.5, 5.0)
LINE_SECONDS = 0.3
RETRIED = {0: "connection lost", 202: "still in line (202)"}
SPEED = 300.0  # steps a second: what the opening shifts up to
BACKFILL_FRAMES = 60
TRIES = 12
PATIENCE = 90.0  # seconds in which a page tries to come back; a browser's never gives up


@dataclass
class Tally:
    """What visitors saw, all together."""

    pictures: list[float] = field(default_factory=list)  # seconds from the first request to the first chunk
    chunks: list[float] = field(default_factory=list)  # seconds from asking to having it, with every retry
    acts: list[float] = field(default_factory=list)  # seconds from using a widget to the page drawn anew
    told: list[float] = field(default_factory=list)  # the same for a film that tells where it stands
    stalls: float = 0.0  # seconds in which a picture had no film to show
    retries: Counter[str] = field(default_factory=Counter)  # why a chunk was asked for again
    errors: Counter[str] = field(default_factory=Counter)  # what went wrong for good
    cache: Counter[str] = field(default_factory=Counter)  # what the proxy says of a chunk: HIT, MISS
    whole: dict[str, bytes] = field(default_factory=dict)  # chunks of a shared link, that have been looked at already


class Visitor:
    """One person at one browser.

    Parameters
    ----------
    site : where
    query : what stands in the address bar
    tally : where to write down what is seen
    shared : many look at this link: a chunk that is the same as another visitor's need not be read again
    """

    def __init__(self, site: Site, query: str, tally: Tally, *, shared: bool = False) -> None:
        self.site, self.tally, self.shared = site, tally, shared
        self.name = f"{random.getrandbits(64):016x}"  # of this page, told with every request for film
        self.page = Page(site, query)
        self.connection = Connection(site)
        self.film = Film({"bytes": 0, "operations": 0, "steps": 1})
        self.edits: list[tuple[int, str, str]] = []
        self.position = 0.0
        self.refused = False
        self._told: dict[str, Any] = {}

    # ------------------------------------------------------------------------------------------------ coming and going

    async def arrive(self, *, scripts: bool = False) -> None:
        """Opens the page and waits for the first chunk; `scripts`: loads the page's and the stage's modules too."""
        started = time.perf_counter()
        index = await self.fetch(f"/?{self.page.query}")
        await self.fetch("/_stcore/health")
        await self.fetch("/_stcore/host-config")
        if scripts:
            for path in re.findall(r'(?:src|href)="\./(static/[^"]+)"', index.body.decode()):
                await self.fetch(f"/{path}")
        await self.page.open()
        self.open_film()
        await self.play(0.0)
        self.tally.pictures.append(time.perf_counter() - started)

    async def leave(self) -> None:
        """Closes the tab."""
        await self.page.close()
        self.connection.close()

    def vanish(self) -> None:
        """The network is gone."""
        self.page.abort()
        self.connection.abort()

    async def come_back(self, *, reload: bool = False) -> None:
        """After a lost connection, as Streamlit's page does by itself, or as a person who reloads the page."""
        self.page.query = self.address
        if reload:
            self.page = Page(self.site, self.page.query)
        before = self.page.stage
        given_up = time.perf_counter() + PATIENCE
        while self.page.lost:
            try:
                await self.page.open()
            except Lost:
                if time.perf_counter() > given_up:
                    raise
                await asyncio.sleep(0.5)
        if reload:
            self.open_film()
        else:
            self._follow(before)
        await self.play(0.0)

    @property
    def address(self) -> str:
        """The address bar: the experiment, its edits and where the film stands (`link.js`)."""
        parts = [
            self.page.stage["link"],
            self._edits_before(None),
            f"step={int(self.position)}" if self.position else "",
        ]
        return "&".join(filter(None, parts))

    async def fetch(self, path: str, *, accepted: int = 200) -> Answer:
        """Asks for a file of the page."""
        answer = await self.connection.get(path)
        if answer.status != accepted:
            raise Lost(f"{path[:60]} answered {answer.status}")
        return answer

    # ------------------------------------------------------------------------------------------------------- the film

    def open_film(self) -> None:
        """The page has told of an experiment."""
        self.film = Film(self.page.stage["frame"])
        self.edits = [(step, key, value) for step, key, value in self.page.stage["edits"]]
        self.position = float(self.page.stage["step"])
        self._backfilled = self.position == 0
        self._told = self._stands(self.edits, int(self.position))

    async def play(self, seconds: float, speed: float = SPEED) -> None:
        """Plays for so long; zero: only has the picture that stands still."""
        wish = Wish(self.position, speed, seconds > 0)
        until = seen = time.perf_counter()
        until += seconds
        while not self.refused:
            if span := self._next(wish):
                await self.ask(span)
            elif not wish.playing or self.position >= self.film.end:
                return
            else:
                ahead = (self.film.coverage(int(self.position), 10**9) - self.position) / speed
                await asyncio.sleep(min(max(ahead - 1.0, 0.0), max(0.0, until - time.perf_counter())) + 0.002)
            now = time.perf_counter()
            if wish.playing:
                self._advance(speed * (now - seen), speed)
            wish, seen = Wish(self.position, speed, wish.playing), now
            if wish.playing and now >= until:
                return

    def _next(self, wish: Wish) -> Span | None:
        """Film that will be wanted; beside a picture that stands, a coarse pass over the steps before, once."""
        span = self.film.next_span(wish)
        if span or wish.playing or self._backfilled:
            return span
        self._backfilled = True
        every = -(-(int(self.position) + 1) // BACKFILL_FRAMES)
        return Span(0, every * BACKFILL_FRAMES, every)

    def _advance(self, steps: float, speed: float) -> None:
        """The picture moves on as far as there is film."""
        covered = min(self.film.coverage(int(self.position), 10**9), self.film.end)
        moved = min(steps, max(0.0, covered - self.position))
        self.position += moved
        self.tally.stalls += 0.0 if self.position >= self.film.end else (steps - moved) / speed
        self.film.forget(self.position)

    async def ask(self, span: Span) -> None:
        """One chunk, asked for until it comes (`Player.ask` and `refuse`)."""
        started = time.perf_counter()
        path = self.film_url(span)
        answer = await self.bring(path)
        if answer is None:
            self.refused = True
            return
        self.tally.cache[answer.headers.get("x-cache", "")] += 1
        self.film.add(self._read(path, answer))
        self.tally.chunks.append(time.perf_counter() - started)

    async def bring(self, path: str) -> Answer | None:
        """Film from this address, asked for until it comes; None where it never will."""
        failures = 0
        while failures < TRIES:
            try:
                answer = await self.connection.get(path, X_Visitor=self.name)
            except Lost:
                answer = Answer(0, {}, b"")
            if answer.status == 200:
                return answer
            if 400 <= answer.status < 500:
                self.tally.errors[f"film refused: {answer.status} {answer.body[:160].decode(errors='replace')}"] += 1
                return None
            self.tally.retries[f"film: {RETRIED.get(answer.status, answer.status)}"] += 1
            await asyncio.sleep(self._pause(answer, failures))
            failures += answer.status != 202
        self.tally.errors["a chunk was lost"] += 1
        return None

    def _pause(self, answer: Answer, failures: int) -> float:
        """Seconds until the next try (`Player.pause`)."""
        if answer.status == 202:
            return LINE_SECONDS * (1 + random.random())
        after = float(answer.headers.get("retry-after", 0))
        return max(after, RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]) * (1 + 0.5 * random.random())

    def _read(self, path: str, answer: Answer) -> Header:
        if not self.shared:
            return read_chunk(answer.body)
        if self.tally.whole.setdefault(path, answer.content) != answer.content:
            raise BadChunk("two visitors got different bytes for one address")
        return read_chunk(answer.body)

    def film_url(self, span: Span) -> str:
        """The address of a chunk."""
        numbers = f"from={span.start}&to={span.stop}&every={span.every}&follow=0"
        query = "&".join(filter(None, (self.page.stage["link"], self._edits_before(span.stop), numbers)))
        return f"{self.page.stage['trace_url']}?{query}"

    def _edits_before(self, stop: int | None) -> str:
        felt = [f"{step}.{key}.{value}" for step, key, value in self.edits if stop is None or step < stop]
        return f"edits={quote('_'.join(felt), safe=':,')}" if felt else ""

    # -------------------------------------------------------------------------------------------------------- widgets

    async def act(self, key: str, value: object) -> None:
        """Uses a widget, has the picture that follows, and tells the page where the film stands."""
        before = self.page.stage
        self.tally.acts.append(await self.page.act(key, value))
        self._follow(before)
        await self.play(0.0)
        await self.tell()

    async def tell(self) -> None:
        """A film that stands elsewhere than the page has said tells so: a run of the script too (`reporter.js`)."""
        value = self._stands(self.edits, int(self.position))
        if value != self._told:
            self._told = value
            self.tally.told.append(await self.page.stage_tells(player=value))

    def _stands(self, edits: Iterable[Iterable[Any]], step: int) -> dict[str, Any]:
        link, surface = self.page.stage["link"], self.page.stage["surface"]
        told = {"link": link, "edits": [list(edit) for edit in edits], "step": step}
        return told | {"follow": 0, "selected": None, "surface": surface}

    def _follow(self, before: dict[str, Any]) -> None:
        """What the stage does with what the page tells it: another experiment, or an edit where the picture stands."""
        told = self.page.stage
        if told["link"] != before["link"]:
            self.open_film()
            return
        step = int(self.position)
        for key, value in told["live"].items():
            if value != before["live"][key]:
                self.edits = [one for one in self.edits if one[0] <= step and one[:2] != (step, key)]
                self.edits.append((step, key, f"{value:g}" if isinstance(value, float) else str(value)))
                self.film.cut(step)
        self._told = self._stands(told["edits"], told["step"])
