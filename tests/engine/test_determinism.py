"""The same experiment, the same bits: again, in another process, in threads, by single steps, restored, edited."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.run import Run
from engine.schedules import Cosine
from tests.strategies import Case, cases

ROOT = Path(__file__).resolve().parents[2]
NETWORK = engine.Network((2,), [engine.Dense(5, activation="tanh"), engine.Dense(1)], "binary_cross_entropy")
DATA = engine.datasets.load("xor", n=46, seed=5)
X, Y = DATA.x_train, DATA.y_train
REGIMES = (engine.FullBatch(), engine.MiniBatch(7), engine.MiniBatch(7, shuffle=False, carry=True), engine.Stochastic())
OPTIMISERS = tuple(engine.optimisers.Optimiser.member(name)(0.05) for name in engine.optimisers.Optimiser.names())


def experiment(**options) -> engine.Experiment:
    chosen = {"optimiser": engine.Adam(0.05), "regime": engine.MiniBatch(7), "seed": 11} | options
    return engine.Experiment(NETWORK, DATA, **chosen)


def bits(run: Run) -> str:
    """A fingerprint of the run's parameters."""
    digest = hashlib.sha256()
    for name, array in run.parameters().items():
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()


def trained(steps: int = 40, **options) -> Run:
    run = experiment(**options).start()
    run.step(steps)
    return run


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.name)
def test_again_and_whatever_ran_before(regime, dtype):
    first = bits(trained(regime=regime, dtype=dtype))
    Case(widths=(3, 33, 17, 2), activations=("relu", "gelu", "identity"), batch=50).start().step(3)
    np.random.seed(1)  # noqa: NPY002  (someone else's use of the global generator)
    assert bits(trained(regime=regime, dtype=dtype)) == first


def test_another_seed_is_another_run():
    assert len({bits(trained(seed=seed)) for seed in range(5)}) == 5
    assert len({bits(trained(steps=0, seed=seed)) for seed in (0, 1, "0", "1")}) == 4


def test_a_string_seed_serves_data_of_any_kind():
    """Only the initialiser "playground" needs the stream of TF Playground's data."""
    runs = [engine.Experiment(NETWORK, engine.Dataset(X, Y, X, Y), seed="0.5").start() for _ in range(2)]
    assert bits(runs[0]) == bits(runs[1])


PROGRAM = """
from tests.engine.test_determinism import bits, experiment, trained
import engine
print(bits(trained()), experiment().key, bits(trained(regime=engine.Stochastic(), dtype="float64", seed="0.5")))
"""


