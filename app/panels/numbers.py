"""Every number of the network and of the example, to be changed by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.controls import held, put
from app.panels.base import MOST_INPUTS, Panel
from app.worksheet import LARGEST, Worksheet
from engine.derivation import Symbol


class NumbersPanel(Panel):
    """Fields for one array at a time."""

    def show(self) -> None:
        """Any number, to be changed."""
        t, name = self.t, f"{self.key}.edit"
        st.caption(t("by_hand.numbers.look"))
        shapes = self.walk.network.parameter_shapes()
        groups = ["x", "y", *shapes]
        key = put(name, held(name) if held(name) in groups else next(iter(shapes)))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            group = st.selectbox(
                t("by_hand.numbers.group"), groups, key=key, format_func=self._group_name, width=320
            )  # fmt: skip
            st.button(
                t("by_hand.numbers.undo", count=len(self.sheet.changes)), icon=":material/undo:",
                disabled=not self.sheet.changes, on_click=self.walk.show, args=(replace(self.sheet, changes=()),),
            )  # fmt: skip
        self._fields(group)

    def _group_name(self, name: str) -> str:
        if name in ("x", "y"):
            return self.t(f"by_hand.numbers.{name}")
        layer = next(part.name for part in self.walk.network.leaves() if name.startswith(f"{part.name}."))
        short = name.removeprefix(f"{layer}.")
        kind = "bias" if "bias" in short or short == "beta" else "weight"
        return self.t(f"by_hand.numbers.{kind}", layer=self.teller.layer(layer), name=short)

    def _fields(self, name: str) -> None:
        """A field for each number, row by row as in the array; of a large array those around the chosen weight."""
        values, first = self._values(name)
        columns = values.shape[-1] if values.ndim > 1 else values.size
        width = min(columns, 6)
        start = (
            max(0, min(self.weight[1] - MOST_INPUTS // 2, values.size - MOST_INPUTS)) if name == self.weight[0] else 0
        )
        indices = range(start, min(start + MOST_INPUTS, values.size))
        if values.size > MOST_INPUTS:
            st.caption(self.t("by_hand.numbers.part", first=start + 1, last=indices[-1] + 1, count=values.size))
        cells = st.columns(width, gap="small")
        for place in indices:
            with cells[place % columns % width]:
                self._field(
                    name, first + place, self._field_label(name, place, values.shape), float(values.reshape(-1)[place])
                )

    def _values(self, name: str) -> tuple[NDArray[Any], int]:
        """An array to edit, and where in the flat one it begins."""
        if name == "x":
            data = self.opened.dataset.x_train
            return data[self.sheet.row], self.sheet.row * int(data[0].size)
        if name == "y":
            targets = np.asarray(self.opened.dataset.y_train)
            return np.atleast_1d(targets[self.sheet.row]), self.sheet.row * int(targets[0].size)
        return self.opened.run.parameters()[name], 0

    def _field_label(self, name: str, place: int, shape: tuple[int, ...]) -> str:
        index = tuple(int(i) for i in np.unravel_index(place, shape))
        if name in ("x", "y"):
            return f"${self.notation.symbol(Symbol(name, None, index))}$"
        return f"${self.notation.symbol(self.symbol_of(name, place))}$"

    def _field(self, name: str, index: int, label: str, value: float) -> None:
        field = f"{self.key}.field.{name}.{index}"
        whole = name == "y" and self.opened.dataset.labels == "class"
        limits: dict[str, Any] = {"min_value": -LARGEST, "max_value": LARGEST, "step": 0.01, "format": "%.12g"}
        if whole:
            limits = {"min_value": 0, "max_value": (self.opened.dataset.classes or 1) - 1, "step": 1}
        key = put(field, int(value) if whole else value)
        st.number_input(label, key=key, on_change=lambda: self._take_number(name, index, held(field)), **limits)

    def _take_number(self, name: str, index: int, value: float) -> None:
        sheet: Worksheet = st.session_state[self.key]
        self.walk.show(sheet.change(name, index, value))
