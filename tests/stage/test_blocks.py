"""Networks of every family on the stage: what is drawn is where it should be, and every number is the engine's."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

import engine
from app import assets
from app.i18n import translator
from app.problem import problem
from tests.stage.conftest import Run
from tests.stage.test_stage import MOUNT

digits = engine.datasets.load("digits", as_images=True)
memory = engine.datasets.load("memory", n=40, length=6)
turned = engine.datasets.load("reverse", n=60, length=5, symbols=6)
suns = engine.datasets.load("sunspots")
FAMILIES = {
    "pictures": (
        digits,
        [engine.Conv2D(4, 3, stride=(1, 2), padding=1, activation="relu"), engine.BatchNorm(), engine.AvgPool2D(2),
         engine.Residual([engine.Conv2D(4, 3, padding="same", activation="tanh")]), engine.MaxPool2D(2),
         engine.Flatten(), engine.Dropout(0.1), engine.Dense(10)],
        "categorical_cross_entropy",
    ),
    "memory": (memory, [engine.Embedding(6, 3), engine.LSTM(4), engine.Dense(1)], "binary_cross_entropy"),
    "attention": (
        turned,
        [engine.Embedding(6, 4), engine.PositionalEncoding(), engine.TransformerBlock(2, 6), engine.SelfAttention(2),
         engine.LayerNorm(), engine.Dense(6)],
        "categorical_cross_entropy",
    ),
    "attention_norm_last": (
        turned, [engine.Embedding(6, 4), engine.TransformerBlock(2, norm_first=False), engine.Dense(6)],
        "categorical_cross_entropy",
    ),
    "series": (suns, [engine.GRU(5, True), engine.SimpleRNN(3), engine.Dense(1)], "mean_squared_error"),
}  # fmt: skip

Open = Callable[..., Page]


def experiment(family: str) -> engine.Experiment:
    data, layers, loss = FAMILIES[family]
    network = engine.Network(data.x_train.shape[1:], layers, loss)
    return engine.Experiment(network, data, engine.Adam(0.01), engine.MiniBatch(10), seed=2)


def header(family: str) -> dict[str, Any]:
    """A chunk's header, with its fields, as the browser reads it."""
    trace = experiment(family).start().trace(1)
    return trace.header | {"fields": [{"name": name, "shape": list(trace[name].shape)} for name in trace]}


def told(family: str) -> dict[str, Any]:
    return problem(FAMILIES[family][0])


@pytest.fixture
def open_family(browser: Browser, module_server: str) -> Iterator[Open]:
    """A function that mounts the stage with a family's film; anything wrong on the console fails the test."""
    complaints: list[str] = []
    contexts = []

    def visit(family: str, width: int = 1200, **changes: Any) -> Page:
        def film(route: Route) -> None:
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(route.request.url).query))
            start, stop, every, follow = (int(query[name]) for name in ("from", "to", "every", "follow"))
            run = experiment(family).start()
            run.step(start)
            trace = run.trace(stop - start, every=every, follow=follow)
            route.fulfill(body=trace.to_bytes(), content_type="application/octet-stream")

        context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.route("**/trace/**", film)
        page.route("**/engine?kernels=all", lambda route: route.fulfill(json={"ready": True, "done": 1, "total": 1}))
        page.goto(module_server)
        data = {
            "link": "data=x", "live": {}, "edits": [], "step": 3, "trace_url": "/trace/test",
            "engine_url": "/engine?kernels=all", "locale": "en", "words": translator("en").table("stage"),
            "problem": told(family), "options": {}, "frame": {"bytes": 1, "operations": 1},
        }  # fmt: skip
        page.evaluate(MOUNT, [data | changes, assets.stage_files()["stage.css"].content.decode()])
        page.locator('.stage[data-state="paused"]').wait_for()
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not complaints


def numbers(page: Page) -> dict[str, str]:
    """The card's rows."""
    labels, values = (page.locator(f".card {tag}").all_inner_texts() for tag in ("dt", "dd"))
    return dict(zip(labels, values, strict=True))


