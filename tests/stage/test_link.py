"""Edits and addresses, against the app's own reader and writer of links."""

from __future__ import annotations

import pytest

from app import sharing
from tests.stage.conftest import Run

EDITS = [
    [137, "learning_rate", "0.3"],
    [137, "point", "1.5:-2:1"],
    [200, "optimiser", "adam:0.01"],
    [230, "regulariser", "none"],
]
TEXT = "137.learning_rate.0.3_137.point.1.5:-2:1_200.optimiser.adam:0.01_230.regulariser.none"


def test_edits_are_written_as_links_carry_them(run: Run) -> None:
    assert run("link.js", "return m.writeEdits(a)", EDITS) == TEXT


def test_the_app_reads_the_edits_that_the_stage_writes(run: Run) -> None:
    link = run("link.js", "return m.address('data=circle', a, 200, '')", EDITS)
    experiment = sharing.read_link(link)
    assert [sharing.edit_text(edit).split(".", 2)[:2] for edit in experiment.edits] == [
        [str(s), k] for s, k, _ in EDITS
    ]


@pytest.mark.parametrize(
    ("edit", "left"),
    [
        ([150, "learning_rate", "1"], [*EDITS[:2], [150, "learning_rate", "1"]]),
        ([137, "learning_rate", "1"], [EDITS[1], [137, "learning_rate", "1"]]),
        ([137, "point", "0:0:0"], [*EDITS[:2], [137, "point", "0:0:0"]]),
    ],
)
def test_a_new_edit_drops_later_ones_and_replaces_its_own_kind(run: Run, edit: list, left: list) -> None:
    assert run("link.js", "return m.withEdit(a[0], a[1])", [EDITS, edit]) == left


def test_a_request_carries_only_the_edits_that_it_can_feel(run: Run) -> None:
    query = run("link.js", "return m.traceQuery('data=circle', a, {from: 120, to: 140, every: 1}, 3)", EDITS)
    assert query == "data=circle&edits=137.learning_rate.0.3_137.point.1.5:-2:1&from=120&to=140&every=1&follow=3"
    early = run("link.js", "return m.traceQuery('data=circle', a, {from: 0, to: 20, every: 1}, 0)", EDITS)
    assert early == "data=circle&from=0&to=20&every=1&follow=0"


def test_the_address_keeps_the_language_and_the_embedding(run: Run) -> None:
    address = run("link.js", "return m.address('data=xor', [], 5, '?data=old&lang=pt&embed=true&x=1')")
    assert address == "?data=xor&step=5&lang=pt&embed=true"


def test_points_travel_with_two_decimals(run: Run) -> None:
    assert run("link.js", "return m.pointValue(1.23456, -2, 1)") == "1.23:-2:1"
    assert run("link.js", "return m.readPoint('1.23:-2:1')") == [1.23, -2, 1]
