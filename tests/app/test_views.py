"""The page's script, without a browser: every language, every lesson, and what the widgets do to the session."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import controls, i18n
from app.bootstrap import ROOT
from app.presets import PRESETS
from app.session import Session
from app.state import CHOICE

Run = Callable[..., AppTest]


@pytest.fixture
def open_app() -> Run:
    """A function that runs the page with a query."""

    def run(**query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=30)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return app

    return run


def session(app: AppTest) -> Session:
    """What the visitor looks at."""
    found: Session = app.session_state["session"]
    return found


def widgets(app: AppTest) -> dict[str, Any]:
    """Every widget with a key, by it."""
    families = ("selectbox", "select_slider", "number_input", "toggle", "text_input", "button_group")
    return {found.key: found for family in families for found in app.get(family) if found.key}


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_page_speaks_the_language_of_the_link(open_app: Run, language: str):
    app = open_app(lang=language)
    t = i18n.translator(language)
    assert app.title[0].value == t("page.title")
    labels = {found.label for found in widgets(app).values()}
    assert t("controls.noise.label") in labels
    assert t("controls.learning_rate.label") in labels


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("name", PRESETS)
def test_every_lesson_opens_with_its_sentence(open_app: Run, name: str, language: str):
    app = open_app(lang=language)
    app.selectbox(key="lesson").select(name).run()
    assert not app.exception
    assert i18n.translator(language)(f"presets.{name}.look") in {caption.value for caption in app.caption}
    for choice, value in PRESETS[name].items():
        assert getattr(session(app).settings, choice) == value


@pytest.mark.parametrize("name", PRESETS)
def test_every_fine_point_can_be_shown(open_app: Run, name: str):
    app = open_app()
    app.selectbox(key="lesson").select(name).run()
    app.session_state["fine"] = True
    app.run()
    assert not app.exception
    assert app.selectbox(key="choice.loss").value == session(app).settings.loss


def test_a_new_learning_rate_keeps_the_run(open_app: Run):
    app = open_app()
    link = session(app).link
    app.select_slider(key="choice.learning_rate").set_value(0.3).run()
    assert session(app).link == link
    assert session(app).live["learning_rate"] == 0.3


GROUP = {  # of the page as it opens
    "data": {
        "choice.task",
        "choice.dataset",
        "choice.noise",
        "choice.train_fraction",
        "choice.features",
        "choice.seed",
    },
    "network": {"layers.count", "choice.activation", "layers.0.units", "layers.1.units", "layers.mixed"},
    "learning": {"choice.regime", "choice.batch_size"},
    "show": {"choice.show_test", "choice.discretise"},
    "live": {"choice.learning_rate", "choice.optimiser", "choice.regulariser"},
}


@pytest.mark.parametrize(
    ("kind", "key", "value", "drawn"),
    [
        ("select_slider", "choice.learning_rate", 0.3, set()),
        ("select_slider", "choice.noise", 0.1, set()),
        ("toggle", "choice.show_test", True, set()),
        ("selectbox", "choice.regime", "full_batch", {"choice.regime"}),
        ("number_input", "layers.0.units", 3, GROUP["network"]),
        ("number_input", "layers.count", 1, {"layers.count", "choice.activation", "layers.0.units"}),
        ("toggle", "layers.mixed", True, GROUP["network"] | {"layers.0.activation", "layers.1.activation"}),
        ("text_input", "choice.seed", "7", set()),
    ],
)
def test_only_what_shows_something_else_is_drawn_anew(open_app: Run, kind: str, key: str, value: Any, drawn: set[str]):
    app = open_app()
    app.session_state["drawn"] = {}  # long ago
    getattr(app, kind)(key=key).set_value(value).run()
    assert not app.exception
    assert set(widgets(app)) == drawn


@pytest.mark.parametrize(
    ("kind", "key", "value", "group"),
    [
        ("select_slider", "choice.learning_rate", 0.3, "live"),
        ("select_slider", "choice.noise", 0.1, "data"),
        ("toggle", "choice.show_test", True, "show"),
        ("text_input", "choice.seed", "7", "data"),
    ],
)
def test_what_may_still_be_on_its_way_is_drawn_again(open_app: Run, kind: str, key: str, value: Any, group: str):
    """Streamlit throws away what it has not yet sent of a fragment as soon as one of the fragment's widgets is used."""
    app = open_app()
    getattr(app, kind)(key=key).set_value(value).run()
    assert not app.exception
    assert set(widgets(app)) == GROUP[group]


def test_what_was_said_goes_with_the_next_choice(open_app: Run):
    app = open_app(noise="loud")
    assert app.warning
    app.toggle(key="choice.show_test").set_value(True).run()
    assert "choice.learning_rate" in widgets(app), "the band is drawn anew, above which it was said"
    assert not app.warning
    app.run()
    app.toggle(key="choice.show_test").set_value(False).run()
    assert set(widgets(app)) == GROUP["show"]


def test_every_choice_with_a_widget_is_drawn_by_a_group():
    drawn = {name for names in controls.GROUPS.values() for name in names}
    assert set(CHOICE) - drawn - set(controls.EVERYWHERE) == {"rows", "bias", "prune", "carry"}  # links alone say these


def test_another_dataset_begins_a_run_and_shows_its_own_choices(open_app: Run):
    app = open_app()
    app.selectbox(key="choice.dataset").select("blobs").run()
    assert session(app).settings.loss == "categorical_cross_entropy"
    app.number_input(key="choice.classes").set_value(5).run()
    assert session(app).start.network.output_shape == (5,)


