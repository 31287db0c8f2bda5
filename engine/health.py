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

__all__ = ["FLAT", "flatness", "gradient_norms", "update_ratios"]

FLAT = 0.05


def flatness(
    function: ActivationFunction, z: NDArray[Any], a: NDArray[Any], batches: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(saturated, dead) of each frame, [frames, 2]: z, a are [frames, units, lanes], of which batches[frame] count."""
    if function.name == "identity":
        return np.zeros((len(z), 2))
    lanes = np.arange(z.shape[2]) < batches[:, None, None]
    counts = np.count_nonzero((np.abs(function.slope(z, a)) < FLAT) & lanes, axis=2)
    dead = np.count_nonzero(counts == batches[:, None], axis=1)
    return np.stack([counts.sum(axis=1) / (z.shape[1] * batches), dead / z.shape[1]], axis=1)


def gradient_norms(layout: Layout, gradients: NDArray[Any], layer: str) -> NDArray[np.float64]:
    """|dL/dw| of a layer in every frame: flat gradients [frames, size] -> [frames]."""
    return np.sqrt(_squares(layout, gradients, layer))


def update_ratios(layout: Layout, updates: NDArray[Any], values: NDArray[Any], layer: str) -> NDArray[np.float64]:
    """|update| / |w| of a layer in every frame; 0 where all its parameters are 0."""
    sizes = np.sqrt(_squares(layout, values, layer))
    return np.sqrt(_squares(layout, updates, layer)) / np.where(sizes == 0, 1.0, sizes) * (sizes > 0)


def _squares(layout: Layout, flat: NDArray[Any], layer: str) -> NDArray[np.float64]:
    parts = [layout.view(flat, name) for name in layout.shapes if name.startswith(f"{layer}.")]
    return np.asarray(sum(np.square(p, dtype=np.float64).sum(axis=tuple(range(1, p.ndim))) for p in parts))
