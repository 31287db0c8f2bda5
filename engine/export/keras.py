"""A network as Keras 3 text: a functional model, and what fills it with our weights."""

from __future__ import annotations

from engine.export.writer import (
    Code,
    activation_of,
    indented,
    kinds,
    options_of,
    padding_of,
    pair,
    registering,
)
from engine.network import NamedLayer, Network

__all__ = ["KerasCode", "write"]

KINDS = kinds()
writes = registering(KINDS)

TEMPLATE = '''"""A network of the backpropagation visualiser, as Keras 3.{note}"""

import keras
import numpy as np
from keras import layers, ops


{helpers}def make_network():
    """{shapes}."""
    inputs = x = keras.Input({input_shape})
{forward}    return keras.Model(inputs, x)


def load_weights(network, path):
    """Fill the network from the file that engine.weights.save(run, "weights.npz") wrote."""
    with np.load(path) as file:
        weights = {{name: file[name] for name in file.files}}
{loading}

def loss(targets, outputs):
    """{loss_name}."""
    return {loss}
'''

PICTURES = """

Pictures are [batch, channels, height, width], which TensorFlow can do only on a GPU; the backends jax and torch can
anywhere (KERAS_BACKEND=jax)."""


class KerasCode(Code):
    """Text of a functional model; a layer inside another is called "residual_1_dense_1"."""

    language = "Keras"
    kinds = KINDS
    note = ""
    activations = {
        "relu": "ops.relu({x})",
        "leaky_relu": "ops.leaky_relu({x}, negative_slope={alpha})",
        "elu": "ops.elu({x}, alpha={alpha})",
        "gelu": "ops.gelu({x}, approximate={roughly})",
        "silu": "ops.silu({x})",
        "tanh": "ops.tanh({x})",
        "sigmoid": "ops.sigmoid({x})",
        "softplus": "ops.softplus({x})",
        "softmax": "ops.softmax({x}, axis=-1)",
    }
    losses = {
        "mean_squared_error": "ops.mean((outputs - targets) ** 2)",
        "half_squared_error": "ops.sum((outputs - targets) ** 2) / (2 * len(outputs))",
        "mean_absolute_error": "ops.mean(ops.abs(outputs - targets))",
        "huber": "ops.mean(keras.losses.huber(targets, outputs, delta={delta}))",
        "hinge": "ops.mean(ops.relu(1 - targets * outputs))",
        "binary_cross_entropy": "ops.mean(ops.binary_crossentropy(targets, outputs, from_logits=True))",
        "categorical_cross_entropy": "ops.mean("
        "ops.sparse_categorical_crossentropy(ops.cast(targets, 'int32'), outputs, from_logits=True))",
    }

    def layer(self, layer: NamedLayer, x: str, constructor: str, *weights: str, call: str = "{x}") -> str:
        """x = a Keras layer of x; `weights` are expressions of ours, in the order of its own."""
        name = layer.name.replace(".", "_")
        arguments = constructor[:-1] + (", " if constructor[-2] != "(" else "")
        self.let(x, f'{arguments}name="{name}")({call.format(x=x)})')
        if weights:
            self.loading.append(f'network.get_layer("{name}").set_weights([')
            self.loading += [f"    {weight}," for weight in weights]
            self.loading.append("])")
        return x


def write(network: Network) -> str:
    """The text."""
    code = KerasCode(network)
    return TEMPLATE.format(
        note=code.note,
        helpers=code.blocks(),
        shapes=code.shapes(),
        input_shape=network.input_shape,
        forward=indented(code.forward),
        loading=indented(code.loading),
        loss=code.loss(),
        loss_name=code.loss_name(),
    )


def _weight(layer: NamedLayer, short: str) -> str:
    return f'weights["{layer.name}.{short}"]'


def _use_bias(layer: NamedLayer) -> str:
    return "" if options_of(layer)["use_bias"] else ", use_bias=False"


@writes
def dense(code: KerasCode, layer: NamedLayer, x: str) -> str:
    weights = [f"{_weight(layer, 'weight')}.T", *([_weight(layer, "bias")] if options_of(layer)["use_bias"] else [])]
    code.layer(layer, x, f"layers.Dense({layer.output_shape[-1]}{_use_bias(layer)})", *weights)
    return code.activate(activation_of(layer), x)


@writes
def activation(code: KerasCode, layer: NamedLayer, x: str) -> str:
    return code.activate(options_of(layer)["function"], x)


@writes
def flatten(code: KerasCode, layer: NamedLayer, x: str) -> str:
    return code.let(x, f"layers.Reshape({layer.output_shape})({x})")


@writes
def dropout(code: KerasCode, layer: NamedLayer, x: str) -> str:
    return code.layer(layer, x, f"layers.Dropout({options_of(layer)['rate']})")


@writes
def conv2d(code: KerasCode, layer: NamedLayer, x: str) -> str:
    code.note, options, around = PICTURES, options_of(layer), padding_of(layer)
    if any(around):
        sides = f"(({around.top}, {around.bottom}), ({around.left}, {around.right}))"
        code.let(x, f'layers.ZeroPadding2D({sides}, data_format="channels_first")({x})')
    arguments = [str(options["filters"]), str(pair(options["kernel_size"]))]
    arguments += [f"strides={pair(options['stride'])}"] if options["stride"] != 1 else []
    arguments += [f"dilation_rate={pair(options['dilation'])}"] if options["dilation"] != 1 else []
    constructor = f'layers.Conv2D({", ".join(arguments)}{_use_bias(layer)}, data_format="channels_first")'
    bias = [_weight(layer, "bias")] if options["use_bias"] else []
    code.layer(layer, x, constructor, f"{_weight(layer, 'weight')}.transpose(2, 3, 1, 0)", *bias)
    return code.activate(activation_of(layer), x)


