"""How a layer is doing, as the trace tells it, beside plain counting."""

import numpy as np
import pytest

import engine
from engine.activations import ActivationFunction
from engine.health import FLAT
from tests import naive

GRID = np.concatenate([np.linspace(-4.0, 4.0, 81) + 0.013, [-1e-9, 1e-9]])


@pytest.mark.parametrize("name", [name for name in ActivationFunction.names() if name != "softmax"])
def test_slopes_are_those_of_the_naive_twin(name):
    function, derivative = naive.ACTIVATIONS[name]
    values = np.array([function(float(z)) for z in GRID])
    slopes = np.array([derivative(float(z)) for z in GRID])
    np.testing.assert_allclose(ActivationFunction.of(name).slope(GRID, values), slopes, rtol=1e-9, atol=1e-9)


def run_of(activation, bias, *, n=40, regime=None):
    data = engine.datasets.load("circle", n=n)
    network = engine.Network((2,), [engine.Dense(3, activation), engine.Dense(1)], "binary_cross_entropy")
    run = engine.Experiment(network, data, engine.SGD(0.1), regime or engine.FullBatch()).start()
    run.set_parameters({"dense_1.bias": bias})
    return run


def test_dead_units_are_those_that_no_example_wakes():
    trace = run_of("relu", [-1000.0, 1000.0, -1000.0]).trace(1)
    assert trace["dense_1.dead"][0] == pytest.approx(2 / 3)
    assert trace["dense_1.saturated"][0] == pytest.approx(2 / 3)
    assert trace["dense_2.dead"][0] == 0


def test_the_last_batch_of_a_pass_counts_its_own_examples_alone():
    run = run_of("relu", [-1000.0, 1000.0, -1000.0], n=50, regime=engine.MiniBatch(10))
    assert len(run.dataset.x_train) == 25
    trace = run.trace(6)
    np.testing.assert_allclose(trace["dense_1.dead"], 2 / 3)
    np.testing.assert_allclose(trace["dense_1.saturated"], 2 / 3)


def test_saturation_counts_every_unit_and_example():
    run = run_of("tanh", [0.0, 1.5, 50.0])
    activations = np.tanh(run.dataset.x_train @ run.parameters()["dense_1.weight"].T + run.parameters()["dense_1.bias"])
    expected = (1 - activations**2 < FLAT).mean()
    assert 1 / 3 < expected < 1
    assert run.trace(1)["dense_1.saturated"][0] == pytest.approx(expected, abs=0.01)


def flat(trace, layer, kind, frame):
    parts = [trace[f"{layer}.{part}{kind}"][frame] for part in ("weight", "bias")]
    return np.concatenate([part.ravel().astype(float) for part in parts])


@pytest.mark.parametrize("layer", ["dense_1", "dense_2"])
def test_norms_and_ratios_are_those_of_the_arrays(layer):
    trace = run_of("tanh", [0.1, 0.2, 0.3]).trace(4)
    for frame in range(4):
        assert trace[f"{layer}.gradient_norm"][frame] == pytest.approx(
            np.linalg.norm(flat(trace, layer, ".gradient", frame))
        )
        ratio = np.linalg.norm(flat(trace, layer, ".update", frame)) / np.linalg.norm(flat(trace, layer, "", frame))
        assert trace[f"{layer}.update_ratio"][frame] == pytest.approx(ratio)
