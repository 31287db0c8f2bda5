"""What people write is never run: no source of the page or the engine holds a way to do so.

The browser's side of this, payload by payload, is `tests/e2e/test_own_data.py`; ruff's S102, S301 and S307
say the same of `exec`, `pickle` and `eval` in Python.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(
    path
    for folder in ("app", "engine")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".js", ".html"}
)
# pattern -> the only sources that may hold it, and why that is harmless
FORBIDDEN = {
    r"unsafe_allow_html|unsafe_allow_javascript": (),
    r"\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write|srcdoc|DOMParser|createContextualFragment": (),
    r"\beval\(|new Function\b|setTimeout\(\s*[\"'`]|(?<![.\w])exec\(": (),
    r"\b(import|from)\s+(c?pickle|marshal|shelve|dill|joblib|cloudpickle)\b|allow_pickle\s*=\s*True": (),
    r"\bnp\.load\((?![^\n]*allow_pickle=False)": tuple(
        f"engine/export/{name}.py" for name in ("jax", "keras", "pytorch")
    ),  # text for elsewhere
    r"\byaml\.load\b|\bsubprocess\b": ("app/bootstrap.py", "app/warmth.py"),  # setting up and compiling: no one's words
    # the style sheet, a file of ours; tables and words of which every piece goes through html.escape
    r"\bst\.html\(": ("app/page.py", "app/walk.py", "app/workings.py", "app/panels/base.py"),
}


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_no_source_can_run_what_people_write(pattern):
    found = {str(path.relative_to(ROOT)) for path in SOURCES if re.search(pattern, path.read_text())}
    assert found <= set(FORBIDDEN[pattern])


def test_the_sources_are_looked_at():
    assert len(SOURCES) > 100
    assert {path.suffix for path in SOURCES} >= {".py", ".js"}
