"""The loss surface as a person uses it, in a real browser without a GPU."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_playground import fast, learning_rate, pause, stage, step_of, wait_for_step

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
Visit = Callable[..., Page]

PATIENCE = 60_000  # a cold engine compiles first

# What Plotly has drawn, and what is on the canvas above it.
DRAWN = """(stage) => {
  const plot = stage.querySelector(".landscape-plot");
  const scene = plot._fullLayout?.scene?._scene;
  return { traces: plot.data?.map(({ type }) => type) ?? [], eye: scene && scene.getCamera().eye,
    titles: scene ? ["xaxis", "yaxis", "zaxis"].map((axis) => plot.layout.scene[axis].title.text)
      : [plot.layout?.xaxis?.title?.text, plot.layout?.yaxis?.title?.text],
    points: plot.data?.[0]?.x?.length ?? 0, range: plot._fullLayout?.xaxis?.range };
}"""


# Resolves when the scene has been seen from one place for ten frames: Plotly goes on turning for a while.
AT_REST = f"""async (stage) => {{
  for (let [still, last] = [0, ""]; still < 10;) {{
    await new Promise(requestAnimationFrame);
    const now = JSON.stringify(({DRAWN})(stage).eye);
    [still, last] = [now === last ? still + 1 : 0, now];
  }}
}}"""


def drawn(page: Page) -> dict:
    """What the chart holds."""
    return dict(page.locator(".stage").evaluate(DRAWN))


def surface(page: Page) -> Locator:
    """The opened panel, once its surface is drawn."""
    sentence = page.locator(".landscape-sentence")
    expect(sentence).to_contain_text(re.compile("At step|No passo"), timeout=PATIENCE)
    wait_for_drawing(page, "d.traces.length > 0")
    return page.locator(".landscape-host")


def wait_for_drawing(page: Page, condition: str) -> None:
    """Waits until the chart is as `condition` says of `d`."""
    handle = page.locator(".stage").element_handle()
    look = f"(stage) => {{ const d = ({DRAWN})(stage); return {condition}; }}"
    page.wait_for_function(look, arg=handle, timeout=PATIENCE)


def wait_until_turned(page: Page, eye: dict) -> dict:
    """Waits until the scene is seen from elsewhere than from `eye` and has come to rest; gives from where."""
    x, y, z = eye.values()
    wait_for_drawing(page, f"Math.hypot(d.eye.x - {x}, d.eye.y - {y}, d.eye.z - {z}) > 0.05")
    page.locator(".stage").evaluate(AT_REST)
    return dict(drawn(page)["eye"])


def choose(page: Page, menu: str, option: str) -> None:
    """Takes an option of one of the panel's menus."""
    page.locator(".landscape-host").get_by_role("combobox", name=menu, exact=True).select_option(label=option)


def test_it_is_closed_and_costs_nothing_until_it_is_opened(open_page: Visit):
    page = open_page("/?v=1&step=30")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    stage(page)
    assert not [url for url in asked if "plotly" in url or "/surface/" in url or "landscape/" in url]
    page.get_by_text("The loss surface under this network").click()
    surface(page)
    assert len([url for url in asked if "/plotly/" in url]) == 1
    expect(page).to_have_url(re.compile(r"surface="))


def test_a_coarse_surface_comes_first_and_a_fine_one_behind_it(open_page: Visit):
    page = open_page("/?v=1&step=30")
    stage(page)
    with page.expect_response(re.compile(r"/surface/.*resolution=61"), timeout=PATIENCE) as fine:
        page.get_by_text("The loss surface under this network").click()
    assert fine.value.ok
    surface(page)
    wait_for_drawing(page, "d.points === 61 * 61")
    assert drawn(page)["traces"] == ["mesh3d", "mesh3d"], "no grid lines without a GPU"


def test_dragging_turns_and_buttons_turn_and_zoom(open_page: Visit):
    page = open_page("/?v=1&step=30&surface=")
    surface(page)
    before = drawn(page)["eye"]
    page.locator(".landscape-box").scroll_into_view_if_needed()
    box = page.locator(".landscape-box").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 320, box["y"] + 210, steps=5)
    page.mouse.up()
    turned = wait_until_turned(page, before)
    assert "place" not in page.url, "a drag is not a press"
    page.get_by_role("button", name="Turn left").click()
    near = wait_until_turned(page, turned)
    distance = math.hypot(*near.values())
    page.get_by_role("button", name="Nearer").click()
    wait_for_drawing(page, f"Math.hypot(d.eye.x, d.eye.y, d.eye.z) < 0.9 * {distance}")


def test_axes_are_switched_while_the_film_plays(open_page: Visit):
    page = open_page("/?v=1&surface=")
    fast(page)
    wait_for_step(page, 20)
    surface(page)
    for axes, title in (
        ("The path itself", "main direction 1"),
        ("Two weights", "→"),
        ("Steepest and sharpest", "gradient"),
    ):
        choose(page, "Axes", axes)
        wait_for_drawing(page, f"d.titles[0].includes('{title}')")
    expect(page.locator(".stage")).to_have_attribute("data-state", "playing")
    at = step_of(page.locator(".stage"))
    wait_for_step(page, at + 20)
    choose(page, "Drawing", "Contour map")
    wait_for_drawing(page, "d.traces.includes('contour')")
    expect(page).to_have_url(re.compile("surface=curvature~now~train~contour~linear"))


