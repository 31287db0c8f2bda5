"""Losses as formulas of the outputs o and the targets y; `engine/losses.py` has the sources.

Losses of logits are taken together with their sigmoid or softmax: dL/do = (p - y) / outputs. Before that result stand
the steps that lead to it: dL/dp, dp/do, and their product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from engine.derivation.activations import sigmoid, softmax, softplus
from engine.derivation.expressions import Call, Expr, Index, Number, Symbol, add
from engine.derivation.graph import Graph, Node, Reason, Signal, flat_index, size_of, written
from engine.evaluation import prediction
from engine.losses import Huber, Loss

__all__ = ["plan_loss"]

SURE = 12.0  # a logit beyond it makes 1 - p too small a difference: -ln p is then written as ln(1 + e^-o)


class Formulas(NamedTuple):
    """One output's part of the loss and its slope, as formulas of o, y (and the loss's options)."""

    term: Callable[..., Expr]
    slope: Callable[..., Expr]


def plan_loss(graph: Graph, o: Signal, loss: Loss) -> Node:
    """L of the followed example, from the outputs."""
    y = graph.input("targets", "y")
    if loss.targets == "classes":
        return _plan_classes(graph, o, y)

    def target(index: Index) -> Symbol:
        return y.symbol((flat_index(index, o.shape),))

    if loss.targets == "bits":
        return _plan_bits(graph, o, target)
    options = [Number(loss.delta)] if isinstance(loss, Huber) else []
    term, slope = FORMULAS[loss.name]
    return _plan_terms(
        graph,
        o,
        o.shape,
        lambda i: term(o.symbol(i), target(i), *options),
        lambda i: slope(o.symbol(i), target(i), *options),
        averaged=loss.name != "half_squared_error",
    )


def _plan_terms(
    graph: Graph,
    o: Signal,
    shape: Index,
    term: Callable[[Index], Expr],
    slope: Callable[[Index], Expr],
    probability: Node | None = None,
    *,
    averaged: bool = True,
) -> Node:
    """A part of the loss for each of `shape`, then L: their mean, or their sum. One part alone is L itself."""
    places = list(np.ndindex(shape))
    count = len(places) if averaged else 1
    before = [] if probability is None else [probability]
    if len(places) > 1:
        values = np.reshape([term(place).evaluate() for place in places], shape)
        terms = graph.judged("loss.term", "l", "loss_term", values, term)
        before.append(terms)

    def formula(_: Index) -> Expr:
        return _over(add(terms.symbol(place) for place in places), count) if len(places) > 1 else term(places[0])

    loss = graph.judged("loss", "L", "loss", np.array(graph.followed.loss), formula, "example_loss")
    loss.deltas = np.array(1.0)
    graph.connect(loss, o, lambda _: np.ndindex(o.shape), lambda _: ((),), lambda _, j: _over(slope(j), count))
    graph.block(*before, depth=len(shape))
    graph.block(loss)
    return loss


def _over(formula: Expr, count: int) -> Expr:
    return formula / count if count > 1 else formula


def _plan_probabilities(graph: Graph, o: Signal, kind: str, formula: Callable[[Index], Expr]) -> Node:
    """p from the logits o."""
    outputs = graph.followed.values("output").reshape(o.shape)
    values = prediction(outputs, Loss.of(graph.network.loss))
    return graph.judged("prediction", "p", kind, values, formula, "prediction")


def _plan_bits(graph: Graph, o: Signal, target: Callable[[Index], Symbol]) -> Node:
    """Sigmoid and cross-entropy as one, for every output."""
    p = _plan_probabilities(graph, o, "probability", lambda i: sigmoid(o.symbol(i)))
    o.node.reasons = lambda place: _bit_reasons(p, o, place, target)
    return _plan_terms(
        graph,
        o,
        o.shape,
        lambda i: _bit_term(o.symbol(i), target(i), p.symbol(i)),
        lambda i: p.symbol(i) - target(i),
        p,
    )


def _plan_classes(graph: Graph, o: Signal, y: Node) -> Node:
    """Softmax and cross-entropy as one, at every time step that has a label."""
    times, classes = o.shape[:-1], o.shape[-1]

    def row(index: Index) -> list[Symbol]:
        return [o.symbol((*index, k)) for k in range(classes)]

    def label(index: Index) -> int:
        return int(y.values[flat_index(index, times)])

    def target(index: Index) -> Symbol:
        """1 for the label, 0 for every other class."""
        return Symbol("y", None, index, float(index[-1] == label(index[:-1])))

    p = _plan_probabilities(graph, o, "softmax", lambda i: softmax(o.symbol(i), row(i[:-1])))
    o.node.reasons = lambda place: _class_reasons(p, o, place, label, target)
    return _plan_terms(
        graph,
        o,
        times,
        lambda i: _class_term(row(i), label(i), p.symbol((*i, label(i)))),
        lambda i: p.symbol(i) - target(i),
        p,
    )


def _class_term(row: list[Symbol], label: int, p: Symbol) -> Expr:
    """-ln p_y; where p_y is nearly 0, ln(sum of e^(o_k - o_y)), which is the same."""
    if p.value > 1e-12:
        return -Call("ln", p)
    greatest = max(row, key=lambda symbol: symbol.value)
    return Call("ln", add(Call("exp", symbol - greatest) for symbol in row)) + (greatest - row[label])


def _class_reasons(
    p: Node, o: Signal, place: Index, label: Callable[[Index], int], target: Callable[[Index], Symbol]
) -> list[Reason]:
    """dL/dp_y, dp_y/do_k, and their product: of all p only the label's goes into L."""
    index = o.back(place)
    assert index is not None
    of_label = p.symbol((*index[:-1], label(index[:-1])))
    if of_label.value < 1e-12:
        return []
    slope = of_label * (target(index) - p.symbol(index))
    derivative = _over(-(1 / of_label), size_of(o.shape[:-1]))
    return _reasons(p, o, place, of_label.indices, derivative, index, slope)


