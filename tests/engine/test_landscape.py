"""The heights of a landscape are the losses that the run itself gives there, whoever works them out."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings

import engine
from engine.errors import ConfigurationError
from engine.losses import Loss
from tests.engine import test_export
from tests.strategies import Case, cases

TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
DATA = engine.datasets.load("xor", n=46, seed=5, labels="binary")
NETWORK = engine.Network((2,), [engine.Dense(5, "tanh"), engine.Dense(1)], "binary_cross_entropy")


def trained(steps: int = 30, network: engine.Network = NETWORK, **options) -> engine.run.Run:
    chosen = {"optimiser": engine.Adam(0.05), "regime": engine.MiniBatch(7), "seed": 3} | options
    run = engine.Experiment(network, DATA, **chosen).start()
    run.step(steps)
    return run


def direct(run: engine.run.Run, surface: engine.Landscape) -> np.ndarray:
    """The same losses, point by point: parameters are set, and the run's own evaluation is asked."""
    here, losses = run.checkpoint(), np.empty(surface.losses.shape)
    for row, column in np.ndindex(losses.shape):
        run.set_parameters(surface.at(surface.a[column], surface.b[row]))
        losses[row, column] = run.test_loss() if surface.data == "test" else run.train_loss()
    run.restore(here)
    return losses


def assert_direct(run: engine.run.Run, surface: engine.Landscape, floor: float = 0.0) -> None:
    """Relative to the loss, or to `floor` where that is greater: of an error o - y that float32 can hardly tell from 0,
    one rounding is a large part."""
    expected = direct(run, surface)
    error = np.abs(surface.losses - expected) / np.maximum(np.abs(expected), floor)
    assert error.max() <= TOLERANCE[run.experiment.dtype]


# ------------------------------------------------------------------------------------------------------------ values

WITH_PARAMETERS = [name for name, (*_, layers, _) in test_export.CASES.items() if name != "pooling"]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_every_kind_of_layer(name, dtype):
    """Dense, convolution, pooling, recurrent, embedding, attention, normalisation with running statistics, ..."""
    run = test_export.started(test_export.CASES[name], dtype)
    assert_direct(run, engine.landscape(run, "random", 3, 0.5))


@pytest.mark.parametrize("dtype", TOLERANCE)
@settings(max_examples=15, deadline=None)
@given(case=cases())
def test_any_dense_network(case: Case, dtype):
    run = case.start(dtype=dtype)
    assert_direct(run, engine.landscape(run, "random", (2, 3), 0.7), floor=1.0)


@pytest.mark.parametrize("loss", Loss.names())
def test_every_loss(loss):
    made = test_export.case((4,), test_export.dense(3, "tanh"), test_export.dense(3), loss=loss)
    run = test_export.started(made, "float64")
    assert_direct(run, engine.landscape(run, "random", 3))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("count", [1, 2, 127, 129, 300])
def test_any_number_of_examples(count, dtype, rng):
    x, y = rng.normal(size=(count, 2)), rng.normal(size=(count, 1))
    network = engine.Network((2,), [engine.Dense(3, "tanh"), engine.Dense(1)], "mean_squared_error")
    run = engine.Experiment(network, engine.Dataset(x, y, x, y, task="regression"), dtype=dtype).start()
    assert_direct(run, engine.landscape(run, "random", 3), floor=1.0)


def test_a_first_layer_whose_products_are_too_many_to_keep(monkeypatch):
    run = trained(dtype="float64")
    kept = engine.landscape(run, "random", 7)
    monkeypatch.setattr("engine.heights.PACKED", 0)
    again = engine.landscape(run, "random", 7)
    np.testing.assert_allclose(again.losses, kept.losses, rtol=1e-13)
    assert_direct(run, again)


def test_dropout_is_off():
    layers = [engine.Dense(5, "tanh"), engine.Dropout(0.5), engine.Dense(1)]
    run = trained(network=engine.Network((2,), layers, "binary_cross_entropy"))
    assert_direct(run, engine.landscape(run, "random", 3))


@pytest.mark.parametrize("axes", engine.axes.Axes.names())
@pytest.mark.parametrize("dimensions", [1, 2])
def test_every_kind_of_axes_and_lines(axes, dimensions):
    run = trained(dtype="float64")
    surface = engine.landscape(run, {"name": axes, "dimensions": dimensions}, (4, 5))
    assert surface.losses.shape == ((4, 5) if dimensions == 2 else (1, 5))
    assert surface.directions.shape == (dimensions, 21)
    assert_direct(run, surface)


