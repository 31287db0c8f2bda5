"""Outputs and losses without training: the forward rows alone, over any number of examples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.examples import Examples
from engine.kernels import context as c
from engine.losses import Loss
from engine.network import Network
from engine.pieces import Pieces, finish
from engine.plan import Program, Store

__all__ = ["Evaluator", "accuracy", "prediction"]

CHUNK = 64


class Evaluator:
    """A forward program for chunks of CHUNK examples. Reads the shared parameters as they are when it is asked."""

    def __init__(self, network: Network, store: Store) -> None:
        self._network = network
        self._program = Program(network, store, CHUNK, training=False)
        self._outputs = math.prod(network.output_shape)
        self._program.append_forward("store_outputs", self._program.named["output"].offset, self._outputs)

    def __call__(self, examples: Examples) -> tuple[float, NDArray[Any]]:
        """(mean loss, outputs [n, *output_shape])."""
        return finish(self.pieces(examples))

    def pieces(self, examples: Examples) -> Pieces[tuple[float, NDArray[Any]]]:
        """The same, a piece a chunk."""
        program, count = self._program, examples.count
        examples.bind(program)
        program.context[c.SIZE] = CHUNK
        program.context[c.DIVISOR] = count
        outputs = np.empty((count, self._outputs), program.store.parameters.dtype)
        program.point_to(c.OUTPUTS, outputs)
        loss = 0.0
        for _ in range(0, count, CHUNK):
            loss += program.walk(0, program.loss_end)
            yield
        return loss, outputs.reshape(count, *self._network.output_shape)


def prediction(outputs: NDArray[Any], loss: Loss) -> NDArray[Any]:
    """What a person reads: probabilities where the outputs are logits, else the outputs themselves. [..., outputs]."""
    if not loss.from_logits:
        return outputs
    if loss.targets == "classes":
        powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-outputs)))


def accuracy(outputs: NDArray[Any], targets: NDArray[Any], loss: Loss, *, signed: bool) -> float:
    """Share of labels that the outputs favour. outputs [n, k] or [n, time, k], targets [n, k], [n, 1] or [n, time].

    One output: its side of the border between the labels (0 for logits and for -1/+1, else 0.5). Several: the greatest.
    """
    if loss.targets == "classes":
        return _share(outputs.argmax(axis=-1).reshape(targets.shape) == targets)
    if outputs.shape[1] > 1:
        return _share(outputs.argmax(axis=1) == targets.argmax(axis=1))
    border, middle = 0.0 if loss.from_logits or signed else 0.5, 0.0 if signed else 0.5
    return _share((outputs > border) == (targets > middle))


def _share(right: NDArray[np.bool_]) -> float:
    return np.count_nonzero(right) / right.size
