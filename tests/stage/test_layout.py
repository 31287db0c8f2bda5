"""Where things stand: inside the canvas, never over one another, from the narrowest phone to a wide screen."""

from __future__ import annotations

import itertools

import pytest

from tests.stage.conftest import Run

LAYOUT = """
  const widths = a.widths, names = ['x1', 'x2', 'x1_squared', 'x2_squared', 'x1_x2', 'sin_x1', 'sin_x2'];
  const model = {
    kind: a.kind, image: a.image ?? 0, answer: widths.at(-1) > 1 ? 'classes' : 'probability',
    problem: {features: a.kind === 'plane' ? names.slice(0, widths[0]) : null},
    layers: widths.map((units, index) => ({index, units, role: index === 0 ? 'input' :
      index === widths.length - 1 ? 'output' : 'hidden'})),
  };
  return m.layoutNetwork(model, {width: a.width, height: a.height});
"""
NETWORKS = [
    {"kind": "plane", "widths": [2, 1]},
    {"kind": "plane", "widths": [2, 8, 8, 1]},
    {"kind": "plane", "widths": [7, 8, 8, 8, 8, 8, 8, 1]},
    {"kind": "plane", "widths": [2, 40, 24, 3]},
    {"kind": "line", "widths": [1, 16, 16, 1]},
    {"kind": "table", "widths": [13, 12, 3]},
    {"kind": "table", "widths": [64, 32, 10], "image": 8},
    {"kind": "table", "widths": [64, 128, 64, 10], "image": 8},
]


def overlap(one: dict, other: dict) -> bool:
    slack = 1e-6
    return (
        one["x"] + one["w"] > other["x"] + slack and other["x"] + other["w"] > one["x"] + slack
        and one["y"] + one["h"] > other["y"] + slack and other["y"] + other["h"] > one["y"] + slack
    )  # fmt: skip


@pytest.mark.parametrize("width", [320, 358, 559, 560, 860, 1200, 1600])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: "-".join(map(str, network["widths"])))
def test_units_stay_inside_and_apart(run: Run, network: dict, width: int) -> None:
    height = 330 if width < 560 else 470
    layout = run("layout/index.js", LAYOUT, network | {"width": width, "height": height})
    boxes = [box for column in layout["units"] for box in column]
    assert len(boxes) == sum(network["widths"])
    assert len({box["id"] for box in boxes}) == len(boxes)
    for box in boxes:
        assert box["x"] >= 0, box
        assert box["x"] + box["w"] <= width, box
        assert box["y"] >= 0, box
        assert box["y"] + box["h"] <= height, box
        assert box["w"] >= 4, box
    for one, other in itertools.combinations(boxes, 2):
        assert not overlap(one, other), (one, other)


def test_columns_leave_room_for_edges(run: Run) -> None:
    columns = run("layout/index.js", LAYOUT, {"kind": "plane", "widths": [2, 8, 8, 1], "width": 840, "height": 470})[
        "columns"
    ]
    gaps = [right["x"] - left["x"] - left["w"] for left, right in itertools.pairwise(columns)]
    assert min(gaps) > 80
    assert max(gaps) - min(gaps) < 1


def test_active_features_stand_in_their_own_slots(run: Run) -> None:
    layout = run("layout/index.js", LAYOUT, {"kind": "plane", "widths": [2, 4, 1], "width": 840, "height": 470})
    active = [box for box in layout["features"] if box["active"]]
    assert [box["name"] for box in active] == ["x1", "x2"]
    assert [(box["x"], box["y"]) for box in active] == [(box["x"], box["y"]) for box in layout["units"][0]]


def test_small_networks_have_room_for_numbers_and_large_ones_not(run: Run) -> None:
    small = run("layout/index.js", LAYOUT, {"kind": "plane", "widths": [2, 8, 8, 1], "width": 840, "height": 470})
    crowded = run("layout/index.js", LAYOUT, {"kind": "plane", "widths": [2, 8, 8, 1], "width": 340, "height": 330})
    assert (small["roomy"], crowded["roomy"]) == (True, False)
