"""Unit: the data are those of TF Playground where they should be, keep their promises, and refuse kindly."""

import hashlib
import json
import math
import pickle
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import datasets, errors
from engine.datasets import Dataset
from engine.datasets.features import feature_columns
from engine.datasets.labels import LABELS, decoded, encoded
from engine.datasets.options import Integer, Number
from engine.datasets.randomness import PhiloxSource, normal, random_source, shuffle
from engine.datasets.seedrandom import SeedRandom
from engine.datasets.splitting import standardised, train_count

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/data/playground_vectors.json").read_text())["cases"]
PLAYGROUND_NAMES = {"circle": "circle", "gauss": "gaussians"}

NAMES = datasets.names("plane", "curve", "table")  # the others: test_datasets_sequences.py
KIND = {name: datasets.entry(name).kind for name in NAMES}
PLANE = [name for name in NAMES if KIND[name] == "plane"]
CURVES = [name for name in NAMES if KIND[name] == "curve"]
TABLES = [name for name in NAMES if KIND[name] == "table"]
GENERATED = [name for name in PLANE + CURVES if name != "points"]
CLASSES = [name for name in NAMES if datasets.entry(name).task == "classification"]

seeds = st.one_of(
    st.integers(0, 2**63 - 1), st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)
)


def of_vector(case):
    """The dataset that a vector's link asks for."""
    link = {key: values[0] for key, values in parse_qs(case["hash"], keep_blank_values=True).items()}
    return datasets.load(
        PLAYGROUND_NAMES[link["dataset"]],
        noise=float(link["noise"]) / 100,
        train_fraction=float(link["percTrainData"]) / 100,
        seed=link["seed"],
        labels="signed",
    )


def all_arrays(data):
    return [data.x_train, data.y_train, data.x_test, data.y_test]


# TF Playground, to the last bit


def test_seedrandom_draws_what_the_library_draws():
    random = SeedRandom("0.59704")
    assert [random.random() for _ in range(3)] == [0.3720885891366738, 0.5777042295963245, 0.512260760220704]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["hash"][:40])
def test_points_are_the_playgrounds(case):
    data = of_vector(case)
    assert (len(data.x_train), len(data.x_test)) == (case["n_train"], case["n_test"])
    rows = [[point["x"], point["y"], point["label"]] for point in case["train_first3"]]
    assert np.hstack([data.x_train, data.y_train])[:3].tolist() == rows
    last = case["test_first"]
    assert np.hstack([data.x_test, data.y_test])[0].tolist() == [last["x"], last["y"], last["label"]]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["hash"][:40])
def test_stream_goes_on_to_the_playgrounds_first_weights(case):
    data = of_vector(case)
    for _ in range(2):  # a fresh copy each time
        stream = data.stream()
        for layer in case["init_bias_then_weights_per_layer_per_node"]:
            for _bias, *weights in layer:
                assert [stream.uniform(-0.5, 0.5) for _ in weights] == weights


# Every dataset of the catalogue


@pytest.mark.parametrize("name", NAMES)
def test_dataset_has_the_shapes_that_it_says(name):
    data = datasets.load(name)
    assert data.name == name
    assert data.task == datasets.entry(name).task
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        assert x.dtype == np.float64
        assert x.shape == (len(y), len(data.input_names))
        assert np.isfinite(x).all()
        if data.task == "classification":
            assert y.dtype == np.int64
            assert y.shape == (len(x),)
            assert set(y.tolist()) <= set(range(data.classes))
            assert len(data.class_names) == data.classes
        else:
            assert y.dtype == np.float64
            assert y.shape == (len(x), 1)
            assert data.classes is None
            assert np.abs(y).max() <= 1.3
    assert not any(array.flags.writeable for array in all_arrays(data))
    assert datasets.entry(name).about.endswith(".") or ":" in datasets.entry(name).about


