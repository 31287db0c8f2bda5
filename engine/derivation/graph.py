"""What depends on what, number by number: nodes (arrays of numbers) and links (how one goes into another).

A node has a formula for each of its numbers. A link knows, for a number of its target, which numbers of its source go
in, and the other way round, and the slope d(target)/d(source) as a formula. Nothing is unrolled until it is asked for,
so a layer of a thousand units costs no more than the units that somebody looks at. The chain rule is written once, in
`Node.backward`: the derivative of the loss by a number is the sum over its users of slope times their derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.derivation.expressions import Expr, Index, Number, Symbol, add
from engine.derivation.state import Pass
from engine.network import Network

__all__ = ["Block", "Graph", "Link", "Node", "Place", "Reason", "Signal"]

Formula = Callable[[Index], Expr]
Slope = Callable[[Index, Index], Expr]
Indices = Callable[[Index], Iterable[Index]]

LETTERS = {
    "weight": "w",
    "bias": "b",
    "weight_ih": "w_ih",
    "weight_hh": "w_hh",
    "bias_ih": "b_ih",
    "bias_hh": "b_hh",
    "in_proj.weight": "w_in",
    "in_proj.bias": "b_in",
    "out_proj.weight": "w_out",
    "out_proj.bias": "b_out",
}


@dataclass(eq=False)
class Node:
    """An array of numbers of the followed example, or a parameter.

    Parameters
    ----------
    id : its name in the engine's plan or its parameter's name: "dense_1.pre_activation", "dense_1.weight", "input"
    letter : how it is written: "z", "w", "x"
    layer : where it belongs
    kind : kind of the operation that makes it
    values : the numbers
    deltas : the derivatives of the example's loss by them; None where the engine has none (the input, targets)
    formula : what makes each number; None for what is given
    field, delta_field : fields of a trace that hold them
    """

    id: str
    letter: str
    layer: str | None
    kind: str
    values: NDArray[np.float64]
    deltas: NDArray[np.float64] | None = None
    formula: Formula | None = None
    field: str | None = None
    delta_field: str | None = None
    links: list[Link] = attribute(default_factory=list)  # to what goes in
    users: list[Link] = attribute(default_factory=list)  # to what it goes into
    shown: frozenset[Index] = frozenset()  # whose operations are listed
    letters: tuple[str, ...] = ()  # of each gate, the second part of the index, where they differ
    reasons: Callable[[Index], list[Reason]] = lambda _: []  # what leads to the derivative by a number

    @property
    def shape(self) -> Index:
        return self.values.shape

    def letter_of(self, index: Index) -> str:
        """How one number is written."""
        return self.letters[index[1]] if self.letters else self.letter

    def name_of(self, index: Index) -> str:
        """Id of the operation that makes a number."""
        return f"{self.id}{written(index)}"

    def delta_name_of(self, index: Index) -> str:
        """Id of the operation that makes its derivative."""
        kind = "example_gradient" if self.kind == "parameter" else "delta"
        return f"{self.id}.{kind}{written(index)}"

    def symbol(self, index: Index) -> Symbol:
        """One number, as a formula names it."""
        origin = self.name_of(index) if self.formula and index in self.shown else None
        return Symbol(self.letter_of(index), self.layer, index, float(self.values[index]), origin, self.field)

    def delta(self, index: Index) -> Symbol:
        """The derivative of the loss by one number."""
        assert self.deltas is not None
        letter = "delta" if self.letter == "z" else f"d{self.letter_of(index)}"
        origin = self.delta_name_of(index) if index in self.shown else None
        return Symbol(letter, self.layer, index, float(self.deltas[index]), origin, self.delta_field)

    def backward(self, index: Index) -> Expr:
        """The chain rule: sum over what this number goes into of slope times the derivative there."""
        return add(link.share(place, index) for link in self.users for place in link.users(index))

    def indices(self) -> Iterator[Index]:
        """Every index, row by row."""
        return iter(np.ndindex(self.shape))


@dataclass(eq=False)
class Link:
    """How the numbers of `source` go into those of `target`; indices are those of the nodes.

    sources : from an index of the target to those of the source that go in
    users : from an index of the source to those of the target that it goes into
    slope : d(target[i])/d(source[j])
    slope_first : whether a person writes the slope (a weight) before the derivative
    """

    target: Node
    source: Node
    sources: Indices
    users: Indices
    slope: Slope
    slope_first: bool = False

    def share(self, i: Index, j: Index) -> Expr:
        """What comes back to source[j] through target[i]: slope times dL/d(target[i])."""
        slope = self.slope(i, j)
        if self.target.letter == "L":
            return slope  # dL/dL = 1
        delta = self.target.delta(i)
        if slope == Number(1.0):
            return delta
        return slope * delta if self.slope_first else delta * slope


@dataclass(frozen=True)
class Signal:
    """The numbers of a node as the next layer takes them: perhaps in another shape, perhaps only some of them."""

    node: Node
    shape: Index
    to: Callable[[Index], Index] = tuple  # from an index of this shape to the node's
    back: Callable[[Index], Index | None] = tuple  # and back; None for what the next layer does not take

    def symbol(self, index: Index) -> Symbol:
        """One number, as a formula names it."""
        return self.node.symbol(self.to(index))

    def value(self, index: Index) -> float:
        """One number."""
        return float(self.node.values[self.to(index)])

    def viewed(self, shape: Index, to: Callable[[Index], Index], back: Callable[[Index], Index | None]) -> Signal:
        """The same in another shape."""

        def backed(index: Index) -> Index | None:
            place = self.back(index)
            return None if place is None else back(place)

        return Signal(self.node, shape, lambda index: self.to(to(index)), backed)


@dataclass(frozen=True)
class Block:
    """Nodes whose operations belong together: listed together for equal first `depth` parts of the index.

    So a unit's sum and its activation stand side by side. `in_time`: the first part is a time step, and the way back
    goes from the last to the first. `rank` is the order among those that are listed together, from a node's number and
    the index; it is that of the nodes where nothing is said.
    """

    nodes: tuple[Node, ...]
    depth: int
    in_time: bool = False
    rank: Callable[[int, Index], int] = lambda number, _: number


@dataclass(frozen=True)
class Reason:
    """A formula that leads to another's result, with a number that the engine itself does not have."""

    id: str
    kind: str
    letter: str
    index: Index
    expression: Expr

    @property
    def symbol(self) -> Symbol:
        """What it gives."""
        return Symbol(self.letter, None, self.index, self.expression.evaluate(), self.id)


