"""Networks that look at pictures, to test with: a `PictureCase` is one network and one batch, and its naive twin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import strategies as st

import engine
from engine.layers import Layer
from engine.run import Run
from tests import naive
from tests import naive_convolution as twin

Choose = Callable[[Sequence[Any]], Any]
SMOOTH = ("tanh", "sigmoid", "softplus", "identity", "gelu")


@dataclass(frozen=True)
class PictureCase:
    """Layers from pictures `input_shape` to two outputs, mean squared error; numbers are drawn from `seed`."""

    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]
    batch: int = 3
    seed: int = 0

    @property
    def network(self) -> engine.Network:
        return engine.Network(self.input_shape, self.layers, "mean_squared_error")

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters with O(1) pre-activations, biases too."""
        rng = np.random.default_rng(self.seed)
        return {
            name: rng.normal(0, 1.2 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.5, shape)
            for name, shape in self.network.parameter_shapes().items()
        }

    @cached_property
    def x(self) -> np.ndarray:
        return np.random.default_rng(self.seed + 1).normal(size=(self.batch, *self.input_shape))

    @cached_property
    def y(self) -> np.ndarray:
        return np.random.default_rng(self.seed + 2).normal(size=(self.batch, *self.network.output_shape))

    def start(self, **options: Any) -> Run:
        """A run in float64, full batch, that begins at this case's parameters; `options` of the experiment."""
        data = engine.Dataset(self.x, self.y, self.x, self.y, task="regression")
        chosen = {"optimiser": engine.SGD(0.1), "regime": engine.FullBatch(), "dtype": "float64"} | options
        run = engine.Experiment(self.network, data, **chosen).start()
        run.set_parameters(self.arrays)
        return run

    def naive_outputs(self) -> np.ndarray:
        return np.array([self._forward(x)[-1] for x in self.x])

    def naive_gradients(self) -> dict[str, np.ndarray]:
        """Mean over the batch of each example's gradients."""
        mean = {name: np.zeros(array.shape) for name, array in self.arrays.items()}
        for x, y in zip(self.x, self.y, strict=True):
            seen = self._forward(x)
            delta = naive.mean_squared_error_slope(seen[-1], y)
            for name, gradient in self._backward(seen, delta).items():
                mean[name] += np.asarray(gradient) / self.batch
        return mean

    def _forward(self, x: np.ndarray) -> list[Any]:
        """What each layer is given, and the output."""
        seen: list[Any] = [x]
        for name, layer, shape, _ in self.network.named_layers():
            seen.append(forward(name, layer, shape, self.arrays, seen[-1]))
        return seen

    def _backward(self, seen: list[Any], delta: Any) -> dict[str, Any]:
        gradients: dict[str, Any] = {}
        for (name, layer, shape, _), x in reversed(list(zip(self.network.named_layers(), seen, strict=False))):
            delta = backward(name, layer, shape, self.arrays, x, delta, gradients)
        return gradients


def axes(layer: Any, shape: Sequence[int]) -> list[twin.Axis]:
    """Down and across, from the layer's options as a person would read them."""

    def both(value: Any) -> tuple[Any, Any]:
        return tuple(value) if isinstance(value, tuple) else (value, value)

    if not isinstance(layer, engine.Conv2D):
        stride = layer.size if layer.stride is None else layer.stride
        return [twin.Axis(*along) for along in zip(shape[1:], both(layer.size), both(stride), strict=True)]
    found = []
    options = (both(getattr(layer, option)) for option in ("kernel_size", "stride", "padding", "dilation"))
    for size, kernel, stride, zeros, dilation in zip(shape[1:], *options, strict=True):
        if zeros == "same":
            found.append(twin.same(size, kernel, stride, dilation))
        else:
            zeros = 0 if zeros == "valid" else zeros
            found.append(twin.Axis(size, kernel, stride, zeros, zeros, dilation))
    return found


def bias_of(layer: Any, arrays: dict[str, np.ndarray], name: str, count: int) -> np.ndarray:
    return arrays[f"{name}.bias"] if layer.use_bias else np.zeros(count)


def pre_activation(name: str, layer: Any, shape: Sequence[int], arrays: dict[str, np.ndarray], x: Any) -> np.ndarray:
    weight = arrays[f"{name}.weight"]
    bias = bias_of(layer, arrays, name, len(weight))
    if isinstance(layer, engine.Conv2D):
        return twin.conv2d(x, weight, bias, *axes(layer, shape))
    return np.array(
        [b + sum(w * number for w, number in zip(row, x, strict=True)) for row, b in zip(weight, bias, strict=True)]
    )


