"""Real text: a book to continue character by character, words to judge, phrases to translate.

Sources and licences are in `data/LICENSES.md`.
"""

from __future__ import annotations

import functools
from itertools import pairwise
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import Arrays
from engine.datasets.entry import LABELS_OPTION, Entry, Options, about
from engine.datasets.labels import encoded
from engine.datasets.options import Flag, Integer, Number, Seed, Word
from engine.datasets.randomness import RandomSource, shuffle
from engine.datasets.splitting import train_count
from engine.datasets.tables import FOLDER
from engine.datasets.tokens import INPUTS, PAD, as_inputs, check_size, numbered
from engine.errors import ConfigurationError

TO, END = "<to>", "<end>"
LETTERS = (PAD, *ascii_lowercase)
MOST_LETTERS = 14  # of a word of `sentiment`
MOST_WORDS = 6061
MOST_CHARACTERS = 148_379  # of the book
TRAIN_FRACTION = Number(0.9, 0.1, 0.9)


@functools.lru_cache(maxsize=1)
def read_book() -> str:
    """The whole of Alice's Adventures in Wonderland."""
    with np.load(FOLDER / "alice.npz", allow_pickle=False) as file:
        return bytes(file["text"]).decode("ascii")


@functools.lru_cache(maxsize=1)
def read_words() -> tuple[tuple[str, int], ...]:
    """(word, mean rating in tenths, -39 to 34) of each word, in alphabetical order."""
    with np.load(FOLDER / "sentiment.npz", allow_pickle=False) as file:
        return tuple(zip(bytes(file["words"]).decode("ascii").split("\n"), file["tenths"].tolist(), strict=True))


@functools.lru_cache(maxsize=1)
def read_phrases() -> tuple[tuple[str, str], ...]:
    """(English, Portuguese) of each phrase, in the file's order."""
    lines = (FOLDER / "phrases.txt").read_text(encoding="utf-8").splitlines()
    return tuple((english, portuguese) for english, portuguese in (line.split("\t") for line in lines))


# ------------------------------------------------------------------------------------------------------ a book


def alice(options: Options, random: RandomSource) -> Arrays:
    """The next character of Lewis Carroll's Alice's Adventures in Wonderland (1865).

    Windows of `length` characters, one every `stride`; the answer at each time is the character that comes next. The
    first `train_fraction` of the first `characters` is for training and what follows it for testing: nothing is
    shuffled, and no window reaches across the border. `lower` makes all letters small ones, so that there are fewer to
    learn. x [n, length] tokens, or [n, length, vocabulary] one-hot; y class numbers [n, length]. The classes are the
    characters of the whole book in the order of their codes, and the input tokens are the same.
    """
    text = book(options["lower"])[: options["characters"]]
    vocabulary = characters(options)
    codes = np.frombuffer(text.encode("ascii"), np.uint8)
    tokens = np.searchsorted([ord(character) for character in vocabulary], codes)
    cut = train_count(len(tokens), options["train_fraction"])
    train, test = _windows("training", tokens[:cut], options), _windows("test", tokens[cut:], options)
    x_train, x_test = (as_inputs(part[:, :-1], len(vocabulary), options["inputs"]) for part in (train, test))
    return Arrays(x_train, train[:, 1:].copy(), x_test, test[:, 1:].copy())


