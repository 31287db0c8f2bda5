"""Workers as seen from the parent: the same task for all, equal losses first, then interleaved rounds."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks.cases import BenchmarkCase

ROOT = Path(__file__).resolve().parents[2]
CHECKED_STEPS = 30
TOLERANCE = 2e-4  # between correct float32 engines, g / sqrt(v) of Adam makes up to 7e-5 of rounding
ONE_THREAD = {
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class PeerError(Exception):
    """A peer could not do its part; the message is its own."""


class PeerProcess:
    """A running worker."""

    def __init__(self, name: str, python: str, core: int) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [python, "-m", "tests.benchmarks.worker", name, str(core)],
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"its process ended ({self.process.wait()})"}
        if "error" in answer:
            raise PeerError(f"{self.name}: {answer['error']}")
        return answer

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class Result(NamedTuple):
    """A peer on a case. `ratio`: median over rounds of its time over ours. `loss_error`: the greatest, relative."""

    peer: str
    kind: str
    microseconds: float
    ratio: float
    loss_error: float


def write_task(case: BenchmarkCase, folder: Path) -> dict[str, Any]:
    """The request that prepares a worker: the task and a file with data and initial weights."""
    experiment = case.experiment()
    data = experiment.dataset
    y = data.y_train if data.y_train.ndim == 1 else data.y_train.astype(np.float32)
    arrays = {"x": data.x_train.astype(np.float32), "y": y, **experiment.start().parameters()}
    path = folder / f"{case.name}.npz"
    np.savez(path, **arrays)
    task = {
        "network": experiment.network.to_dict(),
        "layers": [(layer.name, layer.layer.to_dict()) for layer in experiment.network.named_layers()],
        "optimiser": experiment.optimiser.to_dict(),
        "batch": case.batch,
        "task": data.task,
        "classes": data.classes,
    }
    return {"do": "prepare", "task": task, "arrays": str(path)}


def loss_error(losses: Sequence[float], ours: Sequence[float]) -> float:
    """Greatest relative difference; infinite where a loss is not a number."""
    difference = np.abs(np.array(losses) - ours) / np.abs(ours)
    return float(np.nan_to_num(difference, nan=np.inf).max())


def steps_for(peer: PeerProcess, seconds: float) -> int:
    """How many steps take about `seconds`; also warms the peer up."""
    steps = CHECKED_STEPS
    while True:
        peer.ask(do="time", steps=steps)
        taken = peer.ask(do="time", steps=steps)["seconds"]
        if taken > 0.1 * seconds:
            return max(1, round(steps * seconds / taken))
        steps *= 8


def measure(case: BenchmarkCase, peers: dict[str, PeerProcess], rounds: int, seconds: float) -> list[Result]:
    """Results of all peers, the engine first. PeerError where a peer's losses are not the engine's."""
    with tempfile.TemporaryDirectory() as folder:
        task = write_task(case, Path(folder))
        kinds = {name: peer.ask(**task)["kind"] for name, peer in peers.items()}
    losses = {name: peer.ask(do="losses", steps=CHECKED_STEPS)["losses"] for name, peer in peers.items()}
    errors = {name: loss_error(values, losses["engine"]) for name, values in losses.items()}
    for name, error in errors.items():
        if not error < TOLERANCE:
            raise PeerError(
                f"{name} on {case.name}: losses differ from the engine's by {error:.2g} in {CHECKED_STEPS} steps"
            )
    steps = {name: steps_for(peer, seconds) for name, peer in peers.items()}
    for name, peer in peers.items():
        peer.ask(do="time", steps=steps[name])  # a scan of this length is compiled here
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            times[name].append(peer.ask(do="time", steps=steps[name])["seconds"] / steps[name])
    return [
        Result(
            name,
            kinds[name],
            1e6 * median(times[name]),
            median(theirs / ours for theirs, ours in zip(times[name], times["engine"], strict=True)),
            errors[name],
        )
        for name in peers
    ]
