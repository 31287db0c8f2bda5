"""The naive twin itself, against central differences and numbers worked out by hand. Unit; no engine."""

from __future__ import annotations

import math

import pytest

from tests import naive

POINTS = (-3.7, -1.1, -0.3, 0.2, 0.9, 2.6)
H = 1e-4


def slope_of(function, z: float) -> float:
    return (8 * (function(z + H) - function(z - H)) - (function(z + 2 * H) - function(z - 2 * H))) / (12 * H)


@pytest.mark.parametrize("activation", [a for a in naive.ACTIVATION_CHOICES if a["name"] != "softmax"], ids=str)
def test_activation_slopes(activation):
    (function, slope), options = naive.ACTIVATIONS[activation["name"]], naive.options_of(activation)
    for z in POINTS:
        assert slope(z, **options) == pytest.approx(slope_of(lambda v: function(v, **options), z), rel=1e-9, abs=1e-11)


def test_softmax_backward():
    z, delta = [0.3, -1.2, 2.0], [0.7, -0.1, 0.4]
    for i in range(3):

        def along(v, i=i):
            return sum(a * d for a, d in zip(naive.softmax(z[:i] + [v] + z[i + 1 :]), delta, strict=True))

        assert naive.softmax_backward(z, delta)[i] == pytest.approx(slope_of(along, z[i]), rel=1e-9)


@pytest.mark.parametrize("name", sorted(naive.LOSSES))
def test_loss_slopes(name):
    value, slope = naive.LOSSES[name]
    output = [0.3, -1.7, 2.4]
    target = 1 if name == "categorical_cross_entropy" else [1.0, -1.0, -1.0] if name == "hinge" else [1.0, 0.0, 1.0]
    for i in range(3):
        expected = slope_of(lambda v, i=i: value(output[:i] + [v] + output[i + 1 :], target), output[i])
        assert slope(output, target)[i] == pytest.approx(expected, rel=1e-8, abs=1e-11)


@pytest.mark.parametrize(
    ("name", "output", "target", "expected"),
    [
        ("mean_squared_error", [1.0, 3.0], [0.0, 1.0], 2.5),
        ("half_squared_error", [1.0, 3.0], [0.0, 1.0], 2.5),
        ("half_squared_error", [3.0], [1.0], 2.0),
        ("mean_absolute_error", [1.0, 3.0], [0.0, 1.0], 1.5),
        ("huber", [0.5, 3.0], [0.0, 1.0], (0.125 + 1.5) / 2),
        ("hinge", [0.5, 3.0], [1.0, -1.0], (0.5 + 4.0) / 2),
        ("binary_cross_entropy", [0.0], [1.0], math.log(2)),
        ("binary_cross_entropy", [800.0], [0.0], 800.0),
        ("categorical_cross_entropy", [0.0, 0.0, 0.0], 2, math.log(3)),
        ("categorical_cross_entropy", [900.0, 0.0], 1, 900.0),
    ],
)
def test_loss_values(name, output, target, expected):
    assert naive.LOSSES[name][0](output, target) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "options", "after"),
    [
        ("sgd", {}, [0.8, 0.7]),
        ("momentum", {"momentum": 0.5}, [0.8, 0.6]),  # velocities 2, 2
        ("nesterov", {"momentum": 0.5}, [0.7, 0.5]),  # steps 2 + 1, 1 + 1
        ("adagrad", {"epsilon": 1e-300}, [0.9, 0.9 - 0.1 / math.sqrt(5)]),
        (
            "rmsprop",
            {"alpha": 0.5, "epsilon": 1e-300},
            [1 - 0.1 * math.sqrt(2), 1 - 0.1 * (math.sqrt(2) + 1 / math.sqrt(1.5))],
        ),
        ("adam", {"betas": (0.5, 0.5), "epsilon": 1e-300}, [0.9, 0.9 - 0.1 * (4 / 3) / math.sqrt(2)]),
        (
            "adamw",
            {"betas": (0.5, 0.5), "epsilon": 1e-300, "weight_decay": 1.0},
            [0.8, 0.72 - 0.1 * (4 / 3) / math.sqrt(2)],
        ),
    ],
)
def test_optimisers_by_hand(name, options, after):
    """Two updates from w = 1 with gradients 2 and 1 and learning rate 0.1."""
    value, memory = 1.0, {}
    for gradient, expected in zip((2.0, 1.0), after, strict=True):
        value = naive.OPTIMISERS[name](value, gradient, memory, 0.1, **options)
        assert value == pytest.approx(expected, rel=1e-14)


def test_batches_leave_a_partial_last_one():
    assert list(naive.batches(3, [range(7)] * 2, steps=5)) == [[0, 1, 2], [3, 4, 5], [6], [0, 1, 2], [3, 4, 5]]


def test_batches_carry_left_over_rows_into_the_next_epoch():
    plan = list(naive.batches(3, [range(7)] * 3, carry=True, steps=4))
    assert plan == [[0, 1, 2], [3, 4, 5], [6, 0, 1, 2], [3, 4, 5]]


def test_pruned_weight_dies_when_the_penalty_crosses_zero():
    key = ("dense_1.weight", 0, 0)
    memories: dict = {}
    regulariser = {"name": "l1", "rate": 1.0, "prune": True}
    optimiser = {"name": "sgd", "learning_rate": 0.1}
    after = naive.update({key: 0.05}, {key: 0.0}, memories, optimiser, regulariser)
    assert after == {key: 0.0}
    assert naive.update(after, {key: 5.0}, memories, optimiser, regulariser) == {key: 0.0}
