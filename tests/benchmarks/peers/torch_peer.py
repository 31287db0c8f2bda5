"""PyTorch, eager: what a person writes first, on one thread."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from tests.benchmarks.peers import torch_attention, torch_recurrent

torch.set_num_threads(1)

ACTIVATIONS = {"identity": nn.Identity, "relu": nn.ReLU, "tanh": nn.Tanh}


class CrossEntropy(nn.CrossEntropyLoss):
    """Of outputs [batch, ..., classes]."""

    def forward(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return super().forward(output.flatten(0, -2), y.flatten())


LOSSES = {"mean_squared_error": nn.MSELoss, "categorical_cross_entropy": CrossEntropy}
OPTIMISERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def with_activation(name: str, module: Any, layer: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[nn.Module]:
    """A module with our weights, and its activation as another one."""
    module.weight.data, module.bias.data = (torch.tensor(arrays[f"{name}.{part}"]) for part in ("weight", "bias"))
    activation = layer["activation"]["name"]
    return [module] if activation == "identity" else [module, ACTIVATIONS[activation]()]


def dense(name: str, layer: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[nn.Module]:
    outputs, inputs = arrays[f"{name}.weight"].shape
    return with_activation(name, nn.Linear(inputs, outputs), layer, arrays)


def conv2d(name: str, layer: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[nn.Module]:
    filters, channels, *kernel = arrays[f"{name}.weight"].shape
    module = nn.Conv2d(channels, filters, tuple(kernel), layer["stride"], layer["padding"])
    return with_activation(name, module, layer, arrays)


def max_pool2d(name: str, layer: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[nn.Module]:
    return [nn.MaxPool2d(layer["size"])]


def flatten(name: str, layer: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[nn.Module]:
    return [nn.Flatten()]


LAYERS = {
    "dense": dense,
    **torch_recurrent.LAYERS,
    **torch_attention.LAYERS,
    "conv2d": conv2d,
    "max_pool2d": max_pool2d,
    "flatten": flatten,
}


class TorchPeer:
    kind = "eager, one step a call"

    def __init__(self, task: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        modules: list[nn.Module] = []
        for name, layer in task["layers"]:
            modules += LAYERS[layer["name"]](name, layer, arrays)
        self.model = nn.Sequential(*modules)
        self.loss = LOSSES[task["network"]["loss"]["name"]]()
        rate = task["optimiser"]["learning_rate"]
        self.optimiser = OPTIMISERS[task["optimiser"]["name"]](self.model.parameters(), lr=rate)
        x, y = torch.tensor(arrays["x"]), torch.tensor(arrays["y"])
        y = y.long() if isinstance(self.loss, CrossEntropy) else y
        self.batches = list(zip(x.split(task["batch"]), y.split(task["batch"]), strict=True))
        self.step = 0

    def update(self) -> torch.Tensor:
        x, y = self.batches[self.step % len(self.batches)]
        self.step += 1
        self.optimiser.zero_grad()
        loss = self.loss(self.model(x), y)
        loss.backward()
        self.optimiser.step()
        return loss.detach()

    def losses(self, steps: int) -> list[float]:
        return [float(self.update()) for _ in range(steps)]

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.update()
