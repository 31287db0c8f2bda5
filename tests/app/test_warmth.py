"""The engine comes in behind the server's back; what has to be compiled is compiled by a process of its own."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from app import warmth
from app.warmth import Warmth
from engine import warmup

DOUBLES = ("float64", warmup.FEED_FORWARD)


@pytest.fixture
def cache(monkeypatch):
    """What is in it, what is loaded from it; nothing is compiled in earnest."""
    compiled: set[tuple[str, object]] = set()
    loaded: list[tuple[object, ...]] = []
    monkeypatch.setattr(warmup, "is_compiled", lambda dtype, files: (dtype, files) in compiled)
    monkeypatch.setattr(warmup, "warm", lambda report, dtypes, files=None: loaded.append((*dtypes, files)))
    monkeypatch.setattr(warmth.gc, "freeze", lambda: None)
    return compiled, loaded


def compiler(monkeypatch, program: str) -> None:
    """Puts a program in the compiler's place."""
    monkeypatch.setattr(warmth, "COMPILER", (sys.executable, "-c", program))


def test_only_the_usual_networks_kernels_are_loaded_ahead(cache, monkeypatch):
    compiled, loaded = cache
    compiled |= {("float32", warmup.FEED_FORWARD), ("float32", None), DOUBLES}
    compiler(monkeypatch, "raise SystemExit('nothing to compile')")
    warming = Warmth()
    warming.warm()
    assert loaded == [("float32", warmup.FEED_FORWARD)]
    assert warming.ready
    assert warming.all_ready


def test_what_is_missing_is_compiled_by_another_process(cache, monkeypatch):
    """And the page hears how far that is."""
    compiler(monkeypatch, "print(1, 2); print(2, 2)")
    warming = Warmth()
    warming.warm()
    assert cache[1] == [("float32", warmup.FEED_FORWARD)]
    assert warming.state("") == warming.state("all") == {"ready": True, "done": 2, "total": 2}


@pytest.mark.parametrize("files", [(), ("dense", "losses")])
def test_the_compiler_is_told_what_to_compile(cache, monkeypatch, files):
    compiler(monkeypatch, f"import sys; assert sys.argv[1:] == {['float64', *files]}")
    Warmth().compile(lambda *_: None, "float64", files)


def test_a_compiler_that_fails_still_opens_the_engine(cache, monkeypatch, caplog):
    compiler(monkeypatch, "raise SystemExit(3)")
    with pytest.raises(subprocess.CalledProcessError):
        Warmth().compile(lambda *_: None, "float32")
    warming = Warmth()
    warming.warm()
    assert warming.ready
    assert warming.all_ready
    assert "warming the engine failed" in caplog.text


def test_the_compiler_ends_with_the_server(cache, monkeypatch):
    compiler(monkeypatch, "import time; print(1, 2, flush=True); time.sleep(600)")
    warming, began = Warmth(), threading.Event()
    working = threading.Thread(target=warming.compile, args=(lambda *_: began.set(), "float32"))
    working.start()
    assert began.wait(60)
    warming.stop()
    working.join(10)
    assert not working.is_alive()
    warming.compile(lambda *_: pytest.fail("began anew"), "float32")
