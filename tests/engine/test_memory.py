"""Training allocates nothing that stays: memory is flat however many steps are done."""

import gc
from pathlib import Path

import pytest

import engine

STATM = Path("/proc/self/statm")


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return int(STATM.read_text().split()[1]) * 4096


@pytest.mark.skipif(not STATM.exists(), reason="resident memory is read from Linux's /proc")
def test_a_million_steps_take_no_memory():
    network = engine.Network((2,), [engine.Dense(4, "tanh"), engine.Dense(2, "tanh"), engine.Dense(1)], "hinge")
    data = engine.datasets.load("circle", labels="signed")
    run = engine.Experiment(network, data, engine.Adam(0.001), engine.MiniBatch(10)).start()
    run.step(10_000)
    before = resident()
    run.step(1_000_000)
    assert run.step_count == 1_010_000
    assert resident() - before < 2**20
