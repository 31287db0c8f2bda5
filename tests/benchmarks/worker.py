"""One peer in a process of its own: reads one JSON request a line, answers one JSON line.

    {"do": "hello"}                                         -> {}
    {"do": "prepare", "task": {...}, "arrays": "file.npz"}  -> {"kind": "..."}
    {"do": "losses", "steps": 30}                           -> {"losses": [...]}
    {"do": "time", "steps": 5000}                           -> {"seconds": 0.012}
An exception becomes {"error": "..."}.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import time
from typing import Any

import numpy as np


def pin(core: int) -> None:
    """Stay on one core, where the system can be told so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def seconds(peer: Any, steps: int) -> float:
    """CPU seconds of this process for `steps` updates."""
    gc.collect()
    gc.disable()
    start = time.process_time()
    peer.run(steps)
    taken = time.process_time() - start
    gc.enable()
    return taken


class Worker:
    def __init__(self, name: str) -> None:
        from tests.benchmarks.peers import peer_class

        self.peer_class = peer_class(name)
        self.peer: Any = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "hello":
            return {}
        if request["do"] == "prepare":
            with np.load(request["arrays"]) as file:
                self.peer = self.peer_class(request["task"], dict(file))
            return {"kind": self.peer.kind}
        if request["do"] == "losses":
            return {"losses": self.peer.losses(request["steps"])}
        return {"seconds": seconds(self.peer, request["steps"])}


def main(name: str, core: str) -> None:
    replies, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints must not look like an answer
    pin(int(core))
    worker: Worker | None = None
    for line in sys.stdin:
        try:
            worker = worker or Worker(name)
            reply = worker.answer(json.loads(line))
        except Exception as error:  # the parent reports it; the process stays for the next case
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
