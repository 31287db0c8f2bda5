"""The whole stage in a page, called the way Streamlit calls it, with the engine's own film behind it."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

import engine
from app import assets, sharing
from app.i18n import translator
from app.problem import problem

NETWORK = engine.Network(
    (2,),
    [engine.Dense(4, activation="tanh"), engine.Dense(3, activation="relu"), engine.Dense(1)],
    loss="binary_cross_entropy",
)
DATA = engine.datasets.load("circle", n=60)
EXPERIMENT = engine.Experiment(NETWORK, DATA, optimiser=engine.SGD(0.1), regime=engine.MiniBatch(10), seed=1)

MOUNT = """async ([data, css]) => {
  const host = document.body.appendChild(document.createElement('div'));
  const root = host.attachShadow({mode: 'open'});
  const style = root.appendChild(document.createElement('style'));
  style.textContent = css;
  const {default: mount} = await import('/stage/index.js');
  window.sent = [];
  window.host = host;
  window.call = (patch = {}) => {
    data = {...data, ...patch};
    window.cleanup = mount({data: structuredClone(data), parentElement: root,
      setStateValue: (name, value) => window.sent.push([name, value]), setTriggerValue: (name, value) =>
        window.sent.push([name, value])});
  };
  window.call();
}"""

Open = Callable[..., Page]


def film(route: Route) -> None:
    """Answers a request for film as the app's route does: the experiment with the link's edits, from a step on."""
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(route.request.url).query))
    start, stop, every = (int(query[name]) for name in ("from", "to", "every"))
    edits = sharing.read_link(f"data=circle&edits={query['edits']}").edits if "edits" in query else ()
    experiment = replace(EXPERIMENT, edits=edits)
    run = experiment.start()
    if start:
        run.step(start)
    trace = run.trace((stop - start) // every, every=every, follow=int(query["follow"]))
    route.fulfill(body=trace.to_bytes(), content_type="application/octet-stream")


def stage_data(**changes: Any) -> dict[str, Any]:
    return {
        "link": "data=circle", "live": {"learning_rate": 0.1, "regulariser": "none"}, "edits": [], "step": 0,
        "trace_url": "/trace/test", "engine_url": "/engine", "locale": "en", "words": translator("en").table("stage"),
        "problem": problem(DATA),
        "options": {"show_test": False, "discretise": False, "hidden": []},
    } | changes  # fmt: skip


@pytest.fixture
def open_stage(browser: Browser, module_server: str) -> Iterator[Open]:
    """A function that mounts the stage in a fresh page; anything wrong on the console fails the test."""
    complaints: list[str] = []
    contexts = []

    def visit(width: int = 1200, height: int = 800, reduced: bool = False, **changes: Any) -> Page:
        motion = "reduce" if reduced else "no-preference"
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion=motion)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.route("**/trace/**", film)
        page.route(
            "**/engine", lambda route: route.fulfill(json={"ready": True, "done": 1, "total": 1, "build": "test"})
        )
        page.goto(module_server)
        page.add_style_tag(content="body { margin: 8px }")
        page.evaluate(MOUNT, [stage_data(**changes), assets.stage_files()["stage.css"].content.decode()])
        page.locator('.stage:not([data-state="loading"])').wait_for()
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not complaints


def pause(page: Page) -> int:
    """Stops the film; the step it stands at."""
    if page.locator(".stage").get_attribute("data-state") == "playing":
        page.locator("button.play").click()
    page.locator('.stage[data-state="paused"]').wait_for()
    return int(page.locator(".stage").get_attribute("data-step") or "")


def seek(page: Page, step: int) -> None:
    """Stands at a step that lies in what was shown."""
    page.locator(".scrub input").evaluate(
        "(input, step) => { input.value = step; input.dispatchEvent(new Event('input')); }", step
    )
    page.locator(f'.stage[data-step="{step}"]').wait_for()


def sent(page: Page, name: str) -> list[dict[str, Any]]:
    return [value for key, value in page.evaluate("window.sent") if key == name]


def test_the_film_starts_by_itself_and_moves(open_stage: Open) -> None:
    page = open_stage()
    expect(page.locator(".stage")).to_have_attribute("data-state", "playing")
    page.wait_for_function("document.querySelector('div').shadowRoot.querySelector('.stage').dataset.step > 2")


def test_reduced_motion_starts_standing(open_stage: Open) -> None:
    page = open_stage(reduced=True)
    expect(page.locator(".stage")).to_have_attribute("data-state", "paused")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".stage")).to_have_attribute("data-step", "1")


def test_new_data_never_remounts(open_stage: Open) -> None:
    page = open_stage()
    page.evaluate(
        "() => { window.before = [...host.shadowRoot.querySelectorAll('.stage, canvas, button.play, input')]; }"
    )
    page.evaluate(
        """() => {
          const old = window.cleanup;
          window.call();
          old();
          window.call({options: {show_test: true, discretise: true, hidden: []}});
        }"""
    )
    page.wait_for_timeout(50)
    assert page.evaluate("window.before.length > 5 && window.before.every((e) => e.isConnected)")


def test_every_number_on_the_screen_is_the_engines(open_stage: Open) -> None:
    page = open_stage(step=7)
    trace = EXPERIMENT.start().trace(8, follow=0)
    assert pause(page) == 7
    expect(page.locator(".number.train b").first).to_have_text(f"{trace['train_loss'][7]:.3g}")
    expect(page.locator(".number.test b").first).to_have_text(f"{trace['test_loss'][7]:.3g}")
    page.locator(".below details").first.evaluate("(details) => { details.open = true }")
    rows = page.locator(".table-scroll").first.locator("tbody tr")
    expect(rows).to_have_count(8)
    shown = [[read(cell) for cell in row.locator("td").all_inner_texts()] for row in rows.all()]
    quantities = ("pre_activation", "activation", "delta")
    for layer, units in enumerate((4, 3, 1), 1):
        for unit in range(units):
            name = f"dense_{layer}"
            wanted = [trace[f"{name}.{quantity}"][7][unit] for quantity in quantities]
            wanted += [trace[f"{name}.bias{suffix}"][7][unit] for suffix in ("", ".gradient", ".update")]
            np.testing.assert_allclose(shown.pop(0), wanted, rtol=6e-3, atol=1e-12)


def read(text: str) -> float:
    """A number as the stage writes it."""
    plain = text.replace("\u2212", "-").replace("+", "").replace(",", "")
    mantissa, _, power = plain.partition("×10")
    digits = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(mantissa) * 10.0 ** int(digits or 0)


def test_a_neurons_numbers_are_spoken_and_shown_on_focus(open_stage: Open) -> None:
    page = open_stage(step=7)
    pause(page)
    page.locator(".neurons button[tabindex='0']").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    focused = page.locator(".neurons button:focus")
    assert (focused.get_attribute("data-id") or "").startswith("u2.")
    z = EXPERIMENT.start().trace(8)["dense_2.pre_activation"][7][int((focused.get_attribute("data-id") or "")[3:])]
    spoken = (focused.get_attribute("aria-label") or "").split("sum z ")[1].split(",")[0]
    assert read(spoken) == pytest.approx(z, rel=6e-3)
    expect(page.locator(".card")).to_be_visible()
    expect(page.locator(".card")).to_contain_text(spoken)


def test_steps_and_phases_by_keyboard(open_stage: Open) -> None:
    page = open_stage(step=5)
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".phases [data-now='true']")).to_have_attribute("data-phase", "forward")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".stage")).to_have_attribute("data-step", "6")
    page.keyboard.press("Home")
    expect(page.locator(".stage")).to_have_attribute("data-step", "0")
    page.keyboard.press(" ")
    expect(page.locator(".stage")).to_have_attribute("data-state", "playing")


def test_scrubbing_back_shows_the_same_step_again(open_stage: Open) -> None:
    page = open_stage(step=40)
    pause(page)
    seek(page, 12)
    loss = EXPERIMENT.start().trace(13)["train_loss"][12]
    expect(page.locator(".number.train b").first).to_have_text(f"{loss:.3g}")
    expect(page.locator(".scrub input")).to_have_attribute("max", "40")


def test_a_changed_rate_becomes_an_edit_at_the_shown_step(open_stage: Open) -> None:
    page = open_stage(step=10)
    pause(page)
    with page.expect_request(lambda request: "edits=10.learning_rate.0.5" in request.url):
        page.evaluate("window.call({live: {learning_rate: 0.5, regulariser: 'none'}})")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator('.stage[data-step="11"]').wait_for()
    changed = EXPERIMENT.edit(10, "learning_rate", 0.5).start().trace(12)["train_loss"][11]
    expect(page.locator(".number.train b").first).to_have_text(f"{changed:.3g}")
    page.wait_for_function(r"/edits=10.learning_rate.0.5&step=/.test(location.search)")
    assert sent(page, "player")[-1]["edits"] == [[10, "learning_rate", "0.5"]]


def test_where_the_film_stands_is_told_to_python_and_to_the_address(open_stage: Open) -> None:
    page = open_stage(step=10)
    pause(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search.includes('step=11')")
    assert sent(page, "player") == [
        {"link": "data=circle", "edits": [], "step": 11, "follow": 0, "selected": None, "surface": None}
    ]


def test_python_is_not_told_what_it_has_told(open_stage: Open) -> None:
    page = open_stage(step=10)
    page.wait_for_function("location.search.includes('step=10')")
    page.evaluate("call({link: 'data=xor', step: 0})")
    page.wait_for_function("location.search.includes('data=xor')")
    edits = [[0, "learning_rate", "0.5"]]
    page.evaluate("(edits) => call({live: {learning_rate: 0.5, regulariser: 'none'}, edits})", edits)
    page.wait_for_function("location.search.includes('0.learning_rate.0.5')")
    assert sent(page, "player") == []
    page.evaluate("(edits) => call({live: {learning_rate: 0.1, regulariser: 'none'}, edits})", edits)
    page.wait_for_function("location.search.includes('0.learning_rate.0.1')")
    assert sent(page, "player")[-1]["edits"] == [[0, "learning_rate", "0.1"]], "Python has said something else"


def test_a_running_film_keeps_the_experiment_in_the_address(open_stage: Open) -> None:
    page = open_stage()
    page.wait_for_function("location.search === '?data=circle'")
    assert sent(page, "player") == []


def test_another_link_starts_another_film(open_stage: Open) -> None:
    page = open_stage(step=10)
    with page.expect_request(lambda request: "data=xor" in request.url):
        page.evaluate("window.call({link: 'data=xor', step: 0})")
    page.locator('.stage[data-step="0"]').wait_for()


def test_the_map_adds_points_and_follows_examples(open_stage: Open) -> None:
    page = open_stage(step=10)
    pause(page)
    assert DATA.points_train is not None
    with page.expect_request(lambda request: "follow=4" in request.url):
        press_map(page, *DATA.points_train[4])
    press_map(page, 5.5, -5.5)
    press_map(page, -5.5, 5.5, other_class=True)
    page.wait_for_function("window.sent.some(([, value]) => value.edits?.length === 2)")
    edits = sent(page, "player")[-1]["edits"]
    assert [(step, key, value.split(":")[2]) for step, key, value in edits] == [(10, "point", "1"), (10, "point", "0")]
    places = [[float(number) for number in value.split(":")[:2]] for _, _, value in edits]
    np.testing.assert_allclose(places, [[5.5, -5.5], [-5.5, 5.5]], atol=0.05)


def press_map(page: Page, x1: float, x2: float, other_class: bool = False) -> None:
    """Clicks on the map at a place of the plane, as near as pixels allow."""
    canvas = page.locator(".map-box canvas")
    px, py = canvas.evaluate(
        "async (c, [x, y]) => (await import('/stage/plot/frame.js')).planeFrame(c.clientWidth, [-6, 6]).place(x, y)",
        [float(x1), float(x2)],
    )
    canvas.click(position={"x": px, "y": py}, modifiers=["Shift"] if other_class else [])


def test_buttons_on_the_network_ask_python(open_stage: Open) -> None:
    page = open_stage(step=3)
    page.get_by_role("button", name="One more neuron in layer 1").click()
    page.get_by_role("button", name="One hidden layer fewer").click()
    page.locator(".feature-labels button[aria-pressed='false']").first.click()
    assert sent(page, "action") == [
        {"kind": "add_unit", "layer": 0}, {"kind": "remove_layer", "layer": 1},
        {"kind": "toggle_feature", "feature": "x1_squared"},
    ]  # fmt: skip


def test_leaving_the_page_stops_everything(open_stage: Open) -> None:
    page = open_stage()
    page.evaluate("() => { window.host.remove(); window.cleanup(); }")
    page.wait_for_timeout(50)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1200)
    assert asked == []


def test_a_lesson_can_hide_parts(open_stage: Open) -> None:
    page = open_stage(options={"hidden": ["speed", "structure"]})
    expect(page.locator(".speed")).to_be_hidden()
    expect(page.locator(".structure-row")).to_be_hidden()
    expect(page.locator("button.play")).to_be_visible()


def test_words_change_with_the_language_while_the_film_stays(open_stage: Open) -> None:
    page = open_stage(step=10)
    pause(page)
    page.evaluate("(words) => window.call({words, locale: 'pt-BR'})", translator("pt").table("stage"))
    expect(page.locator(".number.train .number-label").first).to_have_text("treino")
    expect(page.locator(".number.train b").first).to_contain_text(",")
    expect(page.locator(".stage")).to_have_attribute("data-step", "10")


def test_a_finer_picture_that_was_due_waits_for_the_new_panels(open_stage: Open) -> None:
    page = open_stage(step=10)
    pause(page)
    page.evaluate("""() => {
      const soon = window.setTimeout;
      window.setTimeout = (call, delay) => { if (delay >= 100) window.due = call; return soon(call, delay); };
      call();
    }""")
    page.wait_for_function("Boolean(window.due)")
    page.evaluate("(words) => { call({words, locale: 'pt'}); due(); }", translator("pt").table("stage"))
    expect(page.locator(".stage")).to_have_attribute("data-state", "paused")
    expect(page.locator(".stage")).to_have_attribute("data-step", "10")


@pytest.mark.parametrize("language", ["en", "pt"])
@pytest.mark.parametrize("width", [320, 390, 700, 1000])
def test_nothing_is_wider_than_the_screen_and_targets_can_be_hit(open_stage: Open, width: int, language: str) -> None:
    page = open_stage(width=width, step=3, words=translator(language).table("stage"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate("""() => [...host.shadowRoot.querySelectorAll('button, input')]
      .filter((e) => e.offsetParent && !e.closest('.neurons')).map((e) => [e.className || e.ariaLabel,
        e.getBoundingClientRect()])
      .filter(([, r]) => r.width < 24 || r.height < 24).map(([name, r]) => `${name} ${r.width}x${r.height}`)""")
    assert small == []


def test_the_picture_has_a_text_alternative(open_stage: Open) -> None:
    page = open_stage(step=3)
    canvas = page.locator(".network-box canvas")
    expect(canvas).to_have_attribute("role", "img")
    loss = EXPERIMENT.start().trace(4)["train_loss"][3]
    expect(canvas).to_have_attribute(
        "aria-label", beginning(f"Network 2–4–3–1 at step 3, epoch 1. Training loss {loss:.3g}")
    )


def beginning(text: str) -> Any:
    """A pattern that begins with `text`."""
    return re.compile("^" + re.escape(text))


def test_the_problem_travels_as_plain_json() -> None:
    assert json.loads(json.dumps(stage_data()))["problem"]["features"] == ["x1", "x2"]


def still_data(step: int = 0, **changes: Any) -> dict[str, Any]:
    """The data of a stage that stands still on one step, which comes with them."""
    run = EXPERIMENT.start()
    run.step(step)
    chunk = base64.b64encode(run.trace(1, follow=2).to_bytes()).decode()
    return {"still": chunk, "link": f"still {step}", "trace_url": "", "engine_url": "", "step": step} | changes


def test_a_still_stage_shows_its_one_step_and_asks_for_nothing(open_stage: Open) -> None:
    page = open_stage(**still_data(7))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    expect(page.locator(".stage")).to_have_attribute("data-state", "paused")
    expect(page.locator(".stage")).to_have_attribute("data-step", "7")
    expect(page.locator(".transport")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    page.evaluate("(data) => window.call(data)", still_data(8))
    expect(page.locator(".stage")).to_have_attribute("data-step", "8")
    assert sent(page, "player") == [], "the page has said where it stands"
    assert page.evaluate("location.search") == "", "the address is the page's"
    assert not [url for url in asked if "/trace" in url or "/engine" in url]


def test_what_the_page_names_is_lit_and_the_rest_is_dimmed(open_stage: Open) -> None:
    page = open_stage(**still_data(7))
    marks = page.evaluate(
        """async () => {
          const { lightOf } = await import('/stage/light.js');
          const named = lightOf(null, new Set(['u1.0', 'e1.0.1']));
          const hovered = lightOf('u1.0', new Set(['u2.0']));
          return [lightOf(null, new Set()), named.unit(1, 0), named.unit(1, 1), named.edge(1, 0, 1),
            named.edge(1, 0, 0), hovered.unit(2, 0), hovered.named];
        }"""
    )
    assert marks == [None, True, False, True, False, True, False], "the pointer goes before what the page names"
    ink = """(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]
      .filter((_, i) => i % 4 === 3).reduce((a, b) => a + b)"""
    canvas = page.locator(".network-box canvas")
    plain = canvas.evaluate(ink)
    page.evaluate("(data) => window.call(data)", still_data(7, lit=["u1.0", "e1.0.1", "u0.1"]))
    page.wait_for_function(
        f"(was) => ({ink})(host.shadowRoot.querySelector('.network-box canvas')) < was", arg=0.95 * plain
    )
