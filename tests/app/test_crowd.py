"""Counting who is here, and whose address is believed."""

from __future__ import annotations

import pytest

from app.crowd import EXPECTED, Crowd, address_of


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 0, "peer"),
        ("made-up", 0, "peer"),
        ("made-up, 1.2.3.4", 1, "1.2.3.4"),
        ("made-up, 1.2.3.4, 10.0.0.1", 2, "1.2.3.4"),
        ("1.2.3.4", 2, "peer"),
        (" , ", 1, "peer"),
    ],
)
def test_only_our_own_proxies_are_believed(forwarded, proxies, address):
    assert address_of("peer", forwarded, proxies) == address


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_there_is_a_most_altogether():
    crowd = Crowd(most=3, each=3)
    assert [crowd.enter(address) for address in "abcd"] == [True, True, True, False]
    assert (crowd.here, crowd.room(), crowd.room("d")) == (3, 0, 0)
    crowd.leave("b")
    assert crowd.room("d") == 1
    assert crowd.enter("d")


def test_there_is_a_most_of_each_address():
    crowd = Crowd(most=10, each=2)
    assert [crowd.enter("school") for _ in range(3)] == [True, True, False]
    assert (crowd.room("school"), crowd.room("home"), crowd.room()) == (0, 2, 8)


def test_a_page_that_was_handed_out_is_expected():
    clock = Clock()
    crowd = Crowd(most=2, each=2, clock=clock)
    crowd.expect("a")
    crowd.expect("b")
    assert crowd.room("c") == 0
    assert crowd.enter("a")
    assert (crowd.here, crowd.room()) == (1, 0)
    clock.now = EXPECTED + 1
    assert crowd.room("c") == 1, "b has not come"


def test_a_thousand_come_and_go_without_a_trace():
    crowd = Crowd(most=5, each=5)
    for number in range(1000):
        crowd.expect(f"{number}")
        assert crowd.enter(f"{number}")
        crowd.leave(f"{number}")
    assert (crowd.here, crowd.room()) == (0, 5)
    assert not crowd._here
    assert not crowd._expected
