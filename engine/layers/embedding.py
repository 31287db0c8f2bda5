"""The layer that gives tokens their vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.initialisers import Initialiser, Normal
from engine.kernels.simd import LANES
from engine.layers.base import Layer, Shape
from engine.spec import check_count

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["Embedding"]


@dataclass(frozen=True)
class Embedding(Layer, name="embedding"):
    """y = W[token]: a table of vectors, one for each token, that are learnt. Bengio et al. 2003.

    Shapes: tokens [batch, time], whole numbers from 0 to vocab_size - 1; W `weight` [vocab_size, units], drawn from
    N(0, 1) as PyTorch does; y [batch, time, units]. Can only be the first layer.

    Backward: dL/dW[v] = dL/dy summed over the batch and the time steps whose token is v. Tokens have no gradient.
    """

    vocab_size: int
    units: int
    weight_initialiser: str | Initialiser = Normal(1.0)
    reads_data: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count("vocab_size", self.vocab_size, 1, 65536)
        check_count("units", self.units, 1, 4096)
        object.__setattr__(self, "weight_initialiser", Initialiser.of(self.weight_initialiser))

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ConfigurationError("input of embedding", input_shape, "(time,): one whole number for each time step")
        return (*input_shape, self.units)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {"weight": (self.vocab_size, self.units)}

    def initialisers(self) -> dict[str, Initialiser]:
        return {"weight": Initialiser.of(self.weight_initialiser)}

    def check_input(self, x: NDArray[np.float64]) -> None:
        if x.min() < 0 or x.max() >= self.vocab_size or (x != np.round(x)).any():
            accepted = f"whole numbers from 0 to {self.vocab_size - 1}: the embedding has {self.vocab_size} vectors"
            raise ConfigurationError("tokens", (float(x.min()), float(x.max())), accepted)

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        shape = self.output_shape(x.shape)
        whole_blocks = math.prod(shape) + LANES  # transposing them writes beyond the last row
        y = planner.tensor(f"{name}.pre_activation", shape, whole_blocks)
        planner.alias(f"{name}.activation", y)
        weight, rows = planner.parameter(f"{name}.weight"), planner.new_rows(y)
        numbers = (x.offset, y.offset, weight, self.vocab_size, self.units, *x.shape, *rows)
        planner.emit("embedding_forward", *numbers)
        planner.on_backward(lambda: planner.emit("embedding_backward", *numbers))
        return y