def number(text: str) -> float:
    """A number as the card writes it."""
    plain = text.replace("−", "-").replace(",", "")
    power = re.fullmatch(r"(.+)×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", plain)
    digits_ = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return float(power[1]) * 10.0 ** int(power[2].translate(digits_)) if power else float(plain)


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_opens_is_told_and_walks_through_a_step(open_family: Open, family: str, width: int) -> None:
    page = open_family(family, width)
    names = page.locator(".block-heading").all_inner_texts()
    assert len(names) >= len(FAMILIES[family][1])
    assert not any("_" in name for name in names)
    for phase in ("forward", "loss", "backward", "update"):
        page.locator('button[aria-label^="One phase"]').click()
        if phase != "update":
            expect(page.locator(f'.phases li[data-phase="{phase}"]')).to_have_attribute("data-now", "true")
            assert "_" not in page.locator(".caption-text").inner_text()
    expect(page.locator(".stage")).to_have_attribute("data-step", "4")
    assert "Network Input" in (page.locator(".network-box canvas").get_attribute("aria-label") or "")
    page.locator(".table summary").first.click()
    tables = page.locator(".table-body table")
    expect(tables).to_have_count(2)
    assert tables.nth(1).locator("tbody tr").count() > 5


@pytest.mark.parametrize("family", FAMILIES)
def test_the_keyboard_reads_the_engines_numbers(open_family: Open, family: str) -> None:
    page = open_family(family)
    run = experiment(family).start()
    run.step(3)
    trace = run.trace(1)
    page.locator(".neurons button").focus()
    seen = set()
    for key in ["ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowUp"] * 6:
        button = page.locator(".neurons button")
        cell = button.get_attribute("data-id") or ""
        label = button.get_attribute("aria-label") or ""
        layer, *place = map(int, re.findall(r"\d+", cell))
        if cell.startswith("u") and layer > 0:
            seen.add(cell)
            value = re.search(r"(?:value|activation a) (\S+)", label)
            assert value, label
            field = page.evaluate(FIELD_OF, [header(family), told(family), layer])
            exact = float(trace[field][0].reshape(-1)[place[0]])
            assert number(value[1].rstrip(",")) == pytest.approx(exact, rel=6e-3, abs=1e-12), (label, field)
        page.keyboard.press(key)
    assert len(seen) > 3


FIELD_OF = """async ([header, problem, layer]) =>
    (await import('/stage/blocks/model.js')).buildBlocks(header, problem).layers[layer].field"""


def test_hovering_shows_a_parameter_with_its_gradients(open_family: Open) -> None:
    page = open_family("pictures")
    run = experiment("pictures").start()
    run.step(3)
    trace = run.trace(1)
    x, y = page.evaluate(
        """async ([header, problem, w, h]) => {
          const {buildModel} = await import('/stage/model.js');
          const {layoutNetwork, boxOf} = await import('/stage/layout/index.js');
          const {parseId} = await import('/stage/model.js');
          const layout = layoutNetwork(buildModel(header, problem), {width: w, height: h});
          const box = boxOf(layout, parseId('t1.0.14'));
          return [box.x + box.w / 2, box.y + box.h / 2];
        }""",
        [header("pictures"), told("pictures"), *canvas_size(page)],
    )
    page.locator(".network-box canvas").hover(position={"x": x, "y": y})
    expect(page.locator(".card-title")).to_have_text("Convolution 1, weight [2, 1, 2, 3]")
    rows = numbers(page)
    for label, suffix in (("value", ""), ("gradient, batch", ".gradient"), ("gradient, example", ".example_gradient")):
        exact = float(trace[f"conv2d_1.weight{suffix}"][0].reshape(-1)[14])
        assert number(rows[label]) == pytest.approx(exact, rel=6e-3)


def canvas_size(page: Page) -> list[int]:
    size: list[int] = page.locator(".network-box").evaluate("(box) => [box.clientWidth, box.clientHeight]")
    return size


