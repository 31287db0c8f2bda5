"""The list of what is compiled, kept beside the kernels."""

from __future__ import annotations

import pytest

from engine import warmup


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
