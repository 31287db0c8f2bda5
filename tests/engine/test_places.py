"""The edit "place": the network goes to a point of a plane, and a replay goes there too, to the last bit."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

import engine
from engine.axes import Axes, RandomDirections, Towards, Weights
from engine.checkpoints import CheckpointCache
from engine.errors import ConfigurationError

DATA = engine.datasets.load("circle", n=40, seed=2, labels="binary")
NETWORK = engine.Network((2,), [engine.Dense(4, "tanh"), engine.Dense(1)], "binary_cross_entropy")
EXPERIMENT = engine.Experiment(NETWORK, DATA, engine.Adam(0.02), engine.MiniBatch(6), seed=1)
AXES = (
    *(name for name in Axes.names() if name != "towards"),
    Towards(10),
    Towards(60),
    RandomDirections(3, dimensions=1),
    Weights(("dense_2.weight", 1)),
)
SEVERAL = (
    EXPERIMENT.edit(10, "place", ("random", "now", 0.5, -0.25))
    .edit(30, "place", ("path", "best", 0.5, 0.1))
    .edit(30, "learning_rate", 0.1)
    .edit(30, "place", (Towards(5), "first", 0.5, 0.0))
    .edit(45, "place", ("curvature", "now", -0.1, 0.3))
    .edit(45, "point", (1.0, 1.0, 1))
    .edit(50, "place", ("path", "now", 0.2, 0.2))
)


def flat(run: engine.run.Run) -> np.ndarray:
    return np.concatenate([array.ravel() for array in run.parameters().values()])


def trained(experiment: engine.Experiment, steps: int) -> engine.run.Run:
    run = experiment.start()
    run.step(steps)
    return run


@pytest.mark.parametrize("centre", ["now", "first", "best"])
@pytest.mark.parametrize("axes", AXES, ids=str)
def test_it_goes_to_that_point_of_the_landscape_that_was_seen(axes, centre):
    seen = engine.landscape(trained(EXPERIMENT, 40), axes, 3, centre=centre)
    run = trained(EXPERIMENT.edit(40, "place", (axes, centre, 0.3, -0.2)), 40)
    np.testing.assert_array_equal(flat(run), seen.flat_at(0.3, -0.2).astype(np.float32))


def test_it_acts_before_the_update_of_its_step():
    run = trained(EXPERIMENT.edit(40, "place", ("random", "now", 0.3, -0.2)), 40)
    assert run.step_count == 40
    before = trained(EXPERIMENT, 40)
    assert np.abs(flat(run) - flat(before)).max() > 0.01
    before.set_parameters(run.parameters())
    run.step(5)
    before.step(5)
    np.testing.assert_array_equal(flat(run), flat(before))  # the optimiser's state is kept


def test_later_edits_do_not_matter():
    edited = EXPERIMENT.edit(40, "place", ("path", "now", 0.3, -0.2))
    later = edited.edit(41, "learning_rate", 0.5).edit(50, "place", ("random", "now", 1.0, 1.0))
    np.testing.assert_array_equal(flat(trained(edited, 40)), flat(trained(later, 40)))


def test_a_replay_has_the_same_bits():
    whole, pieces = trained(SEVERAL, 80), SEVERAL.start()
    for start, end in pairwise((0, 1, 29, 30, 31, 44, 45, 46, 80)):
        assert pieces.step(end - start) == end - start
    np.testing.assert_array_equal(flat(whole), flat(pieces))


@pytest.mark.parametrize("step", [0, 9, 10, 30, 40, 45, 49, 50, 60])
def test_going_on_from_a_checkpoint_has_the_same_bits(step):
    """In another run, which has not been to the earlier places."""
    cache = CheckpointCache()
    cache.put(SEVERAL, step, trained(SEVERAL, step).checkpoint)
    again = SEVERAL.start()
    _, checkpoint = cache.get(SEVERAL, step)
    again.restore(checkpoint)
    again.step(80 - step)
    np.testing.assert_array_equal(flat(again), flat(trained(SEVERAL, 80)))


def test_going_back_before_it():
    run = SEVERAL.start()
    start = run.checkpoint()
    run.step(80)
    end = flat(run)
    run.restore(start)
    run.step(80)
    np.testing.assert_array_equal(flat(run), end)


def test_a_trace_shows_it():
    trace = SEVERAL.start().trace(60)
    np.testing.assert_array_equal(trace["dense_1.weight"][50], trained(SEVERAL, 50).parameters()["dense_1.weight"])


def test_many_places_take_no_longer_than_their_replays(monkeypatch):
    """Each replay passes all the earlier places, and knows the way to them already."""
    starts = []
    start = engine.Experiment.start
    monkeypatch.setattr(engine.Experiment, "start", lambda self: starts.append(self) or start(self))
    experiment = EXPERIMENT
    for step in range(1, 13):
        experiment = experiment.edit(step, "place", ("path", "now", 0.01, 0.01))
    trained(experiment, 15)
    assert len(starts) == 13


def test_it_comes_back_from_text():
    text = json.dumps(SEVERAL.to_dict())
    again = engine.Experiment.from_dict(json.loads(text))
    assert again == SEVERAL
    assert again.key == SEVERAL.key
    assert isinstance(again.edits[0].value[0], RandomDirections)


@pytest.mark.parametrize(
    "value",
    [
        ("random", "now", 0.5),
        ("north", "now", 0.5, 0.5),
        ("random", "last", 0.5, 0.5),
        ("random", "now", float("nan"), 0.5),
        ("random", "now", 0.5, 1e9),
        ("random", "now", "0.5", 0.5),
        (Weights(("dense_9.weight", 0)), "now", 0.5, 0.5),
        (Weights(("dense_1.weight", 8)), "now", 0.5, 0.5),
        "random",
        None,
    ],
)
def test_what_is_not_accepted(value):
    with pytest.raises(ConfigurationError):
        EXPERIMENT.edit(3, "place", value)


def place(step: int, axes: object, centre: str = "now") -> engine.Experiment:
    return EXPERIMENT.edit(step, "place", (axes, centre, 0.1, 0.1))


def operations(experiment: engine.Experiment, steps: int = 2000, start: int = 0) -> int:
    return engine.cost(experiment, steps, 0, start).operations


def test_its_cost_is_counted():
    plain = operations(EXPERIMENT)
    assert operations(place(5, "random")) == plain
    path, later = (operations(place(step, "path")) for step in (100, 1000))
    assert later - path == operations(EXPERIMENT, 900)
    assert path > plain + operations(EXPERIMENT, 100)
    assert operations(place(100, "random", "best")) == path
    assert operations(place(100, Towards(1000))) == later
    assert operations(place(5, "curvature")) > plain
    twice = place(100, "path").edit(1000, "place", ("path", "now", 0.1, 0.1))
    assert operations(twice) == path + later - plain


def test_its_cost_is_counted_where_it_is_met():
    """And then that of earlier ones too, which a replay of the beginning passes."""
    twice = place(100, "path").edit(1000, "place", ("path", "now", 0.1, 0.1))
    plain, both = operations(EXPERIMENT, 50), operations(twice) - operations(EXPERIMENT)
    assert operations(twice, 50) == plain
    assert operations(twice, 50, 300) == plain
    assert operations(twice, 50, 980) == plain + both
    assert operations(twice, 50, 1001) == plain
