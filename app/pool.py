"""The server's one pool of workers: everything that computes for longer than a moment is a job here.

A job is a generator that stops between slices of at most 50 ms and returns bytes. After a slice the worker goes on with
the next visitor's job, so one visitor's long job delays nobody for longer than a slice each; of one visitor's jobs one
runs at a time. What a job yields is how many bytes it will hold from there on (None: as before); it goes on when there
is room for them. Equal jobs (of one name) run once, and their answer is kept a while.

    ticket = pool.submit(name, Visitor(address, page), job)
    ticket.future.result()      the bytes, or what the job raised
    ticket.place()              how many are before it in the line, plus one
    ticket.leave()              the last one who leaves ends the job

Knows no web framework, and nothing of the engine.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from itertools import takewhile
from typing import NamedTuple

from app.recent import Recent

__all__ = ["Busy", "Job", "Left", "Pool", "Ticket", "Visitor"]

Job = Generator[int | None, None, bytes]
AWAY = 1.5  # seconds without an asker after which a job waits for one to come again; its place is kept
SLICE = 0.02  # seconds after which a worker looks for another visitor's job; one piece of a job may overrun it


class Visitor(NamedTuple):
    """Who asks: the address he comes from (a school has one for all), and an anonymous name of his open page."""

    address: str
    page: str


class Busy(Exception):
    """The line is full: altogether, for this address, or for this page. `waiting` jobs are in it."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} requests are waiting already; try again in a moment")
        self.waiting = waiting


class Left(Exception):
    """Everybody who wanted this job has left before it was done."""


class _Task:
    """One job in the line, and those who wait for it."""

    def __init__(self, name: str, visitor: Visitor, make: Callable[[], Job]) -> None:
        self.name, self.visitor, self.make, self.job = name, visitor, make, make()
        self.future: Future[bytes] = Future()
        self.future.set_running_or_notify_cancel()  # nobody can cancel it for the others
        self.waiting = 0  # who want the answer
        self.away = 0  # of them, who were told to come again and have not
        self.seen = 0.0  # when the last one was told so
        self.held = 0  # bytes it was let have
        self.wanted = 0  # bytes it asks for

    @property
    def is_asked(self) -> bool:
        """Whether somebody is there for whom to work."""
        return self.waiting > self.away or time.monotonic() - self.seen < AWAY


class Ticket:
    """One asker's place in the line. `future` is shared with the others who asked for the same."""

    def __init__(self, pool: Pool | None, task: _Task | None, future: Future[bytes]) -> None:
        self.future = future
        self._pool, self._task, self.is_away = pool, task, False

    def place(self) -> int:
        """1: it is this one's turn; 3: two are before it; 0: it is done."""
        return self._pool.place(self.future) if self._pool else 0

    def step_out(self) -> None:
        """The asker was told to come again. His place is kept until he leaves, which he should do when he has come."""
        if self._pool is not None and self._task is not None and not self.is_away:
            self.is_away = True
            self._pool.stepped_out(self._task)

    def leave(self) -> None:
        """The asker is gone; asking twice does nothing more."""
        pool, task, self._pool, self._task = self._pool, self._task, None, None
        if pool is not None and task is not None:
            pool.left(task, self.is_away)


