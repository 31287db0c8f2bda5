"""Activation functions and their slopes as formulas of z and a; `engine/activations.py` has the sources."""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.activations import ActivationFunction
from engine.derivation.expressions import Call, Expr, Index, Number, Symbol, add
from engine.derivation.graph import Graph, Node, Signal, whole

__all__ = ["activated", "sigmoid", "softmax", "softplus"]


def activated(graph: Graph, z: Signal, function: ActivationFunction, name: str) -> Signal:
    """a = f(z) for every number of z, listed beside it; z itself where f is the identity."""
    if function.name == "identity":
        return z
    if function.name == "softmax":
        return _softmax_units(graph, z, name)
    forward, slope = FORMULAS[function.kernel]
    options = [Number(option) for option in function.kernel_options()]
    a = graph.node(f"{name}.activation", "a", name, "activation", lambda i: forward(z.symbol(i), *options))
    graph.connect_each(a, z, lambda i, _: slope(z.symbol(i), a.symbol(i), *options))
    return whole(a)


def _softmax_units(graph: Graph, z: Signal, name: str) -> Signal:
    """a_k = e^(z_k) / sum_j e^(z_j) over the last axis;  da_k/dz_j = a_k ([k = j] - a_j)."""
    units = z.shape[-1]

    def row(index: Index) -> list[Index]:
        return [(*index[:-1], k) for k in range(units)]

    a = graph.node(
        f"{name}.activation", "a", name, "softmax", lambda i: softmax(z.symbol(i), [z.symbol(j) for j in row(i)])
    )
    graph.connect(a, z, row, row, lambda i, j: softmax_slope(a, i, j))
    return whole(a)


def softmax(chosen: Symbol, symbols: list[Symbol]) -> Expr:
    """e^z / sum of e^(z_j); numbers too great for e^z are first made smaller by the greatest, which changes nothing."""
    greatest = max(symbols, key=lambda symbol: symbol.value)
    far = max(abs(symbol.value) for symbol in symbols) > 100.0

    def power(symbol: Symbol) -> Expr:
        return Call("exp", symbol - greatest if far else symbol)

    return power(chosen) / add(map(power, symbols))


def softmax_slope(a: Node, i: Index, j: Index) -> Expr:
    """da_i/dz_j = a_i (1 - a_i) where i = j, else -a_i a_j."""
    return a.symbol(i) * (1 - a.symbol(i)) if i == j else -(a.symbol(i) * a.symbol(j))


def sigmoid(z: Expr) -> Expr:
    """1 / (1 + e^-z)."""
    return 1 / (1 + Call("exp", -z))


def softplus(z: Expr) -> Expr:
    """ln(1 + e^z); written as z + ln(1 + e^-z), which is the same, where e^z is large."""
    return z + Call("ln", 1 + Call("exp", -z)) if z.evaluate() > 0 else Call("ln", 1 + Call("exp", z))


def _leaky_relu(z: Expr, alpha: Expr) -> Expr:
    return z if z.evaluate() > 0 else alpha * z


def _leaky_relu_slope(z: Expr, a: Expr, alpha: Expr) -> Expr:
    return Number(1.0) if z.evaluate() > 0 else alpha


def _elu(z: Expr, alpha: Expr) -> Expr:
    return z if z.evaluate() > 0 else alpha * (Call("exp", z) - 1)


def _elu_slope(z: Expr, a: Expr, alpha: Expr) -> Expr:
    return Number(1.0) if z.evaluate() > 0 else alpha * Call("exp", z)


def _gelu_tanh_inner(z: Expr) -> Expr:
    return Call("tanh", Number(math.sqrt(2.0 / math.pi)) * (z + 0.044715 * z**3))


def _gelu_tanh_slope(z: Expr, a: Expr) -> Expr:
    """Product rule: the inner tanh, and z times its own slope."""
    inner, steepness = _gelu_tanh_inner(z), math.sqrt(2.0 / math.pi)
    return 0.5 * (1 + inner) + 0.5 * z * (1 - inner**2) * steepness * (1 + 3 * 0.044715 * z**2)


Forward = Callable[..., Expr]
FORMULAS: dict[str, tuple[Forward, Forward]] = {  # by the kernel's name: f(z, options), df/dz (z, a, options)
    "relu": (lambda z: Call("relu", z), lambda z, a: Number(1.0 if z.evaluate() > 0 else 0.0)),
    "leaky_relu": (_leaky_relu, _leaky_relu_slope),
    "elu": (_elu, _elu_slope),
    "gelu": (lambda z: z * Call("normal_cdf", z), lambda z, a: Call("normal_cdf", z) + z * Call("normal_pdf", z)),
    "gelu_tanh": (lambda z: 0.5 * z * (1 + _gelu_tanh_inner(z)), _gelu_tanh_slope),
    "silu": (lambda z: z * sigmoid(z), lambda z, a: sigmoid(z) * (1 + z * (1 - sigmoid(z)))),
    "tanh": (lambda z: Call("tanh", z), lambda z, a: 1 - a**2),
    "sigmoid": (sigmoid, lambda z, a: a * (1 - a)),
    "softplus": (softplus, lambda z, a: sigmoid(z)),
}
