"""The run: one experiment being trained. Parameters, optimiser state, data order, step count."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.axes import Axes
from engine.cost import cost
from engine.datasets.randomness import RandomSource, random_source
from engine.divergence import locate
from engine.errors import ConfigurationError
from engine.evaluation import Evaluator, accuracy, prediction
from engine.examples import Examples
from engine.experiment import Edit, Experiment
from engine.kernels import batches
from engine.kernels import context as c
from engine.losses import Loss
from engine.outcomes import Outcome
from engine.pieces import OPERATIONS, Pieces, finish
from engine.plan import Program, Store, aligned_zeros, padded
from engine.regimes import Regime
from engine.spec import check_count, check_number

if TYPE_CHECKING:
    from engine.trace import Trace

__all__ = ["Checkpoint", "Run"]

SLICE = 1024  # steps between two snapshots: how far a diverged run is replayed to its last finite step


@dataclass(frozen=True)
class Checkpoint:
    """Everything that training changes, at one step, before that step's edits unless they had been asked for."""

    step: int
    edits_done: int
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    arrays: tuple[NDArray[Any], ...]
    hyper: NDArray[np.float64]
    position: int
    epoch: int

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return sum(array.nbytes for array in self.arrays) + self.hyper.nbytes + 64


class Run:
    """An experiment from its initial weights on. `run.step()` trains; everything else looks.

    Not safe to share between threads; different runs in different threads are.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._network = experiment.network
        self._loss = Loss.of(experiment.network.loss)
        self._store = Store.of(experiment.network, experiment.dtype)
        self._layout, self._flat = self._store.layout, self._store.parameters
        self._first, self._second, self._signs, self._pruned = (
            aligned_zeros(self._layout.size, experiment.dtype) for _ in range(4)
        )
        self._views = self._layout.views(self._flat)
        self._statistics = self._store.statistics_layout.views(self._store.statistics)
        self.dataset = experiment.dataset
        self._optimiser = experiment.optimiser
        self._regulariser = experiment.regulariser
        self._edits_done = 0
        self._outcome: Outcome | None = None
        self._earlier: Checkpoint | None = (
            None  # a finite state before the last slice, while nothing was changed by hand
        )
        self._operations: dict[tuple[int, int], int] = {}
        self._probe: Program | None = None  # for losses and gradients of other examples than the update's
        self._points: list[tuple[float, float, float]] = []
        self._placed: dict[int, NDArray[np.float64]] = {}  # where "place" edits led, by their number
        self._examples = self._training_examples()
        self._program = self._training_program()
        self._draw_parameters()

    # ---------------------------------------------------------------------------------------------- setting up

    def _examples_of(self, x: ArrayLike, y: ArrayLike | None) -> Examples:
        return Examples(self._network, x, y, self.experiment.dtype)

    def _training_examples(self) -> Examples:
        """The dataset's training examples, and the points that joined them."""
        data = self.dataset
        if not self._points:
            return self._examples_of(data.x_train, data.y_train)
        points = np.array(self._points)
        labels = points[:, 2].astype(np.int64) if data.task == "classification" else points[:, 2]
        inputs = data.inputs(points[:, :2]) if data.features else points[:, :2]
        added = inputs, data.encode(labels)
        return self._examples_of(np.concatenate([data.x_train, added[0]]), np.concatenate([data.y_train, added[1]]))

    def _training_program(self) -> Program:
        regime, count = Regime.of(self.experiment.regime), self._examples.count
        program = Program(self._network, self._store, regime.largest_batch(count), training=True)
        for slot, array in (
            (c.FIRST_MOMENTS, self._first),
            (c.SECOND_MOMENTS, self._second),
            (c.SIGNS, self._signs),
            (c.PRUNED, self._pruned),
        ):
            program.point_to(slot, array)
        program.context[c.SIZE] = regime.batch_size(count)
        program.context[c.SHUFFLES] = regime.shuffle
        program.context[c.CARRIES] = regime.carries
        program.context[c.SEED] = _shuffle_seed(self.experiment.seed)
        program.set_update(self._optimiser, self._regulariser)
        self._examples.bind(program)
        return program

    def _draw_parameters(self) -> None:
        seed = self.experiment.seed
        stream = self._playground_stream(seed) if isinstance(seed, str) else None
        views = self._views | self._statistics
        for number, (name, initialiser) in enumerate(self._network.initialisers().items()):
            if name in views:
                key = [_shuffle_seed(seed), number]
                rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
                uniform = (lambda: stream.uniform(0.0, 1.0)) if stream else None
                views[name][...] = initialiser.draw(views[name].shape, rng, uniform)

    def _playground_stream(self, seed: str) -> RandomSource:
        """TF Playground's numbers: from where the data left them, if the data were drawn with the same seed."""
        drawn_alike = self.dataset.spec["options"].get("seed") == seed
        return self.dataset.stream() if drawn_alike else random_source(seed)

    # ------------------------------------------------------------------------------------------------ training

    @property
    def step_count(self) -> int:
        """Updates done so far."""
        return int(self._program.context[c.STEP])

    @property
    def updates_per_epoch(self) -> int:
        """Updates in one pass over the training examples."""
        return Regime.of(self.experiment.regime).updates_per_epoch(self._examples.count)

    @property
    def epoch(self) -> int:
        """Whole passes over the training examples so far."""
        return self.step_count // self.updates_per_epoch

    @property
    def outcome(self) -> Outcome | None:
        """How the run ended; None while it can go on."""
        return self._outcome

    @property
    def learning_rate(self) -> float:
        """The rate of the next update."""
        self._settle()
        return float(self._optimiser.schedule.rates(np.array([self.step_count]))[0])

    def step(self, n: int = 1) -> int:
        """Do up to `n` updates; fewer where the run diverges. Gives how many. A diverged run stays where it is."""
        return finish(self.stepping(n))

    def stepping(self, n: int) -> Pieces[int]:
        """`step`, in pieces (see `engine/pieces.py`); between two of them the run must be left alone."""
        check_count("n", n, 0)
        target = self.step_count + n
        start = self.step_count
        most = min(SLICE, OPERATIONS // self.operations_of(1))
        while self.step_count < target and not self._has_diverged():
            yield from self._settling()
            if most:
                self._slice(int(min(target, self._next_edit_step(), self.step_count + most)) - self.step_count)
            else:
                yield from self.observed_step(None)
            yield
        return self.step_count - start

    def operations_of(self, steps: int, frames: int = 0) -> int:
        """Multiply-adds of so many updates, `frames` of them recorded, edits apart (see `engine/cost.py`)."""
        if (steps, frames) not in self._operations:
            self._operations[steps, frames] = cost(replace(self.experiment, edits=()), steps, frames).operations
        return self._operations[steps, frames]

    def train(self, epochs: float = 1, *, target_loss: float | None = None) -> int:
        """Train for whole (or parts of) epochs; gives the updates done. `outcome` says how it ended.

        It ends early when the training loss is at most `target_loss`, or when no parameter moved during a whole epoch.
        """
        check_number("epochs", epochs, 0)
        target = self.step_count + round(epochs * self.updates_per_epoch)
        start = self.step_count
        self._outcome = None if not self._has_diverged() else self._outcome
        while self.step_count < target and self._outcome is None:
            before = self._flat.copy()
            done = self.step(min(self.updates_per_epoch, target - self.step_count))
            settled = done == self.updates_per_epoch and np.array_equal(before, self._flat)
            if not self._outcome and (settled or (target_loss is not None and self.train_loss() <= target_loss)):
                self._outcome = Outcome("converged", self.step_count)
        self._outcome = self._outcome or Outcome("step_limit", self.step_count)
        return self.step_count - start

    def stop(self) -> None:
        """Say that somebody ended the run."""
        self._outcome = Outcome("stopped", self.step_count)

    def _has_diverged(self) -> bool:
        return self._outcome is not None and self._outcome.kind == "diverged"

    def _slice(self, steps: int) -> None:
        """A few steps between edits, with a snapshot to go back to."""
        snapshot = self.checkpoint()
        rates = self._optimiser.schedule.rates(np.arange(self.step_count, self.step_count + steps, dtype=np.int64))
        done = self._program.train(np.ascontiguousarray(rates, np.float64), np.empty(steps))
        self._judge(done == steps, snapshot)

    def _judge(self, done: bool, snapshot: Checkpoint) -> None:
        """After a slice that began at `snapshot`: go on, or go back to the last finite step."""
        if done and np.isfinite(self._flat).all():
            self._outcome, self._earlier = None, snapshot
        else:
            self._outcome = locate(self, self._earlier or snapshot)

    def observed_step(self, gradient: NDArray[Any] | None) -> Pieces[float]:
        """One update, as `step(1)`, in pieces; gives its batch's loss.

        Where `gradient` is given, the batch's gradient is written there (flat, without penalties).
        """
        yield from self._settling()
        program, snapshot = self._program, self.checkpoint()
        whole = self.operations_of(1) <= OPERATIONS
        loss = yield from program.walking(0, program.loss_end, whole=whole)
        if np.isfinite(loss):
            yield from program.walking(program.loss_end, program.backward_end, whole=whole)
            if gradient is not None:
                gradient[:] = program.gradients[: self._layout.size]
            program.hyper[c.RATE] = self._optimiser.schedule.rates(np.array([self.step_count]))[0]
            yield from program.walking(program.backward_end, program.end, whole=whole)
            program.context[c.STEP] += 1
        self._judge(bool(np.isfinite(loss)), snapshot)
        return loss

    # --------------------------------------------------------------------------------------------------- edits

    def _next_edit_step(self) -> float:
        edits = self.experiment.edits
        return edits[self._edits_done].step if self._edits_done < len(edits) else math.inf

    def _settle(self) -> None:
        """Apply the edits that act before the next update."""
        finish(self._settling())

    def _settling(self) -> Pieces[None]:
        """`_settle`, in pieces: a place may have to be found first."""
        while self._next_edit_step() <= self.step_count:
            edit = self.experiment.edits[self._edits_done]
            if edit.key == "place":
                yield from self._finding(*edit.value)
            self._apply(edit)
            self._edits_done += 1
            if edit.step == self.step_count and not self._has_diverged():
                self._outcome = None

    def _finding(self, axes: Axes, centre: str, a: float, b: float) -> Pieces[None]:
        """Where the next edit leads: to a point of a plane through where the run is and was. Twins, which train the
        same beginning, know the way to earlier places already."""
        from engine.plane import put

        if self._edits_done not in self._placed:
            self._placed[self._edits_done] = yield from put(self, axes, centre, a, b)

    def _apply(self, edit: Edit) -> None:
        if edit.key == "learning_rate":
            self._optimiser = self._optimiser.with_learning_rate(edit.value)
        elif edit.key == "optimiser":
            self._optimiser = edit.value
            self._first[:] = self._second[:] = 0
            self._program.hyper[:] = 1.0
            self._program.set_update(self._optimiser, self._regulariser)
        elif edit.key == "regulariser":
            self._regulariser = edit.value
            self._pruned[:] = 0
            self._program.set_update(self._optimiser, self._regulariser)
        elif edit.key == "parameter":
            name, index, value = edit.value
            self._views[name].reshape(-1)[index] = value
        elif edit.key == "place":
            self._flat[self._layout.places] = self._placed[self._edits_done]
        else:
            self._change_points([*self._points, edit.value])

    def _change_points(self, points: list[tuple[float, float, float]]) -> None:
        """Go on with other added points, from the beginning of a pass over the training examples."""
        context, hyper = self._program.context.copy(), self._program.hyper.copy()
        self._points = points
        self._examples = self._training_examples()
        self._program = self._training_program()
        self._program.context[c.STEP], self._program.context[c.EPOCH] = context[c.STEP], context[c.EPOCH] + 1
        self._program.hyper[:] = hyper
        self.__dict__.pop("_train_set", None)
        self.__dict__.pop("_follower", None)

    # ------------------------------------------------------------------------------------------- looking at it

    @cached_property
    def _evaluator(self) -> Evaluator:
        return Evaluator(self._network, self._store, len(self.dataset.x_train))

    @cached_property
    def _train_set(self) -> Examples:
        """The training examples in their own order (the training program shuffles its copy)."""
        return self._training_examples()

    @cached_property
    def _test_set(self) -> Examples | None:
        return self._examples_of(self.dataset.x_test, self.dataset.y_test) if len(self.dataset.x_test) else None

    @cached_property
    def _follower(self) -> Program:
        """A program for one example."""
        program = Program(self._network, self._store, 1, training=False)
        self._train_set.bind(program)
        program.context[c.SIZE] = 1
        return program

    def forward(self, x: ArrayLike) -> NDArray[Any]:
        """Outputs for x [batch, *input_shape] -> [batch, *output_shape]; logits where the loss takes logits."""
        self._settle()
        return self._evaluator(self._examples_of(x, None))[1]

    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """As `forward`, with logits turned into probabilities."""
        return prediction(self.forward(x), self._loss)

    def loss(self, x: ArrayLike, y: ArrayLike, *, training: bool = False) -> float:
        """Mean loss over these examples, without penalties; `training`: as one batch, dropout and all."""
        if training:
            return self._training_pass(x, y)[0]
        self._settle()
        return self._evaluator(self._examples_of(x, y))[0]

    def train_loss(self) -> float:
        """Mean loss over the training examples, without penalties."""
        self._settle()
        return self._evaluator(self._train_set)[0]

    def test_loss(self) -> float:
        """Mean loss over the test examples, without penalties; NaN where there are none."""
        self._settle()
        return self._evaluator(self._test_set)[0] if self._test_set else math.nan

    def train_accuracy(self) -> float:
        """Share of training examples that are classified right; NaN for a regression."""
        return self.scores(test=False)[1]

    def test_accuracy(self) -> float:
        """Share of test examples that are classified right; NaN for a regression, or where there are none."""
        return self.scores(test=True)[1]

    def scores(self, *, test: bool) -> tuple[float, float]:
        """(loss, accuracy) over the training or the test examples, from one forward pass."""
        return finish(self.scoring(test=test))

    def scoring(self, *, test: bool) -> Pieces[tuple[float, float]]:
        """`scores`, in pieces."""
        yield from self._settling()
        examples = self._test_set if test else self._train_set
        if examples is None:
            return math.nan, math.nan
        loss, outputs = yield from self._evaluator.pieces(examples)
        if self.dataset.task != "classification":
            return loss, math.nan
        return loss, accuracy(outputs, examples.targets, self._loss, signed=self.dataset.labels == "signed")

    def gradients(self, x: ArrayLike, y: ArrayLike) -> dict[str, NDArray[Any]]:
        """dL/d(parameter) of the mean loss over these examples in training, without penalties. Nothing is updated."""
        gradients = self._training_pass(x, y)[1]
        return {name: view.copy() for name, view in self._layout.views(gradients).items()}

    def _training_pass(self, x: ArrayLike, y: ArrayLike) -> tuple[float, NDArray[Any]]:
        """Loss and flat gradient of these examples as the next update would see them: they are its whole batch."""
        self._settle()
        examples = self._examples_of(x, y)
        if self._probe is None or self._probe.lanes != padded(examples.count):
            self._probe = Program(self._network, self._store, examples.count, training=True)
        program, here, kept = self._probe, self._program.context, self._store.statistics.copy()
        examples.bind(program)
        program.context[c.SIZE] = examples.count
        program.context[c.SEED], program.context[c.STEP] = here[c.SEED], here[c.STEP]
        loss = program.walk(0, program.backward_end)
        self._store.statistics[:] = kept
        return loss, program.gradients[: self._layout.size]

    def parameters(self) -> dict[str, NDArray[Any]]:
        """A copy of every parameter:

        "dense_1.weight" [out_features, in_features], "dense_1.bias" [out_features], ...
        """
        self._settle()
        return {name: view.copy() for name, view in self._views.items()}

    def statistics(self) -> dict[str, NDArray[Any]]:
        """A copy of what layers keep without training it: "batch_norm_1.running_mean" [features], ..."""
        self._settle()
        return {name: view.copy() for name, view in self._statistics.items()}

    def set_parameters(self, values: Mapping[str, ArrayLike]) -> None:
        """Put these values in place; parameters that are not named stay. A diverged run can then go on."""
        self._settle()
        arrays = {name: np.asarray(value, self.experiment.dtype) for name, value in values.items()}
        for name, array in arrays.items():
            if name not in self._views:
                raise ConfigurationError("parameter", name, "one of " + ", ".join(self._views))
            if array.shape != self._views[name].shape:
                raise ConfigurationError(f"shape of {name}", array.shape, str(self._views[name].shape))
            if not np.isfinite(array).all():
                raise ConfigurationError(name, "values that are not finite", "finite numbers only")
        for name, array in arrays.items():
            self._views[name][...] = array
        self._outcome = self._earlier = None

    def trace(self, n: int, every: int = 1, follow: int = 0) -> Trace:
        """Train `n` steps and record every `every`-th of them, following training example number `follow`."""
        return finish(self.tracing(n, every, follow))

    def tracing(self, n: int, every: int = 1, follow: int = 0) -> Pieces[Trace]:
        """`trace`, in pieces (see `engine/pieces.py`); between two of them the run must be left alone."""
        from engine.trace import record

        return record(self, n, every, follow)

    # --------------------------------------------------------------------------------------------- checkpoints

    def _trained(self) -> tuple[NDArray[Any], ...]:
        """Every array that training changes."""
        return (self._flat, self._first, self._second, self._pruned, self._store.statistics)

    def checkpoint(self) -> Checkpoint:
        """A copy of the state; `restore` puts it back, also in another run of the same experiment."""
        context = self._program.context
        return Checkpoint(
            self.step_count,
            self._edits_done,
            tuple(self._layout.shapes.items()),
            tuple(array.copy() for array in self._trained()),
            self._program.hyper.copy(),
            int(context[c.POSITION]),
            int(context[c.EPOCH]),
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back (or forward) to a checkpoint; the next steps are those that followed it, bit for bit."""
        if dict(checkpoint.shapes) != self._layout.shapes or checkpoint.arrays[0].dtype != self._flat.dtype:
            raise ConfigurationError(
                "checkpoint", dict(checkpoint.shapes), f"one of this network: {self._layout.shapes}"
            )
        if checkpoint.edits_done != self._edits_done:
            self._replay_edits(checkpoint.edits_done)
        for array, saved in zip(self._trained(), checkpoint.arrays, strict=True):
            array[:] = saved
        context = self._program.context
        self._program.hyper[:] = checkpoint.hyper
        context[c.STEP], context[c.POSITION], context[c.EPOCH] = checkpoint.step, checkpoint.position, checkpoint.epoch
        if context[c.SHUFFLES] and checkpoint.position:
            batches.shuffle_order(self._examples.order, int(context[c.SEED]), checkpoint.epoch)
        self._outcome = self._earlier = None

    def _replay_edits(self, count: int) -> None:
        """Bring optimiser, regulariser and data to what the first `count` edits made of them."""
        self._optimiser, self._regulariser = self.experiment.optimiser, self.experiment.regulariser
        if self._points:
            self._change_points([])
        for edit in self.experiment.edits[:count]:
            if edit.key not in ("parameter", "place"):
                self._apply(edit)
        self._program.set_update(self._optimiser, self._regulariser)
        self._edits_done = count


def _shuffle_seed(seed: int | str) -> int:
    """A whole number for the run's own random streams."""
    return seed if isinstance(seed, int) else int.from_bytes(seed.encode()[:7], "little")
