"""The experiment: everything that a person chose.

Immutable, small, JSON-able; the same one always replays to the same bits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from engine import datasets
from engine.axes import CENTRES, Axes
from engine.datasets import Dataset
from engine.errors import ConfigurationError
from engine.network import Network
from engine.optimisers import SGD, Optimiser
from engine.regimes import MiniBatch, Regime
from engine.regularisers import Regulariser
from engine.spec import check_count, check_number, plain

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["EDIT_KEYS", "Edit", "Experiment"]

EDIT_KEYS = ("learning_rate", "optimiser", "regulariser", "parameter", "point", "place")


class Edit(NamedTuple):
    """A change made while the run goes on: it acts before update number `step` (the first update is number 0)."""

    step: int
    key: str
    value: Any


@dataclass(frozen=True)
class Experiment:
    """Network, data, optimiser, regime, regulariser, seed and edits.

    `seed` is a whole number, or a string for TF Playground's random numbers. `dtype` is "float32", or "float64" for
    the same kernels in doubles. `edits` are (step, key, value): "learning_rate" (a number), "optimiser" (its state
    restarts), "regulariser" (or None), "parameter" ((name, flat index, value)) and "point" ((x1, x2, label): it joins
    the training set), and "place" ((axes, centre, a, b): it goes to that point of that plane, see `engine/plane.py`).
    """

    network: Network
    dataset: Dataset
    optimiser: Optimiser = field(default_factory=SGD)
    regime: Regime = field(default_factory=MiniBatch)
    regulariser: Regulariser | None = None
    seed: int | str = 0
    dtype: str = "float32"
    edits: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.network, Network):
            raise ConfigurationError("network", self.network, "an engine.Network")
        if not isinstance(self.dataset, Dataset):
            raise ConfigurationError("dataset", self.dataset, "an engine.Dataset, as engine.datasets.load gives")
        object.__setattr__(self, "optimiser", Optimiser.of(self.optimiser))
        object.__setattr__(self, "regime", Regime.of(self.regime))
        if self.regulariser is not None:
            object.__setattr__(self, "regulariser", Regulariser.of(self.regulariser))
        batch = self.regime.largest_batch(len(self.dataset.x_train))
        for _, layer, shape, _ in self.network.leaves():
            layer.check_batch(shape, batch)
        if not isinstance(self.seed, str):
            check_count("seed", self.seed, 0, 2**63 - 1)
        if self.dtype not in ("float32", "float64"):
            raise ConfigurationError("dtype", self.dtype, "'float32' or 'float64'")
        edits = sorted((self._checked_edit(*edit) for edit in self.edits), key=lambda edit: edit.step)
        object.__setattr__(self, "edits", tuple(edits))

    def _checked_edit(self, step: int, key: str, value: Any) -> Edit:
        check_count("edit step", step, 0, 2**40)
        if key == "learning_rate":
            check_number("learning_rate", value, 0.0)
            return Edit(step, key, float(value))
        if key == "optimiser":
            return Edit(step, key, Optimiser.of(value))
        if key == "regulariser":
            return Edit(step, key, None if value is None else Regulariser.of(value))
        if key == "parameter":
            return Edit(step, key, self._checked_parameter(*_parts(key, value, ("name", "flat index", "value"))))
        if key == "point":
            return Edit(step, key, self._checked_point(*_parts(key, value, ("x1", "x2", "label"))))
        if key == "place":
            return Edit(step, key, self._checked_place(*_parts(key, value, ("axes", "centre", "a", "b"))))
        raise ConfigurationError("edit key", key, "one of " + ", ".join(EDIT_KEYS))

    def _checked_parameter(self, name: str, index: int, value: float) -> tuple[str, int, float]:
        shapes = self.network.parameter_shapes()
        if name not in shapes:
            raise ConfigurationError("parameter", name, "one of " + ", ".join(shapes))
        size = 1
        for length in shapes[name]:
            size *= length
        check_count(f"index into {name}", index, 0, size - 1)
        check_number(name, value, -1e30, 1e30)
        return (name, index, float(value))

    def _checked_point(self, x1: float, x2: float, label: float) -> tuple[float, float, float]:
        if not self.dataset.features and self.network.input_shape != (2,):
            raise ConfigurationError("point", (x1, x2, label), "an edit of data that are points of the plane")
        for name, number in (("x1", x1), ("x2", x2)):
            check_number(name, number, *(self.dataset.domain or (-1e6, 1e6)))
        if self.dataset.classes is not None:
            check_count("label", label, 0, self.dataset.classes - 1)
        else:
            check_number("label", label, -1e3, 1e3)
        return (float(x1), float(x2), label)

    def _checked_place(self, axes: Any, centre: str, a: float, b: float) -> tuple[Axes, str, float, float]:
        axes = Axes.of(axes)
        axes.check_network(self.network)
        if centre not in CENTRES:
            raise ConfigurationError("centre", centre, "one of " + ", ".join(CENTRES))
        for name, number in (("a", a), ("b", b)):
            check_number(name, number, -1e6, 1e6)
        return (axes, centre, float(a), float(b))

    def edit(self, step: int, key: str, value: Any) -> Experiment:
        """The same experiment with one more edit."""
        return replace(self, edits=(*self.edits, Edit(step, key, value)))

    def before(self, step: int) -> Experiment:
        """The same experiment with only the edits that act before update number `step`."""
        if not self.edits or self.edits[-1].step < step:  # they are sorted
            return self
        return replace(self, edits=tuple(edit for edit in self.edits if edit.step < step))

    def start(self) -> Run:
        """Draw the initial weights and be ready for the first step."""
        from engine.run import Run  # an experiment is a choice; only starting it needs the kernels

        return Run(self)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form; `from_dict` is its inverse (for data made from arrays the caller must give them again)."""
        return {
            "network": self.network.to_dict(),
            "dataset": self.dataset.spec,
            "optimiser": self.optimiser.to_dict(),
            "regime": self.regime.to_dict(),
            "regulariser": self.regulariser.to_dict() if self.regulariser else None,
            "seed": self.seed,
            "dtype": self.dtype,
            "edits": [[step, key, plain(value)] for step, key, value in self.edits],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], dataset: Dataset | None = None) -> Experiment:
        """From `to_dict`'s form. `dataset` stands in for data that were made from arrays."""
        if dataset is None:
            dataset = datasets.load(data["dataset"]["name"], **data["dataset"]["options"])
        return cls(
            Network.from_dict(data["network"]),
            dataset,
            Optimiser.of(data["optimiser"]),
            Regime.of(data["regime"]),
            Regulariser.of(data["regulariser"]) if data.get("regulariser") else None,
            data["seed"],
            data["dtype"],
            tuple(
                Edit(step, key, tuple(value) if isinstance(value, list) else value)
                for step, key, value in data["edits"]
            ),
        )

    @cached_property
    def key(self) -> str:
        """SHA-256 of the canonical JSON: equal experiments, and only those, have equal keys."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _parts(key: str, value: Any, parts: tuple[str, ...]) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or len(value) != len(parts):
        raise ConfigurationError(key, value, f"{len(parts)} parts: ({', '.join(parts)})")
    return tuple(value)
