"""Work in pieces: the same bits as at once, wherever it is cut, and no piece longer than a moment."""

from __future__ import annotations

import time

import numpy as np
import pytest

import engine
from app.sharing import read_link
from engine import pieces, reel, run
from engine.pieces import finish

LINKS = {
    "small": "v=1&net=dense:4:tanh,dense:1",
    "edited": "v=1&net=dense:4:tanh,dense:1&edits=7.learning_rate.0.3_9.point.1:1:1",
    "diverges": "v=1&n=2000&loss=mean_squared_error&net=dense:8:relu,dense:1&opt=sgd:1000",
    "adam": "v=1&net=dense:8:relu,dense:1&opt=adam:0.01&reg=elastic_net:0.01:0.01&dtype=float64",
}
HEAVIEST = f"v=1&n=2500&net={','.join(['dense:55:tanh'] * 32)},dense:1&regime=full_batch&dtype=float64"


@pytest.mark.parametrize("most", [1, 3_000, 50_000])
@pytest.mark.parametrize("name", LINKS)
def test_a_film_has_the_same_bits_wherever_it_is_cut(monkeypatch, name, most):
    whole = read_link(LINKS[name]).start().trace(40, every=3).to_bytes()
    monkeypatch.setattr(run, "OPERATIONS", most)
    monkeypatch.setattr(reel, "OPERATIONS", most)
    count, trace = counted_and_given(read_link(LINKS[name]).start().tracing(40, every=3))
    assert trace.to_bytes() == whole
    assert count > 5


def test_steps_have_the_same_bits_wherever_they_are_cut(monkeypatch):
    whole = read_link(LINKS["adam"]).start()
    assert whole.step(2100) == 2100
    monkeypatch.setattr(run, "OPERATIONS", 100_000)
    cut = read_link(LINKS["adam"]).start()
    count, done = counted_and_given(cut.stepping(2100))
    assert (done, count > 200) == (2100, True)
    for name, value in whole.parameters().items():
        np.testing.assert_array_equal(cut.parameters()[name], value)


def test_no_piece_of_the_heaviest_run_is_long():
    """Pieces shall stay below 50 ms; the test leaves room for a machine that does something else besides."""
    heavy = read_link(HEAVIEST).start()
    heavy.trace(1)
    assert engine.cost(heavy.experiment, 1).operations > 4 * pieces.OPERATIONS
    longest, film = 0.0, heavy.tracing(3, every=2)
    while True:
        started = time.thread_time()
        ended = next(film, "end") == "end"
        longest = max(longest, time.thread_time() - started)
        if ended:
            break
    assert longest < 0.05


def counted_and_given(work):
    """(how many pieces, what they gave)."""
    counted = 0
    while True:
        try:
            next(work)
        except StopIteration as end:
            return counted, end.value
        counted += 1


def test_finish_gives_what_the_pieces_give():
    def work():
        yield
        return 7

    assert finish(work()) == 7
