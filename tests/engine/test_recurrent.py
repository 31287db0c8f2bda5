"""Embedding and recurrent layers against the naive twin, central differences and JAX, in float64. Integration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import engine
from engine.errors import ConfigurationError
from tests import naive, naive_recurrent
from tests.sequences import RECURRENT, VOCABULARY, SequenceCase, sequence_cases
from tests.strategies import worst_error


def naive_batch(case: SequenceCase) -> tuple[float, list, dict[str, np.ndarray]]:
    """Mean loss, outputs of each example and mean gradients."""
    parameters, loss = case.parameters, case.network.loss.to_dict()
    total, outputs, mean = 0.0, [], dict.fromkeys(parameters, 0.0)
    for x, y in zip(case.x.tolist(), case.y.tolist(), strict=True):
        targets = y if case.sequences else [y]
        value, output, gradients, *_ = naive_recurrent.example(case.layers, parameters, loss, x, targets)
        total += value / case.batch
        outputs.append(output if case.sequences else output[0])
        for key, gradient in gradients.items():
            mean[key] += gradient / case.batch
    return total, outputs, naive.to_arrays(mean, case.arrays)


def assert_equals_the_naive_twin(case: SequenceCase) -> None:
    run = case.start()
    loss, outputs, gradients = naive_batch(case)
    np.testing.assert_allclose(run.forward(case.x), outputs, rtol=1e-11, atol=1e-12)
    assert run.loss(case.x, case.y) == pytest.approx(loss, rel=1e-12)
    assert worst_error(run.gradients(case.x, case.y), gradients) < 1e-12


@given(case=sequence_cases())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_network_equals_the_naive_twin(case):
    assert_equals_the_naive_twin(case)


@pytest.mark.parametrize("steps", [1, 2, 9])
@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("kind", RECURRENT)
def test_every_kind_equals_the_naive_twin(kind, sequences, steps):
    """Wider than a vector, so that every tile of the products is used."""
    assert_equals_the_naive_twin(SequenceCase((kind,), (33,), 18, steps, 3, sequences))


@pytest.mark.parametrize("tokens", [False, True], ids=["values", "tokens"])
@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("kind", RECURRENT)
def test_gradient_is_the_central_difference(kind, sequences, tokens):
    case = SequenceCase((kind, kind), (3, 2), steps=5, sequences=sequences, tokens=tokens)
    report = engine.gradient_check(case.start(), case.x, case.y, most=1000)
    assert report.checked == sum(array.size for array in case.arrays.values())
    assert report.max_relative_error < 1e-6


def test_relu_is_the_central_difference():
    case = SequenceCase(("simple_rnn",), (4,), activation="relu", sequences=True, seed=1)
    assert engine.gradient_check(case.start(), case.x, case.y).max_relative_error < 1e-6


@pytest.mark.parametrize("batch", [1, 15, 16, 17])
@pytest.mark.parametrize("kind", RECURRENT)
def test_any_batch_has_the_mean_gradient_of_its_examples(kind, batch):
    """Lanes of padding count for nothing, in the embedding neither, where they hold token 0."""
    case = SequenceCase((kind,), (5,), tokens=True, sequences=True, batch=batch)
    run = case.start()
    each = [run.gradients(case.x[i : i + 1], case.y[i : i + 1]) for i in range(batch)]
    mean = {name: np.mean([gradients[name] for gradients in each], axis=0) for name in each[0]}
    assert worst_error(run.gradients(case.x, case.y), mean) < 1e-12


@given(case=sequence_cases())
@settings(max_examples=20, deadline=None, derandomize=True)
def test_float32_is_the_same_network_in_fewer_digits(case):
    single, double = case.start(dtype="float32"), case.start()
    np.testing.assert_allclose(single.forward(case.x), double.forward(case.x), rtol=2e-5, atol=2e-5)
    assert worst_error(single.gradients(case.x, case.y), double.gradients(case.x, case.y)) < 1e-4


# ------------------------------------------------------------------------------------------- an independent library


def jax_loss(jax, case: SequenceCase):
    from tests.benchmarks.peers.jax_peer import LAYERS

    def loss(parameters, x, y):
        for layer in case.layers:
            x = LAYERS[layer["kind"]](layer["name"], layer, parameters, x)
        if case.loss == "mean_squared_error":
            return ((x - y) ** 2).mean(), x
        return -jax.numpy.take_along_axis(jax.nn.log_softmax(x), y[..., None], axis=-1).mean(), x

    return loss


@given(case=sequence_cases(most=1))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_any_network_equals_jax(jax, case):
    function = jax.jit(jax.value_and_grad(jax_loss(jax, case), has_aux=True))
    (loss, outputs), gradients = function(case.arrays, case.x, case.y)
    run = case.start()
    np.testing.assert_allclose(run.forward(case.x), outputs, rtol=1e-11, atol=1e-12)
    assert run.loss(case.x, case.y) == pytest.approx(float(loss), rel=1e-12)
    expected = {name: np.asarray(array) for name, array in gradients.items()}
    assert worst_error(run.gradients(case.x, case.y), expected) < 1e-12


# ------------------------------------------------------------------------------------------------ what can be seen


@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("kind", RECURRENT)
def test_the_trace_shows_every_quantity_and_the_gradient_that_reaches_it(kind, sequences):
    case = SequenceCase((kind,), (3,), steps=5, sequences=sequences)
    layer, (x, y) = case.layers[0], (case.x[2].tolist(), case.y[2].tolist())
    trace = case.start().trace(1, follow=2)
    loss = case.network.loss.to_dict()
    *_, seen, deltas = naive_recurrent.example(case.layers, case.parameters, loss, x, y if sequences else [y])
    name, tape = layer["name"], seen[0]
    quantities = {"lstm": {"gates", "cell"}, "gru": {"gates", "recurrent"}}.get(kind, set()) | {
        "pre_activation",
        "hidden",
    }
    for quantity in quantities:
        found = trace[f"{name}.{quantity}"][0]
        np.testing.assert_allclose(found.reshape(5, -1), [step[quantity] for step in tape], rtol=1e-12)
        found = trace[f"{name}.delta" if quantity == "pre_activation" else f"{name}.{quantity}.delta"][0]
        expected = [step[quantity] for step in deltas[name]]
        np.testing.assert_allclose(found.reshape(5, -1), expected, rtol=1e-11, atol=1e-17)
    gates = {"simple_rnn": (), "lstm": (4,), "gru": (3,)}[kind]
    assert trace[f"{name}.pre_activation"].shape == (1, 5, *gates, 3)
    np.testing.assert_array_equal(trace[f"{name}.activation"], trace[f"{name}.hidden"])


def test_the_trace_shows_the_vectors_of_tokens():
    case = SequenceCase(tokens=True)
    trace = case.start().trace(1, follow=1)
    expected = case.arrays["embedding_1.weight"][case.x[1].astype(int)]
    np.testing.assert_array_equal(trace["embedding_1.activation"][0], expected)
    assert trace["embedding_1.delta"].shape == (1, case.steps, case.features)


# -------------------------------------------------------------------------------------------------- what is chosen


@pytest.mark.parametrize("name", [*RECURRENT, "embedding"])
def test_becomes_a_dictionary_and_comes_back(name):
    layers = {
        "simple_rnn": engine.SimpleRNN(3, return_sequences=True, activation="relu"),
        "lstm": engine.LSTM(3, forget_bias=0.5, weight_hh_initialiser="glorot_normal"),
        "gru": engine.GRU(3, weight_ih_initialiser=engine.initialisers.Normal(0.1)),
        "embedding": engine.Embedding(7, 3, weight_initialiser="uniform"),
    }
    again = engine.layers.Layer.from_dict(layers[name].to_dict())
    assert again == layers[name]
    assert again.to_dict()["name"] == name


@pytest.mark.parametrize("layer", [engine.SimpleRNN, engine.LSTM, engine.GRU])
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"units": 0}, "units"),
        ({"units": 2.0}, "units"),
        ({"units": 2, "return_sequences": 1}, "return_sequences"),
        ({"units": 2, "weight_hh_initialiser": "ones"}, "initialiser"),
    ],
)
def test_bad_options_are_named(layer, options, named):
    with pytest.raises(ConfigurationError, match=named):
        layer(**options)


def test_bad_options_of_one_kind_are_named():
    with pytest.raises(ConfigurationError, match="tanh or relu"):
        engine.SimpleRNN(2, activation="sigmoid")
    with pytest.raises(ConfigurationError, match="forget_bias"):
        engine.LSTM(2, forget_bias=float("nan"))
    with pytest.raises(ConfigurationError, match="vocab_size"):
        engine.Embedding(0, 2)
    with pytest.raises(ConfigurationError, match="units"):
        engine.Embedding(2, 0)


@pytest.mark.parametrize("layer", [engine.SimpleRNN(2), engine.LSTM(2), engine.GRU(2)], ids=RECURRENT)
@pytest.mark.parametrize("shape", [(3,), (3, 2, 2)])
def test_needs_a_sequence(layer, shape):
    with pytest.raises(ConfigurationError, match=f"input of {layer.name}.*return_sequences"):
        engine.Network(shape, [layer], "mean_squared_error")


def test_embedding_comes_first_and_takes_whole_numbers():
    with pytest.raises(ConfigurationError, match="the first layer"):
        engine.Network((3,), [engine.Dense(3), engine.Embedding(4, 2)], "mean_squared_error")
    with pytest.raises(ConfigurationError, match="the first layer"):
        engine.Network((3,), [engine.Residual([engine.Embedding(4, 2), engine.LSTM(3)])], "mean_squared_error")
    with pytest.raises(ConfigurationError, match="time,"):
        engine.Network((3, 1), [engine.Embedding(4, 2)], "mean_squared_error")
    run = SequenceCase(tokens=True, steps=2).start()
    for bad in (-1, 0.5, VOCABULARY):
        with pytest.raises(ConfigurationError, match=f"whole numbers from 0 to {VOCABULARY - 1}"):
            run.forward([[0, bad]])


def test_a_token_outside_the_table_reads_and_writes_inside_it():
    """Such tokens never come so far; if they do, nothing else in memory is touched."""
    case = SequenceCase(tokens=True, batch=2)
    run = case.start()
    run._examples.inputs[0, : case.steps], run._examples.inputs[1, : case.steps] = -1e9, 1e9
    run.step()
    moved = (run.parameters()["embedding_1.weight"] != case.arrays["embedding_1.weight"]).any(axis=1)
    assert moved.tolist() == [True, False, False, False, True]


def test_first_weights_of_each_gate_and_the_forget_bias():
    run = engine.Experiment(
        engine.Network((4, 5), [engine.LSTM(6, forget_bias=2.0), engine.Dense(3)], "categorical_cross_entropy"),
        SequenceCase(features=5).dataset(),
    ).start()
    first = run.parameters()
    np.testing.assert_array_equal(first["lstm_1.bias"], np.repeat([0, 2, 0, 0], 6))
    for gate in first["lstm_1.weight_hh"].reshape(4, 6, 6):
        np.testing.assert_allclose(gate @ gate.T, np.eye(6), atol=1e-6)
    assert 0.8 < np.abs(first["lstm_1.weight_ih"]).max() / np.sqrt(6 / (5 + 6)) <= 1


def test_biases_are_not_penalised():
    case = SequenceCase(("gru",), (2,))
    moved = {
        name: case.start(regulariser=engine.L2(rate) if rate else None)
        for name, rate in (("plain", 0), ("penalised", 1.0))
    }
    for run in moved.values():
        run.step()
    plain, penalised = (run.parameters() for run in moved.values())
    same = {name.partition(".")[2] for name in plain if np.array_equal(plain[name], penalised[name])}
    assert same == {"bias", "bias_ih", "bias_hh"}


@pytest.mark.parametrize("kind", RECURRENT)
def test_training_replays_to_the_same_bits(kind):
    case = SequenceCase((kind, kind), (3, 5), tokens=True, batch=7)
    runs = [case.start(dtype="float32", regime=engine.MiniBatch(3)) for _ in range(2)]
    runs[0].step(20)
    for _ in range(20):
        runs[1].step()
    for name, array in runs[0].parameters().items():
        assert array.tobytes() == runs[1].parameters()[name].tobytes()
