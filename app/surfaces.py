"""The loss surface as a service: a step of an experiment and axes are asked for, one binary answer comes back.

    query string -> SurfaceRequest -> Experiment -> nearest checkpoint -> engine.landscape_blocks -> bytes

As with the film, the answer depends on nothing but the request and the build, and what it may cost is known before it
runs. The work is a generator, so that a server can slice and end it. Knows no web framework.

The answer, little endian: b"BPS1"; uint32 H, a multiple of 4; the header, H bytes of JSON padded with spaces; then the
float32 arrays of header["fields"] in order, each C-contiguous: "losses" [rows along b, columns along a] with
NaN and infinity kept, "a" [columns], "b" [rows], "centre" [P], "directions" [dimensions, P]. The P numbers are those of
header["parameters"], one parameter after the other.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

import numpy as np

import engine
from app import sharing, traces
from app.pool import Job
from app.refusal import TraceError
from engine import Experiment, Landscape
from engine.axes import CENTRES, Axes, Weights
from engine.checkpoints import CheckpointCache
from engine.errors import ConfigurationError
from engine.landscape import DATA
from engine.run import Run

MAGIC = b"BPS1"
MOST_OPERATIONS = 10**11  # multiply-adds; sliced, so that nobody else waits for them
MOST_POINTS = {1: 501, 2: 101}  # along a side, by the number of axes
CURVATURE_LOOKS = 400  # evaluations that the search for the sharpest direction takes at most, about
WIDEST = 1e4

# name in the query -> (field, default, what is accepted); none of them is a key of links
WORDS = {"axes": ("axes", "random", None), "centre": ("centre", "now", CENTRES), "over": ("data", "train", DATA)}
NUMBERS = {
    "at": ("step", 0, (0, traces.LAST_STEP)),
    "resolution": ("resolution", 61, (3, max(MOST_POINTS.values()))),
}


@dataclass(frozen=True)
class SurfaceRequest:
    """The surface of `link`'s run at `step`; `axes` in the text of links, `span` half the width, or both, or None."""

    link: str
    step: int
    axes: str
    centre: str
    data: str
    resolution: int
    span: tuple[float, ...] | None


def parse_request(query: str) -> SurfaceRequest:
    """Splits a query string into what is this route's own and the link.

    Raises
    ------
    TraceError : 400, naming the key and what it accepts
    """
    if len(query) > traces.LONGEST_QUERY:
        raise TraceError(
            400, "link", f"the request is {len(query)} characters long; accepted are {traces.LONGEST_QUERY}"
        )
    values: dict[str, Any] = {field: default for field, default, _ in (*WORDS.values(), *NUMBERS.values())}
    values["span"], rest = None, []
    for part in query.split("&"):
        name, _, written = part.partition("=")
        text = unquote_plus(written)
        if name in NUMBERS:
            values[NUMBERS[name][0]] = traces.whole_number(name, text, *NUMBERS[name][2])
        elif name in WORDS:
            values[WORDS[name][0]] = known_word(name, text)
        elif name == "span":
            values["span"] = half_widths(text)
        elif part:
            rest.append(part)
    return SurfaceRequest(link="&".join(rest), **values)


def known_word(name: str, text: str) -> str:
    """`text` if it is one of those that the key knows; axes are looked at with their network."""
    known = WORDS[name][2]
    if known is not None and text not in known:
        raise TraceError(400, name, f"{name} is {text[:40]!r}; accepted is one of {', '.join(known)}")
    return text


def half_widths(text: str) -> tuple[float, ...]:
    """One number above 0 for both directions, or one for each: `1.5`, `1.5,0.2`."""
    try:
        halves = tuple(sharing.read_number(half, "span") for half in text.split(",", 2))
    except ConfigurationError:
        halves = ()
    if len(halves) not in (1, 2) or not all(0.0 < half <= WIDEST for half in halves):
        raise TraceError(
            400, "span", f"span is {text[:40]!r}; accepted are one or two numbers above 0, up to {WIDEST:g}"
        )
    return halves


def etag(request: SurfaceRequest) -> str:
    """The strong validator of the answer, known without running anything."""
    return f'"{hashlib.sha256(f"{traces.build()} {request}".encode()).hexdigest()[:32]}"'


def read_axes(request: SurfaceRequest, experiment: Experiment) -> Axes:
    """The request's axes, checked against the network."""
    try:
        axes = sharing.read_axes(request.axes, experiment.network, "axes")
        axes.check_network(experiment.network)
    except ConfigurationError as error:
        raise TraceError(400, "axes", str(error)) from error
    most = MOST_POINTS[axes.dimensions]
    if request.resolution > most:
        raise TraceError(
            400, "resolution", f"resolution is {request.resolution}; accepted are 3 to {most} points a side"
        )
    return axes


