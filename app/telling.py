"""An operation of a derivation in words: its title, what is done and why, and its formula read aloud.

Knows nothing of Streamlit; every sentence is in the catalogues under `by_hand`.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.equations import Notation, derivative_of
from app.i18n import Translator
from engine import Network
from engine.derivation import (
    Call,
    Expr,
    Maximum,
    Negative,
    Number,
    Operation,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
)

WEIGHTS = ("w", "w_ih", "w_hh", "w_in", "w_out")


@dataclass(frozen=True)
class Teller:
    """Words of one language for the operations of one network."""

    t: Translator
    network: Network
    notation: Notation

    # -------------------------------------------------------------------------------------------------- places

    def layer(self, name: str | None) -> str:
        """A layer as people call it: "layer 2 (dense)", or nothing where there is none."""
        if name is None:
            return ""
        kind = name.rpartition(".")[2].rpartition("_")[0]
        number = self.notation.layers.get(name, "1")
        return self.t("by_hand.place.layer", number=number, kind=self.t(f"names.layer.{kind}"))

    def place(self, symbol: Symbol) -> str:
        """Where a quantity is: "neuron 2 of layer 1", "input 1", "the weight from 1 to 2 in layer 1"."""
        t, indices = self.t, [str(index + 1) for index in symbol.indices]
        name = derivative_of(symbol.name) or symbol.name
        if symbol.layer is None:
            return self._end(name, indices)
        number = self.notation.layers.get(symbol.layer, "1")
        source = symbol.field or symbol.origin or ""  # "dense_1.bias.gradient[0]"
        if len(indices) == 2 and (name in WEIGHTS or ".weight" in source):
            return t("by_hand.place.weight", first=indices[1], second=indices[0], layer=number)
        if len(indices) == 1:
            key = "bias" if name.startswith("b") or ".bias" in source else "neuron"
            return t(f"by_hand.place.{key}", number=indices[0], layer=number)
        return self._cell(symbol.layer, name, indices, number)

    def _end(self, name: str, indices: list[str]) -> str:
        """A place at the input or at the output."""
        shape = len(self.network.input_shape)
        if name != "x":
            return self.t("by_hand.place.output", number=", ".join(indices) or "1")
        if len(indices) != shape or shape not in (2, 3):
            return self.t("by_hand.place.input", number=", ".join(indices))
        return self.t("by_hand.place.input", number=self._spot(indices))

    def _spot(self, indices: list[str]) -> str:
        """Of a sequence: time step and number; of a picture: channel, row and column."""
        if len(indices) == 2:
            return self.t("by_hand.place.moment", time=indices[0], number=indices[1])
        return self.t("by_hand.place.pixel", channel=indices[0], row=indices[1], column=indices[2])

    def _cell(self, layer: str, name: str, indices: list[str], number: str) -> str:
        """A place in a layer that has more than a row of neurons."""
        kind = layer.rpartition(".")[2].rpartition("_")[0]
        if name in ("s", "A") and len(indices) == 3:
            spot = self.t("by_hand.place.glance", head=indices[0], first=indices[1], second=indices[2])
        elif kind == "self_attention" and len(indices) == 3:
            spot = self.t("by_hand.place.head", head=indices[0], spot=self._spot(indices[1:]))
        elif kind == "conv2d" and len(indices) == 4:
            spot = self.t("by_hand.place.kernel", filter=indices[0], spot=self._spot(indices[1:]))
        elif len(indices) in (2, 3) and name not in WEIGHTS:
            spot = self._spot(indices)
        else:
            spot = self.t("by_hand.place.cell", number=", ".join(indices))
        return self.t("by_hand.place.inside", spot=spot, layer=number)

    # ----------------------------------------------------------------------------------------------- operations

    def title(self, operation: Operation) -> str:
        """What comes out, in a few words."""
        return self.t(f"by_hand.made.{operation.kind}", place=self.place(operation.symbol))

    def sentence(self, operation: Operation) -> str:
        """What is done, and why."""
        return self.t(f"by_hand.say.{operation.kind}")

    def words(self, operation: Operation) -> str:
        """The whole equation, read aloud."""
        return self.t(
            "by_hand.words.equation",
            left=self.name(operation.symbol),
            right=self.spoken(operation.expression),
            result=self.number(operation.value),
        )

    def name(self, symbol: Symbol) -> str:
        """A symbol, read aloud."""
        made = derivative_of(symbol.name)
        indices = " ".join(str(index + 1) for index in symbol.indices)
        letter = (made or symbol.name).replace("_", " ")
        plain = f"{letter} {indices}".strip()
        return self.t("by_hand.words.derivative", name=plain) if made else plain

    def number(self, value: float) -> str:
        """A number as the language writes it, with the notation's digits."""
        text = f"{value or 0.0:.{self.notation.digits}g}"
        return text.replace(".", ",") if self.notation.comma else text

    def spoken(self, expression: Expr) -> str:
        """A formula, read aloud, each symbol with its number."""
        t, say = self.t, self.spoken
        match expression:
            case Number(value):
                return self.number(value)
            case Symbol(name="rest"):
                return t("by_hand.words.rest", count=expression.elided, value=self.number(expression.value))
            case Symbol():
                return f"{self.name(expression)} ({self.number(expression.value)})"
            case Sum(terms):
                return self._sum(terms)
            case Product(factors):
                return f" {t('by_hand.words.times')} ".join(self._grouped(factor) for factor in factors)
            case Quotient(above, below):
                return t("by_hand.words.over", above=self._grouped(above), below=self._grouped(below))
            case Power(base, exponent):
                return t("by_hand.words.power", base=self._grouped(base), exponent=self._grouped(exponent))
            case Negative(operand):
                return t("by_hand.words.negative", value=self._grouped(operand))
            case Maximum(terms):
                return t("by_hand.words.maximum", terms="; ".join(map(say, terms)))
            case Call(function, argument):
                return t("by_hand.words.call", function=t(f"by_hand.function.{function}"), argument=say(argument))
        raise TypeError(f"no words for {expression!r}")

    def _sum(self, terms: tuple[Expr, ...]) -> str:
        text = self.spoken(terms[0])
        for term in terms[1:]:
            minus = isinstance(term, Negative)
            word = self.t("by_hand.words.minus" if minus else "by_hand.words.plus")
            text += f" {word} " + self._grouped(term.operand if isinstance(term, Negative) else term, sums=minus)
        return text

    def _grouped(self, expression: Expr, *, sums: bool = True) -> str:
        """In parentheses where it would be read otherwise without."""
        text = self.spoken(expression)
        return f"({text})" if sums and isinstance(expression, Sum | Negative) else text
