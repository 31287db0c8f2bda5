"""Recurrent layers, unrolled through time: every gate of every unit at every time step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.activations import ActivationFunction
from engine.derivation.activations import FORMULAS, sigmoid
from engine.derivation.expressions import Call, Expr, Index, Number, add
from engine.derivation.graph import Graph, Node, Signal, whole
from engine.derivation.sums import Wiring, connect_bias, connect_weighted, weighted_terms
from engine.layers import GRU, LSTM, SimpleRNN

__all__ = ["plan_gru", "plan_lstm", "plan_simple_rnn"]

LSTM_GATES = ("gate_i", "gate_f", "gate_g", "gate_o")
GRU_GATES = ("gate_r", "gate_z", "gate_n")


@dataclass(frozen=True)
class Rows:
    """How sums [time, unit] or [time, gate, unit] meet the rows of the weights, gate by gate."""

    steps: int
    gates: int
    units: int

    def row(self, index: Index) -> int:
        """Row of the weights of a sum."""
        return index[-1] if self.gates == 1 else index[1] * self.units + index[2]

    def sum_at(self, t: int, row: int) -> Index:
        """The sum of a row at one time step."""
        return (t, row) if self.gates == 1 else (t, *divmod(row, self.units))

    def sums_at(self, t: int) -> Iterator[Index]:
        """All sums of one time step."""
        return (self.sum_at(t, row) for row in range(self.gates * self.units))

    def through_time(self, row: int) -> Iterator[Index]:
        """A row's sums at every time step."""
        return (self.sum_at(t, row) for t in range(self.steps))

    def wiring(self, features: int, *, behind: int) -> Wiring:
        """W x_t (`behind` 0), or W h_{t-1} (`behind` 1: the first step has nothing before it)."""

        def pairs(index: Index) -> Iterator[tuple[Index, Index]]:
            t = index[0] - behind
            return (((self.row(index), i), (t, i)) for i in range(features if t >= 0 else 0))

        def sums_of(source: Index) -> Iterable[Index]:
            t = source[0] + behind
            return self.sums_at(t) if t < self.steps else ()

        return Wiring(
            pairs,
            sums_of,
            lambda index, source: (self.row(index), source[1]),
            lambda place: (self.sum_at(t, place[0]) for t in range(behind, self.steps)),
            lambda index, place: (index[0] - behind, place[1]),
        )


class _Recurrent:
    """What the three layers share: their weights, and h as the next layer takes it."""

    def __init__(self, graph: Graph, x: Signal, layer: SimpleRNN | LSTM | GRU, name: str) -> None:
        self.graph, self.x, self.layer, self.name = graph, x, layer, name
        self.rows = Rows(x.shape[0], layer.gates, layer.units)
        self.of_x = self.rows.wiring(x.shape[1], behind=0)
        self.of_h = self.rows.wiring(layer.units, behind=1)
        self.weight_ih, self.weight_hh = (graph.parameters[f"{name}.weight_{part}"] for part in ("ih", "hh"))

    def node(self, quantity: str, letter: str, kind: str) -> Node:
        """A node whose formula follows: they go into one another."""
        return self.graph.node(f"{self.name}.{quantity}", letter, self.name, kind, _unsaid)

    def bias(self, index: Index, short: str = "bias") -> Expr:
        """The bias of a sum."""
        return self.graph.parameters[f"{self.name}.{short}"].symbol((self.rows.row(index),))

    def connect_bias(self, z: Node, short: str = "bias") -> None:
        """dz/db = 1 at every time step."""
        bias = self.graph.parameters[f"{self.name}.{short}"]
        connect_bias(self.graph, z, bias, lambda i: (self.rows.row(i),), lambda place: self.rows.through_time(place[0]))

    def plan_sum(self, z: Node, h: Node) -> None:
        """z = W_ih x_t + b + W_hh h_{t-1}."""
        z.formula = lambda i: add(
            [
                *weighted_terms(self.weight_ih, self.x, self.of_x, i),
                self.bias(i),
                *weighted_terms(self.weight_hh, whole(h), self.of_h, i),
            ]
        )
        connect_weighted(self.graph, z, self.weight_ih, self.x, self.of_x)
        connect_weighted(self.graph, z, self.weight_hh, whole(h), self.of_h)
        self.connect_bias(z)

    def before(self, node: Node, index: Index) -> Expr:
        """The same unit one step earlier; 0 before the first."""
        t, k = index
        return node.symbol((t - 1, k)) if t else Number(0.0)

    def later(self, index: Index) -> Iterable[Index]:
        """The same unit one step later; nothing after the last."""
        t, k = index
        return ((t + 1, k),) if t + 1 < self.rows.steps else ()

    def earlier(self, index: Index) -> Iterable[Index]:
        """The same unit one step earlier; nothing before the first."""
        t, k = index
        return ((t - 1, k),) if t else ()

    def output(self, h: Node) -> Signal:
        """Every state, or the last one."""
        if self.layer.return_sequences:
            return whole(h)
        last = self.rows.steps - 1
        return whole(h).viewed(h.shape[1:], lambda i: (last, *i), lambda i: i[1:] if i[0] == last else None)


