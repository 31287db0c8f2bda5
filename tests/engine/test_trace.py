"""The film: every field against the naive twin and a run that is stepped by hand; the binary form by its bytes."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from tests import naive
from tests.strategies import Case, cases

CASE = Case(widths=(2, 4, 3, 2), activations=("tanh", "relu", "identity"), loss="categorical_cross_entropy", batch=9)
IN_ORDER = engine.MiniBatch(4, shuffle=False)


def film(case: Case = CASE, steps: int = 7, dtype: str = "float64", **options) -> engine.Trace:
    """A film of a case; `options` of `trace` and of the experiment."""
    of_trace = {key: options.pop(key) for key in ("every", "follow") if key in options}
    options = {"optimiser": engine.Adam(0.05), "regime": IN_ORDER} | options
    return case.start(dtype=dtype, **options).trace(steps, **of_trace)


def records(case: Case, steps: int, regulariser: engine.L2 | None = None) -> list[naive.Choice]:
    """What the naive loop says of the same steps."""
    plan = naive.batches(4, [range(case.batch)] * steps, steps=steps)
    optimiser = engine.Adam(0.05).to_dict()
    penalty = regulariser.to_dict() if regulariser else None
    loss = case.network.loss.to_dict()
    return list(naive.train(case.layers, loss, case.parameters, *case.rows, plan, optimiser, penalty))


def close(found: np.ndarray, expected: object) -> None:
    np.testing.assert_allclose(found, np.array(expected), rtol=2e-6, atol=2e-7)


def test_frames_are_the_states_before_each_update():
    trace = film(regulariser=engine.L2(0.1))
    for frame, record in enumerate(records(CASE, 7, engine.L2(0.1))):
        before, after, gradients = (
            naive.to_arrays(record[part], CASE.arrays) for part in ("before", "after", "gradients")
        )
        close(trace["batch_loss"][frame], record["loss"])
        close(trace["learning_rate"][frame], record["learning_rate"])
        for name in CASE.arrays:
            close(trace[name][frame], before[name])
            close(trace[f"{name}.gradient"][frame], gradients[name])
            close(trace[f"{name}.update"][frame], after[name] - before[name])


@pytest.mark.parametrize("follow", [0, 5, 8])
def test_the_followed_example_passes_forward_and_back(follow):
    trace = film(follow=follow)
    x, y = CASE.rows[0][follow], CASE.rows[1][follow]
    for frame, record in enumerate(records(CASE, 7)):
        output, tape = naive.forward(CASE.layers, record["before"], x)
        value, slope = naive.LOSSES[CASE.loss]
        gradients, deltas = naive.backward(CASE.layers, record["before"], tape, slope(output, y))
        close(trace["example_loss"][frame], value(output, y))
        close(trace["prediction"][frame], naive.softmax(output))
        for layer, seen, delta in zip(CASE.layers, tape, deltas, strict=True):
            close(trace[f"{layer['name']}.pre_activation"][frame], seen["pre_activation"])
            close(trace[f"{layer['name']}.activation"][frame], seen["activation"])
            close(trace[f"{layer['name']}.delta"][frame], delta)
        for name, gradient in naive.to_arrays(gradients, CASE.arrays).items():
            close(trace[f"{name}.example_gradient"][frame], gradient)


def test_losses_and_accuracies_are_over_all_the_data():
    trace = film()
    for frame, record in enumerate(records(CASE, 7)):
        loss = naive.batch_loss(CASE.layers, record["before"], {"name": CASE.loss}, *CASE.rows)
        outputs = [naive.forward(CASE.layers, record["before"], x)[0] for x in CASE.rows[0]]
        right = np.mean([np.argmax(output) == y for output, y in zip(outputs, CASE.rows[1], strict=True)])
        for part in ("train", "test"):
            close(trace[f"{part}_loss"][frame], loss)
            close(trace[f"{part}_accuracy"][frame], right)


@pytest.mark.parametrize(
    ("loss", "read"), [("binary_cross_entropy", naive.sigmoid), ("hinge", naive.identity), ("huber", naive.identity)]
)
def test_a_prediction_is_what_a_person_reads(loss, read):
    case = Case(widths=(2, 3, 1), loss=loss, batch=9)
    trace = film(case, steps=2)
    outputs = trace["dense_2.activation"]
    close(trace["prediction"], [[read(float(o)) for o in frame] for frame in outputs])


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "hinge"])
def test_accuracy_of_two_classes_is_the_side_of_zero(loss):
    case = Case(widths=(2, 1), activations=("identity",), loss=loss, batch=300)
    case.arrays["dense_1.weight"][:] = [[2.0, -1.0]]
    trace = film(case, steps=1)
    outputs = case.start().forward(case.x)
    assert outputs.min() < -0.5
    assert outputs.max() > 0.5
    close(trace["train_accuracy"][0], np.mean((outputs > 0) == (case.y > 0)))


@pytest.mark.parametrize("label", [0, 1])
def test_accuracy_of_one_class(label):
    """A small test set can be all of one class: the border is where the loss puts it, not amid what is there."""
    x = np.random.default_rng(0).normal(size=(4, 2))
    for loss, y in (("binary_cross_entropy", [label] * 4), ("hinge", [2.0 * label - 1] * 4)):
        data = engine.Dataset(x, y, x, y, task="classification", classes=2)
        run = engine.Experiment(engine.Network((2,), [engine.Dense(1)], loss), data).start()
        for bias, right in ((50.0, label), (-50.0, 1 - label)):
            run.set_parameters({"dense_1.bias": [bias]})
            assert run.test_accuracy() == right


def test_a_regression_has_no_accuracy():
    trace = film(Case(batch=9), steps=1)
    assert "train_accuracy" not in set(trace)


def test_fields_and_shapes_are_those_of_the_format():
    trace = film(steps=5)
    shapes = {name: trace[name].shape for name in trace}
    scalars = ["batch_loss", "train_loss", "test_loss", "train_accuracy", "test_accuracy", "example_loss"]
    expected = dict.fromkeys([*scalars, "learning_rate"], (5,)) | {"prediction": (5, 2)}
    for layer in CASE.layers:
        for quantity in ("pre_activation", "activation", "delta"):
            expected[f"{layer['name']}.{quantity}"] = (5, layer["units"])
        for quantity in ("gradient_norm", "update_ratio", "saturated", "dead"):
            expected[f"{layer['name']}.{quantity}"] = (5,)
    for name, array in CASE.arrays.items():
        for kind in ("", ".gradient", ".example_gradient", ".update"):
            expected[name + kind] = (5, *array.shape)
    assert shapes == expected
    again = engine.Trace.from_bytes(trace.to_bytes())
    assert {name: again[name].shape for name in again} == expected


def test_an_unknown_field_lists_the_known_ones():
    with pytest.raises(engine.errors.EngineError, match=r"dense_9\.weight.*dense_1\.weight"):
        film(steps=1)["dense_9.weight"]


def test_header_says_what_is_shown():
    experiment = CASE.experiment(optimiser=engine.Adam(0.05), regime=IN_ORDER)
    run = experiment.start()
    run.step(10)
    header = run.trace(8, every=2, follow=3).header
    assert (header["version"], header["from"], header["every"], header["frames"]) == (1, 10, 2, 4)
    assert header["experiment"] == experiment.key
    assert header["epoch_steps"] == 3
    assert header["loss"] == "categorical_cross_entropy"
    assert header["outcome"] is None
    assert header["follow"]["index"] == 3
    close(header["follow"]["x"], CASE.x[3])
    assert [(layer["name"], layer["kind"], layer["units"]) for layer in header["layers"]] == [
        ("dense_1", "dense", 4),
        ("dense_2", "dense", 3),
        ("dense_3", "dense", 2),
    ]
    assert [layer["activation"]["name"] for layer in header["layers"]] == ["tanh", "relu", "identity"]


@given(case=cases(max_layers=3), steps=st.integers(1, 5), every=st.integers(1, 3))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_film_equals_a_run_that_is_stepped(case, steps, every):
    """Frame j is bit for bit the state that a run has before update j * every."""
    trace = case.start(regime=IN_ORDER, dtype="float32").trace(steps, every=every)
    run = case.start(regime=IN_ORDER, dtype="float32")
    for frame in range(trace.header["frames"]):
        for name, array in run.parameters().items():
            assert trace[name][frame].tobytes() == array.tobytes()
        assert trace["train_loss"][frame] == pytest.approx(run.train_loss(), rel=1e-6)
        run.step(every)


@pytest.mark.parametrize("every", [1, 2, 3, 5, 30])
def test_filming_trains_the_same_bits_as_stepping(every):
    filmed, stepped = (CASE.start(dtype="float32", regime=engine.MiniBatch(4)) for _ in range(2))
    filmed.trace(25, every=every)
    stepped.step(25)
    assert filmed.step_count == stepped.step_count == 25
    for name, array in stepped.parameters().items():
        assert filmed.parameters()[name].tobytes() == array.tobytes()


def test_a_later_film_is_the_end_of_a_longer_one():
    regime = engine.MiniBatch(4)
    long = film(steps=30, regime=regime, dtype="float32")
    run = CASE.start(optimiser=engine.Adam(0.05), regime=regime, dtype="float32")
    run.step(17)
    late = run.trace(13)
    for name in late:
        assert late[name].tobytes() == long[name][17:].tobytes(), name


def test_which_example_is_followed_changes_nothing_else():
    films = [film(follow=index, dtype="float32") for index in (0, 7)]
    for name in films[0]:
        ours = name.endswith((".pre_activation", ".activation", ".delta", ".example_gradient"))
        if not ours and name not in ("example_loss", "prediction"):
            assert films[0][name].tobytes() == films[1][name].tobytes(), name


def parsed(chunk: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """The format read from its description alone, without the engine."""
    assert chunk[:4] == b"BPT1"
    (length,) = struct.unpack_from("<I", chunk, 4)
    assert length % 4 == 0
    header = json.loads(chunk[8 : 8 + length].decode("utf-8"))
    fields, place = {}, 8 + length
    for field in header["fields"]:
        count = int(np.prod(field["shape"]))
        fields[field["name"]] = np.frombuffer(chunk, "<f4", count, place).reshape(field["shape"])
        place += 4 * count
    assert place == len(chunk)
    return header, fields


def test_bytes_are_the_documented_format():
    trace = film()
    header, fields = parsed(trace.to_bytes())
    assert list(fields) == list(trace)
    assert {key: header[key] for key in trace.header} == json.loads(json.dumps(trace.header))
    for name, array in fields.items():
        np.testing.assert_array_equal(array, trace[name].astype(np.float32))


@given(case=cases(max_layers=3), steps=st.integers(1, 4))
@settings(max_examples=10, deadline=None, derandomize=True)
def test_bytes_round_trip(case, steps):
    trace = case.start().trace(steps)
    chunk = trace.to_bytes()
    again = engine.Trace.from_bytes(chunk)
    assert again.to_bytes() == chunk
    assert again.header == trace.header
    for name in trace:
        np.testing.assert_array_equal(again[name], trace[name].astype(np.float32))


def with_header(chunk: bytes, **changes) -> bytes:
    """The chunk with another header."""
    header, _ = parsed(chunk)
    (length,) = struct.unpack_from("<I", chunk, 4)
    text = json.dumps(header | changes).encode()
    text += b" " * (-len(text) % 4)
    return b"BPT1" + struct.pack("<I", len(text)) + text + chunk[8 + length :]


def test_another_version_is_refused_by_its_number():
    chunk = film(steps=2).to_bytes()
    assert engine.Trace.from_bytes(with_header(chunk)).header["frames"] == 2
    with pytest.raises(engine.errors.EngineError, match=r"version.*2.*1"):
        engine.Trace.from_bytes(with_header(chunk, version=2))
    with pytest.raises(engine.errors.EngineError, match="BPT"):
        engine.Trace.from_bytes(b"BPT2" + chunk[4:])


@pytest.mark.parametrize(
    "damage", [lambda c: b"", lambda c: c[:6], lambda c: c[:40], lambda c: c[:-4], lambda c: c + b"\0" * 4]
)
def test_a_damaged_chunk_is_refused(damage):
    with pytest.raises(engine.errors.EngineError):
        engine.Trace.from_bytes(damage(film(steps=2).to_bytes()))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"n": -1}, "n|steps"),
        ({"n": 2.5}, "n|steps"),
        ({"n": 3, "every": 0}, "every"),
        ({"n": 3, "follow": 9}, "follow"),
        ({"n": 3, "follow": -1}, "follow"),
    ],
)
def test_bad_arguments_are_named(arguments, named):
    with pytest.raises(engine.errors.ConfigurationError, match=named):
        CASE.start().trace(**arguments)
