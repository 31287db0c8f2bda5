"""An activation function as a layer of its own, and the rows that every layer with an activation emits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.activations import ActivationFunction
from engine.layers.base import Layer, Shape

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["Activation", "plan_activation"]


def plan_activation(planner: Planner, function: ActivationFunction, z: Tensor, name: str) -> Tensor:
    """Emit a = f(z) and, on the way back, dL/dz = dL/da f'(z). The identity needs neither: a is z."""
    if function.name == "identity":
        planner.alias(name, z)
        return z
    a = planner.tensor(name, z.shape)
    options = function.kernel_options()
    planner.emit(f"{function.kernel}_forward", z.offset, a.offset, z.features, options=options)
    planner.on_backward(
        lambda: planner.emit(f"{function.kernel}_backward", z.offset, a.offset, z.features, options=options)
    )
    return a


@dataclass(frozen=True)
class Activation(Layer, name="activation"):
    """a = f(z) for every unit. Shapes: [batch, ...] in, the same out.

    See `engine/activations.py` for formulas and sources.
    """

    function: str | ActivationFunction = "relu"

    def __post_init__(self) -> None:
        object.__setattr__(self, "function", ActivationFunction.of(self.function))

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        planner.alias(f"{name}.pre_activation", x)
        return plan_activation(planner, ActivationFunction.of(self.function), x, f"{name}.activation")