def test_a_link_opens_the_surface_as_it_was(open_page: Visit):
    page = open_page("/?v=1&step=60&surface=path~first~test~contour~log")
    surface(page)
    for menu, option in (
        ("Axes", "path"),
        ("Centre", "first"),
        ("Loss of", "test"),
        ("Drawing", "contour"),
        ("Height", "log"),
    ):
        expect(page.locator(".landscape-host").get_by_role("combobox", name=menu, exact=True)).to_have_value(option)
    assert "main direction 1" in drawn(page)["titles"][0]


def test_a_press_puts_the_network_there_and_the_link_replays_it(open_page: Visit):
    page = open_page("/?v=1&step=60&surface=random:2~now~train~contour~linear")
    surface(page)
    page.locator(".landscape-box").scroll_into_view_if_needed()
    box = page.locator(".landscape-box").bounding_box()
    assert box is not None
    with page.expect_response(re.compile(r"/trace/.*edits=60\.place\.random")) as answer:
        page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.3 * box["height"])
    assert answer.value.ok
    expect(page).to_have_url(re.compile(r"edits=60\.place\.random"))
    expect(page.locator(".landscape-sentence")).to_contain_text("At step 60")
    loss = page.locator(".number.train b").first
    moved = loss.inner_text()
    again = open_page(page.url.split("/", 3)[3].join(["/", ""]))
    stage(again)
    expect(again.locator(".number.train b").first).to_have_text(moved)


def test_two_numbers_and_a_button_do_the_same_without_a_pointer(open_page: Visit):
    page = open_page("/?v=1&step=40&surface=random:2~now~train~scene~linear")
    surface(page)
    for name, value in (("a", "0.5"), ("b", "-0.25")):
        page.locator(".landscape-place").get_by_label(name, exact=True).fill(value)
    with page.expect_response(re.compile(r"/trace/.*edits=40\.place\.random\(2\):now:0\.5:-0\.25")):
        page.get_by_role("button", name="Put the network there").press("Enter")
    expect(page.locator(".stage")).to_have_attribute("data-step", "40")


def test_optimisers_race_in_step_from_the_same_start(open_page: Visit):
    page = open_page("/?v=1&surface=random:0~first~train~contour~linear")
    fast(page)
    wait_for_step(page, 5)
    surface(page)
    with page.expect_response(re.compile(r"/trace/.*edits=0\.optimiser\.adam:0\.03")):
        page.get_by_label("Let another optimiser race").select_option(label="Adam")
    at = step_of(page.locator(".stage"))
    wait_for_step(page, at + 30)
    pause(page)
    row = page.locator(".landscape-runners li").nth(1)
    expect(row).to_contain_text("Adam 0.03")
    expect(row.locator("b")).to_have_text(re.compile(r"^\d"))
    expect(page).to_have_url(re.compile("linear~adam:0.03"))
    page.get_by_role("button", name="Take Adam 0.03 out of the race").click()
    expect(page.locator(".landscape-runners li")).to_have_count(1)


def test_clicking_connections_chooses_the_weights(open_page: Visit):
    page = open_page("/?v=1&step=40&surface=weights~now~train~contour~linear")
    surface(page)
    for last in (False, True):  # looked for anew: what was chosen may have moved the picture
        place = page.locator(".stage").evaluate(
            """(stage, last) => {
              const canvas = stage.querySelector(".network-box canvas");
              const box = canvas.getBoundingClientRect();
              const [x, found] = [box.left + 0.3 * box.width, []];
              for (let y = box.top + 20; y < box.bottom; y += 4) {
                canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y }));
                if (canvas.style.cursor === "pointer") found.push([x, y]);
              }
              return last ? found.at(-1) : found[0];
            }""",
            last,
        )
        page.mouse.click(*place)
        expect(page).to_have_url(re.compile(r"surface=weights:.*\(dense-1-weight,\d+\)"))
    expect(page).to_have_url(re.compile(r"surface=weights:\(dense-1-weight,\d+\):\(dense-1-weight,\d+\)"))


def test_it_says_where_the_picture_misleads(open_page: Visit):
    page = open_page("/?v=1&step=400&opt=adam:0.03&surface=random:0~first~train~contour~log")
    surface(page)
    expect(page.locator(".landscape-warnings")).to_contain_text("the network is not on this surface")
    expect(page.locator(".landscape-warnings")).to_contain_text("logarithmic")
    page.get_by_text("The numbers of this point").click()
    expect(page.locator(".landscape-side tbody tr")).to_have_count(7)


