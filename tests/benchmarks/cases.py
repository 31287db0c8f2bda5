"""What is measured: one entry a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import engine

Arrays = tuple[np.ndarray, np.ndarray]


class Bar(NamedTuple):
    """At least one of these peers takes `ratio` times as long as the engine."""

    peers: tuple[str, ...]
    ratio: float


@dataclass(frozen=True)
class BenchmarkCase:
    """`data` gives x [n, ...] and y: class numbers [n] or, as floats, [n, time]; or values [n, outputs]."""

    name: str
    network: engine.Network
    data: Callable[[], Arrays]
    batch: int
    optimiser: engine.SGD | engine.Adam
    bars: tuple[Bar, ...] = ()

    def experiment(self) -> engine.Experiment:
        """The rows in their own order, and whole batches only: what every peer can be given too."""
        x, y = self.data()
        whole = len(x) // self.batch * self.batch
        x, y = x[:whole], y[:whole]
        task = "classification" if y.ndim == 1 else "regression"
        data = engine.Dataset(x, y, x[:1], y[:1], task=task, classes=int(y.max()) + 1 if y.ndim == 1 else None)
        return engine.Experiment(self.network, data, self.optimiser, engine.MiniBatch(self.batch, shuffle=False))


def network(*widths: int, activation: str, loss: str) -> engine.Network:
    hidden = [engine.Dense(units, activation=activation) for units in widths[1:-1]]
    return engine.Network((widths[0],), [*hidden, engine.Dense(widths[-1])], loss)


def pictures(side: int, *layers: engine.layers.Layer) -> engine.Network:
    """A network that tells ten digits apart, from pictures [1, side, side]."""
    return engine.Network((1, side, side), [*layers, engine.Dense(10)], "categorical_cross_entropy")


def circle() -> Arrays:
    """500 points of the plane; value 1 inside the circle, -1 outside."""
    x = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    return x, np.where(np.hypot(x[:, :1], x[:, 1:]) < 0.7, 1.0, -1.0)


def digits() -> Arrays:
    data = engine.datasets.load("digits", train_fraction=0.9)
    return data.x_train, data.y_train


def small_pictures() -> Arrays:
    data = engine.datasets.load("digits", train_fraction=0.9, as_images=True)
    return data.x_train, data.y_train


def large_pictures() -> Arrays:
    """The 8x8 digits drawn at 28x28."""
    x, y = small_pictures()
    nearest = np.arange(28) * 8 // 28
    return x[:, :, nearest][:, :, :, nearest], y


def large_digits() -> Arrays:
    """The same as 784 inputs."""
    x, y = large_pictures()
    return x.reshape(len(x), 784), y


def reversed_digits() -> Arrays:
    """Rows of 16 digits, one-hot [512, 16, 10], and the same rows from the end to the beginning."""
    tokens = np.random.default_rng(0).integers(0, 10, (512, 16))
    return np.eye(10)[tokens], tokens[:, ::-1].astype(float)


def transformer(features: int, heads: int) -> engine.Network:
    layers = [engine.Dense(features), engine.PositionalEncoding(), engine.TransformerBlock(heads), engine.Dense(10)]
    return engine.Network((16, 10), layers, "categorical_cross_entropy")


def drawn_digits() -> Arrays:
    """The 8x8 digits as they are written, row by row: 20 time steps of 8 pixels, each row two or three times."""
    x, y = digits()
    return x.reshape(-1, 8, 8)[:, np.arange(20) * 8 // 20], y


CASES = (
    BenchmarkCase(
        "2-4-2-1",
        network(2, 4, 2, 1, activation="tanh", loss="mean_squared_error"),
        circle,
        batch=10,
        optimiser=engine.SGD(0.03),
        bars=(Bar(("torch", "jax_step"), 200), Bar(("jax_scan",), 10)),
    ),
    BenchmarkCase(
        "2-8-8-1",
        network(2, 8, 8, 1, activation="tanh", loss="mean_squared_error"),
        circle,
        batch=32,
        optimiser=engine.Adam(0.001),
    ),
    BenchmarkCase(
        "64-64-32-10",
        network(64, 64, 32, 10, activation="relu", loss="categorical_cross_entropy"),
        digits,
        batch=32,
        optimiser=engine.Adam(0.001),
        bars=(Bar(("jax_step",), 5),),
    ),
    BenchmarkCase(
        "784-128-10",
        network(784, 128, 10, activation="relu", loss="categorical_cross_entropy"),
        large_digits,
        batch=64,
        optimiser=engine.Adam(0.001),
        bars=(Bar(("torch",), 2), Bar(("jax_step",), 0.9), Bar(("jax_scan",), 0.9)),
    ),
    BenchmarkCase(
        "block-32-10",
        transformer(features=32, heads=2),
        reversed_digits,
        batch=16,
        optimiser=engine.Adam(0.001),
        bars=(Bar(("torch",), 5), Bar(("jax_step",), 1.5), Bar(("jax_scan",), 1.5)),
    ),
    BenchmarkCase(
        "lstm-8-32-10",
        engine.Network((20, 8), [engine.LSTM(32), engine.Dense(10)], "categorical_cross_entropy"),
        drawn_digits,
        batch=16,
        optimiser=engine.Adam(0.001),
        bars=(Bar(("torch",), 5), Bar(("jax_step",), 2), Bar(("jax_scan",), 2)),
    ),
    BenchmarkCase(
        "CNN-8x8-10",
        pictures(
            8,
            engine.Conv2D(8, 3, padding=1, activation="relu"),
            engine.MaxPool2D(2),
            engine.Conv2D(16, 3, padding=1, activation="relu"),
            engine.MaxPool2D(2),
            engine.Flatten(),
        ),
        small_pictures,
        batch=32,
        optimiser=engine.Adam(0.001),
        bars=(Bar(("torch",), 10), Bar(("jax_step",), 5), Bar(("jax_scan",), 5)),
    ),
    BenchmarkCase(
        "LeNet-28x28-10",
        pictures(
            28,
            engine.Conv2D(6, 5, padding=2, activation="relu"),
            engine.MaxPool2D(2),
            engine.Conv2D(16, 5, activation="relu"),
            engine.MaxPool2D(2),
            engine.Flatten(),
            engine.Dense(120, activation="relu"),
            engine.Dense(84, activation="relu"),
        ),
        large_pictures,
        batch=32,
        optimiser=engine.Adam(0.001),
        bars=(Bar(("torch",), 3), Bar(("jax_step",), 3), Bar(("jax_scan",), 3)),
    ),
)
