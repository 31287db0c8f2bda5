"""From a gradient to a new weight: penalty, moments, update. `engine/optimisers.py` has the sources."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.derivation.expressions import Call, Expr, Index, Number, Symbol
from engine.derivation.graph import Node, flat_index, written
from engine.derivation.operations import Operation
from engine.derivation.state import Update, check_parameter, gradients_of_each, next_batch, next_update, twin_of
from engine.optimisers import AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSProp

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["NumberUpdate", "Part", "UpdateParts", "update_parts"]


@dataclass(frozen=True)
class Part:
    """Why a number moves: one part of its update.

    `kind` is "example" (the gradient of one example of the batch, `example` says which), "momentum" (what the moments
    kept of earlier gradients), "l1", "l2", "weight_decay" or "pruning" (what is cut off when L1 sets a weight to 0).
    """

    kind: str
    value: float
    example: int | None = None


@dataclass(frozen=True)
class UpdateParts:
    """One number's next update, `after - before`, as a sum of parts."""

    name: str
    index: Index
    before: float
    after: float
    parts: tuple[Part, ...]

    @property
    def total(self) -> float:
        """The sum of the parts: the update."""
        return math.fsum(part.value for part in self.parts)


def update_parts(run: Run, name: str, index: Index | int) -> UpdateParts:
    """Why one number of a parameter moves in the run's next update, in float64. The run stays as it is.

    Every optimiser's update is a factor times the gradient, plus a factor times what its moments kept; the gradient is
    the mean over the examples of the batch plus the penalty. AdaGrad, RMSProp and Adam take the factor from the second
    moment, to which all parts have contributed.

    Raises
    ------
    ConfigurationError : for a parameter or an index that there is not
    """
    twin = twin_of(run)
    place = check_parameter(twin.parameters(), name, index)
    batch = next_batch(twin)
    flat = np.array([twin._layout.offsets[name] + flat_index(place, twin._layout.shapes[name])])
    shares = gradients_of_each(twin, batch, flat)[:, 0]
    update = next_update(twin)
    before, after = float(update.before[name][place]), float(update.after[name][place])
    by_gradient, by_moment = _factors(update, name, place)
    parts = [
        Part("example", float(by_gradient * share / len(shares)), example)
        for example, share in zip(batch.examples, shares, strict=True)
    ]
    if by_moment:
        parts.append(Part("momentum", by_moment * float(update.first[0][name][place])))
    parts += _penalty_parts(update, name, before, by_gradient)
    if isinstance(update.optimiser, AdamW):
        parts.append(Part("weight_decay", -update.rate * update.optimiser.weight_decay * before))
    if is_pruning(update, name):
        parts.append(Part("pruning", after - before - math.fsum(part.value for part in parts)))
    return UpdateParts(name, place, before, after, tuple(parts))


def _factors(update: Update, name: str, place: Index) -> tuple[float, float]:
    """(by the gradient, by the first moment before): what each is multiplied with in w_next - w."""
    rate, second = update.rate, float(update.second[1][name][place])
    match update.optimiser:
        case Momentum(momentum=mu):
            return -rate, -rate * mu
        case Nesterov(momentum=mu):
            return -rate * (1.0 + mu), -rate * mu * mu
        case AdaGrad(epsilon=epsilon) | RMSProp(epsilon=epsilon):
            return -rate / (math.sqrt(second) + epsilon), 0.0
        case Adam() | AdamW() as adam:
            (beta1, beta2), t = adam.betas, update.count
            size = math.sqrt(second / (1.0 - beta2**t)) + adam.epsilon
            step = -rate / (1.0 - beta1**t) / size
            return step * (1.0 - beta1), step * beta1
    return -rate, 0.0


def _penalty_parts(update: Update, name: str, before: float, by_gradient: float) -> Iterator[Part]:
    """What the penalty does: through the gradient, or after the update where it prunes."""
    l1, l2 = penalty_rates(update, name)
    factor = -update.rate if is_pruning(update, name) else by_gradient
    if l1:
        yield Part("l1", factor * l1 * float(np.sign(before)))
    if l2:
        yield Part("l2", factor * l2 * before)


def penalty_rates(update: Update, name: str) -> tuple[float, float]:
    """(l1, l2) of the penalty on a parameter: none on biases."""
    penalised = update.regulariser is not None and not name.rpartition(".")[2].startswith("bias")
    return update.regulariser.rates() if update.regulariser and penalised else (0.0, 0.0)


def is_pruning(update: Update, name: str) -> bool:
    """Whether the penalty acts after the update, and sets weights to 0."""
    return bool(getattr(update.regulariser, "prune", False)) and penalty_rates(update, name)[0] != 0.0


