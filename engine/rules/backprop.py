"""Backpropagation: the chain rule, applied once to every operation, last one first.

Rumelhart, Hinton & Williams 1986.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.plan import Planner

__all__ = ["backpropagation"]


def backpropagation(planner: Planner) -> None:
    """Emit the backward rows.

    The loss row has left dL/d(output); each operation turns dL/d(its output) into dL/d(its inputs).
    """
    for emit_backward in reversed(planner.backward_steps):
        emit_backward()