@pytest.mark.parametrize(("width", "height"), [(1000, 640), (700, 480), (370, 900)])
@pytest.mark.parametrize("family", FAMILIES)
def test_tiles_stay_inside_and_apart_and_are_found_again(run: Run, family: str, width: int, height: int) -> None:
    body = """
      const {buildModel} = await import('/stage/model.js');
      const model = buildModel(a[0], a[1]);
      const height = Math.max(a[3], m.leastHeight(model, a[2]));
      const layout = m.layoutBlocks(model, {width: a[2], height});
      const lost = [];
      for (const panel of layout.panels) {
        for (const [row, col] of [[0, 0], [panel.rows - 1, panel.cols - 1], [panel.rows >> 1, panel.cols >> 1]]) {
          const at = m.indexAt(panel, row, col);
          const box = m.cellBox(layout, panel.layer, panel.tensor, at);
          const id = box && m.hitBlocks(layout, box.x + box.w / 2, box.y + box.h / 2);
          if (id !== m.idOf(panel, at)) lost.push([m.idOf(panel, at), id]);
        }
      }
      return {panels: layout.panels, lost, height};"""
    found = run("blocks/layout.js", body, [header(family), told(family), width, height])
    assert found["lost"] == []
    boxes = [(box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"]) for box in found["panels"]]
    for left, top, right, bottom in boxes:
        assert left >= -0.5
        assert top >= -0.5
        assert right <= width + 0.5
        assert bottom <= found["height"] + 0.5
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            across = min(one[2], other[2]) - max(one[0], other[0])
            down = min(one[3], other[3]) - max(one[1], other[1])
            assert across < 0.5 or down < 0.5, (one, other)


@pytest.mark.parametrize("layer", [
    engine.Conv2D(2, 3), engine.Conv2D(2, (3, 2), stride=2, padding=(0, 1)),
    engine.Conv2D(1, 3, padding="same", dilation=2),
    engine.Conv2D(1, 4, stride=(1, 2), padding="same"), engine.MaxPool2D(2), engine.AvgPool2D((2, 3), stride=1),
])  # fmt: skip
def test_the_window_is_what_the_value_depends_on(run: Run, layer: engine.layers.Layer) -> None:
    """Against the engine: change one input after the other and see which outputs move."""
    shape = (2, 6, 7)
    network = engine.Network(shape, [layer], "mean_squared_error")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, *shape))
    outputs = int(np.prod(network.output_shape))
    data = engine.Dataset(x, rng.normal(size=(1, outputs)), x, rng.normal(size=(1, outputs)), task="regression")
    learner = engine.Experiment(network, data, engine.SGD(0.1), engine.FullBatch(), dtype="float64").start()
    base = learner.forward(x).reshape(-1)
    moved = np.zeros((outputs, *shape), bool)
    for place in np.ndindex(shape):
        for change in (9.0, -9.0):
            other = x.copy()
            other[(0, *place)] += change
            moved[(slice(None), *place)] |= learner.forward(other).reshape(-1) != base
    block = {"kind": layer.name, "shape": list(network.output_shape), "options": layer.to_dict()}
    body = "return Array.from({length: a[2]}, (_, at) => m.windowOf(a[0], at, a[1]).ranges)"
    for at, ranges in enumerate(run("blocks/model.js", body, [block, list(shape), outputs])):
        expected = np.zeros(shape, bool)
        expected[tuple(slice(*span) for span in ranges)] = True
        if layer.name != "conv2d" or layer.dilation == 1:
            np.testing.assert_array_equal(moved[at], expected)
        else:
            assert (moved[at] <= expected).all()
            assert moved[at].any(axis=0).any(axis=1).sum() <= expected.any(axis=0).any(axis=1).sum()


