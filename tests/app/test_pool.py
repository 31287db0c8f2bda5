"""The pool: everybody has a turn, the line is bounded, equal jobs run once, and who leaves takes his job along."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import pool as module
from app.pool import Busy, Left, Pool, Visitor
from app.recent import Recent

ANNA, BOB, CARLA = (Visitor("school", name) for name in ("anna", "bob", "carla"))


@pytest.fixture
def make():
    """Pools, closed at the end."""
    pools = []

    def make(**options):
        pools.append(Pool(**{"workers": 1, "line": 64} | options))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


class Gate:
    """A job that says when it began, and waits for a sign."""

    def __init__(self) -> None:
        self.began, self.sign, self.closed = threading.Event(), threading.Event(), threading.Event()

    def job(self):
        try:
            self.began.set()
            while not self.sign.wait(0.001):
                yield
            return b"through"
        finally:
            self.closed.set()


@pytest.fixture
def always_next(monkeypatch):
    """After each piece it is the next one's turn."""
    monkeypatch.setattr(module, "SLICE", 0)


def held(pool, *, name="gate", visitor=Visitor("elsewhere", "x")):  # noqa: B008
    """A gate that the pool's only worker stands at, so that a line forms behind it."""
    gate = Gate()
    ticket = pool.submit(name, visitor, gate.job)
    assert gate.began.wait(10)
    return gate, ticket


def counting(log, name, slices):
    """A job that writes its name at each slice."""

    def job():
        for _ in range(slices):
            log.append(name)
            yield
        return name.encode()

    return job


# --------------------------------------------------------------------------------------------------------------- turns


def test_visitors_take_turns(make, always_next):
    pool, log = make(), []
    opening = threading.Event()
    pool.submit("opening", Visitor("elsewhere", "x"), lambda: waiting_for(opening))
    tickets = [pool.submit(visitor.page, visitor, counting(log, visitor.page, 3)) for visitor in (ANNA, BOB, CARLA)]
    opening.set()
    assert [ticket.future.result(10) for ticket in tickets] == [b"anna", b"bob", b"carla"]
    assert log == ["anna", "bob", "carla"] * 3


def test_one_visitors_many_jobs_do_not_delay_anothers(make, always_next):
    pool, log = make(), []
    opening = threading.Event()
    pool.submit("opening", Visitor("elsewhere", "x"), lambda: waiting_for(opening))
    anna = [pool.submit(f"anna {number}", ANNA, counting(log, f"anna {number}", 2)) for number in range(5)]
    bob = pool.submit("bob", BOB, counting(log, "bob", 2))
    opening.set()
    assert [ticket.future.result(10) for ticket in [bob, *anna]]
    assert log[:4] == ["anna 0", "bob", "anna 0", "bob"]
    assert log[4:] == [f"anna {number // 2}" for number in range(2, 10)], "one's own jobs one after another"


def waiting_for(event):
    assert event.wait(10)
    yield
    return b""


def test_one_visitors_jobs_never_run_side_by_side(make, always_next):
    pool, running, most = make(workers=4), set(), [0]

    def job(name):
        for _ in range(5):
            running.add(name)
            most[0] = max(most[0], len(running))
            time.sleep(0.001)
            running.discard(name)
            yield
        return b"done"

    tickets = [pool.submit(f"{number}", ANNA, lambda number=number: job(number)) for number in range(6)]
    assert {ticket.future.result(10) for ticket in tickets} == {b"done"}
    assert most[0] == 1


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (4, 3), (None, 1)])
def test_a_core_is_left_to_the_pages(make, monkeypatch, cores, threads):
    monkeypatch.setattr(module.os, "cpu_count", lambda: cores)
    before = set(threading.enumerate())
    _, ticket = held(make(workers=None))
    assert len(set(threading.enumerate()) - before) == threads
    ticket.leave()


def test_a_short_job_overtakes_long_ones(make):
    pool = make(workers=2)
    long = [pool.submit(f"long {n}", Visitor("a", f"{n}"), Gate().job) for n in range(8)]
    assert pool.submit("short", BOB, counting([], "short", 3)).future.result(10) == b"short"
    assert not any(ticket.future.done() for ticket in long)


# ---------------------------------------------------------------------------------------------------------------- line


