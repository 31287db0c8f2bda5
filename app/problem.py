"""What the stage must know of the data: their kind, their names, and the points to draw."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import Dataset, datasets

DECIMALS = 3  # a pixel of the map is a hundredth of its plane
MOST_DRAWN = 2000  # points; more would only hide one another


@lru_cache(maxsize=64)
def problem(dataset: Dataset) -> dict[str, Any]:
    """The "problem" of the stage's data: plain lists, ready for JSON. Labels are class numbers or values."""
    return {
        "task": dataset.task,
        "classes": dataset.classes or 0,
        "labels": dataset.labels,
        "input_names": list(dataset.input_names),
        "class_names": list(dataset.class_names),
        "features": list(dataset.features) or None,
        "domain": list(dataset.domain) if dataset.domain else None,
        "train": drawn(dataset, dataset.points_train, dataset.x_train, dataset.targets_train),
        "test": drawn(dataset, dataset.points_test, dataset.x_test, dataset.targets_test),
        "train_size": len(dataset.x_train),
        "kind": datasets.entry(dataset.name).kind if dataset.name in datasets.names() else "table",
        "input_shape": list(dataset.x_train.shape[1:]),
        "vocabulary": list(dataset.vocabulary),
    }


def drawn(
    dataset: Dataset, points: NDArray[np.float64] | None, x: NDArray[np.float64], targets: NDArray[Any]
) -> list[list[float]] | None:
    """Rows [x1, x2, label] of a plane or [x, y] of a curve; None for what has no picture."""
    places = points if points is not None else x if x.shape[1:] == (1,) and dataset.domain else None
    if places is None:
        return None
    rows = np.column_stack([places, targets.reshape(len(places), -1)])[:MOST_DRAWN]
    return [[float(number) for number in row] for row in np.round(rows, DECIMALS)]
