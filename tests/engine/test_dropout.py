"""Dropout's mask: exactly the twin's, of the right mean, another at every step, seed, layer and element."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from tests import naive_dropout
from tests.layer_cases import LayerCase

RATES = (0.0, 0.1, 0.5, 0.9)


def masks(run: engine.run.Run, shape: tuple[int, ...]) -> np.ndarray:
    """The mask that the next update would use for a batch of this shape, [batch, ...]."""
    run.loss(np.ones(shape), np.zeros((shape[0], int(np.prod(shape[1:])))), training=True)
    return run._probe.quantity("dropout_1.mask")[:, : shape[0]].T.reshape(shape).copy()


def start(rate: float = 0.5, shape: tuple[int, ...] = (3, 4), batch: int = 5, **options) -> engine.run.Run:
    return LayerCase(shape, (engine.Dropout(rate),), batch).start(**options)


@pytest.mark.parametrize("batch", [1, 15, 16, 17, 33])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mask_is_the_twins(rate, dtype, batch):
    run = start(rate, batch=batch, dtype=dtype, seed=11)
    run.step(3)
    expected = naive_dropout.mask("dropout_1", rate, 11, 3, (batch, 3, 4))
    np.testing.assert_allclose(masks(run, (batch, 3, 4)), expected, rtol=1e-7)


@pytest.mark.parametrize("rate", RATES)
def test_expectation_is_kept(rate):
    """Share dropped within five standard errors of the rate; the mean of the mask about 1."""
    mask = masks(start(rate, (50, 20), batch=64), (64, 50, 20))
    error = 5 * np.sqrt(rate * (1 - rate) / mask.size)
    assert abs((mask == 0).mean() - rate) <= error
    assert abs(mask.mean() - 1) <= error / (1 - rate)
    assert set(np.unique(mask)) <= {0.0, 1 / (1 - rate)}


def test_neighbours_are_independent():
    """No correlation between features, examples or steps beyond what chance gives 64000 pairs."""
    run = start(0.5, (50, 20), batch=64)
    mask = masks(run, (64, 50, 20)) - 1
    run.step()
    for other in (*(np.roll(mask, 1, axis) for axis in range(3)), masks(run, mask.shape) - 1):
        assert abs((mask * other).mean()) < 5 / np.sqrt(mask.size)


def test_every_step_seed_and_layer_has_its_own():
    run = start()
    first = masks(run, (5, 3, 4))
    run.step()
    assert not np.array_equal(first, masks(run, (5, 3, 4)))
    assert not np.array_equal(first, masks(start(seed=1), (5, 3, 4)))
    two = LayerCase((40,), (engine.Dropout(0.5), engine.Dropout(0.5))).start()
    two.step()
    assert not np.array_equal(two._program.quantity("dropout_1.mask"), two._program.quantity("dropout_2.mask"))


def test_the_mask_of_an_example_does_not_depend_on_the_others():
    run = start(batch=40)
    np.testing.assert_array_equal(masks(run, (40, 3, 4))[:3], masks(run, (3, 3, 4)))


def test_evaluation_drops_nothing():
    case = LayerCase((3, 4), (engine.Dropout(0.9),))
    run = case.start()
    np.testing.assert_array_equal(run.forward(case.x), case.x)
    assert run.loss(case.x, case.y) != run.loss(case.x, case.y, training=True)
    assert run.loss(case.x, case.y) == pytest.approx(((case.x.reshape(case.y.shape) - case.y) ** 2).mean())


def test_training_goes_through_the_mask():
    """After one step of SGD the bias moved by rate dL/dy mask: 0 where the unit was dropped for all."""
    case = LayerCase((6,), (engine.Dense(8), engine.Dropout(0.7)), batch=2)
    run = case.start(regime=engine.MiniBatch(2, shuffle=False))
    run.step()
    dropped = (naive_dropout.mask("dropout_1", 0.7, 0, 0, (2, 8)) == 0).all(axis=0)
    moved = run.parameters()["dense_1.bias"] != case.arrays["dense_1.bias"]
    np.testing.assert_array_equal(moved, ~dropped)
    assert 0 < dropped.sum() < 8