def test_the_place_in_the_line_is_known_and_moves_up(make):
    pool = make()
    gate, first = held(pool)
    second = Gate()
    tickets = [first, pool.submit("second", ANNA, second.job), pool.submit("third", BOB, counting([], "b", 400))]
    assert [ticket.place() for ticket in tickets[:2]] == [1, 2]
    gate.sign.set()
    first.future.result(10)
    assert (first.place(), tickets[1].place()) == (0, 1)
    second.sign.set()
    assert tickets[2].future.result(10) == b"b"
    assert [ticket.place() for ticket in tickets] == [0, 0, 0]


def test_a_full_line_says_so_and_recovers(make):
    pool = make(line=2)
    gate, first = held(pool)
    second = pool.submit("second", ANNA, counting([], "second", 1))
    with pytest.raises(Busy, match="2 requests are waiting") as caught:
        pool.submit("third", BOB, counting([], "third", 1))
    assert caught.value.waiting == 2
    gate.sign.set()
    assert second.future.result(10) == b"second"
    first.future.result(10)
    assert pool.submit("third", BOB, counting([], "third", 1)).future.result(10) == b"third"


def test_one_page_has_only_some_places(make):
    pool = make(each=2)
    for number in range(2):
        pool.submit(f"{number}", ANNA, Gate().job)
    with pytest.raises(Busy):
        pool.submit("2", ANNA, Gate().job)
    assert pool.submit("bob", BOB, counting([], "bob", 1)).future.result(10) == b"bob"


def test_one_address_leaves_room_for_others(make):
    pool = make(line=8)
    for number in range(5):
        pool.submit(f"{number}", Visitor("flood", f"{number}"), Gate().job)
    with pytest.raises(Busy):
        pool.submit("5", Visitor("flood", "5"), Gate().job)
    assert pool.submit("bob", BOB, counting([], "bob", 1)).future.result(10) == b"bob"


# -------------------------------------------------------------------------------------------------------------- sharing


def test_equal_jobs_run_once(make):
    pool, log = make(workers=2), []
    gate, _ = held(pool)
    with ThreadPoolExecutor(8) as crowd:
        tickets = list(crowd.map(lambda n: pool.submit("same", Visitor("s", f"{n}"), counting(log, "a", 2)), range(8)))
    assert {ticket.future.result(10) for ticket in tickets} == {b"a"}
    assert log == ["a", "a"]
    assert pool.submit("same", BOB, lambda: pytest.fail("an answer is kept")).future.result() == b"a"
    gate.sign.set()


def test_an_error_reaches_everybody_and_is_not_kept(make):
    pool = make()

    def broken():
        yield
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            pool.submit("broken", ANNA, broken).future.result(10)
    assert len(pool) == 0


# -------------------------------------------------------------------------------------------------------------- leaving


def test_the_last_one_who_leaves_ends_the_job(make):
    pool = make()
    gate, ticket = held(pool)
    other = pool.submit("gate", BOB, gate.job)
    ticket.leave()
    ticket.leave()
    assert not gate.closed.wait(0.05), "the other one still waits for it"
    other.leave()
    assert gate.closed.wait(10)
    with pytest.raises(Left):
        ticket.future.result(10)
    assert len(pool) == 0


def test_a_job_that_all_have_left_is_begun_anew_for_the_next(make):
    pool = make()
    gate, ticket = held(pool)
    began: list[str] = []
    never = pool.submit("same", ANNA, counting(began, "same", 1))
    never.leave()
    ticket.leave()
    assert gate.closed.wait(10)
    with pytest.raises(Left):
        never.future.result(10)
    assert not began
    assert pool.submit("same", ANNA, counting([], "same", 1)).future.result(10) == b"same"


def test_leaving_makes_room_for_the_others(make):
    pool = make()
    _, ticket = held(pool)
    behind = pool.submit("behind", BOB, counting([], "behind", 1))
    ticket.leave()
    assert behind.future.result(10) == b"behind"


