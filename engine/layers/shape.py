"""Layers that change nothing but the shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.layers.base import Layer, Shape

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["Flatten"]


@dataclass(frozen=True)
class Flatten(Layer, name="flatten"):
    """a[(c H + i) W + j] = x[c, i, j]: all numbers of an example in a row, as PyTorch's `flatten(1)`. Costs nothing.

    Shapes: x [batch, ...] in, a [batch, product of the rest] out.

    Backward: dL/dx = dL/da in the shape of x.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        flat = x._replace(shape=self.output_shape(x.shape))
        planner.alias(f"{name}.pre_activation", flat)
        planner.alias(f"{name}.activation", flat)
        return flat
