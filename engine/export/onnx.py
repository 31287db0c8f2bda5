"""A trained network as an ONNX model (https://onnx.ai), which other programs run. Needs the extra "onnx".

    engine.export.onnx.save(run, "network.onnx")

The graph takes "x" [batch, ...] (whole numbers where the network begins with an embedding) and gives "output", as
`run.forward` does: logits where the loss takes logits. It is in evaluation mode (no dropout, kept statistics), in
float32, and asks for operators of ONNX 1.12 (opset 17), so that older programs can read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.activations import ActivationFunction
from engine.errors import EngineError
from engine.export.writer import (
    Writer,
    activation_of,
    kinds,
    options_of,
    padding_of,
    pair,
    registering,
)
from engine.network import NamedLayer

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["Graph", "save", "to_bytes"]

OPSET = 17
FORMAT = 8  # of the file, that of ONNX 1.12
KINDS = kinds()
writes = registering(KINDS)


def save(run: Run, path: str | Path) -> None:
    """Write a run's network with its present weights; the name usually ends in .onnx."""
    Path(path).write_bytes(to_bytes(run))


def to_bytes(run: Run) -> bytes:
    """A run's network with its present weights, as the content of an ONNX file."""
    content: bytes = _model(run).SerializeToString()
    return content


def _onnx() -> Any:
    """The package, when it is needed."""
    try:
        import onnx
    except ImportError:
        raise EngineError('export to ONNX needs the package onnx: pip install onnx, or the extra "onnx"') from None
    return onnx


def _model(run: Run) -> Any:
    onnx, network = _onnx(), run.experiment.network
    helper, types = onnx.helper, onnx.TensorProto
    tokens = network.layers[0].name == "embedding"
    graph = Graph(run, onnx)
    output = graph.node("Identity", [graph.walk(network.named_layers(), "x")], output="output")
    made = helper.make_graph(
        graph.nodes,
        "network",
        [helper.make_tensor_value_info("x", types.INT64 if tokens else types.FLOAT, ["batch", *network.input_shape])],
        [helper.make_tensor_value_info(output, types.FLOAT, ["batch", *network.output_shape])],
        graph.constants,
    )
    versions = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, opset_imports=versions, producer_name="backpropagation-visualiser")
    model.ir_version = FORMAT
    onnx.checker.check_model(model, full_check=True)
    return model


class Graph(Writer):
    """The nodes and constants of a model while layers add theirs."""

    language = "ONNX"
    kinds = KINDS

    def __init__(self, run: Run, onnx: Any) -> None:
        self._onnx = onnx
        self._weights = run.parameters() | run.statistics()
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, operation: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """Add a node; gives the name of its (first) output."""
        output = output or f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def constant(self, values: ArrayLike, name: str = "") -> str:
        """Add numbers; floats become float32, whole numbers int64."""
        array = np.asarray(values)
        array = np.ascontiguousarray(array, np.int64 if array.dtype.kind in "iu" else np.float32).reshape(array.shape)
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def array(self, layer: NamedLayer, short: str) -> NDArray[Any]:
        """The numbers of a weight."""
        return self._weights[f"{layer.name}.{short}"]

    def weight(self, layer: NamedLayer, short: str) -> str:
        """A weight as a constant, by its own name."""
        return self.constant(self.array(layer, short), f"{layer.name}.{short}")

    def reshape(self, x: str, *shape: int) -> str:
        """x in another shape; 0 keeps an axis, -1 is what is left."""
        return self.node("Reshape", [x, self.constant(shape)])

    def activate(self, function: ActivationFunction, x: str) -> str:
        """f(x), where that does anything."""
        return x if function.name == "identity" else ACTIVATIONS[function.name](self, function, x)

    def branch(self, layers: Sequence[NamedLayer], x: str) -> str:
        return self.node("Add", [x, self.walk(layers, x)])


# -------------------------------------------------------------------------------------------------- activations


def _operator(name: str, *options: str, **attributes: Any) -> Any:
    """An activation that is one operator of ONNX, with some of our options."""

    def write(graph: Graph, function: ActivationFunction, x: str) -> str:
        numbers: dict[str, Any] = {option: float(vars(function)[option]) for option in options}
        return graph.node(name, [x], **numbers, **attributes)

    return write


