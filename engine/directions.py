"""Directions in the space of parameters: filter-normalised, principal, and of sharpest curvature. Plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.pieces import Pieces

__all__ = ["filter_normalised", "orthogonal", "principal", "random_direction", "sharpest", "unit"]

Flat = NDArray[np.float64]
ROUNDS = 100  # of power iteration, at most
Shapes = Mapping[str, tuple[int, ...]]


def random_direction(seed: int, number: int, size: int) -> Flat:
    """Direction `number` of a seed: N(0, 1), [size]."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, number]))).standard_normal(size)


def filter_normalised(direction: Flat, centre: Flat, shapes: Shapes) -> Flat:
    """d_f |w_f| / |d_f| for every filter f; 0 for arrays of one dimension. Li et al. 2018, section 4.

    direction and centre [P]; shapes of the arrays that follow one another in them.
    """
    scaled, start = np.zeros_like(direction), 0
    for shape in shapes.values():
        end = start + math.prod(shape)
        if len(shape) > 1:
            d, w = (flat[start:end].reshape(shape[0], -1) for flat in (direction, centre))
            lengths = np.linalg.norm(d, axis=1, keepdims=True)
            ratio = np.linalg.norm(w, axis=1, keepdims=True) / np.where(lengths > 0, lengths, 1.0)
            scaled[start:end] = (d * ratio).reshape(-1)
        start = end
    return scaled


def principal(states: Flat, count: int) -> tuple[Flat, Flat]:
    """(first `count` right singular vectors of the centred states, share of the variance of each).

    states [k, P]; vectors [count, P], 0 where the states do not span as many. By way of T^T = QR, R = U S V^T: then
    T = V S (QU)^T, and the rows of T need multiplying once.
    """
    centred = states - states.mean(axis=0)
    _, sizes, turned = np.linalg.svd(np.linalg.qr(centred.T, mode="r"))
    vectors, variances = np.zeros((count, states.shape[1])), sizes**2
    for number in range(min(count, len(sizes))):
        if sizes[number] > 1e-10 * max(sizes[0], 1e-300):
            vectors[number] = _with_sign(unit(turned[number] @ centred))
    shares = np.zeros(count)
    if variances.sum() > 0:
        shares[: len(variances[:count])] = variances[:count] / variances.sum()
    return vectors, shares


def sharpest(
    gradient: Callable[[Flat], Pieces[Flat]],
    centre: Flat,
    *,
    tolerance: float = 1e-4,
    most: int = ROUNDS,
) -> Pieces[tuple[Flat, float]]:
    """(v, l) with H v = l v and the greatest |l|, |v| = 1: power iteration of at most `most` rounds.

    H v by central differences of `gradient`, which comes in pieces. Ends when |H v - l v| <= tolerance |l|. H = 0 gives
    (a random v, 0).
    """
    h = np.cbrt(np.finfo(np.float64).eps) * (1.0 + float(np.linalg.norm(centre)))
    v, curvature = unit(random_direction(0, 2, len(centre))), 0.0
    for _ in range(most):
        ahead, behind = (yield from gradient(centre + h * v)), (yield from gradient(centre - h * v))
        product = (ahead - behind) / (2.0 * h)
        curvature, size = float(v @ product), float(np.linalg.norm(product))
        if not 0.0 < size < math.inf or np.linalg.norm(product - curvature * v) <= tolerance * size:
            break
        v = product / size
    return _with_sign(v), curvature


def orthogonal(direction: Flat, to: Flat) -> Flat:
    """What is left of a direction at right angles to another one."""
    length = float(to @ to)
    return direction - (float(direction @ to) / length if length > 0 else 0.0) * to


def unit(direction: Flat) -> Flat:
    """The same direction, of length 1; 0 stays 0."""
    length = float(np.linalg.norm(direction))
    return direction / length if length > 0 else direction


def _with_sign(direction: Flat) -> Flat:
    """Of the two opposite directions the one whose greatest number is positive, so that pictures do not flip."""
    return direction * np.sign(direction[np.argmax(np.abs(direction))] or 1.0)
