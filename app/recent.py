"""The latest answers, kept within a budget of bytes: a class that opens one link asks for the same ones."""

from __future__ import annotations

from collections import OrderedDict


class Recent:
    """Answers by name; the oldest go first. Not locked: its owner is.

    Parameters
    ----------
    capacity : bytes that all answers together may take
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._answers: OrderedDict[str, bytes] = OrderedDict()

    def get(self, name: str) -> bytes | None:
        """The answer kept under `name`, now the most recent one."""
        if name in self._answers:
            self._answers.move_to_end(name)
        return self._answers.get(name)

    def put(self, name: str, answer: bytes) -> None:
        """Keeps `answer`; the oldest ones go."""
        if name not in self._answers:
            self._answers[name] = answer
            self.size += len(answer)
        while self.size > self.capacity:
            self.size -= len(self._answers.popitem(last=False)[1])