def check_cost(experiment: Experiment, request: SurfaceRequest, axes: Axes, start: int) -> int:
    """Refuses what would take too long or too much memory; gives the bytes. `start`: step of the nearest checkpoint."""
    replays = request.step if axes.replays or request.centre == "best" else 0
    ahead = max(0, getattr(axes, "step", 0) - request.step)
    training = engine.cost(experiment, request.step - start + replays + ahead, start=0 if replays else start)
    plain = replace(experiment, edits=())
    look = engine.cost(plain, 1) if request.data == "batch" else engine.cost(plain, 0, 1)
    looks = request.resolution**axes.dimensions + (CURVATURE_LOOKS if axes.name == "curvature" else 0)
    states = 8 * experiment.network.parameter_count * (8 + (200 if replays else 0))
    limits = (
        ("resolution", "operations", training.operations + looks * look.operations, MOST_OPERATIONS),
        ("link", "bytes of memory", training.memory + states, traces.MOST_MEMORY),
    )
    for key, unit, needed, accepted in limits:
        if needed > accepted:
            advice = "ask for fewer points, or an earlier step" if key == "resolution" else "make the network smaller"
            raise TraceError(413, key, f"this would take {needed:.1e} {unit}; accepted are {accepted:.1e}: {advice}")
    return training.memory + states


def surface_job(request: SurfaceRequest, checkpoints: CheckpointCache) -> Job:
    """Makes the answer, in slices.

    Raises
    ------
    TraceError : 400 for what the link or the choices say, 413 for what would take too long
    """
    experiment = traces.read(request.link)
    axes = read_axes(request, experiment)
    step, checkpoint = checkpoints.get(experiment, request.step) or (0, None)
    yield check_cost(experiment, request, axes, step)
    run = experiment.start()
    if checkpoint is not None:
        run.restore(checkpoint)
    yield from run.stepping(request.step - run.step_count)
    if run.outcome is None:
        checkpoints.put(experiment, run.step_count, run.checkpoint)
    try:
        surface = yield from _landscape(run, axes, request)
    except ConfigurationError as error:
        raise TraceError(400, "axes", str(error)) from error
    return to_bytes(surface, run, request)


def _landscape(run: Run, axes: Axes, request: SurfaceRequest) -> Generator[None, None, Landscape]:
    """The engine's generator, without what it tells of its progress."""
    span = None if request.span is None else (request.span[0], request.span[-1])
    blocks = engine.landscape_blocks(run, axes, request.resolution, span, centre=request.centre, data=request.data)
    while True:
        try:
            next(blocks)
        except StopIteration as end:
            surface: Landscape = end.value
            return surface
        yield


def to_bytes(surface: Landscape, run: Run, request: SurfaceRequest) -> bytes:
    """The answer's bytes."""
    arrays = {name: getattr(surface, name) for name in ("losses", "a", "b", "centre", "directions")}
    header = {
        "version": 1,
        "step": run.step_count,
        "centre_step": surface.centre_step,
        "axes": request.axes,
        "centre": request.centre,
        "data": request.data,
        "rows": len(surface.b),
        "columns": len(surface.a),
        "dimensions": len(surface.directions),
        "parameters": [{"name": name, "size": math.prod(shape)} for name, shape in surface.shapes.items()],
        "explained": None if surface.explained is None else list(surface.explained),
        "curvature": surface.curvature,
        "places": places(surface.axes, run),
        "examples": examples(run, request.data),
        "experiment": run.experiment.key,
        "fields": [{"name": name, "shape": list(array.shape)} for name, array in arrays.items()],
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is infinity, as it should be
        numbers = [np.ascontiguousarray(array, "<f4").tobytes() for array in arrays.values()]
    return b"".join([MAGIC, struct.pack("<I", len(text)), text, *numbers])


def places(axes: Axes, run: Run) -> list[tuple[str, int]] | None:
    """The parameters that axes along single weights move; None for other axes."""
    return list(axes.places(run.experiment.network))[: axes.dimensions] if isinstance(axes, Weights) else None


def examples(run: Run, data: str) -> int:
    """How many examples the drawn loss is the mean over."""
    dataset: Any = run.experiment.dataset
    if data == "batch":
        return run.experiment.regime.largest_batch(len(dataset.x_train))
    return len(dataset.x_test if data == "test" else dataset.x_train)
