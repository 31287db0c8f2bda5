"""What the catalogue knows of one dataset: its kind, its options, its names and how its arrays are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.datasets.base import Arrays, Task
from engine.datasets.labels import LABELS, Labels
from engine.datasets.options import Number, Option, Word
from engine.datasets.randomness import RandomSource

Kind = Literal["plane", "curve", "table", "own", "image", "sequence", "text", "series", "hand"]
Options = dict[str, Any]

TRAIN_FRACTION = Number(0.5, 0.1, 0.9)
LABELS_OPTION = Word("class", LABELS)


def no_names(options: Options) -> tuple[str, ...]:
    """For what has no classes, or no tokens."""
    return ()


def one_value(options: Options) -> int:
    """For targets that are one number each."""
    return 1


@dataclass(frozen=True)
class Entry:
    """One dataset of the catalogue.

    Attributes
    ----------
    name : what it is loaded by
    kind : "plane" (points of the plane), "curve" (one input), "table" (rows of real data), "own" (rows that
        somebody brought), "image" (pictures), "sequence" (made-up symbols), "text" (characters or words of real text),
        "series" (a quantity over time) or "hand" (typed)
    task : "classification" or "regression"
    about : one line on what it is
    options : what it can be asked for, by name
    make : from checked options and a random source to the arrays
    class_names : from checked options to the classes' names; none for regression
    vocabulary : from checked options to what each input token is called; none where the inputs are not tokens
    input_names : the inputs' names where they are not features of the plane
    domain : the range of each drawn coordinate, or None
    settle : from the entry and checked options to the entry whose `input_names` and `domain` are theirs, where those
        follow from the options
    outputs : from checked options to how many values a target has; of a regression
    """

    name: str
    kind: Kind
    task: Task
    about: str
    options: Mapping[str, Option]
    make: Callable[[Options, RandomSource], Arrays]
    class_names: Callable[[Options], tuple[str, ...]] = no_names
    vocabulary: Callable[[Options], tuple[str, ...]] = no_names
    input_names: tuple[str, ...] = ()
    domain: tuple[float, float] | None = None
    settle: Callable[[Entry, Options], Entry] | None = None
    outputs: Callable[[Options], int] = one_value

    def labels(self, options: Options) -> Labels | None:
        """The form of the classes in y; None for a regression."""
        form: Labels | None = options.get("labels", None if self.task == "regression" else "class")
        return form


def about(thing: object) -> str:
    """The first line of a docstring."""
    return (thing.__doc__ or "").strip().splitlines()[0]
