"""The estimate follows what a network really multiplies."""

import numpy as np
import pytest

import engine

SMALL = 100_000  # bytes of tables of rows and the like, whatever the network
FAMILIES = [
    ("circle", [engine.Dense(215, "tanh"), engine.Dense(215, "tanh"), engine.Dense(1)], "binary_cross_entropy"),
    ("digits", [engine.Conv2D(8, 3, padding=1), engine.Flatten(), engine.Dense(10)], "categorical_cross_entropy"),
    ("sunspots", [engine.LSTM(16), engine.Dense(1)], "mean_squared_error"),
    ("sunspots", [engine.GRU(16), engine.Dense(1)], "mean_squared_error"),
    (
        "sunspots",
        [engine.Dense(16), engine.SelfAttention(2), engine.Flatten(), engine.Dense(1)],
        "mean_squared_error",
    ),
]


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


def held(run):
    """Bytes of every array that a run refers to, each counted once, but for those of its data and its network."""
    found, open_ends = {}, [value for name, value in vars(run).items() if name != "experiment"]
    while open_ends:
        thing = open_ends.pop()
        if isinstance(thing, np.ndarray):
            while isinstance(thing.base, np.ndarray):
                thing = thing.base
            found[id(thing)] = thing.nbytes
        elif isinstance(thing, dict):
            open_ends += thing.values()
        elif isinstance(thing, list | tuple):
            open_ends += thing
        elif type(thing).__module__.startswith("engine.") and id(thing) not in found:
            found[id(thing)] = 0
            open_ends += getattr(thing, "__dict__", {}).values()
    return sum(found.values())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "layers", "loss"), FAMILIES)
def test_a_run_holds_no_more_memory_than_was_said(name, layers, loss, dtype):
    data = engine.datasets.load(name)
    if isinstance(layers[0], engine.Conv2D):
        data = engine.datasets.load(name, as_images=True)
    network = engine.Network(data.x_train.shape[1:], layers, loss)
    experiment = engine.Experiment(network, data, regime="full_batch", dtype=dtype, optimiser="adam")
    run = experiment.start()
    run.step(1)
    run.trace(1)
    said = engine.cost(experiment, 1, 1).memory
    assert said / 3 <= held(run) <= said + SMALL
