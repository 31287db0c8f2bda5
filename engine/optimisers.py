"""Optimisers: how a gradient g moves a parameter w. r is the learning rate, t counts updates from 1.

PyTorch's forms and defaults. The arithmetic is in `kernels/optimisers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.schedules import Schedule, schedule_of
from engine.spec import Spec, check_number

__all__ = ["SGD", "AdaGrad", "Adam", "AdamW", "Momentum", "Nesterov", "Optimiser", "RMSProp"]


class Optimiser(Spec, family="optimiser"):
    """A rule that turns gradients into updates. `learning_rate` is a number or a Schedule."""

    learning_rate: float | Schedule

    def __post_init__(self) -> None:
        schedule = schedule_of(self.learning_rate)
        plain = schedule.initial if schedule.name == "constant" else schedule
        object.__setattr__(self, "learning_rate", plain)
        self._check()

    def _check(self) -> None:
        """Bounds of the other options."""

    @property
    def schedule(self) -> Schedule:
        """The learning rate as a schedule."""
        return schedule_of(self.learning_rate)

    def with_learning_rate(self, rate: float) -> Optimiser:
        """The same optimiser with another (initial) rate; a schedule keeps its shape."""
        check_number("learning_rate", rate, 0.0)
        schedule = self.schedule.with_initial(rate)
        return type(self).from_dict(self.to_dict() | {"learning_rate": schedule.to_dict()})

    @property
    def kernel(self) -> str:
        """Name of the kernel that does the update."""
        return self.name

    def kernel_options(self) -> tuple[float, ...]:
        """Numbers that the kernel reads from its row."""
        return ()


def _check_decays(names: tuple[str, ...], spec: Optimiser) -> None:
    for name in names:
        check_number(name, getattr(spec, name), 0.0, 1.0 - 1e-9)


@dataclass(frozen=True)
class SGD(Optimiser, name="sgd"):
    """w <- w - r g. Robbins & Monro 1951."""

    learning_rate: float | Schedule = 0.03


@dataclass(frozen=True)
class Momentum(Optimiser, name="momentum"):
    """v <- m v + g;  w <- w - r v. Polyak 1964."""

    learning_rate: float | Schedule = 0.03
    momentum: float = 0.9

    def _check(self) -> None:
        _check_decays(("momentum",), self)

    def kernel_options(self) -> tuple[float, ...]:
        return (self.momentum,)


@dataclass(frozen=True)
class Nesterov(Optimiser, name="nesterov"):
    """v <- m v + g;  w <- w - r (g + m v). Nesterov 1983, as in Sutskever et al. 2013."""

    learning_rate: float | Schedule = 0.03
    momentum: float = 0.9

    def _check(self) -> None:
        _check_decays(("momentum",), self)

    def kernel_options(self) -> tuple[float, ...]:
        return (self.momentum,)


@dataclass(frozen=True)
class AdaGrad(Optimiser, name="adagrad"):
    """s <- s + g^2;  w <- w - r g / (sqrt(s) + epsilon). Duchi et al. 2011."""

    learning_rate: float | Schedule = 0.03
    epsilon: float = 1e-10

    def _check(self) -> None:
        check_number("epsilon", self.epsilon, 0.0, 1.0, open_low=True)

    def kernel_options(self) -> tuple[float, ...]:
        return (self.epsilon,)


@dataclass(frozen=True)
class RMSProp(Optimiser, name="rmsprop"):
    """s <- alpha s + (1 - alpha) g^2;  w <- w - r g / (sqrt(s) + epsilon). Tieleman & Hinton 2012."""

    learning_rate: float | Schedule = 0.01
    alpha: float = 0.99
    epsilon: float = 1e-8

    def _check(self) -> None:
        _check_decays(("alpha",), self)
        check_number("epsilon", self.epsilon, 0.0, 1.0, open_low=True)

    def kernel_options(self) -> tuple[float, ...]:
        return (self.alpha, self.epsilon)


@dataclass(frozen=True)
class Adam(Optimiser, name="adam"):
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  w <- w - r mh / (sqrt(vh) + epsilon).

    Kingma & Ba 2014, alg. 1.

    mh = m / (1 - b1^t), vh = v / (1 - b2^t).
    """

    learning_rate: float | Schedule = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    def _check(self) -> None:
        object.__setattr__(self, "betas", tuple(self.betas))
        for name, beta in zip(("betas[0]", "betas[1]"), self.betas, strict=True):
            check_number(name, beta, 0.0, 1.0 - 1e-9)
        check_number("epsilon", self.epsilon, 0.0, 1.0, open_low=True)

    def kernel_options(self) -> tuple[float, ...]:
        return (*self.betas, self.epsilon, 0.0)


@dataclass(frozen=True)
class AdamW(Optimiser, name="adamw"):
    """Adam, with weight decay apart from the gradient: w <- w - r weight_decay w first.

    Loshchilov & Hutter 2017, alg. 2.
    """

    learning_rate: float | Schedule = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.01

    def _check(self) -> None:
        Adam._check(self)  # type: ignore[arg-type]
        check_number("weight_decay", self.weight_decay, 0.0)

    @property
    def kernel(self) -> str:
        return "adam"  # the same kernel, with a decay

    def kernel_options(self) -> tuple[float, ...]:
        return (*self.betas, self.epsilon, self.weight_decay)
