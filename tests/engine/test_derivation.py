"""The derivation of a step: every formula comes to the engine's own number, for any network, loss and optimiser."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.derivation import PHASES, Derivation, Operation, derive, paths, update_parts, wiggle
from engine.pieces import finish
from engine.run import Run
from tests.strategies import Case, cases

OPTIMISERS = [
    engine.SGD(0.1),
    engine.Momentum(0.1),
    engine.Nesterov(0.1),
    engine.AdaGrad(0.1),
    engine.RMSProp(0.1),
    engine.Adam(0.1),
    engine.AdamW(0.1, weight_decay=0.3),
    engine.SGD(engine.schedules.Exponential(0.1, 0.5)),
]
PENALTIES = [None, engine.L1(0.05), engine.L2(0.05), engine.ElasticNet(0.02, 0.03), engine.L1(0.05, prune=True)]


def mazur(**options) -> Run:
    """The worked 2-2-2 example of Mazur 2015, "A step by step backpropagation example"."""
    x, y = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    layers = [engine.Dense(2, "sigmoid"), engine.Dense(2, "sigmoid")]
    data = engine.Dataset(x, y, x, y, task="regression")
    network = engine.Network((2,), layers, "half_squared_error")
    run = engine.Experiment(network, data, engine.SGD(0.5), engine.FullBatch(), dtype="float64", **options).start()
    run.set_parameters(
        {
            "dense_1.weight": [[0.15, 0.20], [0.25, 0.30]],
            "dense_1.bias": [0.35, 0.35],
            "dense_2.weight": [[0.40, 0.45], [0.50, 0.55]],
            "dense_2.bias": [0.60, 0.60],
        }
    )
    return run


def agree(found: float, expected: float, scale: float = 1.0) -> bool:
    """To rounding: a hundred thousand times finer than the six digits that a page shows."""
    return found == expected or math.isclose(found, expected, rel_tol=1e-10, abs_tol=1e-11 * scale)


def check_every_number(derivation: Derivation, run: Run) -> None:
    """Formulas come to their values, values are the engine's, and each operation uses only what was done before."""
    done: dict[str, Operation] = {}
    scale = max(1.0, *(abs(o.value) for o in derivation.operations if math.isfinite(o.value)))
    for operation in derivation.operations:
        assert operation.id not in done, operation.id
        assert set(operation.uses) <= set(done), operation
        assert agree(operation.expression.evaluate(), operation.value, scale), operation
        assert operation.symbol.origin == operation.id
        for symbol in operation.expression.symbols():
            if symbol.origin is not None:
                assert symbol.value == done[symbol.origin].value, (operation.id, symbol)
        done[operation.id] = operation
    for operation in derivation.operations:
        if operation.kind == "delta_reason":
            assert agree(operation.value, done[operation.id.removesuffix(".reason")].value, scale), operation
    assert [p for p in PHASES if derivation.phase(p)] == list(dict.fromkeys(o.phase for o in derivation.operations))
    check_against_the_engine(derivation, run, scale)


def stepped(run: Run) -> dict[str, np.ndarray]:
    """Parameters after the next update, before any edit that follows it; the run goes back."""
    run.parameters()  # this step's edits
    here = run.checkpoint()
    run.step()
    after = {name: view.copy() for name, view in run._views.items()}
    run.restore(here)
    return after


def check_against_the_engine(derivation: Derivation, run: Run, scale: float) -> None:
    """Everything that a trace shows, and the parameters after the update."""
    after, here = stepped(run), run.checkpoint()
    trace = run.trace(1, follow=derivation.example)
    run.restore(here)
    for operation in derivation.operations:
        for symbol in [operation.symbol, *operation.expression.symbols()]:
            if symbol.field is None or symbol.example is not None or derivation.mode == "training":
                continue
            found = trace[symbol.field][0]
            shown = found.reshape(-1)[0] if found.ndim == 0 or not symbol.indices else found[symbol.indices]
            assert agree(symbol.value, float(shown), scale), (operation.id, symbol, float(shown))
        if operation.symbol.name.endswith("_next") and operation.id.partition("[")[0].endswith(".update"):
            name = operation.id.partition(".update")[0]
            assert agree(operation.value, after[name][operation.symbol.indices], scale), operation


def test_the_textbook_example_gives_its_published_numbers():
    by_id = derive(mazur()).by_id
    assert by_id["loss"].value == pytest.approx(0.298371109, abs=1e-9)
    assert by_id["dense_2.weight.update[0,0]"].value == pytest.approx(0.35891648, abs=1e-8)
    assert by_id["dense_1.weight.update[0,0]"].value == pytest.approx(0.149780716, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(cases(max_layers=3), st.data())
def test_every_number_is_the_engines(case: Case, data: st.DataObject):
    run = case.start()
    check_every_number(derive(run, data.draw(st.integers(0, case.batch - 1))), run)


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda optimiser: optimiser.name)
def test_updates_are_the_engines_with_state_carried_over(optimiser, penalty):
    run = Case((2, 3, 1), seed=4).start(optimiser=optimiser, regulariser=penalty, regime=engine.MiniBatch(4))
    for steps in (0, 1, 6):
        run.step(steps)
        check_every_number(derive(run, 2), run)


