"""Layers: what a network is made of. One file a family; each layer says its shapes and which kernel rows it needs."""

from engine.layers.activation import Activation
from engine.layers.base import Layer
from engine.layers.dense import Dense
from engine.layers.embedding import Embedding
from engine.layers.recurrent import GRU, LSTM, SimpleRNN

__all__ = ["GRU", "LSTM", "Activation", "Dense", "Embedding", "Layer", "SimpleRNN"]
