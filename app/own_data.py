"""What people bring as their own data: CSV text, read with suspicion, to a table of columns or to points of the plane.

    bytes -> size -> first 64 KB (kind, encoding, line, columns) -> rows one by one -> columns -> OwnTable

Whatever is wrong raises `TableError`, which says what, and in which row and column, for a page to say it in its own
language. Every step is bounded before it begins. Only the standard library's csv module reads the text, a line at a
time; nothing that came is ever unpickled, unzipped or evaluated.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.datasets.own import (
    FEWEST_ROWS,
    LARGEST,
    LONGEST_NAME,
    MOST_CELLS,
    MOST_CLASSES,
    MOST_COLUMNS,
    MOST_ROWS,
    Column,
    OwnTable,
)
from engine.datasets.points import DRAWN

MOST_BYTES = 512_000
HEAD = 65_536  # bytes in which the first line must end
LONGEST_LINE = 16_384  # characters
MOST_LINES = 2 * MOST_ROWS  # with empty ones
NUMBER = re.compile(r"[+-]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
COMMA_NUMBER = re.compile(r"[+-]?\d{0,40},\d{1,40}(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)  # one thousand, or one and a fraction?
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "?"})
LINE_END = re.compile(r"\r\n|\n|\r")
QUOTED = re.compile(r'"[^"]*"')
# How files begin that are no text, whatever they are called: zip (xlsx, npz), gzip, Parquet, pickle, PNG, PDF, HDF5,
# NumPy.
SIGNATURES = (b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"\x80", b"\x89PNG", b"%PDF", b"\x89HDF", b"\x93NUMPY")
WIDE = (b"\xff\xfe", b"\xfe\xff")  # marks of UTF-16


class TableError(ValueError):
    """What is wrong with a table.

    Attributes
    ----------
    kind : which sentence says it: `own.error.<kind>` in the catalogues
    details : what fills the sentence: `row` (line of the file, from 1), `column` (from 1), `found`, `most` and others
    """

    def __init__(self, kind: str, **details: Any) -> None:
        where = ", ".join(f"{name} {value!r}" for name, value in details.items())
        super().__init__(f"{kind}: {where}" if where else kind)
        self.kind = kind
        self.details = details


@dataclass(frozen=True)
class Reading:
    """What was understood of a file.

    Attributes
    ----------
    table : the columns that can be used
    left_out : names of columns of words that are no classes: more than ten different ones
    separator : what stood between the cells
    decimal_comma : whether numbers were written as 1,5
    header : whether the first row was names
    """

    table: OwnTable
    left_out: tuple[str, ...]
    separator: str
    decimal_comma: bool
    header: bool

    @property
    def points(self) -> tuple[tuple[float, float, int], ...] | None:
        """The rows as points drawn by hand, which a link can hold: x1, x2 within the plane, class number; else None."""
        columns = self.table.columns
        if self.left_out or len(columns) != 3 or any(column.words for column in columns):
            return None
        rows = np.column_stack([column.numbers for column in columns])
        inside = bool((np.abs(rows[:, :2]) <= DRAWN.half_width).all())
        labels = set(rows[:, 2].tolist())
        few = labels <= set(range(DRAWN.most_classes)) and len(labels) > 1
        if not (inside and few and 2 <= len(rows) <= DRAWN.most):
            return None
        return DRAWN.check("points", rows)


def read_table(content: bytes) -> Reading:
    """The table that a file holds.

    Commas, semicolons or tabs stand between the cells; the first row may be names; numbers have a decimal point, or a
    decimal comma where no comma stands between the cells and it cannot be taken for thousands.

    Raises
    ------
    TableError : says what is wrong, with row and column
    """
    check_head(content)
    lines = LINE_END.split(_text(content))
    separator = _separator(lines)
    rows = list(_rows(lines, separator))
    header = _has_header(rows, separator)
    numbers = rows[1:] if header else rows
    _check_rows(numbers)
    comma = separator != "," and _decimal_comma(numbers)
    names = _names(rows[0] if header else None, len(rows[0].cells))
    found = [_column(name, place, numbers, comma) for place, name in enumerate(names)]
    usable = tuple(column for column in found if column is not None)
    left_out = tuple(name for name, column in zip(names, found, strict=True) if column is None)
    table = OwnTable(usable)
    if not usable or not table.tasks():
        raise TableError("nothing_to_learn", most=MOST_CLASSES)
    return Reading(table, left_out, separator, comma, header)


# --------------------------------------------------------------------------------------------------------- the header


def check_head(content: bytes) -> None:
    """What can be said before anything is decoded or split: size, kind, length of the first line, its columns."""
    if len(content) > MOST_BYTES:
        raise TableError("too_many_bytes", found=len(content), most=MOST_BYTES)
    head = content[:HEAD]
    if not head.strip():
        raise TableError("empty")
    if head.startswith(WIDE):
        raise TableError("utf16")
    if head.startswith(SIGNATURES):
        raise TableError("not_text")
    if max(content.count(b"\n"), content.count(b"\r")) > MOST_LINES:
        raise TableError("too_many_rows", most=MOST_ROWS)
    nul = content.find(0)
    if nul >= 0:
        raise TableError("nul", row=content.count(b"\n", 0, nul) + 1)
    end = min(place for place in (head.find(b"\n"), head.find(b"\r"), len(head)) if place >= 0)
    if end == HEAD:
        raise TableError("no_line_end", most=HEAD)
    line = head[:end]
    columns = 1 + max(line.count(separator) for separator in (b",", b";", b"\t"))
    if columns > 4 * MOST_COLUMNS:  # names may hold commas; the rest is counted exactly, later
        raise TableError("too_many_columns", found=columns, most=MOST_COLUMNS)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError("not_utf8", row=content.count(b"\n", 0, error.start) + 1) from None


def _separator(lines: Sequence[str]) -> str:
    """What stands between the cells: a tab, a semicolon or a comma, as often in the first row as in the second."""
    filled = (QUOTED.sub("", line) for line in lines if line.strip())
    first = next(filled, "")
    second = next(filled, first)
    found = [separator for separator in "\t;," if separator in first]
    if not found:
        raise TableError("one_column")
    return next((separator for separator in found if first.count(separator) == second.count(separator)), found[0])


# ------------------------------------------------------------------------------------------------------------- rows


@dataclass(frozen=True)
class Row:
    """The cells of a line, without the space about them; `number` is the line's, from 1."""

    number: int
    cells: tuple[str, ...]


