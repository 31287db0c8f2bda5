"""Chains of normalisation, dropout, residual and attention layers against four oracles, in training: the naive twin,
JAX in doubles, central differences, and the same chain in single precision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.errors import ConfigurationError
from engine.layers import Layer
from tests import naive_attention
from tests.layer_cases import LayerCase, mask, sequence_cases
from tests.strategies import worst_error

WIDE = LayerCase((4, 5), (engine.Dense(6), engine.TransformerBlock(2), engine.Dense(3)))
EVERY = {
    "batch_norm": engine.BatchNorm(momentum=0.3, epsilon=1e-3),
    "layer_norm": engine.LayerNorm(epsilon=1e-3),
    "dropout": engine.Dropout(0.3),
    "residual": engine.Residual([engine.LayerNorm(), engine.Dense(6, "tanh"), engine.Residual([engine.Dense(6)])]),
    "positional_encoding": engine.PositionalEncoding(),
    "self_attention": engine.SelfAttention(3, causal=True),
    "transformer_block": engine.TransformerBlock(2, 7, "tanh", causal=True, norm_first=False),
}
CASES = {
    **{name: LayerCase((4, 3), (engine.Dense(6), layer, engine.Dense(2))) for name, layer in EVERY.items()},
    "batch_norm of vectors": LayerCase((5,), (engine.Dense(4), engine.BatchNorm(), engine.Dense(2))),
    "batch_norm of images": LayerCase((3, 4, 2), (engine.BatchNorm(), engine.Residual([engine.BatchNorm()]))),
    "layer_norm of vectors": LayerCase((5,), (engine.Dense(4), engine.LayerNorm(), engine.Dense(2))),
    "dropout of images": LayerCase((3, 4, 2), (engine.BatchNorm(), engine.Dropout(0.5))),
    "data straight in": LayerCase((3, 4), (engine.SelfAttention(2), engine.LayerNorm())),
    "four numbers straight in": LayerCase((2, 2), (engine.SelfAttention(1), engine.LayerNorm())),
    "one head each": LayerCase((3, 4), (engine.SelfAttention(4),)),
}
# among layers of other families, which the naive twin here does not know
MIXED = {
    "twice the same": LayerCase((3, 4), (engine.Residual([engine.Activation("identity")]), engine.Dense(2))),
    "around an LSTM": LayerCase(
        (4, 5), (engine.Residual([engine.LayerNorm(), engine.LSTM(5, return_sequences=True)]), engine.GRU(3))
    ),
    "around a convolution": LayerCase(
        (2, 5, 4),
        (
            engine.BatchNorm(),
            engine.Residual([engine.Conv2D(2, 3, padding=1), engine.BatchNorm(), engine.Dropout(0.2)]),
            engine.Flatten(),
            engine.LayerNorm(),
            engine.Dense(2),
        ),
    ),
}


def assert_equals_naive(case: LayerCase) -> None:
    run = case.start()
    loss, gradients = case.naive()
    assert run.loss(case.x, case.y, training=True) == pytest.approx(loss, rel=1e-12)
    assert worst_error(run.gradients(case.x, case.y), gradients) < 1e-11


@pytest.mark.parametrize("batch", [1, 15, 16, 17])
@pytest.mark.parametrize("name", CASES)
def test_every_layer_equals_the_naive_twin(name, batch):
    """At batches about a whole vector: what lies in the padding does not matter."""
    assert_equals_naive(replace(CASES[name], batch=batch))


@given(case=sequence_cases())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_chain_equals_the_naive_twin(case):
    assert_equals_naive(case)


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("name", [*CASES, *MIXED])
def test_gradient_of_every_layer_is_the_central_difference(name, batch):
    case = replace((CASES | MIXED)[name], batch=batch)
    report = engine.gradient_check(case.start(), case.x, case.y)
    assert report.max_relative_error < 1e-6, report.errors


@given(case=sequence_cases())
@settings(max_examples=15, deadline=None, derandomize=True)
def test_gradient_of_any_chain_is_the_central_difference(case):
    report = engine.gradient_check(case.start(), case.x, case.y, most=6)
    assert report.max_relative_error < 1e-6, report.errors


def jax_chain(chain: list, parameters: dict, x):
    from tests.benchmarks.peers.jax_peer import LAYERS

    for name, layer in chain:
        if layer["name"] == "dropout":
            x = x * mask(name, layer["rate"], x.shape)
        elif layer["name"] == "residual":
            x = x + jax_chain(naive_attention.numbered(layer["layers"], f"{name}."), parameters, x)
        else:
            x = LAYERS[layer["name"]](name, layer, parameters, x)
    return x


def assert_equals_jax(jax, case: LayerCase) -> None:
    def loss(parameters):
        output = jax_chain(case.chain, parameters, case.x)
        return ((output - case.y.reshape(output.shape)) ** 2).mean()

    run = case.start()
    value, gradients = jax.jit(jax.value_and_grad(loss))(case.arrays)
    assert run.loss(case.x, case.y, training=True) == pytest.approx(float(value), rel=1e-12)
    assert worst_error(run.gradients(case.x, case.y), {name: np.asarray(g) for name, g in gradients.items()}) < 1e-12


@pytest.mark.parametrize("name", CASES)
def test_every_layer_equals_jax(jax, name):
    assert_equals_jax(jax, replace(CASES[name], batch=9))


@given(case=sequence_cases())
@settings(max_examples=8, deadline=None, derandomize=True)
def test_any_chain_equals_jax(jax, case):
    assert_equals_jax(jax, case)


@given(case=sequence_cases())
@settings(max_examples=15, deadline=None, derandomize=True)
def test_float32_is_the_same_chain_in_fewer_digits(case):
    """In evaluation too, where running statistics have moved once."""
    single, double = case.start(dtype="float32"), case.start()
    for run in (single, double):
        run.step()
        run.set_parameters(case.arrays)
    np.testing.assert_allclose(single.forward(case.x), double.forward(case.x), rtol=1e-4, atol=1e-4)
    found, expected = single.loss(case.x, case.y, training=True), double.loss(case.x, case.y, training=True)
    assert found == pytest.approx(expected, rel=1e-4)


@given(case=sequence_cases(), size=st.sampled_from([1, 3, 16]))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_evaluation_takes_each_example_for_itself(case, size):
    run = case.start()
    parts = [run.forward(case.x[start : start + size]) for start in range(0, case.batch, size)]
    np.testing.assert_allclose(np.concatenate(parts), run.forward(case.x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_networks_come_back_from_their_dictionaries(name):
    network = CASES[name].network
    assert engine.Network.from_dict(network.to_dict()) == network
    assert Layer.from_dict(network.layers[0].to_dict()) == network.layers[0]


@pytest.mark.parametrize("name", [*CASES, *MIXED])
def test_training_replays_bit_for_bit(name):
    """Forward again from a checkpoint, and with each step observed: dropout and running statistics too."""
    case, options = (CASES | MIXED)[name], {"regime": engine.MiniBatch(3), "optimiser": engine.Adam(0.01), "seed": 3}
    run, other = case.start(**options), case.start(**options)
    run.step(2)
    checkpoint = run.checkpoint()
    run.step(5)
    expected = {**run.parameters(), **run.statistics()}
    run.restore(checkpoint)
    run.step(5)
    other.trace(7)
    for again in (run, other):
        for key, array in {**again.parameters(), **again.statistics()}.items():
            assert array.tobytes() == expected[key].tobytes(), key


@pytest.mark.parametrize("name", CASES)
def test_looking_changes_nothing(name):
    case = CASES[name]
    run = case.start()
    run.step(2)
    before = {**run.parameters(), **run.statistics()}
    run.loss(case.x, case.y, training=True)
    run.gradients(case.x, case.y)
    run.forward(case.x)
    for key, array in {**run.parameters(), **run.statistics()}.items():
        assert array.tobytes() == before[key].tobytes(), key


@pytest.mark.parametrize("name", CASES)
def test_the_trace_has_every_quantity_of_every_layer(name):
    case = CASES[name]
    trace = case.start().trace(3, follow=1)
    assert np.isfinite(np.concatenate([array.ravel() for array in trace.arrays.values()])).all()
    for leaf in case.network.leaves():
        for quantity in ("pre_activation", "activation", "delta"):
            assert trace[f"{leaf.name}.{quantity}"].shape == (3, *leaf.output_shape)


def test_names_of_parameters_inside_layers():
    residual = engine.Network((5,), [engine.Residual([engine.Dense(4), engine.BatchNorm(), engine.Dense(5)])], "huber")
    assert list(residual.parameter_shapes())[:4] == [
        "residual_1.dense_1.weight",
        "residual_1.dense_1.bias",
        "residual_1.batch_norm_1.weight",
        "residual_1.batch_norm_1.bias",
    ]
    assert list(residual.statistic_shapes()) == [
        "residual_1.batch_norm_1.running_mean",
        "residual_1.batch_norm_1.running_var",
    ]
    parts = ("layer_norm_1", "self_attention_1", "layer_norm_2", "dense_1", "dense_2")
    assert [leaf.name for leaf in WIDE.network.leaves()][1:-1] == [f"transformer_block_1.{part}" for part in parts]
    shapes = WIDE.network.parameter_shapes()
    assert shapes["transformer_block_1.self_attention_1.in_proj.weight"] == (18, 6)
    assert shapes["transformer_block_1.dense_1.weight"] == (24, 6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: engine.Dropout(1.0), "rate"),
        (lambda: engine.Dropout(-0.1), "rate"),
        (lambda: engine.BatchNorm(epsilon=0.0), "epsilon"),
        (lambda: engine.BatchNorm(momentum=1.5), "momentum"),
        (lambda: engine.LayerNorm(-1.0), "epsilon"),
        (lambda: engine.SelfAttention(0), "heads"),
        (lambda: engine.SelfAttention(2, causal="yes"), "causal"),
        (lambda: engine.TransformerBlock(2, ff_units=0), "ff_units"),
        (lambda: engine.TransformerBlock(2, norm_first=1), "norm_first"),
        (lambda: engine.TransformerBlock(2, activation="swish"), "swish"),
        (lambda: engine.Residual([]), "at least one layer"),
        (lambda: engine.Network((3,), [engine.Residual([engine.Dense(4)])], "huber"), r"\(3,\), as its input"),
        (lambda: engine.Network((3,), [engine.SelfAttention(1)], "huber"), r"\(time, features\)"),
        (lambda: engine.Network((3,), [engine.TransformerBlock(1)], "huber"), r"\(time, features\)"),
        (lambda: engine.Network((3,), [engine.PositionalEncoding()], "huber"), r"\(time, features\)"),
        (lambda: engine.Network((3, 5), [engine.SelfAttention(2)], "huber"), "a divisor of 5"),
        (lambda: engine.Network((3, 5, 2), [engine.LayerNorm()], "huber"), r"Flatten\(\)"),
        (lambda: engine.Network((3, 5, 2, 1), [engine.BatchNorm()], "huber"), "batch_norm"),
        (lambda: LayerCase((3,), (engine.BatchNorm(),)).start(regime=engine.Stochastic()), "at least 2 examples"),
        (lambda: LayerCase((1, 3), (engine.BatchNorm(),)).start(regime=engine.MiniBatch(1)), "at least 2 examples"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(make, words):
    with pytest.raises(ConfigurationError, match=words):
        make()
