"""From a network to the graph of one example: each layer says its nodes and links, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.derivation.dense import plan_dense
from engine.derivation.graph import Graph, Signal, whole
from engine.derivation.losses import plan_loss
from engine.derivation.state import Pass
from engine.layers import Layer
from engine.losses import Loss
from engine.network import Network

__all__ = ["unrolled"]


def unrolled(network: Network, followed: Pass, parameters: dict[str, NDArray[np.float64]]) -> Graph:
    """The way of the followed example through the network, to its loss."""
    graph = Graph(network, followed, parameters)
    x = whole(graph.input("input", "x"))
    for name, layer, *_ in network.named_layers():
        x = plan_layer(graph, x, layer, name)
    plan_loss(graph, x, Loss.of(network.loss))
    return graph


def plan_layer(graph: Graph, x: Signal, layer: Layer, name: str) -> Signal:
    """Add a layer's nodes and links; give its output."""
    return LAYERS[layer.name](graph, x, layer, name)


Plan = Callable[[Graph, Signal, Any, str], Signal]
LAYERS: dict[str, Plan] = {"dense": plan_dense}
