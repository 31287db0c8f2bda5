"""Centre and directions of a plane, against what they are defined to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.axes import Axes, CurvatureDirections, PathDirections, RandomDirections, Towards, Weights
from engine.directions import filter_normalised, principal, random_direction, sharpest
from engine.errors import ConfigurationError
from engine.history import path_of
from engine.pieces import finish
from tests.engine import test_export

DEFINED = {"weights", "random", "path", "curvature", "towards"}  # what is compared with its definition here
DATA = engine.datasets.load("gaussians", n=40, seed=2, labels="binary")
NETWORK = engine.Network(
    (2,), [engine.Dense(4, "tanh"), engine.Dense(3, "tanh"), engine.Dense(1)], "binary_cross_entropy"
)


def trained(steps: int = 60, **options) -> engine.run.Run:
    chosen = {"optimiser": engine.Adam(0.02), "regime": engine.MiniBatch(5), "seed": 1, "dtype": "float64"} | options
    run = engine.Experiment(NETWORK, DATA, **chosen).start()
    run.step(steps)
    return run


def flat(run: engine.run.Run) -> np.ndarray:
    return np.concatenate([array.ravel() for array in run.parameters().values()])


def plane(run: engine.run.Run, axes: object, **options) -> engine.Landscape:
    return engine.landscape(run, axes, 2, **options)


# ------------------------------------------------------------------------------------------------------------ weights


def test_two_weights_are_unit_directions():
    run = trained()
    surface = plane(run, Weights(("dense_2.weight", 7), ("dense_1.bias", 2)))
    moved = surface.at(0.25, -3.0)
    before = run.parameters()
    before["dense_2.weight"].reshape(-1)[7] += 0.25
    before["dense_1.bias"][2] -= 3.0
    for name, array in before.items():
        np.testing.assert_array_equal(moved[name], array)


def test_weights_left_out_are_the_first_two():
    directions = plane(trained(), "weights").directions
    np.testing.assert_array_equal(np.argwhere(directions), [[0, 0], [1, 1]])


# ------------------------------------------------------------------------------------------------------------- random


def filters(name: str, array: np.ndarray) -> list[np.ndarray]:
    """What makes one output: Li et al. 2018, section 4, taken one by one."""
    return [array[number].ravel() for number in range(len(array))] if array.ndim > 1 else []


@pytest.mark.parametrize("name", ["deep", "convolution", "batch norm of pictures", "gru", "sorting"])
def test_filters_have_the_length_of_the_weights(name):
    run = test_export.started(test_export.CASES[name], "float64")
    surface = plane(run, RandomDirections(seed=4), span=1.0)
    weights, moved = run.parameters(), [surface.at(1.0, 0.0), surface.at(0.0, 1.0)]
    for other in moved:
        for parameter, array in weights.items():
            direction = other[parameter] - array
            if array.ndim == 1:
                assert not direction.any(), parameter
            for d, w in zip(filters(parameter, direction), filters(parameter, array), strict=True):
                assert np.linalg.norm(d) == pytest.approx(np.linalg.norm(w), rel=1e-9)


def test_a_filter_keeps_the_direction_that_was_drawn():
    run = trained()
    surface, drawn = plane(run, RandomDirections(seed=9)), random_direction(9, 1, len(flat(run)))
    d, w = drawn[8:12].copy(), 0.0  # dense_1.weight [4, 2] is 0-8, its bias 8-12
    assert not surface.directions[1, 8:12].any()
    for start, end in ((0, 2), (6, 8), (12, 16), (20, 24)):  # rows of both matrices
        d, w = drawn[start:end], flat(run)[start:end]
        expected = d / np.linalg.norm(d) * np.linalg.norm(w)
        np.testing.assert_allclose(surface.directions[1, start:end], expected, rtol=1e-12)


def test_filters_of_zeros_stay():
    scaled = filter_normalised(np.ones(6), np.array([0.0, 0.0, 0.0, 3.0, 4.0, 0.0]), {"weight": (2, 3)})
    np.testing.assert_allclose(scaled, np.array([0, 0, 0, 1, 1, 1]) * 5 / np.sqrt(3))
    assert not filter_normalised(np.zeros(2), np.ones(2), {"weight": (1, 2)}).any()


def test_seeds_are_different_directions():
    run = trained()
    one, other = (plane(run, RandomDirections(seed)).directions for seed in (0, 1))
    assert np.abs(one - other).max() > 0.1
    np.testing.assert_array_equal(one, plane(run, "random").directions)


# --------------------------------------------------------------------------------------------------------------- path


def states_of(run: engine.run.Run) -> np.ndarray:
    again, states = run.experiment.start(), []
    for _ in range(run.step_count + 1):
        states.append(flat(again))
        again.step()
    return np.array(states)


def test_path_is_the_runs_own():
    run = trained()
    path = path_of(run)
    np.testing.assert_array_equal(path.steps, np.arange(61))
    np.testing.assert_array_equal(path.states, states_of(run))
    assert path.losses[-1] == run.train_loss()
    assert path.losses[0] == run.experiment.start().train_loss()


def test_a_long_path_is_sampled():
    path = path_of(trained(1003))
    assert len(path.steps) == 200
    assert (path.steps[0], path.steps[-1]) == (0, 1003)
    assert set(np.diff(path.steps)) == {5, 6}


def test_path_follows_the_edits():
    run = trained().experiment.edit(20, "learning_rate", 0.5).edit(30, "parameter", ("dense_1.bias", 0, 2.0)).start()
    run.step(60)
    np.testing.assert_array_equal(path_of(run).states, states_of(run))


def test_principal_directions_are_those_of_an_svd():
    run = trained()
    surface, states = plane(run, "path"), states_of(run)
    _, sizes, vectors = np.linalg.svd(states - states.mean(axis=0))
    for direction, vector in zip(surface.directions, vectors, strict=False):
        assert abs(direction @ vector) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(surface.explained, (sizes**2 / (sizes**2).sum())[:2], rtol=1e-10)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(3, 30), size=st.integers(3, 40), seed=st.integers(0, 99))
def test_principal_directions_of_any_states(count, size, seed):
    states = np.random.default_rng(seed).normal(size=(count, size)) * 0.5 ** np.arange(size)
    directions, explained = principal(states, 2)
    _, sizes, vectors = np.linalg.svd(states - states.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(directions @ vectors[:2].T), np.eye(2), atol=1e-8)
    np.testing.assert_allclose(explained, sizes[:2] ** 2 / (sizes**2).sum(), rtol=1e-9)


def test_a_straight_path_is_completed_at_right_angles():
    run = trained(1)
    surface = plane(run, "path")
    np.testing.assert_allclose(surface.directions @ surface.directions.T, np.eye(2), atol=1e-12)
    assert surface.explained == pytest.approx((1.0, 0.0))


def test_states_on_the_plane_have_no_distance():
    run = trained()
    surface = plane(run, "path")
    a, b, distance = surface.project(surface.path.states)
    rest = surface.path.states - surface.centre
    outside = np.linalg.norm(rest - np.outer(a, surface.directions[0]) - np.outer(b, surface.directions[1]), axis=1)
    np.testing.assert_allclose(distance, outside, atol=1e-12)
    assert distance[-1] < 1e-12
    assert surface.project(surface.at(0.3, -0.2)) == pytest.approx((0.3, -0.2, 0.0), abs=1e-12)


# ---------------------------------------------------------------------------------------------------------- curvature


def loss_in_jax(jax, run: engine.run.Run):
    """The mean training loss as a function of the flat parameters, written anew."""
    np_, x, y = jax.numpy, run.dataset.x_train, run.dataset.y_train

    def loss(w):
        a = x
        for start, inputs, outputs in ((0, 2, 4), (12, 4, 3), (27, 3, 1)):
            end = start + inputs * outputs
            z = a @ w[start:end].reshape(outputs, inputs).T + w[end : end + outputs]
            a = np_.tanh(z)
        z = z.reshape(-1)
        return np_.mean(np_.logaddexp(0.0, z) - z * y.reshape(-1))

    return loss


@pytest.mark.parametrize("steps", [0, 20, 300])
def test_curvature_is_that_of_the_hessian(jax, steps):
    run = trained(steps)
    surface, loss = plane(run, "curvature"), loss_in_jax(jax, run)
    w = flat(run)
    assert float(loss(w)) == pytest.approx(run.train_loss(), rel=1e-12)
    gradient, hessian = np.array(jax.grad(loss)(w)), np.array(jax.hessian(loss)(w))
    values, vectors = np.linalg.eigh(hessian)
    sharp = np.argmax(np.abs(values))
    assert surface.curvature == pytest.approx(values[sharp], rel=1e-5)
    np.testing.assert_allclose(surface.directions[0], gradient / np.linalg.norm(gradient), atol=1e-9)
    inside = surface.directions @ vectors[:, sharp]  # the eigenvector lies in the plane
    assert np.linalg.norm(inside) == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(surface.directions @ surface.directions.T, np.eye(2), atol=1e-9)


def test_curvature_of_single_precision_is_worked_out_in_double():
    run, twin = trained(dtype="float32"), trained()
    twin.set_parameters(run.parameters())
    one, other = plane(run, "curvature"), plane(twin, "curvature")
    assert one.curvature == pytest.approx(other.curvature, rel=1e-5)
    np.testing.assert_allclose(one.directions, other.directions, atol=1e-3)


def test_power_iteration_on_a_known_matrix(rng):
    q, _ = np.linalg.qr(rng.normal(size=(12, 12)))
    matrix = q @ np.diag([-5.0, *np.linspace(-2, 3, 11)]) @ q.T

    def gradient(w):
        yield
        return matrix @ w

    search = sharpest(gradient, np.zeros(12), tolerance=1e-8, most=400)
    vector, curvature = finish(search)
    assert curvature == pytest.approx(-5.0, rel=1e-8)
    assert abs(vector @ q[:, 0]) == pytest.approx(1.0, abs=1e-8)


# ------------------------------------------------------------------------------------------------------------ towards


@pytest.mark.parametrize("step", [0, 7, 59, 61, 90])
def test_towards_leads_to_the_run_at_that_step(step):
    run, other = trained(), trained(step)
    surface = plane(run, Towards(step))
    np.testing.assert_allclose(surface.flat_at(1.0), flat(other), atol=1e-14)
    first, second = surface.directions
    assert first @ second == pytest.approx(0.0, abs=1e-12)
    assert np.linalg.norm(second) == pytest.approx(np.linalg.norm(first))


# --------------------------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize("name", Axes.names())
def test_axes_come_back_from_a_dictionary(name):
    axes = Axes.member(name)(dimensions=1)
    assert Axes.of(axes.to_dict()) == axes
    assert Axes.of(name) == Axes.member(name)()
    assert (axes.dimensions, Axes.of(name).dimensions) == (1, 2)


def test_chosen_weights_come_back_from_a_dictionary():
    axes = Weights(("dense_1.weight", 3), ["dense_2.bias", 0])
    assert Axes.of(axes.to_dict()) == axes


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomDirections(dimensions=3),
        lambda: RandomDirections(seed=-1),
        lambda: PathDirections(dimensions=0),
        lambda: CurvatureDirections(dimensions=True),
        lambda: Towards(-1),
        lambda: Towards(1.5),
        lambda: Weights(first="dense_1.weight"),
        lambda: Weights(first=("dense_1.weight", -1)),
    ],
)
def test_options_are_checked(make):
    with pytest.raises(ConfigurationError):
        make()
