"""What every layer must say of itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.initialisers import Initialiser
from engine.spec import Spec

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["Layer", "NamedLayer", "Shape", "leaves", "named"]

Shape = tuple[int, ...]


class Layer(Spec, family="layer"):
    """A step of the network: values of one shape go in, values of another come out."""

    reads_data: ClassVar[bool] = False  # whether it takes what only the data can give, and so must come first

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one example's output; ConfigurationError if the input does not fit."""
        raise NotImplementedError

    def parts(self, input_shape: Shape) -> list[NamedLayer]:
        """The layers that this one is made of, in order of depth; most are made of none."""
        return []

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Shape of each parameter, by its short name ("weight", "bias")."""
        return {}

    def statistic_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Shape of each array that the layer keeps from batch to batch without training it, by its short name."""
        return {}

    def initialisers(self) -> dict[str, Initialiser]:
        """The initialiser of each parameter, by its short name."""
        return {}

    def check_batch(self, input_shape: Shape, batch: int) -> None:
        """Raise ConfigurationError where updates of at most `batch` examples cannot train this layer."""

    def check_input(self, x: NDArray[np.float64]) -> None:
        """Raise ConfigurationError where examples [n, ...] cannot be this layer's input, if it is the first."""

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        """Emit the forward rows for input `x`, push what emits the backward rows, return the output."""
        raise NotImplementedError


class NamedLayer(NamedTuple):
    """A layer where it stands: its name ("dense_1": numbered within its kind, in order of depth) and shapes."""

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape


def named(layers: Iterable[Layer], shape: Shape) -> list[NamedLayer]:
    """Layers one after the other, from an input of `shape` on, each with its name and shapes."""
    counts: dict[str, int] = {}
    chain = []
    for layer in layers:
        counts[layer.name] = counts.get(layer.name, 0) + 1
        output = layer.output_shape(shape)
        chain.append(NamedLayer(f"{layer.name}_{counts[layer.name]}", layer, shape, output))
        shape = output
    return chain


def leaves(layers: Iterable[NamedLayer]) -> list[NamedLayer]:
    """The same layers, but for those made of others these others, by names like "residual_1.dense_1"."""
    found: list[NamedLayer] = []
    for layer in layers:
        parts = layer.layer.parts(layer.input_shape)
        found += leaves(part._replace(name=f"{layer.name}.{part.name}") for part in parts) if parts else [layer]
    return found
