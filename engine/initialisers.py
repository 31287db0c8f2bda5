"""Initial weights. A weight tensor has `fan_in` inputs and `fan_out` outputs for each unit; drawn in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.spec import Spec, check_number

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initialiser",
    "LeCunNormal",
    "LeCunUniform",
    "Normal",
    "Orthogonal",
    "Playground",
    "Uniform",
    "Zeros",
]

Shape = tuple[int, ...]


class Initialiser(Spec, family="initialiser"):
    """Draws a tensor. `shape` is [fan_out, fan_in] or [out, in, kernel...]."""

    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        """A tensor of `shape`; `uniform` draws from TF Playground's stream where the experiment has one."""
        raise NotImplementedError


def _fans(shape: Shape) -> tuple[int, int]:
    receptive = math.prod(shape[2:])
    return (shape[1] if len(shape) > 1 else shape[0]) * receptive, shape[0] * receptive


@dataclass(frozen=True)
class Zeros(Initialiser, name="zeros"):
    """w = 0. With it all units of a layer stay alike: symmetry is never broken."""

    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        return np.zeros(shape)


@dataclass(frozen=True)
class Constant(Initialiser, name="constant"):
    """w = value."""

    value: float = 0.1

    def __post_init__(self) -> None:
        check_number("value", self.value)

    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        return np.full(shape, self.value)


@dataclass(frozen=True)
class Normal(Initialiser, name="normal"):
    """w ~ N(0, std^2)."""

    std: float = 0.5

    def __post_init__(self) -> None:
        check_number("std", self.std, 0.0)

    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        return rng.normal(0.0, self.std, shape)


@dataclass(frozen=True)
class Uniform(Initialiser, name="uniform"):
    """w ~ U(-limit, limit)."""

    limit: float = 0.5

    def __post_init__(self) -> None:
        check_number("limit", self.limit, 0.0)

    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        return rng.uniform(-self.limit, self.limit, shape)


class _Scaled(Initialiser):
    """Variance scaling: Var(w) = scale / fan, so that signals keep their size from layer to layer."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        raise NotImplementedError


class _ScaledNormal(_Scaled):
    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        return rng.normal(0.0, math.sqrt(self.variance(*_fans(shape))), shape)


class _ScaledUniform(_Scaled):
    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        limit = math.sqrt(3.0 * self.variance(*_fans(shape)))
        return rng.uniform(-limit, limit, shape)


@dataclass(frozen=True)
class GlorotNormal(_ScaledNormal, name="glorot_normal"):
    """w ~ N(0, 2 / (fan_in + fan_out)). Glorot & Bengio 2010, eq. 12."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / (fan_in + fan_out)


@dataclass(frozen=True)
class GlorotUniform(_ScaledUniform, name="glorot_uniform"):
    """w ~ U(-l, l), l = sqrt(6 / (fan_in + fan_out)). Glorot & Bengio 2010, eq. 16."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / (fan_in + fan_out)


@dataclass(frozen=True)
class HeNormal(_ScaledNormal, name="he_normal"):
    """w ~ N(0, 2 / fan_in). He et al. 2015, eq. 10."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / fan_in


@dataclass(frozen=True)
class HeUniform(_ScaledUniform, name="he_uniform"):
    """w ~ U(-l, l), l = sqrt(6 / fan_in). He et al. 2015."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / fan_in


@dataclass(frozen=True)
class LeCunNormal(_ScaledNormal, name="lecun_normal"):
    """w ~ N(0, 1 / fan_in). LeCun et al. 1998, eq. 16."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1.0 / fan_in


@dataclass(frozen=True)
class LeCunUniform(_ScaledUniform, name="lecun_uniform"):
    """w ~ U(-l, l), l = sqrt(3 / fan_in). LeCun et al. 1998."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1.0 / fan_in


@dataclass(frozen=True)
class Orthogonal(Initialiser, name="orthogonal"):
    """Rows (or columns, whichever are fewer) are orthonormal, times `gain`. Saxe et al. 2013."""

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number("gain", self.gain)

    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        rows, columns = shape[0], math.prod(shape[1:])
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q *= np.sign(np.diag(r))  # makes the distribution uniform (Mezzadri 2007)
        return self.gain * np.ascontiguousarray(q if rows >= columns else q.T).reshape(shape)


@dataclass(frozen=True)
class Playground(Initialiser, name="playground"):
    """w ~ U(-0.5, 0.5), from TF Playground's own random stream where the experiment's seed is a string."""

    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        draw = uniform if uniform is not None else rng.random
        return np.array([draw() - 0.5 for _ in range(math.prod(shape))]).reshape(shape)
