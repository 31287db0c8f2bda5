"""Parts of an experiment as short text: `adam:0.01`, `dense:4:tanh`, `sgd:cosine(0.03:0:5000)`.

    part    name, or name:option:option...          options in the order of the part's fields
    option  empty (the default), a number, a word, true, false, none, a part as name(option:option...), or a list
            (option,option...)

Trailing options that have their defaults are left out. A part is read by the fields of its registered class, so what
the engine registers anew has its text at once.
"""

from __future__ import annotations

import functools
import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any

from engine.datasets.options import Flag, Integer, Number, Option, Word
from engine.errors import ConfigurationError, EngineError, UnknownNameError
from engine.spec import Spec

DEEPEST = 5  # parts within parts
NUMBER = re.compile(r"[+-]?(\d{1,25}\.?\d{0,25}|\.\d{1,25})(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
WHOLE = re.compile(r"-?\d{1,19}", re.ASCII)
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)


class LinkError(ConfigurationError):
    """A key of a link has a value that is not accepted.

    Attributes
    ----------
    key, value, accepted : the key, what came, what is accepted in (English) words
    kind, details : what is accepted, for a page to say in its own language: "number" and "integer" (low, high), "word"
        (known), "flag", "key" (known); "other" where there is nothing but the words
    """

    def __init__(
        self, key: str, value: object, accepted: str, kind: str = "other", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(key, value, accepted)
        self.key = key
        self.kind = kind
        self.details = dict(details or {})

    @classmethod
    def of(cls, key: str, error: EngineError, text: str | None = None) -> LinkError:
        """What the engine refused, as a fault of a link's key; `text` is what the link said."""
        if isinstance(error, LinkError):
            return error
        if not isinstance(error, ConfigurationError):
            return cls(key, text, str(error))
        value = error.value if text is None else text
        if isinstance(error, UnknownNameError):
            return cls(key, value, error.accepted, "word", {"known": error.known})
        named = error.accepted if error.name == key else f"{error.name}: {error.accepted}"
        return cls(key, value, named)

    @classmethod
    def of_option(cls, key: str, value: object, option: Option, error: ConfigurationError | None = None) -> LinkError:
        """A value that an option does not accept; `error` may say more than the option where it has parts."""
        if isinstance(option, Number | Integer):
            kind = "number" if isinstance(option, Number) else "integer"
            return cls(key, value, option.accepted, kind, {"low": option.low, "high": option.high})
        if isinstance(option, Word):
            return cls(key, value, option.accepted, "word", {"known": option.known})
        if isinstance(option, Flag):
            return cls(key, value, "true or false", "flag")
        return cls(key, value, error.accepted if error else option.accepted)


# --------------------------------------------------------------------------------------------------------- to text


def spec_text(spec: Spec | None, explicit: int = 0) -> str:
    """A part as text; None is "none". The first `explicit` options are written though they be the defaults."""
    if spec is None:
        return "none"
    name, options = _name_and_options(spec, explicit)
    return ":".join([name, *options])


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number, without a "+" that a query would turn into a space."""
    text = repr(value)
    return text.removesuffix(".0").replace("e+", "e") if isinstance(value, float) else text


def _name_and_options(spec: Spec, explicit: int = 0) -> tuple[str, list[str]]:
    """A part's name, and its options as text up to the last that is not the default."""
    own = _fields(type(spec))
    required = {f.name: getattr(spec, f.name) for f in own if _required(f)}
    usual = type(spec)(**required)
    texts = []
    for place, f in enumerate(own):
        value = getattr(spec, f.name)
        default = place >= explicit and f.name not in required and value == getattr(usual, f.name)
        texts.append("" if default else _value_text(value))
    while texts and not texts[-1]:
        texts.pop()
    return spec.name, texts


def _value_text(value: Any) -> str:
    if isinstance(value, Spec):
        name, options = _name_and_options(value)
        return f"{name}({':'.join(options)})" if options else name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"({','.join(spec_text(item) if isinstance(item, Spec) else _value_text(item) for item in value)})"
    return "none" if value is None else number_text(value) if isinstance(value, int | float) else str(value)


# ------------------------------------------------------------------------------------------------------- from text


def read_spec(family: type[Spec], text: str, key: str, depth: int = 0) -> Any:
    """A part of `family` from its text.

    Raises
    ------
    LinkError : naming `key`
    """
    if depth > DEEPEST:
        raise LinkError(key, text, f"parts within parts no deeper than {DEEPEST}")
    name, options = split_part(text, key)
    try:
        member: Any = family.member(name)
    except UnknownNameError as error:
        raise LinkError.of(key, error) from None
    own = _fields(member)
    if len(options) > len(own):
        names = ", ".join(f.name for f in own) or "no options"
        raise LinkError(key, text, f"{name} with at most {len(own)} options: {names}")
    hints = _hints(member)
    given = {
        f.name: _read_value(hints[f.name], option, key, f"{name}'s {f.name}", depth)
        for f, option in zip(own, options, strict=False)
        if option
    }
    for f in own:
        if _required(f) and f.name not in given:
            raise LinkError(key, text, f"{name} with its {f.name}, as in {name}:4")
    try:
        return member(**given)
    except EngineError as error:
        raise LinkError.of(key, error, text) from None


def read_number(text: str, key: str, what: str = "") -> float:
    """A finite number in decimal digits."""
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise LinkError(key, text, f"{what}: a finite number" if what else "a finite number")
    return value


def read_whole(text: str, key: str, what: str = "") -> int:
    """A whole number in decimal digits."""
    if not WHOLE.fullmatch(text):
        raise LinkError(key, text, f"{what}: a whole number" if what else "a whole number")
    return int(text)


def split(text: str, separator: str, key: str) -> list[str]:
    """`text` cut at each `separator` that is not within parentheses."""
    pieces, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
        if character == separator and depth == 0:
            pieces.append(text[start:place])
            start = place + 1
    if depth != 0:
        raise LinkError(key, text, "a closing parenthesis for each opening one")
    return [*pieces, text[start:]]


def split_part(text: str, key: str) -> tuple[str, list[str]]:
    """The name and the options of `name:option:...` or `name(option:...)`."""
    name, *options = split(text, ":", key)
    if name.endswith(")") and not options and not name.startswith("("):
        name, _, inner = name[:-1].partition("(")
        options = split(inner, ":", key)
    if not WORD.fullmatch(name):
        raise LinkError(key, text, "a name and its options, as in adam:0.01")
    return name, options


def _read_value(hint: Any, text: str, key: str, what: str, depth: int) -> Any:
    """An option's value, by the type of its field."""
    kinds = typing.get_args(hint) if _is_union(hint) else (hint,)
    if text == "none" and types.NoneType in kinds:
        return None
    if float in kinds and (NUMBER.fullmatch(text) or kinds == (float,)):
        return read_number(text, key, what)
    for kind in kinds:
        origin = typing.get_origin(kind) or kind
        if origin in (tuple, list, Sequence) and (text.startswith("(") or int not in kinds):
            return _read_list(typing.get_args(kind), text, key, what, depth)
        if isinstance(origin, type) and issubclass(origin, Spec):
            return read_spec(origin, text, key, depth + 1)
    if bool in kinds:
        return read_flag(text, key, what)
    if int in kinds and (WHOLE.fullmatch(text) or str not in kinds):
        return read_whole(text, key, what)
    if str in kinds and WORD.fullmatch(text):
        return text
    raise LinkError(key, text, f"{what}: a word")


def read_flag(text: str, key: str, what: str = "") -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise LinkError(key, text, f"{what}: true or false" if what else "true or false", "flag")
    return text == "true"


def _read_list(kinds: Sequence[Any], text: str, key: str, what: str, depth: int) -> tuple[Any, ...]:
    """`(value,value...)`: of one kind each, or of one kind for all where the type says `kind, ...`."""
    if not (text.startswith("(") and text.endswith(")")):
        raise LinkError(key, text, f"{what}: a list as in (0.9,0.999)")
    items = split(text[1:-1], ",", key)
    repeated = len(kinds) == 1 or (len(kinds) == 2 and kinds[1] is ...)
    wanted = [kinds[0]] * len(items) if repeated else list(kinds)
    if len(items) != len(wanted):
        raise LinkError(key, text, f"{what}: {len(wanted)} values")
    return tuple(_read_value(kind, item, key, what, depth) for kind, item in zip(wanted, items, strict=True))


# ----------------------------------------------------------------------------------------------------------- fields


def _fields(member: type[Spec]) -> tuple[Field[Any], ...]:
    return fields(member)  # type: ignore[arg-type]


def _required(option: Field[Any]) -> bool:
    return option.default is MISSING and option.default_factory is MISSING


@functools.cache
def _hints(member: Any) -> dict[str, Any]:
    return typing.get_type_hints(member)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)
