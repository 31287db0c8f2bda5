"""Bringing the engine in behind the server's back: first its modules, then the kernels of its networks.

The server answers meanwhile. What is compiled already is loaded only for the networks that nearly everybody trains; the
kernels of other families (10 MB of them) come from the cache in milliseconds when somebody opens such a network.
"""

from __future__ import annotations

import gc
import logging
import threading
from typing import Any

from app import memory

log = logging.getLogger(__name__)


class Warmth:
    """How far the engine's kernels are compiled; written by one thread, read by the routes."""

    def __init__(self) -> None:
        self.imported = False
        self.done = 0
        self.total = 0
        self.ready = False
        self.all_done = 0
        self.all_total = 0
        self.all_ready = False

    def start(self) -> None:
        """Imports and compiles in the background, so that the page is there meanwhile."""
        threading.Thread(target=self.warm, name="warm-up", daemon=True).start()

    def warm(self) -> None:
        """Imports and compiles, here and now: first what visitors train in, then the doubles of gradient checks."""
        try:
            from app import answers  # noqa: F401  (it takes a second, and requests wait for it)
            from engine import warmup

            self.imported = True
            warmup.warm(self.report, ["float32"], warmup.FEED_FORWARD)
            self.ready = True
            memory.give_back()
            if not warmup.is_compiled("float32"):
                warmup.warm(self.report_all, ["float32"])
            self.all_ready = True
            if not warmup.is_compiled("float64", warmup.FEED_FORWARD):
                warmup.warm(None, ["float64"], warmup.FEED_FORWARD)
        except Exception:
            log.exception("warming the engine failed; it will compile when it is first asked")
        self.ready = self.all_ready = True
        memory.give_back()
        gc.freeze()  # what is loaded by now stays: later collections need not look at it

    def report(self, done: int, total: int) -> None:
        """Called by the engine after each kernel."""
        self.done, self.total = done, total

    def report_all(self, done: int, total: int) -> None:
        """The same for the kernels of every family of networks, which come second."""
        self.all_done, self.all_total = done, total

    def state(self, kernels: str) -> dict[str, Any]:
        """Of the feed-forward networks' kernels, or of "all"."""
        if kernels == "all":
            return {"ready": self.all_ready, "done": self.all_done, "total": self.all_total or self.total}
        return {"ready": self.ready, "done": self.done, "total": self.total}