def test_in_another_process():
    """Not even a hash seed or the order of imports comes in."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    here = bits(trained()), experiment().key, bits(trained(regime=engine.Stochastic(), dtype="float64", seed="0.5"))
    assert tuple(answer.stdout.split()) == here


def test_in_threads():
    """Eight runs of different networks at once, on nogil kernels: bit for bit what each is alone."""
    several = [
        Case(widths=(3, width, 2), activations=("tanh", "identity"), batch=20, seed=width)
        for width in (1, 2, 3, 5, 8, 17, 32, 33)
    ]

    def fingerprint(case: Case) -> str:
        run = case.start(dtype="float32", regime=engine.MiniBatch(6), optimiser=engine.Adam(0.01))
        run.step(400)
        return bits(run)

    alone = [fingerprint(case) for case in several]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(fingerprint, several * 3)) == alone * 3


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.name)
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda optimiser: optimiser.name)
def test_single_steps_are_the_fused_steps(optimiser, regime):
    fused, single = (experiment(optimiser=optimiser, regime=regime).start() for _ in range(2))
    fused.step(24)
    for _ in range(24):
        single.step()
    assert bits(single) == bits(fused)


def test_looking_does_not_disturb():
    watched, alone = experiment().start(), experiment().start()
    alone.step(20)
    for _ in range(10):
        watched.step(2)
        watched.train_loss(), watched.test_loss(), watched.forward(X), watched.gradients(X[:3], Y[:3])
        watched.checkpoint()
    assert bits(watched) == bits(alone)


def test_what_a_run_hands_out_is_a_copy():
    run = experiment().start()
    before = bits(run)
    for array in run.parameters().values():
        array[:] = 7
    assert bits(run) == before


def test_parameters_that_are_handed_in_are_copied():
    run = experiment().start()
    arrays = {name: array.copy() for name, array in run.parameters().items()}
    run.set_parameters(arrays)
    before = bits(run)
    arrays["dense_1.weight"][:] = 7
    assert bits(run) == before


@given(case=cases(max_layers=4), steps=st.integers(0, 12), more=st.integers(1, 12), size=st.integers(1, 40))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_restored_runs_go_on_as_if_nothing_had_happened(case, steps, more, size):
    regime, optimiser = engine.MiniBatch(size), engine.Adam(0.01)
    run = case.start(regime=regime, optimiser=optimiser, dtype="float32")
    run.step(steps)
    checkpoint = run.checkpoint()
    run.step(more)
    expected = bits(run)
    run.step(3)
    run.restore(checkpoint)
    assert run.step_count == steps
    run.step(more)
    assert bits(run) == expected
    fresh = case.experiment(regime=regime, optimiser=optimiser, dtype="float32").start()
    fresh.restore(checkpoint)
    fresh.step(more)
    assert bits(fresh) == expected


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.name)
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda optimiser: optimiser.name)
def test_checkpoints_hold_all_the_state(optimiser, regime):
    run = experiment(optimiser=optimiser, regime=regime, regulariser=engine.L1(0.01, prune=True)).start()
    run.step(10)
    checkpoint = run.checkpoint()
    run.step(15)
    other = experiment(optimiser=optimiser, regime=regime, regulariser=engine.L1(0.01, prune=True)).start()
    other.restore(checkpoint)
    other.step(15)
    assert bits(other) == bits(run)


def test_a_checkpoint_is_a_snapshot():
    run = trained(5)
    checkpoint, there = run.checkpoint(), bits(run)
    assert checkpoint.nbytes > 0
    run.step(20)
    run.restore(checkpoint)
    assert bits(run) == there


def test_a_checkpoint_of_another_network_is_refused():
    checkpoint = trained(3).checkpoint()
    with pytest.raises(engine.errors.EngineError):
        Case(widths=(2, 3, 1)).start().restore(checkpoint)


EDITS = {
    "learning_rate": (9, "learning_rate", 0.3),
    "optimiser": (9, "optimiser", engine.Momentum(0.02)),
    "regulariser": (9, "regulariser", engine.L2(0.3)),
    "parameter": (9, "parameter", ("dense_1.weight", 3, 2.5)),
    "point": (9, "point", (0.5, -0.25, 1)),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_acts_at_its_step_and_not_before(name):
    edited, plain = experiment().edit(*EDITS[name]), experiment()
    runs = edited.start(), plain.start()
    for run in runs:
        run.step(9)
    if name != "parameter":
        assert bits(runs[0]) == bits(runs[1])
    for run in runs:
        run.step(5)
    assert bits(runs[0]) != bits(runs[1])


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("stops", [(14,), (9, 5), (10, 4), (3, 4, 7), (1,) * 14])
def test_an_edited_run_is_the_same_however_it_is_stepped(name, stops):
    whole, parts = experiment().edit(*EDITS[name]).start(), experiment().edit(*EDITS[name]).start()
    whole.step(14)
    for steps in stops:
        parts.step(steps)
    assert bits(parts) == bits(whole)


@pytest.mark.parametrize("name", ["learning_rate", "optimiser", "regulariser"])
def test_an_edit_is_a_run_planned_anew_at_that_step(name):
    """Without momentum or shuffling only the parameters are carried over, so a new run can take its place."""
    options = {"optimiser": engine.SGD(0.1), "regime": engine.FullBatch()}
    edited = experiment(**options).edit(*EDITS[name]).start()
    edited.step(20)
    before = trained(9, **options)
    change = {"learning_rate": {"optimiser": engine.SGD(0.3)}}.get(name, {name: EDITS[name][2]})
    after = experiment(**(options | change)).start()
    after.set_parameters(before.parameters())
    after.step(11)
    assert bits(edited) == bits(after)


def test_a_parameter_edit_sets_that_number():
    run = experiment().edit(4, "parameter", ("dense_1.weight", 3, 2.5)).start()
    plain = trained(4)
    run.step(4)
    expected = plain.parameters()["dense_1.weight"].copy()
    expected.flat[3] = 2.5
    np.testing.assert_array_equal(run.parameters()["dense_1.weight"], expected)
    np.testing.assert_array_equal(run.trace(1)["dense_1.weight"][0], expected)


def test_an_edit_at_step_0_acts_before_the_first_update():
    run = experiment().edit(0, "parameter", ("dense_2.bias", 0, -1.5)).start()
    assert run.parameters()["dense_2.bias"][0] == -1.5


def test_a_point_joins_the_training_set():
    run = experiment(regime=engine.FullBatch()).edit(3, "point", (4.0, -3.0, 1)).start()
    run.step(2)
    assert run.train_loss() == pytest.approx(run.loss(X, Y), rel=1e-5)
    run.step(2)
    assert run.train_loss() == pytest.approx(run.loss(np.vstack([X, [[4.0, -3.0]]]), np.append(Y, 1)), rel=1e-5)
    assert run.test_loss() == pytest.approx(run.loss(DATA.x_test, DATA.y_test), rel=1e-5)


def test_an_optimiser_edit_restarts_its_state():
    """Adam after Adam at step 9 is a fresh Adam: its first update has the size of the learning rate."""
    run = experiment(regime=engine.FullBatch()).edit(9, "optimiser", engine.Adam(0.01)).start()
    run.step(9)
    before = run.parameters()["dense_1.weight"].copy()
    run.step()
    np.testing.assert_allclose(np.abs(run.parameters()["dense_1.weight"] - before), 0.01, rtol=1e-2)


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.name)
@pytest.mark.parametrize("kept", [4, 9, 12])
def test_checkpoints_before_at_and_after_an_edit(kept, regime, name):
    edited = experiment(regime=regime, optimiser=engine.Momentum(0.05)).edit(*EDITS[name])
    whole, kept_run, fresh = edited.start(), edited.start(), edited.start()
    whole.step(40)
    kept_run.step(kept)
    checkpoint = kept_run.checkpoint()
    kept_run.step(20)
    for run in (kept_run, fresh):
        run.restore(checkpoint)
        run.step(40 - kept)
        assert bits(run) == bits(whole)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (engine.Momentum(0.05, momentum=0.5), engine.Momentum(0.2, momentum=0.5)),
        (engine.Adam(0.05, betas=(0.5, 0.9), epsilon=1e-3), engine.Adam(0.2, betas=(0.5, 0.9), epsilon=1e-3)),
        (engine.SGD(Cosine(0.05, 0.01, 20)), engine.SGD(Cosine(0.2, 0.01, 20))),
    ],
    ids=["momentum", "adam", "cosine"],
)
def test_a_new_rate_leaves_all_other_options_as_they_are(before, after):
    edited, planned = experiment(optimiser=before).edit(0, "learning_rate", 0.2), experiment(optimiser=after)
    runs = edited.start(), planned.start()
    for run in runs:
        run.step(25)
    assert bits(runs[0]) == bits(runs[1])


def test_after_a_new_point_every_epoch_has_each_row_once_in_an_order_of_its_own():
    """With rate 0 an example is known by its loss, which never changes."""
    options = {"optimiser": engine.SGD(0.0), "regime": engine.Stochastic()}
    run = experiment(**options).edit(30, "point", (4.0, -3.0, 1)).start()
    losses = run.trace(30 + 3 * 24)["batch_loss"]
    epochs = [losses[:23], *np.split(losses[30:], 3)]
    for epoch in epochs[1:]:
        assert len(np.unique(epoch)) == 24
        np.testing.assert_array_equal(np.sort(epoch), np.sort(epochs[1]))
    assert set(epochs[0]) < set(epochs[1])
    for one, other in itertools.combinations(epochs, 2):
        assert not np.array_equal(one[:20], other[:20])


def test_several_edits_at_one_step_act_in_their_order():
    edits = [(5, "learning_rate", 0.3), (5, "learning_rate", 0.01), (5, "parameter", ("dense_2.bias", 0, 1.0))]
    one, other = experiment(), experiment()
    for edit in edits:
        one = one.edit(*edit)
    for edit in edits[1:]:
        other = other.edit(*edit)
    runs = one.start(), other.start()
    for run in runs:
        run.step(9)
    assert bits(runs[0]) == bits(runs[1])


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edits_travel_in_the_dictionary(edit):
    one = experiment().edit(*edit)
    again = engine.Experiment.from_dict(json.loads(json.dumps(one.to_dict())))
    assert again == one
    assert again.key == one.key != experiment().key
    assert one.before(9).key == experiment().key
    assert one.before(10).key == one.key


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        ((-1, "learning_rate", 0.1), "edit step"),
        ((3, "learning_rate", -0.1), "learning_rate"),
        ((3, "learning_rate", float("nan")), "learning_rate"),
        ((3, "speed", 1), "edit key"),
        ((3, "optimiser", "sdg"), "optimiser"),
        ((3, "parameter", ("dense_9.weight", 0, 1.0)), "parameter"),
        ((3, "parameter", ("dense_1.weight", 10, 1.0)), "dense_1.weight"),
        ((3, "parameter", ("dense_1.weight", -1, 1.0)), "dense_1.weight"),
        ((3, "parameter", ("dense_1.weight", 0, float("inf"))), "dense_1.weight"),
        ((3, "parameter", "dense_1.weight"), "parameter"),
        ((3, "point", (0.0, float("nan"), 1)), "x2"),
        ((3, "point", (0.0, 1.0)), "point"),
    ],
)
def test_bad_edits_are_named(edit, named):
    with pytest.raises(engine.errors.ConfigurationError, match=named):
        experiment().edit(*edit)


@pytest.mark.parametrize(
    ("arrays", "named"),
    [
        ({"dense_1.weight": np.zeros((2, 5))}, r"dense_1\.weight"),
        ({"dense_7.weight": np.zeros((5, 2))}, r"dense_7\.weight"),
        ({"dense_1.weight": np.full((5, 2), np.nan)}, r"dense_1\.weight"),
    ],
)
def test_bad_parameters_are_named(arrays, named):
    with pytest.raises(engine.errors.EngineError, match=named):
        experiment().start().set_parameters(arrays)


@pytest.mark.parametrize("steps", [-1, 2.5, True, "3"])
def test_bad_step_counts_are_named(steps):
    with pytest.raises(engine.errors.ConfigurationError, match="n|steps"):
        experiment().start().step(steps)


def test_no_steps_are_no_steps():
    run = experiment().start()
    before = bits(run)
    run.step(0)
    assert (run.step_count, bits(run)) == (0, before)
