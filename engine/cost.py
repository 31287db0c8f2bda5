"""What training will take, known before it starts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.experiment import Experiment
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
    evaluations a frame. They are an estimate from above for dense networks.
    """
    network = experiment.network
    count, tests = len(experiment.dataset.x_train), len(experiment.dataset.x_test)
    lanes = padded(Regime.of(experiment.regime).largest_batch(count))
    weights = network.parameter_count
    units = sum(math.prod(layer.output_shape) for layer in network.named_layers())
    per_example = weights + 20 * units
    operations = steps * (3 * per_example * lanes + 10 * weights) + frames * per_example * (count + tests + 48)
    size = 4 if experiment.dtype == "float32" else 8
    inputs = padded(math.prod(network.input_shape))
    values = 2 * (2 * units + 2 * inputs + 16) * (lanes + 64 + 16)
    memory = size * (values + 6 * weights + inputs * (2 * count + tests))
    return Cost(operations, memory, 4 * frames * (_FIELDS * weights + 3 * units + 16))
