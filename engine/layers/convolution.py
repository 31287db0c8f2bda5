"""The convolutional layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from engine.activations import ActivationFunction
from engine.errors import ConfigurationError
from engine.initialisers import Initialiser
from engine.layers.activation import plan_activation
from engine.layers.base import Layer, Shape
from engine.layers.images import Pair, image_shape, pair, whole_or_pair
from engine.spec import check_count

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["Conv2D"]

PADDINGS = ("valid", "same")


class Axis(NamedTuple):
    """How the kernel moves along one axis: `before` are the rows or columns of padding above or on the left."""

    places: int
    kernel: int
    stride: int
    before: int
    dilation: int


@dataclass(frozen=True)
class Conv2D(Layer, name="conv2d"):
    """z[o, i, j] = b[o] + sum over c, k, m of W[o, c, k, m] x[c, i s - p + k d, j s' - p' + m d'],  a = f(z).

    Every filter o looks at the whole picture through one small window (cross-correlation). LeCun et al. 1989; shapes
    and the way back as in Dumoulin & Visin 2016; PyTorch's `Conv2d`.

    Shapes: x [batch, channels, height, width], W `weight` [filters, channels, K, M], b `bias` [filters], z and a
    [batch, filters, (height + 2 p - d (K - 1) - 1) // s + 1, ...]. kernel_size K (or K, M), stride s, padding p and
    dilation d are one number or a pair (vertical, horizontal). Outside the picture x is 0. Padding "valid" is 0; "same"
    gives ceil(height / s) rows, an odd one of padding being below or on the right (as Keras, and PyTorch at stride 1).

    Backward: dL/dz = dL/da f'(z);  dL/dW[o, c, k, m] = sum over batch and places of dL/dz[o, i, j] x[c, ...];  dL/db[o]
    = sum of dL/dz[o];  dL/dx[c, y, x] = sum of W[o, c, k, m] dL/dz[o, i, j] over the places whose windows hold it.
    """

    filters: int
    kernel_size: int | Pair
    stride: int | Pair = 1
    padding: int | Pair | str = 0
    dilation: int | Pair = 1
    activation: str | ActivationFunction = "identity"
    use_bias: bool = True
    weight_initialiser: str | Initialiser = "glorot_uniform"
    bias_initialiser: str | Initialiser = "zeros"

    def __post_init__(self) -> None:
        check_count("filters", self.filters, 1, 4096)
        for option in ("kernel_size", "stride", "dilation"):
            object.__setattr__(self, option, whole_or_pair(option, getattr(self, option)))
        if not isinstance(self.padding, str):
            object.__setattr__(self, "padding", whole_or_pair("padding", self.padding, 0))
        elif self.padding not in PADDINGS:
            raise ConfigurationError("padding", self.padding, "a whole number, a pair of them, 'valid' or 'same'")
        if not isinstance(self.use_bias, bool):
            raise ConfigurationError("use_bias", self.use_bias, "True or False")
        object.__setattr__(self, "activation", ActivationFunction.of(self.activation))
        object.__setattr__(self, "weight_initialiser", Initialiser.of(self.weight_initialiser))
        object.__setattr__(self, "bias_initialiser", Initialiser.of(self.bias_initialiser))

    def output_shape(self, input_shape: Shape) -> Shape:
        down, across = self._axes(input_shape)
        if min(down.places, across.places) < 1:
            accepted = f"pictures that the kernel {self.kernel_size} fits in (padding may help)"
            raise ConfigurationError("input of conv2d", input_shape, accepted)
        return (self.filters, down.places, across.places)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {"weight": (self.filters, input_shape[0], *pair(self.kernel_size))}
        if self.use_bias:
            shapes["bias"] = (self.filters,)
        return shapes

    def initialisers(self) -> dict[str, Initialiser]:
        return {"weight": Initialiser.of(self.weight_initialiser), "bias": Initialiser.of(self.bias_initialiser)}

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        weight = planner.parameter(f"{name}.weight")
        bias = planner.parameter(f"{name}.bias") if self.use_bias else -1
        z = planner.tensor(f"{name}.pre_activation", self.output_shape(x.shape))
        axes = self._axes(x.shape)
        geometry = [number for numbers in zip(*axes, strict=True) for number in numbers][2:]
        steps = [axis.stride // math.gcd(axis.stride, axis.dilation) for axis in axes]
        numbers = (x.offset, z.offset, weight, bias, *x.shape, *z.shape, *geometry)
        planner.emit("conv2d_forward", *numbers)

        def backward() -> None:
            planner.emit("conv2d_weight_gradient", *numbers)
            if planner.needs_gradient(x):
                with planner.delta_of(x) as dx:
                    planner.emit("conv2d_input_gradient", dx.offset, *numbers[1:], *steps)

        planner.on_backward(backward)
        return plan_activation(planner, ActivationFunction.of(self.activation), z, f"{name}.activation")

    def _axes(self, input_shape: Shape) -> tuple[Axis, Axis]:
        """Down and across."""
        _, *sizes = image_shape(self.name, input_shape)
        numbers = zip(sizes, pair(self.kernel_size), pair(self.stride), pair(self.dilation), strict=True)
        down, across = (self._axis(index, *along) for index, along in enumerate(numbers))
        return down, across

    def _axis(self, index: int, size: int, kernel: int, stride: int, dilation: int) -> Axis:
        reach = dilation * (kernel - 1) + 1
        if self.padding == "same":
            places = -(-size // stride)
            before = max((places - 1) * stride + reach - size, 0) // 2
        else:
            before = 0 if isinstance(self.padding, str) else pair(self.padding)[index]
            places = (size + 2 * before - reach) // stride + 1
        return Axis(places, kernel, stride, before, dilation)
