"""The benchmarks' parts, without timing anything: peers train the same network, bars are judged, processes answer."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks import landscapes
from tests.benchmarks.cases import CASES, Bar
from tests.benchmarks.landscapes import landscape_cases, write_plane
from tests.benchmarks.measuring import TOLERANCE, PeerError, PeerProcess, loss_error, write_task
from tests.benchmarks.peers import PEERS, SURFACES, peer_class


@pytest.mark.parametrize(("case", "name"), [("2-8-8-1", "jax_scan"), ("64-64-32-10", "jax_step")])
def test_peers_have_our_losses(case, name, tmp_path):
    """One case for each of JAX's two ways; the benchmark itself checks all, PyTorch's too, before it times."""
    if not os.environ.get("CI"):
        pytest.importorskip("jax", reason="JAX is not installed: pip install '.[test]'")
    request = write_task(next(known for known in CASES if known.name == case), tmp_path)
    losses = []
    for kind in ("engine", name):
        with np.load(request["arrays"]) as file:
            losses.append(peer_class(kind)(request["task"], dict(file)).losses(20))
    assert loss_error(losses[1], losses[0]) < TOLERANCE


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases_have_whole_batches_and_known_peers(case):
    experiment = case.experiment()
    assert len(experiment.dataset.x_train) % case.batch == 0
    assert {peer for bar in case.bars for peer in bar.peers} <= set(PEERS)
    assert experiment.network.output_shape[-1] == int(case.name.split("-")[-1])


def test_jax_has_our_heights(tmp_path):
    """The smallest landscape; the benchmark itself checks all, PyTorch's too, before it times."""
    if not os.environ.get("CI"):
        pytest.importorskip("jax", reason="JAX is not installed: pip install '.[test]'")
    request = write_plane(replace(landscape_cases()[0], resolution=5), tmp_path)
    heights = []
    for kind in ("engine_surface", "jax_map", "jax_vmap"):
        with np.load(request["arrays"]) as file:
            heights.append(peer_class(kind)(request["task"], dict(file)).losses(1))
    assert len(heights[0]) == 25
    assert max(loss_error(other, heights[0]) for other in heights[1:]) < landscapes.TOLERANCE


def test_landscape_bars_name_known_peers():
    for case in landscape_cases():
        assert {peer for bar in case.bars for peer in bar.peers} == set(SURFACES) - {"engine_surface"}


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ({"engine": 1.0, "torch": 200.0, "jax_step": 90.0}, "met"),
        ({"engine": 1.0, "torch": 199.9, "jax_step": 90.0}, "MISSED"),
        ({"engine": 1.0, "jax_step": 90.0}, "not decided"),
        ({"engine": 1.0, "jax_step": 201.0}, "met"),
    ],
)
def test_bars_are_judged(ratios, expected):
    assert command.verdict(Bar(("torch", "jax_step"), 200), ratios) == expected


@pytest.mark.parametrize(("losses", "error"), [([1.0, 2.0], 0.0), ([1.0, 2.2], 0.1), ([1.0, np.nan], np.inf)])
def test_loss_error_is_the_greatest_relative_one(losses, error):
    assert loss_error(losses, [1.0, 2.0]) == pytest.approx(error)


def test_a_worker_answers_and_reports_its_errors(tmp_path):
    worker = PeerProcess("engine", sys.executable, core=0)
    try:
        case = CASES[0]
        request = write_task(case, tmp_path)
        assert "fused" in worker.ask(**request)["kind"]
        assert len(worker.ask(do="losses", steps=3)["losses"]) == 3
        assert worker.ask(do="time", steps=10)["seconds"] >= 0
        with pytest.raises(PeerError, match="no-such-file"):
            worker.ask(**(request | {"arrays": "no-such-file.npz"}))
    finally:
        worker.close()
