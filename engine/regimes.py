"""Update regimes: how many examples an update looks at, and in which order they come."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import ConfigurationError
from engine.spec import Spec, check_count

__all__ = ["FullBatch", "MiniBatch", "Regime", "Stochastic"]


class Regime(Spec, family="regime"):
    """Cuts an epoch of n examples into batches; the last one may be smaller."""

    shuffle: bool

    def batch_size(self, n: int) -> int:
        """Examples in a whole batch, given n training examples."""
        raise NotImplementedError

    @property
    def carries(self) -> bool:
        """Whether examples left over at an epoch's end join the first batch of the next."""
        return False

    def largest_batch(self, n: int) -> int:
        """Most examples that one update can see."""
        size = self.batch_size(n)
        return min(2 * size - 1, size + n % size) if self.carries else size

    def updates_per_epoch(self, n: int) -> int:
        """Updates in one epoch of n examples."""
        size = self.batch_size(n)
        return n // size if self.carries else -(-n // size)


@dataclass(frozen=True)
class FullBatch(Regime, name="full_batch"):
    """Gradient descent: every update sees all the examples."""

    shuffle = False

    def batch_size(self, n: int) -> int:
        return n


@dataclass(frozen=True)
class MiniBatch(Regime, name="mini_batch"):
    """Mini-batch gradient descent: `size` examples an update, in a new random order each epoch unless `shuffle=False`.

    `carry=True` is TF Playground's way with a partial last batch: its gradients wait and join the first update of
    the next epoch (mean over the larger count). As no update lies between, that is one larger batch.
    """

    size: int = 10
    shuffle: bool = True
    carry: bool = False

    def __post_init__(self) -> None:
        check_count("batch size", self.size)
        if self.carry and self.shuffle:
            raise ConfigurationError(
                "carry", True, "only with shuffle=False: left-over examples belong to a fixed order"
            )

    @property
    def carries(self) -> bool:
        return self.carry

    def batch_size(self, n: int) -> int:
        if self.carry and self.size > n:
            raise ConfigurationError(
                "batch size", self.size, f"at most {n}, the number of training examples, with carry=True"
            )
        return min(self.size, n)


@dataclass(frozen=True)
class Stochastic(Regime, name="stochastic"):
    """Stochastic gradient descent in the strict sense: one example an update."""

    shuffle: bool = True

    def batch_size(self, n: int) -> int:
        return 1