@dataclass(frozen=True)
class NumberUpdate:
    """The update of one number of a parameter: g is the gradient over the batch, w the number, r the learning rate."""

    update: Update
    parameter: Node
    index: Index
    gradient: Symbol

    def operations(self) -> Iterator[Operation]:
        """Penalty, moments, update, in order of doing; the last is `<parameter>.update[...]`."""
        yield from self._penalty()
        yield from self._optimiser()
        yield from self._pruning()

    # ---------------------------------------------------------------------------------------------- symbols

    @cached_property
    def _weight(self) -> Symbol:
        return self.parameter.symbol(self.index)

    @cached_property
    def _rate(self) -> Symbol:
        return Symbol("eta", value=self.update.rate, field="learning_rate")

    @property
    def _rates(self) -> tuple[float, float]:
        return penalty_rates(self.update, self.parameter.id)

    @property
    def _prunes(self) -> bool:
        return is_pruning(self.update, self.parameter.id)

    @cached_property
    def _seen(self) -> Symbol:
        """The gradient that the optimiser sees."""
        if self._prunes or self._rates == (0.0, 0.0):
            return self.gradient
        return self._made("g_total", "penalised", float(self.update.penalised[self.parameter.id][self.index]))

    def _made(self, letter: str, what: str, value: float) -> Symbol:
        return Symbol(
            letter, self.parameter.layer, self.index, value, f"{self.parameter.id}.{what}{written(self.index)}"
        )

    def _given(self, letter: str, value: float) -> Symbol:
        return Symbol(letter, self.parameter.layer, self.index, value)

    def _first(self, letter: str) -> tuple[Symbol, Symbol]:
        """A first moment before and after."""
        before, after = (float(arrays[self.parameter.id][self.index]) for arrays in self.update.first)
        return self._given(letter, before), self._made(f"{letter}_next", "first_moment", after)

    def _second(self, letter: str) -> tuple[Symbol, Symbol]:
        before, after = (float(arrays[self.parameter.id][self.index]) for arrays in self.update.second)
        return self._given(letter, before), self._made(f"{letter}_next", "second_moment", after)

    # ------------------------------------------------------------------------------------------- operations

    def _operation(self, kind: str, symbol: Symbol, expression: Expr) -> Operation:
        uses = tuple(dict.fromkeys(s.origin for s in expression.symbols() if s.origin))
        assert symbol.origin is not None
        return Operation(symbol.origin, "update", kind, self.parameter.layer, symbol, expression, symbol.value, uses)

    def _penalty(self) -> Iterator[Operation]:
        """g_total = g + l1 sign(w) + l2 w."""
        l1, l2 = self._rates
        if self._seen is self.gradient:
            return
        formula: Expr = self.gradient
        if l1:
            formula = formula + Symbol("lambda1", value=l1) * Call("sign", self._weight)
        if l2:
            formula = formula + Symbol("lambda2", value=l2) * self._weight
        yield self._operation("penalty", self._seen, formula)

    def _optimiser(self) -> Iterator[Operation]:
        chosen, g = self.update.optimiser, self._seen
        match chosen:
            case Momentum(momentum=momentum) | Nesterov(momentum=momentum):
                mu, (v, v_next) = Symbol("mu", value=momentum), self._first("v")
                yield self._operation("moment", v_next, mu * v + g)
                yield self._moved(self._weight, v_next if isinstance(chosen, Momentum) else g + mu * v_next)
            case AdaGrad(epsilon=epsilon):
                s, s_next = self._second("s")
                yield self._operation("moment", s_next, s + g**2)
                yield self._moved(self._weight, g / (Call("sqrt", s_next) + Symbol("epsilon", value=epsilon)))
            case RMSProp(alpha=alpha, epsilon=epsilon):
                decay, (s, s_next) = Symbol("alpha", value=alpha), self._second("s")
                yield self._operation("moment", s_next, decay * s + (1 - decay) * g**2)
                yield self._moved(self._weight, g / (Call("sqrt", s_next) + Symbol("epsilon", value=epsilon)))
            case Adam() | AdamW():
                yield from self._adam(chosen)
            case _:
                yield self._moved(self._weight, g)

    def _adam(self, chosen: Adam | AdamW) -> Iterator[Operation]:
        """m, v, both corrected for their start at 0; AdamW first shrinks w."""
        g, t = self._seen, Symbol("t", value=float(self.update.count))
        beta1, beta2 = Symbol("beta1", value=chosen.betas[0]), Symbol("beta2", value=chosen.betas[1])
        (m, m_next), (v, v_next) = self._first("m"), self._second("v")
        yield self._operation("moment", m_next, beta1 * m + (1 - beta1) * g)
        yield self._operation("moment", v_next, beta2 * v + (1 - beta2) * g**2)
        corrected = []
        for letter, what, moment, beta in (("m_hat", "first", m_next, beta1), ("v_hat", "second", v_next, beta2)):
            formula = moment / (1 - beta**t)
            symbol = self._made(letter, f"{what}_corrected", formula.evaluate())
            yield self._operation("moment_corrected", symbol, formula)
            corrected.append(symbol)
        weight = self._weight
        if isinstance(chosen, AdamW) and chosen.weight_decay:
            formula = weight - self._rate * Symbol("lambda", value=chosen.weight_decay) * weight
            weight = self._made(f"{self.parameter.letter}_decayed", "decayed", formula.evaluate())
            yield self._operation("weight_decay", weight, formula)
        m_hat, v_hat = corrected
        yield self._moved(weight, m_hat / (Call("sqrt", v_hat) + Symbol("epsilon", value=chosen.epsilon)))

    def _moved(self, weight: Symbol, direction: Expr) -> Operation:
        """w_next = w - r direction."""
        letter, after = f"{self.parameter.letter}_next", float(self.update.moved[self.parameter.id][self.index])
        symbol = self._made(
            f"{letter}_unpruned" if self._prunes else letter, "moved" if self._prunes else "update", after
        )
        return self._operation("update", symbol, weight - self._rate * direction)

    def _pruning(self) -> Iterator[Operation]:
        """w_next = w_moved - r l1 sign(w); 0 where that goes through zero, or once did."""
        if not self._prunes:
            return
        name, index = self.parameter.id, self.index
        moved = self._made(f"{self.parameter.letter}_next_unpruned", "moved", float(self.update.moved[name][index]))
        pulled = moved - self._rate * Symbol("lambda1", value=self._rates[0]) * Call("sign", self._weight)
        gone = moved.value * pulled.evaluate() < 0.0 or bool(self.update.pruned[name][index] > 0.0)
        after = self._made(f"{self.parameter.letter}_next", "update", float(self.update.after[name][index]))
        yield self._operation("prune" if gone else "penalty_pull", after, Number(0.0) if gone else pulled)
