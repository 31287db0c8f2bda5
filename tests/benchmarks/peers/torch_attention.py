"""Positional encoding and the transformer block in PyTorch: f(name, layer, arrays) -> modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn


class PositionalEncoding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoding: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.encoding is None:
            steps, features = x.shape[1:]
            angles = torch.arange(steps)[:, None] / 10000 ** (torch.arange(0, features, 2) / features)
            self.encoding = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
        return x + self.encoding


def positional_encoding(name: str, layer: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[nn.Module]:
    return [PositionalEncoding()]


def transformer_block(name: str, layer: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[nn.Module]:
    hidden, features = arrays[f"{name}.dense_1.weight"].shape
    options = {"activation": layer["activation"]["name"], "norm_first": layer["norm_first"]}
    block = nn.TransformerEncoderLayer(features, layer["heads"], hidden, dropout=0.0, batch_first=True, **options)
    ours = {
        "linear1.": "dense_1.",
        "linear2.": "dense_2.",
        "norm1.": "layer_norm_1.",
        "norm2.": "layer_norm_2.",
        "self_attn.in_proj_": "self_attention_1.in_proj.",
        "self_attn.out_proj.": "self_attention_1.out_proj.",
    }
    pairs = [(theirs + kind, f"{name}.{part}{kind}") for theirs, part in ours.items() for kind in ("weight", "bias")]
    block.load_state_dict({theirs: torch.tensor(arrays[parameter]) for theirs, parameter in pairs})
    return [block]


LAYERS = {"positional_encoding": positional_encoding, "transformer_block": transformer_block}