def _silu(graph: Graph, function: ActivationFunction, x: str) -> str:
    return graph.node("Mul", [x, graph.node("Sigmoid", [x])])


def _gelu(graph: Graph, function: ActivationFunction, x: str) -> str:
    """z Phi(z), from the error function or by its approximation; ONNX has the operator only from 1.15 on."""
    if vars(function)["approximate"] == "tanh":
        cube = graph.node("Mul", [graph.node("Mul", [x, x]), x])
        inner = graph.node("Add", [x, graph.node("Mul", [cube, graph.constant(0.044715)])])
        bend = graph.node("Tanh", [graph.node("Mul", [inner, graph.constant(np.sqrt(2.0 / np.pi))])])
    else:
        bend = graph.node("Erf", [graph.node("Mul", [x, graph.constant(np.sqrt(0.5))])])
    twice = graph.node("Mul", [x, graph.node("Add", [bend, graph.constant(1.0)])])
    return graph.node("Mul", [twice, graph.constant(0.5)])


ACTIVATIONS = {
    "relu": _operator("Relu"),
    "leaky_relu": _operator("LeakyRelu", "alpha"),
    "elu": _operator("Elu", "alpha"),
    "gelu": _gelu,
    "silu": _silu,
    "tanh": _operator("Tanh"),
    "sigmoid": _operator("Sigmoid"),
    "softplus": _operator("Softplus"),
    "softmax": _operator("Softmax", axis=-1),
}


# ------------------------------------------------------------------------------------------------------- layers


@writes
def dense(graph: Graph, layer: NamedLayer, x: str) -> str:
    x = graph.node("MatMul", [x, graph.constant(graph.array(layer, "weight").T, f"{layer.name}.weight")])
    if options_of(layer)["use_bias"]:
        x = graph.node("Add", [x, graph.weight(layer, "bias")])
    return graph.activate(activation_of(layer), x)


@writes
def activation(graph: Graph, layer: NamedLayer, x: str) -> str:
    return graph.activate(options_of(layer)["function"], x)


@writes
def flatten(graph: Graph, layer: NamedLayer, x: str) -> str:
    return graph.node("Flatten", [x], axis=1)


@writes
def dropout(graph: Graph, layer: NamedLayer, x: str) -> str:
    return x  # in training only


@writes
def conv2d(graph: Graph, layer: NamedLayer, x: str) -> str:
    options, around = options_of(layer), padding_of(layer)
    weights = ["weight", *(["bias"] if options["use_bias"] else [])]
    x = graph.node(
        "Conv",
        [x, *(graph.weight(layer, short) for short in weights)],
        kernel_shape=pair(options["kernel_size"]),
        strides=pair(options["stride"]),
        dilations=pair(options["dilation"]),
        pads=[around.top, around.left, around.bottom, around.right],
    )
    return graph.activate(activation_of(layer), x)


def _pool(graph: Graph, layer: NamedLayer, x: str, operation: str) -> str:
    options = options_of(layer)
    stride = options["size"] if options["stride"] is None else options["stride"]
    return graph.node(operation, [x], kernel_shape=pair(options["size"]), strides=pair(stride))


@writes
def max_pool2d(graph: Graph, layer: NamedLayer, x: str) -> str:
    return _pool(graph, layer, x, "MaxPool")


@writes
def avg_pool2d(graph: Graph, layer: NamedLayer, x: str) -> str:
    return _pool(graph, layer, x, "AveragePool")


@writes
def global_average_pool2d(graph: Graph, layer: NamedLayer, x: str) -> str:
    return graph.node("ReduceMean", [x], axes=[2, 3], keepdims=0)


@writes
def batch_norm(graph: Graph, layer: NamedLayer, x: str) -> str:
    """ONNX has the features in the second place, as pictures and rows do; time steps are moved there and back."""
    weights = [graph.weight(layer, short) for short in ("weight", "bias", "running_mean", "running_var")]
    sequence = len(layer.input_shape) == 2
    x = graph.node("Transpose", [x], perm=[0, 2, 1]) if sequence else x
    x = graph.node("BatchNormalization", [x, *weights], epsilon=float(options_of(layer)["epsilon"]))
    return graph.node("Transpose", [x], perm=[0, 2, 1]) if sequence else x


