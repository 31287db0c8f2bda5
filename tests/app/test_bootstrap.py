"""The two commands of the README need Python and nothing else."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app import __main__ as command
from app import bootstrap

LOCKS = [bootstrap.ROOT / "requirements.lock", bootstrap.ROOT / "tests" / "requirements.lock"]


def packages(lock: Path) -> dict[str, str]:
    """Name -> pinned versions and markers, as the lock file says them."""
    pinned: dict[str, str] = {}
    for name, rest in re.findall(r"^([a-z0-9._-]+)(==.*?) \\$", lock.read_text(), re.MULTILINE):
        pinned[name] = pinned.get(name, "") + rest
    return pinned


def test_old_python_gets_a_kind_answer():
    with pytest.raises(
        bootstrap.BootstrapError, match=r"This is Python 3\.9\.2; the visualiser needs Python 3\.11 or newer"
    ):
        bootstrap.check_python((3, 9, 2))
    bootstrap.check_python((3, 11, 0))
    bootstrap.check_python((4, 0, 0))


@pytest.mark.parametrize(
    "path", ["app/__init__.py", "app/__main__.py", "app/bootstrap.py", "tests/__init__.py", "tests/__main__.py"]
)
def test_the_first_steps_import_only_the_standard_library(path):
    tree = ast.parse((bootstrap.ROOT / path).read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    tops = {name.split(".")[0] for name in names} - {"app"}
    assert tops <= set(sys.stdlib_module_names)


def test_old_python_can_read_the_first_steps():
    for path in ("app/__main__.py", "app/bootstrap.py", "tests/__main__.py"):
        ast.parse((bootstrap.ROOT / path).read_text(), feature_version=(3, 7))


@pytest.mark.parametrize("lock", LOCKS, ids=["app", "tests"])
def test_every_locked_package_has_hashes_and_no_address(lock):
    text = lock.read_text()
    pins = re.findall(r"^[a-z0-9._-]+==.*$", text, re.MULTILINE)
    assert pins
    assert all(line.endswith("\\") for line in pins), "a pin without a hash"
    assert not re.search(r"://|--index|--find-links|--trusted", text)


def test_the_tests_run_with_the_apps_versions():
    app, tests = map(packages, LOCKS)
    assert {name: tests[name] for name in app} == app


def test_a_stamp_belongs_to_one_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==2.0 \\\n")
    environment = tmp_path / ".venv"
    python = bootstrap.environment_python(environment)
    python.parent.mkdir(parents=True)
    python.touch()
    assert not bootstrap.is_ready(lock, environment)
    bootstrap.stamp_path(lock, environment).write_text(bootstrap.stamp_of(lock))
    assert bootstrap.is_ready(lock, environment)
    lock.write_text("numpy==2.1 \\\n")
    assert not bootstrap.is_ready(lock, environment)


def test_a_ready_environment_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "is_ready", lambda lock, environment: True)
    monkeypatch.setattr(bootstrap, "install", lambda *_: pytest.fail("installed again"))
    assert bootstrap.prepare(tmp_path / "a.lock", tmp_path) == bootstrap.environment_python(tmp_path)


def test_a_failing_install_shows_what_pip_said(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "environment_python", lambda _: Path(sys.executable))
    lock = tmp_path / "requirements.lock"
    lock.write_text("not a requirement==1\n")
    with pytest.raises(bootstrap.BootstrapError, match=r"(?s)pip could not install.*same command again"):
        bootstrap.install(lock)


def test_a_taken_port_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert command.free_port("127.0.0.1", port) > port
        with pytest.raises(bootstrap.BootstrapError, match=r"--port N"):
            command.free_port("127.0.0.1", port, tries=1)


def test_help_is_there_before_anything_is_installed():
    answer = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(bootstrap.ROOT)!r}); "
         "sys.argv = ['app', '--help']; import runpy; runpy.run_module('app', run_name='__main__')"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "--port" in answer.stdout
