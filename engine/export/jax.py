"""A network as JAX text: one function of the weights and the inputs."""

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

__all__ = ["JaxCode", "write"]

KINDS = kinds()
writes = registering(KINDS)

TEMPLATE = '''"""A network of the backpropagation visualiser, as JAX."""

import jax
import jax.numpy as jnp
import numpy as np


def load_weights(path):
    """Every weight by its name, from the file that engine.weights.save(run, "weights.npz") wrote."""
    with np.load(path) as file:
        return {{name: jnp.asarray(file[name]) for name in file.files}}


{helpers}def network(weights, x):
    """{shapes}."""
{forward}    return x


def loss(outputs, targets):
    """{loss_name}."""
    return {loss}
'''


class JaxCode(Code):
    """Text of a pure function; the weights are a dictionary by our names."""

    language = "JAX"
    kinds = KINDS
    activations = {
        "relu": "jax.nn.relu({x})",
        "leaky_relu": "jax.nn.leaky_relu({x}, {alpha})",
        "elu": "jax.nn.elu({x}, {alpha})",
        "gelu": "jax.nn.gelu({x}, approximate={roughly})",
        "silu": "jax.nn.silu({x})",
        "tanh": "jnp.tanh({x})",
        "sigmoid": "jax.nn.sigmoid({x})",
        "softplus": "jax.nn.softplus({x})",
        "softmax": "jax.nn.softmax({x}, axis=-1)",
    }
    losses = {
        "mean_squared_error": "jnp.mean((outputs - targets) ** 2)",
        "half_squared_error": "jnp.sum((outputs - targets) ** 2) / (2 * len(outputs))",
        "mean_absolute_error": "jnp.mean(jnp.abs(outputs - targets))",
        "huber": "jnp.mean(jnp.where(jnp.abs(outputs - targets) <= {delta}, (outputs - targets) ** 2 / 2, "
        "{delta} * (jnp.abs(outputs - targets) - {delta} / 2)))",
        "hinge": "jnp.mean(jnp.maximum(0, 1 - targets * outputs))",
        "binary_cross_entropy": "jnp.mean(jax.nn.softplus(outputs) - targets * outputs)",
        "categorical_cross_entropy": "-jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs), "
        "targets[..., None].astype(int), axis=-1))",
    }

    def weight(self, layer: NamedLayer, short: str) -> str:
        """The expression of a weight."""
        return f'weights["{layer.name}.{short}"]'

    def prefix(self, layer: NamedLayer, *short: str) -> str:
        """Several weights, as arguments."""
        return ", ".join(self.weight(layer, one) for one in short)


def write(network: Network) -> str:
    """The text."""
    code = JaxCode(network)
    return TEMPLATE.format(
        helpers=code.blocks(),
        shapes=code.shapes(),
        forward=indented(code.forward),
        loss=code.loss(),
        loss_name=code.loss_name(),
    )


@writes
def dense(code: JaxCode, layer: NamedLayer, x: str) -> str:
    bias = f" + {code.weight(layer, 'bias')}" if options_of(layer)["use_bias"] else ""
    code.let(x, f"{x} @ {code.weight(layer, 'weight')}.T{bias}")
    return code.activate(activation_of(layer), x)


@writes
def activation(code: JaxCode, layer: NamedLayer, x: str) -> str:
    return code.activate(options_of(layer)["function"], x)


@writes
def flatten(code: JaxCode, layer: NamedLayer, x: str) -> str:
    return code.let(x, f"{x}.reshape(len({x}), -1)")


@writes
def dropout(code: JaxCode, layer: NamedLayer, x: str) -> str:
    return x  # in training only


