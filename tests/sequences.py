"""Networks over time to test with: a `SequenceCase` is one of them with a batch, as the engine and its twins see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from hypothesis import strategies as st

import engine
from engine.run import Run
from tests import naive

RECURRENT = ("simple_rnn", "lstm", "gru")
VOCABULARY = 5


@dataclass(frozen=True)
class SequenceCase:
    """Recurrent layers and a dense one, after an embedding with `tokens`; numbers are drawn from `seed`.

    `kinds` and `units` say each recurrent layer; all but the last give whole sequences, the last with `sequences`.
    `features` are the inputs of each time step, or the embedding's units.
    """

    kinds: tuple[str, ...] = ("lstm",)
    units: tuple[int, ...] = (3,)
    features: int = 2
    steps: int = 4
    batch: int = 5
    sequences: bool = False
    tokens: bool = False
    activation: str = "tanh"
    loss: str = "categorical_cross_entropy"
    seed: int = 0

    @property
    def network(self) -> engine.Network:
        layers: list[engine.layers.Layer] = [engine.Embedding(VOCABULARY, self.features)] if self.tokens else []
        for depth, (kind, units) in enumerate(zip(self.kinds, self.units, strict=True), 1):
            options = {"units": units, "return_sequences": self.sequences or depth < len(self.kinds)}
            options |= {"activation": self.activation} if kind == "simple_rnn" else {}
            layers.append(engine.layers.Layer.from_dict({"name": kind} | options))
        shape = (self.steps,) if self.tokens else (self.steps, self.features)
        return engine.Network(shape, [*layers, engine.Dense(3)], self.loss)

    @property
    def layers(self) -> list[naive.Choice]:
        """For the naive twin."""
        return [layer.to_dict() | {"kind": layer.name, "name": name} for name, layer, *_ in self.network.named_layers()]

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters with O(1) pre-activations, biases too."""
        rng = np.random.default_rng(self.seed)
        scales = {name: 1.2 / np.sqrt(shape[-1]) for name, shape in self.network.parameter_shapes().items()}
        shapes = self.network.parameter_shapes()
        return {name: rng.normal(0, min(scale, 0.7), shapes[name]) for name, scale in scales.items()}

    @property
    def parameters(self) -> naive.Parameters:
        return naive.from_arrays(self.arrays)

    @cached_property
    def x(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed + 1)
        if self.tokens:
            return rng.integers(0, VOCABULARY, (self.batch, self.steps)).astype(float)
        return rng.normal(size=(self.batch, self.steps, self.features))

    @cached_property
    def y(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed + 2)
        steps = (self.batch, self.steps) if self.sequences else (self.batch,)
        if self.loss == "categorical_cross_entropy":
            return rng.integers(0, 3, steps)
        return rng.normal(0, 1.5, (*steps, 3))

    def dataset(self) -> engine.Dataset:
        """Targets as numbers [n, k]: what any loss reads."""
        y = self.y.reshape(self.batch, -1).astype(float)
        return engine.Dataset(self.x, y, self.x, y, task="regression")

    def start(self, **options: object) -> Run:
        """A run in float64 that begins at this case's parameters."""
        chosen = {"optimiser": engine.SGD(0.1), "regime": engine.FullBatch(), "dtype": "float64"} | options
        run = engine.Experiment(self.network, self.dataset(), **chosen).start()
        run.set_parameters(self.arrays)
        return run


@st.composite
def sequence_cases(draw: st.DrawFn, most: int = 2) -> SequenceCase:
    """One or more recurrent layers of any kind and odd widths, over one to seven time steps."""
    kinds = draw(st.lists(st.sampled_from(RECURRENT), min_size=1, max_size=most))
    return SequenceCase(
        kinds=tuple(kinds),
        units=tuple(draw(st.sampled_from((1, 2, 3, 5, 17))) for _ in kinds),
        features=draw(st.sampled_from((1, 2, 3, 5, 17))),
        steps=draw(st.sampled_from((1, 2, 3, 7))),
        batch=draw(st.sampled_from((1, 2, 3, 7, 16, 17))),
        sequences=draw(st.booleans()),
        tokens=draw(st.booleans()),
        activation=draw(st.sampled_from(("tanh", "relu"))),
        loss=draw(st.sampled_from(("categorical_cross_entropy", "mean_squared_error"))),
        seed=draw(st.integers(0, 1000)),
    )
