"""Formulas of `engine.derivation` as LaTeX and in words. One tree is printed as it is, or with its numbers put in.

    notation = Notation.of(network, digits=6, comma=False)
    notation.symbols(expression)     # w^{(1)}_{1,2} \\, x_{2} + b^{(1)}_{1}
    notation.numbers(expression)     # 0.2 \\cdot 0.1 + 0.35

A number that has more digits than are shown is rounded; `exact` says whether any was. Knows nothing of Streamlit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from engine import Network
from engine.derivation import (
    Call,
    Expr,
    Maximum,
    Negative,
    Number,
    Operation,
    Path,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
)

MOST_IN_ROW, IN_ROW = 4, 3  # terms of a sum
BREAK = " \\\\\n&\\quad "
TIMES = r" \cdot "
FULL_DIGITS = 17  # enough to give back every double
SUM, PRODUCT, POWER, ATOM = range(4)  # how firmly a piece of LaTeX holds together

LETTERS = {
    "delta": r"\delta",
    "eta": r"\eta",
    "lambda": r"\lambda",
    "epsilon": r"\epsilon",
    "gamma": r"\gamma",
    "beta": r"\beta",
    "beta1": r"\beta_{1}",
    "beta2": r"\beta_{2}",
    "lambda1": r"\lambda_{1}",
    "lambda2": r"\lambda_{2}",
    "alpha": r"\alpha",
    "mu": r"\mu",
}
OF_PARAMETERS = ("g", "m", "v", "s")  # the optimiser's letters: each parameter of a layer has its own
PARAMETER = re.compile(r"(?:weight|bias)_(ih|hh)\b|\.(in|out)_proj\.")
MARKS = {"": "", "next": "+", "hat": "", "total": r"\mathrm{tot}"}  # what a name says after its letter, above it
CALLS = {
    "ln": r"\ln",
    "tanh": r"\tanh",
    "sin": r"\sin",
    "cos": r"\cos",
    "sign": r"\operatorname{sign}",
    "normal_cdf": r"\Phi",
    "normal_pdf": r"\varphi",
}


@dataclass(frozen=True)
class Piece:
    """Some LaTeX, and how firmly it holds together: what goes into a tighter place is put in parentheses."""

    text: str
    hold: int
    terms: tuple[str, ...] = ()  # with their signs, where it is a sum

    @property
    def broken(self) -> str:
        """A long sum over several rows of an equation."""
        if len(self.terms) <= MOST_IN_ROW:
            return self.text
        rows = [" ".join(self.terms[first : first + IN_ROW]) for first in range(0, len(self.terms), IN_ROW)]
        return BREAK.join(rows)

    def within(self, hold: int) -> str:
        """As a part of something that holds its parts this firmly."""
        return self.text if self.hold >= hold else rf"\left({self.text}\right)"


@dataclass(frozen=True)
class Notation:
    """How symbols and numbers are written.

    Attributes
    ----------
    layers : what stands in the exponent of a layer's quantities, by the layer's name; empty where there is one layer
    digits : significant digits of a number
    comma : a decimal comma, as Portuguese has it
    """

    layers: dict[str, str] = field(default_factory=dict)
    digits: int = 6
    comma: bool = False

    @classmethod
    def of(cls, network: Network, digits: int = 6, comma: bool = False) -> Notation:
        """The notation of a network: its layers are numbered from the input on."""
        names = list(dict.fromkeys(part.name for part in (*network.named_layers(), *network.leaves())))
        if len(names) == 1:
            return cls({}, digits, comma)
        numbers = {part.name: str(place) for place, part in enumerate(network.named_layers(), 1)}
        for name in names:  # "residual_1.dense_2" is the second part of its own layer
            outer, _, inner = name.partition(".")
            if inner:
                parts = [other for other in names if other.startswith(f"{outer}.")]
                numbers[name] = f"{numbers[outer]}.{parts.index(name) + 1}"
        return cls(numbers, digits, comma)

    def full(self) -> Notation:
        """The same with every digit of every number."""
        return replace(self, digits=FULL_DIGITS)

    # ------------------------------------------------------------------------------------------------ formulas

    def symbols(self, expression: Expr) -> str:
        """The formula."""
        return self._print(expression, self._symbol).text

    def numbers(self, expression: Expr) -> str:
        """The formula with the numbers put in."""
        return self._print(expression, self._value).text

    def number(self, value: float) -> str:
        """One number."""
        return self._number(value).text

    def symbol(self, symbol: Symbol) -> str:
        """One symbol."""
        return self._symbol(symbol).text

    def exact(self, expression: Expr) -> bool:
        """Whether the formula with its numbers says them to the last digit."""
        return all(self._is_exact(symbol.value) for symbol in expression.symbols())

    def equals(self, *values: float, of: Expr | None = None) -> str:
        """The sign before what is shown: "=" where nothing is rounded."""
        exact = all(map(self._is_exact, values)) and (of is None or self.exact(of))
        return "=" if exact else r"\approx"

    def lines(self, operation: Operation) -> list[tuple[str, str]]:
        """An operation as the right sides of its equation, each with its sign: formula, numbers, result.

        A formula without symbols has no second line, and what is but one number is said once.
        """
        formula = self._print(operation.expression, self._symbol).broken
        put_in = self._print(operation.expression, self._value).broken
        result = self.number(operation.value)
        lines = [("=", formula)]
        if put_in not in (formula, result):
            lines.append((self.equals(of=operation.expression), put_in))
        if result != formula:
            lines.append((self.equals(operation.value), result))
        return lines

    def equation(self, operation: Operation) -> str:
        """An operation as one aligned LaTeX equation, a line for formula, numbers and result."""
        first, *others = self.lines(operation)
        rows = [
            f"{self.symbol(operation.symbol)} &{first[0]} {first[1]}",
            *(f"&{sign} {text}" for sign, text in others),
        ]
        return aligned(rows)

    def path(self, path: Path) -> str:
        """A path as one aligned equation: the local derivatives, what each comes to, and their product."""
        steps = path.factors
        derivatives = (
            rf"\frac{{\partial {self.symbol(step.of)}}}{{\partial {self.symbol(step.by)}}}" for step in steps
        )
        formulas = (self._print(step.expression, self._symbol).within(POWER) for step in steps)
        values = (self._number(step.value).within(POWER) for step in steps)
        exact = all(self._is_exact(step.value) for step in steps)
        rows = [
            "&" + TIMES.join(derivatives),
            "={}& " + TIMES.join(formulas),
            ("={}& " if exact else r"\approx{}& ") + TIMES.join(values),
            self.equals(path.value) + "{}& " + self.number(path.value),
        ]
        return aligned(rows)

    def document(self, operations: Iterable[Operation], titles: Callable[[Operation], str]) -> str:
        """Many operations as LaTeX to paste into a document; `titles` gives each operation's line of words."""
        return "\n\n".join(f"% {titles(operation)}\n\\[\n{self.equation(operation)}\n\\]" for operation in operations)

    # ------------------------------------------------------------------------------------------------ the tree

    def _print(self, expression: Expr, leaf: Callable[[Symbol], Piece]) -> Piece:
        match expression:
            case Number(value):
                return self._number(value, digits=FULL_DIGITS)
            case Symbol():
                return self._rest(expression, leaf) if expression.name == "rest" else leaf(expression)
            case Sum(terms):
                return self._sum(terms, leaf)
            case Product(factors):
                return self._product(factors, leaf)
            case Quotient(above, below):
                return Piece(rf"\frac{{{self._print(above, leaf).text}}}{{{self._print(below, leaf).text}}}", POWER)
            case Power(base, exponent):
                return Piece(f"{self._print(base, leaf).within(ATOM)}^{{{self._print(exponent, leaf).text}}}", POWER)
            case Negative(operand):
                return Piece(f"-{self._print(operand, leaf).within(PRODUCT)}", SUM)
            case Maximum(terms):
                inner = ",\\, ".join(self._print(term, leaf).text for term in terms)
                return Piece(rf"\max\left({inner}\right)", POWER)
            case Call(function, argument):
                return _call(function, self._print(argument, leaf).text)
        raise TypeError(f"no LaTeX for {expression!r}")

    def _sum(self, terms: Iterable[Expr], leaf: Callable[[Symbol], Piece]) -> Piece:
        """Terms with their signs; a long sum goes on in another row of the equation, if it stands there by itself."""
        written: list[str] = []
        for term in terms:
            minus = isinstance(term, Negative)
            piece = self._print(term.operand if isinstance(term, Negative) else term, leaf)
            sign = ("-" if minus else "") if not written else ("- " if minus else "+ ")
            written.append(sign + (piece.text if not written and not minus else piece.within(PRODUCT)))
        return Piece(" ".join(written), SUM, tuple(written))

    def _product(self, factors: Iterable[Expr], leaf: Callable[[Symbol], Piece]) -> Piece:
        pieces = [self._print(factor, leaf).within(POWER) for factor in factors]
        text = pieces[0]
        for piece in pieces[1:]:
            touching = leaf != self._symbol or piece[0].isdigit() or text[-1].isdigit()
            text += (r" \cdot " if touching else r" \, ") + piece
        return Piece(text, PRODUCT)

    def _rest(self, rest: Symbol, leaf: Callable[[Symbol], Piece]) -> Piece:
        """What a long sum does not write out: dots, or their value, with how many terms they stand for."""
        inside = r"\cdots" if leaf == self._symbol else self.number(rest.value)
        return Piece(rf"\underbrace{{{inside}}}_{{{rest.elided}}}", ATOM)

    # ------------------------------------------------------------------------------------------------- leaves

    def _symbol(self, symbol: Symbol) -> Piece:
        if symbol.name == "dp_do":
            return Piece(rf"\frac{{\partial p}}{{\partial {self.symbol(replace(symbol, name='z'))}}}", POWER)
        made = derivative_of(symbol.name)
        if made:
            inner = self.symbol(replace(symbol, name=made))
            of = "" if symbol.example is None else f"_{{{symbol.example + 1}}}"
            return Piece(rf"\frac{{\partial L{of}}}{{\partial {inner}}}", POWER)
        letter, _, part = symbol.name.partition("_")
        if symbol.name in OF_PARAMETERS and (found := PARAMETER.search(symbol.field or symbol.origin or "")):
            part = found[1] or found[2]
        above = MARKS.get(part, rf"\mathrm{{{part}}}")
        layer = self.layers.get(symbol.layer or "", "")
        above += f"({layer})" if layer else ""
        below = ",".join(str(index + 1) for index in symbol.indices)
        text = LETTERS.get(letter) or (letter if len(letter) == 1 else rf"\mathrm{{{letter}}}")
        text = rf"\hat{{{text}}}" if part == "hat" else text
        text += (f"^{{{above}}}" if above else "") + (f"_{{{below}}}" if below else "")
        return Piece(text, POWER if above or "_" in symbol.name else ATOM)

    def _value(self, symbol: Symbol) -> Piece:
        return self._number(symbol.value)

    def _number(self, value: float, digits: int | None = None) -> Piece:
        if math.isnan(value):
            return Piece(r"\mathrm{NaN}", ATOM)
        if math.isinf(value):
            return Piece(r"\infty" if value > 0 else r"-\infty", ATOM if value > 0 else SUM)
        text = self._digits(value, digits or self.digits)
        mantissa, _, exponent = text.partition("e")
        mantissa = mantissa.replace(".", "{,}") if self.comma else mantissa
        if exponent:
            return Piece(rf"{mantissa} \cdot 10^{{{int(exponent)}}}", SUM if value < 0 else PRODUCT)
        return Piece(mantissa, SUM if value < 0 else ATOM)

    def _digits(self, value: float, digits: int) -> str:
        value = float(value) or 0.0  # no "-0"
        return repr(value).removesuffix(".0") if digits >= FULL_DIGITS else f"{value:.{digits}g}"

    def _is_exact(self, value: float) -> bool:
        return not math.isfinite(value) or float(self._digits(value, self.digits)) == value


def aligned(rows: Iterable[str]) -> str:
    """Rows of an equation, one below the other."""
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def derivative_of(name: str) -> str:
    """ "w" for "dw", which is dL/dw; nothing for what is no derivative."""
    inner = name.removeprefix("d")
    return inner if inner != name and (len(inner) == 1 or "_" in inner or inner in LETTERS) else ""


def _call(function: str, argument: str) -> Piece:
    if function == "exp":
        return Piece(f"e^{{{argument}}}", POWER)
    if function == "sqrt":
        return Piece(rf"\sqrt{{{argument}}}", ATOM)
    if function == "abs":
        return Piece(rf"\left|{argument}\right|", ATOM)
    if function == "relu":
        return Piece(rf"\max\left(0,\, {argument}\right)", POWER)
    return Piece(rf"{CALLS[function]}\left({argument}\right)", POWER)
