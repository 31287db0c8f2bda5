"""The loss landscape: the height of the loss over a line or plane through the space of a run's parameters.

    surface = engine.landscape(run, "path")
    surface.losses[20, 30]                    # at the point (surface.a[30], surface.b[20])
    surface.project(run.parameters())         # where the run is on it, and how far from it

Map: `axes` (what to choose) -> `plane` (centre and directions; `directions`, `history`, `slopes`) -> `heights` (the
losses) -> here.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed, wait
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.axes import Axes
from engine.errors import ConfigurationError
from engine.heights import Heights
from engine.history import Path, flat_parameters
from engine.kernels import context as c
from engine.pieces import Pieces, finish
from engine.plane import Plane, plane_blocks
from engine.slopes import Slope
from engine.spec import check_count, check_number

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["DATA", "Landscape", "landscape", "landscape_blocks"]

Flat = NDArray[np.float64]
DATA = ("train", "test", "batch")
BLOCK = 0.010  # seconds that a block of points should take
LEAST_BLOCKS = 16
GREATEST_RESOLUTION = 1025


@dataclass(frozen=True)
class Landscape(Plane):
    """The losses at a grid of points of a `Plane`: in evaluation (no dropout, running statistics), without penalties.

    Attributes
    ----------
    losses : [rows, columns], float64; NaN and infinity are kept
    a : [columns], coordinates along the first direction
    b : [rows], along the second; (0,) for a line
    data : "train", "test" or "batch"
    here : [P], where the run is
    gradient : [P], of the loss shown, where the run is
    next_step : [P], what the run's next update adds to its parameters; NaN where it diverges

    and those of a plane: axes, centre, directions, shapes, centre_step, explained, curvature, path. `project`, `at`,
    `flat_at` and `components` are a plane's too.
    """

    losses: Flat = None  # type: ignore[assignment]  # fields after those with defaults must have one
    a: Flat = None  # type: ignore[assignment]
    b: Flat = None  # type: ignore[assignment]
    data: str = "train"
    here: Flat = None  # type: ignore[assignment]
    gradient: Flat = None  # type: ignore[assignment]
    next_step: Flat = None  # type: ignore[assignment]


@dataclass(frozen=True)
class _Task:
    """Everything but the losses."""

    plane: Plane
    heights: Heights
    points: Flat
    others: dict[str, Any]

    def finished(self, losses: Flat) -> Landscape:
        plane = {field.name: getattr(self.plane, field.name) for field in fields(Plane)}
        shape = (len(self.others["b"]), len(self.others["a"]))
        return Landscape(**plane, losses=losses.reshape(shape), **self.others)


def landscape(
    run: Run,
    axes: Axes | str,
    resolution: int | tuple[int, int] = 61,
    span: float | tuple[float, float] | None = None,
    executor: Executor | None = None,
    *,
    centre: str = "now",
    data: str = "train",
    progress: Callable[[int, int], None] | None = None,
    path: Path | None = None,
) -> Landscape:
    """The loss over a line or plane through a run's parameters. The run is left as it is.

    Parameters
    ----------
    axes : a member of `engine.axes`, or its name
    resolution : points along each side, or (rows, columns)
    span : half the width in units of the directions, for both or each; left out, so that path and next step are inside
    executor : whose workers do it; threads, as many as cores, if left out. The losses are the same for any
    centre : "now", "first", or "best" (the lowest training loss of the path)
    data : the loss over which examples: "train", "test", or "batch", those of the next update
    progress : called with (points done, points in all), here, not in a worker; what it raises ends the work
    path : from `engine.history.path_of`, to save training the run's beginning once more
    """
    task = finish(_prepared(run, axes, resolution, span, centre, data, path))
    with ExitStack() as stack:
        if executor is None:
            executor = stack.enter_context(ThreadPoolExecutor(os.cpu_count() or 1))
        return task.finished(_spread(executor, task, progress or (lambda done, total: None)))


def landscape_blocks(
    run: Run,
    axes: Axes | str,
    resolution: int | tuple[int, int] = 61,
    span: float | tuple[float, float] | None = None,
    *,
    centre: str = "now",
    data: str = "train",
    path: Path | None = None,
) -> Generator[tuple[int, int], None, Landscape]:
    """As `landscape`, here and piece by piece: yields (points done, points in all) about every 10 ms.

    The landscape is what the generator returns: `surface = yield from engine.landscape_blocks(run, "random")`.
    """
    total = math.prod(_sides(resolution, Axes.of(axes)))
    preparation, start = _prepared(run, axes, resolution, span, centre, data, path), time.perf_counter()
    while True:
        try:
            next(preparation)
        except StopIteration as end:
            task: _Task = end.value
            break
        if time.perf_counter() - start > BLOCK:
            yield 0, total
            start = time.perf_counter()
    losses, done, count = np.empty(total), 0, 1
    while done < total:
        start, stop = time.perf_counter(), min(done + count, total)
        losses[done:stop] = task.heights(task.points[done:stop])
        count = min(8 * count, _count((time.perf_counter() - start) / (stop - done), total))
        done = stop
        yield done, total
    return task.finished(losses)


def _prepared(
    run: Run,
    axes: Axes | str,
    resolution: int | tuple[int, int],
    span: float | tuple[float, float] | None,
    centre: str,
    data: str,
    path: Path | None,
) -> Pieces[_Task]:
    """Plane, examples and grid, in pieces."""
    axes, network, dtype = Axes.of(axes), run.experiment.network, run.experiment.dtype
    rows, columns = _sides(resolution, axes)
    yield from run._settling()
    plane = yield from plane_blocks(run, axes, centre, path)
    x, y = _examples(run, data)
    statistics = run._store.statistics.copy()
    here, slope = flat_parameters(run), Slope(network, dtype, x, y, statistics)
    others: dict[str, Any] = {"data": data, "here": here, "next_step": _next_step(run)}
    others["gradient"] = yield from slope(here)
    halves = _halves(span, plane, here, others["next_step"])
    others["a"] = np.linspace(-halves[0], halves[0], columns)
    others["b"] = np.linspace(-halves[1], halves[1], rows) if axes.dimensions > 1 else np.zeros(1)
    points = np.stack(np.meshgrid(others["a"], others["b"]), axis=-1).reshape(-1, 2)
    heights = Heights(network, dtype, x, y, statistics, plane.centre, plane.directions)
    return _Task(plane, heights, points, others)


def _sides(resolution: int | tuple[int, int], axes: Axes) -> tuple[int, int]:
    """(rows, columns)."""
    sides = resolution if isinstance(resolution, list | tuple) else (resolution, resolution)
    if len(sides) != 2:
        raise ConfigurationError("resolution", resolution, "a whole number, or (rows, columns)")
    for side in sides:
        check_count("resolution", side, 2, GREATEST_RESOLUTION)
    return (1 if axes.dimensions == 1 else sides[0]), sides[1]


def _examples(run: Run, data: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """(x, y) of the examples whose loss is shown."""
    if data not in DATA:
        raise ConfigurationError("data", data, "one of " + ", ".join(DATA))
    if data == "test":
        if run._test_set is None:
            raise ConfigurationError("data", data, "'train' or 'batch': there are no test examples")
        return run._test_set.arrays()
    x, y = run._train_set.arrays()
    rows = _next_batch(run) if data == "batch" else slice(None)
    return x[rows], y[rows]


def _next_batch(run: Run) -> NDArray[np.int64]:
    """Rows of the training examples that the run's next update will see."""
    program = run._program
    before = program.context.copy()
    program.walk(0, 1)
    start, count, examples = (int(program.context[slot]) for slot in (c.START, c.BATCH, c.EXAMPLES))
    program.context[:] = before
    return run._examples.order[np.arange(start, start + count) % examples].copy()


