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
from engine.plan import Program, Store, padded

__all__ = ["Evaluator", "accuracies", "accuracy", "prediction"]

FEWEST, MOST = 64, 256  # examples at once
NUMBERS = 2**15  # at once: beyond, they leave the nearest caches


def chunk_size(network: Network, count: int) -> int:
    """How many of `count` examples are best evaluated at once: few rounds, little padding, near the processor."""
    most = min(MOST, max(FEWEST, NUMBERS // network.lane_size))
    rounds = max(1, -(-count // most))
    return padded(-(-count // rounds))


class Evaluator:
    """A forward program for chunks of a set of `count` examples, or of any other.

    Reads the shared parameters as they are when it is asked.
    """

    def __init__(self, network: Network, store: Store, count: int) -> None:
        self._network = network
        size = chunk_size(network, count)
        self.program = Program(network, store, size, training=False)
        self.program.context[c.SIZE] = size
        self.outputs = math.prod(network.output_shape)
        self.program.append_forward("store_outputs", self.program.named["output"].offset, self.outputs)

    def __call__(self, examples: Examples) -> tuple[float, NDArray[Any]]:
        """(mean loss, outputs [n, *output_shape])."""
        return finish(self.pieces(examples))

    def pieces(self, examples: Examples) -> Pieces[tuple[float, NDArray[Any]]]:
        """The same, a piece a chunk."""
        program, count = self.program, examples.count
        examples.bind(program)
        program.context[c.DIVISOR] = count
        outputs = np.empty((count, self.outputs), program.store.parameters.dtype)
        program.point_to(c.OUTPUTS, outputs)
        loss = 0.0
        for _ in range(0, count, int(program.context[c.SIZE])):
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
    return float(accuracies(outputs[None], targets, loss, signed=signed)[0])


def accuracies(outputs: NDArray[Any], targets: NDArray[Any], loss: Loss, *, signed: bool) -> NDArray[np.float64]:
    """`accuracy` of several outputs for the same targets: [frames, n, ...] -> [frames]."""
    if loss.targets == "classes":
        right = outputs.argmax(axis=-1).reshape(-1, *targets.shape) == targets
    elif outputs.shape[2] > 1:
        right = outputs.argmax(axis=2) == targets.argmax(axis=1)
    else:
        border, middle = 0.0 if loss.from_logits or signed else 0.5, 0.0 if signed else 0.5
        right = (outputs > border) == (targets > middle)
    right = right.reshape(len(outputs), -1)
    return np.count_nonzero(right, axis=1) / right.shape[1]
