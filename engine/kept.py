"""What was worked out a moment ago, kept within a budget of bytes and for a while."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Kept"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Entry(NamedTuple, Generic[Value]):
    """A value, its bytes, and when it was last asked for."""

    value: Value
    size: int
    used: float


class Kept(Generic[Key, Value]):
    """Values by key; those that were asked for longest ago go first. Safe to share between threads.

    Parameters
    ----------
    capacity : bytes that all values together may take
    clock : seconds
    """

    def __init__(self, capacity: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.capacity = capacity
        self.size = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, Entry[Value]] = OrderedDict()  # asked for longest ago first

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """The value, which stays; None where there is none."""
        with self._lock:
            if key not in self._entries:
                return None
            entry = self._entries[key] = self._entries.pop(key)._replace(used=self._clock())
            return entry.value

    def take(self, key: Key) -> Value | None:
        """The value, for the caller alone; None where there is none."""
        with self._lock:
            return self._drop(key) if key in self._entries else None

    def put(self, key: Key, value: Value, size: int) -> list[Key]:
        """Keeps a value of `size` bytes in the place of the one before; the keys of what went for it.

        What is larger than all the room goes itself, and nothing else does.
        """
        with self._lock:
            if key in self._entries:
                self._drop(key)
            if size > self.capacity:
                return [key]
            self._entries[key] = Entry(value, size, self._clock())
            self.size += size
            return self._drop_while(lambda _: self.size > self.capacity)

    def forget(self, seconds: float) -> list[Key]:
        """Lets go of what nobody has asked for in so many seconds; its keys."""
        with self._lock:
            before = self._clock() - seconds
            return self._drop_while(lambda entry: entry.used < before)

    def _drop_while(self, goes: Callable[[Entry[Value]], bool]) -> list[Key]:
        """Drops the oldest entries as long as `goes` says so of the next one; their keys."""
        gone: list[Key] = []
        while self._entries and goes(next(iter(self._entries.values()))):
            gone.append(next(iter(self._entries)))
            self._drop(gone[-1])
        return gone

    def _drop(self, key: Key) -> Value:
        entry = self._entries.pop(key)
        self.size -= entry.size
        return entry.value
