"""Networks to test with: a `Case` is one network, one loss and one batch, as the engine and the naive twin see them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import strategies as st

import engine
from engine.run import Run
from tests import naive

WIDTHS = (1, 2, 3, 5, 17, 33)
BATCHES = (1, 2, 3, 7, 10, 16, 17, 37)
TARGETS = {
    "mean_squared_error": "values",
    "half_squared_error": "values",
    "mean_absolute_error": "values",
    "huber": "values",
    "hinge": "signs",
    "binary_cross_entropy": "bits",
    "categorical_cross_entropy": "classes",
}
HIDDEN_ACTIVATIONS = tuple(name for name in naive.ACTIVATIONS if name != "softmax")


def choice(value: str | naive.Choice) -> naive.Choice:
    return {"name": value} if isinstance(value, str) else value


@dataclass(frozen=True)
class Case:
    """A network, a loss and a batch; numbers are drawn from `seed`.

    `widths` are the inputs, the units of each hidden layer and the outputs; there is one activation for each layer.
    `loss` and the activations are names or {"name": ..., option: value}.
    """

    widths: tuple[int, ...] = (2, 3, 1)
    activations: tuple[Any, ...] = ("tanh", "identity")
    loss: Any = "mean_squared_error"
    batch: int = 10
    seed: int = 0
    use_bias: bool = True

    @property
    def network(self) -> engine.Network:
        layers = [
            engine.Dense(units, activation=activation, use_bias=self.use_bias)
            for units, activation in zip(self.widths[1:], self.activations, strict=True)
        ]
        return engine.Network(input_shape=(self.widths[0],), layers=layers, loss=self.loss)

    @property
    def layers(self) -> list[naive.Choice]:
        return [
            {"name": f"dense_{number}", "units": units, "activation": choice(activation), "use_bias": self.use_bias}
            for number, (units, activation) in enumerate(zip(self.widths[1:], self.activations, strict=True), start=1)
        ]

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters with O(1) pre-activations, biases too."""
        rng, arrays = np.random.default_rng(self.seed), {}
        for layer, inputs in zip(self.layers, self.widths, strict=False):
            scale = 1.2 / np.sqrt(inputs)
            arrays[f"{layer['name']}.weight"] = rng.normal(0, scale, (layer["units"], inputs))
            if self.use_bias:
                arrays[f"{layer['name']}.bias"] = rng.normal(0, 0.5, layer["units"])
        return arrays

    @property
    def parameters(self) -> naive.Parameters:
        return naive.from_arrays(self.arrays)

    @cached_property
    def x(self) -> np.ndarray:
        return np.random.default_rng(self.seed + 1).normal(size=(self.batch, self.widths[0]))

    @cached_property
    def y(self) -> np.ndarray:
        """Targets of the kind that the loss takes."""
        rng, shape = np.random.default_rng(self.seed + 2), (self.batch, self.widths[-1])
        kind = TARGETS[choice(self.loss)["name"]]
        if kind == "classes":
            return rng.integers(0, self.widths[-1], self.batch)
        if kind == "values":
            return rng.normal(0, 1.5, shape)
        bits = rng.integers(0, 2, shape).astype(float)
        return 2 * bits - 1 if kind == "signs" else bits

    @property
    def rows(self) -> tuple[list, list]:
        """The batch as plain lists, for the naive twin."""
        return self.x.tolist(), self.y.tolist()

    def dataset(self) -> engine.Dataset:
        kind = TARGETS[choice(self.loss)["name"]]
        classes = kind == "classes" or (kind != "values" and self.widths[-1] == 1)
        task = "classification" if classes else "regression"  # several bits at once are no choice between classes
        return engine.Dataset(self.x, self.y, self.x, self.y, task=task)

    def experiment(self, **options: Any) -> engine.Experiment:
        """Float64, full batch and plain SGD unless `options` say otherwise."""
        chosen = {"optimiser": engine.SGD(0.1), "regime": engine.FullBatch(), "dtype": "float64"} | options
        return engine.Experiment(self.network, self.dataset(), **chosen)

    def start(self, **options: Any) -> Run:
        """A run of the experiment that begins at this case's parameters."""
        run = self.experiment(**options).start()
        run.set_parameters(self.arrays)
        return run

    def kink_distance(self) -> float:
        """How far the nearest pre-activation or error is from a kink of its function."""
        distances = [1.0]
        for x, y in zip(*self.rows, strict=True):
            output, tape = naive.forward(self.layers, self.parameters, x)
            for layer, seen in zip(self.layers, tape, strict=True):
                if layer["activation"]["name"] in ("relu", "leaky_relu", "elu"):
                    distances += [abs(z) for z in seen["pre_activation"]]
            if not isinstance(y, int):
                edges = {"mean_absolute_error": (0.0,), "huber": (-1.0, 1.0)}.get(choice(self.loss)["name"], ())
                distances += [abs(o - t - edge) for o, t in zip(output, y, strict=True) for edge in edges]
                if choice(self.loss)["name"] == "hinge":
                    distances += [abs(1 - o * t) for o, t in zip(output, y, strict=True)]
        return min(distances)

    def away_from_kinks(self, distance: float = 1e-2) -> Case:
        """The same case from the first seed whose numbers are all at least `distance` from a kink."""
        candidates = (replace(self, seed=seed) for seed in range(self.seed, self.seed + 10_000, 3))
        return next(case for case in candidates if case.kink_distance() > distance)


@st.composite
def cases(draw: st.DrawFn, max_layers: int = 6) -> Case:
    """Any network of up to five hidden layers and odd widths, with any activations, loss and batch size."""
    loss = draw(st.sampled_from(sorted(TARGETS)))
    hidden = draw(st.lists(st.sampled_from(WIDTHS), max_size=max_layers - 1))
    outputs = draw(st.sampled_from([width for width in WIDTHS if width > 1 or loss != "categorical_cross_entropy"]))
    activations = [draw(st.sampled_from(HIDDEN_ACTIVATIONS)) for _ in hidden]
    activations.append(draw(st.sampled_from(sorted(naive.ACTIVATIONS))))
    return Case(
        widths=(draw(st.sampled_from(WIDTHS)), *hidden, outputs),
        activations=tuple(activations),
        loss=loss,
        batch=draw(st.sampled_from(BATCHES)),
        seed=draw(st.integers(0, 1000)),
        use_bias=draw(st.booleans()),
    )


def worst_error(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> float:
    """Greatest error of any entry, relative to its tensor's greatest value (floor: 1e-3 of the greatest of all)."""
    assert found.keys() == expected.keys()
    greatest = max((float(np.abs(array).max()) for array in expected.values()), default=0.0)
    worst = 0.0
    for name, array in expected.items():
        assert found[name].shape == array.shape, name
        scale = max(float(np.abs(array).max()), 1e-3 * greatest, 1e-300)
        worst = max(worst, float(np.abs(found[name] - array).max()) / scale)
    return worst
