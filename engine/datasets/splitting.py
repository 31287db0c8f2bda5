"""Samples to arrays: shuffle, split, features, labels, in TF Playground's order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import Arrays
from engine.datasets.features import feature_columns
from engine.datasets.randomness import RandomSource, shuffle

Standardise = Literal["no", "columns", "whole"]
Sample = tuple[float, ...]  # the coordinates, then the class number or value


def split_samples(
    samples: Sequence[Sample],
    random: RandomSource,
    train_fraction: float,
    encode: Callable[[NDArray[np.float64]], NDArray[Any]],
    features: Sequence[str] = (),
    standardise: Standardise = "no",
) -> Arrays:
    """Arrays of samples that a generator drew from `random`, which is left where the shuffle leaves it.

    Parameters
    ----------
    samples : (coordinates..., class number or value)
    encode : from class numbers or values [n] to the form of y
    features : with these the two coordinates are a point of the plane, and the inputs are functions of it; without, the
        coordinates are the inputs
    standardise : not at all, each column by itself, or the table as a whole; by the training rows alone
    """
    shuffled = list(samples)
    shuffle(shuffled, random)
    table = np.array(shuffled, dtype=np.float64)
    coordinates = table[:, :-1].copy()
    x = feature_columns(coordinates, features) if features else coordinates
    y = encode(table[:, -1])
    cut = train_count(len(table), train_fraction)
    x_train, x_test = x[:cut], x[cut:]
    if standardise != "no":
        x_train, x_test = standardised(x_train, x_test, axis=0 if standardise == "columns" else None)
    points_train, points_test = (coordinates[:cut], coordinates[cut:]) if features else (None, None)
    return Arrays(x_train, y[:cut], x_test, y[cut:], points_train, points_test, random)


def standardised(
    x_train: NDArray[np.float64], x_test: NDArray[np.float64], axis: int | None = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both parts shifted and scaled so that the training rows have mean 0 and deviation 1.

    Axis 0 treats each column by itself; None treats the whole table as one, as is usual for pictures, where a pixel
    that is nearly always dark would else be blown up. What is constant is only shifted.
    """
    mean = x_train.mean(axis=axis)
    deviation = x_train.std(axis=axis)  # 0 also where numbers are so small that their squares are
    scale = np.where((np.ptp(x_train, axis=axis) > 0) & (deviation > 0), deviation, 1.0)
    return (x_train - mean) / scale, (x_test - mean) / scale


def train_count(n: int, train_fraction: float) -> int:
    """The Playground's `floor(n * percent / 100)`, but at least one example on each side."""
    percent = round(train_fraction * 100, 9)  # 0.29 * 100 is not 29 in floating point
    return min(max(int(n * percent / 100), 1), n - 1)
