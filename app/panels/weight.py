"""One weight: its gradient as a sum over paths, and why it moves."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import streamlit as st

from app.controls import held, put
from app.panels.base import MOST_IN_MENU, MOST_ROWS, Panel
from app.tables import Column
from engine.derivation import Group, Path

MOST_PATHS = 12  # that can be lit one by one


class WeightPanel(Panel):
    """The weight of the worksheet, looked into."""

    def _choose_weight(self, where: str) -> None:
        """A menu of every weight; of a large network, of parameters, and the place in it."""
        t, name = self.t, f"{self.key}.{where}"
        shapes = self.walk.network.parameter_shapes()
        everything = [(parameter, index) for parameter, shape in shapes.items() for index in range(math.prod(shape))]
        if len(everything) <= MOST_IN_MENU:
            st.selectbox(
                t("by_hand.weight.label"), everything, key=put(name, self.weight), width=420,
                format_func=lambda pair: self.label(*pair), help=t("by_hand.weight.help"),
                on_change=lambda: self._take_weight(*held(name)),
            )  # fmt: skip
            return
        parameter, index = self.weight
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                t("by_hand.weight.label"), list(shapes), key=put(f"{name}.name", parameter), width=320,
                help=t("by_hand.weight.help"), on_change=lambda: self._take_weight(held(f"{name}.name"), 0),
            )  # fmt: skip
            count = math.prod(shapes[parameter])
            st.number_input(
                t("by_hand.weight.place", count=count), 1, count, width=200, key=put(f"{name}.index", index + 1),
                on_change=lambda: self._take_weight(parameter, held(f"{name}.index") - 1),
            )  # fmt: skip

    def _take_weight(self, name: str, index: int) -> None:
        self.walk.show(replace(st.session_state[self.key], weight=(name, index)))

    def lit_path(self) -> Path | None:
        listed = self.opened.paths(*self.weight, self.sheet.row).paths[:MOST_PATHS]
        chosen = held(f"{self.key}.path", 0)
        return listed[min(chosen, len(listed) - 1)] if listed else None

    def show(self) -> None:
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
        total, gradient = self.teller.number(found.total), self.teller.number(found.gradient)
        st.write(t("by_hand.paths.equal", total=total, gradient=gradient, count=found.count))
        if listed:
            name = f"{self.key}.path"
            chosen = st.radio(
                t("by_hand.paths.choose"), range(len(listed)), key=put(name, min(held(name, 0), len(listed) - 1)),
                format_func=lambda place: self._path_label(listed[place]),
            )  # fmt: skip
            st.latex(self.notation.path(listed[chosen]))
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
        first, second = self.notation.equals(*terms), self.notation.equals(total)
        return f"{left} {first} {text or '0'} {second} {self.notation.number(total)}"

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
        self.table(columns, rows, caption=t("by_hand.paths.group", layer=self.teller.layer(group.layer)))

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
        self.table(columns, rows, caption=t("by_hand.why.caption"), tall=len(rows) > 20)
        number, sign = self.notation.number, "+" if found.total >= 0 else "-"
        equals = self.notation.equals(found.before, found.total, found.after)
        st.latex(f"{number(found.before)} {sign} {number(abs(found.total))} {equals} {number(found.after)}")
