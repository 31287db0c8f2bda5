"""What every panel of a walk knows: the walk, the words, and the weight that is looked into."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st

from app.tables import Column, table
from app.walk import Walk
from engine.derivation import Symbol
from engine.derivation.graph import LETTERS

MOST_IN_MENU = 300  # weights
MOST_ROWS = 14  # of a table of units
MOST_INPUTS = 48  # numbers that are edited at once


class Panel:
    """A panel of one walk."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.t, self.key, self.sheet, self.opened = walk.t, walk.key, walk.sheet, walk.opened
        self.notation, self.teller = walk.notation, walk.teller

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]], **form: Any) -> None:
        """Draws rows under headings; `form` as for `app.tables.table`, which escapes every word."""
        st.html(table(columns, rows, **form))

    @cached_property
    def weight(self) -> tuple[str, int]:
        """The weight that is looked into: the chosen one, else the first."""
        shapes = self.walk.network.parameter_shapes()
        chosen = self.sheet.weight
        return chosen if chosen and chosen[0] in shapes else (next(iter(shapes)), 0)

    def symbol_of(self, name: str, index: int) -> Symbol:
        """A number of a parameter, as formulas name it."""
        layer = next(part.name for part in self.walk.network.leaves() if name.startswith(f"{part.name}."))
        values = self.opened.run.parameters()[name]
        letter = LETTERS[name.removeprefix(f"{layer}.")]
        place = tuple(int(i) for i in np.unravel_index(index, values.shape))
        return Symbol(letter, layer, place, float(values[place]))

    def label(self, name: str, index: int) -> str:
        symbol = self.symbol_of(name, index)
        return f"{self.teller.place(symbol)}: {self.teller.number(symbol.value)}"