@writes
def conv2d(code: JaxCode, layer: NamedLayer, x: str) -> str:
    options, around = options_of(layer), padding_of(layer)
    helper = code.helper(
        "convolve",
        '''
def convolve(x, weight, stride, padding, dilation):
    """x [batch, channels, height, width]."""
    form = ("NCHW", "OIHW", "NCHW")
    return jax.lax.conv_general_dilated(x, weight, stride, padding, rhs_dilation=dilation, dimension_numbers=form)
''',
    )
    padding = f"[({around.top}, {around.bottom}), ({around.left}, {around.right})]"
    arguments = f"{code.weight(layer, 'weight')}, {pair(options['stride'])}, {padding}, {pair(options['dilation'])}"
    code.let(x, f"{helper}({x}, {arguments})")
    if options["use_bias"]:
        code.let(x, f"{x} + {code.weight(layer, 'bias')}[:, None, None]")
    return code.activate(activation_of(layer), x)


def _pool(code: JaxCode, layer: NamedLayer, x: str, start: str, operation: str, after: str) -> str:
    options = options_of(layer)
    size = pair(options["size"])
    stride = size if options["stride"] is None else pair(options["stride"])
    window = f"(1, 1, {size[0]}, {size[1]}), (1, 1, {stride[0]}, {stride[1]}), 'VALID'"
    return code.let(x, f"jax.lax.reduce_window({x}, {start}, {operation}, {window}){after.format(size[0] * size[1])}")


@writes
def max_pool2d(code: JaxCode, layer: NamedLayer, x: str) -> str:
    return _pool(code, layer, x, "-jnp.inf", "jax.lax.max", "")


@writes
def avg_pool2d(code: JaxCode, layer: NamedLayer, x: str) -> str:
    return _pool(code, layer, x, "0.0", "jax.lax.add", " / {}")


@writes
def global_average_pool2d(code: JaxCode, layer: NamedLayer, x: str) -> str:
    return code.let(x, f"{x}.mean(axis=(2, 3))")


@writes
def batch_norm(code: JaxCode, layer: NamedLayer, x: str) -> str:
    helper = code.helper(
        "batch_norm",
        '''
def batch_norm(x, weight, bias, mean, variance, epsilon):
    """With the statistics that training kept; of the channels of pictures, else of the last axis."""
    shape = (-1, 1, 1) if x.ndim == 4 else (-1,)
    mean, scale = mean.reshape(shape), (weight / jnp.sqrt(variance + epsilon)).reshape(shape)
    return (x - mean) * scale + bias.reshape(shape)
''',
    )
    weights = code.prefix(layer, "weight", "bias", "running_mean", "running_var")
    return code.let(x, f"{helper}({x}, {weights}, {options_of(layer)['epsilon']})")


@writes
def layer_norm(code: JaxCode, layer: NamedLayer, x: str) -> str:
    helper = code.helper(
        "layer_norm",
        '''
def layer_norm(x, weight, bias, epsilon):
    """Mean 0 and variance 1 over the features of each example (and time step), then scaled."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return weight * centred / jnp.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon) + bias
''',
    )
    return code.let(x, f"{helper}({x}, {code.prefix(layer, 'weight', 'bias')}, {options_of(layer)['epsilon']})")


@writes
def embedding(code: JaxCode, layer: NamedLayer, x: str) -> str:
    return code.let(x, f"{code.weight(layer, 'weight')}[{x}.astype(int)]")


@writes
def positional_encoding(code: JaxCode, layer: NamedLayer, x: str) -> str:
    helper = code.helper(
        "positional_encoding",
        '''
def positional_encoding(x):
    """x [batch, time, features] with sines and cosines of the time added."""
    _, steps, features = x.shape
    angles = np.arange(steps)[:, None] / 10000.0 ** (np.arange(features) // 2 * 2 / features)
    return x + jnp.asarray(np.where(np.arange(features) % 2, np.cos(angles), np.sin(angles)), x.dtype)
''',
    )
    return code.let(x, f"{helper}({x})")