def forward(name: str, layer: Any, shape: Sequence[int], arrays: dict[str, np.ndarray], x: Any) -> Any:
    if layer.name in ("flatten", "global_average_pool2d"):
        return getattr(twin, layer.name)(x)
    if layer.name in ("max_pool2d", "avg_pool2d"):
        return getattr(twin, layer.name)(x, *axes(layer, shape))
    z = pre_activation(name, layer, shape, arrays, x)
    flat = naive.activate({"activation": layer.activation.to_dict()}, z.reshape(-1).tolist())
    return np.array(flat).reshape(z.shape)


def backward(
    name: str,
    layer: Any,
    shape: Sequence[int],
    arrays: dict[str, np.ndarray],
    x: Any,
    delta: Any,
    gradients: dict[str, Any],
) -> Any:
    """dL/dx from dL/d(output); writes the layer's own gradients."""
    if layer.name == "flatten":
        return np.reshape(delta, shape)
    if layer.name == "global_average_pool2d":
        return twin.global_average_pool2d_backward(x, delta)
    if layer.name in ("max_pool2d", "avg_pool2d"):
        return getattr(twin, f"{layer.name}_backward")(x, delta, *axes(layer, shape))
    z = pre_activation(name, layer, shape, arrays, x)
    activation = {"activation": layer.activation.to_dict()}
    flat = naive.activate_backward(activation, z.reshape(-1).tolist(), np.reshape(delta, -1).tolist())
    d_z, weight = np.array(flat).reshape(z.shape), arrays[f"{name}.weight"]
    if isinstance(layer, engine.Conv2D):
        d_weight, d_bias, d_x = twin.conv2d_backward(x, weight, d_z, *axes(layer, shape))
    else:
        d_weight, d_bias, d_x = np.outer(d_z, x), d_z, weight.T @ d_z
    gradients[f"{name}.weight"] = d_weight
    if layer.use_bias:
        gradients[f"{name}.bias"] = d_bias
    return d_x


# ---------------------------------------------------------------------------------------------------- any such network


def any_convolution(choose: Choose, shape: tuple[int, ...], activations: Sequence[str]) -> engine.Conv2D:
    """A convolution that fits: any options, odd sizes, kernels that hang over the edge."""
    while True:
        layer = engine.Conv2D(
            choose((1, 2, 3, 5, 6, 7, 9)),
            (choose((1, 2, 3, 4)), choose((1, 2, 3, 5))),
            (choose((1, 2, 3)), choose((1, 2))),
            choose(("valid", "same", 0, 1, (2, 1), (0, 3))),
            (choose((1, 2)), choose((1, 2, 3))),
            activation=choose(activations),
            use_bias=choose((True, True, False)),
        )
        if fits(layer, shape):
            return layer


def any_pooling(choose: Choose, shape: tuple[int, ...]) -> list[Layer]:
    """None, or windows that touch, overlap or leave pixels out."""
    kind = choose((None, engine.MaxPool2D, engine.AvgPool2D))
    if kind is None:
        return []
    layer = kind((choose((1, 2, 3)), choose((1, 2, 3))), choose((None, 1, 2, (3, 1))))
    return [layer] if fits(layer, shape) else []


def fits(layer: Layer, shape: tuple[int, ...]) -> bool:
    try:
        layer.output_shape(shape)
    except engine.errors.ConfigurationError:
        return False
    return True


def any_case(choose: Choose, activations: Sequence[str], batches: Sequence[int]) -> PictureCase:
    """Two convolutions with or without pooling, and one of the two ways out of pictures."""
    shape: tuple[int, ...] = (choose((1, 2, 3)), choose((1, 2, 4, 5, 7)), choose((1, 3, 6, 8)))
    input_shape, layers = shape, []
    for _ in range(2):
        convolution = any_convolution(choose, shape, activations)
        pooling = any_pooling(choose, convolution.output_shape(shape))
        for layer in (convolution, *pooling):
            shape = layer.output_shape(shape)
        layers += [convolution, *pooling]
    layers += [choose((engine.Flatten(), engine.GlobalAveragePool2D())), engine.Dense(2)]
    return PictureCase(input_shape, tuple(layers), choose(batches), choose(range(1000)))


@st.composite
def picture_cases(
    draw: st.DrawFn, activations: Sequence[str] = (*SMOOTH, "relu", "elu"), batches: Sequence[int] = (1, 2, 3)
) -> PictureCase:
    return any_case(lambda options: draw(st.sampled_from(options)), activations, batches)
