"""The browser's forward pass equals the engine's: the only arithmetic of the network that is done twice."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from engine.activations import ActivationFunction
from tests.stage.conftest import Run

FORWARD = """
  const layers = a.layers.map((l) => ({...l, weight: Float32Array.from(l.weight), bias: l.bias &&
    Float32Array.from(l.bias)}));
  const out = m.makeBuffers(layers, a.points);
  m.forward(layers, Float32Array.from(a.inputs), a.points, out);
  const answer = Float32Array.from(out.at(-1));
  m.predict(a.loss, answer, layers.at(-1).units, a.points);
  return {hidden: [...out[0]], output: [...out.at(-1)], answer: [...answer]};
"""
HIDDEN = [name for name in ActivationFunction.names() if name != "softmax"]
OPTIONS = [{"name": "leaky_relu", "alpha": 0.2}, {"name": "elu", "alpha": 0.5}, {"name": "gelu", "approximate": "tanh"}]


def started(activation: object, outputs: int, loss: str, labels: object, use_bias: bool = True) -> engine.run.Run:
    """A run in float64 whose parameters are float32 numbers, with biases that are not zero."""
    layers = [engine.Dense(5, activation=activation, use_bias=use_bias), engine.Dense(outputs)]
    x = np.random.default_rng(1).normal(size=(12, 3))
    data = engine.Dataset(x, labels, x, labels)
    experiment = engine.Experiment(engine.Network((3,), layers, loss=loss), data, seed=2, dtype="float64")
    run = experiment.start()
    rng = np.random.default_rng(3)
    run.set_parameters({name: np.float32(rng.normal(0, 1.5, value.shape)) for name, value in run.parameters().items()})
    return run


def in_browser(
    run: Run, training: engine.run.Run, activation: object, x: np.ndarray, loss: str
) -> dict[str, np.ndarray]:
    """What the module answers for the inputs `x`, unit-major."""
    parameters = training.parameters()
    kinds = [activation if isinstance(activation, dict) else {"name": activation}, {"name": "identity"}]
    layers = []
    for number, kind in enumerate(kinds, 1):
        weight, bias = parameters[f"dense_{number}.weight"], parameters.get(f"dense_{number}.bias")
        units, inputs = weight.shape
        layers.append({
            "weight": weight.ravel().tolist(), "bias": None if bias is None else bias.tolist(), "units": units,
            "inputs": inputs, "activation": kind,
        })  # fmt: skip
    argument = {"layers": layers, "points": len(x), "inputs": np.float32(x).T.ravel().tolist(), "loss": loss}
    return {
        name: np.array(values).reshape(-1, len(x)).T for name, values in run("forward.js", FORWARD, argument).items()
    }


@pytest.mark.parametrize("activation", [*HIDDEN, *OPTIONS], ids=str)
def test_every_activation_answers_as_the_engine_does(run: Run, activation: object) -> None:
    training = started(activation, 2, "mean_squared_error", np.zeros((12, 2)))
    x = np.float32(np.random.default_rng(4).normal(0, 3, (40, 3)))
    mine = in_browser(run, training, activation, x, "mean_squared_error")
    theirs = training.forward(x.astype(np.float64))
    np.testing.assert_allclose(mine["output"], theirs, rtol=1e-5, atol=1e-5)


def test_a_layer_without_bias(run: Run) -> None:
    training = started("tanh", 1, "mean_squared_error", np.zeros((12, 1)), use_bias=False)
    x = np.float32(np.random.default_rng(4).normal(size=(9, 3)))
    mine = in_browser(run, training, "tanh", x, "mean_squared_error")
    np.testing.assert_allclose(mine["output"], training.forward(x.astype(np.float64)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("loss", "outputs"), [("binary_cross_entropy", 1), ("categorical_cross_entropy", 3)])
def test_the_answer_is_what_the_film_calls_prediction(run: Run, loss: str, outputs: int) -> None:
    labels = np.arange(12) % max(2, outputs)
    training = started("tanh", outputs, loss, labels)
    x = training.experiment.dataset.x_train
    mine = in_browser(run, training, "tanh", x, loss)["answer"]
    for index in (0, 7):
        fresh = started("tanh", outputs, loss, labels)
        np.testing.assert_allclose(mine[index], fresh.trace(1, follow=index)["prediction"][0], rtol=1e-5, atol=1e-5)


def test_features_of_the_plane_are_the_datasets(run: Run) -> None:
    names = run("forward.js", "return Object.keys(m.FEATURES)")
    data = engine.datasets.load("circle", n=20, features=tuple(names))
    mine = run(
        "forward.js",
        "return a.points.map(([x1, x2]) => [...m.pointInputs(a.names, x1, x2)])",
        {"names": names, "points": data.points_train.tolist()},
    )
    np.testing.assert_allclose(mine, data.x_train, rtol=1e-6, atol=1e-6)


def test_a_grid_starts_at_the_top_left_and_includes_both_ends(run: Run) -> None:
    grid = run("forward.js", "return [...m.planeInputs(['x1', 'x2'], 3, [-6, 6])]")
    assert grid == [-6, 0, 6, -6, 0, 6, -6, 0, 6, 6, 6, 6, 0, 0, 0, -6, -6, -6]


def test_an_unknown_name_is_refused(run: Run) -> None:
    body = "try { m.activate({name: 'swish9'}, new Float32Array(1)) } catch (e) { return e.message }"
    assert run("forward.js", body) == "invalid activation: swish9"
    assert (
        run("forward.js", "try { m.planeInputs(['x3'], 2, [0, 1]) } catch (e) { return e.message }")
        == "invalid feature: x3"
    )


def test_an_answer_sure_of_itself_does_not_overflow(run: Run) -> None:
    body = "const b = Float32Array.of(1e4, -1e4); m.softmax(b, 2, 1); return [...b, m.sigmoid(-1e4), m.sigmoid(1e4)]"
    assert run("forward.js", body) == [1, 0, 0, 1]
