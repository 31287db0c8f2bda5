"""How a run ended, as a value that explains itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Outcome"]

_ADVICE = {
    "converged": "No parameter moved during a whole epoch, or the target loss was reached.",
    "step_limit": "The run did all the steps it was asked for.",
    "diverged": "Lower the learning rate, normalise the inputs, or choose smaller initial weights.",
    "stopped": "Somebody stopped the run.",
}


@dataclass(frozen=True)
class Outcome:
    """`kind` is "converged", "step_limit", "diverged" or "stopped".

    A diverged run names the step at which a number first left the finite range, the layer and the quantity
    ("pre_activation", "activation", "loss", "gradient", "weight", ...), and has been put back to the last step whose
    loss and parameters were finite.
    """

    kind: str
    step: int
    layer: str | None = None
    quantity: str | None = None

    @property
    def advice(self) -> str:
        """What a person can do next."""
        return _ADVICE[self.kind]

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, as in the header of a trace."""
        return {"kind": self.kind, "step": self.step, "layer": self.layer, "quantity": self.quantity}