def _pool(code: KerasCode, layer: NamedLayer, x: str, kind: str) -> str:
    code.note, options = PICTURES, options_of(layer)
    stride = "" if options["stride"] is None else f", strides={pair(options['stride'])}"
    return code.layer(layer, x, f'layers.{kind}({pair(options["size"])}{stride}, data_format="channels_first")')


@writes
def max_pool2d(code: KerasCode, layer: NamedLayer, x: str) -> str:
    return _pool(code, layer, x, "MaxPooling2D")


@writes
def avg_pool2d(code: KerasCode, layer: NamedLayer, x: str) -> str:
    return _pool(code, layer, x, "AveragePooling2D")


@writes
def global_average_pool2d(code: KerasCode, layer: NamedLayer, x: str) -> str:
    return code.let(x, f"ops.mean({x}, axis=(2, 3))")


@writes
def batch_norm(code: KerasCode, layer: NamedLayer, x: str) -> str:
    options = options_of(layer)
    axis = 1 if len(layer.input_shape) == 3 else -1
    keeps = round(1.0 - options["momentum"], 12)  # Keras says how much of the old is kept
    constructor = f"layers.BatchNormalization(axis={axis}, momentum={keeps}, epsilon={options['epsilon']})"
    weights = (_weight(layer, name) for name in ("weight", "bias", "running_mean", "running_var"))
    return code.layer(layer, x, constructor, *weights)


@writes
def layer_norm(code: KerasCode, layer: NamedLayer, x: str) -> str:
    constructor = f"layers.LayerNormalization(epsilon={options_of(layer)['epsilon']})"
    return code.layer(layer, x, constructor, _weight(layer, "weight"), _weight(layer, "bias"))


@writes
def embedding(code: KerasCode, layer: NamedLayer, x: str) -> str:
    options = options_of(layer)
    constructor = f"layers.Embedding({options['vocab_size']}, {options['units']})"
    return code.layer(layer, x, constructor, _weight(layer, "weight"))


@writes
def positional_encoding(code: KerasCode, layer: NamedLayer, x: str) -> str:
    helper = code.helper(
        "positional_encoding",
        '''
def positional_encoding(steps, features):
    """Sines and cosines of the time, [steps, features]."""
    angles = np.arange(steps)[:, None] / 10000.0 ** (np.arange(features) // 2 * 2 / features)
    return np.where(np.arange(features) % 2, np.cos(angles), np.sin(angles)).astype(keras.config.floatx())
''',
    )
    return code.let(x, f"{x} + {helper}{layer.input_shape}")


@writes
def self_attention(code: KerasCode, layer: NamedLayer, x: str) -> str:
    options, features = options_of(layer), layer.input_shape[-1]
    heads, size = options["heads"], layer.input_shape[-1] // options["heads"]
    weights = []
    for part in range(3):
        rows = f"[{part * features}:{(part + 1) * features}]"
        weights.append(f"{_weight(layer, 'in_proj.weight')}{rows}.T.reshape({features}, {heads}, {size})")
        weights.append(f"{_weight(layer, 'in_proj.bias')}{rows}.reshape({heads}, {size})")
    weights.append(f"{_weight(layer, 'out_proj.weight')}.T.reshape({heads}, {size}, {features})")
    weights.append(_weight(layer, "out_proj.bias"))
    call = "{x}, {x}" + (", use_causal_mask=True" if options["causal"] else "")
    return code.layer(layer, x, f"layers.MultiHeadAttention({heads}, {size})", *weights, call=call)


def _recurrent(code: KerasCode, layer: NamedLayer, x: str, constructor: str, *weights: str) -> str:
    whole = ", return_sequences=True" if options_of(layer)["return_sequences"] else ""
    return code.layer(layer, x, f"{constructor}{whole})", *weights)


def _matrices(layer: NamedLayer) -> list[str]:
    return [f"{_weight(layer, name)}.T" for name in ("weight_ih", "weight_hh")]


@writes
def simple_rnn(code: KerasCode, layer: NamedLayer, x: str) -> str:
    options, function = options_of(layer), activation_of(layer).name
    constructor = f'layers.SimpleRNN({options["units"]}, activation="{function}"'
    return _recurrent(code, layer, x, constructor, *_matrices(layer), _weight(layer, "bias"))


@writes
def lstm(code: KerasCode, layer: NamedLayer, x: str) -> str:
    constructor = f"layers.LSTM({options_of(layer)['units']}"
    return _recurrent(code, layer, x, constructor, *_matrices(layer), _weight(layer, "bias"))


@writes
def gru(code: KerasCode, layer: NamedLayer, x: str) -> str:
    helper = code.helper(
        "update_first",
        '''
def update_first(weight):
    """Keras has a GRU's gates in the order update, reset, new; ours are reset, update, new."""
    reset, update, new = np.split(weight, 3)
    return np.concatenate([update, reset, new])
''',
    )
    matrices = [f"{helper}({_weight(layer, name)}).T" for name in ("weight_ih", "weight_hh")]
    biases = ", ".join(f"{helper}({_weight(layer, name)})" for name in ("bias_ih", "bias_hh"))
    constructor = f"layers.GRU({options_of(layer)['units']}"
    return _recurrent(code, layer, x, constructor, *matrices, f"np.stack([{biases}])")
