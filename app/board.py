"""The numbers of a step that are known so far, as small grids: the picture of networks that the stage does not draw.

Each quantity of each layer is a table of tiles, coloured by sign and size. What an operation uses is outlined, what it
makes is outlined twice, and what is not known yet is empty. HTML only; knows nothing of Streamlit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from app.equations import derivative_of
from app.telling import Teller
from engine import Network
from engine.derivation import Operation, Symbol

POSITIVE, NEGATIVE = "8, 119, 189", "245, 147, 34"  # the stage's blue and orange
WIDEST = 10  # columns and rows of a grid that is drawn; of a larger one the part around what is used
PARAMETERS = ("w", "b", "gamma", "beta")
RECURRENT = ("simple_rnn", "lstm", "gru")
MARKS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

Index = tuple[int, ...]
Place = tuple[str | None, str]


@dataclass
class Grid:
    """One quantity of one layer: its known numbers by index."""

    layer: str | None
    name: str
    values: dict[Index, float] = field(default_factory=dict)

    @property
    def shape(self) -> Index:
        """The least shape that holds every index."""
        return tuple(max(sizes) + 1 for sizes in zip(*self.values, strict=True))


def grids(operations: Sequence[Operation], position: int) -> dict[Place, Grid]:
    """Every quantity that the operations speak of; numbers that are made later are NaN."""
    found: dict[Place, Grid] = {}
    made = {operation.id: place for place, operation in enumerate(operations)}
    for operation in operations:
        for symbol in (*operation.expression.symbols(), operation.symbol):
            if not symbol.indices or symbol.example is not None:
                continue
            later = made.get(symbol.origin or "", -1) > position
            grid = found.setdefault((symbol.layer, symbol.name), Grid(symbol.layer, symbol.name))
            grid.values[symbol.indices] = math.nan if later else symbol.value
    return found


def board(teller: Teller, operations: Sequence[Operation], position: int) -> str:
    """The picture at one operation: a row for each layer, the inputs first."""
    operation = operations[position]
    used = {_key(symbol) for symbol in operation.expression.symbols()}
    rows: dict[str | None, list[Grid]] = {}
    for (layer, _), grid in grids(operations, position).items():
        if _worth_a_place(grid):
            rows.setdefault(layer, []).append(grid)
    order = [None, *teller.notation.layers, *(layer for layer in rows if layer and layer not in teller.notation.layers)]
    drawn = [
        _row(teller, layer, rows[layer], used, _key(operation.symbol))
        for layer in dict.fromkeys(order)
        if layer in rows
    ]
    return f'<div class="board">{"".join(drawn)}</div>'


def _key(symbol: Symbol) -> tuple[str | None, str, Index]:
    return symbol.layer, symbol.name, symbol.indices


def _worth_a_place(grid: Grid) -> bool:
    """Whether any of its numbers is known; values after the update and moments are in the formulas alone."""
    known = any(not math.isnan(value) for value in grid.values.values())
    return known and "_next" not in grid.name and "_hat" not in grid.name and "decayed" not in grid.name


def _row(
    teller: Teller, layer: str | None, found: Iterable[Grid], used: set[tuple[str | None, str, Index]],
    made: tuple[str | None, str, Index],
) -> str:  # fmt: skip
    title = teller.layer(layer) or teller.t("by_hand.board.ends")
    tables = "".join(_table(teller, grid, used, made) for grid in found)
    return f'<section><p class="board-layer">{escape(title)}</p><div class="board-row">{tables}</div></section>'


def _table(
    teller: Teller, grid: Grid, used: set[tuple[str | None, str, Index]], made: tuple[str | None, str, Index]
) -> str:
    """A quantity as tables: the last two indices are rows and columns, the others stand in each caption."""
    across_time = _recurrent(grid, teller.network)
    touched = [index for layer, name, index in (*used, made) if (layer, name) == (grid.layer, grid.name)]
    parts = sorted({index[:-2] for index in grid.values})
    if len(parts) > 2:
        parts = sorted({index[:-2] for index in touched}) or parts[:1]
    reach = max((abs(value) for value in grid.values.values() if math.isfinite(value)), default=1.0) or 1.0
    tables = []
    for part in parts:
        body = _body(teller, grid, part, touched, (used, made, reach), across_time)
        name = spelled(grid.name) + "".join(str(i + 1) for i in part).translate(MARKS)
        tables.append(f"<table><caption>{escape(name)}</caption><tbody>{body}</tbody></table>")
    return "".join(tables)


def _recurrent(grid: Grid, network: Network) -> bool:
    """Whether the first index is a time step that is better drawn from left to right."""
    name = (derivative_of(grid.name) or grid.name).split("_")[0]
    if grid.layer is None:
        return name == "x" and any(layer.name in RECURRENT for layer in network.layers)
    return grid.layer.rpartition("_")[0] in RECURRENT and name not in PARAMETERS and not grid.name.startswith("g")


def _body(
    teller: Teller, grid: Grid, part: Index, touched: list[Index],
    marks: tuple[set[tuple[str | None, str, Index]], tuple[str | None, str, Index], float], across_time: bool,
) -> str:  # fmt: skip
    shape = grid.shape
    flat = len(shape) == 1
    rows = range(1) if flat else _window(shape[-2], [index[-2] for index in touched])
    columns = _window(shape[-1], [index[-1] for index in touched])
    index_of = (lambda row, column: (column,)) if flat else (lambda row, column: (*part, row, column))
    lines = [[index_of(row, column) for column in columns] for row in rows]
    if across_time and not flat:
        lines = [list(line) for line in zip(*lines, strict=True)]
    return "".join("<tr>" + "".join(_cell(teller, grid, index, marks) for index in line) + "</tr>" for line in lines)


def _window(size: int, touched: list[int]) -> range:
    """All of a short axis; of a long one the part around what is used."""
    if size <= WIDEST:
        return range(size)
    first = max(0, min(min(touched, default=0) - 1, size - WIDEST))
    return range(first, first + WIDEST)


def _cell(
    teller: Teller, grid: Grid, index: Index,
    marks: tuple[set[tuple[str | None, str, Index]], tuple[str | None, str, Index], float],
) -> str:  # fmt: skip
    used, made, reach = marks
    value = grid.values.get(index, math.nan)
    key = grid.layer, grid.name, index
    kind = "made" if key == made else "used" if key in used else ""
    text = "·" if math.isnan(value) else short(value, comma=teller.notation.comma)
    share = 0.0 if not math.isfinite(value) else abs(value) / reach
    colour = f"rgba({POSITIVE if value >= 0 else NEGATIVE}, {0.08 + 0.42 * share:.2f})" if share else "transparent"
    return f'<td class="{kind}" style="background:{colour}">{text}</td>'


def short(value: float, *, comma: bool) -> str:
    """A number in the width of a tile."""
    text = f"{value:.3g}".replace("e-0", "e-").replace("-", "−")
    return text.replace(".", ",") if comma else text


GREEK: Mapping[str, str] = {"delta": "δ", "gamma": "γ", "beta": "β"}


def spelled(name: str) -> str:
    """A quantity's name in plain characters: "∂L/∂w" for dw, "w ih" for w_ih."""
    inner = derivative_of(name)
    if inner:
        return f"∂L/∂{spelled(inner)}"
    letter, _, part = name.partition("_")
    return f"{GREEK.get(letter, letter)} {part}".strip()