def test_a_tiles_pixels_are_its_values(run: Run) -> None:
    body = """
      const ramp = Uint32Array.from({length: 256}, (_, i) => 0xff000000 | i);
      const panel = {first: 2, rows: 2, cols: 3, rowStride: 1, colStride: 2, slot: 0};
      const heat = new m.Heat([panel]);
      const shown = (scale) => { heat.colour(a, ramp, scale); return Array.from(heat.pixels, (p) => p & 255); };
      return [shown({gain: 1, shape: 'linear'}), shown({gain: 1, shape: 'bend'}), shown({gain: 0.5, shape: 'root'})]"""
    values = np.array([9, 9, -2, -0.5, 0, 0.25, 1, 3.0])
    table = np.array([[values[2 + row + 2 * col] for col in range(3)] for row in range(2)]).reshape(-1)
    shapes = [
        np.clip(table, -1, 1),
        table / np.sqrt(1 + table**2),
        np.clip(np.sign(table) * np.sqrt(abs(table / 2)), -1, 1),
    ]
    for found, expected in zip(run("blocks/heat.js", body, values.tolist()), shapes, strict=True):
        assert np.abs(np.array(found) - (expected + 1) * 127.5).max() <= 0.51


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_page_speaks_of_is_found_by_the_engines_names(run: Run, family: str) -> None:
    """Every number of a field leads to the cell that holds it."""
    trace = experiment(family).start().trace(1)
    names = [
        name
        for name in trace
        if name.endswith((".weight", ".weight.gradient", ".activation")) and "flatten" not in name
    ]
    asked = {f"{name}:{'.'.join(map(str, place))}": (name, place)
             for name in names for place in [tuple(size - 1 for size in trace[name].shape[1:])]}  # fmt: skip
    body = """
      const {buildBlocks} = await import('/stage/blocks/model.js');
      const model = buildBlocks(a[0], a[1]);
      return a[2].map((name) => m.litCells(model, [name]).map(({layer, tensor, at}) => [
        tensor === null ? model.layers[layer].field : model.layers[layer].tensors[tensor].field, at])[0] ?? null)"""
    found = run("blocks/lit.js", body, [header(family), told(family), list(asked)])
    for (name, place), cell in zip(asked.values(), found, strict=True):
        if cell is not None:
            assert cell == [name.removesuffix(".gradient"), int(np.ravel_multi_index(place, trace[name].shape[1:]))]
    assert sum(cell is not None for cell in found) >= len(found) - 2


def test_pointing_at_a_step_tells_its_bets(open_family: Open) -> None:
    page = open_family("attention")
    panel = page.locator(".map-box canvas")
    run_ = experiment("attention").start()
    run_.step(3)
    shares = run_.trace(1)["prediction"][0]

    def words(step: int) -> re.Pattern[str]:
        right = turned.y_train[0, step]
        return re.compile(
            re.escape(f"{turned.class_names[right]}, gets {100 * shares[step, right]:.1f}".removesuffix(".0"))
        )

    expect(panel).to_have_attribute("aria-label", words(4))
    page.locator(".neurons button").focus()
    page.keyboard.press("ArrowRight")
    expect(panel).to_have_attribute("aria-label", words(1))


def test_a_series_tells_forecast_and_truth(open_family: Open) -> None:
    page = open_family("series")
    run_ = experiment("series").start()
    run_.step(3)
    said = float(run_.trace(1)["prediction"][0, 0])
    label = (page.locator(".map-box canvas").get_attribute("aria-label") or "").replace("−", "-")
    assert f"says {said:.2f}, should be {suns.y_train[0, 0]:.2f}" in label


def test_a_dear_film_is_asked_for_in_small_pieces(run: Run) -> None:
    body = "return a.map(([bytes, operations]) => m.frameRate(bytes, operations))"
    costs = [[1e3, 0], [1e5, 0], [1e3, 1e9], [1e7, 1e9], [1e3, 1e7]]
    assert run("plan.js", body, costs) == [60, 6, 3, 3, 60]


def test_the_loss_curve_of_a_dear_run_is_asked_for_in_few_frames(run: Run) -> None:
    body = "return a.map(([bytes, operations]) => m.coarseFrames(bytes, operations))"
    assert run("plan.js", body, [[0, 0], [548, 9e4], [236_552, 3.3e8], [63_744, 5.3e8], [1e9, 1e12]]) == [
        60,
        60,
        15,
        9,
        4,
    ]
