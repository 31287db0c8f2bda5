"""Layers that bring their inputs to mean 0 and variance 1: over the batch, or over the features of one example."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import ConfigurationError
from engine.initialisers import Constant, Initialiser, Zeros
from engine.layers.base import Layer, Shape
from engine.spec import check_number

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["BatchNorm", "LayerNorm"]


@dataclass(frozen=True)
class BatchNorm(Layer, name="batch_norm"):
    """n = (x - mean) / sqrt(variance + epsilon),  y = weight n + bias, for each feature. Ioffe & Szegedy 2015, alg. 1.

    Mean and (biased) variance are over the batch in training; over the batch and all places or time steps where there
    are such. Evaluation takes `running_mean` and `running_var`, which training keeps: running += momentum (batch's -
    running), with the unbiased variance. A batch of one number alone gives n = 0, dL/dx = 0, and is not kept.

    Shapes: x and y [batch, features], [batch, time, features] or [batch, channels, height, width]; `weight`, `bias`,
    `running_mean`, `running_var` [features] or [channels].
    """

    momentum: float = 0.1
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_number("momentum", self.momentum, 0.0, 1.0)
        check_number("epsilon", self.epsilon, 0.0, 1.0, open_low=True)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) not in (1, 2, 3):
            accepted = "(features,), (time, features) or (channels, height, width)"
            raise ConfigurationError("input of batch_norm", input_shape, accepted)
        return input_shape

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("weight", "bias"), (_features(input_shape),))

    def statistic_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("running_mean", "running_var"), (_features(input_shape),))

    def initialisers(self) -> dict[str, Initialiser]:
        return {"weight": Constant(1.0), "bias": Zeros(), "running_mean": Zeros(), "running_var": Constant(1.0)}

    def check_batch(self, input_shape: Shape, batch: int) -> None:
        if batch * math.prod(input_shape) == _features(input_shape):
            accepted = "updates of at least 2 examples, so that features vary (or layer_norm instead)"
            raise ConfigurationError("batch of batch_norm", batch, accepted)

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        features = _features(x.shape)
        repeats = x.features // features
        between = (repeats, 1) if len(x.shape) == 3 else (1, features)  # features, repeats
        places, y = _plan_names(planner, x, name, (features,))
        kept = (planner.statistic(f"{name}.running_mean"), planner.statistic(f"{name}.running_var"))
        apart = (planner.lanes * vectors for vectors in between)
        numbers = (*places, features, repeats, *apart, *kept, planner.training)
        options = (self.epsilon, self.momentum)
        planner.emit("batch_norm_forward", x.offset, *numbers, options=options)

        def backward() -> None:
            with planner.delta_of(x) as dx:
                planner.emit("batch_norm_backward", dx.offset, *numbers, options=options)

        planner.on_backward(backward)
        return y


@dataclass(frozen=True)
class LayerNorm(Layer, name="layer_norm"):
    """n = (x - mean) / sqrt(variance + epsilon),  y = weight n + bias. Ba, Kiros & Hinton 2016, eq. 4.

    Mean and (biased) variance are over the features of each example, at each time step: no example sees another.

    Shapes: x and y [batch, features] or [batch, time, features]; `weight` and `bias` [features].
    """

    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_number("epsilon", self.epsilon, 0.0, 1.0, open_low=True)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) not in (1, 2):
            accepted = "(features,), or (time, features): put Flatten() before it"
            raise ConfigurationError("input of layer_norm", input_shape, accepted)
        return input_shape

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("weight", "bias"), input_shape[-1:])

    def initialisers(self) -> dict[str, Initialiser]:
        return {"weight": Constant(1.0), "bias": Zeros()}

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        features, repeats = x.shape[-1], math.prod(x.shape[:-1])
        places, y = _plan_names(planner, x, name, x.shape[:-1] or (1,))
        numbers = (x.offset, *places, features, repeats)
        planner.emit("layer_norm_forward", *numbers, options=(self.epsilon,))

        def backward() -> None:
            planner.emit("layer_norm_weight_gradient", *numbers)
            planner.emit("layer_norm_backward", *numbers, planner.adds_to_delta(x), options=(self.epsilon,))

        planner.on_backward(backward)
        return y


def _features(input_shape: Shape) -> int:
    """The channels of an image, the last axis of everything else."""
    return input_shape[0] if len(input_shape) == 3 else input_shape[-1]


def _plan_names(planner: Planner, x: Tensor, name: str, statistics: Shape) -> tuple[tuple[int, ...], Tensor]:
    """(offsets of y, n, mean, variance, weight and bias; y)."""
    y, normalised = planner.tensor(f"{name}.pre_activation", x.shape), planner.tensor(f"{name}.normalised", x.shape)
    planner.alias(f"{name}.activation", y)
    mean, variance = planner.tensor(f"{name}.mean", statistics), planner.tensor(f"{name}.variance", statistics)
    weight, bias = planner.parameter(f"{name}.weight"), planner.parameter(f"{name}.bias")
    return (y.offset, normalised.offset, mean.offset, variance.offset, weight, bias), y
