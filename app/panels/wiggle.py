"""Wiggle: move one number, watch the loss, compare the slope that is measured with the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.controls import held, put
from app.equations import FULL_DIGITS, aligned
from app.panels.base import MOST_IN_MENU, MOST_INPUTS, MOST_ROWS, Panel
from app.tables import Column
from engine.derivation import Symbol
from engine.errors import ConfigurationError

AMOUNTS = (0.5, 0.1, 0.01, 0.001, 0.0001)
LETTER = {"pre_activation": "z", "activation": "a", "prediction": "p", "input": "x"}  # of a quantity


class WigglePanel(Panel):
    """A number to move, and what follows."""

    def show(self) -> None:
        with st.container(key=f"{self.key}_wiggled"):
            self._wiggled()

    def _wiggled(self) -> None:
        t, place = self.t, f"{self.key}.wiggle"
        st.caption(t("by_hand.wiggle.look"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            targets = self._targets()
            key = put(place, held(place) if held(place) in targets else self.weight)
            name, index = st.selectbox(
                t("by_hand.wiggle.target"), targets, key=key, width=420,
                format_func=lambda pair: self.label(*pair) if pair[0] != "x" else self._input_label(pair[1]),
            )  # fmt: skip
            key = put(f"{place}.amount", held(f"{place}.amount", AMOUNTS[1]))
            amount = st.select_slider(t("by_hand.wiggle.amount"), AMOUNTS, key=key, format_func=t.number, width=260)
        target = ("input", index) if name == "x" else ("parameter", name, index)
        try:
            found = self.opened.wiggle(target, amount, self.sheet.row)
        except ConfigurationError:
            st.info(t("by_hand.wiggle.no_amounts"))
            return
        say = self.teller.number
        left, right = st.columns([5, 6], gap="medium")
        with left:
            st.latex(aligned([
                rf"\text{{{t('by_hand.wiggle.measured')}}} \quad \frac{{L(w + h) - L(w - h)}}{{2 h}} &\approx "
                + self.notation.number(found.slope),
                rf"\text{{{t('by_hand.wiggle.computed')}}} \quad \frac{{\partial L}}{{\partial w}} &\approx "
                + self.notation.number(found.gradient),
            ]))  # fmt: skip
            st.write(t("by_hand.wiggle.agree", digits=agreeing(found.slope, found.gradient)))
            st.write(t("by_hand.wiggle.loss", before=say(found.loss_before), after=say(found.loss_after),
                       change=say(found.loss_after - found.loss_before)))  # fmt: skip
        with right:
            columns = [
                Column(t("by_hand.wiggle.unit")),
                Column(t("by_hand.wiggle.before"), number=True),
                Column(t("by_hand.wiggle.after"), number=True),
                Column(t("by_hand.why.change"), bar=True),
            ]
            rows = [[place, say(before), say(after), after - before] for place, before, after in self._moved(found)]
            self.table(columns, rows, caption=t("by_hand.wiggle.caption"), tall=len(rows) > MOST_ROWS)

    def _targets(self) -> list[tuple[str, int]]:
        """Every weight of a small network, else the chosen one; and the inputs of the example."""
        shapes = self.walk.network.parameter_shapes()
        everything = [(name, index) for name, shape in shapes.items() for index in range(math.prod(shape))]
        weights = everything if len(everything) <= MOST_IN_MENU else [self.weight]
        return [
            *weights,
            *(("x", index) for index in range(min(MOST_INPUTS, math.prod(self.walk.network.input_shape)))),
        ]

    def _input_label(self, index: int) -> str:
        place = np.unravel_index(index, self.walk.network.input_shape)
        value = float(self.opened.dataset.x_train[self.sheet.row][place])
        where = Symbol("x", None, tuple(int(i) for i in place))
        return f"{self.teller.place(where)}: {self.teller.number(value)}"

    def _moved(self, found: Any) -> Iterator[tuple[str, float, float]]:
        """Every quantity that the wiggle moved, with its value before and after, from the input on."""
        last = np.empty(0)
        for name, before in found.before.items():
            after: NDArray[np.float64] = found.after[name]
            layer, _, quantity = name.rpartition(".")
            moved = np.flatnonzero(after != before)
            if len(moved) > MOST_ROWS:
                moved = np.sort(moved[np.argsort(-np.abs((after - before).reshape(-1)[moved]))[:MOST_ROWS]])
            if quantity == "prediction" and np.array_equal(before, last):
                continue
            last = before
            for index in moved:
                place = tuple(int(i) for i in np.unravel_index(index, before.shape))
                letter = LETTER.get(quantity, quantity)
                symbol = Symbol(letter, layer or None, place)
                yield f"{letter}, {self.teller.place(symbol)}", float(before[place]), float(after[place])


def agreeing(one: float, other: float) -> int:
    """How many significant digits two numbers share, roughly."""
    size = max(abs(one), abs(other))
    if size == 0 or one == other:
        return FULL_DIGITS - 1
    return max(0, math.floor(-math.log10(abs(one - other) / size)))
