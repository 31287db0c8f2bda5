"""What the README quotes is what the code says, and what it shows runs."""

from __future__ import annotations

import re

from app.bootstrap import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SOURCES = [path.read_text() for folder in ("engine", "app") for path in (ROOT / folder).rglob("*.py")]


def test_quoted_code_is_in_the_sources():
    first, *quoted = BLOCKS
    assert len(quoted) >= 5
    for block in quoted:
        assert any(block in source for source in SOURCES), block


def test_the_five_lines_run():
    names: dict[str, object] = {}
    exec(BLOCKS[0], names)  # noqa: S102  (our own README)
    trace = names["trace"]
    assert trace["dense_1.weight.gradient"].shape == (200, 8, 2)


def test_named_files_exist():
    for path in re.findall(r"`((?:app|engine|tests|assets)/[\w./-]+)`", README) + re.findall(
        r"\]\((assets/[^)]+)\)", README
    ):
        assert (ROOT / path).exists(), path


def test_ci_runs_the_two_commands_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text()
    for command in ("python3 -m app", "python3 -m tests"):
        assert f"    {command}  " in README
        assert command in script
