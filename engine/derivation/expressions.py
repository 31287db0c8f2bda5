"""Formulas as small trees: one tree gives the formula, the formula with the numbers put in, and the result.

    a = Symbol("a", "dense_1", (0,), 0.25)
    (a * (1 - a)).evaluate()     # 0.1875

Ten kinds of nodes, and no others. Numbers that are out of a float's reach become infinite or NaN; nothing is raised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

__all__ = [
    "FUNCTIONS",
    "Call",
    "Expr",
    "Index",
    "Maximum",
    "Negative",
    "Number",
    "Power",
    "Product",
    "Quotient",
    "Sum",
    "Symbol",
    "add",
    "shortened",
]

Index = tuple[int, ...]


class Expr:
    """A formula. Built with + - * / and **; plain numbers become `Number`."""

    def evaluate(self) -> float:
        """The number that it comes to, in float64."""
        raise NotImplementedError

    def parts(self) -> tuple[Expr, ...]:
        """The formulas that it is made of; none for a number or a symbol."""
        return ()

    def symbols(self) -> Iterator[Symbol]:
        """Every symbol in it, from left to right, as often as it is written."""
        for part in self.parts():
            yield from part.symbols()

    def __add__(self, other: Expr | float) -> Expr:
        return Sum((*_flat(self, Sum), *_flat(_expr(other), Sum)))

    def __radd__(self, other: float) -> Expr:
        return _expr(other) + self

    def __sub__(self, other: Expr | float) -> Expr:
        return self + Negative(_expr(other))

    def __rsub__(self, other: float) -> Expr:
        return _expr(other) - self

    def __mul__(self, other: Expr | float) -> Expr:
        return Product((*_flat(self, Product), *_flat(_expr(other), Product)))

    def __rmul__(self, other: float) -> Expr:
        return _expr(other) * self

    def __truediv__(self, other: Expr | float) -> Expr:
        return Quotient(self, _expr(other))

    def __rtruediv__(self, other: float) -> Expr:
        return _expr(other) / self

    def __pow__(self, exponent: Expr | float) -> Expr:
        return Power(self, _expr(exponent))

    def __neg__(self) -> Expr:
        return Negative(self)


@dataclass(frozen=True)
class Number(Expr):
    """A number that belongs to the formula itself: the 1 of 1 - a."""

    value: float

    def evaluate(self) -> float:
        return self.value


@dataclass(frozen=True)
class Symbol(Expr):
    """A quantity by its name, with its value at this step.

    Parameters
    ----------
    name : its letter: "x", "w", "b", "z", "a", "delta" (see `engine.derivation`)
    layer : the layer that it belongs to ("dense_1"), or None
    indices : its place in that layer's array, counted from 0, as in the trace: w (unit, input), z (unit,), ...
    value : the number
    origin : id of the operation that made it, None for what is given (inputs, parameters, choices) and what has no
        operation of its own
    field : the field of a trace that holds this number at `indices`, or None
    example : the training example that it belongs to, where that is not the followed one
    elided : how many terms it stands for, if its name is "rest"
    """

    name: str
    layer: str | None = None
    indices: Index = ()
    value: float = math.nan
    origin: str | None = None
    field: str | None = None
    example: int | None = None
    elided: int = 0

    def evaluate(self) -> float:
        return self.value

    def symbols(self) -> Iterator[Symbol]:
        yield self


@dataclass(frozen=True)
class Sum(Expr):
    """t_1 + t_2 + ...; a difference is a sum with a `Negative`."""

    terms: tuple[Expr, ...]

    def evaluate(self) -> float:
        values = [term.evaluate() for term in self.terms]
        return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)

    def parts(self) -> tuple[Expr, ...]:
        return self.terms


@dataclass(frozen=True)
class Product(Expr):
    """f_1 f_2 ..."""

    factors: tuple[Expr, ...]

    def evaluate(self) -> float:
        return math.prod(factor.evaluate() for factor in self.factors)

    def parts(self) -> tuple[Expr, ...]:
        return self.factors


@dataclass(frozen=True)
class Quotient(Expr):
    """numerator / denominator."""

    numerator: Expr
    denominator: Expr

    def evaluate(self) -> float:
        above, below = self.numerator.evaluate(), self.denominator.evaluate()
        if below == 0.0:
            return math.copysign(math.inf, above) * math.copysign(1.0, below) if above else math.nan
        return above / below

    def parts(self) -> tuple[Expr, ...]:
        return (self.numerator, self.denominator)


@dataclass(frozen=True)
class Power(Expr):
    """base ^ exponent."""

    base: Expr
    exponent: Expr

    def evaluate(self) -> float:
        return _reached(math.pow, self.base.evaluate(), self.exponent.evaluate())

    def parts(self) -> tuple[Expr, ...]:
        return (self.base, self.exponent)


@dataclass(frozen=True)
class Negative(Expr):
    """-operand."""

    operand: Expr

    def evaluate(self) -> float:
        return -self.operand.evaluate()

    def parts(self) -> tuple[Expr, ...]:
        return (self.operand,)


@dataclass(frozen=True)
class Maximum(Expr):
    """The greatest of its terms."""

    terms: tuple[Expr, ...]

    def evaluate(self) -> float:
        return max(term.evaluate() for term in self.terms)

    def parts(self) -> tuple[Expr, ...]:
        return self.terms


@dataclass(frozen=True)
class Call(Expr):
    """function(argument), the function one of `FUNCTIONS`."""

    function: str
    argument: Expr

    def evaluate(self) -> float:
        return _reached(FUNCTIONS[self.function], self.argument.evaluate())

    def parts(self) -> tuple[Expr, ...]:
        return (self.argument,)


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "ln": lambda x: math.log(x) if x else -math.inf,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "abs": abs,
    "sign": lambda x: float((x > 0) - (x < 0)),
    "relu": lambda x: max(0.0, x),  # max(0, x)
    "normal_cdf": lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),  # Phi
    "normal_pdf": lambda x: math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi),  # phi
}


def add(terms: Iterable[Expr]) -> Expr:
    """The sum of any number of terms: 0 for none, the term itself for one."""
    found = tuple(terms)
    if len(found) == 1:
        return found[0]
    return Sum(found) if found else Number(0.0)


def shortened(formula: Expr, most: int) -> Expr:
    """The same formula, but that sums of more than `most` terms keep the largest, in their order, and one "rest"."""
    match formula:
        case Sum(terms):
            return _shortened_sum([shortened(term, most) for term in terms], most)
        case Product(factors):
            return Product(tuple(shortened(factor, most) for factor in factors))
        case Quotient(above, below):
            return Quotient(shortened(above, most), shortened(below, most))
        case Power(base, exponent):
            return Power(shortened(base, most), exponent)
        case Negative(operand):
            return Negative(shortened(operand, most))
        case Call(function, argument):
            return Call(function, shortened(argument, most))
    return formula


def _shortened_sum(terms: list[Expr], most: int) -> Expr:
    if len(terms) <= most:
        return Sum(tuple(terms))
    largest = sorted(range(len(terms)), key=lambda n: -abs(terms[n].evaluate()))[: most - 1]
    others = add(terms[n] for n in set(range(len(terms))) - set(largest))
    rest = Symbol("rest", value=others.evaluate(), elided=len(terms) - len(largest))
    return Sum((*(terms[n] for n in sorted(largest)), rest))


def _expr(value: Expr | float) -> Expr:
    return value if isinstance(value, Expr) else Number(float(value))


def _flat(formula: Expr, kind: type[Expr]) -> tuple[Expr, ...]:
    return formula.parts() if isinstance(formula, kind) else (formula,)


def _reached(function: Callable[..., float], *numbers: float) -> float:
    """What a function of `math` gives; infinite where that is too large for a float, NaN where there is no value."""
    try:
        return function(*numbers)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
