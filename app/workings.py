"""What stands around the walk: the picture of the network, and the panels below it.

every operation     the step as one table
one weight          its gradient as a sum over paths; why it moves (`panels/weight.py`)
wiggle              move a number, watch the loss, compare the slopes (`panels/wiggle.py`)
numbers             change any number by hand (`panels/numbers.py`)
LaTeX and print     the whole step, to copy and to print
"""

from __future__ import annotations

from dataclasses import replace
from html import escape

import numpy as np
import streamlit as st

from app.board import board
from app.panels.base import Panel
from app.panels.numbers import NumbersPanel
from app.panels.weight import WeightPanel
from app.panels.wiggle import WigglePanel
from app.stage import stage
from app.state import is_dense
from app.tables import Column

HEAVIEST = 150_000  # characters of film that every operation may send along
MOST_LISTED = 300  # operations in the table
TABS = ("all", "weight", "wiggle", "numbers", "latex")


class Workings(Panel):
    """The picture and the panels of one walk."""

    def beside(self) -> None:
        """The walk and its panels beside a stage that is there already and shows where one is."""
        with st.container(key=f"{self.key}_work"):
            self._head(shortcuts=False)
            self.walk.card()
            self.draw()

    def _head(self, *, shortcuts: bool) -> None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            self.walk.phases()
            self.badge()
        self.walk.stepper(shortcuts=shortcuts)

    def show(self) -> None:
        """The walk, and all that stands around it."""
        with st.container(key=f"{self.key}_work"):
            self._head(shortcuts=True)
            left, right = st.columns([5, 6], gap="medium")
            with left:
                self.picture()
            with right:
                self.walk.card()
            self.draw()

    # ------------------------------------------------------------------------------------------------ the picture

    def picture(self) -> None:
        """The network, with what the operation uses lit: on the stage where it can draw it, else as a board."""
        if is_dense(self.walk.network) and len(self.opened.still(self.sheet.row)) < HEAVIEST:
            stage(self.walk.still(self.lit), key=f"{self.key}_stage", on_player=self._take_selected)
        else:
            st.html(board(self.teller, self.walk.operations, self.walk.position))

    @property
    def lit(self) -> list[str]:
        """What the chosen path goes through, while weights are looked at; else what the operation touches."""
        path = WeightPanel(self.walk).lit_path() if self._open == "weight" else None
        if path is None:
            return self.walk.lit
        through = [symbol for step in path.factors for symbol in (step.by, *step.expression.symbols())]
        return self.walk.ids_of(symbol for symbol in through if symbol.layer or symbol.name == "x")

    def _take_selected(self) -> None:
        """An edge or a unit was picked on the stage: its weight, or its bias, is looked into."""
        player = st.session_state[f"{self.key}_stage"].player or {}
        found = self._parameter_of(player.get("selected") or "")
        if found and found != self.sheet.weight:
            self.walk.show(replace(st.session_state[self.key], weight=found))
            st.session_state[f"{self.key}.tab"] = self.t("by_hand.tab.weight")

    def _parameter_of(self, picked: str) -> tuple[str, int] | None:
        """The parameter behind the stage's id of an edge or a unit."""
        kind, numbers = picked[:1], picked[1:].split(".")
        layers = {column: name for name, column in self.walk.columns.items() if name}
        name = layers.get(int(numbers[0])) if picked else None
        if name is None:
            return None
        parameter = f"{name}.{'weight' if kind == 'e' else 'bias'}"
        shape = self.walk.network.parameter_shapes().get(parameter)
        if shape is None:
            return None
        return parameter, int(np.ravel_multi_index([int(number) for number in numbers[1:]], shape))

    # ------------------------------------------------------------------------------------------------- the panels

    @property
    def _open(self) -> str:
        """Which panel is open."""
        label = st.session_state.get(f"{self.key}.tab")
        return next((tab for tab in TABS if self.t(f"by_hand.tab.{tab}") == label), TABS[0])

    def draw(self) -> None:
        """The panels; only the open one is worked out."""
        labels = [self.t(f"by_hand.tab.{tab}") for tab in TABS]
        walk = self.walk
        panels = (
            self._operations, WeightPanel(walk).show, WigglePanel(walk).show, NumbersPanel(walk).show, self._latex
        )  # fmt: skip
        for tab, panel in zip(st.tabs(labels, key=f"{self.key}.tab", on_change="rerun"), panels, strict=True):
            if tab.open:
                with tab:
                    panel()

    def badge(self) -> None:
        """Whether backpropagation and central differences agree for the network as it is."""
        report, t = self.opened.check(), self.t
        error = self.teller.number(float(f"{report.max_relative_error:.1e}"))
        kind = "passed" if report.passed else "failed"
        words = {"count": report.checked, "error": error}
        icon = {"passed": ":material/check_circle:", "failed": ":material/error:"}[kind]
        with st.popover(t(f"by_hand.check.{kind}"), icon=icon):
            st.write(t(f"by_hand.check.{kind}_help", **words))
            columns = [Column(t("by_hand.check.parameter")), Column(t("by_hand.check.error"), number=True)]
            self.table(columns, [[name, f"{value:.1e}"] for name, value in report.errors.items()])

    # ---------------------------------------------------------------------------------------------- all operations

    def _operations(self) -> None:
        """The step as a table; of a long one the part around where one stands."""
        t, here, count = self.t, self.walk.position, len(self.walk.operations)
        first = max(0, min(here - MOST_LISTED // 2, count - MOST_LISTED))
        listed = self.walk.operations[first : first + MOST_LISTED]
        columns = [
            Column(t("by_hand.table.number"), number=True),
            Column(t("by_hand.table.phase")),
            Column(t("by_hand.table.operation")),
            Column(t("by_hand.table.value"), number=True),
        ]
        rows = [
            [
                place,
                t(f"by_hand.phase.{operation.phase}"),
                self.teller.title(operation),
                self.teller.number(operation.value),
            ]
            for place, operation in enumerate(listed, first + 1)
        ]
        if len(listed) < count:
            st.caption(t("by_hand.table.part", first=first + 1, last=first + len(listed), count=count))
        self.table(columns, rows, caption=t("by_hand.table.all"), current=here - first, tall=True)

    # ------------------------------------------------------------------------------------------- LaTeX and print

    def _latex(self) -> None:
        with st.container(key=f"{self.key}_written"):
            self._written()

    def _written(self) -> None:
        t = self.t
        st.caption(t("by_hand.latex.look"))
        every = st.segmented_control(
            t("by_hand.latex.part"), ["operation", "phase", "step"], key=f"{self.key}.part", required=True,
            default="phase", format_func=lambda part: t(f"by_hand.latex.{part}"),
        )  # fmt: skip
        here = self.walk.operation
        chosen = {"operation": [here], "phase": list(self.walk.derivation.phase(here.phase))}.get(
            every or "", list(self.walk.operations)
        )
        written = [
            f"**{escape(self.teller.title(operation))}**\n\n$$\n{self.notation.equation(operation)}\n$$"
            for operation in chosen
        ]
        source = st.expander(t("by_hand.latex.source"), icon=":material/content_copy:")
        source.code(self.notation.document(chosen, self.teller.title), language="latex", wrap_lines=True)
        st.markdown("\n\n".join(written))
