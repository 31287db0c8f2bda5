"""The engine's public names are exactly those meant, and each says what it is."""

from __future__ import annotations

import inspect

import pytest

import engine

MEANT = {
    "network": {"Network", "Layer", "Dense", "Activation"},
    "experiment": {"Experiment", "Edit", "Dataset", "datasets"},
    "run": {"Run", "Checkpoint", "Outcome", "Trace", "CheckpointCache", "gradient_check", "warmup"},
    "optimisers": {"Optimiser", "SGD", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "AdamW"},
    "regularisers": {"Regulariser", "L1", "L2", "ElasticNet"},
    "regimes": {"Regime", "FullBatch", "MiniBatch", "Stochastic"},
    "errors": {"errors"},
}


def test_public_names_are_exactly_those_meant():
    assert set(engine.__all__) == set().union(*MEANT.values())


def test_the_list_is_sorted_and_says_the_truth():
    assert list(engine.__all__) == sorted(engine.__all__)
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
            assert inspect.getdoc(getattr(engine.__dict__[name], attribute)), f"{name}.{attribute}"
