"""The stage's modules in a real browser: a small static server, one page, JavaScript called from Python; no Node."""

from __future__ import annotations

import http.server
import json
import struct
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from app import assets

PAGE = b"<!doctype html><meta charset='utf-8'><title>modules</title><link rel='icon' href='data:,'>"

Run = Callable[..., Any]


class Modules(http.server.BaseHTTPRequestHandler):
    """Serves an empty page and the files of the stage's folder."""

    def do_GET(self) -> None:
        path = assets.FOLDER / self.path.removeprefix("/stage/")
        known = self.path.startswith("/stage/") and path.suffix in assets.MIME and path.is_file()
        body = path.read_bytes() if known else PAGE
        self.send_response(200)
        self.send_header("Content-Type", assets.MIME[path.suffix] if known else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: tests speak for themselves."""


@pytest.fixture(scope="session")
def module_server() -> Iterator[str]:
    """Address of the static server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Modules)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def module_page(browser: Browser, module_server: str) -> Iterator[Page]:
    """An empty page that may import the modules."""
    page = browser.new_page()
    page.goto(module_server)
    yield page
    page.close()


def run_module(page: Page, module: str, body: str, argument: Any = None) -> Any:
    """Runs `body` with every export of `module` in scope as `m` and `argument` as `a`; what it returns comes back."""
    return page.evaluate(f"async (a) => {{ const m = await import('/stage/{module}'); {body} }}", argument)


@pytest.fixture
def run(module_page: Page) -> Run:
    """`run("timeline.js", "return m.momentAt(a, 1, true)", 0.5)`."""
    return partial(run_module, module_page)


def make_chunk(
    fields: dict[str, np.ndarray], *, start: int = 0, every: int = 1, outcome: dict | None = None, **header: Any
) -> bytes:
    """A trace chunk as the contract describes it, made by hand: arrays [frames, ...], and more for the header."""
    frames = len(next(iter(fields.values()))) if fields else 0
    head = {
        "version": 1, "from": start, "to": start + frames * every, "every": every, "frames": frames, "epoch_steps": 25,
        "follow": {"index": 0, "x": [0.5, -1.0], "y": [1]}, "layers": [], "loss": "binary_cross_entropy",
        "outcome": outcome, "fields": [{"name": name, "shape": list(array.shape)} for name, array in fields.items()],
    } | header  # fmt: skip
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 4)
    data = b"".join(np.ascontiguousarray(array, dtype="<f4").tobytes() for array in fields.values())
    return b"BPT1" + struct.pack("<I", len(text)) + text + data


def dense_fields(widths: list[int], frames: int, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], list[dict]]:
    """Random fields of a dense network and its layers' header."""
    fields = {name: rng.random(frames) for name in ("train_loss", "test_loss", "batch_loss", "example_loss")}
    fields["prediction"] = rng.random((frames, widths[-1]))
    layers = []
    for number, (inputs, units) in enumerate(zip(widths, widths[1:], strict=False), 1):
        name = f"dense_{number}"
        layers.append({"name": name, "kind": "dense", "units": units, "activation": {"name": "tanh"}})
        for quantity in ("pre_activation", "activation", "delta"):
            fields[f"{name}.{quantity}"] = rng.normal(size=(frames, units))
        for parameter, shape in (("weight", (frames, units, inputs)), ("bias", (frames, units))):
            for suffix in ("", ".gradient", ".example_gradient", ".update"):
                fields[f"{name}.{parameter}{suffix}"] = rng.normal(size=shape)
    return fields, layers


@pytest.fixture(scope="session")
def stage_path() -> Path:
    """The folder of the modules."""
    return assets.FOLDER
