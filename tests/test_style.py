"""What a machine can say of style and types is part of the tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.bootstrap import ROOT

TYPES = pytest.param("mypy", marks=pytest.mark.slow)  # three quarters of a minute in a fresh clone


@pytest.mark.parametrize("command", ["ruff check --no-cache .", "ruff format --check --no-cache .", TYPES])
def test_nothing_is_left_to_say(command: str):
    answer = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
