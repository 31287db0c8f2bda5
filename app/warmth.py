"""Bringing the engine in behind the server's back: first its modules, then the kernels of its networks.

The server answers meanwhile. What the cache lacks is compiled by a process of its own, because the 200 MB that takes
would never come back. Only the kernels that nearly everybody trains with are loaded ahead; those of other families, 15
MB, come from the cache in milliseconds when somebody opens such a network.
"""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from app import memory
from app.bootstrap import ROOT

log = logging.getLogger(__name__)
COMPILER = (sys.executable, "-m", "engine.warmup")


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
        self._stopped = threading.Event()
        self._compiler: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Imports and compiles in the background, so that the page is there meanwhile."""
        threading.Thread(target=self.warm, name="warm-up", daemon=True).start()

    def warm(self) -> None:
        """Imports and compiles, here and now: first what visitors train in, then the doubles of gradient checks."""
        try:
            from app import answers  # noqa: F401  (it takes a second, and requests wait for it)
            from engine import warmup

            self.imported = True
            self.compile(self.report, "float32", warmup.FEED_FORWARD)
            warmup.warm(None, ["float32"], warmup.FEED_FORWARD)
            self.ready = True
            memory.give_back()
            self.compile(self.report_all, "float32")
            self.all_ready = True
            self.compile(lambda *_: None, "float64", warmup.FEED_FORWARD)
        except Exception:
            log.exception("warming the engine failed; it will compile when it is first asked")
        self.ready = self.all_ready = True
        memory.give_back()
        gc.freeze()  # what is loaded by now stays: later collections need not look at it

    def compile(self, report: Callable[[int, int], None], dtype: str, files: Iterable[str] = ()) -> None:
        """Has another process compile these files of kernels (none: all) if the cache lacks any of them."""
        from engine import warmup

        if self._stopped.is_set() or warmup.is_compiled(dtype, files or None):
            return
        command = [*COMPILER, dtype, *files]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as self._compiler:
            assert self._compiler.stdout is not None
            for line in self._compiler.stdout:
                done, total = line.split()
                report(int(done), int(total))
                if self._stopped.is_set():
                    self._compiler.terminate()
        if self._compiler.returncode and not self._stopped.is_set():
            raise subprocess.CalledProcessError(self._compiler.returncode, command)

    def stop(self) -> None:
        """The server ends: nobody needs more kernels."""
        self._stopped.set()
        if self._compiler is not None:
            self._compiler.terminate()

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