Place = tuple[Node, Index]


class Graph:
    """The followed example's way through the network: nodes in blocks, in order, and the parameters."""

    def __init__(self, network: Network, followed: Pass, parameters: dict[str, NDArray[np.float64]]) -> None:
        self.network, self.followed = network, followed
        self.blocks: list[Block] = []
        self.nodes: dict[str, Node] = {}
        self.parameters: dict[str, Node] = {}
        for name, layer, input_shape, _ in network.leaves():
            for short in layer.parameter_shapes(input_shape):
                letter = LETTERS[short] if "norm" not in layer.name else {"weight": "gamma", "bias": "beta"}[short]
                full = f"{name}.{short}"
                self.parameters[full] = Node(
                    full,
                    letter,
                    name,
                    "parameter",
                    parameters[full],
                    followed.gradients[full],
                    field=full,
                    delta_field=f"{full}.example_gradient",
                )

    def input(self, name: str, letter: str) -> Node:
        """A node that is given: the network's input, or the targets."""
        node = Node(name, letter, None, "given", self.followed.values(name))
        self.nodes[name] = node
        return node

    def node(self, name: str, letter: str, layer: str | None, kind: str, formula: Formula) -> Node:
        """A node that the engine computes, by its name in the plan."""
        named = self.followed.program.named
        plain = named.get(f"{layer}.pre_activation")
        known = plain is not None and named[name].offset == plain.offset
        node = Node(
            name,
            letter,
            layer,
            kind,
            self.followed.values(name),
            self.followed.deltas(name),
            formula,
            field=name if "." in name else None,
            delta_field=f"{layer}.delta" if known else None if name.endswith(".activation") else f"{name}.delta",
        )
        self.nodes[name] = node
        return node

    def judged(
        self,
        name: str,
        letter: str,
        kind: str,
        values: NDArray[np.float64],
        formula: Formula,
        field: str | None = None,
    ) -> Node:
        """A node of the loss, which belongs to no layer."""
        node = Node(name, letter, None, kind, values, None, formula, field)
        self.nodes[name] = node
        return node

    def block(self, *nodes: Node, depth: int = 0, **order: Any) -> None:
        """Say that nodes are done here, in order, together; `order` is the rest of a `Block`."""
        self.blocks.append(Block(nodes, depth, **order))

    def connect(
        self,
        target: Node,
        source: Node | Signal,
        sources: Indices,
        users: Indices,
        slope: Slope,
        *,
        slope_first: bool = False,
    ) -> None:
        """A link; where the source is a signal, in the signal's indices."""
        if isinstance(source, Signal):
            link = _through(target, source, sources, users, slope, slope_first)
        else:
            link = Link(target, source, sources, users, slope, slope_first)
        target.links.append(link)
        link.source.users.append(link)

    def connect_each(self, target: Node, source: Node | Signal, slope: Slope) -> None:
        """A link from each number to the one in the same place."""
        self.connect(target, source, _itself, _itself, slope)


def _through(target: Node, signal: Signal, sources: Indices, users: Indices, slope: Slope, slope_first: bool) -> Link:
    def used(index: Index) -> Iterable[Index]:
        place = signal.back(index)
        return () if place is None else users(place)

    def slope_of(i: Index, j: Index) -> Expr:
        place = signal.back(j)
        assert place is not None
        return slope(i, place)

    def taken(index: Index) -> Iterable[Index]:
        return (signal.to(place) for place in sources(index))

    return Link(target, signal.node, taken, used, slope_of, slope_first)


def _itself(index: Index) -> tuple[Index]:
    return (index,)


def whole(node: Node) -> Signal:
    """A node as it is."""
    return Signal(node, node.shape)


def written(index: Index) -> str:
    """An index as ids have it: "[0,1]"; nothing for a single number."""
    return f"[{','.join(map(str, index))}]" if index else ""


def flat_index(index: Index, shape: Index) -> int:
    """The place of an index in the flat array."""
    place = 0
    for i, size in zip(index, shape, strict=True):
        place = place * size + i
    return place


def size_of(shape: Index) -> int:
    """How many numbers."""
    return math.prod(shape)
