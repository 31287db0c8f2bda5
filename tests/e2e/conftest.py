"""The app as a person meets it: a real server, a real Chromium. Events are awaited, nothing sleeps."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from app.bootstrap import ROOT

LOOKING = re.compile(r"/[a-z-]+/_stcore/")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(address: str, server: subprocess.Popen[str], patience: float = 60.0) -> None:
    """Returns when the server answers; fails when it ends or takes too long."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.fail(f"the server ended with {server.returncode}")
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).read()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"no answer from {address} within {patience:.0f} s")


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., str]]:
    """A function that starts a server with extra environment variables and returns its address."""
    running: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> str:
        port = free_port()
        command = [sys.executable, "-m", "streamlit", "run", "app/server.py", f"--server.port={port}"]
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        running.append(server)
        wait_until_up(f"http://localhost:{port}", server)
        return f"http://localhost:{port}"

    yield start
    for server in running:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="session")
def address(serve: Callable[..., str]) -> str:
    """Address of a server that most tests share."""
    return serve()


def is_complaint(message: ConsoleMessage) -> bool:
    """Any error but one: Streamlit's browser half looks for its server below a page's own path first."""
    return message.type == "error" and not LOOKING.search(message.location["url"])


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a page of the app in a fresh profile; anything wrong on the console fails the test."""
    contexts = []
    complaints: list[str] = []

    def visit(path: str = "/", base: str = address, width: int = 1400, height: int = 900, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **({"locale": "en-GB"} | options))  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.goto(base + path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not complaints
