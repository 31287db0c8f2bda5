"""The fully connected layer, number by number: z_k = sum_i w_ki x_i + b_k, at every time step where there are such."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.activations import ActivationFunction
from engine.derivation.activations import activated
from engine.derivation.expressions import Expr, Index, add
from engine.derivation.graph import Graph, Node, Signal, whole
from engine.derivation.sums import Wiring, connect_bias, connect_weighted, weighted_terms
from engine.layers import Dense

__all__ = ["plan_dense", "plan_product"]


def plan_dense(graph: Graph, x: Signal, layer: Dense, name: str) -> Signal:
    """z = W x + b, a = f(z)."""
    weight, bias = graph.parameters[f"{name}.weight"], graph.parameters.get(f"{name}.bias")
    z = plan_product(graph, x, weight, bias, f"{name}.pre_activation", "z", "weighted_sum")
    a = activated(graph, whole(z), ActivationFunction.of(layer.activation), name)
    mixes = ActivationFunction.of(layer.activation).name == "softmax"
    graph.block(z, *([a.node] if a.node is not z else []), depth=len(z.shape) - mixes)
    return a


def plan_product(graph: Graph, x: Signal, weight: Node, bias: Node | None, name: str, letter: str, kind: str) -> Node:
    """sum_i w_ki x_ti + b_k for every time step t (there may be none) and every row k of the weights."""
    rows, inputs = weight.shape
    times = x.shape[:-1]

    def pairs(index: Index) -> Iterator[tuple[Index, Index]]:
        *t, k = index
        return (((k, i), (*t, i)) for i in range(inputs))

    def at_every_time(k: int) -> Iterator[Index]:
        return ((*t, k) for t in np.ndindex(times))

    wiring = Wiring(
        pairs,
        lambda source: ((*source[:-1], k) for k in range(rows)),
        lambda sum_, source: (sum_[-1], source[-1]),
        lambda place: at_every_time(place[0]),
        lambda sum_, place: (*sum_[:-1], place[1]),
    )

    def formula(index: Index) -> Expr:
        return add([*weighted_terms(weight, x, wiring, index), *([bias.symbol(index[-1:])] if bias else [])])

    z = graph.node(name, letter, weight.layer, kind, formula)
    connect_weighted(graph, z, weight, x, wiring)
    if bias:
        connect_bias(graph, z, bias, lambda i: i[-1:], lambda place: at_every_time(place[0]))
    return z
