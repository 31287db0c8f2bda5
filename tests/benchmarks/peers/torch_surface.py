"""The landscape in PyTorch: weights set point by point, and `torch.func.vmap` over a row of points. Full batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, vmap

from tests.benchmarks.peers.torch_peer import LAYERS, LOSSES, CrossEntropy


class TorchSurface:
    def __init__(self, task: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        plane = {
            part: {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith(f"{part}/")}
            for part in ("centre", "first", "second")
        }
        modules: list[nn.Module] = []
        for name, layer in task["layers"]:
            modules += LAYERS[layer["name"]](name, layer, plane["centre"])
        self.model = nn.Sequential(*modules).eval().requires_grad_(False)
        self.loss = LOSSES[task["network"]["loss"]["name"]]()
        y = torch.tensor(arrays["y"])
        self.x, self.y = torch.tensor(arrays["x"]), y.long() if isinstance(self.loss, CrossEntropy) else y
        self.points = torch.tensor(arrays["points"])
        self.plane = [[torch.tensor(array) for array in part.values()] for part in plane.values()]

    def losses(self, steps: int) -> list[float]:
        return [float(height) for height in self.heights()]

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.heights()

    def heights(self) -> torch.Tensor:
        """The loss at every point."""
        raise NotImplementedError


class TorchLoop(TorchSurface):
    kind = "weights set point by point"

    @torch.no_grad()
    def heights(self) -> torch.Tensor:
        heights, parameters = [], list(self.model.parameters())
        for a, b in self.points.reshape(-1, 2).tolist():
            for parameter, centre, first, second in zip(parameters, *self.plane, strict=True):
                parameter.copy_(centre + a * first + b * second)
            heights.append(self.loss(self.model(self.x), self.y).item())
        return torch.tensor(heights)


class TorchVmap(TorchSurface):
    kind = "torch.func.vmap, a row a call"

    @torch.no_grad()
    def heights(self) -> torch.Tensor:
        names = [name for name, _ in self.model.named_parameters()]

        def height(point: torch.Tensor) -> torch.Tensor:
            moved = (centre + point[0] * first + point[1] * second for centre, first, second in zip(*self.plane))  # noqa: B905
            return self.loss(functional_call(self.model, dict(zip(names, moved, strict=True)), (self.x,)), self.y)

        return torch.cat([vmap(height)(row) for row in self.points])