@pytest.mark.parametrize("centre", ["now", "first", "best"])
def test_every_centre(centre):
    run = trained(dtype="float64")
    surface = engine.landscape(run, "random", 3, centre=centre)
    assert_direct(run, surface)
    middle = run.experiment.start()
    middle.step(surface.centre_step)
    assert surface.losses[1, 1] == pytest.approx(middle.train_loss(), rel=1e-12)
    if centre == "best":
        losses = [
            replay.train_loss() for replay in [run.experiment.start()] for _ in range(31) if replay.step() or True
        ]
        assert surface.losses[1, 1] <= min([run.experiment.start().train_loss(), *losses[:30]]) + 1e-12


def test_test_examples():
    run = trained(dtype="float64")
    assert_direct(run, engine.landscape(run, "random", 3, data="test"))


@pytest.mark.parametrize(
    "regime", [engine.MiniBatch(7), engine.MiniBatch(7, shuffle=False, carry=True), engine.Stochastic()]
)
@pytest.mark.parametrize("steps", [0, 1, 5, 6, 7, 46])
def test_the_batch_is_the_one_of_the_next_update(regime, steps):
    run = trained(steps, regime=regime, dtype="float64")
    surface = engine.landscape(run, "random", 3, data="batch")
    assert surface.losses[1, 1] == pytest.approx(run.trace(1)["batch_loss"][0], rel=1e-12)


def test_points_that_joined_the_training_set_count():
    run = engine.Experiment(NETWORK, DATA, dtype="float64").edit(2, "point", (0.5, -0.5, 1)).start()
    run.step(4)
    assert_direct(run, engine.landscape(run, "random", 3))


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_what_is_not_finite_stays_so(dtype):
    """Far out, where products overflow; and where a weight is not finite itself."""
    layers = [engine.Dense(4, "relu"), engine.Dense(4, "relu"), engine.Dense(1)]
    network = engine.Network((2,), layers, "mean_squared_error")
    data = engine.Dataset(DATA.x_train, DATA.y_train, DATA.x_test, DATA.y_test, task="regression")
    run = engine.Experiment(network, data, dtype=dtype).start()
    great = {"float32": 1e6, "float64": 1e51}[dtype]
    run.set_parameters({name: great * array for name, array in run.parameters().items()})
    surface = engine.landscape(run, "random", 7, 10.0)
    finite = np.isfinite(direct(run, surface))
    assert (np.isfinite(surface.losses) == finite).all()
    assert finite[3, 3]
    assert not finite.all()


# ----------------------------------------------------------------------------------------------------------- workers


def test_the_same_numbers_for_any_number_of_workers():
    run = trained()
    alone = engine.landscape(run, "path", 31).losses
    for workers in (1, 2, 3):
        with ThreadPoolExecutor(workers) as pool:
            np.testing.assert_array_equal(engine.landscape(run, "path", 31, executor=pool).losses, alone)


@pytest.mark.slow
def test_processes_are_workers_too():
    run = trained()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        surface = engine.landscape(run, "random", 9, executor=pool)
    np.testing.assert_array_equal(surface.losses, engine.landscape(run, "random", 9).losses)


def test_piece_by_piece():
    run = trained()
    seen = []

    def watched():
        blocks = engine.landscape_blocks(run, "path", (11, 12))
        while True:
            try:
                seen.append(next(blocks))
            except StopIteration as end:
                return end.value

    surface = watched()
    assert seen[-1] == (132, 132)
    assert seen == sorted(seen)
    np.testing.assert_array_equal(surface.losses, engine.landscape(run, "path", (11, 12)).losses)


