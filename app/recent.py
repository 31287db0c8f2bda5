"""The latest answers, kept within a budget of bytes and for a while: a class that opens one link asks for the same.

What `engine.kept` does for values of any kind, without the engine: the pool is there before the engine is imported.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable


class Recent:
    """Answers by name; those that were asked for longest ago go first. Not locked: its owner is.

    Parameters
    ----------
    capacity : bytes that all answers together may take
    clock : seconds
    """

    def __init__(self, capacity: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.capacity = capacity
        self.size = 0
        self._clock = clock
        self._answers: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def get(self, name: str) -> bytes | None:
        """The answer kept under `name`, now the most recent one."""
        if name not in self._answers:
            return None
        answer, _ = self._answers.pop(name)
        self._answers[name] = answer, self._clock()
        return answer

    def put(self, name: str, answer: bytes) -> None:
        """Keeps `answer`; the oldest ones go."""
        if name not in self._answers:
            self._answers[name] = answer, self._clock()
            self.size += len(answer)
        while self.size > self.capacity:
            self._drop_oldest()

    def forget(self, seconds: float) -> None:
        """Lets go of the answers that nobody has asked for in so many seconds."""
        before = self._clock() - seconds
        while self._answers and next(iter(self._answers.values()))[1] < before:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        answer, _ = self._answers.popitem(last=False)[1]
        self.size -= len(answer)
