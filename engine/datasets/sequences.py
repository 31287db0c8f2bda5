"""Made-up sequences that ask for one ability each: to remember, to turn round, to put in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from string import ascii_lowercase, ascii_uppercase, digits

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import Arrays
from engine.datasets.entry import LABELS_OPTION, TRAIN_FRACTION, Entry, Options, about
from engine.datasets.labels import encoded
from engine.datasets.options import MOST_POINTS, Integer, Option, Seed
from engine.datasets.randomness import RandomSource, shuffle
from engine.datasets.splitting import train_count
from engine.datasets.tokens import INPUTS, as_inputs
from engine.errors import ConfigurationError

Pair = tuple[tuple[int, ...], tuple[int, ...]]  # tokens, and the class number or numbers that they ask for


def memory(options: Options, random: RandomSource) -> list[Pair]:
    """The first symbol is to be named after `length` others that mean nothing.

    Its class is one of `classes` capital letters; the distractors are `distractors` small letters, each drawn anew. The
    gap that a network bridges is `length` steps: Hochreiter & Schmidhuber 1997, experiment 2. Classes are balanced.
    x [n, length + 1] tokens, or [n, length + 1, classes + distractors] one-hot; y class numbers [n].
    """
    classes, distractors = options["classes"], options["distractors"]
    pairs: list[Pair] = []
    for number in range(options["n"]):
        gap = tuple(classes + _draw(distractors, random) for _ in range(options["length"]))
        pairs.append(((number % classes, *gap), (number % classes,)))
    shuffle(pairs, random)
    return pairs


def reverse(options: Options, random: RandomSource) -> list[Pair]:
    """The sequence backwards: the answer at time t is the symbol at time length - 1 - t.

    The first answer needs the last symbol, so a network must look ahead, or be given the whole sequence before it
    answers. No sequence occurs twice.
    x [n, length] tokens, or [n, length, symbols] one-hot; y class numbers [n, length].
    """
    return [(sequence, sequence[::-1]) for sequence in _distinct(options, random)]


def sort(options: Options, random: RandomSource) -> list[Pair]:
    """The sequence in ascending order: the answer at time t is its t-th smallest symbol.

    Every answer depends on every symbol. No sequence occurs twice.
    x [n, length] tokens, or [n, length, symbols] one-hot; y class numbers [n, length].
    """
    return [(sequence, tuple(sorted(sequence))) for sequence in _distinct(options, random)]


def _draw(count: int, random: RandomSource) -> int:
    """A whole number from 0 to count - 1."""
    return min(int(random.uniform(0.0, count)), count - 1)


def _distinct(options: Options, random: RandomSource) -> list[tuple[int, ...]]:
    """`n` sequences of `length` symbols, each once, so that the test asks for what was never seen."""
    n, length, symbols = options["n"], options["length"], options["symbols"]
    if 2 * n > symbols**length:
        raise ConfigurationError(
            "n", n, f"at most half of the {symbols**length} sequences that {length} of {symbols} symbols can make"
        )
    found: dict[tuple[int, ...], None] = {}
    while len(found) < n:
        found[tuple(_draw(symbols, random) for _ in range(length))] = None
    return list(found)


def letters(options: Options) -> tuple[str, ...]:
    """What the classes of `memory` are called: A, B, ..."""
    return tuple(ascii_uppercase[: options["classes"]])


def letters_and_distractors(options: Options) -> tuple[str, ...]:
    """Every token of `memory`: the classes' letters, then the distractors a, b, ..."""
    return letters(options) + tuple(ascii_lowercase[: options["distractors"]])


def symbols(options: Options) -> tuple[str, ...]:
    """What the symbols of `reverse` and `sort` are called, in ascending order: 0, 1, ..., 9, a, b, ..."""
    return tuple((digits + ascii_lowercase)[: options["symbols"]])


def split_pairs(pairs: list[Pair], options: Options, vocabulary: int, classes: int, random: RandomSource) -> Arrays:
    """Arrays of (tokens, answers) in their order: the first part to train on, the rest to test."""
    x = as_inputs(np.array([tokens for tokens, _ in pairs], np.int64), vocabulary, options["inputs"])
    answers: NDArray[np.int64] = np.array([answer for _, answer in pairs], np.int64)
    y = encoded(answers[:, 0], options["labels"], classes) if "labels" in options else answers
    cut = train_count(len(pairs), options["train_fraction"])
    return Arrays(x[:cut], y[:cut], x[cut:], y[cut:], stream=random)


def _entry(
    generator: Callable[[Options, RandomSource], list[Pair]],
    options: dict[str, Option],
    class_names: Callable[[Options], tuple[str, ...]],
    vocabulary: Callable[[Options], tuple[str, ...]],
) -> Entry:
    def make(options: Options, random: RandomSource) -> Arrays:
        sizes = len(vocabulary(options)), len(class_names(options))
        return split_pairs(generator(options, random), options, *sizes, random)

    shared: dict[str, Option] = {"train_fraction": TRAIN_FRACTION, "seed": Seed(), "inputs": INPUTS}
    labels: dict[str, Option] = {"labels": LABELS_OPTION} if generator is memory else {}
    return Entry(
        generator.__name__,
        "sequence",
        "classification",
        about(generator),
        options | shared | labels,
        make,
        class_names,
        vocabulary,
        input_names=("symbol",),
    )


_ordered = partial(
    _entry,
    options={"n": Integer(2000, 10, MOST_POINTS), "length": Integer(8, 2, 64), "symbols": Integer(10, 2, 36)},
    class_names=symbols,
    vocabulary=symbols,
)

ENTRIES = (
    _entry(
        memory,
        {
            "n": Integer(1000, 10, MOST_POINTS),
            "length": Integer(30, 1, 200),
            "classes": Integer(2, 2, 10),
            "distractors": Integer(4, 1, 26),
        },
        letters,
        letters_and_distractors,
    ),
    _ordered(reverse),
    _ordered(sort),
)
