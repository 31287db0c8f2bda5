"""What an administrator may say, and that a server does not start on a mistake."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app import host
from app.host import Host, HostError

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_defaults_are_safe_for_a_school():
    usual = Host.of({})
    assert usual.sessions >= 200
    assert usual.sessions_per_address >= 60
    assert (usual.production, usual.proxies, usual.metrics) == (0, 0, 0)
    assert usual.frame_ancestors == "'self'"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BACKPROP_SESSIONS", "many", "'many'; accepted is a whole number from 1"),
        ("BACKPROP_SESSIONS_PER_ADDRESS", "59", "from 60"),
        ("BACKPROP_PROXIES", "-1", "from 0 to 8"),
        ("BACKPROP_METRICS", "yes", "from 0 to 1"),
        ("BACKPROP_FRAME_ANCESTORS", "https://a.example; script-src *", "accepted are sites"),
        ("BACKPROP_FRAME_ANCESTORS", "*", "accepted are sites"),
        ("BACKPROP_FRAME_ANCESTORS", "'none'", "accepted are sites"),
    ],
)
def test_a_wrong_value_is_named(name, value, words):
    with pytest.raises(HostError, match=re.escape(words)) as caught:
        Host.of({name: value})
    assert name in str(caught.value)


def test_sites_that_may_embed_are_listed():
    sites = "https://moodle.example.edu https://*.school.example:8443 http://127.0.0.1:8000"
    assert Host.of({"BACKPROP_FRAME_ANCESTORS": sites}).frame_ancestors == f"'self' {sites}"


@pytest.mark.parametrize("secret", [None, "short"])
def test_production_needs_a_secret(secret):
    environment = {"BACKPROP_PRODUCTION": "1"} | ({"STREAMLIT_SERVER_COOKIE_SECRET": secret} if secret else {})
    with pytest.raises(HostError, match="at least 32"):
        Host.of(environment)
    assert Host.of(environment | {"STREAMLIT_SERVER_COOKIE_SECRET": "x" * 32}).production


def test_a_server_without_its_secret_does_not_start():
    environment = {name: value for name, value in os.environ.items() if name != "STREAMLIT_SERVER_COOKIE_SECRET"}
    command = [sys.executable, "-m", "streamlit", "run", "app/server.py", "--server.port=0"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment | {"BACKPROP_PRODUCTION": "1"}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert ended.returncode != 0
    assert "STREAMLIT_SERVER_COOKIE_SECRET" in ended.stdout + ended.stderr


def test_every_name_is_documented():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in (*host.NUMBERS, "BACKPROP_FRAME_ANCESTORS", "STREAMLIT_SERVER_COOKIE_SECRET"):
        assert name in host.__doc__
        assert name in readme