def _bit_reasons(p: Node, o: Signal, place: Index, target: Callable[[Index], Symbol]) -> list[Reason]:
    """dL/dp, dp/do, and their product, where p is not all but 0 or 1."""
    index = o.back(place)
    assert index is not None
    if abs(o.value(index)) > SURE:
        return []
    slope = p.symbol(index) * (1 - p.symbol(index))
    derivative = _over((p.symbol(index) - target(index)) / slope, size_of(o.shape))
    return _reasons(p, o, place, index, derivative, index, slope)


def _reasons(p: Node, o: Signal, place: Index, of_p: Index, derivative: Expr, of_o: Index, slope: Expr) -> list[Reason]:
    first = Reason(f"prediction.delta{written(of_p)}", "probability_delta", "dp", of_p, derivative)
    second = Reason(f"prediction.slope{written(of_o)}", "probability_slope", "dp_do", of_o, slope)
    name = o.node.delta_name_of(place)
    return [first, second, Reason(f"{name}.reason", "delta_reason", "delta", place, first.symbol * second.symbol)]


def _bit_term(o: Symbol, y: Symbol, p: Symbol) -> Expr:
    """-y ln p - (1 - y) ln(1 - p); by -ln p = ln(1 + e^-o) and -ln(1 - p) = ln(1 + e^o) where p is all but 0 or 1."""
    if abs(o.value) > SURE:
        return y * softplus(-o) + (1 - y) * softplus(o)
    return -(y * Call("ln", p)) - (1 - y) * Call("ln", 1 - p)


def _huber_term(o: Expr, y: Expr, delta: Expr) -> Expr:
    error = o - y
    near = abs(error.evaluate()) <= delta.evaluate()
    return 0.5 * error**2 if near else delta * (Call("abs", error) - 0.5 * delta)


def _huber_slope(o: Expr, y: Expr, delta: Expr) -> Expr:
    error = o - y
    return error if abs(error.evaluate()) <= delta.evaluate() else delta * Call("sign", error)


def _hinge_slope(o: Expr, y: Expr) -> Expr:
    return -y if (1 - y * o).evaluate() > 0 else Number(0.0)


FORMULAS = {
    "mean_squared_error": Formulas(lambda o, y: (o - y) ** 2, lambda o, y: 2 * (o - y)),
    "half_squared_error": Formulas(lambda o, y: 0.5 * (o - y) ** 2, lambda o, y: o - y),
    "mean_absolute_error": Formulas(lambda o, y: Call("abs", o - y), lambda o, y: Call("sign", o - y)),
    "huber": Formulas(_huber_term, _huber_slope),
    "hinge": Formulas(lambda o, y: Call("relu", 1 - y * o), _hinge_slope),
}