def plan_simple_rnn(graph: Graph, x: Signal, layer: SimpleRNN, name: str) -> Signal:
    """h_t = f(W_ih x_t + b + W_hh h_{t-1})."""
    cell = _Recurrent(graph, x, layer, name)
    z, h = cell.node("pre_activation", "z", "weighted_sum"), cell.node("hidden", "h", "activation")
    forward, slope = FORMULAS[ActivationFunction.of(layer.activation).name]
    cell.plan_sum(z, h)
    h.formula = lambda i: forward(z.symbol(i))
    graph.connect_each(h, z, lambda i, _: slope(z.symbol(i), h.symbol(i)))
    graph.block(z, h, depth=1, in_time=True)
    return cell.output(h)


def plan_lstm(graph: Graph, x: Signal, layer: LSTM, name: str) -> Signal:
    """c_t = f c_{t-1} + i g,  h_t = o tanh(c_t)."""
    cell = _Recurrent(graph, x, layer, name)
    z, gates = cell.node("pre_activation", "z", "weighted_sum"), cell.node("gates", "gate", "gate")
    c, h = cell.node("cell", "c", "cell"), cell.node("hidden", "h", "hidden")
    gates.letters = LSTM_GATES
    cell.plan_sum(z, h)
    _plan_gates(graph, gates, z, tanh=2)

    def gate(index: Index, number: int) -> Expr:
        t, k = index
        return gates.symbol((t, number, k))

    def kept(index: Index) -> list[Expr]:
        return [gate(index, 1) * cell.before(c, index)] if index[0] else []

    c.formula = lambda i: add([*kept(i), gate(i, 0) * gate(i, 2)])
    into_cell = {0: lambda i: gate(i, 2), 1: lambda i: cell.before(c, i), 2: lambda i: gate(i, 0)}
    graph.connect(
        c,
        gates,
        lambda i: ((i[0], number, i[1]) for number in into_cell if number != 1 or i[0]),
        lambda j: ((j[0], j[2]),) if j[1] in into_cell and (j[1] != 1 or j[0]) else (),
        lambda i, j: into_cell[j[1]](i),
    )
    graph.connect(c, c, cell.earlier, cell.later, lambda i, j: gate(i, 1))
    h.formula = lambda i: gate(i, 3) * Call("tanh", c.symbol(i))
    graph.connect(
        h,
        gates,
        lambda i: ((i[0], 3, i[1]),),
        lambda j: ((j[0], j[2]),) if j[1] == 3 else (),
        lambda i, j: Call("tanh", c.symbol(i)),
    )
    graph.connect_each(h, c, lambda i, _: gate(i, 3) * (1 - Call("tanh", c.symbol(i)) ** 2))
    graph.block(z, gates, c, h, depth=1, in_time=True)
    return cell.output(h)


