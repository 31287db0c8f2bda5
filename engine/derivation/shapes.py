"""Layers without weights: activation, flatten, dropout, and sums of what goes past with what goes through."""

from __future__ import annotations

import numpy as np

from engine.activations import ActivationFunction
from engine.derivation.activations import activated
from engine.derivation.expressions import Index, Number, Symbol
from engine.derivation.graph import Graph, Node, Signal, flat_index, whole
from engine.layers import Activation, Dropout, Flatten, PositionalEncoding

__all__ = ["plan_activation", "plan_dropout", "plan_flatten", "plan_positional_encoding", "plan_sum"]


def plan_activation(graph: Graph, x: Signal, layer: Activation, name: str) -> Signal:
    """a = f(x)."""
    a = activated(graph, x, ActivationFunction.of(layer.function), name)
    if a is not x:
        graph.block(a.node)
    return a


def plan_flatten(graph: Graph, x: Signal, layer: Flatten, name: str) -> Signal:
    """The same numbers in a row."""

    def to(index: Index) -> Index:
        return tuple(int(i) for i in np.unravel_index(index[0], x.shape))

    return x.viewed((int(np.prod(x.shape)),), to, lambda index: (flat_index(index, x.shape),))


def plan_dropout(graph: Graph, x: Signal, layer: Dropout, name: str) -> Signal:
    """a = mask x in training, the mask 0 or 1 / (1 - rate); x itself in evaluation."""
    if graph.followed.mode == "evaluation":
        return x
    mask = graph.followed.values(f"{name}.mask")

    def factor(index: Index) -> Symbol:
        return Symbol("mask", name, index, float(mask[index]), field=f"{name}.mask")

    a = graph.node(f"{name}.activation", "a", name, "dropout", lambda i: factor(i) * x.symbol(i))
    graph.connect_each(a, x, lambda i, _: factor(i))
    graph.block(a)
    return whole(a)


def plan_positional_encoding(graph: Graph, x: Signal, layer: PositionalEncoding, name: str) -> Signal:
    """a = x + p, p a given number for each time step and feature."""
    encoding = graph.followed.values(f"{name}.encoding")

    def given(index: Index) -> Symbol:
        return Symbol("p", name, index, float(encoding[index]), field=f"{name}.encoding")

    a = graph.node(f"{name}.activation", "a", name, "sum", lambda i: x.symbol(i) + given(i))
    graph.connect_each(a, x, lambda i, _: Number(1.0))
    graph.block(a)
    return whole(a)


def plan_sum(graph: Graph, x: Signal, branch: Signal, quantity: str, name: str) -> Signal:
    """a = x + f(x): what comes back goes both ways, whole."""
    a: Node = graph.node(quantity, "a", name, "sum", lambda i: x.symbol(i) + branch.symbol(i))
    for part in (x, branch):
        graph.connect_each(a, part, lambda i, _: Number(1.0))
    graph.block(a)
    return whole(a)
