"""The forms in which a class can be told to a loss."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Labels = Literal["class", "binary", "signed", "one_hot"]

LABELS: tuple[Labels, ...] = ("class", "binary", "signed", "one_hot")


def encoded(targets: NDArray[Any], labels: Labels | None, classes: int | None) -> NDArray[Any]:
    """Class numbers or values [n] in the form that a loss takes.

    Parameters
    ----------
    targets : [n] class numbers (also [n, time] for "class"); values where there are no classes
    labels : None: values, float64 [n, 1]; "class": int64; "binary": 0 / 1 for two classes, float64 [n, 1];
        "signed": -1 / +1, float64 [n, 1] for two classes, [n, classes] of one against the rest for more;
        "one_hot": 0 / 1, float64 [n, classes]
    classes : how many there are, or None
    """
    if labels is None or classes is None:
        return targets.astype(np.float64).reshape(-1, 1)
    if labels == "class":
        return targets.astype(np.int64)
    if labels == "binary" or (labels == "signed" and classes == 2):
        hot = (targets.reshape(-1, 1) == 1).astype(np.float64)
    else:
        hot = (targets.reshape(-1, 1) == np.arange(classes)).astype(np.float64)
    return 2.0 * hot - 1.0 if labels == "signed" else hot


def decoded(y: NDArray[Any], labels: Labels | None) -> NDArray[Any]:
    """Class numbers [n] or [n, time], or values [n], from `encoded`'s forms; several outputs stay [n, outputs]."""
    if labels is None:
        return y[:, 0] if y.shape[1] == 1 else y
    if labels == "class":
        return y
    if y.shape[1] == 1:
        return (y[:, 0] > (0.0 if labels == "signed" else 0.5)).astype(np.int64)
    return y.argmax(axis=1).astype(np.int64)


def form_of(y: NDArray[np.float64]) -> Labels | None:
    """The form of labels that floats [n, outputs] are in, or None: they are values."""
    ones = np.abs(y) == 1.0
    if ones.all() and (y.shape[1] == 1 or ((y > 0).sum(axis=1) == 1).all()):
        return "signed"
    if not (ones | (y == 0.0)).all() or (y < 0.0).any():
        return None
    if y.shape[1] == 1:
        return "binary"
    return "one_hot" if (y.sum(axis=1) == 1.0).all() else None
