"""Pooling layers: one number for every window of a channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from engine.errors import ConfigurationError
from engine.layers.base import Layer, Shape
from engine.layers.images import Pair, image_shape, pair, whole_or_pair

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["AvgPool2D", "GlobalAveragePool2D", "MaxPool2D"]


def plan_pooling(planner: Planner, kernel: str, x: Tensor, y: Tensor, size: Pair, stride: Pair) -> None:
    """Emit y, one number for every window of x, and the way back."""
    channels, height, width = x.shape
    rows, columns = (y.shape[1], y.shape[2]) if len(y.shape) == 3 else (1, 1)
    numbers = (y.offset, channels, height, width, rows, columns, *size, *stride)
    planner.emit(f"{kernel}_forward", x.offset, *numbers)
    apart = size == stride and (height, width) == (rows * size[0], columns * size[1])  # every pixel is in one window

    def backward() -> None:
        if planner.needs_gradient(x):
            with planner.delta_of(x) as dx:
                planner.emit(f"{kernel}_backward", dx.offset, *numbers, x.offset, not apart)

    planner.on_backward(backward)


def pooled(planner: Planner, name: str, shape: Shape) -> Tensor:
    """The place of a layer's output, which is its pre-activation and its activation."""
    y = planner.tensor(f"{name}.pre_activation", shape)
    planner.alias(f"{name}.activation", y)
    return y


class _Pool2D(Layer):
    """What both kinds of windows share."""

    kernel: ClassVar[str]
    size: int | Pair
    stride: int | Pair | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole_or_pair("size", self.size))
        if self.stride is not None:
            object.__setattr__(self, "stride", whole_or_pair("stride", self.stride))

    def output_shape(self, input_shape: Shape) -> Shape:
        channels, *picture = image_shape(self.name, input_shape)
        size, stride = pair(self.size), self._stride()
        if any(window > length for window, length in zip(size, picture, strict=True)):
            raise ConfigurationError(f"size of {self.name}", self.size, f"at most the picture, {tuple(picture)}")
        return (channels, *((n - k) // s + 1 for n, k, s in zip(picture, size, stride, strict=True)))

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        y = pooled(planner, name, self.output_shape(x.shape))
        plan_pooling(planner, self.kernel, x, y, pair(self.size), self._stride())
        return y

    def _stride(self) -> Pair:
        return pair(self.size if self.stride is None else self.stride)


@dataclass(frozen=True)
class MaxPool2D(_Pool2D, name="max_pool2d"):
    """a[c, i, j] = max over k < K, m < M of x[c, i s + k, j s' + m]. Ranzato et al. 2007; PyTorch's `MaxPool2d`.

    Shapes: x [batch, channels, height, width], a [batch, channels, (height - K) // s + 1, (width - M) // s' + 1];
    size K or (K, M), stride s or (s, s'), where it is left out that of the size. What fills no window is left out.

    Backward: dL/dx of each window's first greatest element (row by row) gets dL/da; where windows overlap they add up.
    """

    size: int | Pair
    stride: int | Pair | None = None

    kernel: ClassVar[str] = "max_pool"


@dataclass(frozen=True)
class AvgPool2D(_Pool2D, name="avg_pool2d"):
    """a[c, i, j] = mean over k < K, m < M of x[c, i s + k, j s' + m]. LeCun et al. 1998; PyTorch's `AvgPool2d`.

    Shapes: x [batch, channels, height, width], a [batch, channels, (height - K) // s + 1, (width - M) // s' + 1];
    size K or (K, M), stride s or (s, s'), where it is left out that of the size. What fills no window is left out.

    Backward: dL/dx = dL/da / (K M) in each element of the window; where windows overlap they add up.
    """

    size: int | Pair
    stride: int | Pair | None = None

    kernel: ClassVar[str] = "average_pool"


@dataclass(frozen=True)
class GlobalAveragePool2D(Layer, name="global_average_pool2d"):
    """a[c] = mean over i, j of x[c, i, j]: one number a feature map, whatever the size of the picture. Lin et al. 2014.

    Shapes: x [batch, channels, height, width], a [batch, channels].

    Backward: dL/dx[c, i, j] = dL/da[c] / (height width).
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        return image_shape(self.name, input_shape)[:1]

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        y = pooled(planner, name, self.output_shape(x.shape))
        _, height, width = x.shape
        plan_pooling(planner, "average_pool", x, y, (height, width), (height, width))
        return y
