"""Choices as values: small frozen dataclasses with a registered name, that become a dictionary and come back.

A family (activations, losses, optimisers, ...) is a class that derives from `Spec` with `family=`; a member derives
from the family with `name=`. Menus, links, tests and documents list a family through `names()`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Self

from engine.errors import ConfigurationError, UnknownNameError

__all__ = ["Spec", "check_count", "check_flag", "check_number", "plain"]


def check_number(
    name: str, value: object, low: float = -math.inf, high: float = math.inf, *, open_low: bool = False
) -> None:
    """Raise ConfigurationError unless `value` is a finite number in [low, high] (or (low, high] with `open_low`)."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < low or value > high or (open_low and value == low):  # type: ignore[operator]
        bounds = f"a finite number {'above' if open_low else 'from'} {low:g}" + (
            f" to {high:g}" if high < math.inf else ""
        )
        raise ConfigurationError(name, value, bounds)


def check_count(name: str, value: object, low: int = 1, high: int | None = None) -> None:
    """Raise ConfigurationError unless `value` is a whole number of at least `low` (and at most `high`)."""
    if not isinstance(value, int) or isinstance(value, bool) or value < low or (high is not None and value > high):
        raise ConfigurationError(
            name, value, f"a whole number from {low}" + (f" to {high}" if high is not None else "")
        )


def check_flag(name: str, value: object) -> None:
    """Raise ConfigurationError unless `value` is True or False."""
    if not isinstance(value, bool):
        raise ConfigurationError(name, value, "True or False")


class Spec:
    """Base of every choice. Members are frozen dataclasses; their fields are the options."""

    family: ClassVar[str]
    name: ClassVar[str]
    _members: ClassVar[dict[str, type[Self]]]

    def __init_subclass__(cls, family: str | None = None, name: str | None = None) -> None:
        super().__init_subclass__()
        if family is not None:
            cls.family, cls._members = family, {}
        if name is not None:
            cls.name = name
            cls._members[name] = cls  # type: ignore[assignment]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Registered names of this family, in order of definition."""
        return tuple(cls._members)

    @classmethod
    def member(cls, name: str) -> type[Self]:
        """The class registered under `name`; UnknownNameError lists the known ones."""
        if not isinstance(name, str) or name not in cls._members:
            raise UnknownNameError(cls.family, name, cls._members)
        return cls._members[name]

    @classmethod
    def of(cls, value: object) -> Self:
        """A member from an object of the family, its lower-case name, or its dictionary."""
        if isinstance(value, cls):
            return value
        if isinstance(value, Mapping):
            return cls.from_dict(value)
        if isinstance(value, str):
            return cls.member(value)()
        raise ConfigurationError(cls.family, value, f"an object of this family or one of {', '.join(cls._members)}")

    def to_dict(self) -> dict[str, Any]:
        """{"name": ..., option: value, ...}, JSON-able, every option written out."""
        return {"name": self.name} | {f.name: plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`; options that are left out take their defaults."""
        options = dict(data)
        member = cls.member(options.pop("name", None))
        known = [f.name for f in fields(member)]  # type: ignore[arg-type]
        for option in options:
            if option not in known:
                raise UnknownNameError(f"option of {member.name}", option, known)
        return member(**options)


def plain(value: Any) -> Any:
    """A value of an option as JSON has it: choices as dictionaries, tuples as lists."""
    if isinstance(value, Spec):
        return value.to_dict()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
