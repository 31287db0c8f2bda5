"""Our own landscape, from the asking to the finished grid."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import engine


class EngineSurface:
    kind = "one thread"

    def __init__(self, task: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        x, y = arrays["x"], arrays["y"]
        data = engine.Dataset(x, y, x[:1], y[:1], task=task["task"], classes=task["classes"])
        self.training = engine.Experiment(engine.Network.from_dict(task["network"]), data).start()
        centre = {name.removeprefix("centre/"): array for name, array in arrays.items() if name.startswith("centre/")}
        self.training.set_parameters(centre)
        self.resolution, self.span = task["resolution"], task["span"]
        self.pool = ThreadPoolExecutor(1)

    def surface(self) -> engine.Landscape:
        return engine.landscape(self.training, "random", self.resolution, self.span, self.pool)

    def losses(self, steps: int) -> list[float]:
        return self.surface().losses.ravel().tolist()

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.surface()
