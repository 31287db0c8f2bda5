"""Recurrent layers in PyTorch: f(name, layer, arrays) -> modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn


class States(nn.Module):
    """A recurrent module's last state, or all of them: [batch, time, features] -> [batch, (time,) units]."""

    def __init__(self, module: nn.RNNBase, every: bool) -> None:
        super().__init__()
        self.module, self.every = module, every

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, _ = self.module(x)
        return states if self.every else states[:, -1]


def lstm(name: str, layer: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[nn.Module]:
    """With one bias: PyTorch's second one stays 0."""
    weight_ih, weight_hh, bias = (torch.tensor(arrays[f"{name}.{p}"]) for p in ("weight_ih", "weight_hh", "bias"))
    module = nn.LSTM(weight_ih.shape[1], layer["units"], batch_first=True)
    module.weight_ih_l0.data, module.weight_hh_l0.data, module.bias_ih_l0.data = weight_ih, weight_hh, bias
    nn.init.zeros_(module.bias_hh_l0).requires_grad_(False)
    return [States(module, layer["return_sequences"])]


LAYERS = {"lstm": lstm}