def test_a_regression_offers_its_own_data(open_app: Run):
    app = open_app()
    next(found for found in app.get("button_group") if found.key == "choice.task").set_value("regression").run()
    assert session(app).settings.task == "regression"
    menu = next(found for name, found in widgets(app).items() if name.startswith("choice.dataset"))
    assert "Sine" in menu.options
    assert "XOR" not in menu.options


def test_what_the_browser_sends_before_it_has_heard_of_a_lesson_changes_nothing(open_app: Run):
    app = open_app()
    late = app._tree.get_widget_states()  # what an event carries that was on its way
    app.selectbox(key="lesson").select("overfitting").run()
    chosen = session(app).settings
    late.widgets.remove(next(state for state in late.widgets if "lesson" in state.id))
    app._run(late)
    assert session(app).settings == chosen


def test_what_is_shown_besides_is_kept_in_the_address(open_app: Run):
    app = open_app(test="true", lang="en")
    app.toggle(key="choice.discretise").set_value(True).run()
    assert (app.query_params["test"], app.query_params["discrete"]) == ("true", "true")
    app.run()  # the run before drew the stage and nothing else
    app.toggle(key="choice.show_test").set_value(False).run()
    assert "test" not in app.query_params
    app.run()
    app.selectbox(key="lesson").select("overfitting").run()
    assert app.query_params["test"] == "true"
    assert "discrete" not in app.query_params


def test_hidden_layers_grow_and_shrink(open_app: Run):
    app = open_app()
    app.number_input(key="layers.count").set_value(3).run()
    assert [layer.units for layer in session(app).settings.layers] == [4, 2, 2]
    app.number_input(key="layers.1.units").set_value(7).run()
    assert [layer.units for layer in session(app).settings.layers] == [4, 7, 2]
    app.number_input(key="layers.count").set_value(0).run()
    assert session(app).settings.layers == ()
    assert i18n.translator("en")("controls.layers.none") in {caption.value for caption in app.caption}


def test_each_layer_may_have_its_own_activation(open_app: Run):
    app = open_app()
    app.toggle(key="layers.mixed").set_value(True).run()
    app.selectbox(key="layers.1.activation").select("relu").run()
    assert [layer.activation for layer in session(app).settings.layers] == [None, "relu"]
    app.toggle(key="layers.mixed").set_value(False).run()
    assert [layer.activation for layer in session(app).settings.layers] == [None, None]


def test_a_new_draw_takes_another_seed_of_the_same_kind(open_app: Run):
    app = open_app()
    draw = next(button for button in app.button if button.label == i18n.translator("en")("controls.new_seed.label"))
    draw.click().run()
    assert session(app).start.seed == 1
    app = open_app(seed="0.59704")
    assert session(app).start.seed == "0.59704"
    draw = next(button for button in app.button if button.label == i18n.translator("en")("controls.new_seed.label"))
    draw.click().run()
    assert isinstance(session(app).start.seed, str)
    assert session(app).start.seed != "0.59704"


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_a_bad_key_is_told_in_words_and_cannot_speak_markdown(open_app: Run, language: str):
    app = open_app(lang=language, data="xor", noise="**lo[u](d)**")
    words = app.warning[0].value
    assert "**noise**" in words
    assert "**lo" not in words
    assert i18n.translator(language)("accepts.number", low="0", high="0\\.8").split("{")[0] in words
    app.run()
    assert not app.warning, "said once"


def test_what_does_not_fit_is_told_and_changes_nothing(open_app: Run):
    app = open_app()
    before = session(app)
    app.text_input(key="choice.seed").set_value("not\tprintable").run()
    assert not app.exception
    assert session(app) == before
    assert app.warning
    assert len(widgets(app)) > 12, "the whole page is drawn: what was refused is shown no longer"


def test_a_links_hidden_controls_are_not_shown(open_app: Run):
    app = open_app(hide="noise,optimiser")
    assert {"choice.noise", "choice.optimiser"}.isdisjoint(widgets(app))
    assert "choice.dataset" in widgets(app)


def test_a_failing_page_apologises_and_tells_the_log(caplog: pytest.LogCaptureFixture):
    def script() -> None:
        from app import page

        assert page.apologise(ValueError("a secret path"))

    app = AppTest.from_function(script).run()
    assert app.error[0].value == i18n.translator("en")("error.unexpected")
    assert "a secret path" in caplog.text


def test_what_the_stage_is_told_is_plain_and_complete(open_app: Run):
    from app.views.playground import stage_data, words_of

    app = open_app(edits="10.learning_rate.0.3", step="20", test="true", lang="pt")
    told = json.loads(json.dumps(stage_data(i18n.translator("pt"), session(app)))) | json.loads(words_of("pt"))
    assert told["link"] == "v=1"
    assert told["edits"] == [[10, "learning_rate", "0.3"]]
    assert told["step"] == 20
    assert told["options"] == {"show_test": True, "discretise": False, "hidden": []}
    assert told["locale"] == "pt-BR"
    assert set(told["words"]) == set(i18n.translator("en").table("stage"))


def test_a_rerun_of_the_whole_page_is_light(open_app: Run):
    """About 15 ms of processor time on a quiet machine; a chart or a table too many costs a hundred."""
    app = open_app()
    slider = app.select_slider(key="choice.learning_rate")
    costs = []
    for rate in (0.1, 0.3, 0.03) * 5:
        begin = time.process_time()
        slider.set_value(rate).run()
        costs.append(time.process_time() - begin)
    print(f"{1000 * sorted(costs)[7]:.1f} ms of processor time")
    assert sorted(costs)[7] < 0.060


def test_the_first_page_does_without_pandas():
    """They cost 1.5 s and 100 MB at the first visit."""
    script = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        "app = AppTest.from_file('app/main.py', default_timeout=60).run(); assert not app.exception; "
        "print({'pandas', 'pyarrow', 'altair'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
