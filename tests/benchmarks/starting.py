"""How long a fresh process takes to its first update, with an empty and with a filled cache of kernels."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from tests.benchmarks.measuring import ROOT

PROGRAM = """
import engine
network = engine.Network((2,), [engine.Dense(8, activation="tanh"), engine.Dense(1)], "binary_cross_entropy")
run = engine.Experiment(network, engine.datasets.load("circle"), engine.Adam(0.01), engine.MiniBatch(10)).start()
run.step()
"""


WARM = "from engine import warmup; warmup.warm(None, ['float32'], {files})"
FAMILIES = {"feed-forward kernels": "warmup.FEED_FORWARD", "all kernels": "None"}


def start_seconds(cache: str, program: str = PROGRAM) -> float:
    """Wall seconds of a fresh Python process to the end of `program`. Bytecode is kept in `cache` too."""
    environment = {**os.environ, "BACKPROP_CACHE_DIR": cache, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - start


def cold_and_cached(program: str = PROGRAM) -> tuple[float, float]:
    """(first start on a machine, every later one): the later one is the best of three."""
    with tempfile.TemporaryDirectory() as cache:
        return start_seconds(cache, program), min(start_seconds(cache, program) for _ in range(3))
