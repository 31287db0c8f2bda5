"""Pictures [channel, height, width]: the 8 x 8 digits as such, and enlarged to 28 x 28."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.datasets.base import Arrays
from engine.datasets.entry import LABELS_OPTION, TRAIN_FRACTION, Entry, Options, about
from engine.datasets.labels import encoded
from engine.datasets.options import Flag, Seed
from engine.datasets.randomness import RandomSource
from engine.datasets.splitting import split_samples, standardised
from engine.datasets.tables import DIGITS, read_rows

LARGE = 28


def enlarged(x: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Pictures [n, small * small] drawn larger, [n, side * side], by bilinear interpolation.

    A pixel is a square whose value is that of its centre, so pixel i of the large picture lies at
    (i + 1/2) small / side - 1/2 of the small one; beyond the outermost centres the border goes on.
    """
    small = round(x.shape[1] ** 0.5)
    weights = _interpolation(small, side)
    return np.asarray(weights @ x.reshape(-1, small, small) @ weights.T).reshape(len(x), side * side)


def _interpolation(small: int, side: int) -> NDArray[np.float64]:
    """Matrix [side, small] that interpolates a line of pixels."""
    places = np.clip((np.arange(side) + 0.5) * small / side - 0.5, 0.0, small - 1.0)
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(small))))


def digits28(options: Options, random: RandomSource) -> Arrays:
    """The 1797 digits of 8 x 8 pixels, enlarged to 28 x 28: they hold no more detail than the small ones.

    Bilinear interpolation of `digits`, for networks that expect pictures of that size. It is not MNIST, whose pictures
    were scanned larger. x [n, 1, 28, 28], or [n, 784] with `as_images=False`; y class numbers [n].
    """
    labels = options["labels"]
    arrays = split_samples(
        read_rows(DIGITS),
        random,
        options["train_fraction"],
        lambda targets: encoded(targets, labels, len(DIGITS.class_names)),
    )
    x_train, x_test = enlarged(arrays.x_train, LARGE), enlarged(arrays.x_test, LARGE)
    if options["standardise"]:
        x_train, x_test = standardised(x_train, x_test, axis=None)
    arrays = replace(arrays, x_train=x_train, x_test=x_test)
    return arrays.shaped((1, LARGE, LARGE)) if options["as_images"] else arrays


ENTRIES = (
    Entry(
        "digits28",
        "image",
        "classification",
        about(digits28),
        {
            "train_fraction": TRAIN_FRACTION,
            "seed": Seed(),
            "standardise": Flag(True),
            "as_images": Flag(True),
            "labels": LABELS_OPTION,
        },
        digits28,
        lambda options: DIGITS.class_names,
        input_names=tuple(f"pixel_{row}_{column}" for row in range(LARGE) for column in range(LARGE)),
    ),
)