def _rows(lines: Sequence[str], separator: str) -> Iterator[Row]:
    """Every row that is not empty, all equally long."""
    width, count = 0, 0
    for number, line in enumerate(lines, 1):
        if not line.strip(f" {separator}"):
            continue
        row = _row(number, line, separator)
        width, count = width or len(row.cells), count + 1
        if width > MOST_COLUMNS:
            raise TableError("too_many_columns", found=width, most=MOST_COLUMNS)
        if len(row.cells) != width:
            raise TableError("ragged", row=number, found=len(row.cells), expected=width)
        if count > MOST_ROWS + 1:
            raise TableError("too_many_rows", most=MOST_ROWS)
        if count * width > MOST_CELLS + MOST_COLUMNS:
            raise TableError("too_many_cells", columns=width, most=MOST_CELLS // width)
        yield row


def _row(number: int, line: str, separator: str) -> Row:
    if len(line) > LONGEST_LINE:
        raise TableError("long_line", row=number, most=LONGEST_LINE)
    cells = tuple(map(str.strip, _split(number, line, separator) if '"' in line else line.split(separator)))
    if not line.replace(separator, " ").isprintable():  # a blank about a cell may be the reason, which is harmless
        for place, cell in enumerate(cells, 1):
            if not cell.isprintable():
                raise TableError("unprintable", row=number, column=place)
    return Row(number, cells)


def _split(number: int, line: str, separator: str) -> list[str]:
    """The cells of a line that has quotes."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True))
    except (csv.Error, StopIteration):
        raise TableError("quote", row=number) from None


def _has_header(rows: Sequence[Row], separator: str) -> bool:
    """The first row is names: none of it is a number, or one of its words stands above a number."""
    if not rows:
        raise TableError("empty")
    first = [_is_number(cell, separator) for cell in rows[0].cells]
    second = [_is_number(cell, separator) for cell in rows[1].cells] if len(rows) > 1 else first
    return not any(first) or any(below and not above for above, below in zip(first, second, strict=True))


def _is_number(cell: str, separator: str) -> bool:
    return bool(NUMBER.fullmatch(cell) or (separator != "," and COMMA_NUMBER.fullmatch(cell)))


def _check_rows(rows: Sequence[Row]) -> None:
    if len(rows) < FEWEST_ROWS:
        raise TableError("too_few_rows", found=len(rows), least=FEWEST_ROWS)
    if len(rows) > MOST_ROWS:
        raise TableError("too_many_rows", most=MOST_ROWS)


def _decimal_comma(rows: Sequence[Row]) -> bool:
    """Whether numbers have a decimal comma.

    Raises
    ------
    TableError : where some have a comma and some a point, or where every comma may as well part thousands
    """
    commas = [(row, place) for row in rows for place, cell in enumerate(row.cells) if COMMA_NUMBER.fullmatch(cell)]
    if not commas:
        return False
    for row in rows:
        for place, cell in enumerate(row.cells):
            if "." in cell and NUMBER.fullmatch(cell):
                raise TableError("mixed_decimals", row=row.number, column=place + 1, found=cell)
    if all(THOUSANDS.fullmatch(row.cells[place]) for row, place in commas):
        row, place = commas[0]
        raise TableError("thousands", row=row.number, column=place + 1, found=row.cells[place])
    return True


# ---------------------------------------------------------------------------------------------------------- columns


def _names(row: Row | None, width: int) -> tuple[str, ...]:
    """The columns' names, no two alike; x1, x2 ... where there are none."""
    names: list[str] = []
    for place in range(1, width + 1):
        name = row.cells[place - 1] if row else ""
        if row and len(name) > LONGEST_NAME:
            raise TableError("long_name", row=row.number, column=place, most=LONGEST_NAME)
        name = name or f"x{place}"
        names.append(f"{name[: LONGEST_NAME - 5]} ({place})" if name in names else name)
    return tuple(names)


def _column(name: str, place: int, rows: Sequence[Row], comma: bool) -> Column | None:
    """A column of numbers, or of 2 to 10 words; None for words that are no classes.

    A column most of which is numbers is meant to be numbers: what is none there is a mistake.
    """
    cells = [row.cells[place] for row in rows]
    if comma:
        cells = [cell.replace(",", ".") if COMMA_NUMBER.fullmatch(cell) else cell for cell in cells]
    plain = [bool(NUMBER.fullmatch(cell)) for cell in cells]
    if 2 * sum(plain) >= len(cells):
        if not all(plain):
            row = rows[plain.index(False)]
            raise _no_number(row, place, name)
        return Column(name, _numbers(cells, place, name, rows))
    words = sorted(set(cells))
    if not 2 <= len(words) <= MOST_CLASSES:
        return None
    for row, cell in zip(rows, cells, strict=True):
        if not cell or len(cell) > LONGEST_NAME:
            kind = "long_name" if cell else "missing"
            raise TableError(kind, row=row.number, column=place + 1, name=name, most=LONGEST_NAME)
    return Column(name, np.array([words.index(cell) for cell in cells], np.float64), tuple(words))


def _no_number(row: Row, place: int, name: str) -> TableError:
    cell = row.cells[place]
    kind = "missing" if cell.lower() in MISSING else "not_number"
    return TableError(kind, row=row.number, column=place + 1, name=name, found=cell[:LONGEST_NAME])


def _numbers(cells: Sequence[str], place: int, name: str, rows: Sequence[Row]) -> NDArray[np.float64]:
    numbers = np.array([float(cell) for cell in cells], np.float64)
    large = np.flatnonzero(~(np.abs(numbers) <= LARGEST))
    if len(large):
        row = rows[large[0]]
        found = row.cells[place][:LONGEST_NAME]
        raise TableError("too_large", row=row.number, column=place + 1, name=name, found=found, most=LARGEST)
    return numbers + 0.0  # no -0.0: equal tables have equal names
