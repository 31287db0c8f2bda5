"""Runs that wait for the next chunk of their film."""

from __future__ import annotations

import pytest

from app.standby import RUN, Standby
from app.traces import read


@pytest.fixture
def run():
    return read("v=1").start()


def test_a_run_is_taken_once(run):
    standby = Standby()
    standby.leave("a", run, 1000)
    assert standby.take("b") is None
    assert standby.take("a") is run
    assert standby.take("a") is None
    assert standby.size == 0


def test_a_link_has_one_run_and_the_oldest_links_go(run):
    standby = Standby(capacity=2 * (RUN + 1000))
    for link in ("a", "a", "b", "c"):
        standby.leave(link, run, 1000)
    assert (len(standby), standby.size) == (2, 2 * (RUN + 1000))
    assert standby.take("a") is None
    assert standby.take("c") is run
