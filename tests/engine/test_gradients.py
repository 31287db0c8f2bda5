"""Forward and backward pass against central differences and the naive twin, in float64. Integration of every kernel."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings

import engine
from tests import naive
from tests.strategies import TARGETS, WIDTHS, Case, cases, worst_error

REGULARISERS = {
    "none": None,
    "l1": engine.L1(0.03),
    "l2": engine.L2(0.05),
    "elastic_net": engine.ElasticNet(0.02, 0.04),
}
H = 1e-4
RATE = 2.0**-10


@cache
def smooth_case(activation: str, loss: str) -> Case:
    """A small network whose hidden and output layers have `activation`, with no number near a kink."""
    case = Case(widths=(2, 3, 2), activations=({"name": activation}, {"name": activation}), loss=loss, batch=4)
    return case.away_from_kinks()


@cache
def loss_differences(activation: str, loss: str) -> naive.Parameters:
    """Central differences of the engine's own loss, one parameter at a time."""
    case = smooth_case(activation, loss)
    run = case.start()

    def loss_at(parameters: naive.Parameters) -> float:
        run.set_parameters(naive.to_arrays(parameters, case.arrays))
        return run.loss(case.x, case.y)

    return {key: naive.central_difference(loss_at, case.parameters, key, H) for key in case.parameters}


def penalty_differences(parameters: naive.Parameters, regulariser: engine.L1 | engine.L2 | engine.ElasticNet | None):
    choice = regulariser.to_dict() if regulariser else None
    return {key: naive.central_difference(lambda p: naive.penalty(p, choice), parameters, key, H) for key in parameters}


@pytest.mark.parametrize("regulariser", REGULARISERS)
@pytest.mark.parametrize("loss", sorted(TARGETS))
@pytest.mark.parametrize("activation", sorted(naive.ACTIVATIONS))
def test_gradient_is_the_central_difference(activation, loss, regulariser):
    """What plain SGD moves by, divided by its rate, is the slope of loss + penalty: relative error below 1e-6."""
    case = smooth_case(activation, loss)
    run = case.start(optimiser=engine.SGD(RATE), regulariser=REGULARISERS[regulariser])
    run.step()
    after = run.parameters()
    moved = {name: (before - after[name]) / RATE for name, before in case.arrays.items()}
    slopes = loss_differences(activation, loss)
    penalties = penalty_differences(case.parameters, REGULARISERS[regulariser])
    expected = naive.to_arrays({key: slopes[key] + penalties[key] for key in slopes}, case.arrays)
    assert worst_error(moved, expected) < 1e-6


def naive_gradients(case: Case) -> tuple[float, dict[str, np.ndarray]]:
    loss, gradients = naive.batch_gradients(case.layers, case.parameters, case.network.loss.to_dict(), *case.rows)
    return loss, naive.to_arrays(gradients, case.arrays)


@pytest.mark.parametrize("loss", sorted(TARGETS))
@pytest.mark.parametrize("activation", naive.ACTIVATION_CHOICES, ids=lambda a: "-".join(map(str, a.values())))
def test_every_activation_and_loss_equals_the_naive_twin(activation, loss):
    case = Case(widths=(3, 5, 4, 3), activations=(activation,) * 3, loss=loss, batch=7)
    run = case.start()
    value, gradients = naive_gradients(case)
    assert run.loss(case.x, case.y) == pytest.approx(value, rel=1e-12)
    assert worst_error(run.gradients(case.x, case.y), gradients) < 1e-12


@given(case=cases())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_network_equals_the_naive_twin(case):
    run = case.start()
    outputs = [naive.forward(case.layers, case.parameters, x)[0] for x in case.rows[0]]
    np.testing.assert_allclose(run.forward(case.x), outputs, rtol=1e-11, atol=1e-12)
    value, gradients = naive_gradients(case)
    assert run.loss(case.x, case.y) == pytest.approx(value, rel=1e-12)
    assert worst_error(run.gradients(case.x, case.y), gradients) < 1e-11


