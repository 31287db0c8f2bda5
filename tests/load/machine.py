"""The real server, started as `python3 -m app` starts it, and what the system says of its processes (Linux)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from app.bootstrap import ROOT

PATIENCE = 180.0  # seconds: a cold machine compiles first
TICKS = os.sysconf("SC_CLK_TCK")


class NotStarted(Exception):
    """The server ended, or did not answer in time; the message has what it wrote."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One server process.

    Parameters
    ----------
    port : to listen on; None: a free one
    environment : variables besides this process's own
    """

    def __init__(self, port: int | None = None, **environment: str) -> None:
        self.port = port or free_port()
        self.environment = environment
        self.log = tempfile.NamedTemporaryFile("w+", prefix="load-server-", suffix=".log")  # noqa: SIM115
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Starts it; seconds until it said that it is healthy."""
        command = [sys.executable, "-m", "streamlit", "run", "app/server.py"]
        command += [f"--server.port={self.port}", "--server.address=127.0.0.1"]
        started = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | self.environment, stdout=self.log, stderr=self.log
        )
        while self.get("/_stcore/health") != b"ok":
            self._still_there(started)
        return time.perf_counter() - started

    def wait_until_compiled(self) -> None:
        """Until the kernels are there."""
        started = time.perf_counter()
        while b'"ready":true' not in self.get("/engine"):
            self._still_there(started)
            time.sleep(0.05)

    def _still_there(self, since: float) -> None:
        ended = self.process is None or self.process.poll() is not None
        if ended or time.perf_counter() - since > PATIENCE:
            raise NotStarted(f"the server {'ended' if ended else 'did not answer'}:\n{self.said()[-2000:]}")
        time.sleep(0.01)

    def get(self, path: str) -> bytes:
        """The body of an answer; nothing if there is none."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return bytes(answer.read())
        except (URLError, OSError):
            return b""

    def said(self) -> str:
        """What it wrote."""
        return Path(self.log.name).read_text()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def memory(self) -> float:
        """Megabytes that it holds (its resident set)."""
        return memory(self.pid)

    def processor_seconds(self) -> float:
        """Seconds of processor that it has used."""
        return processor_seconds(self.pid)

    def stop(self) -> float:
        """Asks it to end, as a host does; seconds that it took. Killed after 30."""
        return self._end(signal.SIGTERM)

    def kill(self) -> float:
        """Ends it without a word."""
        return self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> float:
        if self.process is None:
            return 0.0
        started = time.perf_counter()
        self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        return time.perf_counter() - started

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.log.close()


def memory(pid: int) -> float:
    """Megabytes that a process holds (its resident set)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


def processor_seconds(pid: int) -> float:
    """Seconds of processor that a process has used, user's and system's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
