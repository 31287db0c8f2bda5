"""What the engine raises, and when.

    EngineError (a ValueError)      anything the engine refuses
    └── ConfigurationError          an option has a value that is not accepted
        ├── UnknownNameError        a name that nothing is registered under
        └── MissingTableError       a table of somebody's own that is not, or no longer, kept here

Catch `EngineError` to catch them all:

    try:
        engine.datasets.load("spirals", noise=7)
    except engine.errors.ConfigurationError as error:
        print(error.name, error.value, error.accepted)      # noise 7 a number from 0 to 0.8
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["ConfigurationError", "EngineError", "MissingTableError", "UnknownNameError"]


class EngineError(ValueError):
    """Anything the engine refuses."""


class ConfigurationError(EngineError):
    """An option has a value that is not accepted.

    Attributes
    ----------
    name : what was being set, e.g. "noise"
    value : what came
    accepted : what would have been accepted, in words
    """

    def __init__(self, name: str, value: object, accepted: str) -> None:
        super().__init__(name, value, accepted)
        self.name = name
        self.value = value
        self.accepted = accepted

    def __str__(self) -> str:
        return f"{self.name} is {shortened(self.value)}; accepted is {self.accepted}"


class UnknownNameError(ConfigurationError):
    """A name that nothing is registered under.

    Attributes
    ----------
    name : the family that was searched, e.g. "dataset"
    value : the name that came
    known : the names that there are, sorted
    """

    def __init__(self, family: str, value: object, known: Iterable[str]) -> None:
        self.known = tuple(sorted(known))
        super().__init__(family, value, f"one of {', '.join(self.known)}")
        self.args = (family, value, self.known)

    def __str__(self) -> str:
        return f"there is no {self.name} called {shortened(self.value)}; the known ones are {', '.join(self.known)}"


class MissingTableError(ConfigurationError):
    """A table that an experiment is about is not kept here, or no longer; `value` is its name."""

    def __init__(self, table: str) -> None:
        super().__init__("table", table, "a table that is kept here: give the file again")
        self.args = (table,)


def shortened(value: object, length: int = 60) -> str:
    """`repr(value)`, cut so that a message stays readable whatever came."""
    text = repr(value)
    return text if len(text) <= length else text[: length - 3] + "..."
