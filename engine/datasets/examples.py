"""A few examples typed by hand, of any number of inputs and targets, and the text that a link carries them in.

An example is its inputs and its targets, numbers separated by commas, with a colon between; examples by underscores:
"0.05,0.1:0.01,0.99". Every number is written so that it reads back as the same float.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.datasets.base import Arrays
from engine.datasets.entry import Entry, Options
from engine.datasets.options import Seed
from engine.datasets.randomness import RandomSource
from engine.errors import ConfigurationError

__all__ = ["ENTRIES", "TYPED", "Examples", "Rows", "decode_examples", "encode_examples"]

Rows = tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
NUMBER = re.compile(r"-?(\d{1,20}\.?\d{0,20}|\.\d{1,20})(e-?\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Examples:
    """Examples typed by hand: ((inputs), (targets)) each, all of the same lengths."""

    default: Rows
    most: int = 16
    most_inputs: int = 16
    most_targets: int = 8
    greatest: float = 1e6

    @property
    def accepted(self) -> str:
        return (
            f"1 to {self.most} examples ((inputs), (targets)), all of the same 1 to {self.most_inputs} inputs and 1 to "
            f"{self.most_targets} targets, numbers from {-self.greatest:g} to {self.greatest:g}"
        )

    def check(self, name: str, value: object) -> Rows:
        if not isinstance(value, tuple | list) or not 1 <= len(value) <= self.most:
            raise ConfigurationError(name, value, self.accepted)
        rows = tuple(self._checked(name, row) for row in value)
        if len({(len(inputs), len(targets)) for inputs, targets in rows}) > 1:
            raise ConfigurationError(name, value, self.accepted)
        return rows

    def _checked(self, name: str, row: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
        try:
            inputs, targets = (tuple(float(number) for number in part) for part in row)
        except (TypeError, ValueError, OverflowError):
            raise ConfigurationError(name, row, self.accepted) from None
        within = 1 <= len(inputs) <= self.most_inputs and 1 <= len(targets) <= self.most_targets
        if not within or not all(math.isfinite(n) and abs(n) <= self.greatest for n in inputs + targets):
            raise ConfigurationError(name, row, self.accepted)
        return inputs, targets


# What the page shows before anyone has typed: XOR, which no single neuron can do.
TYPED = Examples(default=(((0.0, 0.0), (0.0,)), ((0.0, 1.0), (1.0,)), ((1.0, 0.0), (1.0,)), ((1.0, 1.0), (0.0,))))


def encode_examples(rows: Iterable[Any]) -> str:
    """Examples as text."""
    checked = TYPED.check("rows", tuple(rows))
    return "_".join(":".join(",".join(map(_number_text, part)) for part in row) for row in checked)


def decode_examples(text: str) -> Rows:
    """The examples of `encode_examples`'s text; `ConfigurationError` for any other text."""
    rows = [[part.split(",") for part in row.split(":")] for row in text.split("_")]
    plain = all(NUMBER.fullmatch(number) for row in rows for part in row for number in part)
    if not plain or any(len(row) != 2 for row in rows):
        raise ConfigurationError("rows", text, "input,input:target_input,input:target and so on, plain numbers")
    return TYPED.check("rows", tuple(tuple(tuple(map(float, part)) for part in row) for row in rows))


def _number_text(number: float) -> str:
    return repr(number).removesuffix(".0").replace("e+", "e")


def typed_examples(options: Options, random: RandomSource) -> Arrays:
    """All examples, in the order typed, to train on; and the same again to test on."""
    x, y = (np.array([row[part] for row in options["rows"]], np.float64) for part in (0, 1))
    return Arrays(x, y, x, y, stream=random)


def _settled(entry: Entry, options: Options) -> Entry:
    """The entry with a name for each input that is typed."""
    return replace(entry, input_names=tuple(f"x{n}" for n in range(1, len(options["rows"][0][0]) + 1)))


ENTRIES = (
    Entry(
        "examples",
        "hand",
        "regression",
        "A few examples typed by hand.",
        {"rows": TYPED, "seed": Seed()},
        typed_examples,
        settle=_settled,
        outputs=lambda options: len(options["rows"][0][1]),
    ),
)
