"""The slow, obvious twin of dropout: the mask number by number, in Python's own integers."""

from __future__ import annotations

import zlib

import numpy as np

WORD = 2**64


def random_bits(seed: int, counter: int) -> int:
    """SplitMix64 (Steele, Lea & Flood 2014), twice: 64 bits from a seed and a counter."""
    z = (seed * 0x9E3779B97F4A7C15 + counter) % WORD
    for _ in range(2):
        z = (z + 0x9E3779B97F4A7C15) % WORD
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
        z ^= z >> 31
    return z


def mask(layer: str, rate: float, seed: int, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """0 with probability `rate`, else 1 / (1 - rate): [batch, ...] for the layer called `layer` at one step."""
    key = random_bits(random_bits(seed, step), zlib.crc32(layer.encode()))
    flat = np.zeros((shape[0], int(np.prod(shape[1:]))))
    for example, feature in np.ndindex(flat.shape):
        uniform = (random_bits(key, feature * 2**32 + example) >> 40) / 2**24
        flat[example, feature] = 0.0 if uniform < round(rate * 2**24) / 2**24 else 1 / (1 - rate)
    return flat.reshape(shape)
