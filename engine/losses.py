"""Losses: what the network is told to make small. Mean over the batch (and, where it says so, over the outputs).

`targets` says what a loss takes: "values" are real numbers [batch, outputs]; "signs" are -1 and +1 [batch, outputs];
"bits" are 0 and 1 [batch, outputs]; "classes" are class numbers [batch], or [batch, time] where the outputs are
[batch, time, classes]. The arithmetic is in `kernels/losses.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.spec import Spec, check_number

__all__ = [
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
]


class Loss(Spec, family="loss"):
    """A number that says how wrong the outputs o are, given the targets y."""

    targets: ClassVar[str] = "values"
    from_logits: ClassVar[bool] = False

    def kernel_options(self) -> tuple[float, ...]:
        """Numbers that the kernel reads from its row."""
        return ()


@dataclass(frozen=True)
class MeanSquaredError(Loss, name="mean_squared_error"):
    """mean over batch and outputs of (o - y)^2;  dL/do = 2 (o - y) / (batch outputs)."""


@dataclass(frozen=True)
class HalfSquaredError(Loss, name="half_squared_error"):
    """mean over the batch of sum over outputs of (o - y)^2 / 2;  dL/do = (o - y) / batch. TF Playground's loss."""


@dataclass(frozen=True)
class MeanAbsoluteError(Loss, name="mean_absolute_error"):
    """mean over batch and outputs of |o - y|;  dL/do = sign(o - y) / (batch outputs), 0 at o = y."""


@dataclass(frozen=True)
class Huber(Loss, name="huber"):
    """mean over batch and outputs of e^2/2 where |e| <= delta, else delta (|e| - delta/2), with e = o - y. Huber 1964.

    dL/do = clip(e, -delta, delta) / (batch outputs).
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        check_number("delta", self.delta, 0.0, 1e6, open_low=True)

    def kernel_options(self) -> tuple[float, ...]:
        return (self.delta,)


@dataclass(frozen=True)
class Hinge(Loss, name="hinge"):
    """mean over batch and outputs of max(0, 1 - y o), y = -1 or +1;  dL/do = -y / (batch outputs) where y o < 1."""

    targets: ClassVar[str] = "signs"


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss, name="binary_cross_entropy"):
    """mean over batch and outputs of softplus(o) - y o, o a logit, y = 0 or 1.

    dL/do = (sigmoid(o) - y) / (batch outputs).
    Stable form: max(o, 0) - y o + ln(1 + e^-|o|).
    """

    targets: ClassVar[str] = "bits"
    from_logits: ClassVar[bool] = True


@dataclass(frozen=True)
class CategoricalCrossEntropy(Loss, name="categorical_cross_entropy"):
    """mean over the batch of ln(sum_k e^{o_k}) - o_y, o logits, y the class number.

    dL/do_k = (softmax(o)_k - [k = y]) / batch.
    Stable form: the greatest logit is subtracted first.
    """

    targets: ClassVar[str] = "classes"
    from_logits: ClassVar[bool] = True
