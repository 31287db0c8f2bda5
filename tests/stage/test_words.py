"""Every sentence that the stage asks for is in both catalogues, and none is there for nothing."""

from __future__ import annotations

import re

import pytest

from app import assets, i18n
from tests.stage.conftest import Run

SOURCES = {name: asset.content.decode() for name, asset in assets.stage_files().items() if name.endswith(".js")}
ASKED = re.compile(r"""\bsay\(\s*(?:[^"'`(),]*\?\s*)?(["'`])(.+?)\1(?:\s*:\s*(["'])(.+?)\3)?""")
INDIRECT = re.compile(r"""["'](keys?_\w+)["']""")  # in the list of keyboard shortcuts


def asked_patterns() -> set[str]:
    """Regular expressions of the keys in the modules; a hole in a template matches any word."""
    keys: set[str] = set()
    for source in SOURCES.values():
        for _, first, _, second in ASKED.findall(source):
            keys |= {key for key in (first, second) if key}
        keys |= set(INDIRECT.findall(source))
    return {re.sub(r"\\\$\\\{.*?\\\}", r"\\w+", re.escape(key)) for key in keys}


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_key_exists_and_is_asked_for(language: str) -> None:
    words = set(i18n.translator(language).table("stage"))
    patterns = asked_patterns()
    missing = [pattern for pattern in patterns if not any(re.fullmatch(pattern, key) for key in words)]
    unused = [key for key in words if not any(re.fullmatch(pattern, key) for pattern in patterns)]
    assert (missing, unused) == ([], [])


def test_placeholders_are_filled_and_strange_ones_left(run: Run) -> None:
    body = "const say = m.createSay({hello: 'Step {step} of {all}'}); return [say('hello', {step: 3}), say('none')]"
    assert run("words.js", body) == ["Step 3 of {all}", "none"]


@pytest.mark.parametrize(
    ("locale", "numbers"),
    [
        ("en", ["1.50", "0.000679", "6.79×10⁻⁶", "1,234", "−0.13"]),
        ("pt-BR", ["1,50", "0,000679", "6,79×10⁻⁶", "1.234", "−0,13"]),
    ],
)
def test_numbers_are_written_as_the_language_does(run: Run, locale: str, numbers: list[str]) -> None:
    body = """
      const f = m.createFormat(a);
      return [f.value(1.5), f.value(0.000679), f.value(6.79e-6), f.count(1234), f.short(-0.131)]"""
    assert run("numbers.js", body, locale) == numbers


def test_numbers_that_are_none(run: Run) -> None:
    body = """
      const f = m.createFormat('en');
      return [f.value(NaN), f.short(Infinity), f.small(0), f.signed(2), f.signed(-2)]"""
    assert run("numbers.js", body) == ["–", "–", "0.00", "+2.00", "−2.00"]


def test_features_are_written_as_in_mathematics(run: Run) -> None:
    names = ["x1", "x2_squared", "x1_x2", "sin_x2", "petal_width"]
    assert run("describe.js", "return a.map(m.prettyFeature)", names) == ["x₁", "x₂²", "x₁ x₂", "sin x₂", "petal width"]
