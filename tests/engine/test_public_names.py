"""The engine's public names are exactly those meant, and each says what it is."""

from __future__ import annotations

import inspect
import re

import pytest

import engine

MEANT = {
    "what a person chooses": {"Network", "Experiment", "Edit", "Dataset"},
    "layers": {
        "Dense",
        "Activation",
        "AvgPool2D",
        "BatchNorm",
        "Conv2D",
        "Dropout",
        "Embedding",
        "Flatten",
        "GRU",
        "GlobalAveragePool2D",
        "LSTM",
        "LayerNorm",
        "MaxPool2D",
        "PositionalEncoding",
        "Residual",
        "SelfAttention",
        "SimpleRNN",
        "TransformerBlock",
    },
    "losses": {
        "MeanSquaredError",
        "HalfSquaredError",
        "MeanAbsoluteError",
        "Huber",
        "Hinge",
        "BinaryCrossEntropy",
        "CategoricalCrossEntropy",
    },
    "optimisers": {"SGD", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "AdamW"},
    "regularisers": {"L1", "L2", "ElasticNet"},
    "regimes": {"FullBatch", "MiniBatch", "Stochastic"},
    "what comes of it": {"Outcome", "Trace", "gradient_check", "GradientReport", "cost", "Cost"}
    | {"landscape", "landscape_blocks", "Landscape"},
    "modules": {
        "activations",
        "axes",
        "datasets",
        "derivation",
        "errors",
        "export",
        "initialisers",
        "losses",
        "optimisers",
        "regimes",
        "regularisers",
        "schedules",
        "weights",
    },
}


def test_public_names_are_exactly_those_meant():
    assert set(engine.__all__) == set().union(*MEANT.values())


def test_the_list_says_the_truth():
    assert len(engine.__all__) == len(set(engine.__all__))
    for name in engine.__all__:
        assert hasattr(engine, name), name


@pytest.mark.parametrize("name", sorted(engine.__all__))
def test_every_public_name_has_a_docstring(name):
    thing = getattr(engine, name)
    assert (inspect.getdoc(thing) or "").strip(), name


@pytest.mark.parametrize("name", sorted(name for name in engine.__all__ if inspect.isclass(getattr(engine, name))))
def test_public_methods_have_docstrings(name):
    for attribute, member in vars(getattr(engine, name)).items():
        if not attribute.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            listed = re.search(rf"\b{attribute}\b", inspect.getdoc(getattr(engine, name)) or "")
            assert inspect.getdoc(member) or listed, f"{name}.{attribute}"
