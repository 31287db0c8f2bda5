"""The list of what is compiled, kept beside the kernels; and processes that compile for the same cache."""

from __future__ import annotations

import threading

import pytest

from engine import warmup
from engine.kernels import cache


@pytest.fixture
def jobs(monkeypatch, tmp_path):
    """An empty folder for the list; the kernels that would be compiled."""
    done: list[tuple[str, str]] = []
    monkeypatch.setattr(warmup, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(warmup, "address", lambda name, dtype: done.append((name, dtype)))
    monkeypatch.setattr(warmup, "_driver", lambda: None)
    return done


def test_what_was_warmed_is_known_to_be_compiled(jobs):
    assert not warmup.is_compiled("float32", warmup.FEED_FORWARD)
    warmup.warm(None, iter(["float32"]), warmup.FEED_FORWARD)
    assert ("dense_forward", "float32") in jobs
    assert warmup.is_compiled("float32", warmup.FEED_FORWARD)
    assert not warmup.is_compiled("float32"), "convolution is not"
    assert not warmup.is_compiled("float64", warmup.FEED_FORWARD)


def test_all_kernels_are_more_than_those_of_a_family(jobs):
    warmup.warm(None, ["float32"])
    warmup.warm(None, ["float32"], warmup.FEED_FORWARD)
    assert warmup.is_compiled("float32")
    assert warmup.is_compiled("float32", warmup.FEED_FORWARD)


def test_what_did_not_come_to_its_end_is_not_listed(jobs, monkeypatch):
    monkeypatch.setattr(warmup, "address", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        warmup.warm(None, ["float32"], warmup.FEED_FORWARD)
    assert not warmup.is_compiled("float32", warmup.FEED_FORWARD)


def test_another_processor_has_a_list_of_its_own(jobs, monkeypatch):
    warmup.warm(None, ["float32"], warmup.FEED_FORWARD)
    other = type("Codegen", (), {"magic_tuple": lambda self: ("another",)})
    monkeypatch.setattr(warmup.cpu_target.target_context, "codegen", other)
    assert not warmup.is_compiled("float32", warmup.FEED_FORWARD)


def test_a_folder_that_cannot_be_written_does_not_matter(jobs, monkeypatch, tmp_path):
    monkeypatch.setattr(warmup, "cache_folder", lambda: tmp_path / "missing")
    warmup.warm(None, ["float32"], warmup.FEED_FORWARD)
    assert not warmup.is_compiled("float32", warmup.FEED_FORWARD)


def test_the_compiling_process_tells_how_far_it_is(jobs, capsys):
    warmup.main("float64", "dense")
    told = [[int(number) for number in line.split()] for line in capsys.readouterr().out.splitlines()]
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert {total for _, total in told} == {len(told)}
    assert warmup.is_compiled("float64", ["dense"])


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no locks on files")
def test_one_at_a_time_writes_to_the_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "_CACHE", tmp_path)
    order = []

    def other() -> None:
        with cache.alone():
            order.append("other")

    with cache.alone():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "other"]


def test_a_cache_that_cannot_be_written_needs_no_lock(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "_CACHE", tmp_path / "missing")
    with cache.alone():
        pass
