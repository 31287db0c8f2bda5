"""Make the kernels ready before somebody waits for them: compile what is not in the cache, load what is."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from numba.core.registry import cpu_target

from engine.kernels.cache import cache_folder
from engine.kernels.context import HYPER, SLOTS
from engine.kernels.instructions import address

__all__ = ["FEED_FORWARD", "FIRST", "is_compiled", "warm"]

# The files of kernels that feed-forward networks are made of.
FEED_FORWARD = ("batches", "dense", "activations", "losses", "optimisers")

# What the first experiment that a visitor sees needs, in the order of use.
FIRST = (
    *("next_batch", "gather_narrow", "gather_targets", "dense_forward", "tanh_forward", "binary_cross_entropy"),
    *("tanh_backward", "dense_weight_gradient_narrow", "dense_input_gradient", "sgd", "store_outputs"),
)


def _names(files: Iterable[str] | None) -> list[str]:
    from engine import plan  # noqa: F401  (importing it registers the instructions)
    from engine.kernels.instructions import instruction_names

    return [*FIRST, *(name for name in instruction_names(files) if name not in FIRST)]


def warm(
    report: Callable[[int, int], None] | None = None,
    dtypes: Iterable[str] = ("float32", "float64"),
    files: Iterable[str] | None = None,
) -> None:
    """Compile or load every instruction, those of the first experiment first; `report(done, total)` after each.

    `files` names the files of kernels that matter, for example FEED_FORWARD; None stands for all.
    """
    names, dtypes = _names(files), tuple(dtypes)
    jobs: list[Callable[[], object]] = [_driver]
    jobs += [partial(address, name, dtype) for dtype in dtypes for name in names]
    for done, job in enumerate(jobs, 1):
        job()
        if report is not None:
            report(done, len(jobs))
    for dtype in dtypes:
        _note(dtype, names)


def main(dtype: str, *files: str) -> None:
    """`python -m engine.warmup float32 dense losses`: warms the cache for others; tells after each kernel how far."""

    def say(done: int, total: int) -> None:
        print(done, total, flush=True)
        time.sleep(0.002)  # a process that waits to load a kernel has its turn (kernels/cache.py, alone)

    warm(say, [dtype], files or None)


def is_compiled(dtype: str, files: Iterable[str] | None = None) -> bool:
    """Whether `warm` has brought all of these kernels into the cache before, for this processor."""
    return set(_names(files)) <= _noted(dtype)


def _note(dtype: str, names: Iterable[str]) -> None:
    """Remembers, beside the kernels, that these are there; where nothing can be written, nobody does."""
    with suppress(OSError):
        _list(dtype).write_text("\n".join(sorted(_noted(dtype).union(names))))


def _noted(dtype: str) -> set[str]:
    with suppress(OSError):
        return set(_list(dtype).read_text().split())
    return set()


def _list(dtype: str) -> Path:
    """The list of what is compiled for this processor: a cache may be that of several."""
    processor = repr(cpu_target.target_context.codegen().magic_tuple())
    return cache_folder() / f"{dtype}-{hashlib.sha256(processor.encode()).hexdigest()[:12]}.txt"


def _driver() -> None:
    """The driver, which is compiled at its first call: no steps of no rows."""
    from engine.kernels import driver, filming

    nothing = np.zeros(SLOTS, np.int64)
    place = nothing.ctypes.data
    nothing[HYPER] = place
    driver.walk(place, place, 0, 0)
    driver.train(place, place, 0, 0, 0, place, place)
    driver.walk_plane(place, place, 0, place, 0, 0, place, 0, 1, place)
    job = np.full(filming.SLOTS, place)
    job[filming.FRAMES] = 0
    filming.film(job.ctypes.data)


if __name__ == "__main__":
    main(*sys.argv[1:])