def test_a_job_waits_for_an_asker_who_was_told_to_come_again(make, always_next, monkeypatch):
    monkeypatch.setattr(module, "AWAY", 0.0)
    pool, log = make(), []
    gate, _ = held(pool)
    ticket = pool.submit("anna", ANNA, counting(log, "anna", 2))
    ticket.step_out()
    gate.sign.set()
    assert pool.submit("bob", BOB, counting(log, "bob", 2)).future.result(10) == b"bob"
    assert log == ["bob", "bob"], "nobody is there for anna's"
    assert pool.place(ticket.future) == 1, "but its place is kept"
    assert pool.submit("anna", ANNA, counting(log, "never", 2)).future.result(10) == b"anna"
    ticket.leave()


def test_who_has_not_come_again_gives_way_when_there_is_no_room(make, always_next, monkeypatch):
    monkeypatch.setattr(module, "AWAY", 0.0)
    pool, began = make(memory=10), []

    def job(name, ready):
        began.append(name)
        yield 8
        ready.set()
        while not (go.is_set() or name == "bob"):
            yield None
        return name.encode()

    go, anna_holds = threading.Event(), threading.Event()
    ticket = pool.submit("anna", ANNA, lambda: job("anna", anna_holds))
    assert anna_holds.wait(10)
    ticket.step_out()
    assert pool.submit("bob", BOB, lambda: job("bob", threading.Event())).future.result(10) == b"bob"
    go.set()
    assert pool.submit("anna", ANNA, lambda: job("never", anna_holds)).future.result(10) == b"anna"
    assert began == ["anna", "bob", "anna"], "anna's begins anew"


# --------------------------------------------------------------------------------------------------------------- memory


def needing(wanted, holding, most):
    """A job that holds `wanted` bytes for a while; `most` remembers how many were held at once."""

    def job():
        yield wanted
        for _ in range(3):
            holding.append(wanted)
            most[0] = max(most[0], sum(holding))
            yield
            holding.remove(wanted)
        return b"done"

    return job


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10), min_size=1, max_size=12), st.integers(1, 3))
def test_jobs_together_hold_no_more_than_there_is(sizes, workers):
    pool, holding, most = Pool(workers=workers, memory=10, line=64), [], [0]
    tickets = [pool.submit(f"{n}", Visitor("a", f"{n}"), needing(size, holding, most)) for n, size in enumerate(sizes)]
    assert {ticket.future.result(10) for ticket in tickets} == {b"done"}
    pool.close()
    assert most[0] <= 10


def test_what_fits_nowhere_runs_alone(make):
    pool, most = make(memory=10), [0]
    assert pool.submit("big", ANNA, needing(25, [], most)).future.result(10) == b"done"
    assert pool._free == 10


def test_a_small_job_passes_one_that_waits_for_room(make, always_next):
    pool = make(memory=10)
    first, second = Gate(), Gate()

    def big(gate):
        yield 8
        return (yield from gate.job())

    tickets = [pool.submit("1", ANNA, lambda: big(first)), pool.submit("2", BOB, lambda: big(second))]
    assert first.began.wait(10)
    assert pool.submit("small", CARLA, needing(2, [], [0])).future.result(10) == b"done"
    assert not second.began.is_set()
    first.sign.set()
    second.sign.set()
    assert [ticket.future.result(10) for ticket in tickets] == [b"through"] * 2


# ------------------------------------------------------------------------------------------------------------------ end


def test_closing_ends_what_runs_and_what_waits():
    pool = Pool(workers=1)
    gate, running = held(pool)
    waiting = pool.submit("waiting", ANNA, counting([], "waiting", 1))
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 1
    assert gate.closed.is_set()
    for ticket in (running, waiting):
        with pytest.raises(Left):
            ticket.future.result(0)
    with pytest.raises(Busy):
        pool.submit("late", ANNA, counting([], "late", 1))


def test_recent_answers_stay_within_their_budget():
    recent = Recent(10)
    for name in "abc":
        recent.put(name, b"1234")
    assert (recent.get("a"), recent.get("b"), recent.size) == (None, b"1234", 8)
    recent.put("d", b"x" * 11)
    assert recent.size == 0


def test_answers_that_nobody_asks_for_are_let_go():
    now = [0.0]
    recent = Recent(10, clock=lambda: now[0])
    recent.put("a", b"1")
    recent.put("b", b"22")
    now[0] = 5.0
    recent.get("a")
    recent.forget(4.0)
    assert (recent.get("a"), recent.get("b"), recent.size) == (b"1", None, 1)
