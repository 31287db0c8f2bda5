"""Which rows each update sees. Every row of the data carries a mark of its own, so a gradient tells who was there."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import engine
from engine.regimes import Regime
from tests import naive
from tests.strategies import Case


def marked_case(n: int) -> Case:
    """Inputs: two numbers, then a 1 in the column of the row's own number."""
    case = Case(widths=(2 + n, 3, 1), batch=n)
    case.x[:, 2:] = np.eye(n)
    return case


def seen_rows(n: int, steps: int, **options) -> list[set[int]]:
    """The rows of the training set that took part in each of the first updates."""
    trace = marked_case(n).start(**options).trace(steps)
    gradients = trace["dense_1.weight.gradient"]
    return [set(np.flatnonzero(np.abs(gradient[:, 2:]).max(axis=0)).tolist()) for gradient in gradients]


def sizes(rows: list[set[int]]) -> list[int]:
    return [len(batch) for batch in rows]


def test_full_batch_sees_every_row_every_time():
    assert seen_rows(7, 3, regime=engine.FullBatch()) == [set(range(7))] * 3


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 7])
@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_is_every_row_once_and_the_last_batch_may_be_smaller(size, shuffle):
    per_epoch = -(-7 // size)
    rows = seen_rows(7, 3 * per_epoch, regime=engine.MiniBatch(size, shuffle=shuffle))
    for start in range(0, len(rows), per_epoch):
        epoch = rows[start : start + per_epoch]
        assert sizes(epoch) == [size] * (7 // size) + [7 % size] * (7 % size > 0)
        assert set().union(*epoch) == set(range(7))


def test_without_shuffling_the_order_is_that_of_the_data():
    expected = [set(batch) for batch in naive.batches(3, [range(7)] * 9, steps=7)]
    assert seen_rows(7, 7, regime=engine.MiniBatch(3, shuffle=False)) == expected


def test_shuffling_draws_a_new_order_each_epoch_and_for_each_seed():
    orders = {
        tuple(
            row
            for batch in seen_rows(12, 48, regime=engine.Stochastic(), seed=seed)[start : start + 12]
            for row in batch
        )
        for seed in range(3)
        for start in range(0, 48, 12)
    }
    assert len(orders) == 12
    assert all(sorted(order) == list(range(12)) for order in orders)


def test_every_row_is_as_likely_to_come_first():
    firsts = [
        min(batch) for seed in range(20) for batch in seen_rows(4, 40, regime=engine.Stochastic(), seed=seed)[::4]
    ]
    counts = np.bincount(firsts, minlength=4)  # 200 draws of 4: mean 50, deviation 6
    assert counts.min() > 25
    assert counts.max() < 75


def test_stochastic_without_shuffling_goes_through_the_rows():
    assert seen_rows(5, 7, regime=engine.Stochastic(shuffle=False)) == [{0}, {1}, {2}, {3}, {4}, {0}, {1}]


@pytest.mark.parametrize("size", [8, 30, 1000])
def test_a_batch_larger_than_the_data_is_the_full_batch(size):
    assert seen_rows(7, 3, regime=engine.MiniBatch(size)) == [set(range(7))] * 3
    case = Case(batch=7)
    runs = [case.start(regime=regime) for regime in (engine.MiniBatch(size, shuffle=False), engine.FullBatch())]
    for run in runs:
        run.step(5)
    assert runs[0].parameters()["dense_1.weight"].tobytes() == runs[1].parameters()["dense_1.weight"].tobytes()


@pytest.mark.parametrize(("n", "size"), [(7, 3), (8, 3), (7, 4), (6, 3), (7, 7), (5, 4)])
def test_carried_rows_join_the_first_update_of_the_next_epoch(n, size):
    expected = [set(batch) for batch in naive.batches(size, itertools.repeat(range(n)), carry=True, steps=9)]
    assert seen_rows(n, 9, regime=engine.MiniBatch(size, shuffle=False, carry=True)) == expected


def test_epochs_are_counted_in_updates():
    run = Case(batch=7).start(regime=engine.MiniBatch(3))
    assert (run.step_count, run.epoch) == (0, 0)
    run.train(epochs=2)
    assert (run.step_count, run.epoch) == (6, 2)
    run.step()
    assert (run.step_count, int(run.epoch)) == (7, 2)
    assert run.trace(1).header["epoch_steps"] == 3


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"size": 0}, "batch size"),
        ({"size": -3}, "batch size"),
        ({"size": 2.5}, "batch size"),
        ({"size": True}, "batch size"),
        ({"size": 3, "shuffle": True, "carry": True}, "carry"),
    ],
)
def test_bad_options_are_named(options, named):
    with pytest.raises(engine.errors.ConfigurationError, match=named):
        engine.MiniBatch(**options)


def test_carrying_more_than_there_is_is_refused():
    with pytest.raises(engine.errors.ConfigurationError, match="batch size"):
        Case(batch=5).start(regime=engine.MiniBatch(6, shuffle=False, carry=True))


def test_registered_names_are_those_of_the_issue():
    assert set(Regime.names()) == {"full_batch", "mini_batch", "stochastic"}
