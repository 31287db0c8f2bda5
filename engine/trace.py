"""The trace: what was recorded of a run, and its binary form.

Frame j is the state at step `start + j every`, all of it before that step's update. Fields, each [frames, ...]:

    batch_loss                     loss of that step's batch, without penalties
    train_loss, test_loss          over all training and all test examples
    train_accuracy, test_accuracy  where the task is a classification
    learning_rate
    example_loss, prediction       of the followed example
    <layer>.pre_activation, <layer>.activation, <layer>.delta     of the followed example: z, a, dL/dz; [frames, units]
    <layer>.<quantity>, <layer>.<quantity>.delta                  of the followed example: what else the layer computes
                                   (gates, attention weights, ...) and dL/d(it); [frames, ...]
    <batch_norm>.batch_mean, .batch_variance                      of the step's batch (mean, variance: the running ones)
    <layer>.gradient_norm, .update_ratio, .saturated, .dead       how the layer is doing (see `engine/health.py`)
    <parameter>                    its value
    <parameter>.gradient           dL/d(parameter) over that step's batch, without penalties
    <parameter>.example_gradient   the same for the followed example alone
    <parameter>.update             value after this step's update minus value before it

Binary form, version 1, little endian: b"BPT1"; uint32 length H of the header; H bytes of UTF-8 JSON, padded with spaces
so that H is a multiple of 4; then every field of header["fields"] in turn, C-contiguous float32.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.activations import ActivationFunction
from engine.errors import ConfigurationError
from engine.evaluation import prediction
from engine.health import flatness, norms, update_ratios
from engine.kernels import context as c
from engine.layers import Layer
from engine.layers.base import NamedLayer
from engine.network import Network
from engine.pieces import Pieces
from engine.reel import shoot
from engine.spec import check_count

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["MAGIC", "VERSION", "Trace", "record"]

MAGIC, VERSION = b"BPT1", 1


@dataclass(frozen=True)
class Trace:
    """Recorded steps of one run: `trace["dense_1.weight"]` is [frames, out_features, in_features]."""

    header: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self.arrays:
            raise ConfigurationError("field of the trace", name, "one of " + ", ".join(self.arrays))
        return self.arrays[name]

    def __len__(self) -> int:
        return int(self.header["frames"])

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    @property
    def steps(self) -> NDArray[np.int64]:
        """Step number of each frame."""
        return self.header["from"] + self.header["every"] * np.arange(len(self), dtype=np.int64)

    def to_bytes(self) -> bytes:
        """The binary form (see the module)."""
        fields = [{"name": name, "shape": list(array.shape)} for name, array in self.arrays.items()]
        text = json.dumps(self.header | {"fields": fields}, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        parts = [MAGIC, len(text).to_bytes(4, "little"), text]
        with np.errstate(over="ignore", under="ignore"):
            parts += [np.ascontiguousarray(array, "<f4").tobytes() for array in self.arrays.values()]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> Trace:
        """The inverse of `to_bytes` (values as float32). ConfigurationError names what is wrong with the bytes."""
        if data[:4] != MAGIC:
            raise ConfigurationError("trace", bytes(data[:4]), f"bytes that begin with {MAGIC!r}")
        length = int.from_bytes(data[4:8], "little")
        try:
            header = json.loads(data[8 : 8 + length])
        except ValueError as error:
            raise ConfigurationError("header of the trace", f"{length} bytes", "JSON in UTF-8") from error
        if header.get("version") != VERSION:
            raise ConfigurationError("version of the trace", header.get("version"), f"version {VERSION}")
        arrays, offset = {}, 8 + length
        for field in header.pop("fields"):
            count = math.prod(field["shape"])
            if offset + 4 * count > len(data):
                raise ConfigurationError(
                    "trace", f"{len(data)} bytes", f"at least {offset + 4 * count}: it was cut short"
                )
            arrays[field["name"]] = np.frombuffer(data, "<f4", count, offset).reshape(field["shape"])
            offset += 4 * count
        if offset != len(data):
            raise ConfigurationError("trace", f"{len(data)} bytes", f"exactly {offset} bytes, as its header says")
        return cls(header, arrays)


def record(run: Run, n: int, every: int, follow: int) -> Pieces[Trace]:
    """Train `n` steps of a run and record every `every`-th, in pieces; stops early where the run diverges."""
    check_count("n", n, 0)
    check_count("every", every)
    yield from run._settling()
    check_count("follow", follow, 0, run._train_set.count - 1)
    start, frames = run.step_count, -(-n // every)
    recorder = _Recorder(run, frames, follow)
    frame = 0
    while frame < frames and not run._has_diverged():
        yield from run._settling()
        together = shoot(recorder, frame, every, start + n - run.step_count)
        frame += together
        if together:
            yield
            continue
        yield from recorder.frame(frame)
        frame += 1
        if not run._has_diverged():
            yield from run.stepping(start + min(frame * every, n) - run.step_count)
    return recorder.trace(start, start + n, every)


class _Recorder:
    """Arrays for the frames of one trace, and how to fill one."""

    def __init__(self, run: Run, frames: int, follow: int) -> None:
        self.run, self.follow, self.done = run, follow, 0
        self.careful = False  # whether a number is about to leave the finite range: frame by frame, then
        size, dtype = run._layout.size, run.experiment.dtype
        self.flat = {
            kind: np.zeros((frames, size), dtype) for kind in ("", ".gradient", ".example_gradient", ".update")
        }
        names = ["batch_loss", "train_loss", "test_loss", "learning_rate", "example_loss"]
        if run.dataset.task == "classification":
            names += ["train_accuracy", "test_accuracy"]
        self.scalars = {name: np.zeros(frames) for name in names}
        self.functions = _activations(run)
        self.flatness = {name: np.zeros((frames, 2)) for name in self.functions}
        self.batch_statistics = {
            f"{name}.{quantity}": np.zeros((frames, *run._program.named[f"{name}.{quantity}"].shape), dtype)
            for name, layer, *_ in run._network.leaves()
            if layer.name == "batch_norm"
            for quantity in ("mean", "variance")
        }
        follower = run._follower
        self.values = np.zeros((frames, follower.values.size // follower.lanes), dtype)
        self.deltas = np.zeros_like(self.values)

    def frame(self, j: int) -> Pieces[None]:
        """Record the state at this step, then do its update."""
        run, flat, scalars = self.run, self.flat, self.scalars
        step = run.step_count
        flat[""][j] = run._flat
        for name, test in (("train", False), ("test", True)):
            loss, share = yield from run.scoring(test=test)
            scalars[f"{name}_loss"][j] = loss
            if f"{name}_accuracy" in scalars:
                scalars[f"{name}_accuracy"][j] = share
        scalars["learning_rate"][j] = run.learning_rate
        self._follow_example(j)
        scalars["batch_loss"][j] = yield from run.observed_step(flat[".gradient"][j])
        self._judge_units(j)
        if not run._has_diverged():
            flat[".update"][j] = run._flat - flat[""][j]
        # a run that could not even make this step's loss has gone back before it
        self.done = j + (run.step_count >= step)

    def _follow_example(self, j: int) -> None:
        follower = self.run._follower
        follower.context[c.POSITION] = self.follow
        self.scalars["example_loss"][j] = follower.walk(0, follower.backward_end)
        self.values[j] = follower.values[:: follower.lanes]
        self.deltas[j] = follower.deltas[:: follower.lanes]
        self.flat[".example_gradient"][j] = follower.gradients[: self.run._layout.size]

    def trace(self, start: int, stop: int, every: int) -> Trace:
        run, done = self.run, self.done
        arrays: dict[str, NDArray[Any]] = {name: values[:done] for name, values in self.scalars.items()}
        arrays["prediction"] = prediction(self._quantity("output", self.values), run._loss)
        for name in filter(_is_of_a_layer, run._follower.named):
            layer, _, quantity = name.rpartition(".")
            arrays[name] = self._quantity(name, self.values)
            if quantity != "activation":
                delta = f"{layer}.delta" if quantity == "pre_activation" else f"{name}.delta"
                arrays[delta] = self._quantity(name, self.deltas)
        arrays |= self._health()
        for name, frames in self.batch_statistics.items():
            layer, _, quantity = name.rpartition(".")
            arrays[f"{layer}.batch_{quantity}"] = frames[:done]
        for kind, flat in self.flat.items():
            arrays |= {f"{name}{kind}": view for name, view in run._layout.views(flat[:done]).items()}
        return Trace(self._header(start, stop, every), arrays)

    def _judge_units(self, j: int) -> None:
        """Saturated and dead units, and what batch normalisation measured, in the batch that has just been seen."""
        program = self.run._program
        batch = int(program.context[c.BATCH])
        for name, function in self.functions.items():
            z, a = program.quantity(f"{name}.pre_activation"), program.quantity(f"{name}.activation")
            self.flatness[name][j] = flatness(function, z[None, :, :batch], a[None, :, :batch], np.array([batch]))[0]
        for name, frames in self.batch_statistics.items():
            frames[j] = program.quantity(name)[:, 0]  # the same in every lane

    def _health(self) -> dict[str, NDArray[Any]]:
        layout, done = self.run._layout, self.done
        values, gradients, updates = (self.flat[kind][:done] for kind in ("", ".gradient", ".update"))
        steep, ratios = norms(layout, gradients), update_ratios(layout, updates, values)
        health: dict[str, NDArray[Any]] = {}
        for name, *_ in self.run._network.leaves():
            if name in steep:
                health[f"{name}.gradient_norm"], health[f"{name}.update_ratio"] = steep[name], ratios[name]
            if name in self.flatness:
                health[f"{name}.saturated"], health[f"{name}.dead"] = self.flatness[name][:done].T
        return health

    def _quantity(self, name: str, source: NDArray[Any]) -> NDArray[Any]:
        follower = self.run._follower
        tensor = follower.named[name]
        first = tensor.offset // follower.lanes
        return source[: self.done, first : first + tensor.features].reshape(self.done, *tensor.shape)

    def _header(self, start: int, stop: int, every: int) -> dict[str, Any]:
        run, follow = self.run, self.follow
        examples = run._train_set
        features = math.prod(run._network.input_shape)
        return {
            "version": VERSION,
            "from": start,
            "to": stop,
            "every": every,
            "frames": self.done,
            "experiment": run.experiment.key,
            "dtype": run.experiment.dtype,
            "follow": {
                "index": follow,
                "x": examples.inputs[follow, :features].tolist(),
                "y": examples.targets[follow].tolist(),
            },
            "epoch_steps": run.updates_per_epoch,
            "layers": _described(run._network),
            "loss": run._loss.name,
            "outcome": run.outcome.to_dict() if run.outcome and run.outcome.kind == "diverged" else None,
        }


def _is_of_a_layer(name: str) -> bool:
    return "." in name


def _activations(run: Run) -> dict[str, ActivationFunction]:
    """The activation function of every layer that has one."""
    layers = {name: _function_of(layer) for name, layer, *_ in run._network.leaves()}
    return {name: function for name, function in layers.items() if function is not None}


def _function_of(layer: Layer) -> ActivationFunction | None:
    function = getattr(layer, "activation", None) or getattr(layer, "function", None)
    return function if isinstance(function, ActivationFunction) else None


@lru_cache(maxsize=64)  # asked for with each chunk of film
def _described(network: Network) -> list[dict[str, Any]]:
    """What a picture must know of a network's layers."""
    return [_describe(layer) for layer in network.named_layers()]


def _describe(named: NamedLayer) -> dict[str, Any]:
    """What a picture must know of a layer, and of those that it is made of."""
    function = _function_of(named.layer)
    return {
        "name": named.name,
        "kind": named.layer.name,
        "units": math.prod(named.output_shape),
        "shape": list(named.output_shape),
        "activation": function.to_dict() if function is not None else {"name": "identity"},
        "options": named.layer.to_dict(),
        "parts": [
            _describe(part._replace(name=f"{named.name}.{part.name}")) for part in named.layer.parts(named.input_shape)
        ],
    }
