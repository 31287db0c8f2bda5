"""The loss surface's modules in a real browser: what they compute against the engine and NumPy."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

import engine
from app import sharing, surfaces
from engine.axes import Axes
from engine.checkpoints import CheckpointCache
from engine.pieces import finish
from tests.stage.conftest import Run

LINK = "v=1&net=dense:5:tanh,dense:1"
BYTES = "const bytes = Uint8Array.from(atob(a.chunk), (c) => c.charCodeAt(0)).buffer;"


def surface_bytes(query: str) -> bytes:
    return finish(surfaces.surface_job(surfaces.parse_request(query), CheckpointCache()))


def packed(query: str) -> str:
    return base64.b64encode(surface_bytes(query)).decode()


def run_at(step: int) -> Any:
    run = sharing.read_link(LINK).start()
    run.step(step)
    return run


@pytest.fixture(scope="module")
def states() -> list[dict[str, list[float]]]:
    """Parameters at a few steps, as the film brings them: float32."""
    run = run_at(0)
    found = []
    for _ in range(4):
        run.step(15)
        found.append(
            {name: np.asarray(array, np.float32).reshape(-1).tolist() for name, array in run.parameters().items()}
        )
    return found


@pytest.mark.parametrize("axes", ["random:3", "path", "curvature", "weights", "towards:9", "random:3:1", "path:1"])
def test_the_browser_projects_as_the_engine_does(run: Run, states: list[dict], axes: str) -> None:
    body = (
        BYTES
        + """
      const { plane } = m.decodeSurface(bytes);
      return a.states.map((state) => { const s = plane.project((name) => new Float32Array(state[name])); return [s.a,
        s.b, s.distance] })"""
    )
    told = run(
        "landscape/decode.js", body, {"chunk": packed(f"{LINK}&at=30&axes={axes}&resolution=5"), "states": states}
    )
    here = run_at(30)
    wanted = engine.landscape(here, sharing.read_axes(axes, here.experiment.network, "axes"), 5)
    for (a, b, distance), state in zip(told, states, strict=True):
        found = wanted.project(state)
        size = np.abs(found).max()
        np.testing.assert_allclose((a, b, distance), found, rtol=2e-5, atol=2e-6 * size)


def test_a_projected_motion_is_the_engines(run: Run, states: list[dict]) -> None:
    body = (
        BYTES
        + """
      const { plane } = m.decodeSurface(bytes);
      const s = plane.shadow((name) => new Float32Array(a.state[name]));
      return [s.a, s.b, s.share]"""
    )
    told = run(
        "landscape/decode.js", body, {"chunk": packed(f"{LINK}&at=30&axes=path&resolution=5"), "state": states[0]}
    )
    here = run_at(30)
    wanted = engine.landscape(here, Axes.of("path"), 5)
    flat = np.concatenate([states[0][name] for name in wanted.shapes])
    inside = wanted.components(flat)
    np.testing.assert_allclose(told[:2], inside, rtol=1e-4, atol=1e-6)
    share = np.linalg.norm(inside @ wanted.directions) / np.linalg.norm(flat)
    assert told[2] == pytest.approx(share, rel=1e-4)


def test_a_point_of_the_plane_projects_onto_itself(run: Run) -> None:
    body = (
        BYTES
        + """
      const { plane } = m.decodeSurface(bytes);
      const at = plane.at(0.3, -0.7);
      const s = plane.project((name) => at.get(name));
      return [s.a, s.b, s.distance, plane.lengthOf(0.3, -0.7)]"""
    )
    a, b, distance, length = run(
        "landscape/decode.js", body, {"chunk": packed(f"{LINK}&at=30&axes=random:1&resolution=3")}
    )
    assert (a, b) == pytest.approx((0.3, -0.7), rel=1e-5)
    assert distance < 1e-4 * length


def test_another_networks_parameters_have_no_place(run: Run) -> None:
    body = BYTES + "return m.decodeSurface(bytes).plane.project(() => new Float32Array(3))"
    assert run("landscape/decode.js", body, {"chunk": packed(f"{LINK}&at=3&resolution=3")}) is None


def grid(losses: list[list[float]]) -> dict[str, Any]:
    rows, columns = np.shape(losses)
    return {
        "a": np.linspace(-1, 1, columns).tolist(), "b": np.linspace(-1, 1, rows).tolist() if rows > 1 else [0.0],
        "rows": rows, "columns": columns, "losses": [str(loss) for row in losses for loss in row],
    }  # fmt: skip


HEIGHTS = """
  const numbers = a.losses.map((text) => Number(text.replace('inf', 'Infinity').replace('nan', 'NaN')));
  const surface = {...a, a: Float32Array.from(a.a), b: Float32Array.from(a.b), losses: Float32Array.from(numbers)};
