"""One training step as a list of operations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.derivation.expressions import Expr, Index, Symbol, add, shortened
from engine.derivation.focus import choose, shown
from engine.derivation.graph import Block, Graph, Node, flat_index, written
from engine.derivation.operations import Derivation, Operation
from engine.derivation.state import Batch, Update, follow, gradients_of_each, next_batch, next_update, twin_of
from engine.derivation.unrolled import unrolled
from engine.derivation.updates import NumberUpdate
from engine.spec import check_count

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["derive"]


def derive(run: Run, example: int = 0, *, focus: Mapping[str, Index] | None = None, terms: int = 16) -> Derivation:
    """The next update of a run, taken apart for one training example. The run stays as it is.

    Everything is done in float64, from the run's present parameters on, whatever its own float type.

    Parameters
    ----------
    example : number of the training example whose way forward and back is followed
    focus : for layers with too many units to list: the output unit to open, by the layer's name; else the one that
        matters most. {"conv2d_1": (0, 3, 4)}: filter 0, row 3, column 4, counted from 0. An array of a layer, or a
        parameter, may be named as well: {"dense_1.weight": (0, 300)} lists that weight, however many there are
    terms : sums of more terms than this keep the largest, and a "rest"

    Raises
    ------
    ConfigurationError : for an example, a layer or a unit that there is not
    """
    check_count("terms", terms, 2)
    twin = twin_of(run)
    batch = next_batch(twin)
    followed = follow(twin, example, batch)
    graph = unrolled(run.experiment.network, followed, twin.parameters())
    chosen = choose(graph, focus or {})
    writer = _Writer(graph, terms)
    operations = [*writer.forward(), *writer.backward(), *writer.gradients()]
    numbers = [(node, index) for node in graph.parameters.values() for index in shown(node.indices(), node)]
    shares = gradients_of_each(twin, batch, _places(twin, numbers))
    sharing = _Sharing(example, batch, numbers, shares)
    operations += writer.batch_gradients(sharing)
    operations += writer.updates(sharing, next_update(twin))
    return Derivation(
        tuple(operations), run.step_count, example, batch.examples, followed.mode, followed.loss, batch.loss, chosen
    )


def _places(twin: Run, numbers: list[tuple[Node, Index]]) -> np.ndarray:
    """Where numbers of parameters lie in the flat buffer."""
    offsets = twin._layout.offsets
    places = [offsets[node.id] + flat_index(index, node.shape) for node, index in numbers]
    return np.array(places, np.int64)


@dataclass(frozen=True)
class _Sharing:
    """The gradient of each example of the batch, for the numbers that are listed: shares [examples, numbers]."""

    example: int
    batch: Batch
    numbers: list[tuple[Node, Index]]
    shares: np.ndarray

    def alone(self, number: int) -> bool:
        """Whether the followed example is the whole batch, so that its gradient is the batch's."""
        return len(self.batch.examples) == 1 and self._shares_of(number)[0].origin is not None

    def gradient(self, number: int) -> Symbol:
        """g, the batch's gradient."""
        node, index = self.numbers[number]
        if self.alone(number):
            return node.delta(index)
        name, value = f"{node.id}.gradient", float(self.batch.gradients[node.id][index])
        return Symbol("g", node.layer, index, value, f"{name}{written(index)}", field=name)

    def mean(self, number: int) -> Expr:
        """(dL_1/dw + dL_2/dw + ...) / examples."""
        shares = self._shares_of(number)
        return add(shares) / len(shares) if len(shares) > 1 else shares[0]

    def _shares_of(self, number: int) -> list[Symbol]:
        """dL_n/dw of each example; the followed one's is that of its operation, unless dropout made it another."""
        node, index = self.numbers[number]
        followed, values = node.delta(index), self.shares[:, number].tolist()
        shares = [
            Symbol(followed.name, node.layer, index, value, example=example)
            for example, value in zip(self.batch.examples, values, strict=True)
        ]
        if self.example in self.batch.examples:
            own = self.batch.examples.index(self.example)
            if math.isclose(values[own], followed.value, rel_tol=1e-9, abs_tol=1e-12):
                shares[own] = followed
        return shares


class _Writer:
    """Writes operations from a graph."""

    def __init__(self, graph: Graph, terms: int) -> None:
        self._graph, self._terms = graph, terms

    def forward(self) -> Iterator[Operation]:
        """Every shown number that is made, and at the end the loss."""
        for block in self._graph.blocks:
            for node, index in _in_order(block):
                assert node.formula is not None
                phase = "forward" if node.layer else "loss"
                yield self._operation(phase, node.kind, node.layer, node.symbol(index), node.formula(index))

    def backward(self) -> Iterator[Operation]:
        """dL/d(every shown number), last layer first; steps that several share are done once."""
        done: set[str] = set()
        for block in reversed(self._graph.blocks):
            for node, index in _in_order(block, backward=True):
                if node.deltas is None or node.letter == "L":
                    continue
                for reason in node.reasons(index):
                    if reason.id not in done:
                        done.add(reason.id)
                        yield self._operation("backward", reason.kind, None, reason.symbol, reason.expression)
                yield self._operation(
                    "backward", _backward_kind(node), node.layer, node.delta(index), node.backward(index)
                )

    def gradients(self) -> Iterator[Operation]:
        """dL/dw of the followed example."""
        for node in self._graph.parameters.values():
            kind = "bias_gradient" if node.letter.startswith("b") else "weight_gradient"
            for index in sorted(node.shown):
                yield self._operation("gradient", kind, node.layer, node.delta(index), node.backward(index))

    def batch_gradients(self, sharing: _Sharing) -> Iterator[Operation]:
        """g: the mean of dL/dw over the batch, unless the followed example is all of it."""
        for number, (node, _) in enumerate(sharing.numbers):
            if not sharing.alone(number):
                symbol, mean = sharing.gradient(number), sharing.mean(number)
                yield self._operation("gradient", "batch_mean", node.layer, symbol, mean)

    def updates(self, sharing: _Sharing, update: Update) -> Iterator[Operation]:
        """What the optimiser makes of each g."""
        for number, (node, index) in enumerate(sharing.numbers):
            for operation in NumberUpdate(update, node, index, sharing.gradient(number)).operations():
                yield replace(operation, expression=shortened(operation.expression, self._terms))

    def _operation(self, phase: str, kind: str, layer: str | None, symbol: Symbol, formula: Expr) -> Operation:
        assert symbol.origin is not None
        uses = tuple(dict.fromkeys(part.origin for part in formula.symbols() if part.origin))
        return Operation(symbol.origin, phase, kind, layer, symbol, shortened(formula, self._terms), symbol.value, uses)


def _in_order(block: Block, *, backward: bool = False) -> list[tuple[Node, Index]]:
    """The shown numbers of a block as they are listed: what belongs together side by side."""
    way = -1 if backward else 1

    def key(entry: tuple[int, Index]) -> tuple[Index, int, Index]:
        number, index = entry
        together = index[: block.depth]
        return (
            tuple(way * part for part in together) if block.in_time else together,
            way * block.rank(number, index),
            index,
        )

    entries = [(number, index) for number, node in enumerate(block.nodes) for index in node.shown]
    return [(block.nodes[number], index) for number, index in sorted(entries, key=key)]


def _backward_kind(node: Node) -> str:
    """What is done to get dL/d(number)."""
    if any(link.target.letter == "L" for link in node.users):
        return "delta_output" if node.letter == "z" else "loss_slope"
    through_activation = [link for link in node.users if link.target.kind in ("activation", "softmax")]
    return "delta_hidden" if through_activation else "backward_sum"
