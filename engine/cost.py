"""What training will take, known before it starts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.experiment import Experiment
from engine.layers import Layer
from engine.layers.base import Shape
from engine.plan import padded
from engine.regimes import Regime

__all__ = ["Cost", "cost"]

_FIELDS = 4  # value, gradient, example gradient, update


@dataclass(frozen=True)
class Cost:
    """Multiply-adds, and bytes of working memory and of trace."""

    operations: int
    memory: int
    trace_bytes: int


def cost(experiment: Experiment, steps: int, frames: int = 0) -> Cost:
    """Cost of `steps` updates, recording `frames` of them; the data are looked at, nothing is run.

    Operations count the padded batch, three products a weight and update (forward, and two backward), and two full
    evaluations a frame; a weight counts once for each place or time step at which it is used. An estimate from above.
    """
    network = experiment.network
    count, tests = len(experiment.dataset.x_train), len(experiment.dataset.x_test)
    lanes = padded(Regime.of(experiment.regime).largest_batch(count))
    weights = network.parameter_count
    units = sum(math.prod(layer.output_shape) for layer in network.named_layers())
    per_example = 20 * units + sum(_products(*layer[1:]) for layer in network.named_layers())
    operations = steps * (3 * per_example * lanes + 10 * weights) + frames * per_example * (count + tests + 48)
    size = 4 if experiment.dtype == "float32" else 8
    inputs = padded(math.prod(network.input_shape))
    values = 2 * (2 * units + 2 * inputs + 16) * (lanes + 64 + 16)
    memory = size * (values + 6 * weights + inputs * (2 * count + tests))
    return Cost(operations, memory, 4 * frames * (_FIELDS * weights + 3 * units + 16))


def _products(layer: Layer, input_shape: Shape, output_shape: Shape) -> int:
    """Multiply-adds of one example's forward pass: every parameter at every place; attention also between all steps."""
    parameters = sum(math.prod(shape) for shape in layer.parameter_shapes(input_shape).values())
    places = max(_places(input_shape), _places(output_shape))
    return parameters * places + (2 * places**2 * input_shape[-1] if len(input_shape) == 2 else 0)


def _places(shape: Shape) -> int:
    """Time steps of a sequence [time, features], pixels of a picture [channels, height, width]."""
    return math.prod(shape[1:]) if len(shape) == 3 else math.prod(shape[:-1])
