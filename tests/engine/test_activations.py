"""Each activation over a wide range of pre-activations, in both precisions, against the naive twin."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from engine.activations import ActivationFunction
from engine.run import Run
from tests import naive

ELEMENTWISE = [choice for choice in naive.ACTIVATION_CHOICES if choice["name"] != "softmax"]
GRID = np.concatenate([np.linspace(-30, 30, 601), np.linspace(-1e-3, 1e-3, 21), [-1e-30, 1e-30, -200.0, 200.0]])
EXTREMES = (-1e30, -1e4, -750.0, -89.0, 89.0, 750.0, 1e4, 1e30)


def single_unit(activation: naive.Choice, dtype: str) -> Run:
    """A network that is nothing but the activation: one unit of weight 1, no bias."""
    network = engine.Network((1,), [engine.Dense(1, activation=activation, use_bias=False)], "half_squared_error")
    data = engine.Dataset([[0.0]], [[0.0]], [[0.0]], [[0.0]], task="regression")
    run = engine.Experiment(network, data, engine.SGD(0.1), engine.FullBatch(), dtype=dtype).start()
    run.set_parameters({"dense_1.weight": np.ones((1, 1))})
    return run


def values(run: Run, grid: np.ndarray) -> np.ndarray:
    return run.forward(grid.reshape(-1, 1))[:, 0]


def expected(activation: naive.Choice, grid: np.ndarray) -> np.ndarray:
    function, _ = naive.ACTIVATIONS[activation["name"]]
    return np.array([function(float(z), **naive.options_of(activation)) for z in grid])


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=str)
def test_values_in_doubles(activation):
    np.testing.assert_allclose(
        values(single_unit(activation, "float64"), GRID), expected(activation, GRID), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=str)
def test_values_in_single_precision(activation):
    """To a few units in the last place of 1; the far tail of GELU, where factors cancel, to no more than that."""
    single = GRID.astype(np.float32)
    np.testing.assert_allclose(
        values(single_unit(activation, "float32"), single), expected(activation, single), rtol=2e-6, atol=5e-7
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ELEMENTWISE, ids=str)
def test_extreme_pre_activations_do_not_make_nan(activation, dtype):
    found = values(single_unit(activation, dtype), np.array(EXTREMES))
    assert not np.isnan(found).any()
    if activation["name"] in ("sigmoid", "tanh"):
        assert found.max() == 1.0
    if activation["name"] in ("relu", "softplus", "silu", "gelu", "identity", "elu", "leaky_relu"):
        np.testing.assert_allclose(found[EXTREMES.index(1e4)], 1e4, rtol=1e-6)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=str)
def test_slopes_over_the_range(activation):
    """dL/dz of half the squared error towards a target one above: minus the slope."""
    run = single_unit(activation, "float64")
    _, slope = naive.ACTIVATIONS[activation["name"]]
    for z in (-20.0, -3.0, -0.5, 0.5, 3.0, 20.0):
        target = values(run, np.array([z])) + 1
        gradient = run.gradients(np.array([[z]]), target.reshape(1, 1))["dense_1.weight"][0, 0]
        assert gradient == pytest.approx(-z * slope(z, **naive.options_of(activation)), rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("units", [1, 2, 3, 10, 33])
def test_softmax_is_a_distribution_and_ignores_a_shift(units):
    network = engine.Network(
        (units,), [engine.Dense(units, activation="softmax", use_bias=False)], "mean_squared_error"
    )
    x, y = np.zeros((1, units)), np.zeros((1, units))
    data = engine.Dataset(x, y, x, y, task="regression")
    run = engine.Experiment(network, data, engine.SGD(0.1), engine.FullBatch(), dtype="float64").start()
    run.set_parameters({"dense_1.weight": np.eye(units)})
    z = np.random.default_rng(0).normal(0, 3, (5, units))
    found = run.forward(z)
    np.testing.assert_allclose(found, [naive.softmax(row) for row in z.tolist()], rtol=1e-13)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(run.forward(z + 700), found, rtol=1e-10)


def test_activation_layer_equals_the_option_of_dense():
    x = np.random.default_rng(1).normal(size=(5, 3))
    data = engine.Dataset(x, x, x, x, task="regression")
    apart = engine.Network((3,), [engine.Dense(3), engine.Activation("gelu")], "mean_squared_error")
    joined = engine.Network((3,), [engine.Dense(3, activation="gelu")], "mean_squared_error")
    runs = [engine.Experiment(network, data, dtype="float64", seed=3).start() for network in (apart, joined)]
    assert runs[0].forward(x).tobytes() == runs[1].forward(x).tobytes()
    gradients = [run.gradients(x, x) for run in runs]
    np.testing.assert_array_equal(gradients[0]["dense_1.weight"], gradients[1]["dense_1.weight"])


def test_registered_names_are_those_of_the_issue():
    wanted = "identity relu leaky_relu elu gelu silu tanh sigmoid softplus softmax"
    assert set(ActivationFunction.names()) == set(wanted.split())


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(engine.errors.UnknownNameError, match=r"no activation called 'relo'.*leaky_relu.*relu"):
        engine.Dense(3, activation="relo")


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ({"name": "leaky_relu", "alpha": -1.0}, "alpha"),
        ({"name": "elu", "alpha": float("nan")}, "alpha"),
        ({"name": "gelu", "approximate": "yes"}, "approximate"),
        ({"name": "relu", "alpha": 0.1}, "option of relu"),
        (3, "activation"),
    ],
)
def test_bad_options_are_named(choice, named):
    with pytest.raises(engine.errors.ConfigurationError, match=named):
        engine.Dense(3, activation=choice)
