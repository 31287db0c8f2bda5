"""The film as a service: steps [from, to) of an experiment are asked for, one binary chunk is the answer.

    query string -> TraceRequest -> Experiment -> nearest checkpoint -> the steps between -> Trace -> bytes

The answer depends on nothing but the request and the build, so it may be kept anywhere for ever. What a request may
cost is known before it runs. Knows no web framework.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote_plus

import engine
from app import sharing
from engine import Cost, Experiment
from engine.checkpoints import CheckpointCache
from engine.errors import ConfigurationError, EngineError
from engine.run import Run

ROOT = Path(__file__).resolve().parent.parent
LONGEST_QUERY = 8192  # characters: a link of 4 KB, percent-encoded
LAST_STEP = 100_000_000
MOST_FRAMES = 2_000
MOST_BYTES = 16 * 2**20
MOST_MEMORY = 256 * 2**20
MOST_OPERATIONS = 2 * 10**10  # multiply-adds; a few seconds of one core


class TraceError(Exception):
    """A request that will not be answered: `status` and `key` for the machine, the message for a person."""

    def __init__(self, status: int, key: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.key = key


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


class Busy(TraceError):
    """More requests are waiting than the queue may hold."""

    def __init__(self, waiting: int) -> None:
        super().__init__(503, "busy", f"{waiting} requests are waiting already; try again in a second")


class TraceService:
    """Answers requests on a few threads; equal requests at the same time run once; recent answers are kept.

    Parameters
    ----------
    workers : threads; the kernels release the interpreter's lock, so one a core
    queue : requests that may wait or run at once
    kept : bytes of recent answers (a class that opens one link asks for the same chunks)
    """

    def __init__(self, workers: int | None = None, queue: int = 64, kept: int = 32 * 2**20) -> None:
        self.checkpoints = CheckpointCache()
        self.runs = 0
        self._executor = ThreadPoolExecutor(workers or os.cpu_count() or 2, thread_name_prefix="trace")
        self._queue = queue
        self._lock = threading.Lock()
        self._flying: dict[str, Future[bytes]] = {}
        self._recent = Recent(kept)

    def submit(self, request: TraceRequest) -> Future[bytes]:
        """The chunk, or its TraceError, in the future. Raises `Busy` when the queue is full."""
        return self._enter(etag(request), lambda: self.film(request))

    def submit_job(self, name: str, job: Generator[None, None, bytes]) -> Future[bytes]:
        """As `submit`, for other work in slices whose answer is called `name`."""
        return self._enter(name, lambda: drained(job))

    def _enter(self, name: str, work: Callable[[], bytes]) -> Future[bytes]:
        with self._lock:
            if (known := self._recent.get(name)) is not None:
                done: Future[bytes] = Future()
                done.set_result(known)
                return done
            if name in self._flying:
                return self._flying[name]
            if len(self._flying) >= self._queue:
                raise Busy(len(self._flying))
            future = self._flying[name] = self._executor.submit(self._answer, name, work)
            return future

    def _answer(self, name: str, work: Callable[[], bytes]) -> bytes:
        try:
            chunk = work()
        except BaseException:
            with self._lock:
                del self._flying[name]
            raise
        with self._lock:
            del self._flying[name]
            self._recent.put(name, chunk)
        return chunk

    def film(self, request: TraceRequest) -> bytes:
        """Makes the chunk, here and now.

        Raises
        ------
        TraceError : 400 for what the link or the numbers say, 413 for what would take too long
        """
        experiment = read(request.link)
        last = len(experiment.dataset.x_train) + len(experiment.edits) - 1  # an added point can be followed too
        if request.follow > last:
            raise TraceError(
                400, "follow", f"follow is {request.follow}; accepted is a training example from 0 to {last}"
            )
        step, checkpoint = self.checkpoints.get(experiment, request.start) or (0, None)
        check_cost(engine.cost(experiment, request.stop - step, request.frames))
        run = experiment.start()
        if checkpoint is not None:
            run.restore(checkpoint)
        run.step(request.start - run.step_count)
        self._keep(run)
        trace = run.trace(request.stop - request.start, every=request.every, follow=request.follow)
        self._keep(run)
        self.runs += 1
        return trace.to_bytes()

    def _keep(self, run: Run) -> None:
        if run.outcome is None:
            self.checkpoints.put(run.experiment, run.step_count, run.checkpoint())

    def close(self) -> None:
        """Stops the threads after what they are doing now."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def drained(job: Generator[None, None, bytes]) -> bytes:
    """What the job returns, without its pauses."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return bytes(end.value)


class Recent:
    """The latest answers within a budget of bytes. Not locked: its owner is."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._chunks: OrderedDict[str, bytes] = OrderedDict()

    def get(self, name: str) -> bytes | None:
        """The chunk kept under `name`, now the most recent one."""
        if name in self._chunks:
            self._chunks.move_to_end(name)
        return self._chunks.get(name)

    def put(self, name: str, chunk: bytes) -> None:
        """Keeps `chunk`; the oldest ones go."""
        if name not in self._chunks:
            self._chunks[name] = chunk
            self.size += len(chunk)
        while self.size > self.capacity:
            self.size -= len(self._chunks.popitem(last=False)[1])


def read(link: str, parse: Callable[[str], Experiment] | None = None) -> Experiment:
    """The link's experiment; what is wrong with it becomes a TraceError that names the key."""
    try:
        return (parse or sharing.read_link)(link)
    except ConfigurationError as error:
        raise TraceError(400, error.name, str(error)) from error
    except EngineError as error:
        raise TraceError(400, "link", str(error)) from error
