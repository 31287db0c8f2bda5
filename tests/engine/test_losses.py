"""Losses: values by the naive twin, stability, what they accept, and what a run says of its data."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from engine.losses import Loss
from tests import naive
from tests.strategies import TARGETS, Case

OPTIONS = {"huber": {"delta": 0.3}}


@pytest.mark.parametrize("outputs", [1, 2, 3, 10, 17])
@pytest.mark.parametrize("loss", sorted(TARGETS))
def test_value_for_any_number_of_outputs(loss, outputs):
    case = Case(widths=(2, outputs), activations=("identity",), loss=loss, batch=11)
    expected = naive.batch_loss(case.layers, case.parameters, {"name": loss}, *case.rows)
    assert case.start().loss(case.x, case.y) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("name", OPTIONS)
def test_options_change_the_value_and_the_gradient(name):
    choice = {"name": name, **OPTIONS[name]}
    case = Case(widths=(2, 3, 2), loss=choice, batch=9)
    value, gradients = naive.batch_gradients(case.layers, case.parameters, choice, *case.rows)
    run = case.start()
    assert run.loss(case.x, case.y) == pytest.approx(value, rel=1e-13)
    found = naive.from_arrays(run.gradients(case.x, case.y))
    assert found == pytest.approx(gradients, rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("logit", [-1000.0, -100.0, 0.0, 100.0, 1000.0])
def test_cross_entropies_are_stable(logit, dtype):
    """The loss grows with the logit in a straight line; its gradient stays within 1."""
    for loss, y in (("binary_cross_entropy", [[0.0]]), ("binary_cross_entropy", [[1.0]])):
        case = Case(widths=(1, 1), activations=("identity",), loss=loss, batch=1)
        run = case.start(dtype=dtype)
        run.set_parameters({"dense_1.weight": np.zeros((1, 1)), "dense_1.bias": np.array([logit])})
        expected, slope = naive.LOSSES[loss][0]([logit], y[0]), naive.LOSSES[loss][1]([logit], y[0])[0]
        assert run.loss(np.ones((1, 1)), np.array(y)) == pytest.approx(expected, rel=2e-6, abs=1e-30)
        assert run.gradients(np.ones((1, 1)), np.array(y))["dense_1.bias"][0] == pytest.approx(
            slope, rel=2e-6, abs=1e-30
        )


def test_loss_of_the_data_is_that_of_all_its_rows():
    case = Case(batch=13)
    run = case.start(regime=engine.MiniBatch(4, shuffle=False))
    assert run.train_loss() == pytest.approx(run.loss(case.x, case.y), rel=1e-14)
    assert run.test_loss() == pytest.approx(run.loss(case.x, case.y), rel=1e-14)


def test_loss_of_the_data_leaves_out_the_penalty():
    case = Case()
    assert case.start(regulariser=engine.L2(100.0)).train_loss() == case.start().train_loss()


@pytest.mark.parametrize("loss", ["mean_squared_error", "binary_cross_entropy"])
def test_train_and_test_rows_are_not_mixed_up(loss):
    case = Case(loss=loss, batch=12)
    task = "regression" if TARGETS[loss] == "values" else "classification"
    data = engine.Dataset(case.x[:5], case.y[:5], case.x[5:], case.y[5:], task=task)
    run = engine.Experiment(case.network, data, dtype="float64").start()
    assert run.train_loss() == pytest.approx(run.loss(case.x[:5], case.y[:5]), rel=1e-14)
    assert run.test_loss() == pytest.approx(run.loss(case.x[5:], case.y[5:]), rel=1e-14)


def test_losses_of_sets_of_several_sizes():
    """Data are judged in chunks by a program that is used again and again; nothing of one set may stay for the next."""
    case = Case(batch=320)
    data = engine.Dataset(case.x[:128], case.y[:128], case.x[128:], case.y[128:], task="regression")
    run = engine.Experiment(case.network, data, dtype="float64").start()
    squares = (run.forward(case.x) - case.y) ** 2
    for _ in range(2):
        assert run.train_loss() == pytest.approx(squares[:128].mean(), rel=1e-13)
        assert run.test_loss() == pytest.approx(squares[128:].mean(), rel=1e-13)
        for count in (64, 1, 65, 64, 63, 320, 128, 2):
            assert run.loss(case.x[:count], case.y[:count]) == pytest.approx(squares[:count].mean(), rel=1e-13)


def test_registered_names_are_those_of_the_issue():
    assert set(Loss.names()) == set(naive.LOSSES)
    assert {name: Loss.member(name).targets for name in Loss.names()} == TARGETS


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(engine.errors.UnknownNameError, match=r"no loss called 'mse'.*huber.*mean_squared_error"):
        engine.Network((2,), [engine.Dense(1)], "mse")


@pytest.mark.parametrize("delta", [0.0, -1.0, float("inf")])
def test_bad_delta_is_named(delta):
    with pytest.raises(engine.errors.ConfigurationError, match="delta"):
        engine.Network((2,), [engine.Dense(1)], {"name": "huber", "delta": delta})


@pytest.mark.parametrize(
    ("loss", "outputs", "y"),
    [
        ("categorical_cross_entropy", 2, np.array([0, 1, 2, 0])),
        ("categorical_cross_entropy", 3, np.array([[0.5], [1.0], [2.0], [0.0]])),
        ("mean_squared_error", 2, np.zeros((4, 3))),
        ("hinge", 1, np.array([[0.5], [1.0], [-1.0], [1.0]])),
        ("binary_cross_entropy", 1, np.array([0, 1, 2, 0])),
    ],
)
def test_targets_that_do_not_fit_are_refused_before_training(loss, outputs, y):
    """A class number beyond the outputs would read past the end of a buffer: refuse at the latest when starting."""
    x = np.zeros((4, 2))
    task = "regression" if loss == "mean_squared_error" else "classification"
    with pytest.raises(engine.errors.ConfigurationError):
        engine.Experiment(
            engine.Network((2,), [engine.Dense(outputs)], loss), engine.Dataset(x, y, x, y, task=task)
        ).start()


@pytest.mark.parametrize(
    ("x", "y", "named"),
    [
        (np.zeros((4, 3)), np.zeros((4, 1)), "x"),
        (np.zeros((4, 2)), np.zeros((3, 1)), "targets"),
        (np.zeros((4, 2)), np.zeros((4, 2)), "targets"),
        (np.zeros((0, 2)), np.zeros((0, 1)), "examples"),
    ],
)
@pytest.mark.parametrize("method", ["loss", "gradients"])
def test_batches_that_do_not_fit_are_refused(x, y, named, method):
    run = Case().start()
    with pytest.raises(engine.errors.EngineError, match=rf"\b{named}\b"):
        getattr(run, method)(x, y)


def test_forward_of_the_wrong_width_is_refused():
    with pytest.raises(engine.errors.EngineError, match="x"):
        Case().start().forward(np.zeros((4, 3)))
