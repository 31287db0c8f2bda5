"""The numbers of one step, in float64: a twin of the run goes forward, back and through the update; the run stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.derivation.expressions import Index
from engine.errors import ConfigurationError
from engine.kernels import context as c
from engine.plan import Program
from engine.regularisers import L1
from engine.spec import check_count

if TYPE_CHECKING:
    from engine.optimisers import Optimiser
    from engine.regularisers import Regulariser
    from engine.run import Run

__all__ = [
    "Batch",
    "Pass",
    "Update",
    "check_parameter",
    "follow",
    "gradients_of_each",
    "next_batch",
    "next_update",
    "twin_of",
]

Arrays = dict[str, NDArray[np.float64]]


def twin_of(run: Run) -> Run:
    """A float64 run of the same experiment in the same state: parameters, moments, statistics, place in the epoch."""
    run._settle()
    checkpoint = run.checkpoint()
    arrays = tuple(array.astype(np.float64) for array in checkpoint.arrays)
    twin = replace(run.experiment, dtype="float64").start()
    twin.restore(replace(checkpoint, arrays=arrays))
    return twin


@dataclass(frozen=True)
class Pass:
    """One example forward and back: every quantity, and the derivative of the example's own loss by it.

    `program` holds the numbers in lane `lane`; its derivatives times `scale` are those of this example's loss alone.
    """

    program: Program
    lane: int
    scale: float
    mode: str
    loss: float
    gradients: Arrays  # dL/d(parameter) of this example
    inputs: NDArray[np.float64]  # what the program reads: [examples, features and padding]

    def values(self, name: str) -> NDArray[np.float64]:
        """A quantity by its name in the plan."""
        return self._lane(name, delta=False)

    def deltas(self, name: str) -> NDArray[np.float64]:
        """dL/d(quantity)."""
        return self._lane(name, delta=True) * self.scale

    def again(self) -> float:
        """Go forward once more, with what parameters and inputs are by now; gives the loss."""
        program = self.program
        program.walk(1, program.forward_end)  # all but the choice of examples
        shares = program.quantity("shares")
        kept = shares.copy()
        shares[:] = 0.0
        shares[0, self.lane] = 1.0
        loss = program.walk(program.forward_end, program.loss_end)
        shares[:] = kept
        return loss

    def _lane(self, name: str, *, delta: bool) -> NDArray[np.float64]:
        lanes: NDArray[np.float64] = self.program.quantity(name, delta=delta)
        return lanes[:, self.lane].reshape(self.program.named[name].shape).copy()


@dataclass(frozen=True)
class Batch:
    """The examples of the next update, with the training program after their pass forward and back.

    Lane n of `program` holds example `examples[n]`; its derivatives are those of the mean loss.
    """

    examples: tuple[int, ...]
    program: Program
    loss: float
    gradients: Arrays


@dataclass(frozen=True)
class Update:
    """What the optimiser does with the batch's gradient: every parameter and moment before and after."""

    optimiser: Optimiser
    regulariser: Regulariser | None
    rate: float
    count: int  # updates since the optimiser's state began, this one included
    before: Arrays
    penalised: Arrays  # the gradient that the optimiser sees
    moved: Arrays  # after the optimiser, before pruning
    after: Arrays
    first: tuple[Arrays, Arrays]  # first moments before and after
    second: tuple[Arrays, Arrays]
    pruned: Arrays  # 1 where a weight has been pruned before this update


def follow(twin: Run, example: int, batch: Batch) -> Pass:
    """The followed example, forward and back.

    As in evaluation, which is what a trace shows. With dropout, an example of the batch is followed in training, with
    its own mask; not where there is batch normalisation: there no example's loss is its own.
    """
    check_count("example", example, 0, twin._train_set.count - 1)
    kinds = {layer.name for _, layer, *_ in twin.experiment.network.leaves()}
    if "dropout" in kinds and "batch_norm" not in kinds and example in batch.examples:
        return _follow_in_batch(twin, example, batch)
    program = Program(twin.experiment.network, twin._store, 1, training=False)
    twin._train_set.bind(program)
    program.context[c.SIZE], program.context[c.POSITION] = 1, example
    loss = program.walk(0, program.backward_end)
    return Pass(program, 0, 1.0, "evaluation", loss, _named(twin, program.gradients), twin._train_set.inputs)