@pytest.mark.parametrize("name", NAMES)
def test_spec_is_json_that_makes_the_same_dataset(name):
    data = datasets.load(name)
    spec = json.loads(json.dumps(data.spec))
    again = datasets.load(spec["name"], **spec["options"])
    assert again == data
    assert hash(again) == hash(data)
    assert set(spec["options"]) == set(datasets.entry(name).options)


@pytest.mark.parametrize("name", NAMES)
def test_loading_is_lazy_and_shared(name):
    datasets.catalogue._load.cache_clear()
    datasets.forget(0)
    data = datasets.load(name)
    assert "_arrays" not in vars(data)
    assert datasets.load(name, seed=0) is data


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [7, "0.5"])
def test_dataset_is_the_same_however_it_is_reached(name, seed):
    first = [array.copy() for array in all_arrays(datasets.load(name, seed=seed))]
    datasets.catalogue._load.cache_clear()
    datasets.forget(0)
    datasets.load("spirals", seed=3).stream().uniform(0, 1)
    copy = pickle.loads(pickle.dumps(datasets.load(name, seed=seed)))  # noqa: S301 as an executor of processes does
    for one, two in zip(first, all_arrays(copy), strict=True):
        assert one.tobytes() == two.tobytes()
        assert not two.flags.writeable


def test_dataset_is_the_same_in_another_process():
    code = (
        "import hashlib; from engine import datasets\n"
        f"print([hashlib.sha256(datasets.load(n, seed=5).x_train.tobytes()).hexdigest() for n in {NAMES}])"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(
        [hashlib.sha256(datasets.load(name, seed=5).x_train.tobytes()).hexdigest() for name in NAMES]
    )


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_other_examples(name):
    assert datasets.load(name, seed=1).x_train.tobytes() != datasets.load(name, seed=2).x_train.tobytes()


@pytest.mark.parametrize("name", CLASSES)
def test_every_form_of_labels_tells_the_same_classes(name):
    plain = datasets.load(name)
    for labels in LABELS:
        if labels == "binary" and plain.classes != 2:
            with pytest.raises(errors.ConfigurationError, match="binary"):
                datasets.load(name, labels=labels)
            continue
        data = datasets.load(name, labels=labels)
        assert data.labels == labels
        assert data.targets_train.tolist() == plain.y_train.tolist()
        assert data.encode(plain.y_test).tolist() == data.y_test.tolist()


# Points of the plane


@given(
    name=st.sampled_from(GENERATED),
    n=st.integers(10, 120),
    noise=st.floats(0, 0.8),
    train_fraction=st.floats(0.1, 0.9),
    seed=seeds,
)
@settings(max_examples=80, deadline=None)
def test_any_accepted_options_make_finite_data_of_the_size_asked(name, n, noise, train_fraction, seed):
    data = datasets.load(name, n=n, noise=noise, train_fraction=train_fraction, seed=seed)
    assert len(data.x_train) + len(data.x_test) == n
    assert len(data.x_train) == train_count(n, train_fraction)
    assert min(len(data.x_train), len(data.x_test)) >= 1
    assert all(np.isfinite(array).all() for array in all_arrays(data))


@pytest.mark.parametrize("name", PLANE)
def test_points_lie_on_the_plane_without_noise(name):
    data = datasets.load(name)
    low, high = data.domain
    assert (data.points_train >= low).all()
    assert (data.points_train <= high).all()
    assert data.x_train.tolist() == data.points_train.tolist()


@pytest.mark.parametrize("name", PLANE)
def test_features_are_functions_of_the_same_points(name):
    plain = datasets.load(name, seed="0.5")
    data = datasets.load(name, seed="0.5", features=tuple(datasets.FEATURES))
    x1, x2 = plain.points_train.T
    expected = [x1, x2, x1 * x1, x2 * x2, x1 * x2, np.sin(x1), np.sin(x2)]
    np.testing.assert_allclose(data.x_train.T, expected, rtol=1e-15)
    assert data.features == data.input_names == tuple(datasets.FEATURES)
    assert data.inputs(data.points_test).tolist() == data.x_test.tolist()


def test_features_are_kept_in_the_playgrounds_order():
    data = datasets.load("xor", features=["sin_x1", "x2", "x1_squared"])
    assert data.features == ("x2", "x1_squared", "sin_x1")
    assert data == datasets.load("xor", features=("x1_squared", "x2", "sin_x1"))


@pytest.mark.parametrize("name", [name for name in CLASSES if KIND[name] == "plane" and name != "points"])
def test_classes_are_balanced(name):
    data = datasets.load(name, n=600)
    counts = np.bincount(np.concatenate([data.y_train, data.y_test]))
    tolerance = 60 if name == "xor" else 0  # its points fall where they fall
    assert np.abs(counts - 600 / data.classes).max() <= tolerance


@pytest.mark.parametrize("classes", range(2, 11))
def test_blobs_are_as_many_as_asked_and_far_apart(classes):
    data = datasets.load("blobs", n=40 * classes, classes=classes)
    assert data.classes == classes
    points = np.concatenate([data.points_train, data.points_test])
    labels = np.concatenate([data.y_train, data.y_test])
    centres = [points[labels == label].mean(axis=0) for label in range(classes)]
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 3.5, atol=0.4)


