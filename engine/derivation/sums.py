"""Weighted sums: what dense, convolutional and recurrent layers have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.derivation.expressions import Expr, Index, Number
from engine.derivation.graph import Graph, Node, Signal

__all__ = ["Wiring", "connect_bias", "connect_weighted", "weighted_terms"]


@dataclass(frozen=True)
class Wiring:
    """Which weight takes which number of x to which sum z.

    pairs : from an index of z to (index of the weight, index of x), for every product in the sum
    sums_of : from an index of x to those of the z that it goes into
    weight_of : (index of z, index of x) -> index of the weight between them
    sums_with : from an index of the weight to those of the z that it goes into
    x_of : (index of z, index of the weight) -> index of x
    """

    pairs: Callable[[Index], Iterable[tuple[Index, Index]]]
    sums_of: Callable[[Index], Iterable[Index]]
    weight_of: Callable[[Index, Index], Index]
    sums_with: Callable[[Index], Iterable[Index]]
    x_of: Callable[[Index, Index], Index]


def weighted_terms(weight: Node, x: Signal, wiring: Wiring, index: Index) -> list[Expr]:
    """w x for every product in one sum."""
    return [weight.symbol(place) * x.symbol(source) for place, source in wiring.pairs(index)]


def connect_weighted(graph: Graph, z: Node, weight: Node, x: Signal, wiring: Wiring) -> None:
    """dz/dx = w and dz/dw = x."""

    def sources(index: Index) -> Iterable[Index]:
        return (source for _, source in wiring.pairs(index))

    def weights(index: Index) -> Iterable[Index]:
        return (place for place, _ in wiring.pairs(index))

    graph.connect(z, x, sources, wiring.sums_of, lambda i, j: weight.symbol(wiring.weight_of(i, j)), slope_first=True)
    graph.connect(z, weight, weights, wiring.sums_with, lambda i, j: x.symbol(wiring.x_of(i, j)))


def connect_bias(
    graph: Graph, z: Node, bias: Node, place: Callable[[Index], Index], sums_with: Callable[[Index], Iterable[Index]]
) -> None:
    """dz/db = 1."""
    graph.connect(z, bias, lambda i: (place(i),), sums_with, lambda i, j: Number(1.0))