def _windows(part: str, tokens: NDArray[np.int64], options: Options) -> NDArray[np.int64]:
    """Every `stride`-th window of `length` characters and the one after it, [n, length + 1]."""
    width = options["length"] + 1
    if len(tokens) < width:
        raise ConfigurationError("length", options["length"], f"at most {len(tokens) - 1}, of the {part} text")
    check_size((len(tokens) - width) // options["stride"] * width)
    return np.lib.stride_tricks.sliding_window_view(tokens, width)[:: options["stride"]]


def book(lower: bool) -> str:
    """The text, as printed or in small letters."""
    return read_book().lower() if lower else read_book()


def characters(options: Options) -> tuple[str, ...]:
    """Every character of the whole book, by its code."""
    return tuple(sorted(set(book(options["lower"]))))


# ------------------------------------------------------------------------------------------------------- words


def sentiment(options: Options, random: RandomSource) -> Arrays:
    """English words that people rated as negative or positive, from the VADER lexicon.

    `n` words of 4 to 14 letters whose mean rating by ten people (-4 to 4) is at least 0.5 away from 0. Relatives
    (trust, trustful) fall on both sides of the split, so a network can go by the stem; nothing tells it a new stem's
    rating. With `inputs`: "tokens": the letters, x [n, 14] (0 fills up, 1 is a); "one_hot": x [n, 14, 27]; "bag": how
    often each pair of neighbours occurs, x [n, 729], pair (i, j) at 27 i + j, with the fill before and after the word.
    y class numbers [n]: 0 negative, 1 positive.
    """
    chosen = list(read_words())
    shuffle(chosen, random)
    chosen = chosen[: options["n"]]
    words = [word for word, _ in chosen]
    x = pair_counts(words) if options["inputs"] == "bag" else _letters(words, options["inputs"])
    y = encoded(np.array([tenths > 0 for _, tenths in chosen], np.int64), options["labels"], 2)
    cut = train_count(len(chosen), options["train_fraction"])
    return Arrays(x[:cut], y[:cut], x[cut:], y[cut:], stream=random)


def _letters(words: list[str], form: str) -> NDArray[np.float64]:
    return as_inputs(numbered(words, LETTERS, MOST_LETTERS), len(LETTERS), form)


def pair_counts(words: list[str]) -> NDArray[np.float64]:
    """How often each pair of neighbouring letters occurs in each word, with a fill at both ends: [n, 27 * 27]."""
    counts = np.zeros((len(words), len(LETTERS) ** 2))
    for row, word in zip(counts, words, strict=True):
        places = [0, *(LETTERS.index(letter) for letter in word), 0]
        for one, next_one in pairwise(places):
            row[one * len(LETTERS) + next_one] += 1.0
    return counts


# ----------------------------------------------------------------------------------------------------- phrases


def phrases(options: Options, random: RandomSource) -> Arrays:
    """215 short English phrases and their Portuguese, to be translated word by word or letter by letter.

    `unit`: "word" or "character". `direction`: "en_pt" or "pt_en". With `form`: "aligned": x holds the phrase and y its
    translation, both filled up to the longest of either; "continued": one sequence "phrase <to> translation <end>", and
    y is x a step ahead, for a causal network that goes on where the question ends. x [n, time] tokens, or
    [n, time, vocabulary] one-hot; y class numbers [n, time]. Both languages share one vocabulary: <pad>, <to>, <end>,
    then every word or character in the order of its codes.
    """
    pairs = list(_phrase_tokens(options))
    shuffle(pairs, random)
    vocabulary = phrase_vocabulary(options)
    if options["form"] == "aligned":
        length = max(len(side) for pair in pairs for side in pair)
        x, y = (numbered([pair[side] for pair in pairs], vocabulary, length) for side in (0, 1))
    else:
        sequences = [(*source, TO, *target, END) for source, target in pairs]
        table = numbered(sequences, vocabulary, max(map(len, sequences)))
        x, y = table[:, :-1], table[:, 1:].copy()
    inputs = as_inputs(x, len(vocabulary), options["inputs"])
    cut = train_count(len(pairs), options["train_fraction"])
    return Arrays(inputs[:cut], y[:cut], inputs[cut:], y[cut:], stream=random)


def _phrase_tokens(options: Options) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """(phrase, translation) of each, cut into words or characters."""
    split = str.split if options["unit"] == "word" else tuple
    backwards = options["direction"] == "pt_en"
    cut = [(tuple(split(english)), tuple(split(portuguese))) for english, portuguese in read_phrases()]
    return tuple((target, source) if backwards else (source, target) for source, target in cut)


def phrase_vocabulary(options: Options) -> tuple[str, ...]:
    """Every token of both languages."""
    found = {token for pair in _phrase_tokens(options) for side in pair for token in side}
    return (PAD, TO, END, *sorted(found))


ENTRIES = (
    Entry(
        "alice",
        "text",
        "classification",
        about(alice),
        {
            "characters": Integer(50_000, 1000, MOST_CHARACTERS),
            "length": Integer(32, 1, 256),
            "stride": Integer(16, 1, 256),
            "lower": Flag(True),
            "train_fraction": TRAIN_FRACTION,
            "inputs": INPUTS,
        },
        alice,
        characters,
        characters,
        input_names=("character",),
    ),
    Entry(
        "sentiment",
        "text",
        "classification",
        about(sentiment),
        {
            "n": Integer(2000, 100, MOST_WORDS),
            "train_fraction": Number(0.8, 0.1, 0.9),
            "seed": Seed(),
            "inputs": Word("tokens", ("tokens", "one_hot", "bag")),
            "labels": LABELS_OPTION,
        },
        sentiment,
        lambda options: ("negative", "positive"),
        lambda options: LETTERS,
        input_names=("letter",),
    ),
    Entry(
        "phrases",
        "text",
        "classification",
        about(phrases),
        {
            "unit": Word("word", ("word", "character")),
            "direction": Word("en_pt", ("en_pt", "pt_en")),
            "form": Word("aligned", ("aligned", "continued")),
            "train_fraction": TRAIN_FRACTION,
            "seed": Seed(),
            "inputs": INPUTS,
        },
        phrases,
        phrase_vocabulary,
        phrase_vocabulary,
        input_names=("token",),
    ),
)