def test_without_webgl_there_is_the_contour_map_and_it_is_said(open_page: Visit):
    page = open_page()
    page.add_init_script(
        """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
          return kind.includes("webgl") ? null : get.call(this, kind, ...more); };"""
    )
    page.goto(page.url.split("?")[0] + "?v=1&step=30&surface=")
    surface(page)
    assert "contour" in drawn(page)["traces"]
    expect(page.locator(".landscape-warnings")).to_contain_text("no WebGL")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_its_own_in_portuguese(open_page: Visit, scheme: str):
    page = open_page("/?v=1&step=30", locale="pt-BR", color_scheme=scheme)
    stage(page)
    page.get_by_role("link", name="Superfície da perda").click()
    expect(page.locator(".stage")).to_have_attribute("data-layout", "surface", timeout=20_000)
    expect(page.locator(".landscape-sentence")).to_contain_text("No passo 30", timeout=PATIENCE)
    wait_for_drawing(page, "d.titles[2] === 'perda de treino'")
    expect(page.locator(".stage")).to_have_attribute("data-theme", scheme)
    network, picture = page.locator(".network-box").bounding_box(), page.locator(".landscape-box").bounding_box()
    assert network is not None
    assert picture is not None
    assert picture["width"] > 1.5 * network["width"]
    assert picture["x"] > network["x"] + network["width"]


def test_on_a_phone_nothing_is_wider_than_the_screen(open_page: Visit):
    page = open_page("/?v=1&step=30&surface=", width=390, height=800)
    surface(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(".landscape-box").bounding_box()
    assert box is not None
    assert box["width"] <= 390


def test_the_film_goes_on_while_the_learning_rate_changes(open_page: Visit):
    page = open_page("/?v=1&surface=random:0~now~batch~scene~linear")
    fast(page)
    wait_for_step(page, 20)
    surface(page)
    learning_rate(page).press("ArrowRight")
    at = step_of(page.locator(".stage"))
    wait_for_step(page, at + 30)
    pause(page)
    wait_for_drawing(page, "d.points === 61 * 61")


# ------------------------------------------------------------------------------------------------------ speed

PAINTS = """(stage) => new Promise((done) => {
    const [begin, painted] = [performance.now(), stage.stagePaints];
    setTimeout(() => done(1000 * (stage.stagePaints - painted) / (performance.now() - begin)), 3000);
})"""


def test_on_a_phone_the_surface_stands_first_on_its_own_page(open_page: Visit):
    page = open_page("/surface?v=1&step=30", width=390, height=844)
    surface(page)
    above, below = (page.locator(part).bounding_box() for part in (".landscape-box", ".map-box"))
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]


@pytest.mark.bench
@pytest.mark.parametrize(
    "choices", ["random:0~first~train~scene~linear", "path~now~train~contour~log", "random:0~now~batch~scene~linear"]
)
def test_the_film_and_the_marks_keep_their_pace_on_the_surface(open_page: Visit, choices: str):
    page = open_page(f"/?v=1&step=10&net=dense:8:tanh,dense:8:tanh,dense:1&surface={choices}")
    surface(page)
    fast(page)
    page.locator(".stage .play").click()
    wait_for_step(page, 100)
    rate = page.locator(".stage").evaluate(PAINTS)
    print(f"{choices}: film and marks {rate:.1f} frames a second")
    assert rate >= 50


@pytest.mark.bench
def test_a_scene_turns_above_20_frames_a_second_without_a_gpu(open_page: Visit):
    page = open_page("/?v=1&step=30&surface=")
    surface(page)
    wait_for_drawing(page, "d.points === 61 * 61")
    rate = page.locator(".stage").evaluate(
        """async (stage) => {
            const { glplot, camera } = stage.querySelector(".landscape-plot")._fullLayout.scene._scene;
            let [frames, begin] = [0, performance.now()];
            while (performance.now() - begin < 3000) {
              camera.lookAt([1.8 * Math.cos(frames / 20), 1.8 * Math.sin(frames / 20), 1], [0, 0, 0], [0, 0, 1]);
              glplot.redraw();
              await new Promise(requestAnimationFrame);
              frames += 1;
            }
            return 1000 * frames / (performance.now() - begin);
        }"""
    )
    print(f"a scene of 61 x 61 points turns at {rate:.1f} frames a second")
    assert rate >= 20


@pytest.mark.bench
def test_the_first_surface_within_200_ms_and_a_fine_one_within_a_second_while_the_film_plays(open_page: Visit):
    page = open_page("/?v=1&surface=random:0~now~train~scene~linear")
    fast(page)
    surface(page)
    page.locator(".stage").evaluate(
        """(stage) => {
            const plot = stage.querySelector(".landscape-plot");
            const react = Plotly.react;
            window.times = {};
            Plotly.react = async (...all) => {
              await react(...all);
              times[all[1][0].x.length] ??= performance.now() - window.begun;
            };
        }"""
    )
    wait_for_step(page, 60)
    page.evaluate("window.begun = performance.now()")
    page.get_by_role("button", name="Another pair").click()
    page.wait_for_function("() => window.times[61 * 61]")
    times = page.evaluate("window.times")
    print(f"drawn after (points: ms) {times}")
    assert times["169"] < 200
    assert times["3721"] < 1000
