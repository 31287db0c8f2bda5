"""Where a run's numbers left the finite range: which step, layer and quantity, and back to the last finite step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.kernels import context as c
from engine.outcomes import Outcome

if TYPE_CHECKING:
    from engine.run import Checkpoint, Run

__all__ = ["locate"]


def locate(run: Run, snapshot: Checkpoint) -> Outcome:
    """Replay from a finite snapshot, name what broke first, and leave the run at its last finite step."""
    run.restore(snapshot)
    last = snapshot
    while True:
        run._settle()
        broken = _first_broken(run)
        if broken is None or broken[1] == "gradient":
            last = run.checkpoint()  # the loss of this step is still finite
        if broken is not None or not _one_update(run):
            break
    layer, quantity = broken or ("output", "loss")
    step = run.step_count
    run.restore(last)
    return Outcome("diverged", step, layer, quantity)


def _one_update(run: Run) -> bool:
    rates = run._optimiser.schedule.rates(np.array([run.step_count], np.int64))
    return run._program.train(rates, np.empty(1)) == 1


def _first_broken(run: Run) -> tuple[str, str] | None:
    """(layer, quantity) of the first number that is not finite at this step:

    parameters, then forward, then backward.
    """
    for name, view in run._views.items():
        if not np.isfinite(view).all():
            return _split(name)
    here, program = run.checkpoint(), run._program
    loss = program.walk(0, program.loss_end)
    batch = int(program.context[c.BATCH])
    broken = _first_broken_value(run, batch, loss)
    if broken is None:
        program.walk(program.loss_end, program.backward_end)
        broken = _first_broken_gradient(run)
    run.restore(here)
    return broken


def _first_broken_value(run: Run, batch: int, loss: float) -> tuple[str, str] | None:
    for name in run._program.named:
        if "." in name and not np.isfinite(run._program.quantity(name)[:, :batch]).all():
            return _split(name)
    return None if np.isfinite(loss) else ("output", "loss")


def _first_broken_gradient(run: Run) -> tuple[str, str] | None:
    views = run._layout.views(run._program.gradients[: run._layout.size])
    for name in reversed(list(views)):
        if not np.isfinite(views[name]).all():
            return _split(name)[0], "gradient"
    return None


def _split(name: str) -> tuple[str, str]:
    layer, _, quantity = name.rpartition(".")
    return layer, quantity
