"""Wiggle a number and watch: what it changes on its way to the loss, and the slope that this measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.derivation.expressions import Index
from engine.derivation.graph import flat_index
from engine.derivation.state import Pass, check_parameter, follow, next_batch, twin_of
from engine.derivation.unrolled import unrolled
from engine.errors import ConfigurationError
from engine.evaluation import prediction
from engine.losses import Loss
from engine.spec import check_number

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["Wiggle", "wiggle"]

Target = tuple[str, str, Index | int] | tuple[str, Index | int]
Arrays = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Wiggle:
    """One number of the network moved by `amount`, and what follows.

    Parameters
    ----------
    before, after : every quantity of the followed example by its name in the trace, "input" and "prediction" too
    loss_before, loss_after, loss_other : at the number itself, moved by `amount`, and moved by -amount
    slope : measured, (loss_after - loss_other) / (2 amount)
    gradient : computed, by backpropagation
    """

    amount: float
    before: Arrays
    after: Arrays
    loss_before: float
    loss_after: float
    loss_other: float
    slope: float
    gradient: float


def wiggle(run: Run, target: Target, amount: float, example: int = 0) -> Wiggle:
    """Move one number of a float64 twin of the run, go forward, and compare the slope measured with the gradient.

    Parameters
    ----------
    target : ("parameter", name, index) or ("input", index), the index as in the arrays of a trace, or into the flat one
    amount : how far, in the number's own units

    Raises
    ------
    ConfigurationError : for an amount of 0, and for a target or an example that there is not
    """
    check_number("amount", amount)
    if amount == 0:
        raise ConfigurationError("amount", amount, "a finite number that is not 0")
    twin = twin_of(run)
    batch = next_batch(twin)
    followed = follow(twin, example, batch)
    number, gradient = _aimed(twin, followed, target, example)
    centre, loss = float(number[()]), followed.loss
    before = _quantities(followed, twin)
    number[()] = centre - amount
    other = followed.again()
    number[()] = centre + amount
    moved = followed.again()
    return Wiggle(
        amount, before, _quantities(followed, twin), loss, moved, other, (moved - other) / (2.0 * amount), gradient
    )


def _aimed(twin: Run, followed: Pass, target: Target, example: int) -> tuple[NDArray[np.float64], float]:
    """(a view of the one number to move, the loss's derivative by it)."""
    graph = unrolled(twin.experiment.network, followed, twin.parameters())
    if target[0] == "parameter" and len(target) == 3:
        place = check_parameter(twin.parameters(), target[1], target[2])
        view = twin._views[target[1]]
        return _number_of(view.reshape(-1), flat_index(place, view.shape)), float(followed.gradients[target[1]][place])
    if target[0] != "input" or len(target) != 2:
        raise ConfigurationError("target", target, "('parameter', name, index) or ('input', index)")
    layer = twin.experiment.network.layers[0]
    if layer.reads_data:
        raise ConfigurationError("target", target, f"a parameter: the inputs of {layer.name} are names, not amounts")
    inputs = {"input": followed.values("input")}
    place = check_parameter(inputs, "input", target[1])
    flat = flat_index(place, inputs["input"].shape)
    return _number_of(followed.inputs[example], flat), graph.nodes["input"].backward(place).evaluate()


def _number_of(row: NDArray[np.float64], place: int) -> NDArray[np.float64]:
    """A view of one number."""
    return row[place : place + 1].reshape(())


def _quantities(followed: Pass, twin: Run) -> Arrays:
    names = [name for name in followed.program.named if "." in name or name == "input"]
    found = {name: followed.values(name) for name in names}
    return found | {"prediction": prediction(followed.values("output"), Loss.of(twin.experiment.network.loss))}
