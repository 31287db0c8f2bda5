"""Regularisers: a penalty on large weights (never on biases), added to the gradient of the loss."""

from __future__ import annotations

from dataclasses import dataclass

from engine.spec import Spec, check_number

__all__ = ["L1", "L2", "ElasticNet", "Regulariser"]


class Regulariser(Spec, family="regulariser"):
    """A penalty R(w) whose derivative joins the gradient: g <- dL/dw + dR/dw."""

    def rates(self) -> tuple[float, float]:
        """(l1, l2): dR/dw = l1 sign(w) + l2 w."""
        raise NotImplementedError


@dataclass(frozen=True)
class L1(Regulariser, name="l1"):
    """R = rate |w|_1;  dR/dw = rate sign(w). Tibshirani 1996.

    `prune=True` is TF Playground's rule: the penalty acts after the optimiser's update, by r rate sign(w before the
    update), and a weight that it pushes through zero becomes 0 and stays 0.
    """

    rate: float = 0.001
    prune: bool = False

    def __post_init__(self) -> None:
        check_number("rate", self.rate)

    def rates(self) -> tuple[float, float]:
        return (self.rate, 0.0)


@dataclass(frozen=True)
class L2(Regulariser, name="l2"):
    """R = rate |w|^2 / 2;  dR/dw = rate w (PyTorch's weight_decay)."""

    rate: float = 0.001

    def __post_init__(self) -> None:
        check_number("rate", self.rate)

    def rates(self) -> tuple[float, float]:
        return (0.0, self.rate)


@dataclass(frozen=True)
class ElasticNet(Regulariser, name="elastic_net"):
    """R = l1 |w|_1 + l2 |w|^2 / 2;  dR/dw = l1 sign(w) + l2 w. Zou & Hastie 2005."""

    l1: float = 0.001
    l2: float = 0.001

    def __post_init__(self) -> None:
        check_number("l1", self.l1, 0.0)
        check_number("l2", self.l2, 0.0)

    def rates(self) -> tuple[float, float]:
        return (self.l1, self.l2)
