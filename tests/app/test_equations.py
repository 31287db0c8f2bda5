"""The LaTeX of a step, read blindly: every formula and every formula with numbers comes to the number beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np
import pytest

import engine
from app import i18n, lessons
from app.equations import BREAK, Notation
from app.telling import Teller
from engine.activations import ActivationFunction
from engine.derivation import Operation, Symbol, derive
from engine.losses import Loss
from engine.optimisers import Optimiser

NUMBER = re.compile(r"\d+(?:(?:\.|\{,\})\d+)?")
FUNCTIONS = {
    r"\ln": math.log,
    r"\tanh": math.tanh,
    r"\sin": math.sin,
    r"\cos": math.cos,
    r"\operatorname{sign}": lambda x: float(np.sign(x)),
    r"\Phi": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
    r"\varphi": lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
}


class Reader:
    """Evaluates LaTeX as a person would: by its signs alone, and a table of what each symbol stands for."""

    def __init__(self, text: str, symbols: Mapping[str, float] = {}) -> None:
        self.text, self.at = text, 0
        self.symbols = sorted(symbols.items(), key=lambda item: -len(item[0]))

    def whole(self) -> float:
        value = self.sum()
        self.skip()
        assert self.at == len(self.text), f"left over: {self.text[self.at :]}"
        return value

    def skip(self) -> None:
        while self.text.startswith((" ", "\n"), self.at):
            self.at += 1

    def takes(self, token: str) -> bool:
        self.skip()
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def sum(self) -> float:
        value = -self.product() if self.takes("-") else self.product()
        while True:
            if self.takes("+"):
                value += self.product()
            elif self.takes("-"):
                value -= self.product()
            else:
                return value

    def product(self) -> float:
        value = self.power()
        while self.takes(r"\cdot") or self.takes("\\,"):
            value *= self.power()
        return value

    def power(self) -> float:
        base = self.atom()
        return base ** self.group() if self.takes("^") else base

    def group(self) -> float:
        assert self.takes("{"), self.text[self.at :]
        value = self.sum()
        assert self.takes("}"), self.text[self.at :]
        return value

    def atom(self) -> float:
        self.skip()
        for name, value in self.symbols:
            if self.takes(name):
                return value
        if self.takes(r"\frac"):
            return self.group() / self.group()
        if self.takes(r"\sqrt"):
            return math.sqrt(self.group())
        if self.takes("e^"):
            return math.exp(self.group())
        if self.takes(r"\underbrace"):
            value = self.group()
            assert self.takes("_")
            assert self.group() > 0
            return value
        if self.takes(r"\max"):
            return max(self.bracket())
        for name, function in FUNCTIONS.items():
            if self.takes(name):
                return function(self.bracket()[0])
        if self.text.startswith((r"\left(", r"\left|"), self.at):
            return self.bracket()[0]
        found = NUMBER.match(self.text, self.at)
        assert found, f"no number at {self.text[self.at :]}"
        self.at = found.end()
        return float(found[0].replace("{,}", "."))

    def bracket(self) -> list[float]:
        bars = self.takes(r"\left|")
        assert bars or self.takes(r"\left("), self.text[self.at :]
        values = [self.sum()]
        while self.takes(",\\,"):
            values.append(self.sum())
        assert self.takes(r"\right|" if bars else r"\right)"), self.text[self.at :]
        return [abs(values[0])] if bars else values


def experiments() -> dict[str, engine.Experiment]:
    """Every lesson, and small random networks with every activation, loss and optimiser."""
    found = {name: lessons.experiment(name) for name in lessons.LESSONS}
    data = engine.datasets.load("circle", n=20, seed=3)
    values = engine.datasets.load("plane", n=20, seed=3)
    for name in ActivationFunction.names():
        network = engine.Network((2,), [engine.Dense(3, name), engine.Dense(1)], "binary_cross_entropy")
        found[f"activation {name}"] = engine.Experiment(network, data, regime=engine.MiniBatch(2), dtype="float64")
    for name in Loss.names():
        takes = Loss.member(name).targets
        outputs = 2 if takes == "classes" else 1
        network = engine.Network((2,), [engine.Dense(2, "tanh"), engine.Dense(outputs)], name)
        fitting = {"values": values, "signs": engine.datasets.load("circle", n=20, labels="signed")}.get(takes, data)
        found[f"loss {name}"] = engine.Experiment(network, fitting, regime=engine.MiniBatch(2), dtype="float64")
    for name in Optimiser.names():
        network = engine.Network((2,), [engine.Dense(2, "tanh"), engine.Dense(1)], "half_squared_error")
        found[f"optimiser {name}"] = engine.Experiment(
            network, values, Optimiser.of(name), engine.MiniBatch(2), engine.ElasticNet(0.01, 0.02), dtype="float64"
        )
    wide = engine.Network((2,), [engine.Dense(40, "tanh"), engine.Dense(1)], "half_squared_error")
    return found | {"wide": engine.Experiment(wide, values, regime=engine.MiniBatch(2), dtype="float64")}


EXPERIMENTS = experiments()


def operations(name: str) -> tuple[Notation, tuple[Operation, ...]]:
    """An experiment's notation and the operations of its third step."""
    run = EXPERIMENTS[name].start()
    run.step(2)
    return Notation.of(run.experiment.network), derive(run, 0).operations


