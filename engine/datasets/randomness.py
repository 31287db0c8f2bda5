"""Where generators take their random numbers from: one small interface, two sources.

A generator asks for `uniform(low, high)` and is written once. The seed decides who answers: a string means TF
Playground's stream (`SeedRandom`), an integer means NumPy's counter-based Philox.
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence
from typing import Any, Protocol, TypeVar

import numpy as np

from engine.datasets.seedrandom import SeedRandom

# Mixed into an integer seed, so that a run with the same seed does not draw its weights from the points' numbers.
DATA_STREAM = 0xDA7A

Item = TypeVar("Item")


class RandomSource(Protocol):
    """A stream of uniform random numbers."""

    def uniform(self, low: float, high: float) -> float:
        """The next double in [low, high)."""

    def copy(self) -> RandomSource:
        """A stream at the same place that goes on by itself."""


class PhiloxSource:
    """Doubles from NumPy's Philox, made from its raw bits.

    NumPy promises the raw bits of a bit generator for ever, the methods of `Generator` only per version.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.Philox(np.random.SeedSequence([seed, DATA_STREAM]))

    def uniform(self, low: float, high: float) -> float:
        """The next double in [low, high)."""
        return (int(self._bits.random_raw()) >> 11) * 2.0**-53 * (high - low) + low

    def copy(self) -> PhiloxSource:
        """A stream at the same place that goes on by itself."""
        twin = PhiloxSource(0)
        state: Any = self._bits.state
        twin._bits.state = state
        return twin


def random_source(seed: int | str) -> RandomSource:
    """The stream of a seed: a string is TF Playground's, an integer is Philox's."""
    return SeedRandom(seed) if isinstance(seed, str) else PhiloxSource(seed)


def normal(random: RandomSource, mean: float, variance: float) -> float:
    """A normal number by the polar method; the second number of each pair is dropped, as the Playground does."""
    square = 2.0
    while square > 1.0:
        first = random.uniform(-1.0, 1.0)
        second = random.uniform(-1.0, 1.0)
        square = first * first + second * second
    return mean + math.sqrt(variance) * (math.sqrt(-2.0 * math.log(square) / square) * first)


def shuffle(items: MutableSequence[Item], random: RandomSource) -> None:
    """Fisher-Yates in place, from the last place down: the Playground's order of draws."""
    for last in range(len(items) - 1, -1, -1):
        chosen = int(random.uniform(0.0, last + 1.0))
        items[last], items[chosen] = items[chosen], items[last]
