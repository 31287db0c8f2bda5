"""Functions of the plane's two coordinates that a network can be fed, in the order of TF Playground's inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

FEATURES: dict[str, Callable[[float, float], float]] = {
    "x1": lambda x1, x2: x1,
    "x2": lambda x1, x2: x2,
    "x1_squared": lambda x1, x2: x1 * x1,
    "x2_squared": lambda x1, x2: x2 * x2,
    "x1_x2": lambda x1, x2: x1 * x2,
    "sin_x1": lambda x1, x2: math.sin(x1),
    "sin_x2": lambda x1, x2: math.sin(x2),
}


def feature_columns(points: NDArray[np.float64], features: Sequence[str]) -> NDArray[np.float64]:
    """Inputs [n, features] of points [n, 2].

    The scalar functions are those of the C library rather than NumPy's, whose vector forms differ in the last bit from
    one processor to another.
    """
    columns = [[FEATURES[name](x1, x2) for x1, x2 in points.tolist()] for name in features]
    return np.array(columns, dtype=np.float64).reshape(len(columns), len(points)).T.copy()
