"""Runs that stand where a film has been told to: the next chunk of the same film goes on from there.

Without them each chunk reads its link, plans its network and puts a checkpoint back, which takes longer than training
some hundred steps of a small network.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from engine.run import Run

RUN = 2**18  # bytes of a run beside its arrays: plans, views, the experiment


class Standby:
    """Runs by the link that they are of and the step where they stand; the oldest go first. Safe to share.

    Parameters
    ----------
    capacity : bytes that all runs together may take
    """

    def __init__(self, capacity: int = 64 * 2**20) -> None:
        self.capacity = capacity
        self.size = 0
        self._lock = threading.Lock()
        self._runs: OrderedDict[tuple[str, int], tuple[Run, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._runs)

    def take(self, link: str, step: int) -> Run | None:
        """The run of this link that stands at `step`, for the caller alone; None if there is none."""
        with self._lock:
            run, size = self._runs.pop((link, step), (None, 0))
            self.size -= size
        return run

    def leave(self, link: str, run: Run, memory: int) -> None:
        """Leaves a run for the next chunk; `memory`: bytes of its arrays."""
        place, size = (link, run.step_count), memory + RUN
        with self._lock:
            self.size += size - self._runs.pop(place, (None, 0))[1]
            self._runs[place] = (run, size)
            while self.size > self.capacity:
                self.size -= self._runs.popitem(last=False)[1][1]