def test_progress_counts_to_the_end():
    seen = []
    engine.landscape(trained(), "random", 11, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (121, 121)
    assert seen == sorted(seen)


class Enough(Exception):
    """Somebody looked away."""


def test_what_progress_raises_ends_the_work():
    """And nothing runs on: the executor is idle, and its unfinished blocks are gone."""

    def stop(done, total):
        raise Enough

    threads = threading.active_count()
    with pytest.raises(Enough):
        engine.landscape(trained(), "random", 201, progress=stop)
    assert threading.active_count() == threads
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(Enough):
            engine.landscape(trained(), "random", 201, executor=pool, progress=stop)
        assert pool._work_queue.qsize() == 0
        assert pool.submit(int, "7").result() == 7


@pytest.mark.parametrize("axes", engine.axes.Axes.names())
def test_the_run_is_left_as_it_is(axes):
    run, other = trained(25), trained(25)
    for data in ("train", "test", "batch"):
        engine.landscape(run, axes, 5, centre="best", data=data)
    assert run.step_count == other.step_count
    run.step(40)
    other.step(40)
    for name, array in other.parameters().items():
        np.testing.assert_array_equal(run.parameters()[name], array)


# ------------------------------------------------------------------------------------------------- what comes with it


def test_a_diverged_run_has_a_landscape_but_no_next_step():
    run = trained(40, optimiser=engine.SGD(1e30), network=engine.Network((2,), [engine.Dense(1)], "half_squared_error"))
    outcome = run.outcome
    assert outcome.kind == "diverged"
    assert np.isnan(engine.landscape(run, "random", 3).next_step).all()
    assert run.outcome is outcome


def test_gradient_and_next_step_are_the_runs():
    run = trained(dtype="float64", optimiser=engine.SGD(0.1), regime=engine.FullBatch())
    surface = engine.landscape(run, "weights", 3)
    run.step()
    after = np.concatenate([array.ravel() for array in run.parameters().values()])
    np.testing.assert_allclose(surface.next_step, after - surface.here, atol=1e-15)
    np.testing.assert_allclose(surface.next_step, -0.1 * surface.gradient, atol=1e-15)


def test_gradient_is_that_of_the_loss_shown():
    """By central differences along the axes, on the drawn heights themselves."""
    run = trained(dtype="float64")
    surface = engine.landscape(run, "random", 3, 1e-4, data="test")
    slopes = [
        (surface.losses[1, 2] - surface.losses[1, 0]) / 2e-4,
        (surface.losses[2, 1] - surface.losses[0, 1]) / 2e-4,
    ]
    np.testing.assert_allclose(surface.directions @ surface.gradient, slopes, rtol=1e-6)


@pytest.mark.parametrize("axes", engine.axes.Axes.names())
def test_path_and_next_step_are_well_inside(axes):
    run = trained()
    surface = engine.landscape(run, axes, 3)
    states = [surface.here, surface.here + surface.next_step, *(surface.path.states if surface.path else [])]
    a, b, _ = surface.project(np.array(states))
    assert np.abs(a).max() < 0.8 * surface.a[-1]
    assert np.abs(b).max() < 0.8 * surface.b[-1]


def test_a_known_path_is_taken():
    run = trained(dtype="float64")
    first = engine.landscape(run, "path", 3)
    again = engine.landscape(run, "path", 3, path=first.path)
    assert again.path is first.path
    np.testing.assert_array_equal(again.losses, first.losses)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"axes": "north"}, "axes"),
        ({"axes": "random", "resolution": 1}, "resolution"),
        ({"axes": "random", "resolution": (3, 4, 5)}, "resolution"),
        ({"axes": "random", "span": 0.0}, "span"),
        ({"axes": "random", "span": (1.0, float("nan"))}, "span"),
        ({"axes": "random", "centre": "last"}, "centre"),
        ({"axes": "random", "data": "all"}, "data"),
        ({"axes": engine.axes.Weights(("dense_9.weight", 0))}, "parameter"),
        ({"axes": engine.axes.Weights(("dense_1.weight", 99))}, "index into dense_1.weight"),
        ({"axes": engine.axes.Weights(("dense_1.bias", 1), ("dense_1.bias", 1))}, "second"),
        ({"axes": engine.axes.Towards(30)}, "step"),
    ],
)
def test_what_is_not_accepted(options, name):
    with pytest.raises(ConfigurationError) as error:
        engine.landscape(trained(), **options)
    assert error.value.name == name


def test_a_run_that_never_moved_has_no_path():
    with pytest.raises(ConfigurationError, match="has moved"):
        engine.landscape(trained(0), "path")


def test_a_network_without_parameters_has_no_landscape():
    run = test_export.started(test_export.CASES["pooling"], "float32")
    with pytest.raises(ConfigurationError, match="parameters"):
        engine.landscape(run, "random")
