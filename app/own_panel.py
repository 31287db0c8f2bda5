"""Own data on the page: bring a file or paste text, see what was understood, learn what is wrong and where.

Also what is shown in place of everything else when a link's table is not kept here any more. What people typed stays
where it is whatever comes of it. Names from their files are plain text in every sentence.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from app import controls, page, sharing
from app.i18n import Translator
from app.own_data import MOST_BYTES, Reading, TableError, read_table
from app.picker import picker, received
from app.session import Session
from app.state import OWN_DATASET, Settings
from engine.datasets import Dataset, own
from engine.datasets.shelf import HOURS
from engine.errors import MissingTableError

LONGEST_PASTE = 50_000  # characters
SHOWN_ROWS = 5


class Pace:
    """At most so many in so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._times: deque[float] = deque(maxlen=most)

    def take(self) -> None:
        """Counts one now.

        Raises
        ------
        TableError : too many of late; says for how long to wait
        """
        now = time.monotonic()
        if len(self._times) == self.most and (wait := self._times[0] + self.seconds - now) > 0:
            raise TableError("too_often", seconds=int(wait) + 1)
        self._times.append(now)


EVERYBODY = Pace(600, 60.0)
NOBODY_MORE_THAN = (20, 60.0)


@dataclass(frozen=True)
class Report:
    """What came of the last file or paste: one sentence of the catalogue, and what fills it."""

    kind: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def say(self, t: Translator) -> str:
        """The sentence, as Markdown; nothing in it that came from outside is."""
        filling = {name: _spelled(t, value) for name, value in self.details.items()}
        if "name" in filling:
            filling["column"] = t("own.column", number=filling["column"], name=filling["name"])
        elif "column" in filling:
            filling["column"] = t("own.column_number", number=filling["column"])
        return t(f"own.error.{self.kind}", **filling)


def _spelled(t: Translator, value: Any) -> str:
    return t.number(value) if isinstance(value, float) else page.escape(str(value))


# ---------------------------------------------------------------------------------------------------------- drawing


def offer(t: Translator) -> None:
    """The drawer in which people bring their own data; drawn only while it is open."""
    if "dataset" in controls.settings().hidden:
        return
    box = st.popover(t("own.title"), icon=":material/upload_file:", width="stretch", key="own", on_change="rerun")
    if not box.open:
        return
    with box:
        st.caption(
            t("own.hint", rows=own.MOST_ROWS, columns=own.MOST_COLUMNS, kilobytes=MOST_BYTES // 1000, days=HOURS // 24)
        )
        bring(t, _preview(t, controls.settings()))


def bring(t: Translator, preview: list[list[str]]) -> None:
    """The button for a file, the box for text, and what came of them."""
    report = st.session_state.get("own.report")
    if isinstance(report, Report):
        st.error(report.say(t), icon=":material/error:")
    elif isinstance(report, dict):
        st.success(_understood(t, report), icon=":material/check:")
    words = {name: t(f"own.{name}") for name in ("choose", "drop", "preview")}
    picker(words, preview, key="own.picker", on_file=_take_file)
    with st.form("own.paste", border=False):
        st.text_area(
            t("own.paste"), key="own.text", max_chars=LONGEST_PASTE, height=110,
            help=t("own.paste_help", most=t.number(LONGEST_PASTE)), placeholder="x1,x2,label\n1.5,-2,0\n-0.5,1,1",
        )  # fmt: skip
        st.form_submit_button(t("own.use"), on_click=_take_text, width="stretch")


def _understood(t: Translator, said: Mapping[str, Any]) -> str:
    """What was read, in sentences."""
    sentences = [t("own.read", name=page.escape(said["name"]), rows=said["rows"], columns=said["columns"])]
    if said["left_out"]:
        sentences.append(t("own.left_out", names=page.escape(", ".join(said["left_out"]))))
    sentences += [t(f"own.{name}") for name in ("decimal_comma", "no_header", "as_points") if said[name]]
    return " ".join(sentences)


def _preview(t: Translator, chosen: Settings) -> list[list[str]]:
    """Names and first rows of the table that is learned from; nothing for other data."""
    if chosen.dataset not in OWN_DATASET.values():
        return []
    columns = own.find(chosen.table).columns
    rows = [[_cell(t, column, row) for column in columns] for row in range(min(SHOWN_ROWS, len(columns[0].numbers)))]
    return [[column.name for column in columns], *rows]


def _cell(t: Translator, column: own.Column, row: int) -> str:
    number = float(column.numbers[row])
    return column.words[int(number)] if column.words else t.number(number)


# ------------------------------------------------------------------------------------------------------ missing tables


def asks(t: Translator) -> bool:
    """Whether a table is missing, and the page has asked for it: then there is nothing else to draw."""
    if not missing():
        return False
    with st.container(key="missing", width=640):
        st.subheader(t("own.missing.title"), anchor=False)
        st.write(t("own.missing.text", days=HOURS // 24))
        bring(t, [])
        st.button(t("own.missing.go_on"), on_click=_go_on, type="tertiary")
    return True


def missing() -> bool:
    """Whether what the visitor looks at needs a table that is not kept here."""
    if "own.missing" not in st.session_state:
        session: Session = st.session_state["session"]
        try:
            check(session.start.dataset)
        except MissingTableError as error:
            controls.ask_for(error, session.link)
    return "own.missing" in st.session_state


def check(dataset: Dataset) -> None:
    """Raise `MissingTableError` where data are a table that is not kept here."""
    if dataset.name in OWN_DATASET.values():
        own.find(dataset.spec["options"]["table"])


def _go_on() -> None:
    """Without the table: from the start."""
    page.keep_in_address("", sharing.KEYS)
    del st.session_state["own.missing"]
    st.session_state.pop("own.report", None)
    controls.begin(Session.of(Settings()))


# ---------------------------------------------------------------------------------------------------------- callbacks


def _take_file() -> None:
    _take(lambda: received(st.session_state["own.picker"].file))


def _take_text() -> None:
    _take(lambda: ("", (st.session_state["own.text"] or "").encode()))


def _take(content: Any) -> None:
    """Reads what came; the page learns from it, or says what is wrong and stays as it was."""
    try:
        st.session_state.setdefault("own.pace", Pace(*NOBODY_MORE_THAN)).take()
        EVERYBODY.take()
        name, text = content()
        reading = read_table(text)
        _use(name, reading)
    except TableError as error:
        st.session_state["own.report"] = Report(error.kind, error.details)
        return
    st.rerun()


def _use(name: str, reading: Reading) -> None:
    """Opens the link that waits for this very table; else a new run learns from it."""
    awaited = st.session_state.get("own.missing")
    if awaited is not None:
        if reading.table.key != awaited["table"]:
            raise TableError("another_table")
        own.keep(reading.table)
        del st.session_state["own.missing"]
        controls.open_link(awaited["link"])
        points = None
    else:
        points = reading.points
        if points is not None:
            controls.change(dataset="points", points=points)
        else:
            table = own.keep(reading.table)
            controls.change(dataset=OWN_DATASET[reading.table.tasks()[0]], table=table)
    st.session_state["own.report"] = {
        "name": name or "CSV",
        "rows": reading.table.rows,
        "columns": len(reading.table.columns),
        "left_out": reading.left_out,
        "decimal_comma": reading.decimal_comma,
        "no_header": not reading.header,
        "as_points": points is not None,
    }
