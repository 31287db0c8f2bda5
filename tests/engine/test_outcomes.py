"""How runs end: divergence names the step, the layer and the quantity, and leaves the last finite numbers."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

import engine
from engine.run import Run
from tests.strategies import Case

QUANTITIES = {"pre_activation", "activation", "delta", "loss", "gradient", "weight", "bias", "update", "parameter"}


def exploding(depth: int = 3, rate: float = 1e30, dtype: str = "float32", **options) -> Run:
    """A linear network on a regression with a rate that no loss survives."""
    case = Case(widths=(2, *(8,) * depth, 1), activations=("identity",) * (depth + 1), batch=20)
    return case.start(optimiser=engine.SGD(rate), dtype=dtype, **options)


def finite(run: Run) -> bool:
    return all(np.isfinite(array).all() for array in run.parameters().values())


def assert_explains_itself(run: Run) -> None:
    outcome = run.outcome
    assert outcome is not None
    assert outcome.kind == "diverged"
    assert outcome.step - 1 <= run.step_count <= outcome.step
    assert outcome.layer in {name for name, *_ in run.experiment.network.named_layers()} | {"output"}
    assert outcome.quantity in QUANTITIES
    assert "learning rate" in outcome.advice
    assert finite(run)
    assert np.isfinite(run.train_loss())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [1e30, 1e10, 50.0])
def test_divergence_rewinds_to_the_last_finite_step(rate, dtype):
    run = exploding(rate=rate, dtype=dtype)
    assert run.outcome is None
    run.step(500)
    assert run.step_count < 500
    assert_explains_itself(run)


def test_the_step_named_is_the_last_that_a_careful_walker_reaches():
    """Stepping one by one ends at the same step, with the same parameters."""
    whole, careful = exploding(rate=50.0), exploding(rate=50.0)
    whole.step(500)
    while careful.outcome is None:
        careful.step()
    assert (careful.outcome, careful.step_count) == (whole.outcome, whole.step_count)
    for name, array in whole.parameters().items():
        assert careful.parameters()[name].tobytes() == array.tobytes()
    assert careful.outcome.step > 1


def test_a_run_does_not_call_itself_diverged_too_early():
    """Just before the named step the run is sound, and its parameters are those that the end shows."""
    ended = exploding(rate=50.0)
    ended.step(500)
    run = exploding(rate=50.0)
    run.step(ended.step_count)
    assert run.outcome is None
    assert finite(run)
    for name, array in ended.parameters().items():
        assert run.parameters()[name].tobytes() == array.tobytes()


def test_the_quantity_named_is_the_first_to_overflow():
    """One linear unit with a weight near the end of float32: its pre-activation overflows before the loss is made."""
    x, y = np.full((4, 1), 1e3), np.zeros((4, 1))
    network = engine.Network((1,), [engine.Dense(1), engine.Dense(1)], "mean_absolute_error")
    run = engine.Experiment(network, engine.Dataset(x, y, x, y, task="regression"), engine.SGD(0.1)).start()
    run.set_parameters({"dense_1.weight": np.array([[3e37]]), "dense_2.weight": np.array([[1.0]])})
    run.step()
    assert (run.outcome.kind, run.outcome.step) == ("diverged", 0)
    assert (run.outcome.layer, run.outcome.quantity) == ("dense_1", "pre_activation")
    run = engine.Experiment(network, engine.Dataset(x, y, x, y, task="regression"), engine.SGD(0.1)).start()
    run.set_parameters({"dense_1.weight": np.array([[1.0]]), "dense_2.weight": np.array([[1e37]])})
    run.step()
    assert (run.outcome.layer, run.outcome.quantity) == ("dense_2", "pre_activation")


def test_an_overflowing_loss_is_named_as_such():
    """(1e25)^2 is beyond float32 while the output itself is not."""
    x, y = np.full((4, 1), 1.0), np.zeros((4, 1))
    network = engine.Network((1,), [engine.Dense(1)], "mean_squared_error")
    run = engine.Experiment(network, engine.Dataset(x, y, x, y, task="regression"), engine.SGD(0.1)).start()
    run.set_parameters({"dense_1.weight": np.array([[1e25]])})
    run.step()
    assert (run.outcome.kind, run.outcome.quantity) == ("diverged", "loss")


def test_bounded_activations_do_not_hide_exploding_weights():
    """tanh keeps the loss finite whatever the weights are; weights that are not numbers must show all the same."""
    case = Case(widths=(2, 4, 1), activations=("tanh", "tanh"), batch=10)
    run = case.start(optimiser=engine.Momentum(3e38, momentum=0.99), dtype="float32")
    run.step(200)
    assert finite(run)
    if run.outcome is not None:
        assert_explains_itself(run)


def test_exploding_regression_with_real_data():
    data = engine.datasets.load("plane", seed=1)
    network = engine.Network((2,), [engine.Dense(8, activation="relu"), engine.Dense(1)], "mean_squared_error")
    run = engine.Experiment(network, data, engine.SGD(100.0), engine.MiniBatch(10)).start()
    run.train(epochs=20)
    if run.outcome is not None:
        assert_explains_itself(run)
    assert finite(run)


@pytest.mark.parametrize(
    "optimiser", [engine.SGD(1e30), engine.Momentum(1e30), engine.Nesterov(1e30), engine.SGD(1e38)]
)
@pytest.mark.parametrize("regime", [engine.FullBatch(), engine.MiniBatch(7), engine.Stochastic()])
def test_every_way_of_exploding_explains_itself(optimiser, regime):
    case = Case(widths=(2, 5, 5, 1), activations=("relu", "softplus", "identity"), batch=20)
    run = case.start(optimiser=optimiser, regime=regime, dtype="float32")
    run.step(300)
    if run.outcome is not None:
        assert_explains_itself(run)
    assert finite(run)


def test_a_diverged_run_stays_where_it_is():
    run = exploding()
    run.step(50)
    ended = run.outcome, run.step_count
    assert run.step(10) == 0
    assert (run.outcome, run.step_count) == ended


def test_restoring_an_earlier_checkpoint_takes_the_outcome_back():
    run = exploding(rate=50.0)
    run.step(2)
    checkpoint = run.checkpoint()
    run.step(500)
    assert run.outcome is not None
    run.restore(checkpoint)
    assert (run.outcome, run.step_count) == (None, 2)


def test_an_edit_can_save_a_run():
    """The same experiment with a lower rate just before the end goes on."""
    ended = exploding(rate=50.0)
    ended.step(500)
    saved = ended.experiment.edit(ended.outcome.step - 1, "learning_rate", 0.0).start()
    saved.set_parameters(exploding(rate=50.0).parameters())
    saved.step(ended.outcome.step + 50)
    assert saved.outcome is None


def test_frames_of_a_diverging_film_end_at_the_last_finite_step():
    run = exploding(rate=50.0)
    trace = run.trace(500)
    outcome = run.outcome
    assert trace.header["outcome"] == outcome.to_dict()
    assert trace.header["frames"] == len(trace["batch_loss"]) == run.step_count + 1
    for name in trace:
        assert np.isfinite(trace[name]).all(), name
    again = engine.Trace.from_bytes(trace.to_bytes())
    assert again.header["outcome"] == {
        "kind": "diverged",
        "step": outcome.step,
        "layer": outcome.layer,
        "quantity": outcome.quantity,
    }


def test_a_sound_run_has_no_outcome():
    run = Case().start()
    run.step(100)
    assert run.outcome is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_data_that_are_not_finite_are_refused(value):
    x = np.array([[0.0, 1.0], [value, 0.0]])
    with pytest.raises(engine.errors.ConfigurationError, match="x_train"):
        engine.Dataset(x, [0, 1], x, [0, 1])


def test_a_batch_that_is_not_finite_shows_in_the_answer_and_not_in_the_run():
    """forward of NaN is NaN (never swallowed by a relu), and nothing is remembered of it."""
    case = Case(widths=(2, 3, 1), activations=("relu", "identity"))
    run = case.start()
    bad = np.array([[np.nan, 0.0]])
    with contextlib.suppress(engine.errors.EngineError):  # refusing it is as good
        assert np.isnan(run.forward(bad)).all()
    good = run.forward(case.x)
    assert np.isfinite(good).all()
    run.step(3)
    assert run.outcome is None
