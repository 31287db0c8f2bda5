"""Each lesson shows what its sentence says."""

from __future__ import annotations

import numpy as np
import pytest

from app.presets import lesson
from engine.run import Run


def run_of(name: str, **changes: object) -> Run:
    """A lesson's run, perhaps with something changed as its sentence advises."""
    return lesson(name).change(**changes).to_experiment().start()


def weights(run: Run) -> list[np.ndarray]:
    """Every weight tensor, from the input on."""
    return [value for name, value in run.parameters().items() if name.endswith("weight")]


@pytest.mark.parametrize(
    ("name", "steps", "loss"),
    [("circle", 4000, 0.1), ("xor", 4000, 0.2), ("spiral", 2000, 0.02), ("three_classes", 1000, 0.05),
     ("iris", 1500, 0.1), ("curve", 6000, 0.1), ("stochastic", 1000, 0.25), ("digits_pictures", 400, 0.1),
     ("recall", 500, 0.01), ("letters", 1500, 1.8), ("attention", 600, 0.01)],
)  # fmt: skip
def test_what_should_learn_learns(name, steps, loss):
    run = run_of(name)
    run.step(steps)
    assert run.train_loss() < loss


def test_xor_needs_its_hidden_layer():
    run = run_of("xor", layers=())
    run.step(4000)
    assert run.train_loss() > 0.6


def test_from_zero_no_unit_ever_differs_from_its_neighbour():
    run = run_of("zero_start")
    run.step(2000)
    first = weights(run)[0]
    np.testing.assert_array_equal(first, np.broadcast_to(first[0], first.shape))
    assert run.train_loss() > 0.69
    other = run_of("zero_start", initialiser="glorot_uniform")
    other.step(2000)
    assert other.train_loss() < 0.3


def test_gradients_vanish_on_their_way_through_sigmoids():
    def shrinking(run: Run) -> float:
        gradients = run.gradients(run.dataset.x_train, run.dataset.y_train)
        first, last = (float(np.abs(gradients[f"dense_{layer}.weight"]).mean()) for layer in (1, 6))
        return first / last

    assert shrinking(run_of("deep_sigmoid")) < 0.01
    assert shrinking(run_of("deep_sigmoid", activation="tanh")) > 0.1


def test_too_high_a_rate_jumps_about_and_a_lower_one_settles():
    def jumps(run: Run) -> list[float]:
        return [run.train_loss() for _ in range(50) if run.step(10)]

    wild = run_of("rate_too_high")
    wild.step(500)
    calm = wild.experiment.edit(500, "learning_rate", 0.03).start()
    calm.step(2500)
    before, after = jumps(wild), jumps(calm)
    assert max(before) > 3 * min(before)
    assert max(after) < 1.1 * min(after)
    assert max(after) < min(before)


def test_relus_die():
    run = run_of("dead_relu")
    run.step(1500)
    parameters, values = run.parameters(), run.dataset.x_train
    for layer in ("dense_1", "dense_2"):
        values = np.maximum(0, values @ parameters[f"{layer}.weight"].T + parameters[f"{layer}.bias"])
    assert (values == 0).all()


def test_the_test_loss_climbs_and_l2_calms_it():
    def test_losses(run: Run) -> tuple[float, float]:
        early = min(run.test_loss() for _ in range(30) if run.step(10))
        run.step(2000)
        return early, run.test_loss()

    early, late = test_losses(run_of("overfitting"))
    assert late > 1.5 * early
    assert test_losses(run_of("overfitting", regulariser="l2", regularisation_rate=0.03))[1] < 0.7 * late


def test_l1_makes_most_weights_vanish():
    run = run_of("sparse")
    run.step(10_000)
    small = np.concatenate([np.abs(value).ravel() < 0.01 for value in weights(run)])
    assert small.mean() > 0.5
    assert run.test_accuracy() > 0.95


def test_attention_turns_into_the_other_diagonal():
    run = run_of("attention")
    run.step(400)
    trace = run.trace(1)
    weights = next(trace[name] for name in trace if name.endswith("self_attention_1.weights"))[0]
    assert (weights.mean(axis=0).argmax(axis=1) == np.arange(6)[::-1]).all()


def test_the_forecast_learns_its_few_years_too_well():
    run = run_of("forecast")
    run.step(1500)
    assert run.test_loss() > 2 * run.train_loss()
