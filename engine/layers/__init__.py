"""Layers: what a network is made of. One file a family; each layer says its shapes and which kernel rows it needs."""

from engine.layers.activation import Activation
from engine.layers.base import Layer
from engine.layers.convolution import Conv2D
from engine.layers.dense import Dense
from engine.layers.pooling import AvgPool2D, GlobalAveragePool2D, MaxPool2D
from engine.layers.shape import Flatten

__all__ = ["Activation", "AvgPool2D", "Conv2D", "Dense", "Flatten", "GlobalAveragePool2D", "Layer", "MaxPool2D"]
