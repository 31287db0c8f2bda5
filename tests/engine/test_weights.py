"""Unit: weights come back from both formats as they went out; files that do not fit, or mean harm, are refused."""

from __future__ import annotations

import io
import json
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import weights
from engine.errors import ConfigurationError, EngineError

DATA = engine.datasets.load("circle", n=20)


def started(layers=None, dtype="float32", seed=0, data=DATA):
    layers = layers or [engine.Dense(3, "tanh"), engine.Dense(1)]
    network = engine.Network((2,), layers, "binary_cross_entropy")
    return engine.Experiment(network, data, engine.Adam(0.01), seed=seed, dtype=dtype).start()


def state_of(run):
    return run.parameters() | run.statistics()


def same(one, other):
    return list(one) == list(other) and all(one[name].tobytes() == other[name].tobytes() for name in one)


def safetensors(tensors, *, tail=b"", header=None):
    """The format written a second time, from its description."""
    entries, numbers = {"__metadata__": {"by": "test"}}, b""
    for name, (kind, array) in tensors.items():
        start, numbers = len(numbers), numbers + array.tobytes()
        entries[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [start, len(numbers)]}
    text = header if header is not None else json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + numbers + tail


def npz(arrays, **options):
    file = io.BytesIO()
    np.savez(file, **options, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def fitting(dtype="<f4"):
    return {name: np.zeros(shape, dtype) for name, shape in started().experiment.network.parameter_shapes().items()}


# ----------------------------------------------------------------------------------------------------- round trip


@pytest.mark.parametrize("form", weights.FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_come_back_bit_for_bit(tmp_path, form, dtype):
    run, other = started(dtype=dtype), started(dtype=dtype, seed=5)
    run.train(2)
    path = tmp_path / f"weights.{form}"
    weights.save(run, path)
    assert not same(state_of(run), state_of(other))
    weights.load(other, path)
    assert same(state_of(run), state_of(other))
    np.testing.assert_array_equal(run.forward(DATA.x_test), other.forward(DATA.x_test))


@pytest.mark.parametrize("form", weights.FORMATS)
def test_statistics_travel_too(form):
    layers = [engine.Dense(3), engine.BatchNorm(), engine.Dense(1)]
    run, other = started(layers), started(layers, seed=1)
    run.train(3)
    assert set(run.statistics()) == {"batch_norm_1.running_mean", "batch_norm_1.running_var"}
    weights.from_bytes(other, weights.to_bytes(run, form))
    assert same(state_of(run), state_of(other))
    np.testing.assert_array_equal(run.forward(DATA.x_test), other.forward(DATA.x_test))
    state = state_of(run)
    state["batch_norm_1.running_var"][1] = -1.0
    with pytest.raises(ConfigurationError, match="not negative"):
        weights.from_bytes(other, npz(state))


@pytest.mark.parametrize("form", weights.FORMATS)
@pytest.mark.parametrize(("stored", "wanted"), [("float32", "float64"), ("float64", "float32")])
def test_the_other_precision_is_read_too(form, stored, wanted):
    run, other = started(dtype=stored), started(dtype=wanted, seed=3)
    weights.from_bytes(other, weights.to_bytes(run, form))
    for name, array in run.parameters().items():
        assert other.parameters()[name].tolist() == array.astype(wanted).tolist()


def test_a_diverged_run_can_go_on_with_loaded_weights():
    run = started([engine.Dense(3), engine.Dense(1)])
    good = weights.to_bytes(run)
    run.set_parameters({"dense_1.weight": np.full((3, 2), 1e30), "dense_2.weight": np.full((1, 3), 1e30)})
    run.step(5)
    assert run.outcome.kind == "diverged"
    weights.from_bytes(run, good)
    assert run.step(5) == 5


def test_files_are_those_of_the_safetensors_package(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    run, other = started(), started(seed=4)
    weights.save(run, tmp_path / "ours.safetensors")
    theirs = library.load_file(tmp_path / "ours.safetensors")
    assert {name: array.tolist() for name, array in theirs.items()} == {
        name: array.tolist() for name, array in run.parameters().items()
    }
    weights.from_bytes(other, library.save(run.parameters(), {"any": "thing"}))
    assert same(state_of(run), state_of(other))


def test_half_precision_is_read():
    run = started()
    halves = {name: ("F16", array + np.float16(0.5)) for name, array in fitting("<f2").items()}
    weights.from_bytes(run, safetensors(halves))
    assert set(run.parameters()["dense_1.weight"].ravel()) == {0.5}
    brain = {name: ("BF16", np.full(array.shape, 0xC020, "<u2")) for name, array in fitting().items()}  # -2.5
    weights.from_bytes(run, safetensors(brain))
    assert set(run.parameters()["dense_1.weight"].ravel()) == {-2.5}


def test_numbers_are_aligned_and_in_order():
    content = weights.to_bytes(started())
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert length % 8 == 0
    assert list(header)[1:] == list(started().parameters())
    assert header["dense_2.weight"] == {"dtype": "F32", "shape": [1, 3], "data_offsets": [36, 48]}


def test_npz_can_be_opened_with_numpy_alone(tmp_path):
    run = started()
    weights.save(run, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz", allow_pickle=False) as file:
        assert same(dict(file), run.parameters())


# ---------------------------------------------------------------------------------------------------------- refused


def changed(name, array):
    return fitting() | {name: array}


OTHER_NETWORKS = {
    "dense_3.weight too many": changed("dense_3.weight", np.zeros(3, "<f4")),
    "dense_2.bias missing": {name: array for name, array in fitting().items() if name != "dense_2.bias"},
    "shape of dense_1.weight": changed("dense_1.weight", np.zeros((2, 3), "<f4")),
    "shape of dense_2.bias": changed("dense_2.bias", np.zeros((), "<f4")),
}


@pytest.mark.parametrize("message", OTHER_NETWORKS)
def test_weights_of_another_network_are_named(message):
    run = started()
    before = run.parameters()
    arrays = OTHER_NETWORKS[message]
    for content in (npz(arrays), safetensors({name: ("F32", array) for name, array in arrays.items()})):
        with pytest.raises(ConfigurationError, match=message):
            weights.from_bytes(run, content)
    assert same(before, run.parameters())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(value):
    run = started()
    arrays = changed("dense_2.weight", np.array([[0, value, 1]], "<f4"))
    for content in (npz(arrays), safetensors({name: ("F32", array) for name, array in arrays.items()})):
        with pytest.raises(ConfigurationError, match=r"dense_2\.weight"):
            weights.from_bytes(run, content)
    with pytest.raises(ConfigurationError, match=r"dense_2\.weight"):
        weights.from_bytes(run, npz(changed("dense_2.weight", np.full((1, 3), 1e300))))  # too large for float32


class Harm:
    """Reading it would run code."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was read",))


def torch_file(content):
    """What torch.save writes: a zip file with a pickle in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", content)
    return file.getvalue()


def test_pickles_are_refused_unread():
    run = started()
    harm = pickle.dumps(Harm())
    objects = npz(changed("dense_2.bias", np.array([Harm()], object)), allow_pickle=True)
    for content in (harm, pickle.dumps(Harm(), 0), torch_file(harm)):
        with pytest.raises(ConfigurationError, match="pickle could run code"):
            weights.from_bytes(run, content)
    with pytest.raises(ConfigurationError, match="type of dense_2.bias in the file is 'object'"):
        weights.from_bytes(run, objects)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"PK", b"PK\x03\x04" + bytes(50), b"\x93NUMPY", b"hello" * 9, bytes(64)]
)
def test_other_content_is_refused(content):
    with pytest.raises(ConfigurationError, match="file of weights"):
        weights.from_bytes(started(), content)


def entry(**options):
    """A header whose first tensor is described otherwise."""
    described = {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]} | options
    rest = {
        "dense_1.bias": {"dtype": "F32", "shape": [3], "data_offsets": [24, 36]},
        "dense_2.weight": {"dtype": "F32", "shape": [1, 3], "data_offsets": [36, 48]},
        "dense_2.bias": {"dtype": "F32", "shape": [1], "data_offsets": [48, 52]},
    }
    return json.dumps({"dense_1.weight": described} | rest).encode()


def test_the_header_of_these_tests_is_right_unless_it_is_changed():
    run = started()
    weights.from_bytes(run, safetensors({}, header=entry(), tail=bytes(52)))
    assert not run.parameters()["dense_1.weight"].any()


HEADERS = {
    "place of dense_1.weight": [
        entry(data_offsets=[0, 23]),
        entry(data_offsets=[4, 28]),
        entry(data_offsets=[-24, 0]),
        entry(data_offsets=[0, 2**62]),
        entry(dtype="F64"),
    ],
    "type of dense_1.weight": [entry(dtype="I64"), entry(dtype="pickle")],
    "dense_1.weight in the file": [
        entry(shape="32"),
        entry(shape=[3.0, 2]),
        entry(shape=[True, 6]),
        entry(data_offsets=[0]),
        entry(dtype=None),
        entry(data_offsets=None),
        entry(shape=5),
        b'{"dense_1.weight": 3, ' + entry()[entry().index(b'"dense_1.bias"') :],
    ],
    "shape of dense_1.weight": [entry(shape=[2, 3]), entry(shape=[-3, -2]), entry(shape=[2**40, 2**40])],
    "header": [b"{", b'{"a": 1, "a": 1}', b"{\xff}", b'{"a":' + b"[" * 60000, b"{1}", b"{" + b" " * 10],
    "file of weights": [b"[]", b" {}", b"null"],
}


@pytest.mark.parametrize(
    ("message", "header"), [(message, header) for message in HEADERS for header in HEADERS[message]]
)
def test_headers_that_lie_are_refused(message, header):
    with pytest.raises(ConfigurationError, match=message):
        weights.from_bytes(started(), safetensors({}, header=header, tail=bytes(52)))


@pytest.mark.parametrize("tail", [bytes(51), bytes(53), b""])
def test_the_file_is_as_long_as_its_header_says(tail):
    with pytest.raises(ConfigurationError, match="in the file"):
        weights.from_bytes(started(), safetensors({}, header=entry(), tail=tail))


def test_a_header_longer_than_the_file_is_refused():
    for length in (2**63, 2**20 + 1, 500):
        with pytest.raises(ConfigurationError, match="file of weights"):
            weights.from_bytes(started(), length.to_bytes(8, "little") + entry())


def test_names_twice_are_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in fitting().items():
            archive.writestr(f"{name}.npy", npy(array))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("dense_2.bias.npy", npy(np.ones(1, "<f4")))
    with pytest.raises(ConfigurationError, match="just these arrays"):
        weights.from_bytes(started(), file.getvalue())


def bomb(compression):
    """20 MB of zeros in the place of a bias."""
    file, large = io.BytesIO(), npy(np.zeros(5_000_000, "<f4"))
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, array in fitting().items():
            archive.writestr(f"{name}.npy", large if name == "dense_2.bias" else npy(array))
    return file.getvalue()


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_bomb_is_not_inflated(compression):
    run, content = started(), bomb(compression)
    tracemalloc.start()
    with pytest.raises(ConfigurationError, match="file of weights|dense_2.bias"):
        weights.from_bytes(run, content)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.npz"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(ConfigurationError, match="bytes in the file of weights is 50000000"):
        weights.load(started(), path)
    with pytest.raises(ConfigurationError, match="bytes in the file of weights"):
        weights.from_bytes(started(), bytes(2_000_000))


def test_other_formats_are_named(tmp_path):
    with pytest.raises(EngineError, match="npz, safetensors"):
        weights.save(started(), tmp_path / "weights.pt")
    assert not (tmp_path / "weights.pt").exists()


@given(form=st.sampled_from(weights.FORMATS), place=st.floats(0, 1), byte=st.integers(0, 255), cut=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_read_or_refused_whole(form, place, byte, cut):
    run = RUNS.setdefault("one", started())
    before, content = run.parameters(), bytearray(weights.to_bytes(run, form))
    where = int(place * (len(content) - 1))
    if cut:
        del content[where:]
    else:
        content[where] = byte
    try:
        weights.from_bytes(run, bytes(content))
    except ConfigurationError:
        assert same(before, run.parameters())


RUNS = {}
