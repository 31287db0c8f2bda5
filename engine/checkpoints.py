"""Checkpoints of many runs, kept within a budget, so that any part of a film is near a state to start from.

A checkpoint at step s depends only on the edits before s, so it is found by `experiment.before(s).key`: two films that
part at step 137 share everything up to it.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable
from typing import Any

from engine.experiment import Experiment
from engine.kept import Kept

__all__ = ["CheckpointCache"]


class CheckpointCache:
    """Checkpoints that were used longest ago go first when `capacity` bytes are full. Safe to share between threads.

    Parameters
    ----------
    capacity : bytes that all checkpoints together may take
    """

    def __init__(self, capacity: int = 64 * 2**20) -> None:
        self._lock = threading.Lock()
        self._kept: Kept[tuple[str, int], Any] = Kept(capacity)
        self._steps: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes of all checkpoints."""
        return self._kept.size

    def put(self, experiment: Experiment, step: int, make: Callable[[], Any]) -> None:
        """Keeps what `make` gives, the state of `experiment` before update number `step`, unless one is kept."""
        key = experiment.before(step).key
        with self._lock:
            if self._kept.get((key, step)) is None:
                insort(self._steps.setdefault(key, []), step)
                checkpoint = make()
                self._dropped(self._kept.put((key, step), checkpoint, checkpoint.nbytes))

    def get(self, experiment: Experiment, step: int) -> tuple[int, Any] | None:
        """The nearest checkpoint at or before `step`, as (its step, checkpoint); None if there is none."""
        for key, last in _segments(experiment, step):
            with self._lock:
                steps = self._steps.get(key, [])
                place = bisect_right(steps, last)
                if place:
                    nearest = steps[place - 1]
                    return nearest, self._kept.get((key, nearest))
        return None

    def forget(self, seconds: float) -> None:
        """Lets go of what nobody has asked for in so many seconds."""
        with self._lock:
            self._dropped(self._kept.forget(seconds))

    def _dropped(self, gone: Iterable[tuple[str, int]]) -> None:
        for key, step in gone:
            self._steps[key].remove(step)
            if not self._steps[key]:
                del self._steps[key]


def _segments(experiment: Experiment, step: int) -> list[tuple[str, int]]:
    """(key, last step it holds for), latest first: the history up to `step` cut at its edits.

    An edit at step e is not yet part of the state kept at e, so each segment ends on the edit that starts the next one.
    """
    ends = sorted({edit[0] for edit in experiment.edits if edit[0] < step} | {step}, reverse=True)
    return [(experiment.before(end).key, end) for end in ends]
