"""Points drawn by hand, and the text that a link carries them in.

A point is five characters: two for each coordinate's place on the grid of `Points` (a number to base 64, the more
significant digit first) and one for its class. Letters, digits, "-" and "." only: a link needs no escapes for them.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.datasets.options import Points
from engine.errors import ConfigurationError

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
BASE = len(ALPHABET)
CHARACTERS = 5  # a point

# What the page shows before anyone has drawn: corners that no line separates.
DRAWN = Points(default=((-3.0, 3.0, 0), (-2.0, 2.0, 0), (3.0, -3.0, 0), (2.0, -2.0, 0),
                        (3.0, 3.0, 1), (2.0, 2.0, 1), (-3.0, -3.0, 1), (-2.0, -2.0, 1)))  # fmt: skip

CENTRE = round(DRAWN.half_width * DRAWN.per_unit)  # the grid line of coordinate 0


def encode_points(points: Iterable[tuple[float, float, int]]) -> str:
    """Points (x1, x2, class number) as text, five characters each."""
    snapped = DRAWN.check("points", tuple(points))
    return "".join(_encode_place(x1) + _encode_place(x2) + ALPHABET[label] for x1, x2, label in snapped)


def decode_points(text: str) -> tuple[tuple[float, float, int], ...]:
    """The points of `encode_points`'s text; `ConfigurationError` for any other text."""
    if len(text) % CHARACTERS or any(character not in ALPHABET for character in text):
        raise ConfigurationError("points", text, f"{CHARACTERS} characters a point, of A-Z a-z 0-9 - .")
    groups = [text[start : start + CHARACTERS] for start in range(0, len(text), CHARACTERS)]
    points = tuple((_decode_place(g[:2]), _decode_place(g[2:4]), ALPHABET.index(g[4])) for g in groups)
    return DRAWN.check("points", points)


def _encode_place(coordinate: float) -> str:
    place = round(coordinate * DRAWN.per_unit) + CENTRE
    return ALPHABET[place // BASE] + ALPHABET[place % BASE]


def _decode_place(digits: str) -> float:
    place = ALPHABET.index(digits[0]) * BASE + ALPHABET.index(digits[1])
    return (place - CENTRE) / DRAWN.per_unit
