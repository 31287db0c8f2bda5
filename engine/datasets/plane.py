"""Points of the plane [-6, 6]^2: classes to tell apart and surfaces to fit.

Each generator takes how many samples to make, the noise as a fraction (the Playground's percent / 100) and a source of
uniform random numbers, and returns (x1, x2, class number or value) triples, sorted by class where there are classes.
`circle`, `xor`, `gaussians`, `spirals`, `plane` and `bumps` draw in TF Playground's order and compute in its order of
operations (tensorflow/playground, src/dataset.ts), so that its seeds give its points; its label -1 is class 0, +1 is
class 1. Draws for noise happen even when there is none: more noise moves the same points further.
"""

from __future__ import annotations

import math

from engine.datasets.randomness import RandomSource, normal
from engine.datasets.splitting import Sample

RADIUS = 5.0
HALF_WIDTH = 6.0

# Centres and signs of the cones of `bumps`.
CONES = ((-4.0, 2.5, 1), (0.0, 2.5, -1), (4.0, 2.5, 1), (-4.0, -2.5, -1), (0.0, -2.5, 1), (4.0, -2.5, -1))


def circle(n: int, noise: float, random: RandomSource) -> list[Sample]:
    """A disc (class 1) within a ring (class 0); noise makes labels near the gap wrong, points stay where they are."""
    return _ring(n - n // 2, 0.0, RADIUS * 0.5, noise, random) + _ring(n // 2, RADIUS * 0.7, RADIUS, noise, random)


def xor(n: int, noise: float, random: RandomSource) -> list[Sample]:
    """Four quadrants, class 1 where the coordinates' signs agree; noise makes labels near the axes wrong."""
    samples: list[Sample] = []
    for _ in range(n):
        x1 = _padded(random.uniform(-RADIUS, RADIUS))
        x2 = _padded(random.uniform(-RADIUS, RADIUS))
        noise1 = random.uniform(-RADIUS, RADIUS) * noise
        noise2 = random.uniform(-RADIUS, RADIUS) * noise
        samples.append((x1, x2, int((x1 + noise1) * (x2 + noise2) >= 0)))
    return samples


def gaussians(n: int, noise: float, random: RandomSource) -> list[Sample]:
    """Two round clouds, class 1 about (2, 2) and class 0 about (-2, -2); noise widens them."""
    variance = _scaled(noise, (0.0, 0.5), (0.5, 4.0))
    return _cloud(n - n // 2, (2.0, 2.0), variance, 1, random) + _cloud(n // 2, (-2.0, -2.0), variance, 0, random)


def spirals(n: int, noise: float, random: RandomSource) -> list[Sample]:
    """Two arms that wind about each other for 1.75 turns; noise moves the points."""
    return _arm(n - n // 2, 0.0, 1, noise, random) + _arm(n // 2, math.pi, 0, noise, random)


def moons(n: int, noise: float, random: RandomSource) -> list[Sample]:
    """Two half circles that reach into each other; noise moves the points (deviation 2 * noise)."""
    samples: list[Sample] = []
    for label, count in ((0, n - n // 2), (1, n // 2)):
        sign = 1.0 - 2.0 * label
        for _ in range(count):
            angle = random.uniform(0.0, math.pi)
            x1 = sign * (3.0 * math.cos(angle) - 1.5)
            x2 = sign * (3.0 * math.sin(angle) - 0.75)
            spread = 4.0 * noise * noise
            samples.append((normal(random, x1, spread), normal(random, x2, spread), label))
    return samples


def blobs(n: int, noise: float, random: RandomSource, classes: int) -> list[Sample]:
    """Round clouds, one a class, evenly about a circle; noise widens them."""
    variance = _scaled(noise, (0.0, 0.5), (0.2, 2.0))
    samples: list[Sample] = []
    for label in range(classes):
        angle = 2.0 * math.pi * label / classes
        centre = (3.5 * math.sin(angle), 3.5 * math.cos(angle))
        count = n * (label + 1) // classes - n * label // classes
        samples += _cloud(count, centre, variance, label, random)
    return samples


def plane(n: int, noise: float, random: RandomSource) -> list[Sample]:
    """The value (x1 + x2) / 10, a plane; noise moves the point at which the value is read."""
    samples: list[Sample] = []
    for x1, x2, read1, read2 in _places(n, noise, random):
        samples.append((x1, x2, _scaled(read1 + read2, (-10.0, 10.0), (-1.0, 1.0))))
    return samples


def bumps(n: int, noise: float, random: RandomSource) -> list[Sample]:
    """Three cones up and three down, value 0 between them; noise moves the point at which the value is read."""
    samples: list[Sample] = []
    for x1, x2, read1, read2 in _places(n, noise, random):
        heights = [sign * _height(read1 - c1, read2 - c2) for c1, c2, sign in CONES]
        samples.append((x1, x2, max(heights, key=abs)))
    return samples


def _ring(count: int, inner: float, outer: float, noise: float, random: RandomSource) -> list[Sample]:
    """Points at a radius from `inner` to `outer`; class 1 where the noisy point is nearer than half of RADIUS."""
    samples: list[Sample] = []
    for _ in range(count):
        radius = random.uniform(inner, outer)
        angle = random.uniform(0.0, 2.0 * math.pi)
        x1 = radius * math.sin(angle)
        x2 = radius * math.cos(angle)
        noise1 = random.uniform(-RADIUS, RADIUS) * noise
        noise2 = random.uniform(-RADIUS, RADIUS) * noise
        samples.append((x1, x2, int(_length(x1 + noise1, x2 + noise2) < RADIUS * 0.5)))
    return samples


def _arm(count: int, turn: float, label: int, noise: float, random: RandomSource) -> list[Sample]:
    """One arm of the spirals, turned by `turn`."""
    samples: list[Sample] = []
    for i in range(count):
        radius = i / count * 5.0
        angle = 1.75 * i / count * 2.0 * math.pi + turn
        x1 = radius * math.sin(angle) + random.uniform(-1.0, 1.0) * noise
        x2 = radius * math.cos(angle) + random.uniform(-1.0, 1.0) * noise
        samples.append((x1, x2, label))
    return samples


def _cloud(count: int, centre: tuple[float, float], variance: float, label: int, random: RandomSource) -> list[Sample]:
    """Points about a centre, each coordinate normal."""
    return [(normal(random, centre[0], variance), normal(random, centre[1], variance), label) for _ in range(count)]


def _places(n: int, noise: float, random: RandomSource) -> list[tuple[float, float, float, float]]:
    """Places anywhere on the plane, and beside each the noisy place at which its value is read."""
    places = []
    for _ in range(n):
        x1, x2, noise1, noise2 = (random.uniform(-HALF_WIDTH, HALF_WIDTH) for _ in range(4))
        places.append((x1, x2, x1 + noise1 * noise, x2 + noise2 * noise))
    return places


def _padded(coordinate: float) -> float:
    """Moved away from the axis, so that the quadrants do not touch."""
    return coordinate + (0.3 if coordinate > 0 else -0.3)


def _height(d1: float, d2: float) -> float:
    """A cone of height 1 and radius 2."""
    clamped = min(max(_length(d1, d2) / 2.0, 0.0), 1.0)
    return 1.0 * (1.0 - clamped) + 0.0 * clamped


def _scaled(value: float, domain: tuple[float, float], target: tuple[float, float]) -> float:
    """d3's linear scale, in its order of operations: the Playground's last bits depend on it."""
    t = (value - domain[0]) / (domain[1] - domain[0])
    return target[0] * (1.0 - t) + target[1] * t


def _length(d1: float, d2: float) -> float:
    """Not `math.hypot`, which rounds otherwise than the Playground."""
    return math.sqrt(d1 * d1 + d2 * d2)


CLASSES = (circle, xor, gaussians, spirals, moons, blobs)
VALUES = (plane, bumps)
