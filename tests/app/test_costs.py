"""What may be asked is known beforehand: whatever the page accepts, the film's route can answer."""

from __future__ import annotations

import pytest

import engine
from app import costs
from app.costs import TooMuch, check_experiment, frame, most_steps
from app.session import Session
from app.sharing import read_link
from app.sharing_specs import LinkError
from app.state import Hidden, Settings
from app.traces import check_cost

DEEP = f"net={','.join(['dense:55:tanh'] * 32)},dense:1"
LINKS = {
    "usual": "v=1",
    "deep": f"v=1&n=4000&{DEEP}&regime=full_batch",
    "deep in doubles": f"v=1&n=2000&{DEEP}&regime=full_batch&dtype=float64",
    "wide": "v=1&n=4000&net=dense:223:tanh,dense:400:tanh,dense:1&regime=full_batch&dtype=float64",
    "stochastic": f"v=1&n=4000&{DEEP}&regime=stochastic",
}
RATES = (60, 30, 15, 6, 3)  # app/static/stage/plan.js


@pytest.mark.parametrize("name", LINKS)
def test_what_the_stage_asks_for_is_never_too_much(name):
    experiment = read_link(LINKS[name])
    check_experiment(experiment)
    told = frame(experiment)
    fitting = (rate for rate in RATES if rate * told["bytes"] <= 1e6 and rate * told["operations"] <= 2.5e9)
    rate = next(fitting, RATES[-1])
    every = max(1, told["steps"] // rate)
    for step in (0, most_steps(experiment)):
        check_cost(engine.cost(experiment, step, rate))
    check_cost(engine.cost(experiment, rate * every, rate))


@pytest.mark.parametrize(
    ("limit", "lower"), [("MOST_MEMORY", "batch"), ("MOST_OPERATIONS", "batch"), ("MOST_BYTES", "neurons")]
)
def test_every_limit_says_what_to_lower(monkeypatch, limit, lower):
    monkeypatch.setattr(costs, limit, 1000)
    with pytest.raises(TooMuch, match="accepted is at most") as caught:
        check_experiment(read_link("v=1"))
    assert caught.value.lower == lower


@pytest.mark.parametrize(
    ("changes", "lower"),
    [
        ({"layers": (Hidden(512), Hidden(512))}, "neurons"),
        ({"layers": (Hidden(223), Hidden(400)), "n": 5000}, "points"),
        ({"layers": (Hidden(512), Hidden(2)) * 8, "n": 5000, "regime": "full_batch", "dtype": "float64"}, "batch"),
    ],
)
def test_a_choice_that_is_too_much_says_what_to_lower_and_changes_nothing(changes, lower):
    session = Session.of(Settings())
    with pytest.raises(TooMuch) as caught:
        session.change(**changes)
    assert caught.value.lower == lower


def test_a_link_that_is_too_much_is_refused_or_opens_with_less():
    link = "v=1&data=alice&regime=full_batch"
    with pytest.raises(LinkError, match="regime is 'full_batch'; accepted is what takes at most") as caught:
        read_link(link)
    assert caught.value.key == "regime"
    session, problems = Session.opened(link)
    assert [problem.key for problem in problems] == ["regime"]
    check_experiment(session.start)
    session.change(seed=1)


def test_a_link_to_a_step_too_far_away_begins_at_the_beginning():
    far = most_steps(read_link(LINKS["deep"])) + 1
    session, problems = Session.opened(f"{LINKS['deep']}&step={far}")
    assert (session.step, [problem.key for problem in problems]) == (0, ["step"])
    session, problems = Session.opened(f"{LINKS['deep']}&step={far - 1}")
    assert (session.step, problems) == (far - 1, [])
