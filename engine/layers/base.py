"""What every layer must say of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.initialisers import Initialiser
from engine.spec import Spec

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["Layer", "Shape"]

Shape = tuple[int, ...]


class Layer(Spec, family="layer"):
    """A step of the network: values of one shape go in, values of another come out."""

    reads_data: ClassVar[bool] = False  # whether it takes what only the data can give, and so must come first

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one example's output; ConfigurationError if the input does not fit."""
        raise NotImplementedError

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Shape of each parameter, by its short name ("weight", "bias")."""
        return {}

    def statistic_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Shape of each array that the layer keeps from batch to batch without training it, by its short name."""
        return {}

    def initialisers(self) -> dict[str, Initialiser]:
        """The initialiser of each parameter, by its short name."""
        return {}

    def check_input(self, x: NDArray[np.float64]) -> None:
        """Raise ConfigurationError where examples [n, ...] cannot be this layer's input, if it is the first."""

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        """Emit the forward rows for input `x`, push what emits the backward rows, return the output."""
        raise NotImplementedError
