"""Chains of layers to test with: a `LayerCase` is a chain, mean squared error, and one batch of random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import strategies as st

import engine
from engine.layers import Layer
from engine.run import Run
from tests import naive_attention, naive_dropout


@dataclass(frozen=True)
class LayerCase:
    """`layers` on an input of `shape`; parameters, inputs and targets are drawn from `seed`."""

    shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    batch: int = 5
    seed: int = 0

    @property
    def network(self) -> engine.Network:
        return engine.Network(self.shape, self.layers, "mean_squared_error")

    @property
    def chain(self) -> list:
        """The layers as the naive twin takes them."""
        return naive_attention.numbered([layer.to_dict() for layer in self.layers])

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters with O(1) pre-activations, biases too; weights of a normalisation about 1."""
        rng, shapes = np.random.default_rng(self.seed), self.network.parameter_shapes()
        return {
            name: rng.normal(0, 1.2 / np.sqrt(shape[1]), shape)
            if len(shape) > 1
            else rng.normal(float(name.endswith(".weight")), 0.4, shape)
            for name, shape in shapes.items()
        }

    @cached_property
    def x(self) -> np.ndarray:
        return np.random.default_rng(self.seed + 1).normal(size=(self.batch, *self.shape))

    @cached_property
    def y(self) -> np.ndarray:
        shape = self.network.output_shape
        return np.random.default_rng(self.seed + 2).normal(size=(self.batch, int(np.prod(shape))))

    def start(self, **options: Any) -> Run:
        """A run that begins at this case's parameters; float64, full batch and plain SGD unless `options` say else.

        Examples are repeated in its dataset, so that no layer finds the batch too small.
        """
        x, y = np.concatenate([self.x, self.x]), np.concatenate([self.y, self.y])
        data = engine.Dataset(x, y, x, y, task="regression")
        chosen = {"optimiser": engine.SGD(0.1), "regime": engine.FullBatch(), "dtype": "float64"} | options
        run = engine.Experiment(self.network, data, **chosen).start()
        run.set_parameters(self.arrays)
        return run

    def naive(self) -> tuple[float, dict[str, np.ndarray]]:
        """Loss and gradients by the naive twin, at step 0 of seed 0."""
        output, tapes = naive_attention.forward(self.chain, self.arrays, self.x, mask)
        error = output - self.y.reshape(output.shape)
        _, gradients = naive_attention.backward(self.chain, self.arrays, tapes, 2 * error / error.size)
        return float((error**2).mean()), gradients


def mask(name: str, rate: float, shape: tuple[int, ...]) -> np.ndarray:
    """A dropout's mask at step 0 of seed 0."""
    return naive_dropout.mask(name, rate, 0, 0, shape)


@st.composite
def of_a_sequence(draw: st.DrawFn, features: int, depth: int = 1) -> Layer:
    """Any of this family's layers that takes and gives (time, features)."""
    kinds = ["layer_norm", "batch_norm", "dropout", "positional_encoding", "self_attention", "transformer_block"]
    kind = draw(st.sampled_from([*kinds, "residual"] if depth else kinds))
    heads = draw(st.sampled_from([h for h in range(1, features + 1) if features % h == 0]))
    if kind == "residual":
        inside = draw(st.lists(of_a_sequence(features, depth - 1), min_size=1, max_size=2))
        return engine.Residual([*inside, engine.Dense(features, "tanh")])
    if kind == "self_attention":
        return engine.SelfAttention(heads, causal=draw(st.booleans()))
    if kind == "transformer_block":
        flags = {"causal": draw(st.booleans()), "norm_first": draw(st.booleans())}
        units, activation = draw(st.sampled_from([None, 5])), draw(st.sampled_from(["gelu", "tanh"]))
        return engine.TransformerBlock(heads, units, activation, **flags)
    if kind == "dropout":
        return engine.Dropout(draw(st.sampled_from([0.0, 0.3, 0.8])))
    return Layer.of(kind)


@st.composite
def sequence_cases(draw: st.DrawFn) -> LayerCase:
    """Sequences of odd lengths and widths, one or two layers between two dense ones."""
    features = draw(st.sampled_from([3, 4, 5, 6, 17]))
    layers = draw(st.lists(of_a_sequence(features), min_size=1, max_size=2))
    shape = (draw(st.sampled_from([1, 2, 3, 7])), draw(st.sampled_from([1, 2, 3, 5])))
    batch = draw(st.sampled_from([1, 2, 3, 15, 16, 17]))
    return LayerCase(shape, (engine.Dense(features), *layers, engine.Dense(2)), batch, draw(st.integers(0, 1000)))
