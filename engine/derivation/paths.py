"""A gradient as a sum over paths: from the loss to a weight, each the product of the local derivatives on its way."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from engine.derivation.expressions import Expr, Index, Symbol
from engine.derivation.focus import choose
from engine.derivation.graph import Graph, Link, Node, Place
from engine.derivation.state import check_parameter, follow, next_batch, twin_of
from engine.derivation.unrolled import unrolled
from engine.spec import check_count

if TYPE_CHECKING:
    from engine.run import Run

__all__ = ["Factor", "Group", "Path", "PathSum", "paths"]

MOST_STEPS = 60_000  # local derivatives that are looked at for one weight


@dataclass(frozen=True)
class Factor:
    """One local derivative, d(of)/d(by) = `expression` = `value`."""

    of: Symbol
    by: Symbol
    expression: Expr
    value: float


@dataclass(frozen=True)
class Path:
    """One way from the loss to the weight: `value` is the product of its factors, in that order."""

    factors: tuple[Factor, ...]
    value: float

    @property
    def units(self) -> tuple[Symbol, ...]:
        """The numbers gone through, from the loss (left out) to the weight (left out)."""
        return tuple(factor.by for factor in self.factors[:-1])


@dataclass(frozen=True)
class Group:
    """What all paths through each number of one array come to; every path goes through one of them.

    The first group of a `PathSum` is where the weight itself is used: one sum of a dense layer, every place of a
    picture for a kernel, every time step of a recurrent layer.
    """

    layer: str | None
    quantity: str  # the array's name in the trace
    through: tuple[tuple[Symbol, float], ...]  # largest first


@dataclass(frozen=True)
class PathSum:
    """The gradient of one weight as a sum over paths.

    Parameters
    ----------
    paths : the largest first; all of them, if there are no more than were asked for
    count : how many there are
    total : sum over all of them
    gradient : the engine's own dL/dw of the followed example
    groups : sums by layer, from the weight to the loss; where the network is too large to go through, the first alone
    """

    symbol: Symbol
    paths: tuple[Path, ...]
    count: int
    total: float
    gradient: float
    groups: tuple[Group, ...]


class Step(NamedTuple):
    """From a number to one that it goes into."""

    link: Link
    target: Place
    slope: float


def paths(run: Run, name: str, index: Index | int, example: int = 0, most: int = 200) -> PathSum:
    """Every path from the loss of one training example to one number of a parameter, in float64.

    Parameters
    ----------
    name, index : which number, as ("dense_1.weight", (0, 1)), or with a whole number its place in the flat array
    most : at most this many paths are listed, the largest first

    Raises
    ------
    ConfigurationError : for a parameter, an index or an example that there is not
    """
    check_count("most", most, 0)
    twin = twin_of(run)
    parameters = twin.parameters()
    place = check_parameter(parameters, name, index)
    graph = unrolled(run.experiment.network, follow(twin, example, next_batch(twin)), parameters)
    choose(graph, {})
    weight = graph.parameters[name]
    symbol, gradient = weight.symbol(place), weight.delta(place).value
    first = _first_group(weight, place)
    ways = _Ways.of(graph, (weight, place))
    if ways is None:
        total = math.fsum(value for _, value in first.through)
        return PathSum(symbol, (), 0, total, gradient, (first,))
    found = tuple(itertools.islice(ways.largest(), most))
    count = ways.counts[ways.start]
    total = math.fsum(path.value for path in found) if len(found) == count else ways.total()
    return PathSum(symbol, found, count, total, gradient, (first, *ways.groups()))


def _first_group(weight: Node, index: Index) -> Group:
    """By the sums that the weight goes into: slope times the engine's derivative there."""
    through = [
        (link.target.symbol(place), link.share(place, index).evaluate())
        for link in weight.users
        for place in link.users(index)
    ]
    target = weight.users[0].target
    return Group(target.layer, target.id, _by_size(through))


def _by_size(through: list[tuple[Symbol, float]]) -> tuple[tuple[Symbol, float], ...]:
    return tuple(sorted(through, key=lambda entry: -abs(entry[1])))


