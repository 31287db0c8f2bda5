"""Arrays made a moment ago, within a budget of bytes: whoever asks for the same data again gets the same arrays."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from engine.datasets.base import Arrays

__all__ = ["Kept"]


class Kept:
    """Arrays by key; the oldest go first. What is larger than all the room is made anew each time. Safe to share.

    Parameters
    ----------
    capacity : bytes that all arrays together may take
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._lock = threading.Lock()
        self._arrays: OrderedDict[Hashable, Arrays] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Arrays]) -> Arrays:
        """The arrays kept under `key`, or those that `make` gives."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        made = make()
        with self._lock:
            if key not in self._arrays and _bytes(made) <= self.capacity:
                self._arrays[key] = made
                self.size += _bytes(made)
            while self.size > self.capacity:
                self.size -= _bytes(self._arrays.popitem(last=False)[1])
        return made

    def clear(self) -> None:
        """Keeps nothing any more."""
        with self._lock:
            self._arrays.clear()
            self.size = 0


def _bytes(arrays: Any) -> int:
    return sum(array.nbytes for array in vars(arrays).values() if isinstance(array, np.ndarray))
