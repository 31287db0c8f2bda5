"""A checkpoint is found by every film that shares its past, and by no other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest

from engine.checkpoints import CheckpointCache
from engine.datasets import load
from engine.experiment import Experiment
from engine.layers import Dense
from engine.network import Network


@dataclass(frozen=True)
class Kept:
    """Stands in for a checkpoint: the cache asks it for nothing but its size."""

    label: str
    nbytes: int = 100


@pytest.fixture
def experiment() -> Experiment:
    network = Network((2,), [Dense(3, activation="tanh"), Dense(1)], loss="binary_cross_entropy")
    return Experiment(network, load("circle", labels="binary"))


def test_the_nearest_checkpoint_before_a_step_is_found(experiment):
    cache = CheckpointCache()
    assert cache.get(experiment, 50) is None
    for step in (0, 60, 120):
        cache.put(experiment, step, partial(Kept, f"at {step}"))
    assert cache.get(experiment, 119) == (60, Kept("at 60"))
    assert cache.get(experiment, 120) == (120, Kept("at 120"))
    assert cache.get(experiment, 10**6) == (120, Kept("at 120"))


def test_films_share_what_lies_before_their_edits(experiment):
    cache = CheckpointCache()
    for step in (0, 100, 137, 200):
        cache.put(experiment, step, partial(Kept, f"plain {step}"))
    edited = experiment.edit(137, "learning_rate", 0.3)
    assert cache.get(edited, 200) == (137, Kept("plain 137")), "the state kept at step 137 does not carry the edit yet"
    assert cache.get(edited, 136) == (100, Kept("plain 100"))
    cache.put(edited, 180, partial(Kept, "edited 180"))
    assert cache.get(edited, 200) == (180, Kept("edited 180"))
    assert cache.get(experiment, 199) == (137, Kept("plain 137"))


def test_a_later_edit_does_not_hide_an_earlier_branch(experiment):
    cache = CheckpointCache()
    first = experiment.edit(50, "learning_rate", 0.1)
    cache.put(first, 80, partial(Kept, "first 80"))
    second = first.edit(90, "learning_rate", 0.5)
    assert cache.get(second, 1000) == (80, Kept("first 80"))
    other = experiment.edit(50, "learning_rate", 0.2)
    assert cache.get(other, 1000) is None


def test_the_budget_is_kept_and_the_least_used_goes_first(experiment):
    cache = CheckpointCache(capacity=300)
    for step in (0, 10, 20):
        cache.put(experiment, step, partial(Kept, str(step)))
    cache.get(experiment, 5)  # step 0 is used again
    cache.put(experiment, 30, partial(Kept, "30"))
    assert (len(cache), cache.size) == (3, 300)
    assert cache.get(experiment, 19) == (0, Kept("0")), "step 10 was the least used"
    cache.put(experiment, 40, partial(Kept, "huge", nbytes=301))
    assert (len(cache), cache.size) == (3, 300), "what does not fit at all is not kept, and costs nothing else"
    cache.forget(0)
    assert (len(cache), cache.size, cache.get(experiment, 100)) == (0, 0, None)


def test_the_same_state_is_kept_once(experiment):
    cache = CheckpointCache()
    cache.put(experiment, 7, partial(Kept, "once"))
    cache.put(experiment, 7, partial(Kept, "again"))
    assert (len(cache), cache.size) == (1, 100)


def test_threads_may_share_it(experiment):
    cache = CheckpointCache(capacity=2_000)

    def use(worker: int) -> None:
        for step in range(worker, 400, 4):
            cache.put(experiment, step, partial(Kept, str(step)))
            cache.get(experiment, step)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(4)))
    assert cache.size == 100 * len(cache) <= 2_000
