"""The axes of a loss landscape: which line or plane through the space of parameters is looked at.

Directions are made in `engine/plane.py`; what they are, one by one, stands here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from engine.errors import ConfigurationError, UnknownNameError
from engine.network import Network
from engine.spec import Spec, check_count

__all__ = ["CENTRES", "Axes", "CurvatureDirections", "PathDirections", "RandomDirections", "Towards", "Weights"]

Place = tuple[str, int]
CENTRES = ("now", "first", "best")  # of the run's own path: where it is, where it began, its lowest training loss


class Axes(Spec, family="axes"):
    """One or two directions in the space of parameters; `dimensions` says how many."""

    dimensions: int
    replays: ClassVar[bool] = False  # whether the run's beginning is trained again to know them

    def __post_init__(self) -> None:
        check_count("dimensions", self.dimensions, 1, 2)
        self._check()

    def _check(self) -> None:
        """Bounds of the other options."""

    def check_network(self, network: Network) -> None:
        """Raise ConfigurationError where a network has no such directions."""


@dataclass(frozen=True)
class Weights(Axes, name="weights"):
    """d1 = e_i, d2 = e_j: two single parameters, each a (name, flat index), in their own units.

    Left out, they are the network's first two numbers.
    """

    first: Place | None = None
    second: Place | None = None
    dimensions: int = 2

    def _check(self) -> None:
        for option in ("first", "second"):
            object.__setattr__(self, option, _checked_place(option, getattr(self, option)))

    def check_network(self, network: Network) -> None:
        first, second = self.places(network)
        if first == second and self.dimensions == 2:
            raise ConfigurationError("second", second, "another parameter than the first")

    def places(self, network: Network) -> tuple[Place, Place]:
        """The two parameters as (name, flat index), whether they were chosen or not."""
        shapes = network.parameter_shapes()
        known = [(name, index) for name, shape in shapes.items() for index in range(min(3, math.prod(shape)))]
        if len(known) < self.dimensions:
            raise ConfigurationError("axes", self.name, "axes of a network that has so many parameters")
        first = self.first or next(place for place in known if place != self.second)
        second = self.second or next((place for place in known if place != first), first)
        for name, index in (first, second):
            if name not in shapes:
                raise UnknownNameError("parameter", name, shapes)
            check_count(f"index into {name}", index, 0, math.prod(shapes[name]) - 1)
        return first, second


@dataclass(frozen=True)
class RandomDirections(Axes, name="random"):
    """d_f <- d_f |w_f| / |d_f| for every filter f, d drawn from N(0, 1). Li et al. 2018, section 4.

    A filter is what makes one output: a row of a matrix, an output channel's kernels. Biases and the parameters of
    normalisations have no filters and stay where they are: d = 0, as in the authors' code with `ignore="biasbn"`.
    """

    seed: int = 0
    dimensions: int = 2

    def _check(self) -> None:
        check_count("seed", self.seed, 0, 2**32 - 1)


@dataclass(frozen=True)
class PathDirections(Axes, name="path"):
    """d = the first right singular vectors of T, T[k] = w(step k) - mean of all: where the run moved most.

    Steps from 0 to now, evenly, at most 200 (`engine/history.py`). Length 1. As Li et al. 2018, section 7, but about
    the path's mean.
    """

    replays: ClassVar[bool] = True
    dimensions: int = 2


@dataclass(frozen=True)
class CurvatureDirections(Axes, name="curvature"):
    """d1 = g / |g|, g the gradient; d2 = v, H v = l v with the greatest |l|, less its part along d1. Length 1.

    By power iteration, v <- H v / |H v|, with H v = (g(w + h v) - g(w - h v)) / 2h in doubles. Pearlmutter 1994.
    """

    dimensions: int = 2


@dataclass(frozen=True)
class Towards(Axes, name="towards"):
    """d1 = w(step) - w(centre), so that a = 1 is the run at `step`; d2 random, at right angles, and as long.

    Goodfellow, Vinyals & Saxe 2015; the second axis is the first of `RandomDirections(seed=0)`.
    """

    replays: ClassVar[bool] = True
    step: int = 0
    dimensions: int = 2

    def _check(self) -> None:
        check_count("step", self.step, 0, 2**40)


def _checked_place(option: str, value: object) -> Place | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or len(value) != 2 or not isinstance(value[0], str):
        raise ConfigurationError(option, value, "(name of a parameter, flat index)")
    check_count(f"index of {option}", value[1], 0)
    return (value[0], value[1])
