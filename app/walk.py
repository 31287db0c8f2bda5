"""Walking through one training step: where one stands, the buttons that go on and back, the formula with its numbers.

A `Walk` is made anew in each run of a page; all that stays is the `Worksheet` in the session, under `key`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from html import escape
from typing import Any

import streamlit as st

from app.controls import held, key_of, put
from app.equations import Notation
from app.i18n import Translator
from app.problem import problem
from app.state import is_dense
from app.telling import Teller
from app.worksheet import Worksheet, opened
from engine.derivation import PHASES, Operation, Symbol

DIGITS = (4, 6, 9, 17)
# Share of the step that the stage has told when a phase is over (app/static/stage/timeline.js).
TOLD = {"forward": 0.4, "loss": 0.519, "backward": 0.82, "gradient": 0.82, "update": 0.91}
BACKWARD_BEGINS = 0.52
MOST_OPTIONS = 400  # operations in a menu


class Walk:
    """One step of one network, at one operation.

    Parameters
    ----------
    t : the words
    key : where the session keeps the worksheet; the widgets' keys begin with it
    """

    def __init__(self, t: Translator, key: str) -> None:
        self.t, self.key = t, key
        self.sheet: Worksheet = st.session_state[key]
        self.opened = opened(self.sheet)
        self.derivation = self.opened.derivation(self.sheet.row)
        self.operations = self.derivation.operations
        self.network = self.opened.run.experiment.network
        digits = held(f"{key}.digits", DIGITS[1])
        self.notation = Notation.of(self.network, digits, comma=t.language == "pt")
        self.teller = Teller(t, self.network, self.notation)

    # ----------------------------------------------------------------------------------------------- where one is

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each operation, by its id."""
        return {operation.id: place for place, operation in enumerate(self.operations)}

    @cached_property
    def position(self) -> int:
        """The place of the operation where one stands; the first where the link's is not in this step."""
        return self.places.get(self.sheet.at, 0)

    @property
    def operation(self) -> Operation:
        """The operation where one stands."""
        return self.operations[self.position]

    def first_of(self, phase: str) -> str | None:
        """Id of the first operation of a phase; None where it has none."""
        return next((operation.id for operation in self.operations if operation.phase == phase), None)

    def group(self, place: int) -> tuple[str, str | None]:
        """What is done together: one phase in one layer."""
        return self.operations[place].phase, self.operations[place].layer

    def onward(self, size: str) -> str | None:
        """Id of the operation after this one, this layer or this phase; None at the end."""
        return next((self.operations[place].id for place in self._after(size)), None)

    def _after(self, size: str) -> Iterator[int]:
        here = self.position
        for place in range(here + 1, len(self.operations)):
            if size == "operation" or self._differs(size, here, place):
                yield place

    def backward(self, size: str) -> str | None:
        """Id of the first operation of the operation, layer or phase before; of this one where one is inside it."""
        here = self.position
        if here == 0:
            return None
        place = here - 1
        if size != "operation":
            while place > 0 and not self._differs(size, place - 1, place):
                place -= 1
        return self.operations[place].id

    def _differs(self, size: str, one: int, other: int) -> bool:
        first, second = self.group(one), self.group(other)
        return first[0] != second[0] if size == "phase" else first != second

    # ------------------------------------------------------------------------------------------------- the stage

    @cached_property
    def columns(self) -> dict[str | None, int]:
        """The stage's number of each layer, by name; the inputs, which have no layer, are 0."""
        return {None: 0} | {part.name: place for place, part in enumerate(self.network.named_layers(), 1)}

    def ids_of(self, symbols: Iterable[Symbol]) -> list[str]:
        """What the stage calls the units and edges that symbols speak of."""
        ids: dict[str, None] = {}
        for symbol in symbols:
            ids.update(dict.fromkeys(self._ids(symbol)))
        return list(ids)

    def _ids(self, symbol: Symbol) -> list[str]:
        if not is_dense(self.network):
            field = "x" if symbol.name == "x" else symbol.field
            return [f"{field}:{'.'.join(map(str, symbol.indices))}"] if field else []
        column = self.columns.get(symbol.layer)
        if symbol.layer is None and symbol.name != "x":  # targets and predictions stand at the output
            column = len(self.network.layers)
        match symbol.indices:
            case (unit,) if column is not None:
                return [f"u{column}.{unit}"]
            case (to, unit) if column:
                return [f"e{column}.{to}.{unit}", f"u{column}.{to}", f"u{column - 1}.{unit}"]
        return []

    @property
    def lit(self) -> list[str]:
        """What the operation touches, as the stage calls it."""
        return self.ids_of([self.operation.symbol, *self.operation.expression.symbols()])

    @property
    def told(self) -> float:
        """How much of the step the stage has to show."""
        phase, layer = self.group(self.position)
        turns, column = len(self.network.layers), self.columns.get(layer, 0)
        done: float
        if phase == "forward":
            done = column - (self.operation.kind == "weighted_sum")
            return TOLD[phase] * done / turns
        if phase == "backward":
            turn = turns - column
            done = max(0.0, turn - 0.25) if self.operation.kind == "backward_sum" else turn or 0.2
            return BACKWARD_BEGINS + (TOLD[phase] - BACKWARD_BEGINS) * done / turns
        return TOLD[phase]

    def still(self, lit: list[str]) -> dict[str, Any]:
        """The data of a stage that stands at this operation."""
        return {
            "link": f"{self.sheet.lesson} {self.sheet.link} {self.sheet.step} {self.sheet.row} {self.sheet.changes}",
            "live": {},
            "edits": [],
            "step": self.sheet.step,
            "trace_url": "",
            "engine_url": "",
            "locale": self.t.tag,
            "words": self.t.table("stage"),
            "problem": problem(self.opened.dataset),
            "options": {"show_test": False, "discretise": False, "hidden": []},
            "still": self.opened.still(self.sheet.row),
            "told": self.told,
            "lit": lit,
        }

    # ---------------------------------------------------------------------------------------------- the walk itself

    def go(self, at: str | None) -> None:
        """A callback: stand at another operation."""
        if at is not None:
            self.show(replace(st.session_state[self.key], at=at))

    def show(self, sheet: Worksheet) -> None:
        """A callback: look at something else."""
        st.session_state[self.key] = sheet

    def stepper(self, *, shortcuts: bool = True) -> None:
        """The buttons and the slider."""
        with st.container(key=f"{self.key}_buttons", horizontal=True, gap="small", vertical_alignment="center"):
            for size, key in (("phase", "Shift+Up"), ("layer", "Shift+Left"), ("operation", "Left")):
                self._button("back", size, self.backward(size), key if shortcuts else None)
            if self.position == len(self.operations) - 1:
                self._next_step("Right" if shortcuts else None)
            else:
                self._button("on", "operation", self.onward("operation"), "Right" if shortcuts else None)
            for size, key in (("layer", "Shift+Right"), ("phase", "Shift+Down")):
                self._button("on", size, self.onward(size), key if shortcuts else None)
        self._slider()

    def phases(self) -> None:
        """Where in the step one is, and the way to another phase."""
        t, key = self.t, put(f"{self.key}.phase", self.operation.phase)
        present = [phase for phase in PHASES if self.first_of(phase)]
        st.segmented_control(
            t("by_hand.phases"), present, key=key, required=True, label_visibility="collapsed", width="stretch",
            format_func=lambda phase: t(f"by_hand.phase.{phase}"), on_change=self._take_phase, args=(key,),
        )  # fmt: skip

    def _take_phase(self, key: str) -> None:
        name = f"{self.key}.phase"
        if key == key_of(name):  # else the choice was one of another language, and is gone
            self.go(self.first_of(held(name)))

    def _button(self, way: str, size: str, at: str | None, shortcut: str | None) -> None:
        icon = {"back": ":material/chevron_left:", "on": ":material/chevron_right:"}[way]
        st.button(
            self.t(f"by_hand.{way}.{size}"),
            key=f"{self.key}.{way}.{size}",
            on_click=self.go,
            args=(at,),
            disabled=at is None,
            shortcut=shortcut,
            icon=icon,
            icon_position="left" if way == "back" else "right",
            type="primary" if (way, size) == ("on", "operation") else "secondary",
        )

    def _next_step(self, shortcut: str | None) -> None:
        """At the end: the update is done, and the next step begins."""
        after = replace(self.sheet, step=self.sheet.step + 1, at="")
        st.button(
            self.t("by_hand.next_step"), key=f"{self.key}.next_step", on_click=self.show, args=(after,), type="primary",
            shortcut=shortcut, icon=":material/chevron_right:", icon_position="right",
        )  # fmt: skip

    def _slider(self) -> None:
        if len(self.operations) < 2:
            return
        st.slider(
            self.t("by_hand.slider"), 1, len(self.operations), key=put(f"{self.key}.place", self.position + 1),
            on_change=self._take_place, label_visibility="collapsed",
        )  # fmt: skip

    def _take_place(self) -> None:
        self.go(self.operations[held(f"{self.key}.place") - 1].id)

    # ---------------------------------------------------------------------------------------------------- the card

    def card(self) -> None:
        """The operation: what is done and why, the formula, the formula with its numbers, the result."""
        t, operation = self.t, self.operation
        layer = self.teller.layer(operation.layer)
        where = [t("by_hand.where", place=self.position + 1, count=len(self.operations)),
                 t(f"by_hand.phase.{operation.phase}"), *([layer] if layer else [])]  # fmt: skip
        with st.container(key=f"{self.key}_card", border=True):
            st.caption(" · ".join(where))
            st.header(self.teller.title(operation), anchor=False)
            st.write(self.teller.sentence(operation))
            st.latex(self.notation.equation(operation))
            words = self.teller.words(operation)
            st.html(f"<details><summary>{t('by_hand.in_words')}</summary><p>{escape(words)}</p></details>")
