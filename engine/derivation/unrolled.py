"""From a network to the graph of one example: each layer says its nodes and links, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.derivation.attention import plan_self_attention
from engine.derivation.convolution import plan_conv2d
from engine.derivation.dense import plan_dense
from engine.derivation.embedding import plan_embedding
from engine.derivation.graph import Graph, Signal, whole
from engine.derivation.losses import plan_loss
from engine.derivation.normalisation import plan_batch_norm, plan_layer_norm
from engine.derivation.pooling import plan_average_pool, plan_global_average_pool, plan_max_pool
from engine.derivation.recurrent import plan_gru, plan_lstm, plan_simple_rnn
from engine.derivation.shapes import (
    plan_activation,
    plan_dropout,
    plan_flatten,
    plan_positional_encoding,
    plan_sum,
)
from engine.derivation.state import Pass
from engine.layers import Layer, Residual, TransformerBlock
from engine.layers.base import NamedLayer
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


def plan_branch(graph: Graph, x: Signal, branch: Sequence[NamedLayer], name: str, quantity: str) -> Signal:
    """x + f(x), f the layers of the branch."""
    f = x
    for part in branch:
        f = plan_layer(graph, f, part.layer, f"{name}.{part.name}")
    return plan_sum(graph, x, f, f"{name}.{quantity}", name)


def plan_residual(graph: Graph, x: Signal, layer: Residual, name: str) -> Signal:
    """a = x + f(x)."""
    return plan_branch(graph, x, layer.parts(x.shape), name, "pre_activation")


def plan_transformer_block(graph: Graph, x: Signal, layer: TransformerBlock, name: str) -> Signal:
    """Attention, then two dense layers, both added to what goes past; normalised before or after."""
    parts = layer.parts(x.shape)
    branches = (parts[:2], parts[2:]) if layer.norm_first else (parts[:1], parts[2:4])
    for number, branch in enumerate(branches, 1):
        x = plan_branch(graph, x, branch, name, f"sum_{number}")
        if not layer.norm_first:
            norm = parts[1] if number == 1 else parts[4]
            x = plan_layer(graph, x, norm.layer, f"{name}.{norm.name}")
    return x


Plan = Callable[[Graph, Signal, Any, str], Signal]
LAYERS: dict[str, Plan] = {
    "activation": plan_activation,
    "avg_pool2d": plan_average_pool,
    "batch_norm": plan_batch_norm,
    "conv2d": plan_conv2d,
    "dense": plan_dense,
    "dropout": plan_dropout,
    "embedding": plan_embedding,
    "flatten": plan_flatten,
    "global_average_pool2d": plan_global_average_pool,
    "gru": plan_gru,
    "layer_norm": plan_layer_norm,
    "lstm": plan_lstm,
    "max_pool2d": plan_max_pool,
    "positional_encoding": plan_positional_encoding,
    "residual": plan_residual,
    "self_attention": plan_self_attention,
    "simple_rnn": plan_simple_rnn,
    "transformer_block": plan_transformer_block,
}
