"""Frames in hand, what to ask for next, and the loss curve's memory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stage.conftest import Run

FILM = """
  const chunk = ([from, frames, every, outcome = null, bytes = 100]) => ({from, frames, every, bytes,
    header: {outcome}, fields: new Map()});
  const film = new m.Film(a.maxBytes);
  for (const c of a.chunks) film.add(chunk(c));
"""


def ask(run: Run, body: str, chunks: list[list[Any]], **more: Any) -> Any:
    return run("film.js", FILM + body, {"chunks": chunks, **more})


def test_the_last_frame_at_or_before_a_position_is_shown(run: Run) -> None:
    body = "return [0, 19.9, 20, 25, 100].map((p) => film.frameAt(p).step)"
    assert ask(run, body, [[0, 20, 1], [20, 20, 2]]) == [0, 19, 20, 24, 58]


def test_of_two_chunks_the_finer_frame_wins(run: Run) -> None:
    assert ask(run, "return [137, 141].map((p) => film.frameAt(p).step)", [[100, 10, 10], [120, 20, 1]]) == [137, 140]


def test_nothing_before_the_first_frame(run: Run) -> None:
    assert ask(run, "return film.frameAt(3)", [[20, 5, 1]]) is None


def test_coverage_counts_only_what_is_dense_enough(run: Run) -> None:
    chunks = [[0, 20, 1], [20, 60, 1], [80, 6, 10]]
    assert ask(
        run, "return [film.coverage(0, 1), film.coverage(0, 10), film.coverage(90, 1), film.coverage(300, 1)]", chunks
    ) == [80, 140, 90, 300]


def test_a_gap_ends_coverage(run: Run) -> None:
    assert ask(run, "return film.coverage(0, 1)", [[0, 20, 1], [40, 20, 1]]) == 20


def test_an_edit_cuts_the_film_and_its_end(run: Run) -> None:
    body = "film.cut(a.step); return [film.coverage(0, 1), film.frameAt(99).step, film.end === Infinity, film.outcome]"
    outcome = {"kind": "diverged", "step": 30}
    assert ask(run, body, [[0, 20, 1], [20, 10, 1, outcome]], step=25) == [25, 24, True, None]


def test_a_run_that_ended_is_covered_to_its_last_frame(run: Run) -> None:
    body = "return [film.end, film.coverage(5, 1) === Infinity]"
    assert ask(run, body, [[0, 20, 1], [20, 10, 1, {"kind": "diverged", "step": 30}]]) == [29, True]
    assert ask(run, body, [[0, 20, 1], [20, 0, 1, {"kind": "diverged", "step": 20}]])[0] == 19


def test_far_chunks_go_first_when_memory_is_full(run: Run) -> None:
    body = "film.trim(70); return film.chunks.map((c) => c.from)"
    assert ask(run, body, [[20 * i, 20, 1] for i in range(6)], maxBytes=350) == [40, 60, 80]


def test_the_next_frame_may_be_in_the_next_chunk(run: Run) -> None:
    body = "return [film.after(film.frameAt(18)).step, film.after(film.frameAt(19)).step, film.after(film.frameAt(39))]"
    assert ask(run, body, [[0, 20, 1], [20, 20, 1]]) == [19, 20, None]


@pytest.mark.parametrize(("speed", "every"), [(0.1, 1), (60, 1), (120, 2), (600, 10), (6000, 100)])
def test_fast_film_has_one_frame_for_each_displayed_one(run: Run, speed: float, every: int) -> None:
    assert run("plan.js", "return m.everyFor(a, 60, 120)", speed) == every


def test_big_networks_get_fewer_frames(run: Run) -> None:
    assert run("plan.js", "return a.map(m.frameRate)", [1800, 16000, 39000, 1e6]) == [60, 60, 15, 3]


def test_what_is_small_comes_two_seconds_at_a_time(run: Run) -> None:
    body = "return a.map(([rate, bytes]) => m.wholeFrames(rate, bytes))"
    assert run("plan.js", body, [[60, 1800], [60, 8333], [60, 8334], [30, 8000]]) == [120, 120, 60, 30]


NEXT = """
  const {Film} = await import('/stage/film.js');
  const film = new Film();
  for (const [from, frames, every] of a.chunks) film.add({from, frames, every, bytes: 1,
    header: {outcome: null}, fields: new Map()});
  return m.nextSpan(film, {position: 0, speed: 60, playing: true, rate: 60, whole: 120, ...a.wish});
"""


@pytest.mark.parametrize(
    ("chunks", "wish", "span"),
    [
        ([], {}, (0, 20, 1)),  # a short one first
        ([[0, 20, 1]], {}, (20, 120, 1)),  # then up to the grid of whole chunks
        ([[120, 20, 1]], {"position": 130}, (140, 240, 1)),
        ([[0, 60, 1]], {"position": 30}, (60, 120, 1)),  # less than a second in hand
        ([[0, 180, 1]], {"position": 30}, None),
        ([[0, 30, 1]], {"position": 12, "speed": 30, "rate": 30, "whole": 30}, (30, 60, 1)),
        ([], {"position": 137, "playing": False}, (120, 140, 1)),  # the same chunk for everyone who looks at step 137
        ([[120, 20, 1]], {"position": 137, "playing": False}, None),
        ([[120, 20, 1]], {"position": 137, "speed": 600}, (0, 1200, 10)),
        ([[0, 60, 10]], {"position": 312, "playing": False}, (300, 320, 1)),
        ([[0, 60, 10]], {"position": 312, "speed": 0.5}, (300, 320, 1)),
    ],
)
def test_what_is_asked_for_lies_on_a_grid(run: Run, chunks: list, wish: dict, span: tuple | None) -> None:
    asked = run("plan.js", NEXT, {"chunks": chunks, "wish": wish})
    assert (tuple(asked[key] for key in ("from", "to", "every")) if asked else None) == span


HISTORY = """
  const chunk = ([from, frames, every]) => ({from, frames, every, fields: new Map([['train_loss',
    {data: Float32Array.from({length: frames}, (_, j) => from + j * every)}]])});
  const history = new m.History(a.most);
  for (const c of a.chunks) history.add(chunk(c));
"""


def test_the_loss_curve_keeps_steps_in_order_and_once(run: Run) -> None:
    chunks = [[100, 3, 10], [0, 4, 5], [100, 11, 1], [20, 2, 1]]
    steps, losses = run("history.js", HISTORY + "return [history.steps, history.series.train_loss]", {"chunks": chunks})
    assert steps == sorted(set(steps)) == losses == [0, 5, 10, 15, 20, 21, *range(100, 111), 120]


def test_the_loss_curve_is_cut_and_bounded(run: Run) -> None:
    assert run("history.js", HISTORY + "history.cut(7); return history.steps", {"chunks": [[0, 20, 1]]}) == list(
        range(7)
    )
    length, last = run(
        "history.js",
        HISTORY + "return [history.length, history.last]",
        {"chunks": [[0, 60, 1], [60, 60, 1]], "most": 100},
    )
    assert length < 100
    assert last == 119