class Pool:
    """A few threads, and a bounded line of jobs in front of them, served round robin by visitor.

    Parameters
    ----------
    workers : threads; if left out, one a core but one: the kernels release the interpreter's lock, but a page that is
        acted on needs a core as well, and would wait behind what fills them all
    line : jobs that may wait or run at once; from one address half as many
    each : of them, jobs of one page
    kept : bytes of recent answers
    memory : bytes that the running jobs may hold together
    """

    def __init__(
        self,
        workers: int | None = None,
        line: int = 512,
        each: int = 8,
        kept: int = 16 * 2**20,
        memory: int = 128 * 2**20,
    ) -> None:
        self._workers = workers or max(1, (os.cpu_count() or 2) - 1)
        self._line, self._each, self._free = line, each, memory
        self._state = threading.Condition()
        self._tasks: OrderedDict[str, _Task] = OrderedDict()  # all that are not done, oldest first
        self._turns: OrderedDict[Visitor, deque[_Task]] = OrderedDict()  # whose turn it is, none of whose jobs runs
        self._behind: dict[Visitor, deque[_Task]] = {}  # the other jobs of those one of whose jobs runs
        self._threads: list[threading.Thread] = []
        self._recent = Recent(kept)
        self._closed = False
        self.made = 0  # answers so far

    # ------------------------------------------------------------------------------------------------------- asking

    def submit(self, name: str, visitor: Visitor, job: Callable[[], Job]) -> Ticket:
        """A place in the line for `job`, or with those who already wait for the same. Raises `Busy` when it is full."""
        with self._state:
            if (known := self._recent.get(name)) is not None:
                done: Future[bytes] = Future()
                done.set_result(known)
                return Ticket(None, None, done)
            task = self._tasks.get(name) or self._enter(name, visitor, job)
            task.waiting += 1
            self._state.notify()  # it may have waited for somebody to come again
            return Ticket(self, task, task.future)

    def _enter(self, name: str, visitor: Visitor, job: Callable[[], Job]) -> _Task:
        waiting = len(self._tasks)
        pages = Counter(task.visitor for task in self._tasks.values())
        of_address = sum(count for other, count in pages.items() if other.address == visitor.address)
        if self._closed or waiting >= self._line or pages[visitor] >= self._each or 2 * of_address > self._line:
            raise Busy(waiting)
        task = self._tasks[name] = _Task(name, visitor, job)
        tasks = self._behind.get(visitor)
        (self._turns.setdefault(visitor, deque()) if tasks is None else tasks).append(task)
        self._start_workers()
        return task

    def place(self, future: Future[bytes]) -> int:
        """The place in the line of the job that `future` is of; 0 when it is done."""
        with self._state:
            before = list(takewhile(lambda task: task.future is not future, self._tasks.values()))
            return 0 if len(before) == len(self._tasks) else len(before) + 1

    def stepped_out(self, task: _Task) -> None:
        """One of those who wait for `task` was told to come again."""
        with self._state:
            task.away += 1
            task.seen = time.monotonic()

    def left(self, task: _Task, away: bool) -> None:
        """One of those who wait for `task` is gone; `away`: he had been told to come again."""
        with self._state:
            task.waiting -= 1
            task.away -= away
            if not task.waiting:
                self._state.notify()  # a worker sees to it that the job ends

    def forget(self, seconds: float) -> None:
        """Lets go of the answers that nobody has asked for in so many seconds."""
        with self._state:
            self._recent.forget(seconds)

    def __len__(self) -> int:
        return len(self._tasks)

    # ------------------------------------------------------------------------------------------------------ working

    def _start_workers(self) -> None:
        while len(self._threads) < self._workers:
            thread = threading.Thread(target=self._work, name=f"worker-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            ended = self._slice(task)
            with self._state:
                self._put_back(task, ended)

    def _next(self) -> _Task | None:
        """The next job to give a slice to; waits for one; None when the pool is closed."""
        with self._state:
            while not self._closed:
                if (task := self._choose()) is not None:
                    return task
                self._state.wait()
            return None

    def _choose(self) -> _Task | None:
        """The first in turn for whom there is room; where nothing runs, the first who is there in any case."""
        visitor = self._first(self._fits)
        if visitor is None and self._make_room():
            visitor = self._first(self._fits)
        if visitor is None and not self._behind:
            visitor = self._first(lambda task: task.is_asked)
        if visitor is None:
            return None
        tasks = self._behind[visitor] = self._turns.pop(visitor)
        task = tasks.popleft()
        self._free -= task.wanted - task.held
        task.held = task.wanted
        return task

    def _first(self, accepts: Callable[[_Task], bool]) -> Visitor | None:
        return next((visitor for visitor, tasks in self._turns.items() if accepts(tasks[0])), None)

    def _fits(self, task: _Task) -> bool:
        more = task.wanted - task.held
        return not task.waiting or (task.is_asked and (more <= 0 or more <= self._free))

    def _make_room(self) -> bool:
        """Takes back what the jobs hold whose askers have not come again; these begin anew when they come."""
        held = [task for tasks in self._turns.values() for task in tasks if task.held and not task.is_asked]
        for task in held:
            task.job.close()
            task.job = task.make()
            self._free += task.held
            task.held = task.wanted = 0
        return bool(held)

    def _slice(self, task: _Task) -> bool:
        """Goes on with a job for a slice; whether it is done."""
        over = time.perf_counter() + SLICE
        try:
            while not self._is_left(task):
                wanted = next(task.job)
                if wanted is not None and wanted != task.held:
                    task.wanted = wanted
                    return False
                if time.perf_counter() >= over:
                    return False
            task.job.close()
            task.future.set_exception(Left())
        except StopIteration as end:
            self._keep(task, end.value)
            task.future.set_result(end.value)
        except BaseException as error:
            self._keep(task, None)
            task.future.set_exception(error)
        return True

    def _keep(self, task: _Task, answer: bytes | None) -> None:
        """From now on a job of this name is another one; the answer, if there is one, is known."""
        with self._state:
            self._tasks.pop(task.name, None)
            if answer is not None:
                self.made += 1
                self._recent.put(task.name, answer)

    def _is_left(self, task: _Task) -> bool:
        """Whether nobody waits for a job any more; nobody can join it then."""
        if task.waiting:
            return False
        with self._state:
            return not task.waiting and self._tasks.pop(task.name, task) is task

    def _put_back(self, task: _Task, ended: bool) -> None:
        """The visitor is in turn again, behind all others."""
        tasks = self._behind.pop(task.visitor)
        if ended:
            self._free += task.held
        else:
            tasks.appendleft(task)
        if tasks:
            self._turns[task.visitor] = tasks
        self._state.notify_all()

    def close(self) -> None:
        """Ends every job after the slice it is in."""
        with self._state:
            self._closed = True
            self._state.notify_all()
        for thread in self._threads:
            thread.join()
        while self._tasks:
            _, task = self._tasks.popitem()
            task.job.close()
            task.future.set_exception(Left())