@writes
def self_attention(code: JaxCode, layer: NamedLayer, x: str) -> str:
    options = options_of(layer)
    helper = code.helper(
        "self_attention",
        '''
def self_attention(x, in_weight, in_bias, out_weight, out_bias, heads, causal):
    """Every time step takes from the others, by how well its query fits their keys; x [batch, time, features]."""
    batch, time, features = x.shape
    projected = (x @ in_weight.T + in_bias).reshape(batch, time, 3, heads, features // heads)
    query, key, value = projected.transpose(2, 0, 3, 1, 4)
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(features // heads)
    if causal:
        scores = jnp.where(jnp.tril(jnp.ones((time, time), bool)), scores, -jnp.inf)
    attended = jax.nn.softmax(scores, axis=-1) @ value
    return attended.swapaxes(1, 2).reshape(x.shape) @ out_weight.T + out_bias
''',
    )
    weights = code.prefix(layer, "in_proj.weight", "in_proj.bias", "out_proj.weight", "out_proj.bias")
    return code.let(x, f"{helper}({x}, {weights}, {options['heads']}, {options['causal']})")


def _recurrent(code: JaxCode, layer: NamedLayer, x: str, call: str) -> str:
    """Walk through time with a state; `call` is the step's function, of (weights, state, x at the time)."""
    helper = code.helper(
        "through_time",
        '''
def through_time(step, x, *state):
    """The first part of the state after each time step, [batch, time, units]; x [batch, time, features]."""

    def walk(state, x):
        state = step(state, x)
        return state, state[0]

    return jax.lax.scan(walk, state, x.swapaxes(0, 1))[1].swapaxes(0, 1)
''',
    )
    zeros = f"jnp.zeros((len({x}), {options_of(layer)['units']}), {x}.dtype)"
    state = ", ".join([zeros] * (2 if layer.layer.name == "lstm" else 1))
    code.let(x, f"{helper}({call}, {x}, {state})")
    return x if options_of(layer)["return_sequences"] else code.let(x, f"{x}[:, -1]")


@writes
def simple_rnn(code: JaxCode, layer: NamedLayer, x: str) -> str:
    function = code.applied(activation_of(layer), "z")
    helper = code.helper(
        f"simple_rnn_{activation_of(layer).name}",
        f'''
def simple_rnn_{activation_of(layer).name}(weight_ih, weight_hh, bias):
    """One time step of a simple recurrent layer."""

    def step(state, x):
        z = x @ weight_ih.T + bias + state[0] @ weight_hh.T
        return ({function},)

    return step
''',
    )
    return _recurrent(code, layer, x, f"{helper}({code.prefix(layer, 'weight_ih', 'weight_hh', 'bias')})")


@writes
def lstm(code: JaxCode, layer: NamedLayer, x: str) -> str:
    helper = code.helper(
        "lstm",
        '''
def lstm(weight_ih, weight_hh, bias):
    """One time step of an LSTM; the state is (hidden, cell), the gates are input, forget, cell, output."""

    def step(state, x):
        hidden, cell = state
        i, f, g, o = jnp.split(x @ weight_ih.T + bias + hidden @ weight_hh.T, 4, axis=-1)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(cell), cell

    return step
''',
    )
    return _recurrent(code, layer, x, f"{helper}({code.prefix(layer, 'weight_ih', 'weight_hh', 'bias')})")


@writes
def gru(code: JaxCode, layer: NamedLayer, x: str) -> str:
    helper = code.helper(
        "gru",
        '''
def gru(weight_ih, weight_hh, bias_ih, bias_hh):
    """One time step of a GRU; the gates are reset, update, new."""

    def step(state, x):
        (hidden,) = state
        r, z, n = jnp.split(x @ weight_ih.T + bias_ih, 3, axis=-1)
        r_hidden, z_hidden, n_hidden = jnp.split(hidden @ weight_hh.T + bias_hh, 3, axis=-1)
        r, z = jax.nn.sigmoid(r + r_hidden), jax.nn.sigmoid(z + z_hidden)
        return ((1 - z) * jnp.tanh(n + r * n_hidden) + z * hidden,)

    return step
''',
    )
    return _recurrent(code, layer, x, f"{helper}({code.prefix(layer, 'weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')})")
