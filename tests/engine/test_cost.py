"""The estimate follows what a network really multiplies."""

import pytest

import engine


def operations(data, layers, loss="categorical_cross_entropy"):
    network = engine.Network(data.x_train.shape[1:], layers, loss)
    return engine.cost(engine.Experiment(network, data), steps=100).operations


def test_a_weight_counts_at_every_place():
    pictures = engine.datasets.load("digits", as_images=True)
    small = operations(pictures, [engine.Conv2D(8, 3, padding=1), engine.Flatten(), engine.Dense(10)])
    products = 3 * 16 * 100 * (8 * 9 * 64 + 512 * 10)
    assert products <= small <= 4 * products


def test_a_weight_counts_at_every_time_step():
    series = engine.datasets.load("sunspots")
    once = operations(series, [engine.LSTM(16), engine.Dense(1)], "mean_squared_error")
    steps, features = series.x_train.shape[1:]
    products = 3 * 16 * 100 * steps * 4 * 16 * (features + 16)
    assert products <= once <= 4 * products


@pytest.mark.parametrize("longer", [200, 1000])
def test_cost_grows_with_steps(longer):
    data = engine.datasets.load("circle")
    experiment = engine.Experiment(engine.Network((2,), [engine.Dense(1)], "binary_cross_entropy"), data)
    assert engine.cost(experiment, longer).operations == longer * engine.cost(experiment, 1).operations
