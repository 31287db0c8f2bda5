"""Live choices become edits of the stage; everything else begins a new run."""

from __future__ import annotations

import pickle

import pytest

from app.presets import PRESETS, lesson
from app.problem import problem
from app.session import Session
from app.sharing import read_link
from app.state import Hidden, Settings
from engine.datasets import load
from engine.errors import ConfigurationError


@pytest.fixture
def session() -> Session:
    return Session.of(Settings())


def test_a_new_learning_rate_leaves_link_and_optimiser_alone(session):
    changed = session.change(learning_rate=0.3)
    assert changed.link == session.link
    assert changed.live == session.live | {"learning_rate": 0.3}


def test_a_live_choice_is_the_edit_that_the_stage_makes_of_it():
    session, _ = Session.opened("v=1&edits=20.learning_rate.0.1_60.learning_rate.1_90.regulariser.l2&step=60")
    changed = session.change(learning_rate=0.3)
    assert changed.edit_texts == [[20, "learning_rate", "0.1"], [60, "learning_rate", "0.3"]]
    changed = changed.standing(changed.link, changed.edit_texts, 70).change(regulariser="l1")
    assert changed.edit_texts[2:] == [[70, "regulariser", changed.live["regulariser"]]]
    assert changed.change(noise=0.2).edit_texts == []


def test_another_optimiser_is_told_with_the_present_rate(session):
    changed = session.change(learning_rate=0.3).change(optimiser="momentum", momentum=0.8)
    assert changed.link == session.link
    assert changed.live["optimiser"] == "momentum:0.3:0.8"
    slower = changed.change(learning_rate=0.1)
    assert slower.live["optimiser"] == "momentum:0.3:0.8"
    assert slower.change(regulariser="l1").live["optimiser"] == "momentum:0.3:0.8"


def test_regularisation_is_live(session):
    changed = session.change(regulariser="l2", regularisation_rate=0.01)
    assert changed.link == session.link
    assert (session.live["regulariser"], changed.live["regulariser"]) == ("none", "l2:0.01")


def test_what_the_stage_shows_besides_does_not_begin_a_run(session):
    assert session.change(show_test=True, discretise=True).link == session.link


@pytest.mark.parametrize(
    "link", ["v=1", "v=1&opt=adam:0.01:0.8,0.99&reg=elastic_net:0.01:0.02", "v=1&data=sine&net=dense:3,dense:1"]
)
@pytest.mark.parametrize(
    "changes",
    [
        {"learning_rate": 0.3}, {"optimiser": "adam"}, {"regulariser": "l2"}, {"regulariser": "none"},
        {"schedule": "cosine"}, {"optimiser": "momentum", "momentum": 0.5, "learning_rate": 1.0},
    ],
)  # fmt: skip
def test_live_choices_make_the_experiment_that_all_choices_make(link, changes):
    opened = Session.opened(link)[0]
    settings = opened.settings.change(**changes)
    assert settings.running(opened.start) == settings.to_experiment()


@pytest.mark.parametrize(
    "changes", [{"dataset": "xor"}, {"noise": 0.2}, {"layers": (Hidden(3),)}, {"regime": "full_batch"}, {"seed": 4}]
)
def test_any_other_change_begins_a_run_with_the_live_choices_of_now(session, changes):
    changed = session.change(learning_rate=0.3).change(**changes)
    assert changed.link != session.link
    assert read_link(changed.link).optimiser.learning_rate == 0.3
    assert changed.edits == ()


@pytest.mark.parametrize("optimiser", ["adam", "momentum", "sgd"])
def test_a_link_tells_what_the_session_told_that_lived_through_its_edits(session, optimiser):
    """So a stage that outlives its server finds nothing new to make an edit of."""
    lived = Session.of(session.settings.change(optimiser=optimiser))
    start, edits = lived.link, []
    changes = [{"learning_rate": 0.3}, {"regulariser": "l1"}, {"optimiser": "nesterov"}, {"learning_rate": 1.0}]
    for step, change in enumerate(changes):
        before, lived = lived.live, lived.change(**change)
        edits += [f"{step}.{key}.{value}" for key, value in lived.live.items() if value != before[key]]
        opened, problems = Session.opened(f"{start}&edits={'_'.join(edits)}&step={step}")
        assert not problems
        assert (opened.live, opened.settings) == (lived.live, lived.settings)


def test_a_link_opens_with_its_edits_and_shows_what_is_live_at_its_step():
    session, problems = Session.opened(
        "data=xor&edits=100.learning_rate.0.3_137.optimiser.adam:0.01_300.learning_rate.1&step=200&test=true"
    )
    assert not problems
    assert (session.link, session.step) == ("v=1&data=xor", 200)
    assert session.edit_texts == [
        [100, "learning_rate", "0.3"],
        [137, "optimiser", "adam:0.01"],
        [300, "learning_rate", "1"],
    ]
    assert (session.settings.optimiser, session.settings.learning_rate) == ("adam", 0.01)
    assert session.settings.show_test


