"""A quantity over time: the values of the last steps, and the one that comes next.

Training and test are parted by time: each training answer lies before every test answer. The window that a test answer
follows may reach back across the border, as in a forecast; nothing is shuffled.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import Arrays
from engine.datasets.entry import Entry, Options, about
from engine.datasets.options import Integer, Number, Word
from engine.datasets.randomness import RandomSource
from engine.datasets.splitting import train_count
from engine.datasets.tables import FOLDER

COMPANIES = ("GOOG", "AAPL", "AMZN", "FB", "NFLX", "MSFT")
FIRST_YEAR = 1700
FORMS = ("relative", "standardised")
TRAIN_FRACTION = Number(0.8, 0.1, 0.9)


@functools.lru_cache(maxsize=1)
def read_prices() -> NDArray[np.float64]:
    """Closing prices [week, company], each company's first one 1."""
    with np.load(FOLDER / "stocks.npz", allow_pickle=False) as file:
        prices: NDArray[np.float64] = file["prices"]
    return prices


@functools.lru_cache(maxsize=1)
def read_sunspots() -> NDArray[np.float64]:
    """Mean number of sunspots of each year from 1700 to 2008, [309]."""
    with np.load(FOLDER / "sunspots.npz", allow_pickle=False) as file:
        return np.asarray(file["tenths"] / 10.0)


def stocks(options: Options, random: RandomSource) -> Arrays:
    """Next week's price of a share from the weeks before: close to chance, and that is the lesson.

    105 weeks, 2018 and 2019, of six companies; `company` is one of them, or "all" for the windows of each. Values are
    logarithms of prices. With `form`: "relative": differences from the window's last value, in units of the deviation
    of one week's change in the training weeks, so that "as last week" is 0 and has a mean squared error of about 1;
    "standardised": mean 0 and deviation 1 in the training weeks, where "as last week" looks like a good forecast.
    x [n, length, 1], oldest first; y [n, 1].
    """
    prices = np.log(read_prices())
    columns = range(len(COMPANIES)) if options["company"] == "all" else [COMPANIES.index(options["company"])]
    return windows(prices[:, list(columns)], options)


def sunspots(options: Options, random: RandomSource) -> Arrays:
    """Next year's number of sunspots from the years before: a cycle of about eleven years.

    Yearly means, 1700 to 2008. With `form`: "standardised": mean 0 and deviation 1 in the training years; "relative":
    differences from the window's last value, in units of the deviation of one year's change in the training years.
    x [n, length, 1], oldest first; y [n, 1].
    """
    return windows(read_sunspots()[:, None], options)


def windows(values: NDArray[np.float64], options: Options) -> Arrays:
    """Windows of `length` values and the next one, of every column of values [time, columns]; see the two above."""
    length = options["length"]
    answers = len(values) - length
    cut = train_count(answers, options["train_fraction"])
    known = values[: length + cut]  # nothing later may say how values are scaled
    if options["form"] == "standardised":
        values = (values - known.mean(axis=0)) / known.std(axis=0)
    else:
        values = values / np.diff(known, axis=0).std(axis=0)
    table = np.lib.stride_tricks.sliding_window_view(values, length + 1, axis=0)  # [answers, columns, length + 1]
    if options["form"] == "relative":
        table = table - table[..., -2:-1]
    parts = (part.reshape(-1, length + 1) for part in (table[:cut], table[cut:]))
    (x_train, y_train), (x_test, y_test) = ((rows[:, :-1, None].copy(), rows[:, -1:].copy()) for rows in parts)
    return Arrays(x_train, y_train, x_test, y_test)


ENTRIES = (
    Entry(
        "stocks",
        "series",
        "regression",
        about(stocks),
        {
            "company": Word("all", ("all", *COMPANIES)),
            "length": Integer(8, 1, 52),
            "form": Word("relative", FORMS),
            "train_fraction": TRAIN_FRACTION,
        },
        stocks,
        input_names=("price",),
    ),
    Entry(
        "sunspots",
        "series",
        "regression",
        about(sunspots),
        {
            "length": Integer(12, 1, 100),
            "form": Word("standardised", FORMS),
            "train_fraction": TRAIN_FRACTION,
        },
        sunspots,
        input_names=("sunspots",),
    ),
)
