"""Examples as the kernels read them: inputs [n, stride] padded to whole vectors, targets [n, k], and an order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import ConfigurationError
from engine.kernels import context as c
from engine.losses import Loss
from engine.network import Network
from engine.plan import Program, aligned_zeros, padded

__all__ = ["Examples"]


class Examples:
    """Inputs and targets in the kernels' form, checked against the network that they are for.

    Parameters
    ----------
    x : [n, *input_shape]
    y : targets as the network's loss takes them, or None where only outputs are wanted: class numbers [n], 0/1 or -1/+1
        or real values [n, outputs] (or [n] where there is one output)
    """

    def __init__(self, network: Network, x: ArrayLike, y: ArrayLike | None, dtype: str) -> None:
        self._shape = network.input_shape
        features = math.prod(self._shape)
        inputs = np.asarray(x, np.float64)
        if inputs.ndim == 0 or inputs.shape[1:] != network.input_shape:
            raise ConfigurationError("shape of x", inputs.shape, f"[batch, {', '.join(map(str, network.input_shape))}]")
        if not len(inputs):
            raise ConfigurationError("number of examples", 0, "at least one")
        if not np.isfinite(inputs).all():
            raise ConfigurationError("x", "values that are not finite", "finite numbers only")
        network.layers[0].check_input(inputs)
        self.count = len(inputs)
        self.stride = padded(features)
        self.inputs = aligned_zeros(self.count * self.stride, dtype).reshape(self.count, self.stride)
        self.inputs[:, :features] = inputs.reshape(self.count, features)
        self.order = np.arange(self.count, dtype=np.int64)
        self.targets = self._targets(network, y, dtype)

    def _targets(self, network: Network, y: ArrayLike | None, dtype: str) -> NDArray[Any]:
        loss, outputs = Loss.of(network.loss), math.prod(network.output_shape)
        shape = network.output_shape
        columns = math.prod(shape[:-1]) if loss.targets == "classes" else outputs
        if y is None:
            return np.zeros((self.count, columns), dtype)
        targets = np.asarray(y, np.float64)
        accepted = {
            (self.count, columns),
            (self.count, *shape),
            (self.count,) if columns == 1 else (self.count, columns),
        }
        if targets.shape not in accepted or targets.size != self.count * columns:
            raise ConfigurationError(
                f"shape of the targets of {loss.name}", targets.shape, f"[{self.count}, {columns}]"
            )
        _check_targets(loss, targets, shape[-1])
        return np.ascontiguousarray(targets.reshape(self.count, columns), dtype)

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """(x [n, *input_shape], y [n, k]), in the run's own float type."""
        return self.inputs[:, : math.prod(self._shape)].reshape(self.count, *self._shape), self.targets

    def bind(self, program: Program) -> None:
        """Let a program read these examples, from the first one on. The program must not outlive them."""
        if program.examples is not self:
            program.examples = self
            for slot, array in ((c.INPUTS, self.inputs), (c.TARGETS, self.targets), (c.ORDER, self.order)):
                program.point_to(slot, array)
            program.context[c.EXAMPLES] = self.count
        program.context[c.POSITION] = program.context[c.EPOCH] = 0


def _check_targets(loss: Loss, targets: NDArray[np.float64], outputs: int) -> None:
    if not np.isfinite(targets).all():
        raise ConfigurationError("targets", "values that are not finite", "finite numbers only")
    low, high = float(targets.min()), float(targets.max())
    if loss.targets == "classes" and (low < 0 or high > outputs - 1 or (targets != np.round(targets)).any()):
        raise ConfigurationError(
            "class numbers", (low, high), f"whole numbers from 0 to {outputs - 1}: the network has {outputs} outputs"
        )
    if loss.targets == "bits" and (low < 0 or high > 1):
        raise ConfigurationError(f"targets of {loss.name}", (low, high), "numbers from 0 to 1")
    if loss.targets == "signs" and not np.isin(targets, (-1.0, 1.0)).all():
        raise ConfigurationError(
            f"targets of {loss.name}", (low, high), "-1 and +1 (load the data with labels='signed')"
        )
