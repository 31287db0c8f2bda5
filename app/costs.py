"""What a visitor may ask of the server, known before anything runs: operations, memory, and bytes of film.

The page checks an experiment when it is chosen, and tells the stage how much of it one request may ask for; the film's
route checks every request again (app/traces.py).
"""

from __future__ import annotations

import engine
from engine import Experiment
from engine.errors import ConfigurationError

__all__ = ["MOST_BYTES", "MOST_MEMORY", "MOST_OPERATIONS", "TooMuch", "check_experiment", "frame", "most_steps"]

MOST_BYTES = 16 * 2**20  # of film, in one answer
MOST_MEMORY = 128 * 2**20  # bytes of one run
MOST_OPERATIONS = 10**11  # multiply-adds of one answer, as engine/cost.py counts them: 4 s of a core, or 8 in doubles
FEWEST_FRAMES = 3  # of film in one request: what the stage asks for at its slowest


class TooMuch(ConfigurationError):
    """An experiment that fits together, but would take more than one visitor is given.

    Attributes
    ----------
    lower : what to lower, as the message catalogues name it: "neurons" or "batch"
    """

    def __init__(self, name: str, value: object, accepted: str, lower: str) -> None:
        super().__init__(name, value, accepted)
        self.args = (name, value, accepted, lower)
        self.lower = lower


def check_experiment(experiment: Experiment) -> None:
    """Raises `TooMuch` for a run of which not even a few frames may be asked."""
    cost = engine.cost(experiment, FEWEST_FRAMES, FEWEST_FRAMES)
    if cost.memory > MOST_MEMORY:
        raise TooMuch("memory", f"{megabytes(cost.memory)} MB", f"at most {megabytes(MOST_MEMORY)} MB", "batch")
    if cost.operations > MOST_OPERATIONS:
        raise TooMuch("operations", f"{cost.operations:.1e}", f"at most {MOST_OPERATIONS:.0e}", "batch")
    if cost.trace_bytes > MOST_BYTES:
        raise TooMuch("film", f"{megabytes(cost.trace_bytes)} MB", f"at most {megabytes(MOST_BYTES)} MB", "neurons")


def megabytes(count: int) -> int:
    """Rounded up."""
    return -(-count // 2**20)


def most_steps(experiment: Experiment) -> int:
    """How many steps one request may go: half of what is allowed, the other half is for the frames."""
    return max(1, MOST_OPERATIONS // (2 * engine.cost(experiment, 1).operations))


def frame(start: Experiment) -> dict[str, int]:
    """What one frame of film takes, and how many steps one request may go, so that the stage asks for no more."""
    cost = engine.cost(start, 1, 1)
    return {"bytes": cost.trace_bytes, "operations": cost.operations, "steps": most_steps(start)}
