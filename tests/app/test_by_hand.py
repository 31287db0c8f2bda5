"""The page "one step by hand", without a browser: the walk, the panels, the link."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import i18n, lessons
from app.bootstrap import ROOT
from app.workings import TABS
from app.worksheet import Worksheet, opened

Open = Callable[..., AppTest]
SCRIPT = """
import streamlit as st
from app import i18n, page
from app.views import by_hand
by_hand.render(i18n.translator(page.language()))
"""


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """A function that runs the page with a query."""
    monkeypatch.chdir(ROOT)

    def run(**query: str) -> AppTest:
        app = AppTest.from_string(SCRIPT, default_timeout=60)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return app

    return run


def sheet(app: AppTest) -> Worksheet:
    found: Worksheet = app.session_state["sheet"]
    return found


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=f"sheet.{key}").click().run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    """The equation of the card."""
    return str(app.latex[0].value)


def html(app: AppTest) -> str:
    return "".join(str(found.proto.body) for found in app.get("html"))


def tab(app: AppTest, name: str) -> AppTest:
    app.session_state["sheet.tab"] = i18n.translator("en")(f"by_hand.tab.{name}")
    app.run()
    assert not app.exception
    return app


def test_the_first_visit_begins_with_the_first_sum_of_the_worked_example(open_page: Open):
    app = open_page()
    assert "0.15 \\cdot 0.05 + 0.2 \\cdot 0.1 + 0.35" in shown(app)
    assert app.query_params["lesson"] == "mazur"


def test_forwards_and_backwards_by_operation_layer_and_phase(open_page: Open):
    app = press(open_page(), "on.operation")
    assert sheet(app).at == "dense_1.activation[0]"
    assert sheet(press(app, "on.layer")).at == "dense_2.pre_activation[0]"
    assert sheet(press(app, "on.phase")).at == "loss.term[0]"
    assert sheet(press(app, "back.operation")).at == "dense_2.activation[1]"
    assert sheet(press(app, "back.layer")).at == "dense_2.pre_activation[0]"
    assert sheet(press(app, "back.phase")).at == "dense_1.pre_activation[0]"
    assert app.button(key="sheet.back.operation").disabled


@pytest.mark.parametrize("name", lessons.LESSONS)
def test_the_whole_walk_of_every_lesson_tells_every_operation_once(open_page: Open, name: str):
    operations = opened(Worksheet(name)).derivation(0).operations
    app = open_page(lesson=name, at=operations[-2].id)
    assert sheet(press(app, "on.operation")).at == operations[-1].id
    press(app, "next_step")
    assert (sheet(app).step, sheet(app).at) == (1, "")


def test_a_link_opens_at_its_operation(open_page: Open):
    app = open_page(lesson="mazur", at="loss")
    assert "L &= l_{1} + l_{2}" in shown(app)
    assert app.query_params["at"] == "loss"


def test_nine_digits_show_mazurs_total(open_page: Open):
    app = open_page(lesson="mazur", at="loss")
    app.selectbox(key="sheet.digits").select(9).run()
    assert "0.298371109" in shown(app)
    app = open_page(lesson="mazur", at="dense_1.weight.update(0,0)")
    app.selectbox(key="sheet.digits").select(9).run()
    assert "0.149780716" in shown(app)


@pytest.mark.parametrize("name", lessons.LESSONS)
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_panel_of_every_lesson_can_be_shown(open_page: Open, name: str, language: str):
    app = open_page(lesson=name, lang=language)
    for panel in TABS:
        app.session_state["sheet.tab"] = i18n.translator(language)(f"by_hand.tab.{panel}")
        app.run()
        assert not app.exception
        assert not app.error


def test_the_paths_add_up_to_the_gradient(open_page: Open):
    app = tab(open_page(lesson="mazur", weight="dense_1.weight:0"), "weight")
    assert "0.000668396 - 0.000229828 \\approx 0.000438568" in app.latex[1].value
    labels = app.radio(key="sheet.path").options
    assert [label.split(":")[0] for label in labels] == ["0.000668396", "-0.000229828"]


def test_why_a_weight_moves_is_split_by_cause(open_page: Open):
    app = tab(open_page(lesson="adam"), "weight")
    text = html(app)
    for words in ("gradient of example 1", "gradient of example 2", "weight decay", "All together"):
        assert words in text


def test_a_wiggle_measures_the_gradient(open_page: Open):
    app = tab(open_page(lesson="mazur"), "wiggle")
    app.select_slider(key="sheet.wiggle.amount").set_value(0.001).run()
    measured = next(found.value for found in app.latex if "measured" in found.value)
    assert measured.count("0.000438568") == 2


def test_a_number_changed_by_hand_moves_everything(open_page: Open):
    app = tab(open_page(lesson="mazur"), "numbers")
    app.number_input(key="sheet.field.dense_1.weight.0").set_value(0.5).run()
    assert "0.5 \\cdot 0.05" in shown(app)
    assert app.query_params["change"] == "0:dense_1.weight:0:0.5"
    app.selectbox(key="sheet.edit").select("x").run()
    app.number_input(key="sheet.field.x.0").set_value(1.5).run()
    assert "0.5 \\cdot 1.5" in shown(app)
    undo = next(button for button in app.button if "(2)" in button.label)
    undo.click().run()
    assert "0.15 \\cdot 0.05" in shown(app)
    assert "change" not in app.query_params


def test_another_example_and_another_network(open_page: Open):
    app = open_page(lesson="xor")
    app.number_input(key="hand.row").set_value(3).run()
    assert sheet(app).row == 2
    app.selectbox(key="hand.lesson").select("neuron").run()
    assert sheet(app) == Worksheet("neuron")
    app.selectbox(key="hand.lesson").select("own").run()
    assert not app.exception
    assert sheet(app).lesson is None


def test_a_bad_link_is_told_and_the_page_is_there(open_page: Open):
    app = open_page(lesson="mazur", row="7", change="0:x:0:nan")
    assert len(app.warning) == 2
    assert "\\begin{aligned}" in shown(app)


def test_markup_in_a_link_stays_text(open_page: Open):
    app = open_page(lesson="<b>x</b>", at="<i>")
    assert "<b>" not in html(app)


def test_the_board_outlines_the_window_that_is_looked_at(open_page: Open):
    app = open_page(lesson="convolution", at="conv2d_1.pre_activation(0,1,1)")
    text = html(app)
    assert text.count('class="used"') == 4 + 4 + 1, "pixels, kernel, bias"
    assert text.count('class="made"') == 1


def test_a_large_network_stays_light(open_page: Open):
    """Neither its film nor its two thousand operations go along with every operation."""
    app = open_page(v="1", net="dense:200:tanh,dense:200:tanh,dense:1", at="dense_3.pre_activation(0)")
    assert len(html(app)) < 150_000
    assert 'class="board"' in html(app)
    assert html(app).count("<tr") < 400
    assert "underbrace" in shown(app)


def test_the_playground_takes_its_own_step_apart():
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app.query_params["step"] = "20"
    app.session_state["by_hand"] = True
    app.run()
    assert not app.exception
    found: Any = app.session_state["panel"]
    assert (found.lesson, found.step) == (None, 20)
    app.button(key="panel.on.phase").click().run()
    assert app.session_state["panel"].at.startswith("prediction")


def test_an_operation_costs_a_light_rerun(open_page: Open):
    """About 15 ms of processor time on a quiet machine."""
    app = open_page(lesson="xor")
    costs = []
    for _ in range(12):
        begin = time.process_time()
        press(app, "on.operation")
        costs.append(time.process_time() - begin)
    print(f"{1000 * sorted(costs)[6]:.1f} ms of processor time")
    assert sorted(costs)[6] < 0.080