def plan_gru(graph: Graph, x: Signal, layer: GRU, name: str) -> Signal:
    """h_t = (1 - z) n + z h_{t-1};  r, z = sigmoid(a + u),  n = tanh(a + r u),  u = W_hh h_{t-1} + b_hh."""
    cell = _Recurrent(graph, x, layer, name)
    u, z = cell.node("recurrent", "u", "weighted_sum"), cell.node("pre_activation", "z", "weighted_sum")
    gates, h = cell.node("gates", "gate", "gate"), cell.node("hidden", "h", "hidden")
    gates.letters = GRU_GATES
    u.formula = lambda i: add([*weighted_terms(cell.weight_hh, whole(h), cell.of_h, i), cell.bias(i, "bias_hh")])
    connect_weighted(graph, u, cell.weight_hh, whole(h), cell.of_h)
    cell.connect_bias(u, "bias_hh")

    def reset(index: Index) -> Expr:
        t, _, k = index
        return gates.symbol((t, 0, k))

    def recurrent(index: Index) -> Expr:
        return reset(index) * u.symbol(index) if index[1] == 2 else u.symbol(index)

    z.formula = lambda i: add([*weighted_terms(cell.weight_ih, x, cell.of_x, i), cell.bias(i, "bias_ih"), recurrent(i)])
    connect_weighted(graph, z, cell.weight_ih, x, cell.of_x)
    cell.connect_bias(z, "bias_ih")
    graph.connect_each(z, u, lambda i, _: reset(i) if i[1] == 2 else Number(1.0))
    graph.connect(
        z,
        gates,
        lambda i: ((i[0], 0, i[2]),) if i[1] == 2 else (),
        lambda j: ((j[0], 2, j[2]),) if j[1] == 0 else (),
        lambda i, j: u.symbol(i),
    )
    _plan_gates(graph, gates, z, tanh=2)
    _plan_gru_state(graph, cell, gates, h)
    graph.block(u, z, gates, h, depth=1, in_time=True, rank=_gru_rank)
    return cell.output(h)


def _plan_gru_state(graph: Graph, cell: _Recurrent, gates: Node, h: Node) -> None:
    """h = (1 - z) n + z h_{t-1}."""

    def gate(index: Index, number: int) -> Expr:
        t, k = index
        return gates.symbol((t, number, k))

    def formula(index: Index) -> Expr:
        new = (1 - gate(index, 1)) * gate(index, 2)
        return new + gate(index, 1) * cell.before(h, index) if index[0] else new

    h.formula = formula
    graph.connect(
        h,
        gates,
        lambda i: ((i[0], 1, i[1]), (i[0], 2, i[1])),
        lambda j: ((j[0], j[2]),) if j[1] else (),
        lambda i, j: cell.before(h, i) - gate(i, 2) if j[1] == 1 else 1 - gate(i, 1),
    )
    graph.connect(h, h, cell.earlier, cell.later, lambda i, j: gate(i, 1))


def _plan_gates(graph: Graph, gates: Node, z: Node, tanh: int) -> None:
    """Every gate is the sigmoid of its sum, but gate number `tanh` the hyperbolic tangent."""
    gates.formula = lambda i: Call("tanh", z.symbol(i)) if i[1] == tanh else sigmoid(z.symbol(i))
    graph.connect_each(
        gates,
        z,
        lambda i, _: 1 - gates.symbol(i) ** 2 if i[1] == tanh else gates.symbol(i) * (1 - gates.symbol(i)),
    )


def _gru_rank(number: int, index: Index) -> int:
    """The order of doing within a time step: u, then r and z, then n, which needs r, then h. (u z gates h.)"""
    if number in (0, 3):
        return 5 * (number == 3)
    return number + 2 * (index[1] == 2)


def _unsaid(index: Index) -> Expr:
    raise NotImplementedError
