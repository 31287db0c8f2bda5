"""Forward, loss and gradients against JAX in doubles: an automatic differentiation that shares nothing with ours."""

from __future__ import annotations

import numpy as np
import pytest

from tests import naive
from tests.strategies import HIDDEN_ACTIVATIONS, TARGETS, Case, choice, worst_error


def activation_of(jax, option: naive.Choice):
    nn = jax.nn
    return {
        "identity": lambda z: z,
        "relu": nn.relu,
        "leaky_relu": lambda z: nn.leaky_relu(z, option.get("alpha", 0.01)),
        "elu": lambda z: nn.elu(z, option.get("alpha", 1.0)),
        "gelu": lambda z: nn.gelu(z, approximate=option.get("approximate") == "tanh"),
        "silu": nn.silu,
        "tanh": jax.numpy.tanh,
        "sigmoid": nn.sigmoid,
        "softplus": nn.softplus,
        "softmax": nn.softmax,
    }[option["name"]]


def loss_of(jax, option: naive.Choice):
    """Mean loss of outputs [batch, outputs]."""
    np_, delta = jax.numpy, option.get("delta", 1.0)

    def huber(o, y):
        error = np_.abs(o - y)
        return np_.where(error <= delta, 0.5 * error**2, delta * (error - 0.5 * delta)).mean()

    def categorical(o, y):
        return -jax.nn.log_softmax(o)[np_.arange(len(y)), y].mean()

    def binary(o, y):
        return -(y * jax.nn.log_sigmoid(o) + (1 - y) * jax.nn.log_sigmoid(-o)).mean()

    return {
        "mean_squared_error": lambda o, y: ((o - y) ** 2).mean(),
        "half_squared_error": lambda o, y: 0.5 * ((o - y) ** 2).sum(axis=1).mean(),
        "mean_absolute_error": lambda o, y: np_.abs(o - y).mean(),
        "huber": huber,
        "hinge": lambda o, y: np_.maximum(0.0, 1 - y * o).mean(),
        "binary_cross_entropy": binary,
        "categorical_cross_entropy": categorical,
    }[option["name"]]


def loss_function(jax, case: Case):
    def loss(parameters, x, y):
        for layer in case.layers:
            z = x @ parameters[f"{layer['name']}.weight"].T
            if layer["use_bias"]:
                z = z + parameters[f"{layer['name']}.bias"]
            x = activation_of(jax, layer["activation"])(z)
        return loss_of(jax, choice(case.loss))(x, y), x

    return loss


def assert_equals_jax(jax, batch: list[Case]) -> None:
    """One compilation for all the cases: JAX's compiler, not its arithmetic, is what takes time."""
    functions = [jax.value_and_grad(loss_function(jax, case), has_aux=True) for case in batch]

    @jax.jit
    def all_at_once(arguments):
        return [function(*argument) for function, argument in zip(functions, arguments, strict=True)]

    answers = all_at_once([(case.arrays, case.x, case.y) for case in batch])
    for case, ((loss, outputs), gradients) in zip(batch, answers, strict=True):
        run = case.start()
        np.testing.assert_allclose(run.forward(case.x), outputs, rtol=1e-11, atol=1e-12, err_msg=str(case))
        assert run.loss(case.x, case.y) == pytest.approx(float(loss), rel=1e-12), case
        found = run.gradients(case.x, case.y)
        assert worst_error(found, {name: np.asarray(array) for name, array in gradients.items()}) < 1e-12, case


@pytest.mark.parametrize("loss", sorted(TARGETS))
def test_every_activation_with_every_loss(jax, loss):
    batch = [
        Case(widths=(3, 5, 4), activations=(activation, activation), loss=loss, batch=9, seed=seed)
        for seed, activation in enumerate(naive.ACTIVATION_CHOICES)
    ]
    assert_equals_jax(jax, batch)


@pytest.mark.parametrize("seed", range(4))
def test_random_networks(jax, seed):
    """Two random networks at a time: 0 to 5 hidden layers, odd widths, any activations."""
    rng = np.random.default_rng(seed)
    batch = []
    for number in range(2):
        hidden = [int(width) for width in rng.choice([1, 2, 3, 5, 17, 33], rng.integers(0, 6))]
        names = (*(str(name) for name in rng.choice(HIDDEN_ACTIVATIONS, len(hidden))), "identity")
        widths = (int(rng.choice([1, 2, 5, 17])), *hidden, int(rng.integers(2, 6)))
        case = Case(
            widths, names, str(rng.choice(sorted(TARGETS))), int(rng.choice([1, 7, 16, 33])), 10 * seed + number
        )
        batch.append(case)
    assert_equals_jax(jax, batch)


def test_large_logits_stay_finite(jax):
    """The stable forms of the cross-entropies: logits of +-1000 give losses of about 1000, not infinity."""
    for loss in ("binary_cross_entropy", "categorical_cross_entropy"):
        case = Case(widths=(2, 3), activations=("identity",), loss=loss, batch=16)
        case.arrays["dense_1.weight"] *= 1000
        assert_equals_jax(jax, [case])
