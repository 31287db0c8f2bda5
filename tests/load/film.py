"""The film that a visitor has in hand, and what is asked for next: `plan.js`, `film.js`, `chunk.js` without pictures.

tests/load/test_visitors.py holds this against what a real Chromium asks for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

RATES = (60, 30, 15, 6, 3)  # frames a second
BYTES_A_SECOND = 1e6
OPERATIONS_A_SECOND = 2.5e9
LOW_WATER = 1.0  # seconds of film to have in hand


class Span(NamedTuple):
    """Steps start, start + every, ... below stop."""

    start: int
    stop: int
    every: int


class Header(NamedTuple):
    """What a visitor needs to know of a chunk."""

    start: int
    every: int
    frames: int
    bytes: int
    end: float


class BadChunk(Exception):
    """An answer that is no whole chunk."""


def read_chunk(content: bytes) -> Header:
    """The header of a chunk, after a look whether the chunk is whole.

    Raises
    ------
    BadChunk : it is not
    """
    try:
        length = int.from_bytes(content[4:8], "little")
        header: dict[str, Any] = json.loads(content[8 : 8 + length])
    except ValueError as error:
        raise BadChunk(f"begins with {content[:20]!r}") from error
    whole = 8 + length + 4 * sum(math.prod(field["shape"]) for field in header["fields"])
    if content[:4] != b"BPT1" or len(content) != whole:
        raise BadChunk(f"{len(content)} bytes came of {whole}")
    return Header(header["from"], header["every"], header["frames"], len(content), _end(header))


def _end(header: dict[str, Any]) -> float:
    """The last step that exists, as far as a chunk knows."""
    if not header["outcome"]:
        return math.inf
    if not header["frames"]:
        return max(0, min(header["outcome"]["step"], header["from"] - 1))
    last = header["from"] + (header["frames"] - 1) * header["every"]
    return max(last, min(header["outcome"]["step"] - 1, last + header["every"] - 1))


def frame_rate(size: float, operations: float) -> int:
    """Fewer frames a second for big networks; bytes and multiply-adds of one frame."""
    fits = (r for r in RATES if r * size <= BYTES_A_SECOND and r * operations <= OPERATIONS_A_SECOND)
    return next(fits, RATES[-1])


def whole_frames(rate: int, size: float) -> int:
    """Frames of a whole chunk, of `size` bytes each: two seconds where that is little, else one."""
    return 2 * rate if rate == RATES[0] and 2 * rate * size <= BYTES_A_SECOND else rate


def every_for(speed: float, rate: int, whole: int, most: int) -> int:
    """Steps between frames; `most` steps may lie in a `whole` chunk."""
    return 1 if speed <= rate else max(1, min(math.floor(speed / rate + 0.5), most // whole))


def span_at(step: int, every: int, frames: int) -> Span:
    """The chunk of the common grid that holds `step`."""
    length = frames * every
    start = step // length * length
    return Span(start, start + length, every)


@dataclass(frozen=True)
class Wish:
    """What the picture will want: where it is, steps a second, and whether it moves."""

    position: float
    speed: float
    playing: bool


class Film:
    """Which steps are in hand."""

    def __init__(self, frame: Mapping[str, int]) -> None:
        """`frame`: what the page says that one takes, and how many steps may be asked for."""
        self.chunks: list[Header] = []
        self.end = math.inf
        self.operations, self.most = frame["operations"], frame["steps"]
        self._set_pace(frame["bytes"])

    def add(self, chunk: Header) -> None:
        """A chunk has come."""
        if chunk.frames:
            self._set_pace(chunk.bytes / chunk.frames)
            self.chunks.append(chunk)
            self.chunks.sort(key=lambda one: (one.start, one.every))
        self.end = min(self.end, chunk.end)

    def cut(self, step: int) -> None:
        """Forgets every frame from `step` on: an edit there makes another future."""
        kept = [one._replace(frames=min(one.frames, -((one.start - step) // one.every))) for one in self.chunks]
        self.chunks = [one for one in kept if one.frames > 0]
        self.end = math.inf

    def forget(self, position: float) -> None:
        """Drops what has been seen; a browser drops it when 48 MB are full."""
        self.chunks = [one for one in self.chunks if one.start + one.frames * one.every >= position]

    def coverage(self, step: int, every: int) -> float:
        """First step from `step` on that is not covered by frames at most `every` apart."""
        reached: float = step
        for chunk in self.chunks:
            if chunk.every <= every and chunk.start <= reached:
                reached = max(reached, chunk.start + chunk.frames * chunk.every)
        return math.inf if reached > self.end else reached

    def next_span(self, wish: Wish) -> Span | None:
        """What to ask for next, or None if the film reaches far enough ahead."""
        every = every_for(wish.speed, self.rate, self.whole, self.most) if wish.playing else 1
        step = math.floor(wish.position)
        covered = self.coverage(step, every)
        enough = not wish.playing or covered - wish.position >= LOW_WATER * wish.speed
        if covered > self.end or (covered > step and enough):
            return None
        wanted = int(max(covered, step))
        short, whole = (span_at(wanted, every, frames) for frames in (self.rate // 3, self.whole))
        return short if covered <= step else short._replace(stop=whole.stop)

    def _set_pace(self, size: float) -> None:
        """Frames a second and in a whole chunk, by the bytes of one."""
        self.rate = frame_rate(size, self.operations)
        self.whole = whole_frames(self.rate, size)
