"""A link taken key by key: strictly, or with the default for each bad key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.sharing_specs import LinkError
from engine.errors import EngineError

Value = TypeVar("Value")


@dataclass(frozen=True)
class LinkProblem:
    """A key of a link whose value is not accepted, so that its default is used.

    `message` says so in English; `kind` and `details` are `LinkError`'s, for a page to say it in its own language.
    """

    key: str
    value: str
    accepted: str
    kind: str = "other"
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, error: LinkError) -> LinkProblem:
        """The problem that an error tells of."""
        return cls(error.key, str(error.value), error.accepted, error.kind, error.details)

    @property
    def message(self) -> str:
        return str(LinkError(self.key, self.value, self.accepted))


class Reader:
    """The values of a link, taken one by one.

    Parameters
    ----------
    values : what the link says, by key
    strict : raise at the first bad key, instead of noting it in `problems`
    """

    def __init__(self, values: Mapping[str, str], *, strict: bool) -> None:
        self.values = values
        self.strict = strict
        self.problems: list[LinkProblem] = []

    def take(self, key: str, read: Callable[[str], Value], default: Value) -> Value:
        """What `read` makes of the key's text; the default where the key is absent or bad."""
        if key not in self.values:
            return default
        try:
            return read(self.values[key])
        except EngineError as error:
            self.note(LinkError.of(key, error, self.values[key]))
            return default

    def note(self, error: LinkError) -> None:
        """A problem: raised if strict, else kept."""
        if self.strict:
            raise error
        self.problems.append(LinkProblem.of(error))
