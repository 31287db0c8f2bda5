"""Tables as HTML: they can be read aloud, printed and copied, and cost nothing. Knows nothing of Streamlit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column: its heading; numbers stand to the right; a bar shows a number's size and sign and says it in words."""

    heading: str
    number: bool = False
    bar: bool = False


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Any]],
    *,
    caption: str = "",
    current: int | None = None,
    tall: bool = False,
) -> str:
    """Rows under headings; `current` is the row where one stands; a tall table scrolls in a box of its own."""
    reach = max((abs(cell) for row in rows for cell in _bars(columns, row)), default=0.0)
    head = "".join(f'<th scope="col" class="{_class(column)}">{escape(column.heading)}</th>' for column in columns)
    body = "".join(
        f"<tr{' aria-current=true class=now' if place == current else ''}>"
        + "".join(_cell(column, cell, reach) for column, cell in zip(columns, row, strict=True))
        + "</tr>"
        for place, row in enumerate(rows)
    )
    text = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    box = f' tabindex="0" role="region" aria-label="{escape(caption)}"' if tall else ""
    return f'<div class="worked{" tall" if tall else ""}"{box}>{text}</div>'


def _bars(columns: Sequence[Column], row: Sequence[Any]) -> list[float]:
    return [
        cell
        for column, cell in zip(columns, row, strict=True)
        if column.bar and cell is not None and math.isfinite(cell)
    ]


def _class(column: Column) -> str:
    return "number" if column.number else "bar" if column.bar else ""


def _cell(column: Column, cell: Any, reach: float) -> str:
    if not column.bar:
        return f'<td class="{_class(column)}">{escape(str(cell))}</td>'
    if cell is None or not math.isfinite(cell):
        return "<td></td>"
    width = 50 * abs(cell) / reach if reach else 0.0
    side = "left:50%" if cell >= 0 else f"left:{50 - width:.1f}%"
    sign = "up" if cell >= 0 else "down"
    return f'<td class="bar"><span><i class="{sign}" style="{side};width:{width:.1f}%"></i></span></td>'
