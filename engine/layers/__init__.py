"""Layers: what a network is made of. One file a family; each layer says its shapes and which kernel rows it needs."""

from engine.layers.activation import Activation
from engine.layers.attention import PositionalEncoding, SelfAttention, TransformerBlock
from engine.layers.base import Layer
from engine.layers.convolution import Conv2D
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.normalisation import BatchNorm, LayerNorm
from engine.layers.pooling import AvgPool2D, GlobalAveragePool2D, MaxPool2D
from engine.layers.recurrent import GRU, LSTM, SimpleRNN
from engine.layers.residual import Residual
from engine.layers.shape import Flatten

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "AvgPool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePool2D",
    "Layer",
    "LayerNorm",
    "MaxPool2D",
    "PositionalEncoding",
    "Residual",
    "SelfAttention",
    "SimpleRNN",
    "TransformerBlock",
]
