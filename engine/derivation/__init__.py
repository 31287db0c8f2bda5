"""The chain rule with the real numbers: one training step of a run, taken apart into operations that are data."""

from engine.derivation.expressions import (
    Call,
    Expr,
    Maximum,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
)
from engine.derivation.operations import PHASES, Derivation, Operation

__all__ = [
    "PHASES",
    "Call",
    "Derivation",
    "Expr",
    "Maximum",
    "Negative",
    "Number",
    "Operation",
    "Power",
    "Product",
    "Quotient",
    "Sum",
    "Symbol",
]