class _Ways:
    """All that one number goes into, up to the loss, in order of doing."""

    def __init__(self, start: Place, steps: dict[Place, list[Step]], order: list[Place]) -> None:
        self.start, self._steps, self._order = start, steps, order
        self.counts: dict[Place, int] = {}  # paths from here to the loss
        self._greatest: dict[Place, float] = {}  # the largest product among them
        for place in reversed(order):
            onward = steps[place]
            end = place[0].letter == "L"
            self.counts[place] = 1 if end else sum(self.counts[step.target] for step in onward)
            sizes = (abs(step.slope) * self._greatest[step.target] for step in onward)
            self._greatest[place] = 1.0 if end else max(sizes, default=0.0)

    @classmethod
    def of(cls, graph: Graph, start: Place) -> _Ways | None:
        """None where there is too much of it."""
        steps: dict[Place, list[Step]] = {}
        order: list[Place] = []
        looked, stack = 0, [(start, False)]
        while stack:
            place, done = stack.pop()
            if done:
                order.append(place)
            elif place not in steps:
                steps[place] = list(_steps_from(place))
                looked += len(steps[place])
                if looked > MOST_STEPS:
                    return None
                stack.append((place, True))
                stack += [(step.target, False) for step in steps[place]]
        return cls(start, steps, order[::-1])

    def largest(self) -> Iterator[Path]:
        """Every path, the largest first: the most promising beginning is gone on with. (A* with an exact bound.)"""
        ticket = itertools.count()
        heap: list[tuple[float, int, Place, float, tuple[tuple[Place, Step], ...]]] = [(0.0, 0, self.start, 1.0, ())]
        while heap:
            _, _, place, product, way = heapq.heappop(heap)
            if place[0].letter == "L":
                yield _path(way, product)
            for step in self._steps[place]:
                value = product * step.slope
                bound = abs(value) * self._greatest[step.target]
                key = -bound if bound == bound else 0.0
                heapq.heappush(heap, (key, next(ticket), step.target, value, (*way, (place, step))))

    def _reached(self) -> tuple[dict[Place, float], dict[Place, int]]:
        """(d(number)/d(weight), paths from the weight) of everything that it goes into."""
        slopes, counts = dict.fromkeys(self._order, 0.0), dict.fromkeys(self._order, 0)
        slopes[self.start], counts[self.start] = 1.0, 1
        for place in self._order:
            for step in self._steps[place]:
                slopes[step.target] += slopes[place] * step.slope
                counts[step.target] += counts[place]
        return slopes, counts

    def total(self) -> float:
        """The sum over all paths."""
        slopes, _ = self._reached()
        return next((slopes[place] for place in self._order if place[0].letter == "L"), 0.0)

    def groups(self) -> Iterator[Group]:
        """Totals through each unit of every later layer that all paths go through once."""
        slopes, counts = self._reached()
        by_node: dict[Node, list[Place]] = {}
        for place in self._order[1:]:
            by_node.setdefault(place[0], []).append(place)
        layers = {self._steps[self.start][0].target[0].layer if self._steps[self.start] else None, None}
        for node, places in by_node.items():
            passing = sum(counts[place] * self.counts[place] for place in places)
            if node.layer in layers or node.deltas is None or passing != self.counts[self.start]:
                continue
            layers.add(node.layer)
            yield Group(
                node.layer,
                node.id,
                _by_size(
                    [(node.symbol(index), slopes[node, index] * float(node.deltas[index])) for _, index in places]
                ),
            )


def _steps_from(place: Place) -> Iterator[Step]:
    node, index = place
    for link in node.users:
        for target in link.users(index):
            yield Step(link, (link.target, target), link.slope(target, index).evaluate())


def _path(way: tuple[tuple[Place, Step], ...], product: float) -> Path:
    factors = []
    for (node, index), step in reversed(way):
        target, place = step.target
        slope = step.link.slope(place, index)
        factors.append(Factor(target.symbol(place), node.symbol(index), slope, step.slope))
    return Path(tuple(factors), product)