def _next_step(run: Run) -> Flat:
    """What the next update adds; the run does it, and goes back."""
    before, known, here = run.checkpoint(), (run._outcome, run._earlier), flat_parameters(run)
    done = run.step(1)
    after = flat_parameters(run)
    run.restore(before)
    run._outcome, run._earlier = known
    return after - here if done else np.full(len(here), math.nan)


def _halves(span: float | tuple[float, float] | None, plane: Plane, here: Flat, next_step: Flat) -> tuple[float, float]:
    """Half the width along both directions."""
    if span is None:
        return _chosen_halves(plane, here, next_step)
    halves = span if isinstance(span, list | tuple) else (span, span)
    if len(halves) != 2:
        raise ConfigurationError("span", span, "a number, or two: (along the first, along the second direction)")
    for half in halves:
        check_number("span", half, 0.0, 1e6, open_low=True)
    return float(halves[0]), float(halves[1])


def _chosen_halves(plane: Plane, here: Flat, next_step: Flat) -> tuple[float, float]:
    """So that path, present place and next step are well inside, and never less than what makes sense for the axes."""
    inside = [here, here + 4.0 * next_step] if np.isfinite(next_step).all() else [here]
    seen = np.array([*inside, *(plane.path.states if plane.path is not None else [])])
    reach = 1.3 * np.abs(np.stack(plane.project(seen)[:2])).max(axis=1)
    least = _least_halves(plane)
    return max(float(reach[0]), least[0]), max(float(reach[1]), least[1])


def _least_halves(plane: Plane) -> tuple[float, float]:
    lengths = np.linalg.norm(plane.directions, axis=1)
    a, b = float(lengths[0]), float(lengths[-1])
    if plane.axes.name == "weights":
        moved = np.abs(plane.directions @ plane.centre)
        return max(2.0, 1.5 * moved[0]), max(2.0, 1.5 * moved[-1])
    if plane.axes.name == "towards":
        return 1.5, 1.5
    if plane.axes.name == "random":
        return 1.0, 1.0
    size = 0.1 * max(float(np.linalg.norm(plane.centre)), 0.1)
    return size / (a or 1.0), size / (b or 1.0)


# ----------------------------------------------------------------------------------------------------------- workers


def _count(seconds: float, total: int) -> int:
    """How many points make a block, from the time that one takes."""
    return max(1, min(-(-total // LEAST_BLOCKS), round(BLOCK / max(seconds, 1e-9))))


def _spread(executor: Executor, task: _Task, progress: Callable[[int, int], None]) -> Flat:
    """The losses at all points, by the workers of an executor; nothing is left running, whatever happens."""
    total, done = len(task.points), 2
    losses, jobs = np.empty(total), dict[Future[Flat], slice]()
    losses[0] = task.heights(task.points[:1])[0]  # not timed: it makes the buffers
    start = time.perf_counter()
    losses[1] = task.heights(task.points[1:2])[0]
    size = _count(time.perf_counter() - start, total)
    progress(done, total)
    try:
        for first in range(done, total, size):
            block = slice(first, min(first + size, total))
            jobs[executor.submit(task.heights, task.points[block])] = block
        for job in as_completed(jobs):
            block = jobs[job]
            losses[block] = job.result()
            done += block.stop - block.start
            progress(done, total)
    finally:
        for job in jobs:
            job.cancel()
        wait(jobs)
    return losses
