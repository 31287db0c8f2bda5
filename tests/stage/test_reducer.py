"""What a person does with the film, as pure steps from state to state."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stage.conftest import Run

PLAY = "return a.actions.reduce(m.reduce, {...m.INITIAL, link: 'l', ...a.state})"


def after(run: Run, *actions: dict[str, Any], **state: Any) -> dict[str, Any]:
    """State after actions, from the initial one with some fields changed."""
    result: dict[str, Any] = run("reducer.js", PLAY, {"actions": list(actions), "state": state})
    return result


def tick(dt: float, limit: float = 1e9, end: float = 1e9) -> dict[str, Any]:
    return {"type": "tick", "dt": dt, "limit": limit, "end": end}


SIXTY = 9  # place of 60 steps a second among the speeds
HALF = 2  # of 0.5


def test_time_moves_a_playing_film_by_its_speed(run: Run) -> None:
    assert after(run, tick(0.05), playing=True, speed=SIXTY)["position"] == pytest.approx(3)
    assert after(run, tick(0.05), playing=False, speed=SIXTY)["position"] == 0


def test_a_tab_that_slept_does_not_jump(run: Run) -> None:
    assert after(run, tick(30), playing=True, speed=SIXTY)["position"] == pytest.approx(6)


def test_the_film_waits_where_its_frames_end(run: Run) -> None:
    state = after(run, tick(0.1, limit=2.5), playing=True, speed=SIXTY)
    assert (state["position"], state["playing"]) == (2.5, True)


def test_the_film_stops_where_the_run_ended(run: Run) -> None:
    state = after(run, tick(0.1, end=4), playing=True, speed=SIXTY)
    assert (state["position"], state["playing"]) == (4, False)


def test_a_fast_film_pauses_on_the_shown_step_and_a_slow_one_where_it_is(run: Run) -> None:
    pause = {"type": "pause", "shown": 12}
    assert after(run, pause, playing=True, speed=SIXTY, position=13.7)["position"] == 12
    assert after(run, pause, playing=True, speed=HALF, position=12.3)["position"] == 12.3


def test_one_step_glides_and_asked_again_arrives_at_once(run: Run) -> None:
    step = {"type": "step", "shown": 5}
    once = after(run, step, position=5)
    assert (once["position"], once["goal"]["position"], once["playing"]) == (5, 6, False)
    twice = after(run, step, step, position=5)
    assert (twice["position"], twice["goal"]["position"]) == (6, 7)


def test_a_glide_ends_exactly_at_its_goal(run: Run) -> None:
    state = after(run, {"type": "phase", "shown": 5}, *[tick(0.1)] * 20, position=5)
    assert (state["position"], state["goal"]) == (pytest.approx(5.4), None)


def test_reduced_motion_jumps_instead_of_gliding_and_never_starts_by_itself(run: Run) -> None:
    state = after(run, {"type": "step", "shown": 5}, position=5, calm=True)
    assert (state["position"], state["goal"]) == (6, None)
    assert (
        after(run, {"type": "open", "link": "x", "edits": [], "step": 0, "intro": True}, calm=True)["playing"] is False
    )


def test_the_opening_shifts_up_by_itself_until_someone_takes_the_lever(run: Run) -> None:
    begin = {"type": "open", "link": "x", "edits": [], "step": 0, "intro": True}
    assert after(run, begin)["playing"] is True
    speeds = [after(run, begin, *[tick(0.1)] * count)["speed"] for count in (1, 22, 45)]
    assert speeds == sorted(set(speeds))
    taken = after(run, begin, {"type": "speed", "index": HALF}, *[tick(0.1)] * 60)
    assert (taken["speed"], taken["intro"]) == (HALF, None)


def test_a_link_with_a_step_opens_standing_there(run: Run) -> None:
    state = after(
        run, {"type": "open", "link": "x", "edits": [[3, "learning_rate", "0.3"]], "step": 137, "intro": True}
    )
    assert (state["position"], state["playing"], state["edits"]) == (137, False, [[3, "learning_rate", "0.3"]])


def test_an_edit_is_made_at_the_shown_step_and_drops_later_ones(run: Run) -> None:
    edit = {"type": "edit", "key": "learning_rate", "value": "0.1", "shown": 40}
    state = after(
        run,
        edit,
        playing=True,
        speed=SIXTY,
        position=41.3,
        edits=[[10, "optimiser", "adam"], [90, "learning_rate", "1"]],
    )
    assert state["edits"] == [[10, "optimiser", "adam"], [40, "learning_rate", "0.1"]]
    assert (state["position"], state["playing"]) == (40, True)


def test_what_was_seen_is_remembered_until_another_future_begins(run: Run) -> None:
    seek = {"type": "seek", "step": 10}
    assert after(run, {"type": "seek", "step": 50}, seek)["furthest"] == 50
    edit = {"type": "edit", "key": "learning_rate", "value": "0.1", "shown": 10}
    assert after(run, {"type": "seek", "step": 50}, seek, edit)["furthest"] == 10


def test_selecting_twice_clears(run: Run) -> None:
    select = {"type": "select", "id": "u1.0"}
    assert after(run, select)["selected"] == "u1.0"
    assert after(run, select, select)["selected"] is None


def test_reducing_does_not_change_the_old_state(run: Run) -> None:
    body = """
      const s = Object.freeze({...m.INITIAL, playing: true});
      m.reduce(s, {type: 'tick', dt: 1, limit: 9, end: 9});
      return s.position"""
    assert run("reducer.js", body) == 0


def test_an_unknown_action_is_refused(run: Run) -> None:
    body = "try { m.reduce(m.INITIAL, {type: 'fly'}) } catch (e) { return e.message }"
    assert run("reducer.js", body) == "invalid action: fly"
