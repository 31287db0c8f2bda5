"""The slow, obvious twins of layer and batch normalisation (in training): plain loops, one formula a function."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tests.naive import Choice

Arrays = dict[str, np.ndarray]


def normalise(x: Sequence[float], epsilon: float) -> tuple[list[float], float, float]:
    """n_i = (x_i - mean) / sqrt(variance + epsilon); also mean and variance."""
    mean = sum(x) / len(x)
    variance = sum((x_i - mean) ** 2 for x_i in x) / len(x)
    return [(x_i - mean) / math.sqrt(variance + epsilon) for x_i in x], mean, variance


def normalise_backward(n: Sequence[float], variance: float, epsilon: float, dn: Sequence[float]) -> list[float]:
    """dL/dx_j = sum_i dL/dn_i dn_i/dx_j,  dn_i/dx_j = ([i = j] - 1 / N - n_i n_j / N) / sqrt(variance + epsilon)."""
    size, s = len(n), math.sqrt(variance + epsilon)

    def slope(i: int, j: int) -> float:
        return ((i == j) - 1 / size - n[i] * n[j] / size) / s

    return [sum(dn[i] * slope(i, j) for i in range(size)) for j in range(size)]


def feature(index: tuple[int, ...]) -> int:
    """Which weight the number x[index] has: its channel in an image [batch, channel, h, w], else its last index."""
    return index[1] if len(index) == 4 else index[-1]


def groups(layer: Choice, shape: tuple[int, ...]) -> Iterator[list[tuple[int, ...]]]:
    """The indices of numbers that share a mean: one example and time step, or one feature."""
    whole: dict[Any, list[tuple[int, ...]]] = {}
    for index in np.ndindex(shape):
        whole.setdefault(index[:-1] if layer["name"] == "layer_norm" else feature(index), []).append(index)
    yield from whole.values()


def forward(layer: Choice, parameters: Arrays, name: str, x: np.ndarray) -> tuple[np.ndarray, dict]:
    """y = weight n + bias. Both layers; x [batch, ...]."""
    y, n, variances = np.zeros(x.shape), np.zeros(x.shape), []
    for group in groups(layer, x.shape):
        normalised, _, variance = normalise([x[index] for index in group], layer["epsilon"])
        variances.append(variance)
        for index, value in zip(group, normalised, strict=True):
            n[index] = value
            y[index] = parameters[f"{name}.weight"][feature(index)] * value + parameters[f"{name}.bias"][feature(index)]
    return y, {"n": n, "variances": variances}


def backward(layer: Choice, parameters: Arrays, name: str, tape: dict, dy: np.ndarray) -> tuple[np.ndarray, Arrays]:
    """dL/dx, and dL/dweight = sum n dL/dy, dL/dbias = sum dL/dy."""
    dx, n, weight = np.zeros(dy.shape), tape["n"], parameters[f"{name}.weight"]
    gradients = {f"{name}.weight": np.zeros(weight.shape), f"{name}.bias": np.zeros(weight.shape)}
    for index in np.ndindex(dy.shape):
        gradients[f"{name}.weight"][feature(index)] += n[index] * dy[index]
        gradients[f"{name}.bias"][feature(index)] += dy[index]
    for group, variance in zip(groups(layer, dy.shape), tape["variances"], strict=True):
        dn = [weight[feature(index)] * dy[index] for index in group]
        values = normalise_backward([n[index] for index in group], variance, layer["epsilon"], dn)
        for index, value in zip(group, values, strict=True):
            dx[index] = value
    return dx, gradients
