"""The real server, started as `python3 -m app` starts it, and what the system says of its processes (Linux)."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from app.bootstrap import ROOT

WITHOUT = Path(__file__).with_name("without")  # modules that the site's own environment does not have
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

    python = sys.executable  # an environment that has what the site needs and nothing more gives truer memory

    def __init__(self, port: int | None = None, **environment: str) -> None:
        self.port = port or free_port()
        self.environment = environment
        self.log = tempfile.NamedTemporaryFile("w+", prefix="load-server-", suffix=".log")  # noqa: SIM115
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Starts it; seconds until it said that it is healthy."""
        command = [self.python, "-m", "streamlit", "run", "app/server.py"]
        command += [f"--server.port={self.port}", "--server.address=127.0.0.1"]
        started = time.perf_counter()
        environment = os.environ | {"PYTHONPATH": str(WITHOUT)} | self.environment
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=self.log, stderr=self.log)
        while self.get("/_stcore/health") != b"ok":
            self._still_there(started)
        return time.perf_counter() - started

    def wait_until_compiled(self, kernels: str = "") -> None:
        """Until the kernels are there: those of feed-forward networks, or "all"."""
        started = time.perf_counter()
        while b'"ready":true' not in self.get(f"/engine?kernels={kernels}"):
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


class Proxy:
    """The system's nginx with the file that we ship, before some servers."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="load-nginx-")
        text = (ROOT / "deploy" / "nginx.conf").read_text().replace("listen 8080;", f"listen 127.0.0.1:{self.port};")
        for number, server in enumerate(servers):
            text = text.replace(f"127.0.0.1:{8501 + number}", f"127.0.0.1:{server.port}")
        (Path(self.folder.name) / "tmp").mkdir()
        self.file = Path(self.folder.name) / "nginx.conf"
        self.file.write_text(text)

    def start(self) -> None:
        """Starts it; returns when it listens. NotStarted where the machine has no nginx."""
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if nginx is None:
            raise NotStarted("there is no nginx on this machine; Debian's package is called nginx")
        who = "user root;" if os.geteuid() == 0 else ""  # else its workers could not write into the folder
        self.process = subprocess.Popen(
            [nginx, "-p", f"{self.folder.name}/", "-c", str(self.file), "-g", f"daemon off; {who}"],
            stderr=subprocess.DEVNULL,  # it would tell of every replica that is killed
        )
        started = time.perf_counter()
        while not _listens(self.port):
            if self.process.poll() is not None or time.perf_counter() - started > 10:
                raise NotStarted("nginx ended, or does not listen")
            time.sleep(0.01)

    def __enter__(self) -> Proxy:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.folder.cleanup()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def memory(pid: int) -> float:
    """Megabytes (of 1024 kB, as `top` counts) that a process holds: its resident set."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def processor_seconds(pid: int) -> float:
    """Seconds of processor that a process has used, user's and system's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