@pytest.mark.parametrize("name", ["circle", "xor", "plane", "bumps"])
def test_noise_of_labels_leaves_the_points_where_they_are(name):
    clean, noisy = datasets.load(name), datasets.load(name, noise=0.5)
    assert clean.points_train.tolist() == noisy.points_train.tolist()
    assert clean.y_train.tolist() != noisy.y_train.tolist()


@pytest.mark.parametrize("name", ["gaussians", "spirals", "moons", "blobs"])
def test_noise_of_points_leaves_the_labels_as_they_are_and_grows(name):
    clean, some, more = (datasets.load(name, noise=noise) for noise in (0.0, 0.1, 0.4))
    assert clean.y_train.tolist() == some.y_train.tolist() == more.y_train.tolist()
    moved = [np.abs(noisy.points_train - clean.points_train).mean() for noisy in (some, more)]
    assert 0 < moved[0] < moved[1]


def test_gaussians_widen_as_the_playground_says():
    for noise, variance in ((0.0, 0.5), (0.25, 2.25), (0.5, 4.0)):
        data = datasets.load("gaussians", n=5000, noise=noise, train_fraction=0.9)
        ones = data.points_train[data.y_train == 1]
        np.testing.assert_allclose(ones.var(axis=0), variance, rtol=0.1)
        np.testing.assert_allclose(ones.mean(axis=0), 2.0, atol=0.15)


def test_regressions_have_their_values():
    data = datasets.load("plane")
    np.testing.assert_allclose(data.y_train[:, 0], data.points_train.sum(axis=1) / 10, atol=1e-15)
    bumps = datasets.load("bumps")
    nearest = np.linalg.norm(bumps.points_train - [4.0, 2.5], axis=1)
    near = nearest < 2.0
    np.testing.assert_allclose(bumps.y_train[near, 0], 1 - nearest[near] / 2, atol=1e-15)


def test_without_noise_the_rules_hold_exactly():
    circle = datasets.load("circle")
    assert ((np.linalg.norm(circle.points_train, axis=1) < 2.5) == (circle.y_train == 1)).all()
    xor = datasets.load("xor")
    assert ((xor.points_train.prod(axis=1) >= 0) == (xor.y_train == 1)).all()
    assert np.abs(xor.points_train).min() >= 0.3


# Points drawn by hand

grid = st.integers(-1200, 1200).map(lambda place: place / 200)
drawn = st.lists(st.tuples(grid, grid, st.integers(0, 9)), min_size=2, max_size=200)


@given(points=drawn)
def test_drawn_points_travel_in_five_characters_each(points):
    text = datasets.encode_points(points)
    assert len(text) == 5 * len(points)
    assert list(datasets.decode_points(text)) == points


