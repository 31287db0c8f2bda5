"""Tables that people bring: columns of numbers or of a few words, named by the SHA-256 of what they hold.

An experiment on such a table says only its name, so it stays small, and the same name is always the same numbers. The
tables themselves are on a shelf (`engine/datasets/shelf.py`) for a while; `find` takes one down.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import Arrays, Task
from engine.datasets.entry import LABELS_OPTION, TRAIN_FRACTION, Entry, Options
from engine.datasets.labels import encoded
from engine.datasets.options import Features, Flag, Integer, Option, Seed
from engine.datasets.plane import HALF_WIDTH, RADIUS
from engine.datasets.randomness import RandomSource
from engine.datasets.shelf import Shelf
from engine.datasets.splitting import split_samples
from engine.errors import ConfigurationError, MissingTableError

MOST_COLUMNS = 64
MOST_ROWS = 5000
MOST_CELLS = 100_000  # 0.8 MB of doubles
FEWEST_ROWS = 4
MOST_CLASSES = 10
LARGEST = 1e12  # of a number: its square and a column's sum of squares stay far from a double's end
LONGEST_NAME = 64  # characters of a column's name or of a class's
NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, eq=False)
class Column:
    """One column: numbers [n]; where there are words, the numbers say which of them each row has."""

    name: str
    numbers: NDArray[np.float64]
    words: tuple[str, ...] = ()

    @functools.cached_property
    def class_names(self) -> tuple[str, ...]:
        """What the rows can be sorted into: the words, or 2 to 10 different whole numbers; else nothing."""
        if self.words:
            return self.words
        distinct = np.unique(self.numbers)
        few = 2 <= len(distinct) <= MOST_CLASSES and bool((distinct == np.round(distinct)).all())
        return tuple(str(int(number)) for number in distinct) if few else ()

    def fits(self, task: Task) -> bool:
        """Whether the column can be what is to be learned."""
        return bool(self.class_names) if task == "classification" else not self.words

    def targets(self, task: Task) -> NDArray[np.float64]:
        """[n] class numbers, in the order of `class_names`, or the values."""
        return (
            np.unique(self.numbers, return_inverse=True)[1].astype(float) if task == "classification" else self.numbers
        )


@dataclass(frozen=True, eq=False)
class OwnTable:
    """A table that somebody brought.

    Attributes
    ----------
    columns : all of one length
    content : canonical bytes: what a file and a hash are made of
    key : SHA-256 of `content`, as 64 hexadecimal digits
    """

    columns: tuple[Column, ...]

    @functools.cached_property
    def content(self) -> bytes:
        written = [
            {"name": column.name, "numbers": column.numbers.tolist(), "words": column.words} for column in self.columns
        ]
        return json.dumps(written, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

    @functools.cached_property
    def key(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @classmethod
    def from_content(cls, content: bytes) -> Self:
        """The table of canonical bytes that were checked against their hash."""
        return cls(
            tuple(
                Column(column["name"], np.array(column["numbers"], np.float64), tuple(column["words"]))
                for column in json.loads(content)
            )
        )

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(column.numbers.nbytes for column in self.columns)

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.columns[0].numbers)

    def targets(self, task: Task) -> tuple[int, ...]:
        """Numbers of the columns that can be learned, counted from 1."""
        return tuple(number for number, column in enumerate(self.columns, 1) if column.fits(task))

    def tasks(self) -> tuple[Task, ...]:
        """What can be asked of the table, first what its last column is made for."""
        usual: tuple[Task, ...] = ("classification", "regression")
        order = usual if self.columns[-1].class_names else usual[::-1]
        return tuple(task for task in order if self._has_roles(task))

    def _has_roles(self, task: Task) -> bool:
        try:
            self.roles({"target": 0, "columns": ()}, task)
        except ConfigurationError:
            return False
        return True

    def roles(self, options: Options, task: Task) -> tuple[Column, tuple[Column, ...]]:
        """What is to be learned, and the inputs.

        Raises
        ------
        ConfigurationError : where a column that is asked for is not there, or is of the wrong kind
        """
        fitting = self.targets(task)
        target = options["target"] or (fitting[-1] if fitting else 0)
        if target not in fitting:
            kind = f"of 2 to {MOST_CLASSES} classes" if task == "classification" else "of numbers"
            raise ConfigurationError("target", target, f"a column {kind}: {_listed(fitting)}")
        numbers = [number for number, column in enumerate(self.columns, 1) if not column.words and number != target]
        chosen = options["columns"] or tuple(numbers)
        if not chosen or not set(chosen) <= set(numbers):
            raise ConfigurationError("columns", chosen, f"columns of numbers other than the target: {_listed(numbers)}")
        return self.columns[target - 1], tuple(self.columns[number - 1] for number in chosen)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "this table has none"


# ---------------------------------------------------------------------------------------------------------- options


@dataclass(frozen=True)
class TableName:
    """Which table: its key."""

    default: str

    accepted: ClassVar[str] = "the name of a table: 64 digits 0-9 a-f"

    def check(self, name: str, value: object) -> str:
        if not isinstance(value, str) or not NAME.fullmatch(value):
            raise ConfigurationError(name, value, self.accepted)
        return value


@dataclass(frozen=True)
class ColumnNumbers:
    """Some columns by their numbers from 1, in ascending order; none: all that can be inputs."""

    default: tuple[int, ...] = ()

    accepted: ClassVar[str] = f"numbers of columns from 1 to {MOST_COLUMNS}, each once"

    def check(self, name: str, value: object) -> tuple[int, ...]:
        if not isinstance(value, tuple | list) or len(value) > MOST_COLUMNS or len(set(map(str, value))) < len(value):
            raise ConfigurationError(name, value, self.accepted)
        return tuple(sorted(Integer(1, 1, MOST_COLUMNS).check(name, number) for number in value))


# ------------------------------------------------------------------------------------------------------- the shelf

# What is shown before anybody has brought a table; invented.
_HOURS = (1.0, 2.5, 4.0, 5.5, 7.0, 8.5, 1.5, 3.0, 4.5, 6.0, 7.5, 9.0, 2.0, 3.5, 5.0, 6.5, 8.0, 0.5, 4.0, 6.0)
_SLEEP = (5.0, 6.0, 5.5, 8.0, 6.5, 7.5, 8.0, 7.0, 4.5, 7.0, 5.0, 6.0, 6.5, 8.5, 7.5, 4.0, 8.0, 7.0, 8.0, 5.5)
_GRADE = (2.0, 4.1, 4.8, 7.8, 7.4, 9.3, 4.2, 5.0, 4.4, 7.1, 6.9, 8.8, 4.0, 6.3, 6.8, 5.1, 9.0, 2.6, 6.6, 6.2)
EXAMPLE = OwnTable(
    (
        Column("hours_studied", np.array(_HOURS)),
        Column("hours_slept", np.array(_SLEEP)),
        Column("grade", np.array(_GRADE)),
        Column("passed", (np.array(_GRADE) >= 5.0).astype(float), ("no", "yes")),
    )
)
shelf = Shelf(OwnTable.from_content)


def keep(table: OwnTable) -> str:
    """Puts a table on the shelf; gives its name."""
    return shelf.put(table)


def find(name: str) -> OwnTable:
    """A table by its name.

    Raises
    ------
    MissingTableError : it is not on the shelf, or no longer
    """
    table = EXAMPLE if name == EXAMPLE.key else shelf.get(name)
    if table is None:
        raise MissingTableError(name)
    return table


# ----------------------------------------------------------------------------------------------------------- entries


def half_width(options: Options, inputs: Sequence[Column]) -> float | None:
    """How far one or two scaled inputs reach, that are drawn on a line or in the plane; None for others."""
    return {1: 1.0, 2: RADIUS}.get(len(inputs)) if options["standardise"] else None


def _scaled(numbers: NDArray[np.float64], half_width: float) -> NDArray[np.float64]:
    """[n] to -half_width ... half_width; what is constant becomes 0."""
    low, width = numbers.min(), np.ptp(numbers)
    return (2.0 * ((numbers - low) / width) - 1.0) * half_width if width > 0 else np.zeros_like(numbers)


def _make(task: Task, options: Options, random: RandomSource) -> Arrays:
    """Arrays of a table's rows, shuffled, split and labelled.

    Standardised, two inputs each span -5 to 5, as points of the plane do; one spans -1 to 1, as curves do; more have
    mean 0 and deviation 1 over the training rows; and values to be learned span -1 to 1.
    """
    target, inputs = find(options["table"]).roles(options, task)
    reach, scale = half_width(options, inputs), options["standardise"]
    y = target.targets(task)
    columns = [_scaled(column.numbers, reach) if reach else column.numbers for column in inputs]
    columns.append(_scaled(y, 1.0) if scale and task == "regression" else y)
    return split_samples(
        [tuple(row) for row in np.column_stack(columns).tolist()],
        random,
        options["train_fraction"],
        functools.partial(encoded, labels=options.get("labels"), classes=len(_class_names(options)) or None)
        if task == "classification"
        else functools.partial(encoded, labels=None, classes=None),
        options["features"] if reach == RADIUS else (),
        "columns" if scale and not reach else "no",
    )


def _class_names(options: Options) -> tuple[str, ...]:
    return find(options["table"]).roles(options, "classification")[0].class_names


def _settled(entry: Entry, options: Options) -> Entry:
    """The entry with the names of the chosen inputs, and the range that one or two of them are drawn in."""
    _, inputs = find(options["table"]).roles(options, entry.task)
    domain = {None: None, 1.0: (-1.0, 1.0), RADIUS: (-HALF_WIDTH, HALF_WIDTH)}[half_width(options, inputs)]
    return replace(entry, input_names=tuple(column.name for column in inputs), domain=domain)


def _entry(name: str, task: Task, about: str) -> Entry:
    options: dict[str, Option] = {
        "table": TableName(EXAMPLE.key),
        "target": Integer(0, 0, MOST_COLUMNS),  # counted from 1; 0 is the last that fits
        "columns": ColumnNumbers(),
        "train_fraction": TRAIN_FRACTION,
        "seed": Seed(),
        "standardise": Flag(True),
        "features": Features(),
    }
    more: dict[str, Any] = {}
    if task == "classification":
        options["labels"] = LABELS_OPTION
        more["class_names"] = _class_names
    make = functools.partial(_make, task)
    return Entry(name, "own", task, about, options, make, settle=_settled, **more)


ENTRIES = (
    _entry("own_classes", "classification", "A table of one's own, a column of which says the class."),
    _entry("own_values", "regression", "A table of one's own, a column of which holds the value to be told."),
)
