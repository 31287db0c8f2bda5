"""Memory that is not needed any more goes back to the system, on glibc; elsewhere nothing happens.

Compiled kernels are read through tens of megabytes of passing objects, and each thread that allocates gets an arena of
its own: measured after warming, 290 MB stay with the process that uses 217.
"""

from __future__ import annotations

import ctypes
import gc

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of glibc's malloc.h
_ARENAS = 2
_LARGE = 2**20  # bytes


def few_arenas() -> None:
    """Threads share arenas: the interpreter's lock keeps most of them from allocating at once. Before any thread."""
    _call("mallopt", _M_ARENA_MAX, _ARENAS)


def return_large() -> None:
    """What is large goes back to the system when it is freed. By itself glibc soon keeps blocks of up to 32 MB."""
    _call("mallopt", _M_MMAP_THRESHOLD, _LARGE)


def collect_rarely() -> None:
    """Old objects are looked at by `give_back` alone, and young ones when there are some.

    With two hundred sessions a full collection stops every thread for 150 ms; Python's usual thresholds asked for one
    every 1.5 s while each of them acted once in five. A run's own circles die young: a larger youth finds them.
    """
    gc.set_threshold(3_000, 5, 10_000)


def give_back() -> None:
    """Collects what nobody refers to, and returns what is free then."""
    gc.collect()
    _call("malloc_trim", 0)


def _call(name: str, *numbers: int) -> None:
    """A function of the C library, where it has it."""
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return
    function(*numbers)
