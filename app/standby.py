"""Runs that are ready for more of their film: the next chunk goes on where the last one ended, or from a checkpoint.

Without them each chunk reads its link and plans its network, which takes longer than training some hundred steps of a
small one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from engine.run import Run

RUN = 2**17  # bytes of a run beside its arrays: plans, views, the experiment


class Standby:
    """One run a link, standing where its last chunk ended; those of the links that were asked for longest ago go first.

    Safe to share between threads.

    Parameters
    ----------
    capacity : bytes that all runs together may take
    """

    def __init__(self, capacity: int = 96 * 2**20) -> None:
        self.capacity = capacity
        self.size = 0
        self._lock = threading.Lock()
        self._runs: OrderedDict[str, tuple[Run, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._runs)

    def take(self, link: str) -> Run | None:
        """The run of this link, for the caller alone, wherever it stands."""
        with self._lock:
            run, size = self._runs.pop(link, (None, 0))
            self.size -= size
        return run

    def leave(self, link: str, run: Run, memory: int) -> None:
        """Leaves a run for the next chunk; `memory`: bytes of its arrays."""
        with self._lock:
            if link in self._runs:
                self.size -= self._runs.pop(link)[1]
            self._runs[link] = (run, memory + RUN)
            self.size += memory + RUN
            while self.size > self.capacity:
                self.size -= self._runs.popitem(last=False)[1][1]
