"""Many frames of a trace at once: for networks so small that Python between the kernels would take most of the time.

What is recorded has the same bits as frame by frame (`engine/trace.py`). Where a number leaves the finite range nothing
is recorded, the run is put back, and whoever asked goes on frame by frame, which finds out where.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import accuracies
from engine.health import flatness
from engine.kernels import filming as k
from engine.pieces import OPERATIONS

if TYPE_CHECKING:
    from engine.trace import _Recorder

__all__ = ["shoot"]

MOST_BYTES = 2**23  # of what is kept until the frames are judged


def shoot(recorder: _Recorder, first: int, every: int, steps: int) -> int:
    """Records frames from number `first` on, of a settled run that has `steps` to go; gives how many (0: none).

    At most what one piece of work may take, and up to the next edit.
    """
    run = recorder.run
    reel = _Reel(recorder, every)
    frames = 0 if recorder.careful or run._has_diverged() else min(-(-steps // every), reel.most_frames())
    if not frames:
        return 0
    before = run.checkpoint()
    if not reel.film(first, frames, min(steps, frames * every)):
        run.restore(before)
        recorder.careful = True
        return 0
    run._outcome, run._earlier = None, before
    recorder.done = first + frames
    return frames


class _Reel:
    """The kernel's job for a recorder, and what becomes of its results."""

    def __init__(self, recorder: _Recorder, every: int) -> None:
        self._recorder, self._run, self._every = recorder, recorder.run, every
        self._program, self._follower = self._run._program, self._run._follower
        self._evaluator = self._run._evaluator.program
        self._sets = [self._run._train_set, self._run._test_set]
        self._width = self._run._flat.itemsize
        self._copies: list[tuple[int, ...]] = []
        self._alive: list[NDArray[Any]] = []  # whose addresses the job holds

    def most_frames(self) -> int:
        """How many frames make one piece of work, hold no more than MOST_BYTES and reach to the next edit."""
        run = self._run
        operations = run.operations_of(self._every, 1)
        kept = 2 * sum(self._program.named[f"{name}.pre_activation"].features for name in self._recorder.functions)
        examples = sum(one.count for one in self._sets if one is not None)
        size = self._width * (kept * self._program.lanes + examples * run._evaluator.outputs)
        left = run._next_edit_step() - run.step_count
        to_edit = left // self._every if math.isfinite(left) else OPERATIONS
        return int(min(OPERATIONS // operations, MOST_BYTES // size, to_edit))

    def film(self, first: int, frames: int, steps: int) -> bool:
        """Whether the frames are recorded."""
        recorder, run = self._recorder, self._run
        here = slice(first, first + frames)
        rates = np.ascontiguousarray(
            run._optimiser.schedule.rates(np.arange(run.step_count, run.step_count + steps, dtype=np.int64)), np.float64
        )
        scalars, batches = np.empty((frames, k.SCALAR_COLUMNS)), np.empty(frames, np.int64)
        outputs, sets = self._examples(frames)
        seen = self._plan_copies(here, frames)
        copies = np.array(self._copies, np.int64)
        job = self._job(frames, steps, [rates, np.empty(self._every), batches, scalars], sets, copies)
        self._evaluator.examples = None  # the kernel has it read others
        flat = {kind: array[here] for kind, array in recorder.flat.items()}
        if k.film(job.ctypes.data) < frames or not (np.isfinite(flat[""]).all() and np.isfinite(run._flat).all()):
            return False
        flat[".update"] -= flat[""]
        for column, name in enumerate(("train_loss", "test_loss", "example_loss", "batch_loss")):
            recorder.scalars[name][here] = scalars[:, column]
        recorder.scalars["learning_rate"][here] = rates[:: self._every][:frames]
        self._judge(here, outputs, seen, batches)
        return True

    def _job(
        self, frames: int, steps: int, tables: list[NDArray[Any]], sets: NDArray[Any], copies: NDArray[Any]
    ) -> NDArray[np.int64]:
        """The kernel's table (see `engine/kernels/filming.py`)."""
        program, evaluator, follower = self._program, self._evaluator, self._follower
        self._alive += [*tables, sets, copies]
        return np.array(
            [
                *(frames, self._every, steps, *(table.ctypes.data for table in tables)),
                *(*program.addresses, program.loss_end, program.backward_end, program.end),
                *(*evaluator.addresses, evaluator.loss_end, sets.ctypes.data),
                *(*follower.addresses, follower.backward_end, self._recorder.follow),
                *(copies.ctypes.data, len(copies)),
            ],
            np.int64,
        )

    def _examples(self, frames: int) -> tuple[list[NDArray[Any] | None], NDArray[np.int64]]:
        """Room for the outputs of both sets in every frame, and the kernel's table of them."""
        table = np.zeros((2, k.SET_COLUMNS), np.int64)
        rooms: list[NDArray[Any] | None] = [None, None]
        for number, examples in enumerate(self._sets):
            if examples is not None:
                room = np.empty((frames, examples.count, self._run._evaluator.outputs), self._run._flat.dtype)
                arrays = (examples.inputs, examples.targets, examples.order)
                table[number] = [*(one.ctypes.data for one in arrays), examples.count, room.ctypes.data, room[0].nbytes]
                rooms[number] = room
        return rooms, table

    def _plan_copies(self, here: slice, frames: int) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
        """What the kernel copies in each frame; gives room for each layer's z and a: [frames, units, lanes]."""
        recorder, run, program, follower = self._recorder, self._run, self._program, self._follower
        flat = {kind: array[here] for kind, array in recorder.flat.items()}
        self._copy(k.BEFORE, run._flat, flat[""])
        self._copy(k.FOLLOWING, follower.values, recorder.values[here], stride=follower.lanes)
        self._copy(k.FOLLOWING, follower.deltas, recorder.deltas[here], stride=follower.lanes)
        self._copy(k.FOLLOWING, follower.gradients, flat[".example_gradient"])
        self._copy(k.BACKWARD, program.gradients, flat[".gradient"])
        self._copy(k.AFTER, run._flat, flat[".update"])
        for name, statistics in recorder.batch_statistics.items():
            self._copy(k.AFTER, program.quantity(name), statistics[here], stride=program.lanes)
        seen = {}
        for name in recorder.functions:
            z, a = (program.quantity(f"{name}.{kind}") for kind in ("pre_activation", "activation"))
            seen[name] = (np.empty((frames, *z.shape), z.dtype), np.empty((frames, *a.shape), a.dtype))
            self._copy(k.AFTER, z, seen[name][0])
            self._copy(k.AFTER, a, seen[name][1])
        return seen

    def _copy(self, when: int, source: NDArray[Any], target: NDArray[Any], *, stride: int = 0) -> None:
        """One copy a frame into target [frames, ...]: numbers `stride` apart, or (0) side by side."""
        words, count = self._width // 4, math.prod(target.shape[1:])
        items = (count, words, stride * words) if stride else (1, count * words, 0)
        self._copies.append((when, source.ctypes.data, *items, target.ctypes.data, count * self._width))

    def _judge(
        self,
        here: slice,
        outputs: list[NDArray[Any] | None],
        seen: dict[str, tuple[NDArray[Any], NDArray[Any]]],
        batches: NDArray[np.int64],
    ) -> None:
        """Accuracies, and how saturated the units are."""
        recorder, run = self._recorder, self._run
        for name, room, examples in zip(("train", "test"), outputs, self._sets, strict=True):
            if f"{name}_accuracy" in recorder.scalars:
                signed = run.dataset.labels == "signed"
                recorder.scalars[f"{name}_accuracy"][here] = (
                    accuracies(room.reshape(*room.shape[:2], *run._network.output_shape), examples.targets, run._loss,
                               signed=signed) if room is not None and examples is not None else math.nan
                )  # fmt: skip
        for name, (z, a) in seen.items():
            recorder.flatness[name][here] = flatness(recorder.functions[name], z, a, batches)