def table(notation: Notation, operation: Operation) -> dict[str, float]:
    """What each symbol of a formula stands for; two symbols that are written alike must be the same number."""
    values: dict[str, float] = {}
    for symbol in operation.expression.symbols():
        text = rf"\underbrace{{\cdots}}_{{{symbol.elided}}}" if symbol.name == "rest" else notation.symbol(symbol)
        assert values.setdefault(text, symbol.value) == symbol.value, text
    return values


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_blind_reading_comes_to_the_numbers_beside_it(name: str):
    notation, found = operations(name)
    full = notation.full()
    for operation in found:
        assert Reader(notation.symbols(operation.expression), table(notation, operation)).whole() == close(
            operation.value
        )
        assert Reader(full.numbers(operation.expression)).whole() == close(operation.value), operation.id
        assert Reader(full.number(operation.value)).whole() == pytest.approx(operation.value, rel=1e-15)


@pytest.mark.parametrize("name", [*lessons.LESSONS, "wide"])
def test_every_row_of_an_equation_says_the_same_number(name: str):
    """As it stands on the page: aligned, broken into rows, rounded to the digits shown."""
    notation, found = operations(name)
    for operation in found:
        text = notation.equation(operation)
        assert text.startswith("\\begin{aligned}\n")
        assert text.endswith("\n\\end{aligned}")
        body = text.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}").replace(BREAK, " ")
        _, *rights = re.split(r"&(?:=|\\approx)", body.replace("\\\\\n", "\n"))
        values = [Reader(right, table(notation, operation)).whole() for right in rights]
        for value in values:
            assert value == pytest.approx(operation.value, rel=2e-3, abs=2e-4)
        assert f"{values[-1]:.6g}" == f"{operation.value or 0.0:.6g}"


def test_an_equals_sign_stands_only_where_nothing_was_rounded():
    notation, found = operations("mazur")
    for operation in found:
        for sign, text in notation.lines(operation)[1:]:
            if sign == "=":
                exact = Reader(text.replace(BREAK, " ")).whole()
                assert exact == pytest.approx(operation.value, rel=1e-15)


def test_portuguese_has_a_decimal_comma():
    notation = Notation(comma=True)
    assert notation.number(-0.25) == "-0{,}25"
    assert Reader(notation.number(1.5e-9)).whole() == pytest.approx(1.5e-9, rel=1e-15)


def test_negative_numbers_and_powers_are_read_as_meant():
    a, b = Symbol("a", None, (0,), -2.0), Symbol("b", None, (), 3.0)
    for formula in (a**2, -(a**2), a * b, b - a, b - (a + b), (a + b) * a, 1 / (a * b), -(a + b), a - (-b), (-a) ** 2):
        assert Reader(Notation().numbers(formula)).whole() == formula.evaluate(), Notation().numbers(formula)
        assert Reader(Notation().symbols(formula), {"a_{1}": -2.0, "b": 3.0}).whole() == formula.evaluate()


def test_a_path_is_the_product_of_what_it_shows():
    run = lessons.experiment("mazur").start()
    notation = Notation.of(run.experiment.network).full()
    for path in engine.derivation.paths(run, "dense_1.weight", 0).paths:
        rows = notation.path(path).splitlines()[3:5]
        for row in rows:
            assert Reader(re.sub(r"^(=|\\approx)\{\}& ", "", row).removesuffix(" \\\\")).whole() == close(path.value)


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_operation_has_a_title_a_sentence_and_words(name: str, language: str):
    notation, found = operations(name)
    teller = Teller(i18n.translator(language), EXPERIMENTS[name].network, notation)
    for operation in found:
        assert teller.title(operation)
        assert teller.sentence(operation)
        spoken = teller.words(operation)
        assert teller.number(operation.value) in spoken
        assert "\\" not in spoken


def test_the_words_of_a_formula_hold_its_numbers():
    notation, found = operations("mazur")
    teller = Teller(i18n.translator("en"), EXPERIMENTS["mazur"].network, notation)
    first = next(operation for operation in found if operation.kind == "loss_slope")
    assert re.fullmatch(
        r"derivative of the loss by a 1 equals a 1 \(0\.\d+\) minus y 1 \(0\.01\)\. That is 0\.\d+\.",
        teller.words(first),
    )
