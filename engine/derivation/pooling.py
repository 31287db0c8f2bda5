"""Pooling, number by number: the greatest number of a window, or the mean."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from engine.derivation.convolution import places_of, taps_of
from engine.derivation.expressions import Index, Maximum, Number, add
from engine.derivation.graph import Graph, Signal, whole
from engine.layers import AvgPool2D, GlobalAveragePool2D, MaxPool2D
from engine.layers.convolution import Axis
from engine.layers.images import pair

__all__ = ["plan_average_pool", "plan_global_average_pool", "plan_max_pool"]

Windows = tuple[Axis, Axis]


def plan_max_pool(graph: Graph, x: Signal, layer: MaxPool2D, name: str) -> Signal:
    """The greatest of each window; what comes back goes to it alone (to the first where several are equal)."""
    axes = _windows(layer, x.shape)

    def greatest(index: Index) -> Index:
        return max(_window(axes, x.shape, index), key=x.value)

    def chosen_by(pixel: Index) -> Iterator[Index]:
        return (index for index in _windows_with(axes, pixel) if greatest(index) == pixel)

    a = graph.node(
        f"{name}.activation",
        "a",
        name,
        "max_pool",
        lambda i: Maximum(tuple(x.symbol(pixel) for pixel in _window(axes, x.shape, i))),
    )
    graph.connect(a, x, lambda i: (greatest(i),), chosen_by, lambda i, j: Number(1.0))
    graph.block(a)
    return whole(a)


def plan_average_pool(graph: Graph, x: Signal, layer: AvgPool2D, name: str) -> Signal:
    """The mean of each window; what comes back is shared equally."""
    return _plan_average(graph, x, _windows(layer, x.shape), name)


def plan_global_average_pool(graph: Graph, x: Signal, layer: GlobalAveragePool2D, name: str) -> Signal:
    """The mean of each channel."""
    _, height, width = x.shape
    return _plan_average(graph, x, (Axis(1, height, 1, 0, 1), Axis(1, width, 1, 0, 1)), name)


def _plan_average(graph: Graph, x: Signal, axes: Windows, name: str) -> Signal:
    count = axes[0].kernel * axes[1].kernel
    places = 3 if graph.followed.values(f"{name}.activation").ndim == 3 else 1  # [c, i, j], or [c] alone

    def window(index: Index) -> Iterable[Index]:
        return _window(axes, x.shape, (*index, 0, 0)[:3])

    a = graph.node(
        f"{name}.activation", "a", name, "average_pool", lambda i: add(x.symbol(pixel) for pixel in window(i)) / count
    )
    graph.connect(
        a, x, window, lambda pixel: (i[:places] for i in _windows_with(axes, pixel)), lambda i, j: Number(1.0) / count
    )
    graph.block(a)
    return whole(a)


def _windows(layer: MaxPool2D | AvgPool2D, shape: Index) -> Windows:
    places = layer.output_shape(shape)[1:]
    down, across = (
        Axis(count, size, stride, 0, 1)
        for count, size, stride in zip(places, pair(layer.size), layer._stride(), strict=True)
    )
    return down, across


def _window(axes: Windows, shape: Index, index: Index) -> Iterator[Index]:
    """The pixels of one window, row by row."""
    sides = [
        [pixel for _, pixel in taps_of(axis, size, place)]
        for axis, size, place in zip(axes, shape[1:], index[1:], strict=True)
    ]
    return itertools.product(index[:1], *sides)


def _windows_with(axes: Windows, pixel: Index) -> Iterator[Index]:
    """The windows that hold a pixel."""
    sides = [[place for _, place in places_of(axis, p)] for axis, p in zip(axes, pixel[1:], strict=True)]
    return itertools.product(pixel[:1], *sides)
