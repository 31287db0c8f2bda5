"""Every sentence exists in every language, fits its placeholders, and is used."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from app import i18n
from app.bootstrap import ROOT
from app.state import CHOICES

CATALOGUES = {language: i18n.translator(language).words for language in i18n.LANGUAGES}
SOURCES = [path for path in (ROOT / "app").rglob("*") if path.suffix in {".py", ".js"}]
LITERAL = re.compile(r"""\bt\(\s*(f?)["']([^"']+)["']""")


def placeholders(text: str) -> set[str]:
    """Names between braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def asked_keys() -> set[str]:
    """Regular expressions of the keys that the Python sources name; a hole in an f-string matches anything."""
    words = {
        choice.label.removesuffix(".label") for choice in CHOICES if choice.name not in ("hidden", "layers", "points")
    }
    asked = {re.escape(f"{word}.{part}") for word in words for part in ("label", "help")}
    for path in SOURCES:
        if path.suffix == ".py":
            for formatted, key in LITERAL.findall(path.read_text()):
                asked.add(re.sub(r"\\\{[^}]*\\\}", "[^.]+", re.escape(key)) if formatted else re.escape(key))
    return asked


def test_the_languages_have_the_same_keys():
    english = set(CATALOGUES["en"])
    for language, words in CATALOGUES.items():
        assert set(words) == english, language


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_placeholders_are_those_of_english(language):
    for key, text in CATALOGUES[language].items():
        assert placeholders(text) == placeholders(CATALOGUES["en"][key]), key


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_no_sentence_is_empty_or_has_loose_ends(language):
    for key, text in CATALOGUES[language].items():
        assert text, key
        assert text == text.strip(), key
        assert "  " not in text, key


def test_sentences_are_translated():
    for key, text in CATALOGUES["en"].items():
        if len(text.split()) > 3 and not key.startswith("names."):
            assert CATALOGUES["pt"][key] != text, f"{key} is English in both"


def test_every_key_that_the_code_names_exists():
    for pattern in asked_keys():
        assert any(re.fullmatch(pattern, key) for key in CATALOGUES["en"]), pattern


def test_no_sentence_is_unused():
    asked = asked_keys()
    tables = {
        prefix
        for path in SOURCES
        if path.suffix == ".py"
        for prefix in re.findall(r"""\.table\("([^"]+)"\)""", path.read_text())
    }
    unused = [
        key for key in CATALOGUES["en"]
        if not any(re.fullmatch(pattern, key) for pattern in asked)
        and not any(key.startswith(f"{table}.") for table in tables)
    ]  # fmt: skip
    assert not unused


def test_a_missing_key_raises():
    with pytest.raises(KeyError, match=r"no\.such\.key"):
        i18n.translator("en")("no.such.key")


def test_the_language_is_the_links_then_the_browsers_then_english():
    assert i18n.choose("pt", "en-US") == "pt"
    assert i18n.choose("pt-BR", None) == "pt"
    assert i18n.choose("xx", "pt_PT") == "pt"
    assert i18n.choose(None, "de-DE") == "en"
    assert i18n.choose(None, None) == "en"
