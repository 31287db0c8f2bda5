"""From a position in time to step, phase and progress."""

import pytest

from tests.stage.conftest import Run


@pytest.mark.parametrize(("position", "phase"), [(3.1, "forward"), (3.45, "loss"), (3.7, "backward"), (3.9, "update")])
def test_phases_follow_one_another_within_a_step(run: Run, position: float, phase: str) -> None:
    moment = run("timeline.js", "return m.momentAt(a, 1, true)", position)
    assert (moment["step"], moment["phase"], moment["slow"]) == (3, phase, 1)
    assert 0 < moment["progress"] < 1


def test_a_film_that_stands_at_a_whole_step_rests(run: Run) -> None:
    assert run("timeline.js", "return m.momentAt(7, 1, false)")["phase"] == "rest"
    assert run("timeline.js", "return m.momentAt(7, 1, true)")["phase"] == "forward"


def test_phases_melt_between_four_and_eight_steps_a_second(run: Run) -> None:
    slow = run("timeline.js", "return a.map(m.slowness)", [0.1, 4, 6, 8, 6000])
    assert slow == [1, 1, 0.5, 0, 0]


def test_one_phase_after_another_walks_through_whole_steps(run: Run) -> None:
    walk = run(
        "timeline.js", "const out = [0]; for (let i = 0; i < 8; i++) out.push(m.nextPhaseEnd(out.at(-1))); return out"
    )
    assert walk == pytest.approx([0, 0.4, 0.52, 0.82, 1, 1.4, 1.52, 1.82, 2])


def test_the_end_of_a_phase_still_belongs_to_it(run: Run) -> None:
    moment = run("timeline.js", "return m.momentAt(m.nextPhaseEnd(5), 1, false)")
    assert (moment["phase"], moment["progress"]) == ("forward", pytest.approx(1))


def test_one_step_back_goes_to_the_start_of_a_told_step_first(run: Run) -> None:
    assert run("timeline.js", "return a.map(m.previousStep)", [0, 0.3, 1, 4.5, 5]) == [0, 0, 0, 4, 4]
    assert run("timeline.js", "return a.map(m.nextStep)", [0, 0.3, 1, 4.5]) == [1, 1, 2, 5]


def test_an_edit_acts_on_this_step_until_its_update_is_told(run: Run) -> None:
    assert run("timeline.js", "return a.map(m.editStep)", [5, 5.5, 5.81, 5.9]) == [5, 5, 5, 6]


def test_speeds_are_whole_frames_above_sixty(run: Run) -> None:
    speeds = run("timeline.js", "return m.SPEEDS")
    assert speeds == sorted(speeds)
    assert speeds[0] == 0.1
    assert all(speed % 60 == 0 for speed in speeds if speed > 60)


def test_layers_take_turns_within_a_phase(run: Run) -> None:
    assert run("timeline.js", "return a.map((p) => m.turnProgress(p, 1, 4))", [0, 0.25, 0.375, 0.5, 1]) == [
        0,
        0,
        0.5,
        1,
        1,
    ]