@given(case=cases())
@settings(max_examples=30, deadline=None, derandomize=True)
def test_float32_is_the_same_network_in_fewer_digits(case):
    run = case.start(dtype="float32")
    assert {array.dtype for array in run.parameters().values()} == {np.dtype("float32")}
    double = case.start()
    np.testing.assert_allclose(run.forward(case.x), double.forward(case.x), rtol=2e-5, atol=2e-5)
    assert run.loss(case.x, case.y) == pytest.approx(double.loss(case.x, case.y), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("inputs", WIDTHS)
@pytest.mark.parametrize("outputs", WIDTHS)
def test_dense_of_any_width_equals_the_naive_twin(inputs, outputs):
    """Register tiles and transposes have their corners at odd widths."""
    case = Case(widths=(inputs, outputs, 2), activations=("tanh", "identity"), batch=13)
    _, gradients = naive_gradients(case)
    assert worst_error(case.start().gradients(case.x, case.y), gradients) < 1e-12


@pytest.mark.parametrize("batch", [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 100])
def test_any_batch_size_has_the_mean_gradient_of_its_examples(batch):
    case = Case(widths=(3, 5, 2), activations=("silu", "identity"), batch=batch)
    run = case.start()
    each = [run.gradients(case.x[i : i + 1], case.y[i : i + 1]) for i in range(batch)]
    mean = {name: np.mean([gradients[name] for gradients in each], axis=0) for name in each[0]}
    assert worst_error(run.gradients(case.x, case.y), mean) < 1e-12


@pytest.mark.parametrize("depth", range(6))
def test_depth_from_no_hidden_layer_to_five(depth):
    case = Case(
        widths=(2, *(3,) * depth, 1), activations=("tanh",) * depth + ("identity",), loss="binary_cross_entropy"
    )
    _, gradients = naive_gradients(case)
    found = case.start().gradients(case.x, case.y)
    assert list(found) == [f"dense_{n}.{p}" for n in range(1, depth + 2) for p in ("weight", "bias")]
    assert worst_error(found, gradients) < 1e-12


@pytest.mark.parametrize(
    "activation", [a for a in naive.ACTIVATION_CHOICES if a["name"] in ("relu", "leaky_relu", "elu")], ids=str
)
def test_slope_at_zero_is_pytorchs(activation):
    """relu 0, leaky_relu and elu alpha: a unit whose pre-activation is exactly 0."""
    case = Case(widths=(1, 1), activations=(activation,), loss="half_squared_error", batch=1)
    run = case.start()
    run.set_parameters({"dense_1.weight": np.zeros((1, 1)), "dense_1.bias": np.zeros(1)})
    slope = {"relu": 0.0, "leaky_relu": 0.01, "elu": 1.0}[activation["name"]]
    gradients = run.gradients(np.ones((1, 1)), -np.ones((1, 1)))
    expected = activation.get("alpha", slope)
    assert gradients["dense_1.bias"][0] == expected
    assert naive.ACTIVATIONS[activation["name"]][1](0.0, **naive.options_of(activation)) == expected


def test_gradients_change_nothing():
    case = Case()
    run = case.start(regime=engine.MiniBatch(4))
    run.step(3)
    before = run.parameters()
    run.gradients(case.x, case.y)
    run.loss(case.x, case.y)
    run.forward(case.x)
    assert run.step_count == 3
    for name, array in run.parameters().items():
        assert array.tobytes() == before[name].tobytes()


def test_gradients_leave_out_the_penalty():
    case = Case()
    plain = case.start().gradients(case.x, case.y)
    penalised = case.start(regulariser=engine.L2(10.0)).gradients(case.x, case.y)
    assert worst_error(penalised, plain) == 0.0


def test_class_numbers_serve_as_bits():
    """Classes 0 and 1 as whole numbers [n] are what binary cross-entropy takes."""
    case = Case(widths=(2, 3, 1), loss="binary_cross_entropy")
    classes = (case.y[:, 0] > 0).astype(np.int64)
    data = engine.Dataset(case.x, classes, case.x, classes)
    experiment = engine.Experiment(case.network, data, engine.SGD(0.1), engine.FullBatch(), dtype="float64")
    run = experiment.start()
    run.set_parameters(case.arrays)
    assert run.train_loss() == pytest.approx(case.start().train_loss(), rel=1e-15)


def test_gradient_check_reports_a_small_error_for_every_parameter():
    case = Case(widths=(2, 5, 3), activations=("gelu", "identity"), loss="categorical_cross_entropy")
    report = engine.gradient_check(case.start())
    assert report.passed
    assert report.max_relative_error < 1e-6
    assert report.checked == sum(array.size for array in case.arrays.values())
    assert set(report.errors) == set(case.arrays)
