"""The film as a service: steps [from, to) of an experiment are asked for, one binary chunk is the answer.

    query string -> TraceRequest -> Experiment -> nearest checkpoint -> the steps between -> Trace -> bytes

The answer depends on nothing but the request and the build, so it may be kept anywhere for ever. What a request may
cost is known before it runs. Knows no web framework.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote_plus

import engine
from app import sharing
from app.costs import MOST_BYTES, MOST_MEMORY, MOST_OPERATIONS
from app.pool import Job, Pool, Ticket, Visitor
from app.refusal import TraceError
from engine import Cost, Experiment
from engine.checkpoints import CheckpointCache
from engine.errors import ConfigurationError, EngineError, MissingTableError
from engine.kept import Kept
from engine.pieces import finish
from engine.run import Checkpoint, Run

Parsed = TypeVar("Parsed")
ROOT = Path(__file__).resolve().parent.parent
LONGEST_QUERY = 8192  # characters: a link of 4 KB, percent-encoded
LAST_STEP = 100_000_000
MOST_FRAMES = 2_000
MOST_STANDBY = 80 * 2**20  # bytes of all runs that stand by
MOST_CHECKPOINTS = 16 * 2**20  # bytes
MOST_KNOWN = 4 * 2**20  # bytes of experiments that were read
EXPERIMENT = 2**13  # bytes of one
RUN = 2**17  # bytes of a run beside its arrays: plans, views, the experiment


@dataclass(frozen=True)
class TraceRequest:
    """Frames at steps start, start + every, ... below stop; `follow` is the row of the followed training example."""

    link: str
    start: int
    stop: int
    every: int
    follow: int

    @property
    def frames(self) -> int:
        """How many frames there are if the run does not end before."""
        return -(-(self.stop - self.start) // self.every)


# name in the query -> (field, default, least, most)
NUMBERS = {
    "from": ("start", 0, 0, LAST_STEP),
    "to": ("stop", 60, 1, LAST_STEP),
    "every": ("every", 1, 1, 1_000_000),
    "follow": ("follow", 0, 0, 10_000_000),
}


def parse_request(query: str) -> TraceRequest:
    """Splits a query string into the four numbers and the link.

    Raises
    ------
    TraceError : 400, naming the key and what it accepts
    """
    if len(query) > LONGEST_QUERY:
        raise TraceError(400, "link", f"the request is {len(query)} characters long; accepted are {LONGEST_QUERY}")
    numbers = {field: default for field, default, _, _ in NUMBERS.values()}
    rest = []
    for part in query.split("&"):
        name, _, text = part.partition("=")
        if name in NUMBERS:
            field, _, least, most = NUMBERS[name]
            numbers[field] = whole_number(name, unquote_plus(text), least, most)
        elif part:
            rest.append(part)
    request = TraceRequest(link="&".join(rest), **numbers)
    if request.stop <= request.start:
        raise TraceError(400, "to", f"to is {request.stop}; accepted is a step after from, which is {request.start}")
    if request.frames > MOST_FRAMES:
        raise TraceError(400, "every", f"that is {request.frames} frames; accepted are {MOST_FRAMES} in one request")
    return request


def whole_number(name: str, text: str, least: int, most: int) -> int:
    """`text` as a whole number within bounds, or a TraceError that says what is accepted."""
    digits = text.isascii() and text.isdecimal() and len(text) <= 12
    if not digits or not least <= int(text) <= most:
        raise TraceError(400, name, f"{name} is {text[:40]!r}; accepted is a whole number from {least} to {most}")
    return int(text)


@cache
def build() -> str:
    """A name for what decides the bits of a film: the engine's and the links' sources, NumPy's and Numba's versions."""
    digest = hashlib.sha256(f"numpy {version('numpy')}, numba {version('numba')}".encode())
    sources = [*sorted((ROOT / "engine").rglob("*.py")), *sorted((ROOT / "app").glob("s[htu][ar]*.py")), Path(__file__)]
    for path in sources:
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def etag(request: TraceRequest) -> str:
    """The strong validator of the answer, known without running anything."""
    text = f"{build()} {request.start} {request.stop} {request.every} {request.follow} {request.link}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def check_cost(cost: Cost) -> None:
    """Refuses what would take too long, too much memory or too large an answer."""
    limits = (
        ("to", "bytes of film", cost.trace_bytes, MOST_BYTES, "ask for fewer frames"),
        ("link", "bytes of memory", cost.memory, MOST_MEMORY, "make the network or the batch smaller"),
        (
            "from",
            "operations",
            cost.operations,
            MOST_OPERATIONS,
            "ask for fewer steps, or go there in several requests",
        ),
    )
    for key, unit, needed, accepted, advice in limits:
        if needed > accepted:
            raise TraceError(413, key, f"this would take {needed:.1e} {unit}; accepted are {accepted:.1e}: {advice}")


class TraceService:
    """Films as jobs of the server's pool, from checkpoints that all of them share.

    The run that made a chunk stands by for the next one, of the same link: reading a link and planning its network
    takes longer than training some hundred steps of a small one.

    Parameters
    ----------
    pool : where the jobs run (default: one of its own)
    """

    def __init__(self, pool: Pool | None = None) -> None:
        self.pool = Pool() if pool is None else pool
        self.checkpoints = CheckpointCache(MOST_CHECKPOINTS)
        self.standby: Kept[str, Run] = Kept(MOST_STANDBY)
        self.known: Kept[str, Experiment] = Kept(MOST_KNOWN)  # by their links, which have no edits
        self.runs = 0

    def submit(self, request: TraceRequest, visitor: Visitor) -> Ticket:
        """A place in the line for the chunk, or its TraceError. Raises `Busy` when the line is full."""
        return self.pool.submit(etag(request), visitor, lambda: self.job(request))

    def film(self, request: TraceRequest) -> bytes:
        """Makes the chunk, here and now; raises as `job` does."""
        return finish(self.job(request))

    def job(self, request: TraceRequest) -> Job:
        """Makes the chunk, in slices.

        Raises
        ------
        TraceError : 400 for what the link or the numbers say, 413 for what would take too long
        """
        standing = self.standby.get(request.link)  # only looked at: who waits for room holds none
        experiment = standing.experiment if standing is not None else self._read(request.link)
        last = len(experiment.dataset.x_train) + len(experiment.edits) - 1  # an added point can be followed too
        if request.follow > last:
            raise TraceError(
                400, "follow", f"follow is {request.follow}; accepted is a training example from 0 to {last}"
            )
        step = self._nearest(experiment, request.start, standing)[0]
        del standing
        cost = engine.cost(experiment, request.stop - step, request.frames, step)
        check_cost(cost)
        yield cost.memory + 2 * cost.trace_bytes  # the film is there twice: as arrays, and as their bytes
        run = self.standby.take(request.link) or experiment.start()
        step, checkpoint = self._nearest(experiment, request.start, run)
        if checkpoint is not None:
            run.restore(checkpoint)
        elif step < run.step_count:
            run = experiment.start()
        yield from run.stepping(request.start - run.step_count)
        self._keep(run)
        trace = yield from run.tracing(request.stop - request.start, every=request.every, follow=request.follow)
        self._keep(run)
        if run.outcome is None:
            self.standby.put(request.link, run, cost.memory + RUN)
        self.runs += 1
        return trace.to_bytes()

    def _read(self, link: str) -> Experiment:
        """The link's experiment. Of a run that is edited, all but its edits has mostly been read a moment ago."""
        parts = link.split("&")
        said = [part.removeprefix("edits=") for part in parts if part.startswith("edits=")]
        base = "&".join(part for part in parts if not part.startswith("edits="))
        if len(said) > 1 or len(link) > sharing.LONGEST or "table=" in link:  # a table may have been let go of
            return read(link)
        experiment = self.known.get(base) or read(base)
        if experiment.edits:
            return read(link)
        self.known.put(base, experiment, EXPERIMENT)
        if not said:
            return experiment
        edits = parsed(unquote_plus(said[0]), partial(sharing.read_edits, experiment=experiment))
        return replace(experiment, edits=edits)

    def _nearest(self, experiment: Experiment, start: int, run: Run | None) -> tuple[int, Checkpoint | None]:
        """Where the way to step `start` begins: at a checkpoint, at the run as it stands, or at the beginning."""
        step, checkpoint = self.checkpoints.get(experiment, start) or (0, None)
        if run is not None and step <= run.step_count <= start:
            return run.step_count, None  # nearer than what is kept
        return step, checkpoint

    def forget(self, seconds: float) -> None:
        """Lets go of the runs and checkpoints that nobody has asked for in so many seconds."""
        self.standby.forget(seconds)
        self.known.forget(seconds)
        self.checkpoints.forget(seconds)

    def _keep(self, run: Run) -> None:
        if run.outcome is None:
            self.checkpoints.put(run.experiment, run.step_count, run.checkpoint)


def read(link: str) -> Experiment:
    """The link's experiment; what is wrong with it becomes a TraceError that names the key."""
    return parsed(link, sharing.read_link)


def parsed(text: str, parse: Callable[[str], Parsed]) -> Parsed:
    """What `parse` makes of a text from outside; what is wrong with it becomes a TraceError that names the key."""
    try:
        return parse(text)
    except MissingTableError as error:
        raise TraceError(404, "table", str(error)) from error
    except ConfigurationError as error:
        raise TraceError(400, error.name, str(error)) from error
    except EngineError as error:
        raise TraceError(400, "link", str(error)) from error
