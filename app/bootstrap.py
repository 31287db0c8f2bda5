"""Makes the project's own environment, once, with nothing but Python's standard library.

`python3 -m app` and `python3 -m tests` come here first. A folder `.venv` beside pyproject.toml gets exactly the
packages of a lock file, each checked against its hash. A stamp in the folder remembers the lock, so that the next start
costs a file comparison.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
OLDEST_PYTHON = (3, 11)


class BootstrapError(Exception):
    """Setting up cannot go on; the message says what a person can do about it."""


def say(line: str) -> None:
    """Prints one line of progress at once, also into a pipe."""
    print(line, flush=True)


def check_python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> None:
    """Raises `BootstrapError` for a Python that is too old."""
    if version[:2] < OLDEST_PYTHON:
        came = ".".join(map(str, version))
        needed = ".".join(map(str, OLDEST_PYTHON))
        raise BootstrapError(
            f"This is Python {came}; the visualiser needs Python {needed} or newer.\n"
            f"Install one and call it by its name, for example: python{needed} -m app"
        )


def environment_python(environment: Path = ENVIRONMENT) -> Path:
    """Path of the environment's interpreter on this system."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def stamp_of(lock: Path) -> str:
    """What the stamp file says after `lock` was installed by this Python: its version and the lock's SHA-256."""
    version = ".".join(map(str, sys.version_info[:2]))
    return f"{version} {hashlib.sha256(lock.read_bytes()).hexdigest()}"


def stamp_path(lock: Path, environment: Path = ENVIRONMENT) -> Path:
    """Where the stamp of `lock` is kept: one for each lock file of the project."""
    return environment / f"{'-'.join(lock.relative_to(ROOT).with_suffix('').parts)}.stamp"


def is_ready(lock: Path, environment: Path = ENVIRONMENT) -> bool:
    """Whether the environment already holds what `lock` says."""
    stamp = stamp_path(lock, environment)
    return environment_python(environment).exists() and stamp.exists() and stamp.read_text() == stamp_of(lock)


def make_environment(environment: Path = ENVIRONMENT) -> None:
    """Makes an empty environment; an old one of another Python is replaced."""
    say(f"Making {environment.name}, the project's own Python environment (once) ...")
    try:
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=os.name != "nt").create(environment)
    except (subprocess.CalledProcessError, ImportError, OSError) as error:
        raise BootstrapError(
            f"Python could not make the environment {environment} ({error}).\n"
            "On Debian and Ubuntu its module venv is a package of its own: apt install python3-venv"
        ) from error


def has_right_python(environment: Path = ENVIRONMENT) -> bool:
    """Whether the environment's interpreter runs, has pip, and is of the version that runs now."""
    question = "import sys, pip; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [environment_python(environment), "-c", question], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.split() == [str(part) for part in sys.version_info[:2]]


def install(lock: Path, environment: Path = ENVIRONMENT) -> None:
    """Installs every package of `lock`, checked against its hashes, one line of progress a package."""
    total = sum(1 for line in lock.read_text().splitlines() if "==" in line)
    say(f"Installing at most {total} packages from {lock.relative_to(ROOT)} (once; a minute or two) ...")
    command = [str(environment_python(environment)), "-m", "pip", "install", "--require-hashes", "--no-deps"]
    command += ["--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    tail: list[str] = []
    with subprocess.Popen(
        [*command, "-r", str(lock)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            tail = [*tail[-14:], line.rstrip()]
            if line.startswith("Collecting "):
                say(f"  {line.split()[1]}")
            elif line.startswith("Installing collected"):
                say("  unpacking ...")
    if pip.returncode != 0:
        raise BootstrapError(
            "pip could not install the packages. Its last lines:\n  " + "\n  ".join(tail) + "\n"
            "Is this machine on the network? After mending the cause, run the same command again: it goes on from here."
        )


def prepare(lock: Path, environment: Path = ENVIRONMENT) -> Path:
    """Makes sure that the environment holds `lock`; returns its interpreter."""
    check_python()
    if not is_ready(lock, environment):
        if not has_right_python(environment):
            make_environment(environment)
        install(lock, environment)
        stamp_path(lock, environment).write_text(stamp_of(lock))
        say("Ready.")
    return environment_python(environment)


def become(python: Path, *arguments: str) -> int:
    """Runs the environment's Python in this process's place (on Windows: as a child); returns its exit code."""
    command = [str(python), *arguments]
    sys.stdout.flush()
    if os.name != "nt":
        os.chdir(ROOT)
        os.execv(command[0], command)
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130
