"""Initial weights: the statistics that each initialiser promises, and where a run gets them from."""

from __future__ import annotations

import math

import numpy as np
import pytest

import engine
from engine.initialisers import Initialiser

# variance of a weight, given fan_in and fan_out
VARIANCES = {
    "zeros": lambda fan_in, fan_out: 0.0,
    "constant": lambda fan_in, fan_out: 0.0,
    "normal": lambda fan_in, fan_out: 0.5**2,
    "uniform": lambda fan_in, fan_out: 0.5**2 / 3,
    "glorot_normal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he_normal": lambda fan_in, fan_out: 2 / fan_in,
    "he_uniform": lambda fan_in, fan_out: 2 / fan_in,
    "lecun_normal": lambda fan_in, fan_out: 1 / fan_in,
    "lecun_uniform": lambda fan_in, fan_out: 1 / fan_in,
    "orthogonal": lambda fan_in, fan_out: 1 / max(fan_in, fan_out),
    "playground": lambda fan_in, fan_out: 1 / 12,
}
MEANS = {"constant": 0.1}
BOUNDED = ("uniform", "glorot_uniform", "he_uniform", "lecun_uniform", "playground")


def draw(choice: object, fan_in: int, fan_out: int, seed: int = 0) -> np.ndarray:
    """The first layer's weight [fan_out, fan_in] as a run draws it."""
    network = engine.Network((fan_in,), [engine.Dense(fan_out, weight_initialiser=choice)], "mean_squared_error")
    x, y = np.zeros((2, fan_in)), np.zeros((2, fan_out))
    data = engine.Dataset(x, y, x, y, task="regression")
    return engine.Experiment(network, data, seed=seed, dtype="float64").start().parameters()["dense_1.weight"]


@pytest.mark.parametrize(("fan_in", "fan_out"), [(300, 100), (100, 300)])
@pytest.mark.parametrize("name", VARIANCES)
def test_mean_and_variance(name, fan_in, fan_out):
    """30,000 weights: the mean within 5 standard errors, the variance within 4 %."""
    weight = draw(name, fan_in, fan_out)
    variance = VARIANCES[name](fan_in, fan_out)
    assert weight.shape == (fan_out, fan_in)
    assert weight.mean() == pytest.approx(MEANS.get(name, 0.0), abs=5 * math.sqrt(variance / weight.size) + 1e-15)
    assert weight.var() == pytest.approx(variance, rel=0.04, abs=1e-15)


@pytest.mark.parametrize("name", BOUNDED)
def test_uniform_draws_fill_their_interval_and_stay_in_it(name):
    weight = draw(name, 200, 100)
    limit = math.sqrt(3 * VARIANCES[name](200, 100))
    assert np.abs(weight).max() <= limit
    assert np.abs(weight).max() > 0.999 * limit
    counts, _ = np.histogram(weight, bins=10, range=(-limit, limit))
    assert counts.min() > 1850  # 2000 expected, deviation 42
    assert counts.max() < 2150


@pytest.mark.parametrize("name", ["normal", "glorot_normal", "he_normal", "lecun_normal"])
def test_normal_draws_have_normal_tails(name):
    weight = draw(name, 200, 100) / math.sqrt(VARIANCES[name](200, 100))
    assert np.mean(np.abs(weight) < 1) == pytest.approx(0.6827, abs=0.015)
    assert np.mean(np.abs(weight) < 2) == pytest.approx(0.9545, abs=0.008)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(1, 1), (5, 5), (17, 3), (3, 17), (33, 33)])
@pytest.mark.parametrize("gain", [1.0, 1.5])
def test_orthogonal_rows_or_columns(fan_in, fan_out, gain):
    weight = draw({"name": "orthogonal", "gain": gain}, fan_in, fan_out)
    product = weight @ weight.T if fan_out <= fan_in else weight.T @ weight
    np.testing.assert_allclose(product, gain**2 * np.eye(min(fan_in, fan_out)), atol=1e-13)


@pytest.mark.parametrize(
    ("choice", "std"),
    [({"name": "normal", "std": 0.01}, 0.01), ({"name": "uniform", "limit": 2.0}, 2 / math.sqrt(3))],
    ids=str,
)
def test_options_set_the_spread(choice, std):
    assert draw(choice, 100, 100).std() == pytest.approx(std, rel=0.03)


@pytest.mark.parametrize("name", sorted(set(VARIANCES) - {"zeros", "constant"}))
def test_seeds_and_layers_draw_their_own_numbers(name):
    assert draw(name, 5, 4, seed=1).tobytes() == draw(name, 5, 4, seed=1).tobytes()
    assert not np.isclose(draw(name, 5, 4, seed=1), draw(name, 5, 4, seed=2)).any()
    layers = [engine.Dense(5, weight_initialiser=name), engine.Dense(5, weight_initialiser=name)]
    x = np.zeros((2, 5))
    data = engine.Dataset(x, x, x, x, task="regression")
    run = engine.Experiment(engine.Network((5,), layers, "mean_squared_error"), data).start()
    assert not np.isclose(run.parameters()["dense_1.weight"], run.parameters()["dense_2.weight"]).any()


def test_biases_begin_at_zero_unless_told_otherwise():
    layers = [engine.Dense(3), engine.Dense(2, bias_initialiser={"name": "constant", "value": 0.25})]
    x, y = np.zeros((2, 2)), np.zeros((2, 2))
    network = engine.Network((2,), layers, "mean_squared_error")
    run = engine.Experiment(network, engine.Dataset(x, y, x, y, task="regression"), dtype="float64").start()
    np.testing.assert_array_equal(run.parameters()["dense_1.bias"], np.zeros(3))
    np.testing.assert_array_equal(run.parameters()["dense_2.bias"], np.full(2, 0.25))


def test_a_single_precision_run_begins_with_the_rounded_weights_of_a_double_one():
    network = engine.Network((2,), [engine.Dense(5)], "mean_squared_error")
    x, y = np.zeros((2, 2)), np.zeros((2, 5))
    data = engine.Dataset(x, y, x, y, task="regression")
    single, double = (
        engine.Experiment(network, data, dtype=dtype).start().parameters() for dtype in ("float32", "float64")
    )
    np.testing.assert_array_equal(single["dense_1.weight"], double["dense_1.weight"].astype(np.float32))


def test_registered_names_are_those_tested_here():
    assert set(Initialiser.names()) == set(VARIANCES)


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(engine.errors.UnknownNameError, match=r"no initialiser called 'xavier'.*glorot_uniform"):
        engine.Dense(3, weight_initialiser="xavier")
