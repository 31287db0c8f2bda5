"""The fully connected layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.activations import ActivationFunction
from engine.errors import ConfigurationError
from engine.initialisers import Initialiser
from engine.layers.activation import plan_activation
from engine.layers.base import Layer, Shape
from engine.spec import check_count, check_flag

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["Dense", "plan_product"]


def plan_product(planner: Planner, x: Tensor, z: Tensor, weight: int, bias: int) -> None:
    """Emit z = W x + b for every time step and, on the way back, dL/dW, dL/db and dL/dx.

    The outputs of a time step may have any shape. `weight` and `bias` are offsets of parameters; bias -1 is none.
    """
    inputs, repeats = x.shape[-1], math.prod(x.shape[:-1])
    numbers = (x.offset, z.offset, weight, bias, inputs, z.features // repeats, repeats)
    planner.emit("dense_forward", *numbers)

    def backward() -> None:
        if repeats == 1 and inputs <= planner.NARROW:
            planner.emit("dense_weight_gradient_narrow", *numbers)
        else:
            planner.emit("dense_weight_gradient", *numbers, *planner.rows_of(x))
        if planner.needs_gradient(x):
            planner.emit("dense_input_gradient", *numbers, planner.adds_to_delta(x))

    planner.on_backward(backward)


@dataclass(frozen=True)
class Dense(Layer, name="dense"):
    """z = W x + b,  a = f(z): every unit sees every input. Rumelhart, Hinton & Williams 1986, eq. 1-2.

    Shapes: x [batch, in_features] (or [batch, time, in_features]: the same weights at every time step), W `weight`
    [out_features, in_features] (PyTorch's order), b `bias` [out_features], z and a [batch, units].

    Backward: dL/dz = dL/da f'(z);  dL/dW = dL/dz x^T and dL/db = dL/dz, summed over the batch;  dL/dx = W^T dL/dz.
    """

    units: int
    activation: str | ActivationFunction = "identity"
    use_bias: bool = True
    weight_initialiser: str | Initialiser = "glorot_uniform"
    bias_initialiser: str | Initialiser = "zeros"

    def __post_init__(self) -> None:
        check_count("units", self.units, 1, 4096)
        check_flag("use_bias", self.use_bias)
        object.__setattr__(self, "activation", ActivationFunction.of(self.activation))
        object.__setattr__(self, "weight_initialiser", Initialiser.of(self.weight_initialiser))
        object.__setattr__(self, "bias_initialiser", Initialiser.of(self.bias_initialiser))

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) not in (1, 2):
            accepted = "(features,), or (time, features): put Flatten() before it"
            raise ConfigurationError("input of dense", input_shape, accepted)
        return (*input_shape[:-1], self.units)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {"weight": (self.units, input_shape[-1])}
        if self.use_bias:
            shapes["bias"] = (self.units,)
        return shapes

    def initialisers(self) -> dict[str, Initialiser]:
        return {"weight": Initialiser.of(self.weight_initialiser), "bias": Initialiser.of(self.bias_initialiser)}

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        weight = planner.parameter(f"{name}.weight")
        bias = planner.parameter(f"{name}.bias") if self.use_bias else -1
        z = planner.tensor(f"{name}.pre_activation", self.output_shape(x.shape))
        plan_product(planner, x, z, weight, bias)
        return plan_activation(planner, ActivationFunction.of(self.activation), z, f"{name}.activation")