@given(text=st.text(max_size=40))
def test_text_of_points_is_read_or_refused(text):
    try:
        points = datasets.decode_points(text)
    except errors.ConfigurationError:
        return
    assert datasets.encode_points(points) == text


@given(x1=st.floats(-6, 6), x2=st.floats(-6, 6))
def test_drawn_points_snap_to_the_grid_of_links(x1, x2):
    data = datasets.load("points", points=[(x1, x2, 0), (1, 1, 1)])
    ((one, two, _), _) = data.spec["options"]["points"]
    assert abs(one - x1) <= 0.0025 + 1e-12
    assert abs(two - x2) <= 0.0025 + 1e-12
    assert datasets.load(**{"name": "points", **data.spec["options"]}) == data


def test_drawn_points_count_their_classes():
    assert datasets.load("points", points=[(0, 0, 0), (1, 1, 0)]).classes == 2
    assert datasets.load("points", points=[(0, 0, 0), (1, 1, 4)]).classes == 5


# Curves


@pytest.mark.parametrize("name", CURVES)
def test_curve_noise_is_an_error_in_y_alone(name):
    clean = datasets.load(name, n=2000)
    noisy = datasets.load(name, n=2000, noise=0.3)
    assert clean.x_train.tolist() == noisy.x_train.tolist()
    error = noisy.y_train - clean.y_train
    assert error.std() == pytest.approx(0.3, rel=0.1)
    assert clean.domain == (-1.0, 1.0)
    assert np.abs(clean.x_train).max() <= 1


# Real tables


