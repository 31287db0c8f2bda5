"""Normalisation, number by number: mean, variance, n = (x - mean) / sqrt(variance + epsilon), a = gamma n + beta."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from engine.derivation.expressions import Call, Expr, Index, Number, Symbol, add
from engine.derivation.graph import Graph, Node, Signal, whole
from engine.layers import BatchNorm, LayerNorm

__all__ = ["plan_batch_norm", "plan_layer_norm"]


def plan_layer_norm(graph: Graph, x: Signal, layer: LayerNorm, name: str) -> Signal:
    """Mean and variance are over the features of one time step (of the one example, where there are no steps)."""
    features = x.shape[-1]

    def members(index: Index) -> list[Index]:
        return [(*index, k) if len(x.shape) > 1 else (k,) for k in range(features)]

    def own(index: Index) -> Index:
        return index[:-1] or (0,)

    def distance(index: Index) -> Expr:
        return x.symbol(index) - mean.symbol(own(index))

    mean = graph.node(
        f"{name}.mean", "mean", name, "mean", lambda i: add(x.symbol(place) for place in members(i)) / features
    )
    graph.connect(mean, x, members, lambda j: (own(j),), lambda i, j: Number(1.0) / features)
    variance = graph.node(
        f"{name}.variance",
        "variance",
        name,
        "variance",
        lambda i: add(distance(place) ** 2 for place in members(i)) / features,
    )
    graph.connect(variance, x, members, lambda j: (own(j),), lambda i, j: 2 * distance(j) / features)
    spread = _spread(lambda i: variance.symbol(own(i)), layer.epsilon)
    n = graph.node(f"{name}.normalised", "n", name, "normalise", lambda i: distance(i) / spread(i))
    graph.connect_each(n, x, lambda i, _: 1 / spread(i))
    graph.connect(n, mean, lambda i: (own(i),), members, lambda i, j: -(1 / spread(i)))
    graph.connect(n, variance, lambda i: (own(i),), members, lambda i, j: -(n.symbol(i) / (2 * spread(i) ** 2)))
    a = _scaled(graph, n, name, x.shape)
    graph.block(mean, variance, n, a)
    return whole(a)


def plan_batch_norm(graph: Graph, x: Signal, layer: BatchNorm, name: str) -> Signal:
    """As in evaluation: mean and variance are those that training has kept, given numbers for one example."""

    def given(quantity: str, index: Index) -> Symbol:
        place = (_feature(index),)
        value = float(graph.followed.values(f"{name}.{quantity}")[place])
        return Symbol(quantity, name, place, value, field=f"{name}.{quantity}")

    spread = _spread(lambda i: given("variance", i), layer.epsilon)
    n = graph.node(f"{name}.normalised", "n", name, "normalise", lambda i: (x.symbol(i) - given("mean", i)) / spread(i))
    graph.connect_each(n, x, lambda i, _: 1 / spread(i))
    a = _scaled(graph, n, name, x.shape)
    graph.block(n, a, depth=len(x.shape))
    return whole(a)


def _spread(variance: Callable[[Index], Symbol], epsilon: float) -> Callable[[Index], Expr]:
    """sqrt(variance + epsilon)."""
    return lambda index: Call("sqrt", variance(index) + Symbol("epsilon", value=epsilon))


def _scaled(graph: Graph, n: Node, name: str, shape: Index) -> Node:
    """a = gamma n + beta, with one gamma and beta a feature."""
    gamma, beta = graph.parameters[f"{name}.weight"], graph.parameters[f"{name}.bias"]

    def places(feature: Index) -> Iterator[Index]:
        return (index for index in np.ndindex(shape) if _feature(index) == feature[0])

    def own(index: Index) -> Index:
        return (_feature(index),)

    a = graph.node(
        f"{name}.activation", "a", name, "scale", lambda i: gamma.symbol(own(i)) * n.symbol(i) + beta.symbol(own(i))
    )
    graph.connect(a, n, lambda i: (i,), lambda j: (j,), lambda i, j: gamma.symbol(own(i)), slope_first=True)
    graph.connect(a, gamma, lambda i: (own(i),), places, lambda i, j: n.symbol(i))
    graph.connect(a, beta, lambda i: (own(i),), places, lambda i, j: Number(1.0))
    return a


def _feature(index: Index) -> int:
    """The channel of a picture's number, the last index of every other's."""
    return index[0] if len(index) == 3 else index[-1]
