"""The mean loss at many points of a plane, without Python between them.

The data are packed once, as the kernels will read them; where the first layer is linear in its parameters, so that
z = z0 + a z1 + b z2, what it makes of them is packed instead. Each thread that asks has buffers of its own.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.examples import Examples
from engine.kernels import context as c
from engine.kernels import driver
from engine.kernels.instructions import address
from engine.kernels.simd import LANES
from engine.layers import Layer
from engine.network import Network
from engine.plan import Layout, Program, Store, Tensor, aligned_zeros, padded

__all__ = ["Heights"]

Flat = NDArray[np.float64]

CACHED = 24 * 1024  # bytes of values that should stay in the innermost cache
PARAMETERS = 128 * 1024  # bytes of parameters of the points that share a chunk
PACKED = 32 * 2**20  # bytes of a first layer's products that are kept
GATHERED = 3  # rows that bring the examples in
LINEAR = {"dense": "dense_forward", "conv2d": "conv2d_forward"}  # first layers that are linear in their parameters


class _Buffers(NamedTuple):
    """What one thread writes to."""

    context: NDArray[np.int64]
    values: NDArray[Any]
    deltas: NDArray[Any]
    parameters: NDArray[Any]
    hyper: Flat


class Heights:
    """Loss at centre + a d1 + b d2, in evaluation and without penalties: `heights(points)`.

    Safe to share between threads, and between processes, to which it goes as its arguments.

    Parameters
    ----------
    x, y : examples, as for `run.loss`
    statistics : what layers keep without training it, flat
    centre : [P], numbers of all parameters one after the other
    directions : [1 or 2, P]
    """

    def __init__(
        self,
        network: Network,
        dtype: str,
        x: NDArray[Any],
        y: NDArray[Any],
        statistics: NDArray[Any],
        centre: Flat,
        directions: Flat,
    ) -> None:
        self._arguments = (network, dtype, x, y, statistics, centre, directions)
        self._examples = Examples(network, x, y, dtype)
        self._lanes = _lanes(network, len(x), dtype)
        self._chunks = -(-len(x) // self._lanes)
        program = self._program = self._planned(dtype)
        self._plane = _spread(program.layout.places, program.layout.size, centre, directions)
        self._together = max(1, PARAMETERS // program.store.parameters.nbytes)
        self._idle: list[_Buffers] = []
        self._table, self._packs = self._rows(*network.named_layers()[0][:2])

    def __reduce__(self) -> tuple[type[Heights], tuple[Any, ...]]:
        return Heights, self._arguments

    def __call__(self, points: Flat) -> Flat:
        """points [n, 2] -> losses [n]."""
        points, losses = np.ascontiguousarray(points, np.float64), np.empty(len(points))
        try:
            buffers = self._idle.pop()
        except IndexError:
            buffers = self._new_buffers()
        parameters, stride = buffers.parameters, self._program.store.parameters.nbytes
        driver.walk_plane(
            *(buffers.context.ctypes.data, self._table.ctypes.data, len(self._table)),
            *(points.ctypes.data, len(points), self._chunks),
            *(parameters.ctypes.data, stride, self._together, losses.ctypes.data),
        )
        self._idle.append(buffers)
        return losses

    def _planned(self, dtype: str) -> Program:
        """The network planned for this object's chunks, in any float type, about to read the first of them."""
        network, _, x, y, statistics, *_ = self._arguments
        store = Store.of(network, dtype)
        store.statistics[:] = statistics
        program = Program(network, store, self._lanes, training=False)
        examples = self._examples if dtype == self._arguments[1] else Examples(network, x, y, dtype)
        examples.bind(program)
        program.context[c.SIZE], program.context[c.DIVISOR] = self._lanes, examples.count
        return program

    def _new_buffers(self) -> _Buffers:
        program = self._program
        dtype = str(program.values.dtype)
        values, deltas = (aligned_zeros(array.size, dtype) for array in (program.values, program.deltas))
        values[:] = program.values
        parameters = aligned_zeros(self._together * program.layout.size + LANES, dtype)
        buffers = _Buffers(program.context.copy(), values, deltas, parameters, np.ones(c.HYPERS))
        buffers.context[c.BATCH] = self._lanes
        for slot, array in ((c.VALUES, values), (c.DELTAS, deltas), (c.HYPER, buffers.hyper)):
            buffers.context[slot] = array.ctypes.data
        return buffers

    def _rows(self, name: str, layer: Layer) -> tuple[NDArray[np.int64], list[NDArray[Any]]]:
        """(the rows that `walk_plane` walks, the packs that they read)."""
        program, named = self._program, self._program.named
        linear = self._linear_row(name, layer)
        first, unread = GATHERED, 0
        # one after the other in the values lie inputs (not wanted if their products are packed), targets and shares
        start = named["targets" if linear else "input"].offset
        packs = [self._pack_chunks(start, named["shares"].offset + self._lanes)]
        rows = [self._row("plane_chunk", packs[0].ctypes.data, packs[0].shape[1], start)]
        if linear:
            first, z = linear + 1, named[f"{name}.pre_activation"]
            packs.append(self._pack_products(z, first))
            rows.append(self._row("plane_product", packs[1].ctypes.data, packs[1].shape[2], z.offset))
            unread = Layout(layer.parameter_shapes(self._arguments[0].input_shape)).size
        plane = [flat.ctypes.data for flat in self._plane]
        rows.insert(0, self._row("plane_parameters", *plane, unread, program.layout.size))
        return np.stack([*rows, *program.table[first : program.loss_end]]), packs

    def _linear_row(self, name: str, layer: Layer) -> int | None:
        """The row of the first layer's product, if that is linear in its parameters and the products can be kept."""
        if layer.name not in LINEAR:
            return None
        numbers = 3 * self._examples.count * self._program.named[f"{name}.pre_activation"].features
        if numbers * self._program.values.itemsize > PACKED:
            return None
        code = address(LINEAR[layer.name], self._arguments[1])
        return int(np.flatnonzero(self._program.table[:, c.ADDRESS] == code)[0])

    def _row(self, instruction: str, *numbers: int) -> NDArray[np.int64]:
        row = np.zeros(c.COLUMNS, np.int64)
        row[c.ADDRESS], row[c.PADDED] = address(instruction, self._arguments[1]), self._lanes
        row[2 : 2 + len(numbers)] = numbers
        return row

    def _pack_chunks(self, start: int, end: int) -> NDArray[Any]:
        """The values from `start` to `end` of every chunk, once it is gathered: [chunks, numbers]."""
        program = self._program
        pack = aligned_zeros(self._chunks * (end - start), str(program.values.dtype)).reshape(self._chunks, -1)
        for chunk in pack:
            program.walk(0, GATHERED)
            chunk[:] = program.values[start:end]
        return pack

    def _pack_products(self, z: Tensor, end: int) -> NDArray[Any]:
        """What the first layer makes of every chunk by each of centre, d1 and d2: [chunks, 3, numbers]."""
        program, count = self._planned("float64"), z.features * self._lanes
        pack = aligned_zeros(self._chunks * 3 * count, self._arguments[1]).reshape(self._chunks, 3, count)
        for chunk in pack:
            program.walk(0, GATHERED)
            for products, flat in zip(chunk, self._plane, strict=True):
                program.store.parameters[:] = flat
                program.walk(GATHERED, end)
                with np.errstate(over="ignore"):  # infinity says it
                    products[:] = program.values[z.offset : z.offset + count]
        return pack


def _lanes(network: Network, count: int, dtype: str) -> int:
    """Examples side by side: as many as keep the values in the innermost cache, 32 to 128, shared out evenly."""
    units = 2 * sum(math.prod(layer.output_shape) for layer in network.named_layers())
    most = min(max(32, CACHED // (np.dtype(dtype).itemsize * units)), 128)
    chunks = -(-count // most)
    return padded(-(-count // chunks))


def _spread(places: NDArray[np.int64], size: int, centre: Flat, directions: Flat) -> tuple[Flat, Flat, Flat]:
    """Centre and two directions (the second 0 where there is none) as they lie in the kernels' buffers."""
    flats = np.zeros((3, size))
    flats[0, places] = centre
    flats[1 : 1 + len(directions), places] = directions
    return flats[0], flats[1], flats[2]
