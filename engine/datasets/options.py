"""What a dataset can be asked for: each option with its default and what it accepts.

An option's `check(name, value)` returns the value in its canonical form or raises `ConfigurationError`. Menus and links
read the same objects, so an accepted value is written down once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from engine.datasets.features import FEATURES
from engine.errors import ConfigurationError, UnknownNameError

LARGEST_SEED = 2**63 - 1  # as an experiment's
LONGEST_SEED = 64  # characters
MOST_POINTS = 5000  # rows that a generator makes at most


class Option(Protocol):
    """One option of a dataset."""

    @property
    def default(self) -> Any:
        """The value when nothing is said."""

    @property
    def accepted(self) -> str:
        """What is accepted, in words."""

    def check(self, name: str, value: object) -> Any:
        """The value in canonical form, or `ConfigurationError`."""


@dataclass(frozen=True)
class Integer:
    """A whole number with limits, both included."""

    default: int
    low: int
    high: int

    @property
    def accepted(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def check(self, name: str, value: object) -> int:
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or not self.low <= int(value) <= self.high:  # type: ignore[call-overload]
            raise ConfigurationError(name, value, self.accepted)
        return int(value)  # type: ignore[call-overload]


@dataclass(frozen=True)
class Number:
    """A finite number with limits, both included."""

    default: float
    low: float
    high: float

    @property
    def accepted(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"

    def check(self, name: str, value: object) -> float:
        real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        if not real or not self.low <= float(value) <= self.high:  # type: ignore[arg-type]
            raise ConfigurationError(name, value, self.accepted)
        return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    default: bool

    accepted = "True or False"

    def check(self, name: str, value: object) -> bool:
        if not isinstance(value, bool | np.bool_):
            raise ConfigurationError(name, value, self.accepted)
        return bool(value)


@dataclass(frozen=True)
class Word:
    """One of a few words."""

    default: str
    known: tuple[str, ...]

    @property
    def accepted(self) -> str:
        return f"one of {', '.join(self.known)}"

    def check(self, name: str, value: object) -> str:
        if not isinstance(value, str) or value not in self.known:
            raise UnknownNameError(name, value, self.known)
        return value


@dataclass(frozen=True)
class Seed:
    """A whole number, or a string for the random numbers of TF Playground."""

    default: int | str = 0

    accepted = (
        f"a whole number from 0 to {LARGEST_SEED}, "
        f"or a string of 1 to {LONGEST_SEED} characters for TF Playground's random numbers"
    )

    def check(self, name: str, value: object) -> int | str:
        if isinstance(value, str) and 1 <= len(value) <= LONGEST_SEED and value.isprintable():
            return value
        if isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 <= value <= LARGEST_SEED:
            return int(value)
        raise ConfigurationError(name, value, self.accepted)


@dataclass(frozen=True)
class Features:
    """Which functions of the plane's coordinates the network is fed; kept in the Playground's order."""

    default: tuple[str, ...] = ("x1", "x2")

    accepted = f"at least one of {', '.join(FEATURES)}, each once"

    def check(self, name: str, value: object) -> tuple[str, ...]:
        chosen = [value] if isinstance(value, str) else value
        if not isinstance(chosen, tuple | list) or not chosen or len(set(map(str, chosen))) < len(chosen):
            raise ConfigurationError(name, value, self.accepted)
        for feature in chosen:
            if not isinstance(feature, str) or feature not in FEATURES:
                raise UnknownNameError("feature", feature, FEATURES)
        return tuple(feature for feature in FEATURES if feature in chosen)


@dataclass(frozen=True)
class Points:
    """Points drawn by hand: (x1, x2, class number) each, snapped to the grid that links keep."""

    default: tuple[tuple[float, float, int], ...]
    most: int = 200
    half_width: float = 6.0
    per_unit: int = 200  # grid lines a unit: positions are kept to 0.005, so that a link needs 5 characters a point
    most_classes: int = 10

    @property
    def accepted(self) -> str:
        return (
            f"2 to {self.most} points (x1, x2, class number), coordinates from {-self.half_width:g} to "
            f"{self.half_width:g}, class numbers from 0 to {self.most_classes - 1}"
        )

    def check(self, name: str, value: object) -> tuple[tuple[float, float, int], ...]:
        if not isinstance(value, tuple | list | np.ndarray) or not 2 <= len(value) <= self.most:
            raise ConfigurationError(name, value, self.accepted)
        return tuple(self._snapped(name, point) for point in value)

    def _snapped(self, name: str, point: Any) -> tuple[float, float, int]:
        try:
            x1, x2, label = (float(number) for number in point)
        except (TypeError, ValueError, OverflowError):
            raise ConfigurationError(name, point, self.accepted) from None
        inside = abs(x1) <= self.half_width and abs(x2) <= self.half_width
        if not inside or not 0 <= label < self.most_classes or not math.isfinite(label) or label != int(label):
            raise ConfigurationError(name, point, self.accepted)
        return round(x1 * self.per_unit) / self.per_unit, round(x2 * self.per_unit) / self.per_unit, int(label)


def checked(options: Mapping[str, Option], given: Mapping[str, object], where: str) -> dict[str, Any]:
    """Every option in canonical form: what was given, else the default. Unknown names raise `UnknownNameError`."""
    for name in given:
        if name not in options:
            raise UnknownNameError(f"option of dataset {where!r}", name, options)
    return {name: option.check(name, given.get(name, option.default)) for name, option in options.items()}
