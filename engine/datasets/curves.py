"""Curves y = f(x) of one input x in [-1, 1], to be fitted.

Noise is the deviation of a normal error in y. A draw for noise happens even when there is none: more noise moves the
same points further.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.datasets.randomness import RandomSource, normal
from engine.datasets.splitting import Sample


def line(x: float) -> float:
    """A straight line, 0.8 x: what one linear neuron can fit."""
    return 0.8 * x


def sine(x: float) -> float:
    """One and a half waves, sin(3 pi x)."""
    return math.sin(3.0 * math.pi * x)


def cubic(x: float) -> float:
    """A cubic with two turns, 4 x^3 - 3 x."""
    return (4.0 * x * x - 3.0) * x


def step(x: float) -> float:
    """A jump from -1 to 1 at 0: what a smooth network can only come near to."""
    return 1.0 if x >= 0.0 else -1.0


def absolute(x: float) -> float:
    """A corner, 2 |x| - 1: what two ReLU neurons can fit exactly."""
    return 2.0 * abs(x) - 1.0


def peaks(x: float) -> float:
    """A broad hill and a sharp one beside it."""
    return math.exp(-(((x + 0.5) / 0.25) ** 2)) + 0.7 * math.exp(-(((x - 0.4) / 0.08) ** 2))


def chirp(x: float) -> float:
    """Waves that become quicker to the right: a network learns the slow ones first."""
    return math.sin(3.0 * math.pi * (x + 1.0) ** 2 / 2.0)


CURVES = (line, sine, cubic, step, absolute, peaks, chirp)


def samples_of(curve: Callable[[float], float], n: int, noise: float, random: RandomSource) -> list[Sample]:
    """(x, y) pairs of a curve at random places."""
    samples: list[Sample] = []
    for _ in range(n):
        x = random.uniform(-1.0, 1.0)
        samples.append((x, normal(random, curve(x), noise * noise)))
    return samples
