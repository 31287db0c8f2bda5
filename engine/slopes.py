"""The gradient of the loss that a landscape shows: of all examples at once, in evaluation, without penalties."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.examples import Examples
from engine.kernels import context as c
from engine.network import Network
from engine.pieces import Pieces
from engine.plan import Program, Store

__all__ = ["Slope"]

CHUNK = 64


class Slope:
    """dL/dw over examples at any parameters [P]: `finish(slope(parameters))` is the gradient [P].

    A piece a chunk of examples.
    """

    def __init__(
        self, network: Network, dtype: str, x: ArrayLike, y: ArrayLike, statistics: NDArray[np.float64]
    ) -> None:
        self._store = Store.of(network, dtype)
        self._store.statistics[:] = statistics
        self._examples = Examples(network, x, y, dtype)
        self._program = Program(network, self._store, CHUNK, training=False)
        self._places = self._store.layout.places

    def __call__(self, parameters: NDArray[np.float64]) -> Pieces[NDArray[np.float64]]:
        program, count = self._program, self._examples.count
        self._store.parameters[self._places] = parameters
        self._examples.bind(program)
        program.context[c.SIZE], program.context[c.DIVISOR] = CHUNK, count
        gradient = np.zeros(len(self._places))
        for _ in range(0, count, CHUNK):
            program.walk(0, program.backward_end)
            gradient += program.gradients[self._places]
            yield
        return gradient
