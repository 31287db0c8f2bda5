"""A network as PyTorch text: a module, and what fills it with our weights."""

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

__all__ = ["TorchCode", "write"]

KINDS = kinds()
writes = registering(KINDS)

TEMPLATE = '''"""A network of the backpropagation visualiser, as PyTorch."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


{helpers}class Network(nn.Module):
    """{shapes}."""

    def __init__(self):
        super().__init__()
{setup}
    def forward(self, x):
{forward}        return x


def load_weights(network, path):
    """Fill the network from the file that engine.weights.save(run, "weights.npz") wrote."""
    with np.load(path) as file:
        weights = {{name: torch.from_numpy(file[name]) for name in file.files}}
    network.load_state_dict({{
{loading}    }})


def loss(outputs, targets):
    """{loss_name}."""
    return {loss}
'''


class TorchCode(Code):
    """Text of a module; a layer inside another is the attribute "residual_1_dense_1"."""

    language = "PyTorch"
    kinds = KINDS
    activations = {
        "relu": "torch.relu({x})",
        "leaky_relu": "F.leaky_relu({x}, {alpha})",
        "elu": "F.elu({x}, {alpha})",
        "gelu": "F.gelu({x}, approximate={approximate!r})",
        "silu": "F.silu({x})",
        "tanh": "torch.tanh({x})",
        "sigmoid": "torch.sigmoid({x})",
        "softplus": "F.softplus({x})",
        "softmax": "torch.softmax({x}, dim=-1)",
    }
    losses = {
        "mean_squared_error": "F.mse_loss(outputs, targets)",
        "half_squared_error": "F.mse_loss(outputs, targets, reduction='sum') / (2 * len(outputs))",
        "mean_absolute_error": "F.l1_loss(outputs, targets)",
        "huber": "F.huber_loss(outputs, targets, delta={delta})",
        "hinge": "torch.relu(1 - targets * outputs).mean()",
        "binary_cross_entropy": "F.binary_cross_entropy_with_logits(outputs, targets)",
        "categorical_cross_entropy": "F.cross_entropy(outputs.flatten(0, -2), targets.flatten().long())",
    }

    def module(self, layer: NamedLayer, constructor: str, **state: str) -> str:
        """Set up a module; `state` says which of our weights (an expression of them) each of its tensors is."""
        name = layer.name.replace(".", "_")
        self.setup.append(f"self.{name} = {constructor}")
        for tensor, expression in state.items():
            self.loading.append(f'"{name}.{tensor.replace("__", ".")}": {expression},')
        return f"self.{name}"


def write(network: Network) -> str:
    """The text."""
    code = TorchCode(network)
    return TEMPLATE.format(
        helpers=code.blocks(),
        shapes=code.shapes(),
        setup=indented(code.setup, 2),
        forward=indented(code.forward, 2),
        loading=indented(code.loading, 2),
        loss=code.loss(),
        loss_name=code.loss_name(),
    )


def _same(layer: NamedLayer, *names: str) -> dict[str, str]:
    """Tensors that PyTorch calls as we do."""
    return {name: _weight(layer, name) for name in names}


def _weight(layer: NamedLayer, short: str) -> str:
    return f'weights["{layer.name}.{short}"]'


def _weight_and_bias(layer: NamedLayer) -> dict[str, str]:
    return _same(layer, "weight", *(["bias"] if options_of(layer)["use_bias"] else []))


def _bias(layer: NamedLayer) -> str:
    return "" if options_of(layer)["use_bias"] else ", bias=False"


@writes
def dense(code: TorchCode, layer: NamedLayer, x: str) -> str:
    constructor = f"nn.Linear({layer.input_shape[-1]}, {layer.output_shape[-1]}{_bias(layer)})"
    module = code.module(layer, constructor, **_weight_and_bias(layer))
    code.let(x, f"{module}({x})")
    return code.activate(activation_of(layer), x)


@writes
def activation(code: TorchCode, layer: NamedLayer, x: str) -> str:
    return code.activate(options_of(layer)["function"], x)


@writes
def flatten(code: TorchCode, layer: NamedLayer, x: str) -> str:
    return code.let(x, f"{x}.flatten(1)")


@writes
def dropout(code: TorchCode, layer: NamedLayer, x: str) -> str:
    module = code.module(layer, f"nn.Dropout({options_of(layer)['rate']})")
    return code.let(x, f"{module}({x})")


@writes
def conv2d(code: TorchCode, layer: NamedLayer, x: str) -> str:
    options, around = options_of(layer), padding_of(layer)
    arguments = [f"{layer.input_shape[0]}, {layer.output_shape[0]}, {pair(options['kernel_size'])}"]
    arguments += [f"{name}={options[name]}" for name in ("stride", "dilation") if options[name] != 1]
    if around.even and any(around):
        arguments.append(f"padding=({around.top}, {around.left})")
    elif any(around):
        code.let(x, f"F.pad({x}, ({around.left}, {around.right}, {around.top}, {around.bottom}))")
    module = code.module(layer, f"nn.Conv2d({', '.join(arguments)}{_bias(layer)})", **_weight_and_bias(layer))
    code.let(x, f"{module}({x})")
    return code.activate(activation_of(layer), x)


