"""The table of vectors: each token's row is its vector."""

from __future__ import annotations

from engine.derivation.expressions import Index, Number
from engine.derivation.graph import Graph, Signal, whole
from engine.layers import Embedding

__all__ = ["plan_embedding"]


def plan_embedding(graph: Graph, x: Signal, layer: Embedding, name: str) -> Signal:
    """a[t, k] = w[token at t, k]; what comes back goes to the rows of the tokens that are there."""
    weight, steps = graph.parameters[f"{name}.weight"], x.shape[0]
    tokens = [int(x.value((t,))) for t in range(steps)]

    def row(index: Index) -> Index:
        t, k = index
        return tokens[t], k

    a = graph.node(f"{name}.activation", "a", name, "lookup", lambda i: weight.symbol(row(i)))
    graph.connect(
        a,
        weight,
        lambda i: (row(i),),
        lambda place: ((t, place[1]) for t in range(steps) if tokens[t] == place[0]),
        lambda i, j: Number(1.0),
    )
    graph.block(a, depth=1)
    return whole(a)
