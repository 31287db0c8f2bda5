"""What is freed goes back, and other C libraries do not matter."""

from __future__ import annotations

import gc
import sys

import pytest

from app import memory


class Cycle:
    def __init__(self, gone: list[str]) -> None:
        self.itself, self.gone = self, gone

    def __del__(self) -> None:
        self.gone.append("gone")


def test_what_nobody_refers_to_is_collected():
    gone: list[str] = []
    gc.disable()
    try:
        Cycle(gone)
        memory.give_back()
    finally:
        gc.enable()
    assert gone


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_free_memory_is_returned():
    pieces = [bytearray(40_000) for _ in range(2000)]
    keep = pieces[-1]  # on top of the heap, so that nothing returns by itself
    full = resident()
    del pieces
    memory.give_back()
    assert full - resident() > 50
    assert keep


def resident() -> float:
    """Megabytes."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def test_another_c_library_does_not_matter(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    memory.few_arenas()
    memory.give_back()
