"""A line or plane through the space of a run's parameters: a centre and directions, by the axes that were chosen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.axes import CENTRES, Axes
from engine.directions import filter_normalised, orthogonal, principal, random_direction, sharpest, unit
from engine.errors import ConfigurationError
from engine.history import Path, path_blocks, state_at
from engine.pieces import Pieces
from engine.slopes import Slope

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["Plane", "plane_blocks", "put"]

Flat = NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """centre + a directions[0] + b directions[1].

    Attributes
    ----------
    axes : how it was chosen
    centre : [P], the numbers of all parameters one after the other, as in `run.parameters()`
    directions : [1 or 2, P]
    shapes : of the parameters, by their names
    centre_step : the step whose parameters the centre is
    explained : share of the path's variance along each direction; None for other axes
    curvature : second derivative of the loss along the sharpest direction; None for other axes
    path : where the run has been, if that had to be known
    """

    axes: Axes
    centre: Flat
    directions: Flat
    shapes: Mapping[str, tuple[int, ...]]
    centre_step: int
    explained: tuple[float, ...] | None = None
    curvature: float | None = None
    path: Path | None = None

    def flat_at(self, a: float, b: float = 0.0) -> Flat:
        """The parameters at a point, one after the other: [P]."""
        return self.centre + a * self.directions[0] + (b * self.directions[1] if len(self.directions) > 1 else 0.0)

    def at(self, a: float, b: float = 0.0) -> dict[str, Flat]:
        """The parameters at a point by their names, as `run.set_parameters` takes them."""
        flat, arrays, start = self.flat_at(a, b), {}, 0
        for name, shape in self.shapes.items():
            end = start + math.prod(shape)
            arrays[name], start = flat[start:end].reshape(shape), end
        return arrays

    def project(self, parameters: Mapping[str, ArrayLike] | Flat) -> tuple[Any, Any, Any]:
        """(a, b, distance) of the nearest point of the plane: numbers, or arrays [...] for states [..., P].

        Least squares, by the directions' 2 x 2 Gram matrix; b = 0 on a line.
        """
        if isinstance(parameters, Mapping):
            parameters = np.concatenate([np.asarray(parameters[name], np.float64).reshape(-1) for name in self.shapes])
        offsets = parameters - self.centre
        coordinates = self.components(offsets)
        distances = np.linalg.norm(offsets - coordinates[..., : len(self.directions)] @ self.directions, axis=-1)
        return coordinates[..., 0][()], coordinates[..., 1][()], distances[()]

    def components(self, movement: Flat) -> Flat:
        """The part of a movement (a gradient, an update) [..., P] that lies in the plane: [..., 2]."""
        gram = self.directions @ self.directions.T
        inside = (movement @ self.directions.T) @ np.linalg.pinv(gram, rcond=1e-14, hermitian=True)
        return np.concatenate([inside, np.zeros((*inside.shape[:-1], 2 - inside.shape[-1]))], axis=-1)


@dataclass(frozen=True)
class _Found:
    """Directions, and what was learnt on the way to them."""

    directions: Flat
    explained: tuple[float, ...] | None = None
    curvature: float | None = None


def plane_blocks(run: Run, axes: Axes, centre: str, path: Path | None) -> Pieces[Plane]:
    """The plane of a run as it is, in pieces. `path` saves training the run's beginning again."""
    if centre not in CENTRES:
        raise ConfigurationError("centre", centre, "one of " + ", ".join(CENTRES))
    if not run.experiment.network.parameter_count:
        raise ConfigurationError("network", run.experiment.network, "a network with parameters")
    axes.check_network(run.experiment.network)
    if path is None and (axes.name == "path" or centre == "best"):
        path = yield from path_blocks(run)
    step = {"now": run.step_count, "first": 0}.get(centre)
    if step is None:
        assert path is not None
        step = int(path.steps[int(np.argmin(np.where(np.isnan(path.losses), math.inf, path.losses)))])
    middle = yield from state_at(run, step, path)
    found = yield from _FINDERS[axes.name](run, axes, middle, path)
    shapes = run._layout.shapes
    return Plane(axes, middle, found.directions, shapes, step, found.explained, found.curvature, path)


def put(run: Run, axes: Axes, centre: str, a: float, b: float) -> Pieces[Flat]:
    """The parameters at the point (a, b) of the run's plane, one after the other, in pieces."""
    plane = yield from plane_blocks(run, axes, centre, None)
    return plane.flat_at(a, b)


# ------------------------------------------------------------------------------------------- one finder a kind of axes


def _weights(run: Run, axes: Any, centre: Flat, path: Path | None) -> Pieces[_Found]:
    yield
    starts, start = {}, 0
    for name, shape in run._layout.shapes.items():
        starts[name], start = start, start + math.prod(shape)
    directions = np.zeros((axes.dimensions, len(centre)))
    places = axes.places(run.experiment.network)
    for direction, (name, index) in zip(directions, places, strict=False):
        direction[starts[name] + index] = 1.0
    return _Found(directions)


def _random(run: Run, axes: Any, centre: Flat, path: Path | None) -> Pieces[_Found]:
    yield
    return _Found(np.array([_random_filters(run, axes.seed, number, centre) for number in range(axes.dimensions)]))


def _path(run: Run, axes: Any, centre: Flat, path: Path | None) -> Pieces[_Found]:
    yield
    assert path is not None
    directions, explained = principal(path.states, axes.dimensions)
    if not directions[0].any():
        raise ConfigurationError("axes", axes.name, "axes of a run that has moved: train it for a step or two first")
    return _Found(_completed(run, directions, centre), tuple(float(share) for share in explained))


def _curvature(run: Run, axes: Any, centre: Flat, path: Path | None) -> Pieces[_Found]:
    x, y = run._train_set.arrays()
    slope = Slope(run.experiment.network, "float64", x, y, run._store.statistics)
    gradient = unit((yield from slope(centre)))
    vector, curvature = yield from sharpest(slope, centre)
    if not gradient.any():
        gradient = vector
    rest = orthogonal(vector, gradient)
    directions = np.zeros((axes.dimensions, len(centre)))
    directions[0] = gradient
    if axes.dimensions > 1 and np.linalg.norm(rest) > 1e-6:
        directions[1] = unit(orthogonal(unit(rest), gradient))
    return _Found(_completed(run, directions, centre), None, curvature)


def _towards(run: Run, axes: Any, centre: Flat, path: Path | None) -> Pieces[_Found]:
    target = yield from state_at(run, axes.step, path)
    directions = np.zeros((axes.dimensions, len(centre)))
    directions[0] = target - centre
    if not directions[0].any():
        raise ConfigurationError("step", axes.step, "a step at which the run is not where it is at the centre")
    return _Found(_completed(run, directions, centre))


_FINDERS: dict[str, Callable[[Run, Any, Flat, Path | None], Pieces[_Found]]] = {
    "weights": _weights,
    "random": _random,
    "path": _path,
    "curvature": _curvature,
    "towards": _towards,
}


def _random_filters(run: Run, seed: int, number: int, centre: Flat) -> Flat:
    return filter_normalised(random_direction(seed, number, len(centre)), centre, run._layout.shapes)


def _completed(run: Run, directions: Flat, centre: Flat) -> Flat:
    """A second direction where none was found: random, at right angles to the first, and as long."""
    if len(directions) > 1 and not directions[1].any():
        aside = unit(orthogonal(_random_filters(run, 0, 0, centre), directions[0]))
        directions[1] = np.linalg.norm(directions[0]) * aside
    return directions
