"""The worksheet: its link, its run, and the lessons' published numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import lessons, worksheet
from app.worksheet import Change, Worksheet, opened, read
from engine.errors import ConfigurationError


def test_mazurs_numbers_are_reproduced():
    run = opened(Worksheet("mazur"))
    assert round(run.derivation(0).loss, 9) == 0.298371109
    after = opened(Worksheet("mazur", step=1)).run.parameters()
    assert round(float(after["dense_2.weight"][0, 0]), 8) == 0.35891648
    assert round(float(after["dense_1.weight"][0, 0]), 9) == 0.149780716
    # with the update shown as an operation, to the same digits
    update = run.derivation(0).by_id["dense_2.weight.update[0,0]"]
    assert f"{update.value:.8f}" == "0.35891648"


def test_the_other_textbooks_numbers_are_reproduced():
    xor = opened(Worksheet("xor", step=1)).run.parameters()
    np.testing.assert_allclose(xor["dense_1.weight"], [[0.5038, 0.4038], [0.8985, 0.9985]], atol=5e-5)
    np.testing.assert_allclose(xor["dense_2.weight"], [[-1.2067, 1.0888]], atol=5e-5)
    assert opened(Worksheet("softmax")).derivation(0).loss == pytest.approx(1.04, abs=0.005)
    neuron, saturated = (opened(Worksheet(name)).run for name in ("neuron", "saturated"))
    assert neuron.forward([[1.0]])[0, 0] == pytest.approx(0.82, abs=0.005)
    assert saturated.forward([[1.0]])[0, 0] == pytest.approx(0.98, abs=0.005)


@pytest.mark.parametrize("name", lessons.LESSONS)
def test_every_lesson_is_right_to_the_last_digit(name: str):
    found = opened(Worksheet(name))
    for operation in found.derivation(0).operations:
        assert operation.expression.evaluate() == pytest.approx(operation.value, rel=1e-9, abs=1e-12)
    assert found.check().passed or name == "dead_relu"
    for parameter, shape in found.run.experiment.network.parameter_shapes().items():
        for index in range(int(np.prod(shape))):
            sums = found.paths(parameter, index, 0)
            assert sums.total == pytest.approx(sums.gradient, rel=1e-9, abs=1e-15)
            parts = found.parts(parameter, index)
            assert parts.total == pytest.approx(parts.after - parts.before, rel=1e-9, abs=1e-15)


def test_asking_leaves_the_run_as_it_was():
    found = opened(Worksheet("adam", step=2))
    before = found.run.parameters()
    found.still(1)
    found.derivation(0)
    found.wiggle(("parameter", "dense_1.weight", 0), 0.1, 0)
    assert found.run.step_count == 2
    for name, values in found.run.parameters().items():
        assert np.array_equal(values, before[name])


def test_a_change_acts_from_its_step_on():
    sheet = Worksheet("mazur", step=1).change("dense_1.weight", 0, 0.7)
    assert opened(sheet).run.parameters()["dense_1.weight"][0, 0] == 0.7
    earlier = replace(sheet, step=0)
    assert opened(earlier).run.parameters()["dense_1.weight"][0, 0] == 0.15
    assert opened(replace(sheet, step=2)).run.parameters()["dense_1.weight"][0, 0] != 0.7


def test_a_changed_input_or_target_is_the_only_thing_that_changes():
    sheet = Worksheet("mazur", step=1)
    plain, moved = opened(sheet), opened(sheet.change("x", 1, 0.5).change("y", 0, 0.25))
    assert moved.dataset.x_train.tolist() == [[0.05, 0.5]]
    assert moved.dataset.y_train.tolist() == [[0.25, 0.99]]
    for name, values in plain.run.parameters().items():
        assert np.array_equal(values, moved.run.parameters()[name])
    assert moved.derivation(0).loss != plain.derivation(0).loss


def test_a_new_change_replaces_the_old_one_and_drops_another_future():
    sheet = Worksheet("mazur").change("x", 0, 0.1).change("x", 0, 0.2)
    assert sheet.changes == (Change(0, "x", 0, 0.2),)
    later = replace(sheet, step=3).change("x", 1, 0.9)
    assert replace(later, step=0).change("y", 0, 0.5).changes == (Change(0, "x", 0, 0.2), Change(0, "y", 0, 0.5))


@given(
    name=st.sampled_from(sorted(lessons.LESSONS)), step=st.integers(0, 1000),
    values=st.lists(st.floats(-1e6, 1e6, allow_nan=False), max_size=4), data=st.data(),
)  # fmt: skip
def test_a_link_gives_the_worksheet_back(name, step, values, data):
    experiment = lessons.experiment(name)
    shapes = experiment.network.parameter_shapes()
    places = [(p, i) for p, shape in shapes.items() for i in range(int(np.prod(shape)))]
    sheet = Worksheet(name, step=step, row=data.draw(st.integers(0, len(experiment.dataset.x_train) - 1)))
    for value in values:
        sheet = sheet.change(*data.draw(st.sampled_from(places)), value)
    operations = opened(Worksheet(name)).derivation(0).operations
    sheet = replace(sheet, at=data.draw(st.sampled_from(operations)).id, weight=data.draw(st.sampled_from(places)))
    assert read(sheet.query()) == (sheet, [])


def test_ones_own_network_comes_with_its_edits():
    sheet = worksheet.own("v=1", [[3, "learning_rate", "0.3"]], 10, 2)
    assert read(sheet.query()) == (sheet, [])
    assert opened(sheet).run.learning_rate == 0.3


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("lesson=nobody", "lesson"), ("lesson=mazur&step=-1", "step"), ("lesson=mazur&step=99999999", "step"),
        ("lesson=mazur&row=1", "row"), ("lesson=mazur&at=<b>", "at"),
        ("lesson=mazur&weight=dense_9.weight:0", "weight"),
        ("lesson=mazur&weight=dense_1.weight:4", "weight"), ("lesson=mazur&change=0:x:0", "change"),
        ("lesson=mazur&change=0:x:0:1e99", "change"), ("lesson=mazur&change=0:x:0:nan", "change"),
        ("lesson=mazur&change=0:nothing:0:1", "change"), ("lesson=softmax&change=0:y:0:0.5", "change"),
        ("lesson=mazur&change=" + ",".join(["0:x:0:1"] * 65), "change"),
    ],
)  # fmt: skip
def test_what_a_link_may_not_say_is_told_and_left_out(query: str, key: str):
    sheet, problems = read(query)
    assert [problem.key for problem in problems] == [key]
    assert not sheet.changes
    opened(replace(sheet, step=0))


def test_a_step_too_far_is_refused():
    with pytest.raises(ConfigurationError, match="step"):
        opened(replace(worksheet.own("v=1&net=dense:400:tanh,dense:200:tanh,dense:1", [], 0), step=1_000_000))
