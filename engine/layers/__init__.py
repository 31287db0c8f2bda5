"""Layers: what a network is made of. One file a family; each layer says its shapes and which kernel rows it needs."""

from engine.layers.activation import Activation
from engine.layers.attention import PositionalEncoding, SelfAttention, TransformerBlock
from engine.layers.base import Layer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.normalisation import BatchNorm, LayerNorm
from engine.layers.recurrent import GRU, LSTM, SimpleRNN
from engine.layers.residual import Residual

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Embedding",
    "Layer",
    "LayerNorm",
    "PositionalEncoding",
    "Residual",
    "SelfAttention",
    "SimpleRNN",
    "TransformerBlock",
]
