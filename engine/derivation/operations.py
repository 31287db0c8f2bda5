"""What a derivation is made of: operations, in the order of doing them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from engine.derivation.expressions import Expr, Index, Symbol

__all__ = ["PHASES", "Derivation", "Operation"]

PHASES = ("forward", "loss", "backward", "gradient", "update")


@dataclass(frozen=True)
class Operation:
    """One number and how it comes about: `symbol` = `expression` = `value`.

    Parameters
    ----------
    id : its name, of which there is only one: "dense_1.pre_activation[0]", "dense_1.weight.gradient[0,1]"
    phase : one of `PHASES`
    kind : what is done, for the sentence that says it (see `engine.derivation`)
    layer : the layer where it happens, or None (the loss)
    symbol : what it gives
    expression : the formula; its symbols hold the numbers that go in
    value : the engine's own number, which `expression.evaluate()` equals to rounding
    uses : ids of the operations whose results go in (also of those that a "rest" stands for)
    """

    id: str
    phase: str
    kind: str
    layer: str | None
    symbol: Symbol
    expression: Expr
    value: float
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Derivation:
    """One training step, taken apart.

    Parameters
    ----------
    operations : in order of doing, phase after phase
    step : number of the update that it derives: the updates done before it
    example : the followed training example
    batch : the training examples of this update, in order
    mode : how the followed example went forward: "evaluation" (as the trace shows it), or "training", which is another
        thing where there is dropout and the example is in the batch
    loss : of the followed example
    batch_loss : mean over the batch, in training
    focus : by layer, the output unit that it was opened for, where it has too many for all of them
    """

    operations: tuple[Operation, ...]
    step: int
    example: int
    batch: tuple[int, ...]
    mode: str
    loss: float
    batch_loss: float
    focus: dict[str, Index] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> dict[str, Operation]:
        """The operations by their ids."""
        return {operation.id: operation for operation in self.operations}

    def phase(self, name: str) -> tuple[Operation, ...]:
        """The operations of one phase."""
        return tuple(operation for operation in self.operations if operation.phase == name)
