"""The random numbers of TF Playground, bit for bit.

The Playground calls `Math.seedrandom(string)` (David Bau's seedrandom, version 2.4), which replaces `Math.random` by
the stream of an RC4 cipher keyed by the string. The same string gives the same points and the same first weights here.
"""

from __future__ import annotations

import struct

WIDTH = 256  # RC4 works on bytes
CHUNKS = 6  # bytes that a double starts from
SIGNIFICANCE = 2.0**52
OVERFLOW = 2.0**53


class SeedRandom:
    """The stream of `Math.random()` after `Math.seedrandom(seed)`.

    Parameters
    ----------
    seed : the seed, a string; "0.5" and "0.50" are two seeds
    """

    def __init__(self, seed: str) -> None:
        self._state = _key_schedule(_mixed_key(seed))
        self._i = 0
        self._j = 0
        self._number(WIDTH)  # RC4's first bytes lean towards the key

    def random(self) -> float:
        """The next double in [0, 1), with 53 random bits."""
        numerator = float(self._number(CHUNKS))
        denominator = float(WIDTH**CHUNKS)
        extra = 0
        while numerator < SIGNIFICANCE:
            numerator = (numerator + extra) * WIDTH
            denominator *= WIDTH
            extra = self._number(1)
        while numerator >= OVERFLOW:
            numerator /= 2
            denominator /= 2
            extra >>= 1
        return (numerator + extra) / denominator

    def uniform(self, low: float, high: float) -> float:
        """The next double in [low, high)."""
        return self.random() * (high - low) + low

    def copy(self) -> SeedRandom:
        """A stream at the same place that goes on by itself."""
        twin = SeedRandom.__new__(SeedRandom)
        twin._state, twin._i, twin._j = bytearray(self._state), self._i, self._j
        return twin

    def _number(self, count: int) -> int:
        """The next `count` bytes as one integer, the first the most significant."""
        state, i, j = self._state, self._i, self._j
        number = 0
        for _ in range(count):
            i = (i + 1) % WIDTH
            here = state[i]
            j = (j + here) % WIDTH
            there = state[j]
            state[i], state[j] = there, here
            number = number * WIDTH + state[(here + there) % WIDTH]
        self._i, self._j = i, j
        return number


def _mixed_key(seed: str) -> list[int]:
    """seedrandom's way from a string to an RC4 key of at most 256 bytes."""
    encoded = seed.encode("utf-16-le", "surrogatepass")  # JavaScript's strings are of 16-bit units
    units = [unit for (unit,) in struct.iter_unpack("<H", encoded)]
    key: list[int] = []
    smear = 0
    for place, unit in enumerate(units):
        slot = place % WIDTH
        if slot == len(key):
            key.append(0)
        smear ^= key[slot] * 19
        key[slot] = (smear + unit) % WIDTH
    return key or [0]


def _key_schedule(key: list[int]) -> bytearray:
    """RC4's permutation of 0..255 for a key."""
    state = bytearray(range(WIDTH))
    j = 0
    for i in range(WIDTH):
        j = (j + state[i] + key[i % len(key)]) % WIDTH
        state[i], state[j] = state[j], state[i]
    return state
