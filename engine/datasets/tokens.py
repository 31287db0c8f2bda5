"""Tokens: whole numbers that stand for symbols, characters or words; fed to a network as they are, or one-hot."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.datasets.options import Word
from engine.errors import ConfigurationError

INPUTS = Word("tokens", ("tokens", "one_hot"))
PAD = "<pad>"
MOST_NUMBERS = 2**24  # of the inputs of one dataset: 128 MiB of doubles


def as_inputs(tokens: NDArray[np.int64], size: int, form: str) -> NDArray[np.float64]:
    """Token numbers [n, time] as a network's inputs.

    Parameters
    ----------
    tokens : numbers from 0 to size - 1
    size : of the vocabulary
    form : "tokens": whole numbers [n, time], for an embedding; "one_hot": [n, time, size], 1 at the token and else 0
    """
    check_size(math.prod(tokens.shape) * (size if form == "one_hot" else 1))
    if form == "tokens":
        return tokens.astype(np.float64)
    return (tokens[..., None] == np.arange(size)).astype(np.float64)


def check_size(numbers: int) -> None:
    """ConfigurationError where the inputs would not fit comfortably into memory."""
    if numbers > MOST_NUMBERS:
        accepted = f'at most {MOST_NUMBERS}: ask for fewer examples, shorter ones, or inputs="tokens"'
        raise ConfigurationError("numbers in the inputs", numbers, accepted)


def numbered(sequences: Sequence[Sequence[str]], vocabulary: Sequence[str], length: int) -> NDArray[np.int64]:
    """Each token's place in the vocabulary, [n, length]; what is shorter is filled up with `PAD`."""
    place = {token: number for number, token in enumerate(vocabulary)}
    table = np.full((len(sequences), length), place.get(PAD, 0), np.int64)
    for row, sequence in zip(table, sequences, strict=True):
        row[: len(sequence)] = [place[token] for token in sequence]
    return table
