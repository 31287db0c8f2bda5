"""Thirty steps of every optimiser in every regime against the naive loop; schedules; penalties on the way."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import engine
from engine.optimisers import Optimiser
from engine.schedules import Cosine, Exponential, Linear, Schedule, StepDecay, WarmUp
from tests import naive
from tests.engine.test_regimes import marked_case
from tests.strategies import Case, worst_error

STEPS = 30
ROWS = 10
OPTIMISERS = {
    "sgd": engine.SGD(0.1),
    "momentum": engine.Momentum(0.05),
    "momentum-0.5": engine.Momentum(0.05, momentum=0.5),
    "nesterov": engine.Nesterov(0.05),
    "adagrad": engine.AdaGrad(0.1),
    "rmsprop": engine.RMSProp(0.01),
    "rmsprop-0.9": engine.RMSProp(0.01, alpha=0.9, epsilon=1e-6),
    "adam": engine.Adam(0.02),
    "adam-betas": engine.Adam(0.02, betas=(0.8, 0.95), epsilon=1e-4),
    "adamw": engine.AdamW(0.02),
    "adamw-decay": engine.AdamW(0.02, weight_decay=0.3),
}
REGIMES = {
    "full_batch": engine.FullBatch(),
    "mini_batch": engine.MiniBatch(4),
    "mini_batch-in-order": engine.MiniBatch(4, shuffle=False),
    "mini_batch-carry": engine.MiniBatch(4, shuffle=False, carry=True),
    "stochastic": engine.Stochastic(),
}
SCHEDULES = {
    "step_decay": StepDecay(0.2, every=7, factor=0.5),
    "exponential": Exponential(0.2, decay=0.9),
    "linear": Linear(0.2, final=0.01, steps=20),
    "cosine": Cosine(0.2, final=0.01, steps=20),
    "warm_up": WarmUp(0.2, steps=10),
}


@cache
def rows_of(regime: str, steps: int = STEPS) -> list[list[int]]:
    """The rows of each update; their order within a batch does not matter to a mean."""
    gradients = marked_case(ROWS).start(regime=REGIMES[regime]).trace(steps)["dense_1.weight.gradient"]
    return [np.flatnonzero(np.abs(gradient[:, 2:]).max(axis=0)).tolist() for gradient in gradients]


def naive_run(case: Case, optimiser: engine.optimisers.Optimiser, regime: str, regulariser=None) -> list[naive.Choice]:
    """The records of thirty naive updates."""
    return list(
        naive.train(
            case.layers,
            case.network.loss.to_dict(),
            case.parameters,
            *case.rows,
            rows_of(regime),
            optimiser.to_dict(),
            regulariser.to_dict() if regulariser else None,
        )
    )


def assert_same_trajectory(case, optimiser, regime, dtype, regulariser=None):
    """Parameters after every update, not only the last: an error that later heals shows too."""
    run = case.start(optimiser=optimiser, regime=REGIMES[regime], dtype=dtype, regulariser=regulariser)
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    for step, record in enumerate(naive_run(case, optimiser, regime, regulariser)):
        run.step()
        error = worst_error(run.parameters(), naive.to_arrays(record["after"], case.arrays))
        assert error < tolerance, f"after update {step}"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_trajectory_equals_the_naive_loop(optimiser, regime, dtype):
    case = Case(widths=(2, 3, 1), batch=ROWS, seed=2)
    assert_same_trajectory(case, OPTIMISERS[optimiser], regime, dtype)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_trajectory_with_a_schedule(schedule):
    case = Case(widths=(2, 3, 1), batch=ROWS)
    assert_same_trajectory(case, engine.SGD(SCHEDULES[schedule]), "mini_batch", "float64")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_trace_shows_the_rate_of_each_step(schedule):
    optimiser = engine.Adam(SCHEDULES[schedule])
    rates = Case().start(optimiser=optimiser).trace(STEPS)["learning_rate"]
    expected = [naive.learning_rate(SCHEDULES[schedule].to_dict(), t) for t in range(STEPS)]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


@pytest.mark.parametrize("optimiser", ["sgd", "nesterov", "adam", "adamw"])
@pytest.mark.parametrize(
    "regulariser",
    [engine.L1(0.02), engine.L2(0.05), engine.ElasticNet(0.02, 0.05), engine.L1(0.02, prune=True)],
    ids=["l1", "l2", "elastic_net", "l1-prune"],
)
def test_trajectory_with_a_penalty(optimiser, regulariser):
    case = Case(widths=(2, 3, 1), batch=ROWS)
    assert_same_trajectory(case, OPTIMISERS[optimiser], "mini_batch", "float64", regulariser)


def test_trajectory_in_which_weights_die():
    """As above, so strong that weights die on the way while their gradients would bring them back."""
    case, regulariser = Case(widths=(2, 5, 1), batch=ROWS), engine.L1(0.4, prune=True)
    assert_same_trajectory(case, engine.SGD(0.1), "mini_batch", "float64", regulariser)
    *_, last = naive_run(case, engine.SGD(0.1), "mini_batch", regulariser)
    dead = [key for key, value in last["after"].items() if value == 0]
    assert 0 < len(dead) < 15
    assert any(last["gradients"][key] != 0 for key in dead)


def test_pruned_weights_stay_dead():
    """A strong L1 with pruning makes weights exactly 0, one after the other, and for good."""
    run = Case(widths=(2, 6, 1), batch=ROWS).start(regulariser=engine.L1(0.3, prune=True))
    dead = np.zeros((6, 2), bool)
    for _ in range(300):
        run.step()
        now = run.parameters()["dense_1.weight"] == 0
        assert now[dead].all()
        dead = now
    assert dead.all()


def test_biases_are_not_penalised():
    case = Case(widths=(2, 1), activations=("identity",), batch=ROWS)
    plain, penalised = case.start(), case.start(regulariser=engine.L2(0.5))
    plain.step()
    penalised.step()
    np.testing.assert_array_equal(plain.parameters()["dense_1.bias"], penalised.parameters()["dense_1.bias"])
    assert (plain.parameters()["dense_1.weight"] != penalised.parameters()["dense_1.weight"]).all()


@pytest.mark.parametrize("name", ["classes", "signs", "logits"])
def test_trajectory_of_a_classifier(name):
    loss = {"classes": "categorical_cross_entropy", "signs": "hinge", "logits": "binary_cross_entropy"}[name]
    case = Case(widths=(3, 5, 4, 2), activations=("relu", "silu", "identity"), loss=loss, batch=ROWS)
    assert_same_trajectory(case, engine.Adam(0.02), "mini_batch", "float64")


LEARNERS = (
    engine.SGD(0.5),
    engine.Momentum(0.2),
    engine.Nesterov(0.2),
    engine.AdaGrad(0.2),
    engine.RMSProp(0.01),
    engine.Adam(0.02),
    engine.AdamW(0.02),
)


@pytest.mark.parametrize("optimiser", LEARNERS, ids=lambda optimiser: optimiser.name)
def test_every_optimiser_learns_xor(optimiser):
    """Not a formula but the point of it."""
    x, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), [0, 1, 1, 0]
    network = engine.Network((2,), [engine.Dense(8, activation="tanh"), engine.Dense(1)], "binary_cross_entropy")
    run = engine.Experiment(network, engine.Dataset(x, y, x, y), optimiser, engine.FullBatch(), seed=1).start()
    run.step(2000)
    assert run.train_loss() < 0.05


@pytest.mark.parametrize(
    ("name", "defaults"),
    [
        ("sgd", {}),
        ("momentum", {"momentum": 0.9}),
        ("nesterov", {"momentum": 0.9}),
        ("adagrad", {"epsilon": 1e-10}),
        ("rmsprop", {"alpha": 0.99, "epsilon": 1e-8}),
        ("adam", {"betas": [0.9, 0.999], "epsilon": 1e-8}),
        ("adamw", {"betas": [0.9, 0.999], "epsilon": 1e-8, "weight_decay": 0.01}),
    ],
)
def test_defaults_are_pytorchs(name, defaults):
    assert Optimiser.member(name)(0.5).to_dict() == {"name": name, "learning_rate": 0.5} | defaults


def test_registered_names_are_those_of_the_issue():
    assert set(Optimiser.names()) == set(naive.OPTIMISERS)
    assert set(Schedule.names()) == set(naive.SCHEDULES)


@pytest.mark.parametrize(
    ("name", "options", "named"),
    [
        ("SGD", {"learning_rate": -0.1}, "learning_rate"),
        ("SGD", {"learning_rate": float("nan")}, "learning_rate"),
        ("SGD", {"learning_rate": "fast"}, "schedule|learning_rate"),
        ("Momentum", {"momentum": 1.0}, "momentum"),
        ("RMSProp", {"alpha": -0.1}, "alpha"),
        ("AdaGrad", {"epsilon": 0.0}, "epsilon"),
        ("Adam", {"betas": (0.9, 1.0)}, r"betas\[1\]"),
        ("AdamW", {"weight_decay": -1.0}, "weight_decay"),
    ],
)
def test_bad_options_are_named(name, options, named):
    with pytest.raises(engine.errors.ConfigurationError, match=named):
        getattr(engine, name)(**options)


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=OPTIMISERS)
def test_dictionary_round_trip(optimiser):
    assert Optimiser.from_dict(optimiser.to_dict()) == optimiser


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_schedule_round_trip(schedule):
    optimiser = engine.SGD(schedule)
    assert Optimiser.from_dict(optimiser.to_dict()) == optimiser
    assert optimiser.with_learning_rate(0.5).schedule.initial == 0.5