"""


def test_heights_on_the_grid_are_the_losses_and_between_them_on_the_triangles(
    run: Run, rng: np.random.Generator
) -> None:
    losses = rng.uniform(0.2, 0.9, (4, 5))
    body = (
        HEIGHTS
        + """
      const h = m.makeHeights(surface, 'linear');
      const on = [];
      for (const y of surface.b) for (const x of surface.a) on.push(m.heightAt(h, x, y));
      return [on, m.heightAt(h, -1 + 0.25 * 0.5, -1 + 0.5 * (2 / 3)), m.heightAt(h, 1.1, 0)]"""
    )
    on, between, beside = run("landscape/heights.js", body, grid(losses.tolist()))
    np.testing.assert_allclose(on, losses.reshape(-1), rtol=1e-6)
    assert between == pytest.approx(
        losses[0, 0] + 0.25 * (losses[0, 1] - losses[0, 0]) + 0.5 * (losses[1, 0] - losses[0, 0]), rel=1e-5
    )
    assert beside is None or np.isnan(beside)


def test_what_is_not_finite_is_a_plateau_and_never_a_valley(run: Run) -> None:
    losses = [[0.1, 0.2, float("nan")], [0.2, 0.3, float("inf")], [0.3, 0.4, 0.5]]
    body = (
        HEIGHTS
        + """
      const h = m.makeHeights(surface, 'linear');
      return [[...h.broken], h.values[2] === h.top, h.values[5] === h.top, Number.isNaN(m.heightAt(h, 0.9, -0.9)),
        Number.isFinite(m.heightAt(h, -0.9, -0.9)), h.brokenCount]"""
    )
    assert run("landscape/heights.js", body, grid(losses)) == [[0, 0, 1, 0, 0, 1, 0, 0, 0], True, True, True, True, 2]


def test_towering_peaks_are_cut_and_told(run: Run) -> None:
    losses = np.full((7, 7), 0.5)
    losses[:, :3] = np.linspace(0.1, 0.5, 3)
    losses[0, 6] = 1e6
    body = HEIGHTS + "const h = m.makeHeights(surface, 'linear'); return [h.cut, h.top, m.heightOf(h, 1e6)]"
    cut, top, height = run("landscape/heights.js", body, grid(losses.tolist()))
    assert 0.5 < cut < 1.0
    assert top == height == pytest.approx(cut)


def test_logarithmic_heights_go_back_to_the_loss(run: Run) -> None:
    body = (
        HEIGHTS
        + """const h = m.makeHeights(surface, 'log'); return [m.heightOf(h, 0.01), m.lossOf(h, m.heightAt(h, 1, 1)),
          h.cut]"""
    )
    height, loss, cut = run("landscape/heights.js", body, grid([[0.001, 0.01], [0.1, 10.0]]))
    assert height == pytest.approx(-2)
    assert (loss, cut) == (pytest.approx(10, rel=1e-5), None)


def test_a_shaking_surface_keeps_its_range_while_it_fits(run: Run) -> None:
    body = (
        HEIGHTS
        + """
      const first = m.makeHeights(surface, 'linear');
      const wider = {...surface, losses: surface.losses.map((v) => 1.4 * v)};
      const second = m.makeHeights(wider, 'linear', first);
      const third = m.makeHeights(surface, 'linear', second);
      return [[first.low, first.top], [second.low, second.top], [third.low, third.top]]"""
    )
    first, second, third = run("landscape/heights.js", body, grid([[0.2, 0.4], [0.5, 0.8]]))
    assert second[1] > 1.4 * first[1]
    assert third == second


def perspective() -> np.ndarray:
    """A camera as WebGL has it: looking at the origin from (3, -4, 2.5)."""
    eye, up = np.array([3.0, -4.0, 2.5]), np.array([0.0, 0.0, 1.0])
    z = eye / np.linalg.norm(eye)
    x = np.cross(up, z) / np.linalg.norm(np.cross(up, z))
    view = np.eye(4)
    view[:3, :3] = [x, np.cross(z, x), z]
    view[:3, 3] = -view[:3, :3] @ eye
    near, far, f = 0.01, 1000.0, 1 / np.tan(np.pi / 8)
    projection = np.array(
        [[f, 0, 0, 0], [0, f, 0, 0], [0, 0, (far + near) / (near - far), 2 * far * near / (near - far)], [0, 0, -1, 0]]
    )
    return projection @ view


def test_a_camera_places_points_finds_its_eye_and_looks_back(run: Run, rng: np.random.Generator) -> None:
    matrix, points = perspective(), rng.uniform(-1, 1, (6, 3))
    body = """
      const c = new m.Camera(a.matrix, {left: 10, top: 20, width: 400, height: 300});
      return [a.points.map((p) => c.place(p)), c.eye, a.points.map((p) => c.ray(...c.place(p)))]"""
    placed, eye, rays = run(
        "landscape/camera.js", body, {"matrix": matrix.T.reshape(-1).tolist(), "points": points.tolist()}
    )
    for point, pixel, (near, far) in zip(points, placed, rays, strict=True):
        clip = matrix @ [*point, 1.0]
        assert pixel == pytest.approx([10 + 200 * (1 + clip[0] / clip[3]), 20 + 150 * (1 - clip[1] / clip[3])])
        way = np.subtract(far, near)
        off = np.cross(way, point - near) / np.linalg.norm(way)
        assert np.linalg.norm(off) < 1e-4
    assert eye == pytest.approx([3.0, -4.0, 2.5], rel=1e-6)


def test_a_line_of_sight_meets_the_surface_where_it_first_comes_to_it(run: Run) -> None:
    body = """
      const height = (x, y) => (Math.abs(x) <= 1 && Math.abs(y) <= 1 ? 0.3 * x * x + 0.2 * y : NaN);
      const c = new m.Camera(a.matrix, {left: 0, top: 0, width: 400, height: 300});
      const hit = m.meet(c.ray(...c.place([0.4, -0.3, height(0.4, -0.3)])), height, [-0.2, 0.5]);
      return [hit, m.meet(c.ray(2, 2), height, [-0.2, 0.5]), m.isHidden([0.4, -0.3, -2], c.eye, height, 0.01),
        m.isHidden([0.4, -0.3, 0.4], c.eye, height, 0.01)]"""
    hit, beside, below, above = run("landscape/camera.js", body, {"matrix": perspective().T.reshape(-1).tolist()})
    assert hit == pytest.approx([0.4, -0.3, 0.3 * 0.16 - 0.06], abs=1e-5)
    assert (beside, below, above) == (None, True, False)


TEXTS = ["random:7~now~train~scene~linear", "path:1~first~test~contour~log~adam:0.03~momentum:0.1",
         "weights:(dense-1-weight,0):(dense-2-bias,0)~best~batch~scene~linear",
           "towards:120:1~now~train~contour~linear"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_choices_survive_the_link(run: Run, text: str) -> None:
    assert run("landscape/choices.js", "return m.writeChoices(m.readChoices(a))", text) == text
    assert sharing.read_surface(f"v=1&surface={text}") == text


@pytest.mark.parametrize(
    "text", ["", "<script>", "random:1e9~here", "weights:(a b,1)~now", "~~~~~~~", "path~now~train~3d~log~adam:0.1:evil"]
)
def test_choices_that_are_not_understood_are_the_usual_ones(run: Run, text: str) -> None:
    usual = run("landscape/choices.js", "return m.writeChoices(m.DEFAULTS)")
    written = run("landscape/choices.js", "return m.writeChoices(m.readChoices(a))", text)
    assert set(written.split("~")) <= {*usual.split("~"), "weights", "path", "log"}


@pytest.mark.parametrize("axes", ["random:7", "random:0:1", "path", "curvature:1", "towards:5", "weights",
                                  "weights:(dense-1-weight,3):(dense-2-weight,1)",
                                    "weights:(dense-1-bias,2)::1"])  # fmt: skip
def test_axes_and_places_are_read_by_the_server_as_they_are_written(run: Run, axes: str) -> None:
    body = """const c = {...m.DEFAULTS, axes: m.readAxes(a)}; return [m.axesText(c.axes), m.surfaceQuery(c, 9, 13, [1,
      0.5]), m.placeValue(c, 0.123456789, -2)]"""
    text, query, place = run("landscape/choices.js", body, axes)
    network = sharing.read_link(LINK).network
    assert text == axes.removesuffix("")
    assert sharing.read_axes(text, network, "axes") == sharing.read_axes(axes, network, "axes")
    request = surfaces.parse_request(f"{LINK}&{query}")
    assert (request.step, request.axes, request.resolution, request.span, request.link) == (
        9,
        axes,
        13,
        (1.0, 0.5),
        LINK,
    )
    [edit] = sharing.read_link(f"{LINK}&edits=9.place.{place}").edits
    assert edit.value == (sharing.read_axes(axes, network, "axes"), "now", 0.123457, -2.0)


def test_racers_take_the_optimisers_place_and_keep_other_edits(run: Run) -> None:
    edits = [
        [5, "optimiser", "rmsprop:0.1"],
        [9, "place", "path:now:1:2"],
        [12, "learning_rate", "0.3"],
        [12, "point", "1:2:0"],
    ]
    body = "return [m.startOf(a), m.racerEdits(a, m.startOf(a), 'adam:0.01'), m.racerEdits([], 0, 'adam:0.01')]"
    start, own, first = run("landscape/race.js", body, edits)
    assert start == 9
    assert own == [edits[0], edits[1], [9, "optimiser", "adam:0.01"], edits[3]]
    assert first == [[0, "optimiser", "adam:0.01"]]


SUPPLY = (
    BYTES
    + """
  const asked = [], later = [];
  let answer = () => new Response(bytes), clock = 0;
  const get = (url, {signal}) => new Promise((yes, no) => {
    asked.push(url); signal.addEventListener('abort', () => no(new DOMException('gone', 'AbortError')));
    setTimeout(() => { clock += a.takes ?? 10; yes(answer(url)); });
  });
  const supply = new m.Supply({fetch: get, delay: (go, seconds) => later.push([go, seconds]), now: () => clock});
  const choices = {axes: {kind: 'random', dimensions: 2, seed: 1, step: 0}, centre: 'now', data: 'train'};
  const wish = {url: '/surface/b', link: 'v=1', edits: [[4, 'learning_rate', '0.3'], [40, 'learning_rate', '1']],
    step: 30, choices, span: null};
  const sides = () => asked.map((url) => Number(new URL(url, location.href).searchParams.get('resolution')));
