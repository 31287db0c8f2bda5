"""Branches that are added to what goes past them, and the rows of a sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import ConfigurationError
from engine.layers.base import Layer, NamedLayer, Shape, named

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["Residual", "plan_branch", "plan_sum"]


def plan_sum(planner: Planner, a: Tensor, b: Tensor, name: str) -> Tensor:
    """Emit y = a + b and, on the way back, dL/da = dL/db = dL/dy."""
    y = planner.tensor(name, a.shape)
    planner.emit("sum_forward", a.offset, b.offset, y.offset, a.features)

    def backward() -> None:
        for part in (a, b):
            with planner.delta_of(part) as delta:
                planner.emit("copy_deltas", y.offset, delta.offset, a.features)

    planner.on_backward(backward)
    return y


def plan_branch(planner: Planner, x: Tensor, branch: Sequence[NamedLayer], name: str, total: str) -> Tensor:
    """x + f(x), where f is the layers of `branch`, named within `name`; the sum is the quantity `total`."""
    f = x
    for part in branch:
        f = part.layer.plan(planner, f, f"{name}.{part.name}")
    return plan_sum(planner, x, f, f"{name}.{total}")


@dataclass(frozen=True)
class Residual(Layer, name="residual"):
    """y = x + f(x), where f is `layers` one after the other. He et al. 2016, eq. 1.

    Shapes: x and y [batch, ...], alike; parameters and quantities of the layers inside go by names like
    "residual_1.dense_1.weight". Backward: dL/dx = dL/dy + what comes back through f.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        layers = tuple(Layer.of(layer) for layer in self.layers)
        if not layers:
            raise ConfigurationError("layers of residual", layers, "at least one layer")
        object.__setattr__(self, "layers", layers)

    def parts(self, input_shape: Shape) -> list[NamedLayer]:
        return named(self.layers, input_shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        output = self.parts(input_shape)[-1].output_shape
        if output != input_shape:
            raise ConfigurationError("output of the layers of residual", output, f"{input_shape}, as its input")
        return input_shape

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        y = plan_branch(planner, x, self.parts(x.shape), name, "pre_activation")
        planner.alias(f"{name}.activation", y)
        return y
