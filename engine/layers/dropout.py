"""Dropout: a different thinned network at every step."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.layers.base import Layer, Shape
from engine.spec import check_number

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["Dropout"]

GRAIN = 2**24  # a mask compares whole multiples of 1 / GRAIN, alike in both float types


@dataclass(frozen=True)
class Dropout(Layer, name="dropout"):
    """y = x mask, mask = 0 with probability `rate`, else 1 / (1 - rate); y = x in evaluation. Srivastava et al. 2014.

    The mask is a pure function of the run's seed, the step, the layer's name and the element: a replay drops the same.

    Shapes: x, mask and y [batch, ...]. Backward: dL/dx = dL/dy mask.
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        check_number("rate", self.rate, 0.0, 0.99)

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        y = planner.tensor(f"{name}.pre_activation", x.shape) if planner.training else x
        planner.alias(f"{name}.activation", y)
        if not planner.training:
            planner.alias(f"{name}.pre_activation", y)
            return y
        mask = planner.tensor(f"{name}.mask", x.shape)
        numbers = (y.offset, mask.offset, x.features, zlib.crc32(name.encode()))
        options = (round(self.rate * GRAIN) / GRAIN, 1.0 / (1.0 - self.rate))
        planner.emit("dropout_forward", x.offset, *numbers, options=options)

        def backward() -> None:
            with planner.delta_of(x) as dx:
                planner.emit("dropout_backward", dx.offset, *numbers)

        planner.on_backward(backward)
        return y