"""
)


def supply(run: Run, body: str, **more: Any) -> Any:
    return run("landscape/supply.js", SUPPLY + body, {"chunk": packed(f"{LINK}&at=30&resolution=13")} | more)


def test_a_coarse_surface_comes_first_and_the_link_carries_only_what_is_felt(run: Run) -> None:
    sides, url, surface = supply(
        run, "await supply.ask(wish, [13, 61]); return [sides(), asked[0], supply.surface.columns]"
    )
    assert (sides, surface) == ([13, 61], 13)
    assert "edits=4.learning_rate.0.3&" in url
    assert "at=30&axes=random:1&centre=now&over=train" in url


def test_a_slow_server_is_asked_for_one_in_between(run: Run) -> None:
    body = "await supply.ask(wish, [13, 61], {patience: 0.6, between: 31}); return sides()"
    assert supply(run, body, takes=100) == [13, 31, 61]
    assert supply(run, body, takes=10) == [13, 61]


def test_a_newer_wish_drops_the_older_one(run: Run) -> None:
    body = """const old = supply.ask(wish, [13, 61]); await supply.ask({...wish, step: 31}, [13]); await old;
      return [sides(), supply.flight, supply.trouble]"""
    assert supply(run, body) == [[13, 13], None, None]


def test_too_fine_a_surface_leaves_the_coarse_one(run: Run) -> None:
    body = """
      answer = (url) => url.includes('=61') ? new Response('{"error":{"key":"resolution","message":"too much"}}',
        {status: 413}) : new Response(bytes);
      await supply.ask(wish, [13, 61]); return [supply.limited, supply.trouble, supply.surface.columns]"""
    assert supply(run, body) == [True, None, 13]


def test_a_refusal_is_told_and_a_lost_server_asked_again(run: Run) -> None:
    body = """
      answer = () => new Response('{"error":{"key":"axes","message":"no such axes"}}', {status: 400});
      await supply.ask(wish, [13]); const told = [supply.trouble.kind, supply.trouble.message, later.length];
      answer = () => { throw new TypeError('down') };
      answer = () => new Response('', {status: 502});
      await supply.ask(wish, [13]);
      answer = () => new Response(bytes); await later[0][0]();
      return [told, supply.trouble, supply.surface.columns]"""
    assert supply(run, body) == [["refused", "no such axes", 0], None, 13]


def test_a_place_in_the_line_is_waited_for(run: Run) -> None:
    body = """
      let times = 0;
      const line = () => new Response('{"error":{"key":"line","place":2}}', {status: 202});
      answer = () => times++ < 2 ? line() : new Response(bytes);
      const all = supply.ask(wish, [13]);
      while (later.length < 1) await new Promise((go) => setTimeout(go, 1)); later[0][0]();
      while (later.length < 2) await new Promise((go) => setTimeout(go, 1)); later[1][0]();
      await all;
      const patient = later.every(([, seconds]) => seconds >= 0.3 && seconds <= 0.6);
      return [times, patient, supply.trouble, supply.surface.columns]"""
    assert supply(run, body) == [3, True, None, 13]


def test_the_reading_warns_where_the_picture_misleads(run: Run) -> None:
    body = (
        HEIGHTS
        + """
      const { makeHeights } = await import('/stage/landscape/heights.js');
      const heights = makeHeights(surface, 'linear');
      const plane = { lengthOf: (x, y) => Math.hypot(x, y) };
      const say = (key) => key, format = {value: String, percent: String, count: String};
      const told = (point, more = {}) => m.warnings({ heights, surface: {...surface, plane, header: {examples: 9}},
        choices: {data: 'train'}, point,
        gradient: null, update: null, racers: [], shakes: false, limited: false, waiting: true, say, format, ...more });
      const at = {step: 3, a: 0, b: 0, distance: 0, loss: 0.5};
      return [told(at), told({...at, distance: 1}), told({...at, loss: 0.8}), told({...at, a: 3}), told(at,
        {waiting: false}),
        told(at, {choices: {data: 'batch'}}), told(at, {racers: [{name: 'x', point: {...at, distance: 2}}]})]"""
    )
    flat = [[0.2, 0.35, 0.5], [0.35, 0.5, 0.65], [0.5, 0.65, 0.9]]
    assert run("landscape/readout.js", body, grid(flat)) == [
        [], ["surface_far"], ["surface_off"], ["surface_beside"], ["surface_coarse"], ["surface_batch"],
          ["surface_far_racer"],
    ]  # fmt: skip
