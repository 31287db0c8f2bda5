"""From a point on the screen to what is under it."""

import pytest

from tests.stage.conftest import Run

SCENE = """
  const {edgeCurve} = await import('/stage/layout/curve.js');
  const box = (id, x, y) => ({id, x, y, w: 20, h: 20});
  const units = [[box('u0.0', 10, 10), box('u0.1', 10, 90)], [box('u1.0', 200, 50)]];
  const edges = [0, 1].map((from) => ({id: `e1.0.${from}`, curve: edgeCurve(units[0][from], units[1][0])}));
  const hit = (x, y) => m.hitNetwork({units}, edges, x, y);
"""


@pytest.mark.parametrize(
    ("point", "found"),
    [
        ((20, 20), "u0.0"), ((9, 95), "u0.1"), ((210, 60), "u1.0"), ((40, 21), "e1.0.0"), ((115, 40), "e1.0.0"),
        ((115, 80), "e1.0.1"), ((115, 60), None), ((300, 60), None), ((100, 200), None),
    ],
)  # fmt: skip
def test_units_come_before_edges_and_edges_are_hit_near_their_curve(run: Run, point: tuple, found: str | None) -> None:
    assert run("hit.js", SCENE + "return hit(...a)", point) == found


def test_the_nearest_example_within_reach(run: Run) -> None:
    body = """
      return a.map(([x, y]) => m.hitPoint([[0, 0], [1, 0], [5, 5]],
        (px, py) => [100 + 10 * px, 100 - 10 * py], x, y, 8))"""
    assert run("hit.js", body, [[101, 100], [107, 101], [150, 51], [125, 100]]) == [0, 1, 2, -1]


def test_a_curve_leaves_and_arrives_level(run: Run) -> None:
    body = """
      const c = m.edgeCurve({x: 0, y: 0, w: 10, h: 10}, {x: 110, y: 50, w: 10, h: 10});
      return [m.pointOn(c, 0), m.pointOn(c, 0.5), m.pointOn(c, 1), c.y1 === c.y0, c.y2 === c.y3];"""
    assert run("layout/curve.js", body) == [[10, 5], [60, 30], [110, 55], True, True]


def test_a_plots_frame_goes_there_and_back(run: Run) -> None:
    body = """
      const f = m.planeFrame(340, [-6, 6]);
      const [x, y] = f.place(1.5, -3);
      return [...f.invert(x, y), ...f.place(-6, 6)]"""
    assert run("plot/frame.js", body) == pytest.approx([1.5, -3, 24, 2])


def test_contours_of_a_tilted_plane_are_straight(run: Run) -> None:
    body = "const side = 5; return m.contour(Array.from({length: 25}, (_, i) => (i % side) - 1.5), side, 0)"
    segments = run("contour.js", body)
    assert len(segments) == 16
    assert all(x == pytest.approx(1.5) for x in segments[::2])


def test_a_flat_grid_has_no_contour(run: Run) -> None:
    assert run("contour.js", "return m.contour(new Float32Array(25).fill(2), 5, 0)") == []
