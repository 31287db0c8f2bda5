"""Is the gradient right? Backpropagation beside central differences, in float64."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["GradientReport", "gradient_check"]


@dataclass(frozen=True)
class GradientReport:
    """The greatest relative error of each parameter's gradient:

    |difference| / (|gradient| + floor), see `gradient_check`.
    """

    errors: dict[str, float]
    tolerance: float
    checked: int

    @property
    def max_relative_error(self) -> float:
        """The greatest error of all."""
        return max(self.errors.values(), default=0.0)

    @property
    def passed(self) -> bool:
        """Whether every error is within the tolerance."""
        return self.max_relative_error <= self.tolerance


def gradient_check(
    run: Run,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    most: int = 200,
) -> GradientReport:
    """Compare dL/dw with (L(w + h) - L(w - h)) / 2h at the run's present parameters, in a float64 twin of the run.

    Parameters
    ----------
    x, y : examples, as for `run.gradients`; the first 16 training examples where they are left out
    step : h, relative to 1
    tolerance : what `passed` accepts
    most : at most this many numbers of each parameter are wiggled, spread evenly

    The error of one number is |measured - computed| / max(|measured|, |computed|, floor) with the floor at 1e-3 of the
    network's greatest gradient: below it, central differences measure only rounding.
    """
    twin = replace(run.experiment, dtype="float64", edits=()).start()
    twin.set_parameters(run.parameters())
    if x is None or y is None:
        x, y = run.dataset.x_train[:16], run.dataset.y_train[:16]
    computed = twin.gradients(x, y)
    floor = 1e-3 * max((float(np.abs(g).max()) for g in computed.values()), default=0.0) or 1e-12
    errors, checked = {}, 0
    for name, gradient in computed.items():
        chosen = np.unique(np.linspace(0, gradient.size - 1, min(most, gradient.size)).astype(int))
        measured = np.array([_slope(twin, name, index, x, y, step) for index in chosen])
        flat = gradient.reshape(-1)[chosen]
        scale = np.maximum(np.maximum(np.abs(measured), np.abs(flat)), floor)
        errors[name] = float((np.abs(measured - flat) / scale).max())
        checked += len(chosen)
    return GradientReport(errors, tolerance, checked)


def _slope(run: Run, name: str, index: int, x: ArrayLike, y: ArrayLike, h: float) -> float:
    """Central difference of the loss along one number of one parameter."""
    values: NDArray[np.float64] = run.parameters()[name]
    centre, losses = values.reshape(-1)[index], []
    for moved in (centre + h, centre - h):
        values.reshape(-1)[index] = moved
        run.set_parameters({name: values})
        losses.append(run.loss(x, y, training=True))
    values.reshape(-1)[index] = centre
    run.set_parameters({name: values})
    return (losses[0] - losses[1]) / (2.0 * h)
