"""From a gradient to a new weight: penalty, moments, update. `engine/optimisers.py` has the sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from engine.derivation.expressions import Call, Expr, Index, Number, Symbol
from engine.derivation.graph import Node, written
from engine.derivation.operations import Operation
from engine.derivation.state import Update
from engine.optimisers import AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSProp

__all__ = ["NumberUpdate"]


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

    @cached_property
    def _rates(self) -> tuple[float, float]:
        """(l1, l2) of the penalty that acts on this number."""
        regulariser = self.update.regulariser
        penalised = not self.parameter.id.rpartition(".")[2].startswith("bias")
        return regulariser.rates() if regulariser and penalised else (0.0, 0.0)

    @cached_property
    def prunes(self) -> bool:
        """Whether the penalty acts after the update."""
        return bool(getattr(self.update.regulariser, "prune", False)) and self._rates[0] != 0.0

    @cached_property
    def _seen(self) -> Symbol:
        """The gradient that the optimiser sees."""
        if self.prunes or self._rates == (0.0, 0.0):
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
        letter, after = f"{self.parameter.letter}_next", self.update.moved[self.parameter.id][self.index]
        symbol = self._made(
            f"{letter}_unpruned" if self.prunes else letter, "moved" if self.prunes else "update", after
        )
        return self._operation("update", symbol, weight - self._rate * direction)

    def _pruning(self) -> Iterator[Operation]:
        """w_next = w_moved - r l1 sign(w); 0 where that goes through zero, or once did."""
        if not self.prunes:
            return
        name, index = self.parameter.id, self.index
        moved = self._made(f"{self.parameter.letter}_next_unpruned", "moved", float(self.update.moved[name][index]))
        pulled = moved - self._rate * Symbol("lambda1", value=self._rates[0]) * Call("sign", self._weight)
        gone = moved.value * pulled.evaluate() < 0.0 or bool(self.update.pruned[name][index] > 0.0)
        after = self._made(f"{self.parameter.letter}_next", "update", float(self.update.after[name][index]))
        yield self._operation("prune" if gone else "penalty_pull", after, Number(0.0) if gone else pulled)
