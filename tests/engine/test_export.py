"""Unit: what is exported computes what the engine computes: ONNX in onnxruntime, the texts in JAX, PyTorch and Keras.

A layer that the engine has must be in CASES and in every registry.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import weights
from engine.activations import ActivationFunction
from engine.errors import ConfigurationError, EngineError
from engine.export import code, jax, keras, onnx, pytorch
from engine.layers import Layer
from engine.losses import Loss

ACTIVATIONS = {name: [{"name": name}] for name in ActivationFunction.names()} | {
    "leaky_relu": [{"name": "leaky_relu"}, {"name": "leaky_relu", "alpha": 0.3}],
    "elu": [{"name": "elu"}, {"name": "elu", "alpha": 0.5}],
    "gelu": [{"name": "gelu"}, {"name": "gelu", "approximate": "tanh"}],
}
REGISTRIES = {"onnx": onnx.KINDS, "jax": jax.KINDS, "pytorch": pytorch.KINDS, "keras": keras.KINDS}


def dense(units, activation="identity", **options):
    return {"name": "dense", "units": units, "activation": activation, **options}


def conv(filters=3, kernel_size=3, **options):
    return {"name": "conv2d", "filters": filters, "kernel_size": kernel_size, **options}


def block(**options):
    return {"name": "transformer_block", "heads": 2, "ff_units": 5, **options}


def case(shape, *layers, loss="mean_squared_error"):
    return shape, [{"name": layer} if isinstance(layer, str) else layer for layer in layers], loss


RNN, LSTM, GRU = ({"name": name, "units": 3} for name in ("simple_rnn", "lstm", "gru"))
WHOLE = {"return_sequences": True}
CASES = {
    "one layer": case((3,), dense(2)),
    "deep": case((2,), dense(4, "tanh"), dense(3, "relu"), dense(1), loss="binary_cross_entropy"),
    "without bias": case((2,), dense(3, "sigmoid", use_bias=False), dense(3), loss="categorical_cross_entropy"),
    "time steps": case((5, 2), dense(4, "elu"), dense(3, "softmax"), loss="categorical_cross_entropy"),
    "activation": case((3,), {"name": "activation", "function": "silu"}, dense(2)),
    "flatten": case((4, 3), dense(2, "tanh"), "flatten", dense(2)),
    "convolution": case((1, 8, 8), conv(activation="relu"), "flatten", dense(2)),
    "padding": case((2, 6, 7), conv(padding=1), conv(padding=[2, 0], kernel_size=[3, 2]), "flatten", dense(1)),
    "same": case((2, 7, 6), conv(padding="same", stride=2, kernel_size=2), conv(padding="same"), "flatten", dense(1)),
    "valid": case((1, 5, 5), conv(padding="valid", use_bias=False), "flatten", dense(1)),
    "dilation": case((2, 9, 9), conv(dilation=2, activation="gelu"), conv(stride=[2, 1]), "flatten", dense(2)),
    "pooling": case((2, 9, 8), {"name": "max_pool2d", "size": 2}, {"name": "avg_pool2d", "size": [2, 1]}, "flatten"),
    "pooling, overlapping": case(
        (1, 8, 8), {"name": "max_pool2d", "size": 3, "stride": 2}, {"name": "avg_pool2d", "size": 2, "stride": [1, 2]},
        "flatten", dense(1),
    ),
    "global pooling": case((2, 6, 6), conv(4), "global_average_pool2d", dense(3)),
    "batch norm": case((3,), dense(4), "batch_norm", dense(1)),
    "batch norm over time": case((5, 3), {"name": "batch_norm", "momentum": 0.3}, dense(1)),
    "batch norm of pictures": case((2, 4, 4), conv(3), {"name": "batch_norm", "epsilon": 1e-3}, "flatten", dense(1)),
    "layer norm": case((3,), dense(4), "layer_norm", dense(1)),
    "layer norm over time": case((5, 3), {"name": "layer_norm", "epsilon": 1e-3}, dense(1)),
    "dropout": case((3,), dense(4, "relu"), {"name": "dropout", "rate": 0.3}, dense(1)),
    "embedding": case((5,), {"name": "embedding", "vocab_size": 7, "units": 4}, dense(2)),
    "simple rnn": case((6, 2), RNN, dense(1)),
    "simple rnn, whole": case((6, 2), RNN | WHOLE | {"activation": "relu"}, dense(2)),
    "lstm": case((6, 2), LSTM, dense(1)),
    "lstm, whole": case((1, 2), LSTM | WHOLE, dense(2)),
    "gru": case((6, 2), GRU, dense(1)),
    "gru, whole": case((6, 2), GRU | WHOLE, dense(2)),
    "recurrent, deep": case((6, 2), LSTM | WHOLE, GRU | WHOLE, RNN | WHOLE, RNN | WHOLE, LSTM, dense(1)),
    "characters": case(
        (5,), {"name": "embedding", "vocab_size": 7, "units": 4}, LSTM | WHOLE, dense(7),
        loss="categorical_cross_entropy",
    ),
    "attention": case((5, 4), {"name": "self_attention", "heads": 2}, dense(1)),
    "attention, causal": case((5, 6), {"name": "self_attention", "heads": 3, "causal": True}, dense(1)),
    "position": case((5, 5), "positional_encoding", dense(1)),
    "residual": case((3,), {"name": "residual", "layers": [dense(4, "tanh"), dense(3)]}, dense(1)),
    "residual, nested": case(
        (3,),
        {"name": "residual", "layers": [dense(3), {"name": "residual", "layers": [dense(3, "tanh")]}, dense(3)]},
        {"name": "residual", "layers": [dense(3, "relu")]},
    ),
    "transformer": case((5, 4), block(), dense(2)),
    "transformer, causal": case((5, 4), "positional_encoding", block(causal=True), block(activation="relu"), dense(1)),
    "transformer, norm last": case((5, 4), block(norm_first=False), dense(1)),
    "sorting": case(
        (6,), {"name": "embedding", "vocab_size": 7, "units": 4}, "positional_encoding", block(), block(), dense(7),
        loss="categorical_cross_entropy",
    ),
}  # fmt: skip


def kinds_in(layers):
    for layer in layers:
        yield layer["name"]
        yield from kinds_in(layer.get("layers", ()))


def started(made, dtype, seed=0):
    """A run with weights, biases and statistics that are all different."""
    shape, layers, loss = made
    network = engine.Network(tuple(shape), [Layer.from_dict(layer) for layer in layers], loss)
    rng = np.random.default_rng(seed)
    x = inputs_of(network, rng, 4)
    outputs = network.output_shape
    if Loss.of(loss).targets == "signs":
        y = rng.choice([-1.0, 1.0], (4, *outputs))
        data = engine.Dataset(x, y, x, y, task="regression")
    elif Loss.of(loss).targets == "classes":
        data = engine.Dataset(x, classes_of(outputs, rng, 4), x, classes_of(outputs, rng, 4), labels="class", classes=9)
    else:
        y = rng.integers(0, 2, (4, int(np.prod(outputs)))).astype(float)
        data = engine.Dataset(x, y, x, y, task="regression")
    run = engine.Experiment(network, data, dtype=dtype).start()
    run.set_parameters({name: array + rng.normal(0, 0.3, array.shape) for name, array in run.parameters().items()})
    for view in run._statistics.values():
        view[...] = rng.uniform(0.5, 1.5, view.shape)
    return run


def classes_of(shape, rng, count):
    return rng.integers(0, shape[-1], (count, *shape[:-1]))


def inputs_of(network, rng, count):
    if network.layers[0].name == "embedding":
        return rng.integers(0, network.layers[0].vocab_size, (count, *network.input_shape)).astype(float)
    return rng.normal(size=(count, *network.input_shape))


def close(one, other, tolerance):
    """Equal to a tolerance relative to the greatest number."""
    assert one.shape == other.shape
    assert np.abs(one - other).max() <= tolerance * max(1.0, np.abs(other).max())


# ------------------------------------------------------------------------------------------------------- complete


@pytest.mark.parametrize("language", REGISTRIES)
def test_every_layer_can_be_exported(language):
    assert set(Layer.names()) <= set(REGISTRIES[language])


def test_every_layer_has_a_case():
    assert set(Layer.names()) <= {kind for _, layers, _ in CASES.values() for kind in kinds_in(layers)}


def test_every_activation_and_loss_has_its_words():
    written = set(ActivationFunction.names()) - {"identity"}
    assert set(onnx.ACTIVATIONS) == written
    for text in (jax.JaxCode, pytorch.TorchCode, keras.KerasCode):
        assert set(text.activations) == written
        assert set(text.losses) == set(Loss.names())


# ----------------------------------------------------------------------------------------------------------- ONNX


@pytest.fixture(scope="module")
def runtime():
    pytest.importorskip("onnx", reason="onnx is not installed: pip install '.[test]'")
    return pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install '.[test]'")


def outputs_of(runtime, content, x):
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    kind = np.int64 if given.type == "tensor(int64)" else np.float32
    return session.run(None, {"x": x.astype(kind)})[0]


@pytest.mark.parametrize("name", CASES)
def test_onnx_gives_what_the_engine_gives(runtime, name):
    run = started(CASES[name], "float32")
    content = onnx.to_bytes(run)
    for count in (1, 5):
        x = inputs_of(run.experiment.network, np.random.default_rng(count), count)
        close(outputs_of(runtime, content, x), run.forward(x), 1e-5)


@pytest.mark.parametrize("activation", [option for options in ACTIVATIONS.values() for option in options], ids=str)
def test_onnx_has_every_activation(runtime, activation):
    run = started(case((3,), dense(4, activation), dense(3, activation)), "float32")
    x = 4.0 * np.random.default_rng(0).normal(size=(20, 3))
    close(outputs_of(runtime, onnx.to_bytes(run), x), run.forward(x), 1e-5)


widths = st.lists(st.integers(1, 6), min_size=1, max_size=4)
functions = st.sampled_from([option for options in ACTIVATIONS.values() for option in options])


@given(inputs=st.integers(1, 5), widths=widths, seed=st.integers(0, 1000), data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_dense_network_is_the_same_in_onnx(runtime, inputs, widths, seed, data):
    layers = [dense(width, data.draw(functions), use_bias=data.draw(st.booleans())) for width in widths]
    run = started(case((inputs,), *layers), "float32", seed)
    x = inputs_of(run.experiment.network, np.random.default_rng(seed), 3)
    close(outputs_of(runtime, onnx.to_bytes(run), x), run.forward(x), 1e-5)


def test_onnx_file_carries_our_names_and_is_for_any_batch(runtime, tmp_path):
    import onnx as library

    run = started(CASES["deep"], "float64")
    onnx.save(run, tmp_path / "network.onnx")
    model = library.load(tmp_path / "network.onnx")
    assert {constant.name for constant in model.graph.initializer} == set(run.parameters())
    assert model.opset_import[0].version == 17
    shapes = [
        [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    ]
    assert shapes == [["batch", 2], ["batch", 1]]


def test_onnx_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(EngineError, match="pip install onnx"):
        onnx.to_bytes(started(CASES["one layer"], "float32"))


def test_nothing_is_imported_before_it_is_needed():
    code = (
        "import sys, engine.export, engine; network = engine.Network((2,), [engine.Dense(1)], 'mean_squared_error')\n"
        "[write(network) for write in engine.export.code.FRAMEWORKS.values()]\n"
        "print({'onnx', 'onnxruntime', 'torch', 'jax', 'keras'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"


# ----------------------------------------------------------------------------------------------------------- text


def executed(text):
    """The names that a text defines."""
    names = {}
    exec(compile(text, "exported", "exec"), names)  # noqa: S102  (our own text)
    return names


def jax_answers(network, path):
    made = executed(code.jax(network))
    loaded = made["load_weights"](path)
    return lambda x: np.asarray(made["network"](loaded, x)), lambda o, y: float(made["loss"](o, y))


def pytorch_answers(network, path):
    import torch

    made = executed(code.pytorch(network))
    module = made["Network"]().double()
    made["load_weights"](module, path)
    module.eval()

    def forward(x):
        with torch.no_grad():
            return module(torch.tensor(x)).numpy()

    return forward, lambda o, y: float(made["loss"](torch.from_numpy(o), torch.tensor(y)))


def keras_answers(network, path):
    made = executed(code.keras(network))
    model = made["make_network"]()
    made["load_weights"](model, path)

    def forward(x):
        return np.asarray(model(x.astype(np.float32), training=False))

    return forward, lambda o, y: float(made["loss"](y, o))


# Keras computes in single precision: some of its layers cannot do otherwise
ANSWERS = {"jax": (jax_answers, 1e-6), "pytorch": (pytorch_answers, 1e-6), "keras": (keras_answers, 1e-5)}


@pytest.fixture(params=ANSWERS)
def framework(request):
    """Each framework in turn, where it is installed; CI has JAX and Keras."""
    if request.param == "jax":
        request.getfixturevalue("jax")
    if request.param == "keras":
        os.environ.setdefault("KERAS_BACKEND", "jax")
        pytest.importorskip("keras", reason="Keras is not installed: pip install '.[test]'")
    if request.param == "pytorch":
        pytest.importorskip("torch", reason="PyTorch is not installed")
    return request.param


def compare(run, framework, tmp_path):
    """Outputs and loss of a text that was executed, and those of the engine in doubles."""
    answers, tolerance = ANSWERS[framework]
    weights.save(run, tmp_path / "weights.npz")
    forward, loss = answers(run.experiment.network, tmp_path / "weights.npz")
    x, y = run.dataset.x_train, run.dataset.y_train
    outputs = run.forward(x)
    close(forward(x), outputs, tolerance)
    targets = y.reshape(outputs.shape) if y.dtype == float else y
    assert loss(outputs, targets) == pytest.approx(run.loss(x, y), rel=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_text_gives_what_the_engine_gives(framework, name, tmp_path):
    compare(started(CASES[name], "float64"), framework, tmp_path)


def test_text_has_every_activation(framework, tmp_path):
    every = [option for options in ACTIVATIONS.values() for option in options]
    compare(started(case((3,), *(dense(3, option) for option in every)), "float64"), framework, tmp_path)


@pytest.mark.parametrize("loss", [*Loss.names(), {"name": "huber", "delta": 0.2}], ids=str)
def test_text_has_every_loss(framework, loss, tmp_path):
    compare(started(case((3,), dense(3), loss=loss), "float64"), framework, tmp_path)


@pytest.mark.parametrize("language", code.FRAMEWORKS)
@pytest.mark.parametrize("name", CASES)
def test_text_is_python_that_reads_well(language, name):
    shape, layers, loss = CASES[name]
    text = code.write(engine.Network(shape, layers, loss), language)
    compile(text, language, "exec")
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert "\n\n\n\n" not in text
    assert text.endswith("\n")


def test_the_text_of_a_small_network_is_what_a_person_would_write():
    network = engine.Network((2,), [engine.Dense(8, "tanh"), engine.Dense(1)], "binary_cross_entropy")
    assert """\
    def __init__(self):
        super().__init__()
        self.dense_1 = nn.Linear(2, 8)
        self.dense_2 = nn.Linear(8, 1)

    def forward(self, x):
        x = self.dense_1(x)
        x = torch.tanh(x)  # [batch, 8]
        x = self.dense_2(x)  # [batch, 1]
        return x
""" in code.pytorch(network)
    assert """\
def network(weights, x):
    \"\"\"x [batch, 2] -> [batch, 1].\"\"\"
    x = x @ weights["dense_1.weight"].T + weights["dense_1.bias"]
    x = jnp.tanh(x)  # [batch, 8]
    x = x @ weights["dense_2.weight"].T + weights["dense_2.bias"]  # [batch, 1]
    return x
""" in code.jax(network)
    assert """\
    inputs = x = keras.Input((2,))
    x = layers.Dense(8, name="dense_1")(x)
    x = ops.tanh(x)  # [batch, 8]
    x = layers.Dense(1, name="dense_2")(x)  # [batch, 1]
    return keras.Model(inputs, x)
""" in code.keras(network)


def test_what_cannot_be_written_is_named(monkeypatch):
    network = engine.Network((2,), [engine.Dense(1)], "mean_squared_error")
    with pytest.raises(EngineError, match="keras, pytorch"):
        code.write(network, "fortran")
    for framework in code.FRAMEWORKS:
        monkeypatch.delitem(REGISTRIES[framework], "dense")
        with pytest.raises(ConfigurationError, match="can be written as"):
            code.write(network, framework)
