"""Lessons: ready experiments, each with one thing to see; its name and sentence are in the catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import engine
from app.state import Hidden, Settings


def _net(*units: int) -> tuple[Hidden, ...]:
    return tuple(Hidden(count) for count in units)


# name -> what differs from the default settings
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "circle": {},
        "xor": {"dataset": "xor", "layers": _net(4), "learning_rate": 0.1},
        "zero_start": {"initialiser": "zeros", "layers": _net(4, 3), "learning_rate": 0.1},
        "deep_sigmoid": {"layers": _net(6, 6, 6, 6, 6), "activation": "sigmoid", "learning_rate": 0.1},
        "rate_too_high": {"layers": _net(8, 8), "learning_rate": 3.0, "noise": 0.15},
        "dead_relu": {"layers": _net(6, 4), "activation": "relu", "learning_rate": 2.0, "initialiser": "he_normal"},
        "overfitting": {
            "dataset": "moons",
            "n": 60,
            "noise": 0.35,
            "layers": _net(12, 12),
            "optimiser": "adam",
            "learning_rate": 0.03,
            "show_test": True,
        },
        "sparse": {
            "dataset": "gaussians",
            "noise": 0.2,
            "layers": _net(8),
            "regulariser": "l1",
            "regularisation_rate": 0.01,
            "features": ("x1", "x2", "x1_squared", "x2_squared", "x1_x2"),
            "learning_rate": 0.1,
        },
        "stochastic": {
            "dataset": "gaussians",
            "noise": 0.4,
            "layers": _net(4),
            "regime": "stochastic",
            "learning_rate": 0.1,
        },
        "spiral": {
            "dataset": "spirals",
            "layers": _net(8, 8),
            "optimiser": "adam",
            "learning_rate": 0.01,
            "features": ("x1", "x2", "sin_x1", "sin_x2"),
        },
        "three_classes": {"dataset": "blobs", "noise": 0.2, "layers": _net(4), "learning_rate": 0.1},
        "curve": {
            "task": "regression",
            "dataset": "sine",
            "noise": 0.1,
            "layers": _net(8, 8),
            "optimiser": "adam",
            "learning_rate": 0.01,
        },
        "digits_pictures": {
            "dataset": "digits",
            "details": (("as_images", True),),
            "optimiser": "adam",
            "learning_rate": 0.01,
        },
        "recall": {
            "dataset": "memory",
            "n": 400,
            "details": (("length", 12),),
            "own_layers": (engine.Embedding(6, 4), engine.LSTM(6), engine.Dense(1)),
            "optimiser": "adam",
            "learning_rate": 0.01,
        },
        "letters": {
            "dataset": "alice",
            "details": (("characters", 6000),),
            "own_layers": (engine.Embedding(44, 8), engine.GRU(20, True), engine.Dense(44)),
            "optimiser": "adam",
            "learning_rate": 0.01,
        },
        "forecast": {
            "task": "regression",
            "dataset": "sunspots",
            "own_layers": (engine.GRU(8), engine.Dense(1)),
            "optimiser": "adam",
            "learning_rate": 0.01,
        },
        "attention": {
            "dataset": "reverse",
            "n": 600,
            "train_fraction": 0.8,
            "details": (("length", 6), ("symbols", 6)),
            "own_layers": (
                engine.Embedding(6, 12),
                engine.PositionalEncoding(),
                engine.TransformerBlock(2, 24),
                engine.Dense(6),
            ),
            "optimiser": "adam",
            "learning_rate": 0.01,
        },
        "iris": {"dataset": "iris", "layers": _net(4), "train_fraction": 0.7, "learning_rate": 0.1},
    }
)


@cache
def lesson(name: str) -> Settings:
    """The settings of a lesson."""
    return Settings().change(**PRESETS[name])