def test_an_opened_links_edits_go_with_its_run():
    session, _ = Session.opened("edits=100.learning_rate.0.3&step=200")
    assert session.change(optimiser="adam").edits[:-1] == session.edits
    assert session.change(noise=0.1).change(noise=0.0).edits == ()


def test_bad_keys_are_told_and_their_defaults_used():
    session, problems = Session.opened("data=xor&noise=loud&nose=1")
    assert session.link == "v=1&data=xor"
    assert {problem.key for problem in problems} == {"noise", "nose"}


def test_a_playground_link_opens_its_experiment():
    session, problems = Session.opened(
        "https://playground.tensorflow.org/#activation=relu&dataset=xor&networkShape=3&seed=0.5"
    )
    assert not problems
    assert session.settings.dataset == "xor"
    assert session.start.seed == "0.5"


def test_what_does_not_fit_changes_nothing(session):
    with pytest.raises(ConfigurationError, match="loss"):
        session.change(task="regression").change(loss="hinge")


@pytest.mark.parametrize("name", PRESETS)
def test_a_lesson_is_an_experiment_with_a_link(name):
    session = Session.of(lesson(name))
    assert read_link(session.link) == session.start


@pytest.mark.parametrize(
    ("name", "options", "width"),
    [("circle", {}, 3), ("blobs", {"classes": 4}, 3), ("bumps", {}, 3), ("sine", {}, 2), ("iris", {}, None)],
)
def test_the_stage_gets_points_where_there_is_a_picture(name, options, width):
    told = problem(load(name, **options))
    if width is None:
        assert told["train"] is None
    else:
        assert all(len(row) == width for row in told["train"] + told["test"])
    assert told["train_size"] == len(load(name, **options).x_train)
    assert (told["features"] is None) == (name in ("sine", "iris"))


@pytest.mark.parametrize("link", [
    "v=1&net=dense:6:tanh,batch_norm,dense:1&opt=adam:0.02",
    "v=1&data=alice&characters=3000",
    "v=1&data=digits&as_images=true&net=conv2d:4:3::same::relu,max_pool2d:2,flatten,dense:10",
    "v=1&data=memory&n=100&length=8&net=embedding:6:4,lstm:5,dense:1",
    "v=1&data=sunspots&net=simple_rnn:6,dense:1",
    "v=1&data=reverse&n=200&length=5&net=embedding:10:8,positional_encoding,transformer_block:2,dense:10",
])  # fmt: skip
def test_networks_of_every_family_open(link):
    session, problems = Session.opened(f"{link}&edits=4.learning_rate.0.5&step=9")
    assert problems == []
    assert (session.link, session.step, session.settings.learning_rate) == (link, 9, 0.5)
    assert session.settings.own_layers == tuple(session.start.network.layers)
    faster = session.change(optimiser="momentum")
    assert (faster.link, faster.live["optimiser"].split(":")[0]) == (session.link, "momentum")
    anew = session.change(batch_size=7)
    assert anew.start.network == session.start.network
    assert anew.start.regime.size == 7


def test_other_data_bring_layers_that_fit():
    pictures = Session.of(lesson("digits_pictures"))
    assert pictures.change(dataset="iris").settings.own_layers is None
    words = pictures.change(dataset="sentiment").start.network
    assert [layer.name for layer in words.layers] == ["embedding", "gru", "dense"]


@pytest.mark.parametrize(
    "link",
    [
        "v=1",
        "v=1&data=spirals&n=5000",
        "v=1&data=digits&net=dense:64:relu,dense:10",
        f"v=1&net={'dense:32,' * 31}dense:1",
    ],
)
def test_a_session_holds_less_than_a_megabyte(link):
    """Settings, links and the experiment; data are of the catalogue and shared, and count here all the same."""
    assert len(pickle.dumps(Session.opened(link)[0])) < 2**20


def test_a_session_stands_where_its_stage_says():
    session, _ = Session.opened("data=xor&edits=100.learning_rate.0.3&step=120")
    edits = [[100, "learning_rate", "0.3"], [137, "optimiser", "adam:0.01"]]
    stood = session.standing(session.link, edits, 150)
    assert (stood.edit_texts, stood.step) == (edits, 150)
    assert stood.edits == Session.opened(f"{session.link}&edits={_said(edits)}")[0].edits
    moved = stood.standing(session.link, edits, 151)
    assert (moved.edits, moved.step) == (stood.edits, 151)
    assert moved.standing(session.link, edits, 151) is moved


@pytest.mark.parametrize(
    ("edits", "step"),
    [([[1, "learning_rate", "fast"]], 5), ([[1, "no", "1"]], 5), ([[1, "learning_rate", "1"]] * 400, 5), ([], -1)],
)
def test_a_session_stays_where_what_a_stage_says_is_no_good(session, edits, step):
    assert session.standing(session.link, edits, step) is session
    assert session.standing("v=1&data=moons", [], 7) is session


def _said(edits):
    return "_".join(".".join(map(str, edit)) for edit in edits)
