"""What training will take, known before it starts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from engine.axes import Axes
from engine.directions import ROUNDS
from engine.evaluation import chunk_size
from engine.experiment import Experiment
from engine.history import states_kept
from engine.layers import Layer
from engine.layers.base import Shape
from engine.network import Network
from engine.plan import padded
from engine.regimes import Regime

__all__ = ["Cost", "cost"]

_DOUBLES = 4  # how much longer float64 takes
_STATES = 16  # parameters, three gradients, moments, signs, pruned ones, what a checkpoint has; one kept, one going
_FIELDS = 4  # value, gradient, example gradient, update


@dataclass(frozen=True)
class Cost:
    """Multiply-adds, and bytes of working memory and of trace."""

    operations: int
    memory: int
    trace_bytes: int


def cost(experiment: Experiment, steps: int, frames: int = 0, start: int = 0) -> Cost:
    """Cost of `steps` updates from number `start` on, recording `frames` of them; data are looked at, nothing is run.

    Operations count the padded batch, three products a weight and update (forward, and two backward), and two full
    evaluations a frame; a weight counts once for each place or time step at which it is used. Where these updates meet
    an edit that goes to a place, its plane must be found, and those of all earlier ones. An estimate from above.
    """
    sizes = _sizes(experiment)
    places = _places_to_find(experiment, start, start + steps)
    operations = steps * sizes.update + frames * sizes.frame + sum(_finding(experiment, *place) for place in places)
    memory = sizes.memory + (_path(experiment) if places else 0)
    return Cost(operations, memory, frames * sizes.trace_bytes)


class _Sizes(NamedTuple):
    """What one update and one frame take, and a run's bytes."""

    update: int
    frame: int
    memory: int
    trace_bytes: int  # of one frame


def _sizes(experiment: Experiment) -> _Sizes:
    """Of an experiment without its edits."""
    count, tests = len(experiment.dataset.x_train), len(experiment.dataset.x_test)
    batch = Regime.of(experiment.regime).largest_batch(count)
    return _sizes_of(experiment.network, batch, count, tests, 4 if experiment.dtype == "float32" else 8)


@lru_cache(maxsize=256)  # asked for with each chunk of film
def _sizes_of(network: Network, batch: int, count: int, tests: int, width: int) -> _Sizes:
    """For so many examples to train and to test on, and numbers of `width` bytes."""
    units, weights = sum(math.prod(layer.output_shape) for layer in network.named_layers()), network.parameter_count
    example = _per_example(network)
    return _Sizes(
        update=3 * example * padded(batch) + 10 * weights,
        frame=example * (count + tests + 48),
        memory=_run(network, batch, count, tests, width),
        trace_bytes=4 * (_FIELDS * weights + 3 * units + 16),
    )


def _run(network: Network, batch: int, count: int, tests: int, width: int) -> int:
    """Bytes of a run: the buffers of a batch, of the followed example and of an evaluation, the parameters and what
    moves them, the examples.
    """
    buffers = network.lane_size * sum(padded(examples) for examples in (batch, 1, chunk_size(network, count)))
    inputs = padded(math.prod(network.input_shape)) * (2 * count + tests)
    return width * (2 * buffers + _STATES * network.parameter_count + inputs)


def _places_to_find(experiment: Experiment, start: int, end: int) -> list[tuple[int, Axes, str]]:
    """(step, axes, centre) of the edits that go to a place, up to `end`; none where none lies from `start` on."""
    places = [(edit.step, *edit.value[:2]) for edit in experiment.edits if edit.key == "place" and edit.step <= end]
    return places if any(step >= start for step, *_ in places) else []


def _finding(experiment: Experiment, step: int, axes: Axes, centre: str) -> int:
    """Operations of finding a plane: training the beginning again and looking at its losses, and Hessian products."""
    operations, gradient = 0, 3 * _per_example(experiment.network) * len(experiment.dataset.x_train)
    if axes.replays or centre == "best":
        operations += max(step, getattr(axes, "step", 0)) * _sizes(experiment).update
        operations += states_kept(experiment.network.parameter_count) * gradient
    if axes.name == "curvature":
        operations += 2 * ROUNDS * _DOUBLES * gradient
    return operations


def _path(experiment: Experiment) -> int:
    """Bytes of the states of a path, and of their decomposition."""
    count = experiment.network.parameter_count
    return 3 * 8 * states_kept(count) * count


def _per_example(network: Network) -> int:
    """Multiply-adds of one example's forward pass; a unit counts as much as 20 weights, for its activation."""
    layers = network.named_layers()
    return sum(20 * math.prod(layer.output_shape) + _products(*layer[1:]) for layer in layers)


def _products(layer: Layer, input_shape: Shape, output_shape: Shape) -> int:
    """Multiply-adds of one example's forward pass: every parameter at every place; attention also between all steps."""
    parameters = sum(math.prod(shape) for shape in layer.parameter_shapes(input_shape).values())
    places = max(_places(input_shape), _places(output_shape))
    return parameters * places + (2 * places**2 * input_shape[-1] if len(input_shape) == 2 else 0)


def _places(shape: Shape) -> int:
    """Time steps of a sequence [time, features], pixels of a picture [channels, height, width]."""
    return math.prod(shape[1:]) if len(shape) == 3 else math.prod(shape[:-1])
