"""The slow, obvious twin of convolution and pooling: one picture, plain loops, one formula a function. No engine.

A picture is a nested list or an array [channel][row][column]; results are float64 arrays, to be read by index. An
`Axis` says how a window moves along one axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Axis(NamedTuple):
    """A window of `kernel` taps, `dilation` apart, moves by `stride` over `size` places and the zeros around them."""

    size: int
    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1

    @property
    def places(self) -> int:
        """How many times the window fits: slide it and count."""
        start, count = -self.before, 0
        while start + (self.kernel - 1) * self.dilation < self.size + self.after:
            start, count = start + self.stride, count + 1
        return count

    def taps(self, place: int) -> Iterator[tuple[int, int]]:
        """(tap, what it sees) of the window at `place`, inside the picture."""
        for tap in range(self.kernel):
            seen = place * self.stride - self.before + tap * self.dilation
            if 0 <= seen < self.size:
                yield tap, seen


def same(size: int, kernel: int, stride: int, dilation: int) -> Axis:
    """The fewest zeros with which the window fits ceil(size / stride) times; the odd one comes after."""
    zeros = 0
    while Axis(size, kernel, stride, 0, zeros, dilation).places < -(-size // stride):
        zeros += 1
    return Axis(size, kernel, stride, zeros // 2, zeros - zeros // 2, dilation)


def conv2d(x, weight, bias, down: Axis, across: Axis) -> np.ndarray:
    """z[o][i][j] = b[o] + sum over c, k, m of W[o][c][k][m] x[c][seen down][seen across]."""
    z = np.zeros((len(weight), down.places, across.places))
    for o, i, j in np.ndindex(z.shape):
        z[o, i, j] = bias[o]
        for c in range(len(x)):
            for k, y in down.taps(i):
                for m, left in across.taps(j):
                    z[o, i, j] += weight[o][c][k][m] * x[c][y][left]
    return z


def conv2d_backward(x, weight, delta, down: Axis, across: Axis) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(dL/dW, dL/db, dL/dx) from dL/dz: each product of the sum above hands its delta to both factors."""
    d_weight, d_bias, d_x = np.zeros(np.shape(weight)), np.zeros(len(weight)), np.zeros(np.shape(x))
    for o, i, j in np.ndindex(np.shape(delta)):
        d_bias[o] += delta[o][i][j]
        for c in range(len(x)):
            for k, y in down.taps(i):
                for m, left in across.taps(j):
                    d_weight[o, c, k, m] += delta[o][i][j] * x[c][y][left]
                    d_x[c, y, left] += delta[o][i][j] * weight[o][c][k][m]
    return d_weight, d_bias, d_x


def max_pool2d(x, down: Axis, across: Axis) -> np.ndarray:
    """The greatest number of each window."""
    y = np.zeros((len(x), down.places, across.places))
    for c, i, j in np.ndindex(y.shape):
        y[c, i, j] = max(x[c][row][column] for _, row in down.taps(i) for _, column in across.taps(j))
    return y


def max_pool2d_backward(x, delta, down: Axis, across: Axis) -> np.ndarray:
    """dL/dx: each window's delta goes to its first greatest number, row by row."""
    d_x = np.zeros(np.shape(x))
    for c, i, j in np.ndindex(np.shape(delta)):
        window = [(row, column) for _, row in down.taps(i) for _, column in across.taps(j)]
        row, column = max(window, key=lambda place, c=c: x[c][place[0]][place[1]])  # the first, where several are
        d_x[c, row, column] += delta[c][i][j]
    return d_x


def avg_pool2d(x, down: Axis, across: Axis) -> np.ndarray:
    """The mean of each window."""
    y = np.zeros((len(x), down.places, across.places))
    for c, i, j in np.ndindex(y.shape):
        window = [x[c][row][column] for _, row in down.taps(i) for _, column in across.taps(j)]
        y[c, i, j] = sum(window) / len(window)
    return y


def avg_pool2d_backward(x, delta, down: Axis, across: Axis) -> np.ndarray:
    """dL/dx: each window's delta, shared equally."""
    d_x = np.zeros(np.shape(x))
    for c, i, j in np.ndindex(np.shape(delta)):
        for _, row in down.taps(i):
            for _, column in across.taps(j):
                d_x[c, row, column] += delta[c][i][j] / (down.kernel * across.kernel)
    return d_x


def global_average_pool2d(x) -> list[float]:
    """The mean of each channel."""
    return [sum(sum(row) for row in channel) / (len(channel) * len(channel[0])) for channel in x]


def global_average_pool2d_backward(x, delta) -> np.ndarray:
    """dL/dx: each channel's delta, shared equally by its pixels."""
    d_x = np.zeros(np.shape(x))
    for c, i, j in np.ndindex(d_x.shape):
        d_x[c, i, j] = delta[c] / (len(x[c]) * len(x[c][0]))
    return d_x


def flatten(x) -> list[float]:
    """All numbers in a row: channel by channel, row by row."""
    return [number for channel in x for row in channel for number in row]


LAYERS = {"conv2d", "max_pool2d", "avg_pool2d", "global_average_pool2d", "flatten"}