@writes
def layer_norm(graph: Graph, layer: NamedLayer, x: str) -> str:
    weights = [graph.weight(layer, "weight"), graph.weight(layer, "bias")]
    return graph.node("LayerNormalization", [x, *weights], axis=-1, epsilon=float(options_of(layer)["epsilon"]))


@writes
def embedding(graph: Graph, layer: NamedLayer, x: str) -> str:
    return graph.node("Gather", [graph.weight(layer, "weight"), x], axis=0)


@writes
def positional_encoding(graph: Graph, layer: NamedLayer, x: str) -> str:
    steps, features = layer.input_shape
    angles = np.arange(steps)[:, None] / 10000.0 ** (np.arange(features) // 2 * 2 / features)
    encoding = np.where(np.arange(features) % 2, np.cos(angles), np.sin(angles))
    return graph.node("Add", [x, graph.constant(encoding, f"{layer.name}.encoding")])


@writes
def self_attention(graph: Graph, layer: NamedLayer, x: str) -> str:
    (steps, features), options = layer.input_shape, options_of(layer)
    heads, size = options["heads"], features // options["heads"]

    def project(part: int) -> str:
        rows = slice(part * features, (part + 1) * features)
        y = graph.node("MatMul", [x, graph.constant(graph.array(layer, "in_proj.weight")[rows].T)])
        y = graph.node("Add", [y, graph.constant(graph.array(layer, "in_proj.bias")[rows])])
        return graph.reshape(y, 0, steps, heads, size)

    query = graph.node("Transpose", [project(0)], perm=[0, 2, 1, 3])
    key = graph.node("Transpose", [project(1)], perm=[0, 2, 3, 1])
    value = graph.node("Transpose", [project(2)], perm=[0, 2, 1, 3])
    scores = graph.node("Mul", [graph.node("MatMul", [query, key]), graph.constant(size**-0.5)])
    if options["causal"]:
        scores = graph.node("Add", [scores, graph.constant(np.triu(np.full((steps, steps), -np.inf), 1))])
    attended = graph.node("MatMul", [graph.node("Softmax", [scores], axis=-1), value])
    attended = graph.reshape(graph.node("Transpose", [attended], perm=[0, 2, 1, 3]), 0, steps, features)
    weight = graph.constant(graph.array(layer, "out_proj.weight").T, f"{layer.name}.out_proj.weight")
    return graph.node("Add", [graph.node("MatMul", [attended, weight]), graph.weight(layer, "out_proj.bias")])


def _recurrent(graph: Graph, layer: NamedLayer, x: str, operation: str, order: Sequence[int], **attributes: Any) -> str:
    """ONNX walks over [time, batch, features], and its gates stand in another order: `order` names ours."""
    options, units = options_of(layer), options_of(layer)["units"]

    def arranged(array: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([array[gate * units : (gate + 1) * units] for gate in order])

    first, second = ("bias_ih", "bias_hh") if layer.layer.name == "gru" else ("bias", None)
    bias_ih = arranged(graph.array(layer, first))
    bias_hh = arranged(graph.array(layer, second)) if second else np.zeros_like(bias_ih)
    weights = [arranged(graph.array(layer, short))[None] for short in ("weight_ih", "weight_hh")]
    inputs = [graph.node("Transpose", [x], perm=[1, 0, 2]), *map(graph.constant, weights)]
    inputs.append(graph.constant(np.concatenate([bias_ih, bias_hh])[None]))
    states = graph.node(operation, inputs, hidden_size=units, **attributes)  # [time, 1, batch, units]
    if options["return_sequences"]:
        return graph.node("Transpose", [graph.node("Squeeze", [states, graph.constant([1])])], perm=[1, 0, 2])
    last = graph.node("Gather", [states, graph.constant(-1)], axis=0)
    return graph.node("Squeeze", [last, graph.constant([0])])


@writes
def simple_rnn(graph: Graph, layer: NamedLayer, x: str) -> str:
    return _recurrent(graph, layer, x, "RNN", (0,), activations=[activation_of(layer).name.capitalize()])


@writes
def lstm(graph: Graph, layer: NamedLayer, x: str) -> str:
    return _recurrent(graph, layer, x, "LSTM", (0, 3, 1, 2))  # input, output, forget, cell


@writes
def gru(graph: Graph, layer: NamedLayer, x: str) -> str:
    return _recurrent(graph, layer, x, "GRU", (1, 0, 2), linear_before_reset=1)  # update, reset, new
