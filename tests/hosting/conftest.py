"""Replicas that can be killed and started again, and the real nginx in front of them with the file that we ship."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.bootstrap import ROOT
from tests.e2e.conftest import free_port, open_page, wait_until_up

__all__ = ["open_page"]

SECRET = "a secret of the tests, long enough for production"


class Replica:
    """One server process on a port of its own."""

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = environment
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.start()

    def start(self) -> None:
        """Starts, or starts again on the same port; returns when it is warm."""
        usual = {"BACKPROP_PRODUCTION": "1", "STREAMLIT_SERVER_COOKIE_SECRET": SECRET}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app/server.py", f"--server.port={self.port}"],
            cwd=ROOT,
            env=os.environ | usual | self.environment,
            stdout=self.log,
            stderr=self.log,
            text=True,
        )
        wait_until_up(self.address, self.process)
        wait_until(lambda: self.state()["warm"])

    def kill(self) -> None:
        """As if its machine had gone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)

    def stop(self) -> float:
        """As a host stops it; gives the seconds it took."""
        begin = time.monotonic()
        self.process.terminate()
        self.process.wait(timeout=20)
        return time.monotonic() - begin

    def state(self) -> dict[str, int]:
        """What /ready says."""
        try:
            with urllib.request.urlopen(f"{self.address}/ready", timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))


def wait_until(condition: Callable[[], object], patience: float = 60.0) -> None:
    """Returns once `condition` holds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


@pytest.fixture
def replica() -> Iterator[Callable[..., Replica]]:
    """A function that starts a replica with extra environment variables."""
    running: list[Replica] = []

    def start(**environment: str) -> Replica:
        running.append(Replica(**environment))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.stop()
        one.log.seek(0)
        print(one.log.read())  # pytest shows it of a test that failed
        one.log.close()


def nginx() -> str:
    """Path of the system's nginx. Without one tests skip, and in CI they fail."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        complain = pytest.fail if os.environ.get("CI") else pytest.skip
        complain("no nginx on this machine; Debian's package is called nginx")
    return str(found)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A function that starts nginx with our file before these replicas; gives its address."""
    running: list[subprocess.Popen[str]] = []

    def start(*replicas: Replica) -> str:
        port = free_port()
        text = (ROOT / "deploy" / "nginx.conf").read_text().replace("listen 8080;", f"listen 127.0.0.1:{port};")
        for number, one in enumerate(replicas):
            text = text.replace(f"127.0.0.1:{8501 + number}", f"127.0.0.1:{one.port}")
        assert not re.search(r":850[12]\b", text)
        (tmp_path / "tmp").mkdir()
        (tmp_path / "nginx.conf").write_text(text)
        who = "user root;" if os.geteuid() == 0 else ""  # else its workers could not write into this folder
        command = [nginx(), "-p", f"{tmp_path}/", "-c", str(tmp_path / "nginx.conf"), "-g", f"daemon off; {who}"]
        running.append(subprocess.Popen(command, text=True))
        wait_until_up(f"http://127.0.0.1:{port}", running[-1])
        return f"http://127.0.0.1:{port}"

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=20)
