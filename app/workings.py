"""What stands around the walk: the picture of the network, and the panels below it.

every operation     the step as one table
one weight          its gradient as a sum over paths; why it moves
wiggle              move a number, watch the loss, compare the slopes
numbers             change any number by hand
LaTeX and print     the whole step, to copy and to print
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.board import board
from app.controls import put
from app.equations import FULL_DIGITS, aligned
from app.stage import stage
from app.tables import Column, table
from app.walk import Walk
from app.worksheet import LARGEST, Worksheet
from engine.derivation import Group, Path, Symbol
from engine.derivation.graph import LETTERS
from engine.errors import ConfigurationError

TABS = ("all", "weight", "wiggle", "numbers", "latex")
DRAWN = ("dense", "activation")  # layers that the stage has a picture of
MOST_IN_MENU = 300  # weights
MOST_PATHS = 12  # that can be lit one by one
MOST_ROWS = 14  # of a table of units
MOST_INPUTS = 48  # numbers that are edited at once
AMOUNTS = (0.5, 0.1, 0.01, 0.001, 0.0001)


class Workings:
    """The picture and the panels of one walk."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.t, self.key, self.sheet, self.opened = walk.t, walk.key, walk.sheet, walk.opened
        self.notation, self.teller = walk.notation, walk.teller

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
        kinds = {layer.name for layer in self.walk.network.layers}
        if kinds <= set(DRAWN):
            stage(self.walk.still(self.lit), key=f"{self.key}_stage", on_player=self._take_selected)
        else:
            st.html(board(self.teller, self.walk.operations, self.walk.position))

    @property
    def lit(self) -> list[str]:
        """What the chosen path goes through, while weights are looked at; else what the operation touches."""
        path = self._lit_path() if self._open == "weight" else None
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
        panels = (self._operations, self._weight, self._wiggle, self._numbers, self._latex)
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
            st.html(table(columns, [[name, f"{value:.1e}"] for name, value in report.errors.items()]))

    # ---------------------------------------------------------------------------------------------- all operations

    def _operations(self) -> None:
        t = self.t
        columns = [
            Column(t("by_hand.table.number"), number=True), Column(t("by_hand.table.phase")), Column(t("by_hand.table.operation")),
            Column(t("by_hand.table.value"), number=True),
        ]  # fmt: skip
        rows = [
            [
                place,
                t(f"by_hand.phase.{operation.phase}"),
                self.teller.title(operation),
                self.teller.number(operation.value),
            ]
            for place, operation in enumerate(self.walk.operations, 1)
        ]
        st.html(table(columns, rows, caption=t("by_hand.table.all"), current=self.walk.position, tall=True))

    # -------------------------------------------------------------------------------------------------- one weight

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

    def _choose_weight(self, where: str) -> None:
        """A menu of every weight; of a large network, of parameters, and the place in it."""
        t, key = self.t, f"{self.key}.{where}"
        shapes = self.walk.network.parameter_shapes()
        everything = [(name, index) for name, shape in shapes.items() for index in range(math.prod(shape))]
        if len(everything) <= MOST_IN_MENU:
            put(key, self.weight)
            st.selectbox(
                t("by_hand.weight.label"), everything, key=key, format_func=lambda pair: self._label(*pair), width=420,
                help=t("by_hand.weight.help"), on_change=lambda: self._take_weight(*st.session_state[key]),
            )  # fmt: skip
            return
        name, index = self.weight
        with st.container(horizontal=True, vertical_alignment="bottom"):
            put(f"{key}.name", name)
            st.selectbox(
                t("by_hand.weight.label"), list(shapes), key=f"{key}.name", width=320, help=t("by_hand.weight.help"),
                on_change=lambda: self._take_weight(st.session_state[f"{key}.name"], 0),
            )  # fmt: skip
            put(f"{key}.index", index + 1)
            st.number_input(
                t("by_hand.weight.place", count=math.prod(shapes[name])), 1, math.prod(shapes[name]), width=200,
                key=f"{key}.index", on_change=lambda: self._take_weight(name, st.session_state[f"{key}.index"] - 1),
            )  # fmt: skip

    def _label(self, name: str, index: int) -> str:
        symbol = self.symbol_of(name, index)
        return f"{self.teller.place(symbol)}: {self.teller.number(symbol.value)}"

    def _take_weight(self, name: str, index: int) -> None:
        self.walk.show(replace(st.session_state[self.key], weight=(name, index)))

    def _lit_path(self) -> Path | None:
        listed = self.opened.paths(*self.weight, self.sheet.row).paths[:MOST_PATHS]
        chosen = st.session_state.get(f"{self.key}.path", 0)
        return listed[min(chosen, len(listed) - 1)] if listed else None

    def _weight(self) -> None:
        with st.container(key=f"{self.key}_paths"):
            self._choose_weight("weight")
            left, right = st.columns([7, 5], gap="medium")
            with left:
                self._paths()
            with right:
                self._why()

    def _paths(self) -> None:
        """The gradient as a sum over paths."""
        t, found = self.t, self.opened.paths(*self.weight, self.sheet.row)
        st.header(t("by_hand.paths.title"), anchor=False)
        st.caption(t("by_hand.paths.look"))
        listed = found.paths[:MOST_PATHS]
        if not listed:
            st.write(t("by_hand.paths.too_many" if found.count or found.groups else "by_hand.paths.none"))
        if found.count <= len(found.paths):
            st.latex(self._path_sum(found.paths, found.total))
        st.write(t("by_hand.paths.equal", total=self.teller.number(found.total), gradient=self.teller.number(found.gradient),
                   count=found.count))  # fmt: skip
        if listed:
            put(f"{self.key}.path", min(st.session_state.get(f"{self.key}.path", 0), len(listed) - 1))
            st.radio(
                t("by_hand.paths.choose"), range(len(listed)), key=f"{self.key}.path",
                format_func=lambda place: self._path_label(listed[place]),
            )  # fmt: skip
            st.latex(self.notation.path(listed[st.session_state[f"{self.key}.path"]]))
        if found.count > len(listed):
            for group in found.groups:
                self._group(group, found.total)

    def _path_sum(self, found: tuple[Path, ...], total: float) -> str:
        """Path plus path plus path; of many, the rest as one number."""
        shown = [path.value for path in found[:6]]
        rest = math.fsum(path.value for path in found[6:])
        terms = [*shown, *([rest] if found[6:] else [])]
        signed = [self.notation.number(abs(term)) for term in terms]
        text = "".join(
            ("-" if term < 0 else "") + number if not place else (" - " if term < 0 else " + ") + number
            for place, (term, number) in enumerate(zip(terms, signed, strict=True))
        )
        symbol = self.symbol_of(*self.weight)
        left = self.notation.symbol(replace(symbol, name=f"d{symbol.name}"))
        return rf"{left} {self.notation.equals(*terms)} {text or '0'} {self.notation.equals(total)} {self.notation.number(total)}"

    def _path_label(self, path: Path) -> str:
        """A path by the sums that it goes through: "0.00067: loss ← neuron 1, layer 2 ← ...": from the weight on."""
        stops = [symbol for symbol in reversed(path.units) if symbol.name not in ("a", "h") and symbol.layer]
        way = " → ".join([*(self.teller.place(symbol) for symbol in stops), self.t("by_hand.paths.loss")])
        return f"{self.teller.number(path.value)}: {way}"

    def _group(self, group: Group, total: float) -> None:
        """What all paths through each unit of one layer come to."""
        t = self.t
        shown, others = group.through[:MOST_ROWS], group.through[MOST_ROWS:]
        rows: list[list[Any]] = [
            [self.teller.place(symbol), self.teller.number(value), value] for symbol, value in shown
        ]
        if others:
            rest = math.fsum(value for _, value in others)
            rows.append([t("by_hand.paths.rest", count=len(others)), self.teller.number(rest), rest])
        rows.append([t("by_hand.paths.sum"), self.teller.number(total), None])
        columns = [
            Column(t("by_hand.paths.through")),
            Column(t("by_hand.table.value"), number=True),
            Column(t("by_hand.table.size"), bar=True),
        ]
        st.html(table(columns, rows, caption=t("by_hand.paths.group", layer=self.teller.layer(group.layer))))

    def _why(self) -> None:
        """The update, split."""
        t, found = self.t, self.opened.parts(*self.weight)
        st.header(t("by_hand.why.title"), anchor=False)
        st.caption(t("by_hand.why.look"))
        rows: list[list[Any]] = [
            [t(f"by_hand.why.{part.kind}", number=(part.example or 0) + 1), self.teller.number(part.value), part.value]
            for part in found.parts
        ]
        rows.append([t("by_hand.why.sum"), self.teller.number(found.total), None])
        columns = [
            Column(t("by_hand.why.part")),
            Column(t("by_hand.why.change"), number=True),
            Column(t("by_hand.table.size"), bar=True),
        ]
        st.html(table(columns, rows, caption=t("by_hand.why.caption"), tall=len(rows) > 20))
        number, sign = self.notation.number, "+" if found.total >= 0 else "-"
        equals = self.notation.equals(found.before, found.total, found.after)
        st.latex(f"{number(found.before)} {sign} {number(abs(found.total))} {equals} {number(found.after)}")

    # ------------------------------------------------------------------------------------------------------ wiggle

    def _wiggle(self) -> None:
        with st.container(key=f"{self.key}_wiggled"):
            self._wiggled()

    def _wiggled(self) -> None:
        t, key = self.t, f"{self.key}.wiggle"
        st.caption(t("by_hand.wiggle.look"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            targets = self._targets()
            put(key, st.session_state.get(key) if st.session_state.get(key) in targets else self.weight)
            st.selectbox(
                t("by_hand.wiggle.target"), targets, key=key, width=420,
                format_func=lambda pair: self._label(*pair) if pair[0] != "x" else self._input_label(pair[1]),
            )  # fmt: skip
            put(f"{key}.amount", st.session_state.get(f"{key}.amount", AMOUNTS[1]))
            st.select_slider(t("by_hand.wiggle.amount"), AMOUNTS, key=f"{key}.amount", format_func=t.number, width=260)
        name, index = st.session_state[key]
        target = ("input", index) if name == "x" else ("parameter", name, index)
        try:
            found = self.opened.wiggle(target, st.session_state[f"{key}.amount"], self.sheet.row)
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
            columns = [Column(t("by_hand.wiggle.unit")), Column(t("by_hand.wiggle.before"), number=True),
                       Column(t("by_hand.wiggle.after"), number=True), Column(t("by_hand.why.change"), bar=True)]  # fmt: skip
            rows = [[place, say(before), say(after), after - before] for place, before, after in self._moved(found)]
            st.html(table(columns, rows, caption=t("by_hand.wiggle.caption"), tall=len(rows) > MOST_ROWS))

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
                letter = {"pre_activation": "z", "activation": "a", "prediction": "p", "input": "x"}.get(
                    quantity, quantity
                )
                symbol = Symbol(letter, layer or None, place)
                yield f"{letter}, {self.teller.place(symbol)}", float(before[place]), float(after[place])

    # ----------------------------------------------------------------------------------------------------- numbers

    def _numbers(self) -> None:
        """Any number, to be changed."""
        t, key = self.t, f"{self.key}.edit"
        st.caption(t("by_hand.numbers.look"))
        shapes = self.walk.network.parameter_shapes()
        groups = ["x", "y", *shapes]
        put(key, st.session_state.get(key) if st.session_state.get(key) in groups else next(iter(shapes)))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(t("by_hand.numbers.group"), groups, key=key, format_func=self._group_name, width=320)
            st.button(
                t("by_hand.numbers.undo", count=len(self.sheet.changes)), icon=":material/undo:",
                disabled=not self.sheet.changes, on_click=self.walk.show, args=(replace(self.sheet, changes=()),),
            )  # fmt: skip
        self._fields(st.session_state[key])

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
        key = f"{self.key}.field.{name}.{index}"
        whole = name == "y" and self.opened.dataset.labels == "class"
        limits: dict[str, Any] = {"min_value": -LARGEST, "max_value": LARGEST, "step": 0.01, "format": "%.12g"}
        if whole:
            limits = {"min_value": 0, "max_value": (self.opened.dataset.classes or 1) - 1, "step": 1}
        put(key, int(value) if whole else value)
        st.number_input(label, key=key, on_change=lambda: self._take_number(name, index, key), **limits)

    def _take_number(self, name: str, index: int, key: str) -> None:
        sheet: Worksheet = st.session_state[self.key]
        self.walk.show(sheet.change(name, index, st.session_state[key]))

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


def agreeing(one: float, other: float) -> int:
    """How many significant digits two numbers share, roughly."""
    size = max(abs(one), abs(other))
    if size == 0 or one == other:
        return FULL_DIGITS - 1
    return max(0, math.floor(-math.log10(abs(one - other) / size)))
