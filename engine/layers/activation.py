"""An activation function as a layer of its own, and the rows that every layer with an activation emits."""

from __future__ import annotations

import math
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
    units, repeats = (z.features, 1) if function.name != "softmax" else (z.shape[-1], math.prod(z.shape[:-1]))
    planner.emit(f"{function.kernel}_forward", z.offset, a.offset, units, -1, repeats, options=options)

    def backward() -> None:
        with planner.delta_of(z) as dz:
            numbers = (z.offset, a.offset, units, dz.offset, repeats)
            planner.emit(f"{function.kernel}_backward", *numbers, options=options)

    planner.on_backward(backward)
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
