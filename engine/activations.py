"""Activation functions a = f(z).

Formula, derivative and source of each; the arithmetic is in `kernels/activations.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.spec import Spec, check_number

__all__ = [
    "ELU",
    "GELU",
    "ActivationFunction",
    "Identity",
    "LeakyReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


class ActivationFunction(Spec, family="activation"):
    """A function of the pre-activation z, applied to each unit (softmax: to each example)."""

    def kernel_options(self) -> tuple[float, ...]:
        """Numbers that the kernel reads from its row."""
        return ()

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        """da/dz where the unit stands, given z and a = f(z) (softmax: of each output by its own z)."""
        raise NotImplementedError

    @property
    def kernel(self) -> str:
        """Stem of the kernel's name: `<kernel>_forward`, `<kernel>_backward`."""
        return self.name


@dataclass(frozen=True)
class Identity(ActivationFunction, name="identity"):
    """a = z;  da/dz = 1."""

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        return np.ones_like(z)


@dataclass(frozen=True)
class ReLU(ActivationFunction, name="relu"):
    """a = max(0, z);  da/dz = 1 where z > 0, else 0 (0 at z = 0). Nair & Hinton 2010."""

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        return np.where(z > 0, 1.0, 0.0)


@dataclass(frozen=True)
class LeakyReLU(ActivationFunction, name="leaky_relu"):
    """a = z where z > 0, else alpha z;  da/dz = 1 or alpha (alpha at z = 0). Maas et al. 2013."""

    alpha: float = 0.01

    def __post_init__(self) -> None:
        check_number("alpha", self.alpha, 0.0, 1.0)

    def kernel_options(self) -> tuple[float, ...]:
        return (self.alpha,)

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        return np.where(z > 0, 1.0, self.alpha)


@dataclass(frozen=True)
class ELU(ActivationFunction, name="elu"):
    """a = z where z > 0, else alpha (e^z - 1);  da/dz = 1 or alpha e^z. Clevert et al. 2015."""

    alpha: float = 1.0

    def __post_init__(self) -> None:
        check_number("alpha", self.alpha, 0.0, 100.0)

    def kernel_options(self) -> tuple[float, ...]:
        return (self.alpha,)

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        return np.where(z > 0, 1.0, a + self.alpha)


@dataclass(frozen=True)
class GELU(ActivationFunction, name="gelu"):
    """a = z Phi(z), Phi the normal distribution;  da/dz = Phi(z) + z phi(z). Hendrycks & Gimpel 2016.

    `approximate="tanh"` is their approximation 0.5 z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))).
    """

    approximate: str = "none"

    def __post_init__(self) -> None:
        if self.approximate not in ("none", "tanh"):
            raise ConfigurationError("approximate", self.approximate, "'none' (exact) or 'tanh'")

    @property
    def kernel(self) -> str:
        return "gelu" if self.approximate == "none" else "gelu_tanh"

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        return np.where(np.abs(z) > 1e-6, a / np.where(z == 0, 1.0, z), 0.5) + z * density  # Phi(z) = a / z


@dataclass(frozen=True)
class SiLU(ActivationFunction, name="silu"):
    """a = z s(z), s the logistic sigmoid;  da/dz = s (1 + z (1 - s)). Elfwing et al. 2017."""

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        return _sigmoid(z) * (1.0 + z * (1.0 - _sigmoid(z)))


@dataclass(frozen=True)
class Tanh(ActivationFunction, name="tanh"):
    """a = tanh z;  da/dz = 1 - a^2."""

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        return 1.0 - a * a


@dataclass(frozen=True)
class Sigmoid(ActivationFunction, name="sigmoid"):
    """a = 1 / (1 + e^-z);  da/dz = a (1 - a)."""

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        return a * (1.0 - a)


@dataclass(frozen=True)
class Softplus(ActivationFunction, name="softplus"):
    """a = ln(1 + e^z);  da/dz = 1 / (1 + e^-z). Dugas et al. 2001."""

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        return _sigmoid(z)


@dataclass(frozen=True)
class Softmax(ActivationFunction, name="softmax"):
    """a_k = e^{z_k} / sum_j e^{z_j};  dL/dz_k = a_k (dL/da_k - sum_j a_j dL/da_j). For output layers."""

    def slope(self, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
        return a * (1.0 - a)


def _sigmoid(z: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))
