"""Loss landscapes beside PyTorch and JAX: one plane, equal heights first, then interleaved rounds; and two threads."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import engine
from tests.benchmarks import cases
from tests.benchmarks.cases import Arrays, Bar
from tests.benchmarks.measuring import PeerError, PeerProcess, Result, loss_error

TOLERANCE = 1e-5  # between correct float32 engines, in relation to the loss
SPAN = 1.0
THREADS = 1.7  # how much faster two threads must be than one


@dataclass(frozen=True)
class LandscapeCase:
    """A network after some training, and `resolution` x `resolution` points of a filter-normalised random plane."""

    name: str
    network: engine.Network
    data: Arrays
    resolution: int
    bars: tuple[Bar, ...]

    def run(self) -> engine.run.Run:
        """Where the plane's centre is."""
        x, y = self.data
        task = "classification" if y.ndim == 1 else "regression"
        data = engine.Dataset(x, y, x[:1], y[:1], task=task, classes=int(y.max()) + 1 if y.ndim == 1 else None)
        run = engine.Experiment(self.network, data, engine.Adam(0.003), engine.MiniBatch(32)).start()
        run.step(200)
        return run


def all_digits(**options: Any) -> Arrays:
    """The 1,797 digits, those for tests too."""
    data = engine.datasets.load("digits", **options)
    return np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])


AHEAD = tuple(Bar((peer,), 1.0) for peer in ("torch_loop", "torch_vmap", "jax_map", "jax_vmap"))


def landscape_cases() -> tuple[LandscapeCase, ...]:
    """The three of the issue; made when they are asked for, because they hold their data."""
    networks = {case.name: case.network for case in cases.CASES}
    return (
        LandscapeCase("2-8-8-1", networks["2-8-8-1"], cases.circle(), 61, (Bar(("torch_loop",), 20.0), *AHEAD[1:])),
        LandscapeCase("64-64-32-10", networks["64-64-32-10"], all_digits(), 61, AHEAD),
        LandscapeCase("CNN-8x8-10", networks["CNN-8x8-10"], all_digits(as_images=True), 21, AHEAD),
    )


def write_plane(case: LandscapeCase, folder: Path) -> dict[str, Any]:
    """The request that prepares a worker: the task and a file with data, centre, directions and points."""
    run = case.run()
    surface = engine.landscape(run, "random", case.resolution, SPAN)
    x, y = case.data
    arrays: dict[str, Any] = {"x": x.astype(np.float32), "y": y if y.ndim == 1 else y.astype(np.float32)}
    arrays["points"] = np.stack(np.meshgrid(surface.a, surface.b), axis=-1).astype(np.float32)
    centre = surface.at(0.0, 0.0)
    for part, flat in (("centre", centre), ("first", surface.at(1.0, 0.0)), ("second", surface.at(0.0, 1.0))):
        for name, array in flat.items():
            offset = 0.0 if part == "centre" else centre[name]
            arrays[f"{part}/{name}"] = (array - offset).astype(np.float32)
    path = folder / f"{case.name}.npz"
    np.savez(path, **arrays)
    network = case.network
    task = {
        "network": network.to_dict(),
        "layers": [(layer.name, layer.layer.to_dict()) for layer in network.named_layers()],
        "task": run.dataset.task,
        "classes": run.dataset.classes,
        "resolution": case.resolution,
        "span": SPAN,
    }
    return {"do": "prepare", "task": task, "arrays": str(path)}


def measure_landscape(case: LandscapeCase, peers: dict[str, PeerProcess], rounds: int) -> list[Result]:
    """Results of all peers, the engine first; PeerError where one has other heights."""
    with tempfile.TemporaryDirectory() as folder:
        request = write_plane(case, Path(folder))
        kinds = {name: peer.ask(**request)["kind"] for name, peer in peers.items()}
    heights = {name: peer.ask(do="losses", steps=1)["losses"] for name, peer in peers.items()}
    ours = next(iter(heights.values()))
    errors = {name: loss_error(values, ours) for name, values in heights.items()}
    for name, error in errors.items():
        if not error < TOLERANCE:
            raise PeerError(f"{name} on {case.name}: heights differ from the engine's by {error:.2g}")
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            seconds[name].append(peer.ask(do="time", steps=1)["seconds"])
    first = next(iter(seconds.values()))
    ratios = {name: median(np.divide(times, first)) for name, times in seconds.items()}
    return [Result(name, kinds[name], 1e6 * median(seconds[name]), float(ratios[name]), errors[name]) for name in peers]


def threads(case: LandscapeCase, rounds: int) -> tuple[float, float]:
    """(milliseconds of one thread, how many times faster two are): medians of wall time, in turns."""
    run, seconds = case.run(), np.empty((rounds, 2))
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(2) as two:
        for pool in (one, two):
            engine.landscape(run, "random", case.resolution, SPAN, pool)
        for k in range(rounds):
            for column, pool in enumerate((one, two)):
                start = time.perf_counter()
                engine.landscape(run, "random", case.resolution, SPAN, pool)
                seconds[k, column] = time.perf_counter() - start
    return 1e3 * float(np.median(seconds[:, 0])), float(np.median(seconds[:, 0] / seconds[:, 1]))
