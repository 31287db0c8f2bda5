"""Convolution, number by number: z[o, i, j] is the sum over its window of weight times pixel, plus the bias."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from engine.activations import ActivationFunction
from engine.derivation.activations import activated
from engine.derivation.expressions import Expr, Index, add
from engine.derivation.graph import Graph, Signal, whole
from engine.derivation.sums import Wiring, connect_bias, connect_weighted, weighted_terms
from engine.layers import Conv2D
from engine.layers.convolution import Axis

__all__ = ["plan_conv2d", "places_of", "taps_of"]


def taps_of(axis: Axis, size: int, place: int) -> Iterator[tuple[int, int]]:
    """(tap, pixel) of the window at a place, for the pixels that are inside the picture."""
    for tap in range(axis.kernel):
        pixel = place * axis.stride - axis.before + tap * axis.dilation
        if 0 <= pixel < size:
            yield tap, pixel


def places_of(axis: Axis, pixel: int) -> Iterator[tuple[int, int]]:
    """(tap, place) of every window that holds a pixel."""
    for tap in range(axis.kernel):
        place, apart = divmod(pixel + axis.before - tap * axis.dilation, axis.stride)
        if not apart and 0 <= place < axis.places:
            yield tap, place


def plan_conv2d(graph: Graph, x: Signal, layer: Conv2D, name: str) -> Signal:
    """z by the window of each place, then a = f(z)."""
    weight, bias = graph.parameters[f"{name}.weight"], graph.parameters.get(f"{name}.bias")
    wiring = _wiring(layer, x.shape)

    def formula(index: Index) -> Expr:
        return add([*weighted_terms(weight, x, wiring, index), *([bias.symbol(index[:1])] if bias else [])])

    z = graph.node(f"{name}.pre_activation", "z", name, "convolve", formula)
    connect_weighted(graph, z, weight, x, wiring)
    if bias:
        _, height, width = z.shape
        connect_bias(graph, z, bias, lambda i: i[:1], lambda o: itertools.product(o, range(height), range(width)))
    a = activated(graph, whole(z), ActivationFunction.of(layer.activation), name)
    graph.block(z, *([a.node] if a.node is not z else []), depth=3)
    return a


def _wiring(layer: Conv2D, shape: Index) -> Wiring:
    """Which weight [o, c, k, m] meets which pixel [c, y, x] for which sum [o, i, j]."""
    channels, height, width = shape
    down, across = layer._axes(shape)

    def pairs(index: Index) -> Iterator[tuple[Index, Index]]:
        o, i, j = index
        for c in range(channels):
            for k, row in taps_of(down, height, i):
                for m, column in taps_of(across, width, j):
                    yield (o, c, k, m), (c, row, column)

    def sums_of(pixel: Index) -> Iterator[Index]:
        places = [[place for _, place in places_of(axis, p)] for axis, p in zip((down, across), pixel[1:], strict=True)]
        return itertools.product(range(layer.filters), *places)

    def weight_of(index: Index, pixel: Index) -> Index:
        taps = [
            (p + axis.before - place * axis.stride) // axis.dilation
            for axis, p, place in zip((down, across), pixel[1:], index[1:], strict=True)
        ]
        return (index[0], pixel[0], *taps)

    def x_of(index: Index, weight: Index) -> Index:
        row, column = (
            place * axis.stride - axis.before + tap * axis.dilation
            for axis, place, tap in zip((down, across), index[1:], weight[2:], strict=True)
        )
        return weight[1], row, column

    def sums_with(weight: Index) -> Iterator[Index]:
        for i, j in itertools.product(range(down.places), range(across.places)):
            _, row, column = x_of((0, i, j), weight)
            if 0 <= row < height and 0 <= column < width:
                yield weight[0], i, j

    return Wiring(pairs, sums_of, weight_of, sums_with, x_of)
