"""Make the kernels ready before somebody waits for them: compile what is not in the cache, load what is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.kernels.instructions import address, is_compiled

__all__ = ["FIRST", "ready", "warm"]

# What the first experiment that a visitor sees needs, in the order of use.
FIRST = (
    *("next_batch", "gather", "gather_targets", "dense_forward", "tanh_forward", "binary_cross_entropy"),
    *("dense_weight_gradient", "tanh_backward", "transpose_rows", "dense_input_gradient", "adam", "store_outputs"),
)


def _names() -> list[str]:
    from engine import plan  # noqa: F401  (importing it registers the instructions and compiles the driver)
    from engine.kernels.instructions import instruction_names

    return [*FIRST, *(name for name in instruction_names() if name not in FIRST)]


def warm(report: Callable[[int, int], None] | None = None, dtypes: Iterable[str] = ("float32", "float64")) -> None:
    """Compile or load every instruction, those of the first experiment first; `report(done, total)` after each."""
    jobs = [(name, dtype) for dtype in dtypes for name in _names()]
    for done, (name, dtype) in enumerate(jobs, 1):
        address(name, dtype)
        if report is not None:
            report(done, len(jobs))


def ready(dtype: str = "float32") -> bool:
    """Whether the kernels of the first experiment are in this process already."""
    return is_compiled(FIRST, dtype)
