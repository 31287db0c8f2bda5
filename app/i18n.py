"""The words of the website: one catalogue a language, the same keys in each, chosen by `?lang=`, then by the browser.

A catalogue is a TOML file of tables: "controls.noise.label" is in table `controls.noise`, under `label`. A sentence may
hold `{placeholders}`, filled by keyword. A missing key raises: tests read every key that the code names, so a person
never sees one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).with_name("locales")
LANGUAGES = MappingProxyType({"en": "English", "pt": "Português"})  # in the order of the switch
TAGS = MappingProxyType({"en": "en", "pt": "pt-BR"})  # for HTML's lang and JavaScript's number formats


@dataclass(frozen=True)
class Translator:
    """Callable that turns a key into words of one language: `t(key, **values)`."""

    language: str
    words: Mapping[str, str]
    _tables: dict[str, Mapping[str, str]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def tag(self) -> str:
        """The language as BCP 47 says it: "en" or "pt-BR"."""
        return TAGS[self.language]

    def __call__(self, key: str, /, **values: object) -> str:
        """The words of `key`, its placeholders filled.

        Raises
        ------
        KeyError : the catalogue has no such key, or the sentence needs a value that was not given
        """
        return self.words[key].format(**values) if values else self.words[key]

    def number(self, value: float) -> str:
        """A number as the language writes it, without an exponent and without needless zeros: 0.03, or 0,03."""
        text = f"{value:.10f}".rstrip("0").rstrip(".")
        return text.replace(".", ",") if self.language == "pt" else text

    def table(self, prefix: str) -> Mapping[str, str]:
        """Every word below `prefix`, by the rest of its key: what a component gets that translates by itself."""
        if prefix not in self._tables:
            start = f"{prefix}."
            below = {key.removeprefix(start): text for key, text in self.words.items() if key.startswith(start)}
            self._tables[prefix] = below
        return self._tables[prefix]


def flatten(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Nested TOML tables as one dictionary with dotted keys."""
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = str(value)
    return flat


@cache
def translator(language: str) -> Translator:
    """The translator of one of `LANGUAGES`, read once."""
    with (FOLDER / f"{language}.toml").open("rb") as file:
        return Translator(language, MappingProxyType(flatten(tomllib.load(file))))


def choose(asked: str | None, browser: str | None) -> str:
    """The language to show: the one asked for in the link if we have it, else the browser's, else English.

    >>> choose("pt", "en-GB"), choose(None, "pt-PT"), choose("tlh", None)
    ('pt', 'pt', 'en')
    """
    for tag in (asked, browser):
        language = (tag or "").lower().replace("_", "-").split("-")[0]
        if language in LANGUAGES:
            return language
    return "en"
