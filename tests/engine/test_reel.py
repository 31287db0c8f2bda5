"""Frames that are recorded together have the bits of frames that are recorded one by one."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from engine import trace as tracing

SPIRAL = engine.datasets.load("spirals", noise=0.1, n=300, labels="binary")
BLOBS = engine.datasets.load("blobs", n=130)
SINE = engine.datasets.load("sine", n=90)
TANH = engine.Network((2,), [engine.Dense(8, "tanh"), engine.Dense(4, "relu"), engine.Dense(1)], "binary_cross_entropy")
CLASSES = engine.Network((2,), [engine.Dense(5, "gelu"), engine.Dense(3)], "categorical_cross_entropy")
CURVE = engine.Network((1,), [engine.Dense(6, "elu"), engine.Dense(1)], "mean_squared_error")
NORMED = engine.Network((2,), [engine.Dense(4), engine.BatchNorm(), engine.Dense(3)], "categorical_cross_entropy")
EDITS = (
    engine.Edit(37, "learning_rate", 0.3),
    engine.Edit(60, "optimiser", engine.Adam(0.01)),
    engine.Edit(61, "point", (0.5, 0.5, 1)),
)
CASES = {
    "two classes": engine.Experiment(TANH, SPIRAL, engine.SGD(0.1)),
    "three classes, the last batch smaller": engine.Experiment(CLASSES, BLOBS, engine.Adam(0.01), engine.MiniBatch(25)),
    "a curve, all examples at once": engine.Experiment(CURVE, SINE, engine.Momentum(0.01), engine.FullBatch()),
    "batch statistics": engine.Experiment(NORMED, BLOBS, engine.SGD(0.1), engine.MiniBatch(16)),
    "doubles": engine.Experiment(TANH, SPIRAL, engine.SGD(0.1), dtype="float64"),
    "edits": engine.Experiment(
        engine.Network((2,), [engine.Dense(3, "tanh"), engine.Dense(1)], "binary_cross_entropy"),
        engine.datasets.load("points", points=[(0.1, 0.2, 0), (1, 1, 1), (-1, 1, 0), (2, 1, 1)] * 5, labels="binary"),
        engine.SGD(0.03),
        edits=EDITS,
    ),
    "it diverges": engine.Experiment(CURVE, SINE, engine.SGD(30.0)),
}


def film(experiment, n, every):
    """(a film, what follows it, where the parameters end, how it ended)."""
    run = experiment.start()
    run.step(3)
    trace, more = run.trace(n, every, follow=2), run.trace(20)
    return trace, more, run.parameters(), run.outcome


@pytest.mark.parametrize(("n", "every"), [(70, 1), (300, 5), (100, 7)])
@pytest.mark.parametrize("name", CASES)
def test_together_and_one_by_one(name, n, every, monkeypatch):
    with np.errstate(all="ignore"):
        together = film(CASES[name], n, every)
        monkeypatch.setattr(tracing, "shoot", lambda *_: 0)
        single = film(CASES[name], n, every)
    for ours, theirs in zip(together[:2], single[:2], strict=True):
        assert ours.header == theirs.header
        assert list(ours) == list(theirs)
        for field in ours:
            np.testing.assert_array_equal(ours[field], theirs[field], err_msg=field)
    assert together[2].keys() == single[2].keys()
    for parameter, value in together[2].items():
        np.testing.assert_array_equal(value, single[2][parameter], err_msg=parameter)
    assert together[3] == single[3]


def test_small_networks_are_filmed_together(monkeypatch):
    """Else this file would compare the slow way with itself."""
    monkeypatch.setattr(tracing._Recorder, "frame", lambda *_: pytest.fail("frame by frame"))
    assert len(CASES["two classes"].start().trace(60)) == 60


def test_large_ones_are_filmed_piece_by_piece():
    """A server gets its turn between pieces that are no longer than they may be."""
    data = engine.datasets.load("circle", n=4000, labels="binary")
    network = engine.Network(
        (2,), [engine.Dense(64, "tanh"), engine.Dense(64, "tanh"), engine.Dense(1)], "binary_cross_entropy"
    )
    pieces = engine.Experiment(network, data).start().tracing(60)
    assert sum(1 for _ in pieces) >= 10
