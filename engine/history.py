"""Where a run has been: its parameters at earlier steps, by training its beginning once more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.pieces import Pieces, finish

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["Path", "flat_parameters", "path_blocks", "path_of", "state_at", "states_kept", "twin"]

MOST = 200  # states of a path, and no more numbers in all than
NUMBERS = 4_000_000


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


def states_kept(parameters: int) -> int:
    """How many states of a network of so many parameters make a path: 200, but at least 20 of a large one."""
    return max(20, min(MOST, NUMBERS // max(1, parameters)))


def path_of(run: Run) -> Path:
    """The run's path to where it is, at `states_kept` steps evenly: its beginning is trained once more."""
    return finish(path_blocks(run))


def path_blocks(run: Run) -> Pieces[Path]:
    """As `path_of`, in pieces."""
    now, most = run.step_count, states_kept(run.experiment.network.parameter_count)
    steps = np.unique(np.linspace(0, now, min(most, now + 1)).round().astype(np.int64))
    again = twin(run)
    states, losses = [], []
    for step in steps[:-1]:
        yield from _advance(again, int(step))
        states.append(flat_parameters(again))
        losses.append((yield from again.scoring(test=False))[0])
    states.append(flat_parameters(run))
    again.restore(run.checkpoint())  # the run itself may be in the middle of an edit
    losses.append((yield from again.scoring(test=False))[0])
    return Path(steps, np.array(states), np.array(losses))


def state_at(run: Run, step: int, path: Path | None = None) -> Pieces[NDArray[np.float64]]:
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
    return run._flat[run._layout.places].astype(np.float64)


def _advance(run: Run, step: int) -> Pieces[None]:
    yield from run.stepping(max(0, step - run.step_count))
    yield from run._settling()  # edits of this very step belong to its state
