"""Attention: every time step looks at the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.activations import ActivationFunction
from engine.errors import ConfigurationError
from engine.initialisers import GlorotUniform, Initialiser, Zeros
from engine.layers.base import Layer, NamedLayer, Shape, named
from engine.layers.dense import Dense, plan_product
from engine.layers.normalisation import LayerNorm
from engine.layers.residual import plan_branch, plan_sum
from engine.spec import check_count, check_flag

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["PositionalEncoding", "SelfAttention", "TransformerBlock"]


@dataclass(frozen=True)
class PositionalEncoding(Layer, name="positional_encoding"):
    """y[t] = x[t] + p[t],  p[t, 2i] = sin(t / 10000^(2i / features)),  p[t, 2i + 1] = cos of the same.

    Vaswani et al. 2017, section 3.5. Shapes: x and y [batch, time, features], p `encoding` [time, features].
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        return _check_sequence(self.name, input_shape)

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        encoding = planner.constant(f"{name}.encoding", _sinusoids(*x.shape))
        y = plan_sum(planner, x, encoding, f"{name}.pre_activation")
        planner.alias(f"{name}.activation", y)
        return y


def _sinusoids(steps: int, features: int) -> np.ndarray:
    pairs = np.arange(features) // 2 * 2
    angles = np.arange(steps)[:, None] / 10000.0 ** (pairs / features)
    return np.where(np.arange(features) % 2, np.cos(angles), np.sin(angles))


@dataclass(frozen=True)
class SelfAttention(Layer, name="self_attention"):
    """weights = softmax(query key^T / sqrt(d)) over the time steps looked at,  y = W_out (weights value) + b_out.

    Query, key and value are W_in x + b_in, cut into `heads` of d = features / heads; `causal`: no step looks at later
    ones. Vaswani et al. 2017, section 3.2; as PyTorch's MultiheadAttention.

    Shapes: x and y [batch, time, features]; `in_proj.weight` [3 features, features] (query, key, value; head by head),
    `in_proj.bias` [3 features], `out_proj.weight` [features, features], `out_proj.bias` [features]. The quantities
    `query`, `key`, `value` are [heads, time, d], `scores` and `weights` [heads, time, time looked at].

    Backward: see `engine/kernels/attention.py`.
    """

    heads: int
    causal: bool = False

    def __post_init__(self) -> None:
        check_count("heads", self.heads)
        check_flag("causal", self.causal)

    def output_shape(self, input_shape: Shape) -> Shape:
        _, features = _check_sequence(self.name, input_shape)
        if features % self.heads:
            raise ConfigurationError("heads", self.heads, f"a divisor of {features}, the number of features")
        return input_shape

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        d = input_shape[-1]
        return {
            "in_proj.weight": (3 * d, d),
            "in_proj.bias": (3 * d,),
            "out_proj.weight": (d, d),
            "out_proj.bias": (d,),
        }

    def initialisers(self) -> dict[str, Initialiser]:
        return {
            f"{part}.{kind}": initialiser
            for part in ("in_proj", "out_proj")
            for kind, initialiser in (("weight", GlorotUniform()), ("bias", Zeros()))
        }

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        (steps, features), heads = x.shape, self.heads
        projected = [self._project(planner, x, f"{name}.{part}", k) for k, part in enumerate(("query", "key", "value"))]
        scores = planner.tensor(f"{name}.scores", (heads, steps, steps))
        weights = planner.tensor(f"{name}.weights", (heads, steps, steps))
        attended, z = planner.tensor(f"{name}.attended", x.shape), planner.tensor(f"{name}.pre_activation", x.shape)
        planner.alias(f"{name}.activation", z)
        offsets = (tensor.offset for tensor in (*projected, scores, weights, attended))
        numbers = (*offsets, heads, steps, features // heads, self.causal)
        for operation in ("attention_scores", "attention_weights", "attention"):
            planner.emit(f"{operation}_forward", *numbers)

        def backward() -> None:
            for operation in ("attention", "attention_weights", "attention_scores"):
                planner.emit(f"{operation}_backward", *numbers)

        planner.on_backward(backward)
        weight, bias = (planner.parameter(f"{name}.out_proj.{kind}") for kind in ("weight", "bias"))
        plan_product(planner, attended, z, weight, bias)
        return z

    def _project(self, planner: Planner, x: Tensor, name: str, part: int) -> Tensor:
        """Query, key or value (part 0, 1, 2): one product a head, so that each head's lie together."""
        layer = name.rpartition(".")[0]
        steps, features = x.shape
        size = features // self.heads
        y = planner.tensor(name, (self.heads, steps, size))
        weight, bias = planner.parameter(f"{layer}.in_proj.weight"), planner.parameter(f"{layer}.in_proj.bias")
        for head in range(self.heads):
            z = y._replace(offset=y.offset + head * steps * size * planner.lanes, shape=(steps, size))
            first = part * features + head * size
            plan_product(planner, x, z, weight + first * features, bias + first)
        return y


@dataclass(frozen=True)
class TransformerBlock(Layer, name="transformer_block"):
    """u = x + attention(norm(x)),  y = u + W_2 f(W_1 norm(u) + b_1) + b_2. Vaswani et al. 2017, section 3.1.

    With `norm_first=False`, as in that paper, u = norm(x + attention(x)) and y = norm(u + ...); norm first is Xiong et
    al. 2020. `ff_units` are the hidden units of the second part (4 features if None), `activation` is their f.

    Shapes: x and y [batch, time, features]. It is made of "layer_norm_1", "self_attention_1", "layer_norm_2", "dense_1"
    and "dense_2", which say the rest: "transformer_block_1.self_attention_1.weights".
    """

    heads: int
    ff_units: int | None = None
    activation: str | ActivationFunction = "gelu"
    causal: bool = False
    norm_first: bool = True

    def __post_init__(self) -> None:
        SelfAttention(self.heads, self.causal)
        if self.ff_units is not None:
            check_count("ff_units", self.ff_units, 1, 4096)
        check_flag("norm_first", self.norm_first)
        object.__setattr__(self, "activation", ActivationFunction.of(self.activation))

    def parts(self, input_shape: Shape) -> list[NamedLayer]:
        features = _check_sequence(self.name, input_shape)[1]
        attention = [SelfAttention(self.heads, self.causal)]
        feed_forward = [Dense(self.ff_units or 4 * features, self.activation), Dense(features)]
        if self.norm_first:
            layers = [LayerNorm(), *attention, LayerNorm(), *feed_forward]
        else:
            layers = [*attention, LayerNorm(), *feed_forward, LayerNorm()]
        return named(layers, input_shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.parts(input_shape)[-1].output_shape

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        parts = self.parts(x.shape)
        branches = (parts[:2], parts[2:]) if self.norm_first else (parts[:1], parts[2:4])
        for number, branch in enumerate(branches, 1):
            x = plan_branch(planner, x, branch, name, f"sum_{number}")
            if not self.norm_first:
                norm = parts[1] if number == 1 else parts[4]
                x = norm.layer.plan(planner, x, f"{name}.{norm.name}")
        planner.alias(f"{name}.pre_activation", x)
        planner.alias(f"{name}.activation", x)
        return x


def _check_sequence(layer: str, input_shape: Shape) -> Shape:
    if len(input_shape) != 2:
        raise ConfigurationError(f"input of {layer}", input_shape, "(time, features), as a sequence has")
    return input_shape
