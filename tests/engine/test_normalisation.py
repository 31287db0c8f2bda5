"""What normalisation keeps and shows: running statistics, evaluation, named quantities and their deltas."""

from __future__ import annotations

import math

import numpy as np
import pytest

import engine
from tests.layer_cases import LayerCase

SHAPES = {"vectors": (5,), "sequences": (4, 5), "images": (5, 3, 2)}
AXES = {"vectors": (0,), "sequences": (0, 1), "images": (0, 2, 3)}


def along_features(kind: str, vector: np.ndarray) -> np.ndarray:
    return vector.reshape(5, 1, 1) if kind == "images" else vector


@pytest.mark.parametrize("kind", SHAPES)
def test_running_statistics_are_the_batches_moving_average(kind):
    """running += momentum (batch's - running); the variance unbiased; from mean 0 and variance 1."""
    case = LayerCase(SHAPES[kind], (engine.BatchNorm(momentum=0.3),), batch=7)
    run = case.start(regime=engine.MiniBatch(7, shuffle=False))
    mean, variance = np.zeros(5), np.ones(5)
    for _ in range(3):
        run.step()
        mean += 0.3 * (case.x.mean(AXES[kind]) - mean)
        variance += 0.3 * (case.x.var(AXES[kind], ddof=1) - variance)
        kept = run.statistics()
        np.testing.assert_allclose(kept["batch_norm_1.running_mean"], mean, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(kept["batch_norm_1.running_var"], variance, rtol=1e-12)


@pytest.mark.parametrize("kind", SHAPES)
def test_evaluation_takes_the_running_statistics(kind):
    case = LayerCase(SHAPES[kind], (engine.BatchNorm(),), batch=7)
    run = case.start()
    run.step(4)
    kept = {name.split(".")[1]: along_features(kind, value) for name, value in run.statistics().items()}
    learnt = {name.split(".")[1]: along_features(kind, value) for name, value in run.parameters().items()}
    n = (case.x - kept["running_mean"]) / np.sqrt(kept["running_var"] + 1e-5)
    np.testing.assert_allclose(run.forward(case.x), learnt["weight"] * n + learnt["bias"], rtol=1e-11, atol=1e-12)


def test_training_normalises_each_feature():
    """Weight 1 and bias 0 give outputs of mean 0 and variance 1, whatever came in."""
    case = LayerCase((5,), (engine.BatchNorm(),), batch=9)
    run = case.start()
    run.set_parameters({"batch_norm_1.weight": np.ones(5), "batch_norm_1.bias": np.zeros(5)})
    zeros = np.zeros((9, 5))
    assert run.loss(100 + 7 * case.x, zeros, training=True) == pytest.approx(1.0, rel=1e-6)


def test_a_batch_of_one_gives_the_bias_and_leaves_the_statistics():
    case = LayerCase((3,), (engine.Dense(4), engine.BatchNorm()), batch=1)
    run = case.start(regime=engine.MiniBatch(2, shuffle=False))
    gradients = run.gradients(case.x, case.y)
    assert not gradients["dense_1.weight"].any()
    assert not gradients["batch_norm_1.weight"].any()
    error = run.parameters()["batch_norm_1.bias"] - case.y[0]
    assert run.loss(case.x, case.y, training=True) == pytest.approx((error**2).mean())
    three = engine.Dataset(np.eye(3), np.zeros((3, 4)), np.eye(3), np.zeros((3, 4)), task="regression")
    run = engine.Experiment(case.network, three, regime=engine.MiniBatch(2, shuffle=False)).start()
    run.step(1)
    kept = run.statistics()
    run.step(1)  # the third example alone
    for name, value in run.statistics().items():
        assert value.tobytes() == kept[name].tobytes()
    assert np.isfinite(run.train_loss())


def test_statistics_are_part_of_a_checkpoint():
    case = LayerCase((3,), (engine.Dense(4), engine.BatchNorm()))
    run = case.start()
    run.step(3)
    checkpoint, kept = run.checkpoint(), run.statistics()
    run.step(2)
    assert not np.array_equal(run.statistics()["batch_norm_1.running_mean"], kept["batch_norm_1.running_mean"])
    run.restore(checkpoint)
    for name, value in run.statistics().items():
        assert value.tobytes() == kept[name].tobytes()


def test_layer_norm_shows_its_quantities_and_their_deltas():
    case = LayerCase((4, 3), (engine.Dense(6), engine.LayerNorm(), engine.Dense(2)))
    trace = case.start().trace(1, follow=2)
    x, n = trace["dense_1.activation"][0], trace["layer_norm_1.normalised"][0]
    mean, variance = trace["layer_norm_1.mean"][0], trace["layer_norm_1.variance"][0]
    s = np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(mean, x.mean(axis=1), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(variance, x.var(axis=1), rtol=1e-12)
    np.testing.assert_allclose(n, (x - mean[:, None]) / s[:, None], rtol=1e-12, atol=1e-14)
    dn = trace["layer_norm_1.normalised.delta"][0]
    np.testing.assert_allclose(dn, case.arrays["layer_norm_1.weight"] * trace["layer_norm_1.delta"][0], rtol=1e-12)
    np.testing.assert_allclose(trace["layer_norm_1.mean.delta"][0], -dn.sum(axis=1) / s, rtol=1e-11, atol=1e-14)
    expected = (dn * (x - mean[:, None])).sum(axis=1) * -0.5 / s**3  # Ioffe & Szegedy 2015, section 3
    np.testing.assert_allclose(trace["layer_norm_1.variance.delta"][0], expected, rtol=1e-11, atol=1e-14)


def test_batch_norm_shows_its_quantities():
    """Of the followed example, so in evaluation: the running statistics, which do not depend on x."""
    case = LayerCase((3,), (engine.Dense(5), engine.BatchNorm(), engine.Dense(2)))
    run = case.start()
    run.step(3)
    kept, trace = run.statistics(), run.trace(1, follow=2)
    np.testing.assert_allclose(trace["batch_norm_1.mean"][0], kept["batch_norm_1.running_mean"], rtol=1e-12)
    np.testing.assert_allclose(trace["batch_norm_1.variance"][0], kept["batch_norm_1.running_var"], rtol=1e-12)
    n = trace["batch_norm_1.normalised"][0]
    np.testing.assert_allclose(trace["batch_norm_1.weight.example_gradient"][0], n * trace["batch_norm_1.delta"][0])
    dn = trace["batch_norm_1.normalised.delta"][0]
    np.testing.assert_allclose(dn, trace["batch_norm_1.weight"][0] * trace["batch_norm_1.delta"][0], rtol=1e-12)
    spread = np.sqrt(kept["batch_norm_1.running_var"] + 1e-5)
    np.testing.assert_allclose(trace["dense_1.delta"][0], dn / spread, rtol=1e-12)


@pytest.mark.parametrize("layer", [engine.BatchNorm(), engine.LayerNorm()])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equal_numbers_have_no_spread_and_no_trouble(layer, dtype):
    case = LayerCase((4,), (layer,), batch=6)
    run = case.start(dtype=dtype)
    same = np.full((6, 4), 3.0)
    assert math.isfinite(run.loss(same, case.y, training=True))
    assert all(np.isfinite(gradient).all() for gradient in run.gradients(same, case.y).values())


def test_the_trace_tells_the_statistics_of_each_batch():
    data = engine.datasets.load("circle", n=40)
    network = engine.Network((2,), [engine.BatchNorm(), engine.Dense(1)], "binary_cross_entropy")
    run = engine.Experiment(network, data, engine.SGD(0.1), engine.MiniBatch(10, shuffle=False)).start()
    trace = run.trace(4)
    for frame in range(2):
        batch = data.x_train[10 * frame : 10 * frame + 10]
        np.testing.assert_allclose(trace["batch_norm_1.batch_mean"][frame], batch.mean(axis=0), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(trace["batch_norm_1.batch_variance"][frame], batch.var(axis=0), rtol=1e-5)
    np.testing.assert_allclose(
        trace["batch_norm_1.mean"][1], 0.1 * data.x_train[:10].mean(axis=0), rtol=1e-4, atol=1e-6
    )
