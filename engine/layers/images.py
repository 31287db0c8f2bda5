"""What layers that look at pictures share: options that are a number or a pair, and the shape of a picture."""

from __future__ import annotations

from engine.errors import ConfigurationError
from engine.layers.base import Shape
from engine.spec import check_count

__all__ = ["MOST", "Pair", "image_shape", "pair", "whole_or_pair"]

Pair = tuple[int, int]
MOST = 4096  # greatest kernel, stride, padding and dilation


def whole_or_pair(name: str, value: object, low: int = 1) -> int | Pair:
    """The canonical form of an option (vertical, horizontal): one number where both are equal."""
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2:
        raise ConfigurationError(name, value, "a whole number, or a pair of them (vertical, horizontal)")
    for one in both:
        check_count(name, one, low, MOST)
    return both[0] if both[0] == both[1] else both


def pair(value: int | Pair) -> Pair:
    """(vertical, horizontal)."""
    return value if isinstance(value, tuple) else (value, value)


def image_shape(layer: str, shape: Shape) -> tuple[int, int, int]:
    """(channels, height, width), or ConfigurationError."""
    if len(shape) != 3:
        advice = "(channels, height, width): give the network pictures, and put Flatten() only after their layers"
        raise ConfigurationError(f"input of {layer}", shape, advice)
    return shape
