"""Where a run has been: its parameters at earlier steps, by training its beginning once more."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["Path", "flat_parameters", "path_blocks", "path_of", "state_at", "twin"]

MOST = 200
SLICE = 256  # steps between two pauses


@dataclass(frozen=True)
class Path:
    """Parameters [k, P] and training losses [k] at steps [k], from step 0 to where the run is."""

    steps: NDArray[np.int64]
    states: NDArray[np.float64]
    losses: NDArray[np.float64]

    def at(self, step: int) -> NDArray[np.float64] | None:
        """The parameters at a step, [P]; None where they were not kept."""
        found = np.flatnonzero(self.steps == step)
        return self.states[found[0]] if len(found) else None


def path_of(run: Run, most: int = MOST) -> Path:
    """The run's path to where it is, at `most` steps evenly: the same run, trained again from the beginning."""
    blocks = path_blocks(run, most)
    while True:
        try:
            next(blocks)
        except StopIteration as end:
            return end.value


def path_blocks(run: Run, most: int = MOST) -> Generator[None, None, Path]:
    """As `path_of`, with a pause now and then."""
    now = run.step_count
    steps = np.unique(np.linspace(0, now, min(most, now + 1)).round().astype(np.int64))
    again = twin(run)
    states, losses = [], []
    for step in steps[:-1]:
        yield from _advance(again, int(step))
        states.append(flat_parameters(again))
        losses.append(again.train_loss())
    states.append(flat_parameters(run))
    losses.append(_train_loss(run, again))
    return Path(steps, np.array(states), np.array(losses))


def state_at(run: Run, step: int, path: Path | None = None) -> Generator[None, None, NDArray[np.float64]]:
    """The run's parameters at any step, earlier or later, [P]; later ones by going on as things are now."""
    known = path.at(step) if path is not None else None
    if known is not None or step == run.step_count:
        return flat_parameters(run) if known is None else known
    again = twin(run)
    if step > run.step_count:
        again.restore(run.checkpoint())
    yield from _advance(again, step)
    return flat_parameters(again)


def twin(run: Run) -> Run:
    """The same experiment from its beginning, with the edits that the run has seen so far."""
    edits = run.experiment.edits[: run._edits_done]
    again = replace(run.experiment, edits=edits).start()
    again._placed = run._placed
    return again


def flat_parameters(run: Run) -> NDArray[np.float64]:
    """All parameters one after the other, in the order of `run.parameters()`: [P]."""
    return run._flat[run._layout.places()].astype(np.float64)


def _train_loss(run: Run, again: Run) -> float:
    """The run's present training loss, by its twin, which has the same data."""
    again.restore(run.checkpoint())
    return again.train_loss()


def _advance(run: Run, step: int) -> Generator[None, None, None]:
    while run.step_count < step and run.step(min(SLICE, step - run.step_count)):
        yield
    run.parameters()  # edits of this very step belong to its state
