"""Long work in pieces: a generator that stops between pieces of some milliseconds, so that a server can do others' work
meanwhile, or end this one. Whoever wants it all at once drives it to the end; the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

__all__ = ["OPERATIONS", "Pieces", "finish"]

Result = TypeVar("Result")
Pieces = Generator[None, None, Result]

OPERATIONS = 10**8  # multiply-adds of one piece, as engine/cost.py counts them: 4 ms of one core, twice that in doubles


def finish(pieces: Generator[Any, None, Result]) -> Result:
    """Does all that is left of `pieces`, here and now; gives what they give."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            result: Result = end.value
            return result
