"""Who is here: open pages are counted, altogether and by address, and there is a most of each.

A page is handed out first and opens its connection a moment later; in between it is expected, so that a class that
comes in the same second is not let in twice over.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable

EXPECTED = 10.0  # seconds from a page handed out to its connection


def address_of(peer: str, forwarded: str, proxies: int) -> str:
    """The visitor's address: what the outermost of our `proxies` wrote into X-Forwarded-For, else who is connected.

    Each proxy adds at the right the address that it was called from; what is further left anybody can make up.
    """
    said = [part.strip() for part in forwarded.split(",") if part.strip()]
    return said[-proxies] if 0 < proxies <= len(said) else peer


class Crowd:
    """Counts; used by the server's one event loop, so not locked.

    Parameters
    ----------
    most : open pages altogether
    each : open pages from one address
    clock : seconds
    """

    def __init__(self, most: int, each: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.each, self._clock = most, each, clock
        self.gone = 0  # connections that were let in and have ended
        self._here: Counter[str] = Counter()
        self._expected: deque[tuple[float, str]] = deque()

    @property
    def here(self) -> int:
        """Open pages."""
        return self._here.total()

    def room(self, address: str | None = None) -> int:
        """How many more pages may be handed out: to this address, or altogether."""
        while self._expected and self._expected[0][0] < self._clock():
            self._expected.popleft()
        free = self.most - self.here - len(self._expected)
        if address is None:
            return max(free, 0)
        own = self._here[address] + sum(other == address for _, other in self._expected)
        return max(min(free, self.each - own), 0)

    def expect(self, address: str) -> None:
        """A page was handed out."""
        self._expected.append((self._clock() + EXPECTED, address))

    def enter(self, address: str) -> bool:
        """A page wants its connection: whether it may have it, which it then does."""
        self._forget_one(address)
        if self.here >= self.most or self._here[address] >= self.each:
            return False
        self._here[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A connection that was let in has ended."""
        self.gone += 1
        self._here[address] -= 1
        if not self._here[address]:
            del self._here[address]

    def _forget_one(self, address: str) -> None:
        """The first page expected from there has come."""
        due = next((entry for entry in self._expected if entry[1] == address), None)
        if due is not None:
            self._expected.remove(due)