def _pool(code: TorchCode, layer: NamedLayer, x: str, function: str) -> str:
    options = options_of(layer)
    stride = "" if options["stride"] is None else f", {options['stride']}"
    return code.let(x, f"F.{function}({x}, {options['size']}{stride})")


@writes
def max_pool2d(code: TorchCode, layer: NamedLayer, x: str) -> str:
    return _pool(code, layer, x, "max_pool2d")


@writes
def avg_pool2d(code: TorchCode, layer: NamedLayer, x: str) -> str:
    return _pool(code, layer, x, "avg_pool2d")


@writes
def global_average_pool2d(code: TorchCode, layer: NamedLayer, x: str) -> str:
    return code.let(x, f"{x}.mean((2, 3))")


@writes
def batch_norm(code: TorchCode, layer: NamedLayer, x: str) -> str:
    options, shape = options_of(layer), layer.input_shape
    features, kind = (shape[0], "2d") if len(shape) == 3 else (shape[-1], "1d")
    constructor = f"nn.BatchNorm{kind}({features}, eps={options['epsilon']}, momentum={options['momentum']})"
    state = _same(layer, "weight", "bias", "running_mean", "running_var")
    module = code.module(layer, constructor, **state, num_batches_tracked="torch.tensor(0)")
    if len(shape) == 2:  # PyTorch has the features before the time
        return code.let(x, f"{module}({x}.transpose(1, 2)).transpose(1, 2)")
    return code.let(x, f"{module}({x})")


@writes
def layer_norm(code: TorchCode, layer: NamedLayer, x: str) -> str:
    constructor = f"nn.LayerNorm({layer.input_shape[-1]}, eps={options_of(layer)['epsilon']})"
    return code.let(x, f"{code.module(layer, constructor, **_same(layer, 'weight', 'bias'))}({x})")


@writes
def embedding(code: TorchCode, layer: NamedLayer, x: str) -> str:
    options = options_of(layer)
    constructor = f"nn.Embedding({options['vocab_size']}, {options['units']})"
    return code.let(x, f"{code.module(layer, constructor, **_same(layer, 'weight'))}({x}.long())")


@writes
def positional_encoding(code: TorchCode, layer: NamedLayer, x: str) -> str:
    helper = code.helper(
        "positional_encoding",
        '''
def positional_encoding(x):
    """x [batch, time, features] with sines and cosines of the time added."""
    _, steps, features = x.shape
    angles = np.arange(steps)[:, None] / 10000.0 ** (np.arange(features) // 2 * 2 / features)
    return x + torch.from_numpy(np.where(np.arange(features) % 2, np.cos(angles), np.sin(angles))).to(x)
''',
    )
    return code.let(x, f"{helper}({x})")


@writes
def self_attention(code: TorchCode, layer: NamedLayer, x: str) -> str:
    options = options_of(layer)
    state = {
        "in_proj_weight": _weight(layer, "in_proj.weight"),
        "in_proj_bias": _weight(layer, "in_proj.bias"),
        "out_proj__weight": _weight(layer, "out_proj.weight"),
        "out_proj__bias": _weight(layer, "out_proj.bias"),
    }
    constructor = f"nn.MultiheadAttention({layer.input_shape[-1]}, {options['heads']}, batch_first=True)"
    module = code.module(layer, constructor, **state)
    mask = ""
    if options["causal"]:
        steps = layer.input_shape[0]
        mask = f", attn_mask=torch.ones({steps}, {steps}, dtype=torch.bool, device={x}.device).triu(1)"
    return code.let(x, f"{module}({x}, {x}, {x}, need_weights=False{mask})[0]")


def _recurrent(code: TorchCode, layer: NamedLayer, x: str, kind: str, bias_ih: str, bias_hh: str) -> str:
    options = options_of(layer)
    constructor = f"nn.{kind}({layer.input_shape[-1]}, {options['units']}, batch_first=True)"
    if options.get("activation") and activation_of(layer).name != "tanh":
        constructor = constructor[:-1] + f", nonlinearity={activation_of(layer).name!r})"
    state = {f"{name}_l0": _weight(layer, name) for name in ("weight_ih", "weight_hh")}
    module = code.module(layer, constructor, **state, bias_ih_l0=bias_ih, bias_hh_l0=bias_hh)
    last = "" if options["return_sequences"] else "[:, -1]"
    return code.let(x, f"{module}({x})[0]{last}")


def _one_bias(layer: NamedLayer) -> tuple[str, str]:
    """PyTorch adds two biases; ours is the first, and the second is 0."""
    return _weight(layer, "bias"), f"torch.zeros_like({_weight(layer, 'bias')})"


@writes
def simple_rnn(code: TorchCode, layer: NamedLayer, x: str) -> str:
    return _recurrent(code, layer, x, "RNN", *_one_bias(layer))


@writes
def lstm(code: TorchCode, layer: NamedLayer, x: str) -> str:
    return _recurrent(code, layer, x, "LSTM", *_one_bias(layer))


@writes
def gru(code: TorchCode, layer: NamedLayer, x: str) -> str:
    return _recurrent(code, layer, x, "GRU", _weight(layer, "bias_ih"), _weight(layer, "bias_hh"))
