"""From a network to a program: where every number lies, and the table of rows that the driver walks.

Values are laid out `[feature, lane]`: the batch is innermost and padded to whole vectors, so that every inner loop runs
over neighbours. The derivative of the loss with respect to a value lies at the same offset of the buffer of deltas.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels import (  # noqa: F401  (most register instructions)
    activations,
    attention,
    batches,
    convolution,
    dense,
    driver,
    dropout,
    embedding,
    losses,
    normalisation,
    optimisers,
    plane,
    pooling,
    recurrent,
    residual,
)
from engine.kernels import context as c
from engine.kernels.instructions import address
from engine.kernels.simd import LANES
from engine.losses import Loss
from engine.network import Network
from engine.optimisers import Optimiser
from engine.pieces import Pieces
from engine.regularisers import L1, Regulariser
from engine.rules import backpropagation

__all__ = ["Layout", "Planner", "Program", "Rows", "Tensor", "aligned_zeros", "lane_size", "padded"]


def padded(count: int) -> int:
    """`count` rounded up to whole vectors."""
    return -(-count // LANES) * LANES


def aligned_zeros(count: int, dtype: str) -> NDArray[Any]:
    """Zeros on a 64-byte boundary, [count]; memory goes on for a vector, as a load from the last row may."""
    size = np.dtype(dtype).itemsize
    raw = np.zeros((count + LANES) * size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + count * size].view(dtype)


class Tensor(NamedTuple):
    """Values of one quantity for a whole batch: `features` rows of lanes, from `offset` on."""

    offset: int
    shape: tuple[int, ...]

    @property
    def features(self) -> int:
        return math.prod(self.shape)


class Rows(NamedTuple):
    """The same values transposed: one row of numbers an example.

    From one example to the next it is `stride` numbers, from one time step to the next `step`.
    """

    offset: int
    stride: int
    step: int


class Layout:
    """Where each array lies in a flat buffer: in order of depth, each from a whole vector on."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.shapes = shapes
        self.offsets: dict[str, int] = {}
        self.size = 0
        for name, shape in self.shapes.items():
            self.offsets[name] = self.size
            self.size += padded(math.prod(shape))

    def views(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Each parameter as a view of a flat buffer [..., size]: name -> [..., *shape]."""
        return {name: self.view(flat, name) for name in self.shapes}

    def view(self, flat: NDArray[Any], name: str) -> NDArray[Any]:
        """One parameter as a view of a flat buffer [..., size]: [..., *shape]."""
        offset, shape = self.offsets[name], self.shapes[name]
        return flat[..., offset : offset + math.prod(shape)].reshape(*flat.shape[:-1], *shape)

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Where the numbers lie when they are counted one after the other, without the padding between arrays."""
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        ranges = [np.arange(offset, offset + size) for offset, size in zip(self.offsets.values(), sizes, strict=True)]
        return np.concatenate([np.arange(0), *ranges])

    @cached_property
    def layers(self) -> dict[str, int]:
        """Every layer that has parameters, in order, and where in `places` its own begin."""
        begins: dict[str, int] = {}
        count = 0
        for name, shape in self.shapes.items():
            begins.setdefault(name.rpartition(".")[0], count)
            count += math.prod(shape)
        return begins

    def weights(self) -> list[tuple[int, int]]:
        """(offset, padded size) of every tensor that a penalty acts on: all but the biases."""
        return [
            (self.offsets[name], padded(math.prod(shape)))
            for name, shape in self.shapes.items()
            if not name.rpartition(".")[2].startswith("bias")
        ]


class Planner:
    """Hands out places in the buffers and collects rows while the layers describe themselves."""

    NARROW = 4  # up to so many features, sums over the lanes beat transposing

    def __init__(self, layout: Layout, statistics: Layout, lanes: int, dtype: str, *, training: bool) -> None:
        self.lanes = lanes
        self.dtype = dtype
        self.training = training  # dropout and batch statistics, or what was learnt
        self.rows: list[NDArray[np.int64]] = []
        self.named: dict[str, Tensor] = {}
        self.constants: list[tuple[Tensor, NDArray[np.float64]]] = []
        self.backward_steps: list[Callable[[], None]] = []
        self.size = 0
        self._layout, self._statistics = layout, statistics
        self._transposed: dict[int, Rows] = {}
        self._data: set[int] = set()
        self._written: set[int] = set()  # whose deltas have been emitted

    def emit(self, instruction: str, *numbers: int, options: Sequence[float] = ()) -> None:
        """Append a row: what to do, its whole numbers, its float options."""
        row = np.zeros(c.COLUMNS, np.int64)
        row[c.ADDRESS] = address(instruction, self.dtype)
        row[c.PADDED] = self.lanes
        row[2 : 2 + len(numbers)] = numbers
        row[c.FIRST_OPTION : c.FIRST_OPTION + len(options)] = np.array(options, np.float64).view(np.int64)
        self.rows.append(row)

    def on_backward(self, emit: Callable[[], None]) -> None:
        """Push what emits this operation's backward rows; they are emitted in reverse order."""
        self.backward_steps.append(emit)

    def tensor(self, name: str, shape: tuple[int, ...], features: int | None = None) -> Tensor:
        """A new quantity; `features` reserves more rows than the shape needs."""
        tensor = Tensor(self._reserve((features or math.prod(shape)) * self.lanes), shape)
        self.named[name] = tensor
        return tensor

    def constant(self, name: str, numbers: NDArray[np.float64]) -> Tensor:
        """A quantity that never changes and is the same for every example."""
        tensor = self.tensor(name, numbers.shape)
        self.constants.append((tensor, numbers))
        return tensor

    def alias(self, name: str, tensor: Tensor) -> None:
        """Another name for a quantity that is there already."""
        self.named[name] = tensor

    def parameter(self, name: str) -> int:
        """Offset of a parameter in the flat buffer."""
        return self._layout.offsets[name]

    def statistic(self, name: str) -> int:
        """Offset of a statistic in the flat buffer."""
        return self._statistics.offsets[name]

    def needs_gradient(self, tensor: Tensor) -> bool:
        """Whether anything that learns lies before this quantity (nothing does before the data)."""
        return tensor.offset not in self._data

    def data(self, shape: tuple[int, ...]) -> Tensor:
        """The network's input, and the row that gathers it (through its transposed form, unless it is narrow)."""
        features = math.prod(shape)
        stride = padded(features)
        if features <= self.NARROW:
            x = self.tensor("input", shape)
            self.emit("gather_narrow", -1, x.offset, stride, features)
        else:
            rows = Rows(self._reserve(self.lanes * stride), stride, shape[-1])
            x = self.tensor("input", shape, stride)
            self.emit("gather", rows.offset, x.offset, stride)
            self._transposed[x.offset] = rows
        self._data.add(x.offset)
        return x

    def rows_of(self, tensor: Tensor) -> Rows:
        """The quantity transposed, time step by time step; emits the row that does it where nobody has yet."""
        if tensor.offset not in self._transposed:
            rows = self.new_rows(tensor)
            features, repeats = tensor.shape[-1], math.prod(tensor.shape[:-1])
            self.emit("transpose_rows", tensor.offset, rows.offset, features, rows.stride, repeats)
        return self._transposed[tensor.offset]

    def new_rows(self, tensor: Tensor) -> Rows:
        """A place for the quantity transposed, which the caller's own row fills."""
        stride = padded(tensor.shape[-1])
        step = self.lanes * stride
        rows = Rows(self._reserve(math.prod(tensor.shape[:-1]) * step), stride, step)
        self._transposed[tensor.offset] = rows
        return rows

    @contextmanager
    def delta_of(self, tensor: Tensor) -> Iterator[Tensor]:
        """Where a backward row shall write dL/d(tensor): in its own place at first; what comes later is added to it."""
        if not self.adds_to_delta(tensor):
            yield tensor
            return
        scratch = Tensor(self._reserve(tensor.features * self.lanes), tensor.shape)
        yield scratch
        self.emit("add_deltas", tensor.offset, scratch.offset, tensor.features)

    def adds_to_delta(self, tensor: Tensor) -> bool:
        """Whether dL/d(tensor) has another part already, so that the row about to be emitted must add its own to it."""
        adds = tensor.offset in self._written
        self._written.add(tensor.offset)
        return adds

    def _reserve(self, count: int) -> int:
        offset = self.size
        self.size += padded(count)
        return offset


class Store(NamedTuple):
    """The numbers that all programs of a run share: parameters and statistics, flat, and where each lies."""

    layout: Layout
    parameters: NDArray[Any]
    statistics_layout: Layout
    statistics: NDArray[Any]

    @classmethod
    def of(cls, network: Network, dtype: str) -> Store:
        """Zeros for every parameter and statistic of a network."""
        layout, statistics = Layout(network.parameter_shapes()), Layout(network.statistic_shapes())
        return cls(layout, aligned_zeros(layout.size, dtype), statistics, aligned_zeros(statistics.size, dtype))


def lay_out(planner: Planner, network: Network) -> tuple[int, int, int]:
    """Has every part of a network describe itself to `planner`; where the forward pass, the loss and the backward pass
    end, as numbers of rows.
    """
    loss, shape = Loss.of(network.loss), network.output_shape
    steps = math.prod(shape[:-1]) if loss.targets == "classes" else 1
    outputs = math.prod(shape) // steps
    targets = steps if loss.targets == "classes" else outputs
    planner.emit("next_batch")
    x = planner.data(network.input_shape)
    y, shares = planner.tensor("targets", (targets,)), planner.tensor("shares", (1,))
    planner.emit("gather_targets", y.offset, shares.offset, targets)
    for name, layer, *_ in network.named_layers():
        x = layer.plan(planner, x, name)
    planner.alias("output", x)
    forward_end = len(planner.rows)
    numbers = (x.offset, y.offset, shares.offset, outputs, steps)
    planner.emit(loss.name, *numbers, options=loss.kernel_options())
    loss_end = len(planner.rows)
    backpropagation(planner)
    return forward_end, loss_end, len(planner.rows)


def lane_size(network: Network) -> int:
    """Numbers for each example of a batch in each of the two buffers of a program for training; nothing is made."""
    parameters, statistics = Layout(network.parameter_shapes()), Layout(network.statistic_shapes())
    planner = Planner(parameters, statistics, LANES, "float32", training=True)
    lay_out(planner, network)
    return planner.size // LANES + LANES


class Program:
    """A network planned for batches of up to `lanes` examples, with its own buffers, over shared parameters.

    Rows lie in four sections: bring the batch in and go forward (to `forward_end`), the loss (to `loss_end`), backward
    (to `backward_end`), penalty and update (to `end`).
    """

    def __init__(self, network: Network, store: Store, batch: int, *, training: bool) -> None:
        self.lanes = padded(batch)
        self.layout = store.layout
        dtype = str(store.parameters.dtype)
        planner = Planner(store.layout, store.statistics_layout, self.lanes, dtype, training=training)
        self.forward_end, self.loss_end, self.backward_end = lay_out(planner, network)
        self.named = planner.named
        self._planner = planner
        spare = LANES * self.lanes  # a transposition reads whole blocks, beyond the last rows of a tensor
        self.values = aligned_zeros(planner.size + spare, dtype)
        self.deltas = aligned_zeros(planner.size + spare, dtype)
        for tensor, numbers in planner.constants:
            self._view(tensor, self.values)[...] = numbers.reshape(-1, 1)
        self.gradients = aligned_zeros(store.layout.size + LANES, dtype)
        self.store = store
        self.hyper = np.ones(c.HYPERS, np.float64)
        self.examples: object = None  # whose addresses the context holds
        self.context = np.zeros(c.SLOTS, np.int64)
        self.context[c.PARAMETER_SIZE] = store.layout.size
        self.point_to(c.VALUES, self.values)
        self.point_to(c.DELTAS, self.deltas)
        self.point_to(c.GRADIENTS, self.gradients)
        self.point_to(c.PARAMETERS, store.parameters)
        self.point_to(c.STATISTICS, store.statistics)
        self.point_to(c.HYPER, self.hyper)
        self.set_update(None, None)

    def append_forward(self, instruction: str, *numbers: int) -> None:
        """Add a row at the end of the forward section."""
        planner = self._planner
        planner.emit(instruction, *numbers)
        planner.rows.insert(self.forward_end, planner.rows.pop())
        self.forward_end += 1
        self.loss_end += 1
        self.backward_end += 1
        self.end += 1
        self._set_table()

    def set_update(self, optimiser: Optimiser | None, regulariser: Regulariser | None) -> None:
        """Choose how gradients move the parameters; None: not at all."""
        planner = self._planner
        del planner.rows[self.backward_end :]
        weights = self.layout.weights() if regulariser else []
        prunes = isinstance(regulariser, L1) and regulariser.prune
        for offset, size in weights:
            planner.emit("remember_signs" if prunes else "penalty", offset, size, options=regulariser.rates())  # type: ignore[union-attr]
        if optimiser is not None:
            planner.emit(optimiser.kernel, options=optimiser.kernel_options())
        for offset, size in weights if prunes else []:
            planner.emit("prune", offset, size, options=regulariser.rates())  # type: ignore[union-attr]
        self.end = len(planner.rows)
        self._set_table()

    def _set_table(self) -> None:
        """The rows as one table, and where it and the context lie: looking that up costs more than a short walk."""
        self.table = np.ascontiguousarray(np.stack(self._planner.rows))
        self.addresses = (self.context.ctypes.data, self.table.ctypes.data)

    def point_to(self, slot: int, array: NDArray[Any]) -> None:
        """Let a slot of the context hold the address of `array`, which the caller keeps alive."""
        self.context[slot] = array.ctypes.data

    def quantity(self, name: str, *, delta: bool = False) -> NDArray[Any]:
        """A view of a named quantity, or of the derivatives with respect to it: [features, lanes]."""
        return self._view(self.named[name], self.deltas if delta else self.values)

    def _view(self, tensor: Tensor, source: NDArray[Any]) -> NDArray[Any]:
        return source[tensor.offset : tensor.offset + tensor.features * self.lanes].reshape(tensor.features, self.lanes)

    def walk(self, first: int, last: int) -> float:
        """Execute rows first..last-1 once."""
        return float(driver.walk(*self.addresses, first, last))

    def walking(self, first: int, last: int, *, whole: bool) -> Pieces[float]:
        """`walk`, a piece a row unless all rows are `whole`, one short piece. The sum has the same bits."""
        if whole:
            return self.walk(first, last)
        total = 0.0
        for row in range(first, last):
            total += self.walk(row, row + 1)
            yield
        return total

    def train(self, rates: NDArray[np.float64], batch_losses: NDArray[np.float64]) -> int:
        """One update for each rate; writes each batch's loss; gives the updates done while the loss was finite."""
        arguments = (*self.addresses, self.loss_end, self.end)
        return int(driver.train(*arguments, len(rates), rates.ctypes.data, batch_losses.ctypes.data))
