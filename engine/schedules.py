"""Learning-rate schedules: the rate as a function of the step number (the first update is step 0)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.spec import Spec, check_count, check_number

__all__ = ["Constant", "Cosine", "Exponential", "Linear", "Schedule", "StepDecay", "WarmUp"]


class Schedule(Spec, family="schedule"):
    """A learning rate for every step. Every member's `initial` is the rate that a person sets."""

    initial: float

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Learning rate of each of the steps [n] -> [n]."""
        raise NotImplementedError

    def with_initial(self, rate: float) -> Schedule:
        """The same schedule from another rate."""
        return type(self).from_dict(self.to_dict() | {"initial": rate})


def _check_rate(rate: float) -> None:
    check_number("learning_rate", rate, 0.0)


@dataclass(frozen=True)
class Constant(Schedule, name="constant"):
    """rate(t) = initial."""

    initial: float = 0.03

    def __post_init__(self) -> None:
        _check_rate(self.initial)

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.full(steps.shape, self.initial)


@dataclass(frozen=True)
class StepDecay(Schedule, name="step_decay"):
    """rate(t) = initial * factor^floor(t / every)."""

    initial: float = 0.03
    every: int = 1000
    factor: float = 0.5

    def __post_init__(self) -> None:
        _check_rate(self.initial)
        check_count("every", self.every)
        check_number("factor", self.factor, 0.0, 1.0, open_low=True)

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.initial * self.factor ** (steps // self.every).astype(np.float64)


@dataclass(frozen=True)
class Exponential(Schedule, name="exponential"):
    """rate(t) = initial * decay^t."""

    initial: float = 0.03
    decay: float = 0.999

    def __post_init__(self) -> None:
        _check_rate(self.initial)
        check_number("decay", self.decay, 0.0, 1.0, open_low=True)

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.initial * np.exp(steps * np.log(self.decay))


@dataclass(frozen=True)
class Linear(Schedule, name="linear"):
    """rate(t) = initial + (final - initial) min(t / steps, 1): a straight line, then level."""

    initial: float = 0.03
    final: float = 0.0
    steps: int = 5000

    def __post_init__(self) -> None:
        _check_rate(self.initial)
        check_number("final", self.final, 0.0)
        check_count("steps", self.steps)

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.initial + (self.final - self.initial) * np.minimum(steps / self.steps, 1.0)


@dataclass(frozen=True)
class Cosine(Schedule, name="cosine"):
    """rate(t) = final + (initial - final) (1 + cos(pi t / steps)) / 2, then final. Loshchilov & Hutter 2016, eq. 5."""

    initial: float = 0.03
    final: float = 0.0
    steps: int = 5000

    def __post_init__(self) -> None:
        _check_rate(self.initial)
        check_number("final", self.final, 0.0)
        check_count("steps", self.steps)

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        progress = np.minimum(steps / self.steps, 1.0)
        return self.final + (self.initial - self.final) * 0.5 * (1.0 + np.cos(np.pi * progress))


@dataclass(frozen=True)
class WarmUp(Schedule, name="warm_up"):
    """rate(t) = initial * min((t + 1) / steps, 1): a straight climb over the first `steps` steps. Goyal et al. 2017."""

    initial: float = 0.03
    steps: int = 100

    def __post_init__(self) -> None:
        _check_rate(self.initial)
        check_count("steps", self.steps)

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.initial * np.minimum((steps + 1) / self.steps, 1.0)


def schedule_of(rate: object) -> Schedule:
    """A schedule from a number (constant), a Schedule, its name or its dictionary."""
    if isinstance(rate, bool) or rate is None:
        raise ConfigurationError("learning_rate", rate, "a number of at least 0, or a Schedule")
    if isinstance(rate, int | float):
        return Constant(float(rate))
    return Schedule.of(rate)
