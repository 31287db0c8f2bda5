"""What was worked out a moment ago, and when it goes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from engine.kept import Kept

ACTS = st.lists(st.tuples(st.sampled_from(["get", "take", "put"]), st.sampled_from("abcd"), st.integers(0, 12)))


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_asked_for_longest_ago_goes_first():
    kept: Kept[str, int] = Kept(capacity=2)
    kept.put("a", 1, 1)
    kept.put("b", 2, 1)
    assert kept.get("a") == 1
    assert kept.put("c", 3, 1) == ["b"]
    assert (kept.get("b"), kept.get("a"), kept.get("c"), kept.size) == (None, 1, 3, 2)


def test_what_is_taken_is_the_takers_alone():
    kept: Kept[str, int] = Kept(capacity=2)
    kept.put("a", 1, 1)
    assert (kept.take("a"), kept.take("a"), kept.size) == (1, None, 0)


def test_what_is_larger_than_all_the_room_costs_nothing_else():
    kept: Kept[str, int] = Kept(capacity=2)
    kept.put("a", 1, 1)
    assert kept.put("b", 2, 3) == ["b"]
    assert (kept.get("a"), kept.get("b")) == (1, None)


def test_what_nobody_asks_for_is_let_go_after_a_while():
    clock = Clock()
    kept: Kept[str, int] = Kept(capacity=9, clock=clock)
    kept.put("a", 1, 1)
    kept.put("b", 2, 1)
    clock.now = 5.0
    kept.get("a")
    clock.now = 8.0
    assert kept.forget(6.0) == ["b"]
    assert kept.forget(3.0) == []
    assert (kept.get("a"), kept.size) == (1, 1)


@given(ACTS)
def test_it_is_as_a_list_would_be_that_is_read_through_each_time(acts):
    kept: Kept[str, int] = Kept(capacity=20)
    plain: list[tuple[str, int]] = []
    for act, key, size in acts:
        known = dict(plain).get(key)
        rest = [entry for entry in plain if entry[0] != key]
        if act == "put":
            plain = [*rest, (key, size)]
            while sum(one for _, one in plain) > 20:
                plain = plain[1:]
            gone = kept.put(key, size, size)
            assert set(gone).isdisjoint(dict(plain))
        else:
            assert getattr(kept, act)(key) == known
            plain = rest if act == "take" or known is None else [*rest, (key, known)]
        assert (len(kept), kept.size) == (len(plain), sum(one for _, one in plain))


def test_threads_may_share_it():
    kept: Kept[int, int] = Kept(capacity=50, clock=time.perf_counter)

    def use(worker: int) -> None:
        for number in range(worker, 4000, 4):
            kept.put(number % 97, number, 1)
            kept.get(number % 89)
            kept.forget(0.001)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(4)))
    assert kept.size == len(kept) <= 50