def test_the_batch_is_that_of_the_next_update():
    """In the shuffled order, the short last batch of an epoch too; and a run in float32 is taken over."""
    run = Case((2, 3, 1), batch=10).start(regime=engine.MiniBatch(4), dtype="float32")
    seen = []
    for _ in range(6):
        before = run.checkpoint()
        derivation = derive(run)
        assert all(np.array_equal(a, b) for a, b in zip(before.arrays, run.checkpoint().arrays, strict=True))
        gradient = np.zeros(run._layout.size, "float32")
        batch_loss = finish(run.observed_step(gradient))
        assert derivation.batch_loss == pytest.approx(batch_loss, rel=1e-5)
        mean = derivation.by_id["dense_1.weight.gradient[0,1]"].value
        assert mean == pytest.approx(float(run._layout.views(gradient)["dense_1.weight"][0, 1]), rel=1e-4)
        seen.append(derivation.batch)
    assert [len(batch) for batch in seen] == [4, 4, 2, 4, 4, 2]
    assert sorted(sum(seen[:3], ())) == sorted(sum(seen[3:], ())) == list(range(10))


def test_the_run_is_left_as_it_was():
    run = Case((2, 3, 1)).start(optimiser=engine.Adam(), regime=engine.MiniBatch(3))
    run.step(5)
    other = Case((2, 3, 1)).start(optimiser=engine.Adam(), regime=engine.MiniBatch(3))
    other.step(5)
    derive(run, 7)
    run.step(9)
    other.step(9)
    assert run._flat.tobytes() == other._flat.tobytes()


@pytest.mark.parametrize("size", [1e-8, 1.0, 50.0, 800.0])
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "categorical_cross_entropy"])
def test_logits_of_any_size_keep_their_loss(loss, size):
    """Where p is all but 0 or 1 the formula that loses no digits is shown, not ln(0)."""
    case = Case((2, 3), ("identity",), loss)
    run = case.start()
    run.set_parameters({"dense_1.weight": case.arrays["dense_1.weight"] * size})
    for example in range(4):
        check_every_number(derive(run, example), run)


# Paths, wiggling, and why a weight moved.


@settings(max_examples=25, deadline=None)
@given(cases(max_layers=3), st.data())
def test_paths_add_up_to_the_gradient(case: Case, data: st.DataObject):
    run, example = case.start(), data.draw(st.integers(0, case.batch - 1))
    name = data.draw(st.sampled_from(sorted(case.arrays)))
    place = data.draw(st.integers(0, case.arrays[name].size - 1))
    found = paths(run, name, place, example, most=50)
    gradients = run.gradients(case.x[example : example + 1], case.y[example : example + 1])
    gradient = float(gradients[name].reshape(-1)[place])
    scale = max(1.0, *(abs(path.value) for path in found.paths))
    assert found.gradient == pytest.approx(gradient, rel=1e-9, abs=1e-12)
    assert abs(found.total - gradient) <= 1e-9 * scale
    sizes = [abs(path.value) for path in found.paths]
    assert all(big >= small * (1 - 1e-12) for big, small in zip(sizes, sizes[1:], strict=False))
    for path in found.paths:
        assert path.value == pytest.approx(math.prod(factor.value for factor in path.factors), rel=1e-12)
        assert all(agree(factor.expression.evaluate(), factor.value) for factor in path.factors)
        assert path.factors[0].of.name == "L"
        assert path.factors[-1].by == found.symbol
        for earlier, later in zip(path.factors, path.factors[1:], strict=False):
            assert earlier.by == later.of
    for group in found.groups:
        assert abs(math.fsum(value for _, value in group.through) - gradient) <= 1e-9 * scale
    assert len(found.paths) == min(50, found.count)


def test_as_many_paths_as_units_multiply_to():
    run = Case((2, 3, 4, 2), ("tanh", "tanh", "identity")).start()
    assert paths(run, "dense_1.weight", (0, 1)).count == 4 * 2
    assert paths(run, "dense_2.weight", (0, 1)).count == 2
    assert paths(run, "dense_3.bias", (1,)).count == 1
    assert len({path.units for path in paths(run, "dense_1.weight", (0, 1)).paths}) == 8


def test_where_there_are_too_many_paths_layers_are_summed():
    run = Case((2, 33, 33, 33, 1), ("tanh",) * 3 + ("identity",)).start()
    found = paths(run, "dense_1.weight", (3, 1), most=10)
    assert found.count == 33 * 33
    assert len(found.paths) == 10
    assert [group.quantity for group in found.groups] == [f"dense_{n}.pre_activation" for n in (1, 2, 3, 4)]
    assert [len(group.through) for group in found.groups] == [1, 33, 33, 1]


