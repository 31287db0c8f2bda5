"""Attention, number by number: one query's scores, their softmax over the keys, and the values that it mixes."""

from __future__ import annotations

from collections.abc import Iterator

from engine.derivation.activations import softmax, softmax_slope
from engine.derivation.dense import plan_product
from engine.derivation.expressions import Call, Expr, Index, Number, add
from engine.derivation.graph import Graph, Node, Signal, whole
from engine.derivation.sums import Wiring, connect_bias, connect_weighted, weighted_terms
from engine.layers import SelfAttention

__all__ = ["plan_self_attention"]


def plan_self_attention(graph: Graph, x: Signal, layer: SelfAttention, name: str) -> Signal:
    """scores = q k / sqrt(d), A = softmax(scores) over what is looked at, c = A v, z = W_out c + b_out."""
    query, key, value = (
        _project(graph, x, layer, name, part, word) for part, word in enumerate(("query", "key", "value"))
    )
    scores = _plan_scores(graph, query, key, name)
    weights = _plan_weights(graph, scores, layer, name)
    attended = _plan_attended(graph, weights, value, layer, name)
    for node in (query, key, value):
        graph.block(node, depth=2)
    graph.block(scores, weights, depth=2)
    graph.block(attended, depth=1)
    z = plan_product(
        graph,
        whole(attended),
        graph.parameters[f"{name}.out_proj.weight"],
        graph.parameters[f"{name}.out_proj.bias"],
        f"{name}.pre_activation",
        "z",
        "weighted_sum",
    )
    graph.block(z, depth=2)
    return whole(z)


def _project(graph: Graph, x: Signal, layer: SelfAttention, name: str, part: int, word: str) -> Node:
    """Query, key or value: y[head, t, i] = sum_f w_in[row, f] x[t, f] + b_in[row], the row that of part, head and i."""
    weight, bias = graph.parameters[f"{name}.in_proj.weight"], graph.parameters[f"{name}.in_proj.bias"]
    steps, features = x.shape
    size = features // layer.heads

    def row(index: Index) -> int:
        head, _, i = index
        return part * features + head * size + i

    def sums(row: int) -> Iterator[Index]:
        head, i = divmod(row - part * features, size)
        return ((head, t, i) for t in range(steps if 0 <= row - part * features < features else 0))

    wiring = Wiring(
        lambda index: (((row(index), f), (index[1], f)) for f in range(features)),
        lambda source: ((head, source[0], i) for head in range(layer.heads) for i in range(size)),
        lambda index, source: (row(index), source[1]),
        lambda place: sums(place[0]),
        lambda index, place: (index[1], place[1]),
    )

    def formula(index: Index) -> Expr:
        return add([*weighted_terms(weight, x, wiring, index), bias.symbol((row(index),))])

    y = graph.node(f"{name}.{word}", word[0], name, f"attention_{word}", formula)
    connect_weighted(graph, y, weight, x, wiring)
    connect_bias(graph, y, bias, lambda i: (row(i),), lambda place: sums(place[0]))
    return y


def _plan_scores(graph: Graph, query: Node, key: Node, name: str) -> Node:
    """s[head, t, r] = sum_i q[head, t, i] k[head, r, i] / sqrt(d)."""
    _, steps, size = query.shape
    root = Call("sqrt", Number(float(size)))

    def formula(index: Index) -> Expr:
        head, t, r = index
        return add(query.symbol((head, t, i)) * key.symbol((head, r, i)) for i in range(size)) / root

    scores = graph.node(f"{name}.scores", "s", name, "attention_score", formula)
    graph.connect(
        scores,
        query,
        lambda i: ((i[0], i[1], n) for n in range(size)),
        lambda j: ((j[0], j[1], r) for r in range(steps)),
        lambda i, j: key.symbol((i[0], i[2], j[2])) / root,
    )
    graph.connect(
        scores,
        key,
        lambda i: ((i[0], i[2], n) for n in range(size)),
        lambda j: ((j[0], t, j[1]) for t in range(steps)),
        lambda i, j: query.symbol((i[0], i[1], j[2])) / root,
    )
    return scores


def _plan_weights(graph: Graph, scores: Node, layer: SelfAttention, name: str) -> Node:
    """A[head, t, r] = e^s / sum over the r looked at; 0 for a later step, where none looks at those."""

    def row(index: Index) -> list[Index]:
        head, t, r = index
        if layer.causal and r > t:
            return []
        return [(head, t, other) for other in range(t + 1 if layer.causal else scores.shape[2])]

    def formula(index: Index) -> Expr:
        return softmax(scores.symbol(index), [scores.symbol(i) for i in row(index)]) if row(index) else Number(0.0)

    weights = graph.node(f"{name}.weights", "A", name, "softmax", formula)
    graph.connect(weights, scores, row, row, lambda i, j: softmax_slope(weights, i, j))
    return weights


def _plan_attended(graph: Graph, weights: Node, value: Node, layer: SelfAttention, name: str) -> Node:
    """c[t, head and i] = sum_r A[head, t, r] v[head, r, i]."""
    heads, steps, size = value.shape

    def looked_at(t: int) -> range:
        return range(t + 1 if layer.causal else steps)

    def formula(index: Index) -> Expr:
        t, (head, i) = index[0], divmod(index[1], size)
        return add(weights.symbol((head, t, r)) * value.symbol((head, r, i)) for r in looked_at(t))

    attended = graph.node(f"{name}.attended", "c", name, "attended", formula)
    graph.connect(
        attended,
        weights,
        lambda i: ((i[1] // size, i[0], r) for r in range(steps)),
        lambda j: ((j[1], j[0] * size + i) for i in range(size)),
        lambda i, j: value.symbol((j[0], j[2], i[1] % size)),
    )
    graph.connect(
        attended,
        value,
        lambda i: ((i[1] // size, r, i[1] % size) for r in looked_at(i[0])),
        lambda j: ((t, j[0] * size + j[2]) for t in range(j[1] if layer.causal else 0, steps)),
        lambda i, j: weights.symbol((j[0], i[0], j[1])),
    )
    return attended