@pytest.mark.parametrize(("name", "shape", "counts"), [
    ("iris", (150, 4), [50, 50, 50]),
    ("wine", (178, 13), [59, 71, 48]),
    ("digits", (1797, 64), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]),
])  # fmt: skip
def test_tables_hold_every_row_once(name, shape, counts):
    data = datasets.load(name, standardise=False)
    x, y = np.vstack([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    assert x.shape == shape
    assert np.bincount(y).tolist() == counts
    again = datasets.load(name, standardise=False, seed=9, train_fraction=0.8)
    rows = np.vstack([again.x_train, again.x_test])
    assert sorted(map(tuple, x.tolist())) == sorted(map(tuple, rows.tolist()))


def test_tables_hold_the_published_numbers():
    means = {"iris": [5.8433, 3.0573, 3.758, 1.1993], "wine": [13.0006, 2.3363]}
    for name, expected in means.items():
        data = datasets.load(name, standardise=False)
        mean = np.vstack([data.x_train, data.x_test]).mean(axis=0)
        np.testing.assert_allclose(mean[: len(expected)], expected, atol=5e-5)
    digits = datasets.load("digits", standardise=False)
    assert (digits.x_train.min(), digits.x_train.max()) == (0.0, 1.0)
    with np.load(ROOT / "engine/datasets/data/digits.npz", allow_pickle=False) as file:
        assert file["x"].dtype == np.uint8


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_standardisation_knows_only_the_training_rows(name):
    raw, data = datasets.load(name, standardise=False), datasets.load(name)
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.x_train.std(axis=0), 1, atol=1e-12)
    expected = (raw.x_test - raw.x_train.mean(axis=0)) / raw.x_train.std(axis=0)
    np.testing.assert_allclose(data.x_test, expected, atol=1e-12)


def test_pictures_are_standardised_as_a_whole():
    data = datasets.load("digits")
    assert data.x_train.mean() == pytest.approx(0, abs=1e-12)
    assert data.x_train.std() == pytest.approx(1)
    assert np.abs(data.x_test).max() < 3


def test_a_constant_column_is_only_shifted():
    train, test = standardised(np.full((5, 1), 0.1), np.full((2, 1), 0.3))
    np.testing.assert_allclose(train, 0, atol=1e-15)
    np.testing.assert_allclose(test, 0.2)


def test_vendored_files_have_their_licence_beside_them():
    folder = ROOT / "engine/datasets/data"
    text = (folder / "LICENSES.md").read_text()
    files = [file for file in folder.iterdir() if file.name != "LICENSES.md"]
    assert all(f"## {file.name}\n" in text for file in files)
    assert {f"{name}.npz" for name in TABLES} < {file.name for file in files}
    assert {file.suffix for file in files} == {".npz", ".txt"}
    assert sum(file.stat().st_size for file in files) < 200_000


# Random numbers


@given(seed=seeds, low=st.floats(-10, 0), width=st.floats(0.001, 20))
@settings(max_examples=50, deadline=None)
def test_both_sources_are_uniform_and_copies_go_on_alike(seed, low, width):
    random = random_source(seed)
    assert isinstance(random, SeedRandom if isinstance(seed, str) else PhiloxSource)
    random.uniform(low, low + width)
    twin = random.copy()
    draws = [random.uniform(low, low + width) for _ in range(40)]
    assert all(low <= draw <= low + width for draw in draws)
    assert draws == [twin.uniform(low, low + width) for _ in range(40)]


@pytest.mark.parametrize("seed", [3, "0.3"])
def test_sources_have_the_moments_of_their_distributions(seed):
    random = random_source(seed)
    uniform = np.array([random.uniform(-1, 1) for _ in range(20000)])
    assert uniform.mean() == pytest.approx(0, abs=0.02)
    assert uniform.var() == pytest.approx(1 / 3, rel=0.03)
    bell = np.array([normal(random, 2.0, 9.0) for _ in range(20000)])
    assert bell.mean() == pytest.approx(2, abs=0.1)
    assert bell.std() == pytest.approx(3, rel=0.03)


@given(n=st.integers(0, 50), seed=seeds)
@settings(max_examples=50, deadline=None)
def test_shuffle_keeps_every_item(n, seed):
    items = list(range(n))
    shuffle(items, random_source(seed))
    assert sorted(items) == list(range(n))


def test_an_empty_seed_and_one_beyond_16_bits_have_streams_too():
    draws = {SeedRandom(seed).random() for seed in ("", "a", "é", "\U0001f600", "a" * 600)}
    assert len(draws) == 5


@given(n=st.integers(2, 5000), percent=st.integers(10, 90))
def test_split_counts_in_whole_percents_as_the_playground_does(n, percent):
    assert train_count(n, percent / 100) == min(max(n * percent // 100, 1), n - 1)


# Made from arrays


def test_arrays_are_copied_checked_and_named_by_their_content():
    x = np.arange(6.0).reshape(3, 2)
    data = Dataset(x, [0, 1, 2], x, [0, 0, 1], input_names=("a", "b"))
    x[0] = 99
    assert data.x_train[0].tolist() == [0, 1]
    assert (data.task, data.labels, data.classes, data.name) == ("classification", "class", 3, "arrays")
    same = Dataset(np.arange(6.0).reshape(3, 2), [0, 1, 2], data.x_test, [0, 0, 1])
    assert data == same
    assert data != Dataset(x, [0, 1, 2], x, [0, 0, 1])
    assert pickle.loads(pickle.dumps(data)) == data  # noqa: S301 as an executor of processes does


@pytest.mark.parametrize(("y", "task", "labels", "classes"), [
    ([0, 1, 1], "classification", "class", 2),
    ([True, False, True], "classification", "class", 2),
    ([0.0, 1.0, 1.0], "classification", "binary", 2),
    ([-1.0, 1.0, 1.0], "classification", "signed", 2),
    ([[-1.0, 1.0, -1.0], [1.0, -1.0, -1.0], [1.0, -1.0, -1.0]], "classification", "signed", 3),
    ([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]], "classification", "one_hot", 2),
    ([0.5, 1.0, 1.0], "regression", None, None),
    ([[0.5, 1.0], [2.0, 1.0], [3.0, 1.0]], "regression", None, None),
    ([[1.0, 1.0], [0.0, 0.0], [1.0, 0.0]], "regression", None, None),
])  # fmt: skip
def test_the_form_of_targets_is_seen(y, task, labels, classes):
    x = np.zeros((3, 2))
    data = Dataset(x, y, x, y)
    assert (data.task, data.labels, data.classes) == (task, labels, classes)
    if labels is not None:
        assert data.encode(data.targets_train).tolist() == data.y_train.tolist()


def test_whole_numbers_are_values_when_the_task_says_so():
    data = Dataset(np.zeros((3, 2)), [5, -6, 7], np.zeros((1, 2)), [0], task="regression")
    assert data.y_train.tolist() == [[5.0], [-6.0], [7.0]]


@pytest.mark.parametrize(("changes", "name"), [
    ({"x_train": np.zeros(3)}, "x_train"),
    ({"x_train": np.zeros((0, 2)), "y_train": []}, "x_train"),
    ({"x_train": np.full((3, 2), np.nan)}, "x_train"),
    ({"y_train": [0, 1]}, "y_train"),
    ({"y_train": [0, 1, -1]}, "y_train"),
    ({"y_train": [0.5, math.inf, 1.0]}, "y_train"),
    ({"y_train": [0.5, 0.25, 1.0], "y_test": [1.0], "task": "classification"}, "y_train"),
    ({"x_test": np.zeros((1, 3))}, "x_test"),
    ({"y_test": [0.5]}, "y_test"),
    ({"classes": 2, "y_train": [0, 1, 2]}, "y_train"),
    ({"task": "magic"}, "task"),
])  # fmt: skip
def test_arrays_that_do_not_fit_are_refused_by_name(changes, name):
    arrays = {"x_train": np.zeros((3, 2)), "y_train": [0, 1, 1], "x_test": np.zeros((1, 2)), "y_test": [0]}
    with pytest.raises(errors.ConfigurationError) as caught:
        Dataset(**(arrays | changes))
    assert caught.value.name == name
    assert caught.value.accepted


def test_arrays_have_no_stream_and_no_plane():
    data = Dataset(np.zeros((3, 2)), [0, 1, 1], np.zeros((1, 2)), [0])
    with pytest.raises(errors.ConfigurationError, match="seed"):
        data.stream()
    with pytest.raises(errors.ConfigurationError, match="plane"):
        data.inputs([[0, 0]])


@given(
    numbers=st.lists(st.integers(0, 4), min_size=1, max_size=20), labels=st.sampled_from(["class", "signed", "one_hot"])
)
def test_encoded_labels_decode(numbers, labels):
    targets = np.array(numbers)
    assert decoded(encoded(targets, labels, 5), labels).tolist() == numbers


def test_feature_columns_of_no_points_keep_their_width():
    assert feature_columns(np.zeros((0, 2)), ("x1", "sin_x2")).shape == (0, 2)


# Kind refusals


@pytest.mark.parametrize(("options", "name"), [
    ({"noise": 0.9}, "noise"),
    ({"noise": -0.1}, "noise"),
    ({"noise": math.nan}, "noise"),
    ({"noise": "much"}, "noise"),
    ({"noise": True}, "noise"),
    ({"n": 5}, "n"),
    ({"n": 10**9}, "n"),
    ({"n": 20.0}, "n"),
    ({"n": False}, "n"),
    ({"train_fraction": 1.0}, "train_fraction"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**63}, "seed"),
    ({"seed": ""}, "seed"),
    ({"seed": "a" * 65}, "seed"),
    ({"seed": "\x00"}, "seed"),
    ({"seed": 1.5}, "seed"),
    ({"features": ()}, "features"),
    ({"features": ("x1", "x1")}, "features"),
    ({"features": 3}, "features"),
    ({"features": ("x1", "x9")}, "feature"),
    ({"features": (["x1"],)}, "feature"),
    ({"labels": "words"}, "labels"),
    ({"labels": np.zeros(2)}, "labels"),
    ({"colour": 3}, "option of dataset 'circle'"),
])  # fmt: skip
def test_bad_options_are_refused_by_name(options, name):
    with pytest.raises(errors.ConfigurationError) as caught:
        datasets.load("circle", **options)
    error = caught.value
    assert error.name == name
    known = isinstance(error, errors.UnknownNameError)
    assert str(error).endswith(", ".join(error.known) if known else error.accepted)
    assert known or error.value is options[name]


@pytest.mark.parametrize("points", [
    [], [(0, 0, 0)], "AAAA", [(0, 0)] * 3, [(7, 0, 0)] * 3, [(0, 0, 10)] * 3, [(0, 0, 0.5)] * 3,
    [(math.nan, 0, 0)] * 3, [(0, 0, math.nan)] * 3, [(0, 0, 0)] * 201, [None] * 3,
])  # fmt: skip
def test_bad_points_are_refused(points):
    with pytest.raises(errors.ConfigurationError, match="points"):
        datasets.load("points", points=points)


@pytest.mark.parametrize("name", ["circles", "", None, 3, ["circle"]])
def test_unknown_names_list_the_known_ones(name):
    with pytest.raises(errors.UnknownNameError, match="circle, .*spirals"):
        datasets.load(name)


def test_options_take_numpy_numbers():
    assert Integer(1, 0, 9).check("n", np.int32(3)) == 3
    assert Number(1.0, 0.0, 9.0).check("x", np.float32(0.5)) == 0.5


def test_errors_survive_a_journey_between_processes():
    for error in (errors.ConfigurationError("n", 3, "4"), errors.UnknownNameError("dataset", "x", ("b", "a"))):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 as an executor of processes does
        assert (str(copy), copy.name, copy.value) == (str(error), error.name, error.value)


def test_digits_come_as_images_too():
    rows, images = datasets.load("digits", seed=3), datasets.load("digits", seed=3, as_images=True)
    assert images.x_train.shape[1:] == images.x_test.shape[1:] == (1, 8, 8)
    np.testing.assert_array_equal(images.x_train.reshape(-1, 64), rows.x_train)
    np.testing.assert_array_equal(images.y_test, rows.y_test)
    assert not images.x_train.flags.writeable
    assert images != rows
    assert "as_images" not in datasets.entry("iris").options


def test_typed_examples_are_trained_on_in_their_order():
    rows = (((0.05, 0.10), (0.01, 0.99)), ((1e-7, -3.0), (0.0, 2.5)))
    data = datasets.load("examples", rows=rows)
    assert data.task == "regression"
    assert (data.input_names, data.outputs) == (("x1", "x2"), 2)
    assert data.x_train.tolist() == data.x_test.tolist() == [[0.05, 0.10], [1e-7, -3.0]]
    assert data.y_train.tolist() == data.y_test.tolist() == [[0.01, 0.99], [0.0, 2.5]]
    assert datasets.load(data.name, **data.spec["options"]) == data


@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * n), min_size=1, max_size=5)))
def test_typed_examples_travel_with_every_digit(inputs):
    rows = tuple((row, (row[0],)) for row in inputs)
    assert datasets.decode_examples(datasets.encode_examples(rows)) == rows


@given(st.text("0123456789.,:_-e+x ", max_size=30))
def test_text_of_examples_is_read_or_refused(text):
    try:
        rows = datasets.decode_examples(text)
    except errors.ConfigurationError:
        return
    assert datasets.decode_examples(datasets.encode_examples(rows)) == rows


def test_data_of_a_whole_class_are_made_once():
    everybody = [datasets.load("spirals", seed=seed) for seed in range(200)]
    made = [data.x_train for data in everybody]
    assert all(data.x_train is x for data, x in zip(everybody, made, strict=True))
    assert all(datasets.load("spirals", seed=seed) is data for seed, data in enumerate(everybody))