def _follow_in_batch(twin: Run, example: int, batch: Batch) -> Pass:
    """The example's lane of the batch: its share of the loss is set to 1, all others' to 0."""
    program, lane = batch.program, batch.examples.index(example)
    shares = program.quantity("shares")
    kept = shares.copy()
    shares[:] = 0.0
    shares[0, lane] = 1.0
    loss = program.walk(program.forward_end, program.backward_end)
    gradients = _named(twin, program.gradients)
    shares[:] = kept
    program.walk(program.forward_end, program.backward_end)  # as it was: the batch's derivatives
    return Pass(program, lane, float(len(batch.examples)), "training", loss, gradients, twin._examples.inputs)


def next_batch(twin: Run) -> Batch:
    """Forward and back through the batch of the next update; running statistics stay as they were before it."""
    program, kept = twin._program, twin._store.statistics.copy()
    loss = program.walk(0, program.backward_end)
    twin._store.statistics[:] = kept
    context = program.context
    places = (int(context[c.START]) + np.arange(context[c.BATCH])) % int(context[c.EXAMPLES])
    examples = tuple(int(number) for number in twin._examples.order[places])
    return Batch(examples, program, loss, _named(twin, program.gradients))


def next_update(twin: Run) -> Update:
    """Penalties and update, after `next_batch`."""
    program, rate = twin._program, twin.learning_rate
    regulariser = twin._regulariser
    prunes = isinstance(regulariser, L1) and regulariser.prune
    pruning = program.end - (len(twin._layout.weights()) if prunes else 0)
    before, first, second = (_named(twin, flat) for flat in (twin._flat, twin._first, twin._second))
    pruned = _named(twin, twin._pruned)
    program.hyper[c.RATE] = rate
    program.walk(program.backward_end, pruning)
    moved, penalised = _named(twin, twin._flat), _named(twin, program.gradients)
    program.walk(pruning, program.end)
    after = _named(twin, twin._flat)
    moments = (first, _named(twin, twin._first)), (second, _named(twin, twin._second))
    count = twin.step_count - _state_began(twin) + 1
    return Update(twin._optimiser, regulariser, rate, count, before, penalised, moved, after, *moments, pruned)


def gradients_of_each(twin: Run, batch: Batch, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """dL_n/dw of each example n of the batch, for the parameters at `places` of the flat buffer: [examples, places].

    Their mean is the batch's gradient. With dropout or batch normalisation each is that of its lane of the batch.
    """
    kinds = {layer.name for _, layer, *_ in twin.experiment.network.leaves()}
    if kinds & {"dropout", "batch_norm"}:
        return _each_in_batch(batch, places)
    program = Program(twin.experiment.network, twin._store, 1, training=True)
    twin._train_set.bind(program)
    program.context[c.SIZE] = 1
    found = np.empty((len(batch.examples), len(places)))
    for n, example in enumerate(batch.examples):
        program.context[c.POSITION] = example
        program.walk(0, program.backward_end)
        found[n] = program.gradients[places]
    return found


def _each_in_batch(batch: Batch, places: NDArray[np.int64]) -> NDArray[np.float64]:
    program, shares = batch.program, batch.program.quantity("shares")
    kept, found = shares.copy(), np.empty((len(batch.examples), len(places)))
    for n in range(len(batch.examples)):
        shares[:] = 0.0
        shares[0, n] = 1.0
        program.walk(program.forward_end, program.backward_end)
        found[n] = program.gradients[places]
    shares[:] = kept
    program.walk(program.forward_end, program.backward_end)
    return found


def _state_began(twin: Run) -> int:
    """The step at which the optimiser's moments were last 0."""
    done = twin.experiment.edits[: twin._edits_done]
    return max((edit.step for edit in done if edit.key == "optimiser"), default=0)


def _named(twin: Run, flat: NDArray[Any]) -> Arrays:
    size = twin._layout.size
    return {name: view.copy() for name, view in twin._layout.views(flat[:size]).items()}


def check_parameter(arrays: Arrays, name: str, index: Index | int) -> Index:
    """The index of one number of a parameter, or ConfigurationError. A whole number counts through the flat array."""
    if name not in arrays:
        raise ConfigurationError("parameter", name, "one of " + ", ".join(arrays))
    shape = arrays[name].shape
    if isinstance(index, int):
        inside = 0 <= index < arrays[name].size
        place = tuple(int(number) for number in np.unravel_index(index if inside else 0, shape))
    else:
        place = tuple(index)
        inside = len(place) == len(shape) and all(0 <= i < size for i, size in zip(place, shape, strict=True))
    if not inside:
        raise ConfigurationError(f"index into {name}", index, f"one of the shape {shape}, from 0")
    return place
