"""What holds for the project as a whole: directions of imports, and what every registered name must bring with it."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from app import i18n
from engine.activations import ActivationFunction
from engine.initialisers import Initialiser
from engine.losses import Loss
from engine.schedules import Schedule
from tests import naive, naive_convolution, naive_recurrent
from tests.engine import test_attention_layers, test_initialisers, test_optimisers, test_plane
from tests.sequences import RECURRENT
from tests.strategies import HIDDEN_ACTIVATIONS, TARGETS

ROOT = Path(__file__).resolve().parents[1]
FAMILIES = {
    "activation": ActivationFunction,
    "loss": Loss,
    "optimiser": engine.optimisers.Optimiser,
    "regulariser": engine.regularisers.Regulariser,
    "initialiser": Initialiser,
    "schedule": Schedule,
    "regime": engine.regimes.Regime,
    "layer": engine.layers.Layer,
    "axes": engine.axes.Axes,
}
MEMBERS = [(family, name) for family, base in FAMILIES.items() for name in base.names()]
# the tests that go through every member of a family, by the names that they go through
NAIVE_TWINS = {
    "activation": naive.ACTIVATIONS,
    "loss": naive.LOSSES,
    "optimiser": naive.OPTIMISERS,
    "regulariser": naive.REGULARISERS,
    "schedule": naive.SCHEDULES,
    "initialiser": test_initialisers.VARIANCES,
    "regime": {regime.name for regime in test_optimisers.REGIMES.values()},
    "layer": {"dense", "activation", "embedding", *naive_recurrent.STEPS, *test_attention_layers.EVERY}
    | {*naive_convolution.LAYERS},
    "axes": test_plane.DEFINED,
}
GRADIENT_TESTED = {
    "activation": {*HIDDEN_ACTIVATIONS, "softmax"},
    "loss": set(TARGETS),
    "regulariser": {"l1", "l2", "elastic_net"},
    "layer": {"dense", "activation", "embedding", *RECURRENT, *test_attention_layers.EVERY}
    | {*naive_convolution.LAYERS},
}
SPOKEN = ("layer", "activation", "loss", "optimiser", "regulariser", "initialiser", "schedule", "regime")


def test_imports_point_the_way_they_should():
    """The contracts of pyproject.toml: kernels stand alone, the engine knows no app, views know no other view."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", answer.stdout), answer.stdout


@pytest.mark.parametrize(("family", "name"), MEMBERS)
def test_docstring_has_a_formula(family, name):
    """Written out for this very class, with an equals or distribution sign in it."""
    doc = FAMILIES[family].member(name).__doc__ or ""
    assert not doc.startswith(f"{FAMILIES[family].member(name).__name__}("), (
        "a dataclass's own signature is no docstring"
    )
    if family not in ("regime",) and name != "orthogonal":
        assert re.search(r"[=~]|<-", doc), doc


@pytest.mark.parametrize("name", engine.layers.Layer.names())
def test_docstring_of_a_layer_gives_shapes_and_source(name):
    doc = engine.layers.Layer.member(name).__doc__ or ""
    assert re.search(r"[Ss]hapes?\b|\[batch", doc), doc
    assert re.search(r"(19|20)\d\d|`engine/|PyTorch", doc), doc


@pytest.mark.parametrize(("family", "name"), MEMBERS)
def test_has_a_naive_twin_or_a_statistical_one(family, name):
    assert name in NAIVE_TWINS[family]


@pytest.mark.parametrize(("family", "name"), [member for member in MEMBERS if member[0] in GRADIENT_TESTED])
def test_has_a_gradient_test(family, name):
    assert name in GRADIENT_TESTED[family]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize(("family", "name"), [member for member in MEMBERS if member[0] in SPOKEN])
def test_has_words_in_every_language(family, name, language):
    assert i18n.translator(language).words[f"names.{family}.{name}"]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("family", SPOKEN)
def test_no_word_is_left_of_a_name_that_is_gone(family, language):
    words = i18n.translator(language).table(f"names.{family}")
    assert set(words) - {"none"} == set(FAMILIES[family].names())


@pytest.mark.parametrize("name", engine.datasets.names())
def test_every_dataset_has_a_docstring_and_words(name):
    assert inspect.getdoc(engine.datasets.entry(name))
    for language in i18n.LANGUAGES:
        assert i18n.translator(language).words[f"names.dataset.{name}"]


@pytest.mark.parametrize("name", engine.datasets.names("plane", "curve", "table"))
def test_every_dataset_of_rows_trains(name):
    """A few steps of a network of the data's own shape: inputs, classes and targets fit together.

    Pictures, sequences, text and series do so in `engine/test_datasets_sequences.py`.
    """
    data = engine.datasets.load(name)
    loss = "mean_squared_error" if data.task == "regression" else "categorical_cross_entropy"
    outputs = data.y_train.shape[1] if data.task == "regression" else data.classes
    network = engine.Network(data.x_train.shape[1:], [engine.Dense(4, activation="tanh"), engine.Dense(outputs)], loss)
    run = engine.Experiment(network, data, engine.Adam(0.01)).start()
    before = run.train_loss()
    run.train(epochs=5)
    assert run.train_loss() < before


def test_every_module_of_the_engine_says_what_it_is():
    for path in (ROOT / "engine").rglob("*.py"):
        source = path.read_text()
        assert not source.strip() or source.lstrip().startswith('"""'), path