@settings(max_examples=15, deadline=None)
@given(cases(max_layers=3), st.data())
def test_a_small_wiggle_measures_the_gradient(case: Case, data: st.DataObject):
    case = case.away_from_kinks(1e-4)
    run, example = case.start(), data.draw(st.integers(0, case.batch - 1))
    name = data.draw(st.sampled_from([*sorted(case.arrays), "input"]))
    target = ("input", 0) if name == "input" else ("parameter", name, 0)
    found = wiggle(run, target, 1e-6, example)
    assert found.slope == pytest.approx(found.gradient, rel=1e-4, abs=1e-6)
    row = case.x[example : example + 1]
    assert found.loss_before == pytest.approx(run.loss(row, case.y[example : example + 1]), rel=1e-12)
    if name == "input":
        row = row.copy()
        row[0, 0] += 1e-6
    else:
        values = run.parameters()
        values[name].reshape(-1)[0] += 1e-6
        run.set_parameters(values)
    assert found.loss_after == pytest.approx(run.loss(row, case.y[example : example + 1]), rel=1e-12)
    np.testing.assert_allclose(found.after["prediction"], run.predict(row)[0], rtol=1e-12)


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda optimiser: optimiser.name)
def test_parts_add_up_to_the_update(optimiser, penalty):
    case = Case((2, 3, 1), seed=4)
    run = case.start(optimiser=optimiser, regulariser=penalty, regime=engine.MiniBatch(4))
    run.step(3)
    before, after = run.parameters(), stepped(run)
    for name, array in before.items():
        for place, value in enumerate(array.reshape(-1)):
            found = update_parts(run, name, place)
            assert found.total == pytest.approx(after[name].reshape(-1)[place] - value, rel=1e-9, abs=1e-13)
            assert {part.example for part in found.parts if part.kind == "example"} == set(derive(run).batch)
    kinds = {part.kind for part in found.parts}
    assert not kinds & {"l1", "l2", "pruning"}, "the last is a bias"
    if optimiser.name in ("momentum", "nesterov", "adam", "adamw"):
        assert "momentum" in kinds


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda run: derive(run, 99), "example"),
        (lambda run: derive(run, focus={"dense_9": (0,)}), "focus"),
        (lambda run: derive(run, focus={"dense_1": (9,)}), "index into"),
        (lambda run: paths(run, "dense_9.weight", 0), "parameter"),
        (lambda run: paths(run, "dense_1.weight", (0, 2)), "index into dense_1.weight"),
        (lambda run: paths(run, "dense_1.weight", 99), "index into dense_1.weight"),
        (lambda run: wiggle(run, ("input", 5), 0.1), "index into input"),
        (lambda run: wiggle(run, ("input", 0), 0.0), "amount"),
        (lambda run: wiggle(run, ("colour", 0), 0.1), "target"),
        (lambda run: update_parts(run, "dense_1.weight", (0, -1)), "index into dense_1.weight"),
    ],
)
def test_what_there_is_not_is_refused_by_name(ask, said):
    with pytest.raises(engine.errors.ConfigurationError, match=said):
        ask(Case((2, 3, 1)).start())


def test_edits_are_taken_over():
    """An added point, another optimiser whose state begins anew, a rate, a parameter, in the middle of an epoch too."""
    data = engine.datasets.load("circle", n=20)
    network = engine.Network((2,), [engine.Dense(3, "tanh"), engine.Dense(1)], "binary_cross_entropy")
    run = (
        engine.Experiment(network, data, engine.Momentum(0.1), engine.MiniBatch(4), dtype="float64")
        .edit(2, "point", (1.0, -2.0, 1))
        .edit(4, "optimiser", engine.Adam(0.1))
        .edit(5, "learning_rate", 0.2)
        .edit(6, "parameter", ("dense_1.weight", 3, 0.25))
        .edit(7, "regulariser", engine.L2(0.1))
        .start()
    )
    for step in range(10):
        derivation = derive(run, 10 if step > 2 else 0)
        assert derivation.step == step
        check_every_number(derivation, run)
        run.step()
    counts = {s.value for o in derive(run).operations for s in o.expression.symbols() if s.name == "t"}
    assert counts == {10 - 4 + 1}


def test_numbers_beyond_all_bounds_are_shown_as_they_are():
    run = Case((2, 3, 1), ("relu", "identity")).start()
    run.set_parameters({"dense_1.weight": np.full((3, 2), 1e200), "dense_2.weight": np.full((1, 3), -1e200)})
    derivation = derive(run)
    assert len(derivation.operations) > 50
    assert not all(math.isfinite(operation.value) for operation in derivation.operations)
    assert paths(run, "dense_1.weight", 0).count == 1
    assert update_parts(run, "dense_1.weight", 0).parts
    wiggle(run, ("parameter", "dense_1.weight", 0), 1.0)
