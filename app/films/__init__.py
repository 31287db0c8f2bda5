"""Films that are shipped with the app: the start of an experiment, recorded beforehand.

They play while a cold machine still compiles the engine, so that a first visitor sees a network learn within seconds.
`python -m app.films` records them anew; tests/app/test_films.py compares them with the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from app.traces import TraceRequest, read
from engine import Trace

FOLDER = Path(__file__).parent
LINKS = {"default": ""}  # file name -> the link of its experiment
STEPS = 900  # fifteen seconds at one step a frame: longer than a cold start takes


@dataclass(frozen=True)
class Film:
    """A shipped trace of steps 0, 1, 2, ..., following one example."""

    trace: Trace

    def cut(self, request: TraceRequest) -> bytes | None:
        """The part that `request` asks for, as the engine would answer it; None where the film does not have it."""
        header = self.trace.header
        if request.stop > header["to"] or request.follow != header["follow"]["index"]:
            return None
        chosen = np.arange(request.start, request.stop, request.every)
        cut = {"from": request.start, "to": request.stop, "every": request.every, "frames": len(chosen)}
        return Trace(header | cut, {name: self.trace[name][chosen] for name in self.trace}).to_bytes()


@cache
def shipped() -> dict[str, Film]:
    """Every film in the folder, by the key of its experiment."""
    traces = [Trace.from_bytes(path.read_bytes()) for path in sorted(FOLDER.glob("*.bpt"))]
    return {trace.header["experiment"]: Film(trace) for trace in traces}


def cut(request: TraceRequest) -> bytes | None:
    """The chunk that `request` asks for, if a shipped film holds it. Runs nothing and compiles nothing."""
    film = shipped().get(read(request.link).key)
    return film.cut(request) if film else None
