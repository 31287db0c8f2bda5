"""How a layer is doing: does the gradient reach it, does it move, are its units still alive?

gradient_norm   |dL/dw|, Euclidean, over all parameters of the layer and the step's batch
update_ratio    |update| / |w|: about 0.001 is healthy (Karpathy 2015), far below nothing moves, far above it jumps
saturated       share of (unit, example) in the batch where |da/dz| < FLAT: hardly any gradient passes
dead            share of units where that is so for every example of the batch
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.activations import ActivationFunction
from engine.plan import Layout

__all__ = ["FLAT", "flatness", "norms", "update_ratios"]

FLAT = 0.05


def flatness(
    function: ActivationFunction, z: NDArray[Any], a: NDArray[Any], batches: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(saturated, dead) of each frame, [frames, 2]: z, a are [frames, units, lanes], of which batches[frame] count."""
    if function.name == "identity":
        return np.zeros((len(z), 2))
    most = int(batches.max())
    flat = np.abs(function.slope(z, a)[:, :, :most]) < FLAT
    if most > batches.min():
        flat &= np.arange(most) < batches[:, None, None]
    counts = flat.sum(axis=2)
    dead = np.count_nonzero(counts == batches[:, None], axis=1)
    return np.stack([counts.sum(axis=1) / (z.shape[1] * batches), dead / z.shape[1]], axis=1)


def update_ratios(layout: Layout, updates: NDArray[Any], values: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """|update| / |w| of each layer in every frame; 0 where all its parameters are 0."""
    sizes, moved = norms(layout, values), norms(layout, updates)
    return {name: moved[name] / np.where(size == 0, 1.0, size) * (size > 0) for name, size in sizes.items()}


def norms(layout: Layout, flat: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Euclidean norm of all parameters of each layer: flat [frames, size] -> layer: [frames]."""
    if not layout.layers:
        return {}
    squares = np.square(flat[:, layout.places], dtype=np.float64)
    sizes = np.sqrt(np.add.reduceat(squares, list(layout.layers.values()), axis=1))
    return dict(zip(layout.layers, sizes.T, strict=True))
