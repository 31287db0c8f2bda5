"""The network as a choice: input shape, layers in order, and the loss that it is trained on. Holds no numbers."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.errors import ConfigurationError
from engine.initialisers import Initialiser
from engine.layers import Layer
from engine.layers.base import NamedLayer, Shape, leaves, named
from engine.losses import Loss
from engine.spec import check_count

__all__ = ["NamedLayer", "Network"]


@dataclass(frozen=True)
class Network:
    """Layers in order, from an input of `input_shape` (one example, no batch axis) to the outputs that `loss` judges.

    `layers` are layer objects or their dictionaries; `loss` is a loss object, its name or its dictionary.
    """

    input_shape: Shape
    layers: Sequence[Layer]
    loss: Loss | str

    def __post_init__(self) -> None:
        try:
            shape = tuple(operator.index(size) for size in self.input_shape)
        except TypeError:
            raise ConfigurationError("input_shape", self.input_shape, "whole numbers, as in (2,)") from None
        for size in shape:
            check_count("input_shape", size, 1, 65536)
        object.__setattr__(self, "input_shape", shape)
        layers = tuple(Layer.of(layer) for layer in self.layers)
        if not layers:
            raise ConfigurationError("layers", layers, "at least one layer")
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "loss", Loss.of(self.loss))
        for name, layer, *_ in self.leaves():  # shapes must fit
            if layer.reads_data and layer is not layers[0]:
                raise ConfigurationError("layers", name, f"{layer.name} as the first layer, and nowhere else")

    def named_layers(self) -> list[NamedLayer]:
        """Every layer with its name and shapes, in order of depth."""
        return list(self._chain)

    def leaves(self) -> list[NamedLayer]:
        """The same, with layers that are made of layers taken apart: "residual_1.dense_1"."""
        return list(self._leaves)

    @cached_property  # a chunk of film asks for them a hundred times
    def _chain(self) -> list[NamedLayer]:
        return named(self.layers, self.input_shape)

    @cached_property
    def _leaves(self) -> list[NamedLayer]:
        return leaves(self._chain)

    @cached_property
    def lane_size(self) -> int:
        """Numbers that training holds for each example of a batch, as values and once more as their derivatives."""
        from engine.plan import lane_size

        return lane_size(self)

    @property
    def output_shape(self) -> Shape:
        """Shape of one example's output."""
        return self.named_layers()[-1].output_shape

    def parameter_shapes(self) -> dict[str, Shape]:
        """Shape of every parameter by its full name ("dense_1.weight"), in order of depth."""
        return {
            f"{name}.{short}": shape
            for name, layer, input_shape, _ in self.leaves()
            for short, shape in layer.parameter_shapes(input_shape).items()
        }

    def statistic_shapes(self) -> dict[str, Shape]:
        """Shape of everything that layers keep without training it, by its full name, in order of depth."""
        return {
            f"{name}.{short}": shape
            for name, layer, input_shape, _ in self.leaves()
            for short, shape in layer.statistic_shapes(input_shape).items()
        }

    def initialisers(self) -> dict[str, Initialiser]:
        """The initialiser of every parameter, by its full name."""
        return {
            f"{name}.{short}": init for name, layer, *_ in self.leaves() for short, init in layer.initialisers().items()
        }

    @property
    def parameter_count(self) -> int:
        """How many numbers training changes."""
        return sum(math.prod(shape) for shape in self.parameter_shapes().values())

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "input_shape": list(self.input_shape),
            "layers": [layer.to_dict() for layer in self.layers],
            "loss": Loss.of(self.loss).to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Network:
        """The inverse of `to_dict`."""
        return cls(
            tuple(data["input_shape"]), tuple(Layer.from_dict(layer) for layer in data["layers"]), Loss.of(data["loss"])
        )
