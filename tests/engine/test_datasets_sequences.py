"""Unit: pictures, sequences, text and series have the shapes that they say, and ask what they promise to ask."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import datasets, errors
from engine.datasets import images, series, text, tokens
from engine.datasets.labels import LABELS

ROOT = Path(__file__).parents[2]
NAMES = datasets.names("image", "sequence", "text", "series")
TOKENS = datasets.names("sequence", "text")
SEEDED = tuple(name for name in NAMES if "seed" in datasets.entry(name).options)
SHAPES = {  # of the inputs and targets of one example, by default
    "digits28": ((1, 28, 28), ()),
    "memory": ((31,), ()),
    "reverse": ((8,), (8,)),
    "sort": ((8,), (8,)),
    "alice": ((32,), (32,)),
    "sentiment": ((14,), ()),
    "phrases": ((6,), (6,)),
    "stocks": ((8, 1), (1,)),
    "sunspots": ((12, 1), (1,)),
}


def arrays_of(data):
    return data.x_train, data.y_train, data.x_test, data.y_test


def words_of(data, row):
    """A row of tokens or class numbers as text."""
    return [data.class_names[int(number)] for number in row]


# ------------------------------------------------------------------------------------------- all of the catalogue


def test_every_dataset_of_these_kinds_has_its_shapes_written_down():
    assert set(NAMES) == set(SHAPES)


@pytest.mark.parametrize("name", NAMES)
def test_dataset_has_the_shapes_that_it_says(name):
    data, entry = datasets.load(name), datasets.entry(name)
    assert (data.name, data.task) == (name, entry.task)
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        assert x.dtype == np.float64
        assert (x.shape[1:], y.shape[1:]) == SHAPES[name]
        assert len(x) == len(y) > 0
        assert np.isfinite(x).all()
        assert y.dtype == (np.float64 if data.task == "regression" else np.int64)
        if data.task == "classification":
            assert 0 <= y.min() <= y.max() < data.classes == len(data.class_names)
            assert data.labels == "class"
    assert not any(array.flags.writeable for array in arrays_of(data))
    assert data.input_names


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("part", ["x_train", "x_test"])
def test_tokens_are_whole_numbers_of_the_vocabulary_and_one_hot_is_the_same_said_otherwise(name, part):
    data, hot = datasets.load(name), datasets.load(name, inputs="one_hot")
    x, vectors = getattr(data, part), getattr(hot, part)
    assert (x == x.astype(int)).all()
    assert 0 <= x.min() <= x.max() < len(data.vocabulary)
    assert len(set(data.vocabulary)) == len(data.vocabulary)
    assert vectors.shape == (*x.shape, len(data.vocabulary))
    assert (vectors.sum(axis=-1) == 1).all()
    assert (vectors.argmax(axis=-1) == x).all()


@pytest.mark.parametrize("name", NAMES)
def test_spec_is_json_that_makes_the_same_dataset(name):
    data = datasets.load(name)
    spec = json.loads(json.dumps(data.spec))
    assert datasets.load(spec["name"], **spec["options"]) == data
    assert set(spec["options"]) == set(datasets.entry(name).options)


@pytest.mark.parametrize("name", NAMES)
def test_loading_is_lazy_shared_and_the_same_however_it_is_reached(name):
    datasets.catalogue._load.cache_clear()
    datasets.forget(0)
    data = datasets.load(name)
    assert "_arrays" not in vars(data)
    assert datasets.load(name) is data
    copy = pickle.loads(pickle.dumps(data))  # noqa: S301 as an executor of processes does
    assert [array.tobytes() for array in arrays_of(copy)] == [array.tobytes() for array in arrays_of(data)]


def test_dataset_is_the_same_in_another_process():
    code = (
        "import hashlib; from engine import datasets\n"
        f"print([hashlib.sha256(datasets.load(n).x_train.tobytes()).hexdigest() for n in {NAMES}])"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str([hashlib.sha256(datasets.load(name).x_train.tobytes()).hexdigest() for name in NAMES])


@pytest.mark.parametrize("name", SEEDED)
def test_another_seed_gives_other_examples(name):
    assert datasets.load(name, seed=1).x_train.tobytes() != datasets.load(name, seed=2).x_train.tobytes()
    assert datasets.load(name, seed="0.5").stream().uniform(0, 1) == datasets.load(name, seed="0.5").stream().uniform(
        0, 1
    )


@pytest.mark.parametrize("name", [name for name in NAMES if "labels" in datasets.entry(name).options])
def test_every_form_of_labels_tells_the_same_classes(name):
    plain = datasets.load(name)
    for labels in LABELS:
        if labels == "binary" and plain.classes != 2:
            continue
        data = datasets.load(name, labels=labels)
        assert data.targets_train.tolist() == plain.y_train.tolist()
        assert data.encode(plain.y_test).tolist() == data.y_test.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_every_option_says_no_kindly(name):
    for option in datasets.entry(name).options:
        with pytest.raises(errors.ConfigurationError, match=option):
            datasets.load(name, **{option: object()})


# ------------------------------------------------------------------------------------------------------ pictures


def test_enlarging_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(5, 64))
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(x.reshape(5, 1, 8, 8)), size=(28, 28), mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(images.enlarged(x, 28).reshape(5, 1, 28, 28), expected.numpy(), atol=1e-12)


def test_enlarging_keeps_what_is_even_and_what_is_straight():
    np.testing.assert_allclose(images.enlarged(np.full((1, 64), 0.7), 28), 0.7)
    slope = np.tile(np.arange(8.0), (1, 8))
    line = images.enlarged(slope, 28).reshape(28, 28)[3]
    inner = line[2:-2]
    np.testing.assert_allclose(np.diff(inner), 8 / 28)
    assert (line.min(), line.max()) == (0.0, 7.0)


def test_large_digits_are_the_small_ones():
    small = datasets.load("digits", standardise=False, seed=3)
    large = datasets.load("digits28", standardise=False, seed=3, as_images=False)
    assert large.x_train.shape == (898, 784)
    assert large.y_train.tolist() == small.y_train.tolist()
    np.testing.assert_allclose(large.x_train.mean(axis=1), small.x_train.mean(axis=1), atol=0.02)
    whole = datasets.load("digits28", seed=3)
    assert whole.x_train.mean() == pytest.approx(0, abs=1e-12)
    assert whole.x_train.std() == pytest.approx(1)


# --------------------------------------------------------------------------------------------- made-up sequences


@given(
    n=st.integers(10, 60),
    length=st.integers(1, 40),
    classes=st.integers(2, 10),
    distractors=st.integers(1, 26),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_memory_asks_for_the_first_symbol_and_only_there_is_it(n, length, classes, distractors, seed):
    options = {"n": n, "length": length, "classes": classes, "distractors": distractors, "seed": seed}
    data = datasets.load("memory", **options)
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    assert x.shape == (n, length + 1)
    assert (x[:, 0] == y).all()
    assert (x[:, 1:] >= classes).all()
    assert len(data.vocabulary) == classes + distractors
    counts = np.bincount(y, minlength=classes)
    assert counts.max() - counts.min() <= 1


@given(n=st.integers(10, 60), length=st.integers(3, 20), symbols=st.integers(5, 36), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_reverse_and_sort_ask_for_that(n, length, symbols, seed):
    options = {"n": n, "length": length, "symbols": symbols, "seed": seed}
    turned, ordered = datasets.load("reverse", **options), datasets.load("sort", **options)
    assert (turned.x_train == ordered.x_train).all()
    for x, y in ((turned.x_train, turned.y_train), (turned.x_test, turned.y_test)):
        assert (y == x[:, ::-1]).all()
    for x, y in ((ordered.x_train, ordered.y_train), (ordered.x_test, ordered.y_test)):
        assert (y == np.sort(x, axis=1)).all()
    rows = Counter(map(tuple, np.concatenate([turned.x_train, turned.x_test]).tolist()))
    assert len(rows) == n


def test_symbols_are_drawn_evenly():
    x = datasets.load("sort", n=5000, symbols=10).x_train
    counts = np.bincount(x.astype(int).ravel(), minlength=10)
    assert counts.min() > 0.95 * x.size / 10


def test_more_sequences_than_there_are_cannot_be_asked_for():
    data = datasets.load("sort", n=50, length=2, symbols=10)
    with pytest.raises(errors.ConfigurationError, match="half of the 4 sequences"):
        _ = datasets.load("sort", n=100, length=2, symbols=2).x_train
    assert len(data.x_train) == 25


# ---------------------------------------------------------------------------------------------------------- text


def test_the_book_is_alice():
    book = text.read_book()
    assert len(book) == text.MOST_CHARACTERS
    assert "Oh dear!  Oh dear!  I shall be late!" in book
    assert book.isascii()
    assert "\r" not in book
    assert "Gutenberg" not in book
    assert book.endswith("THE END\n")


@pytest.mark.parametrize("lower", [True, False])
def test_each_answer_is_the_next_character(lower):
    data = datasets.load("alice", length=20, stride=7, characters=5000, lower=lower)
    book = text.book(lower)[:5000]
    assert data.vocabulary == data.class_names == text.characters({"lower": lower})
    for row in (0, 1, -1):
        x, y = "".join(words_of(data, data.x_train[row])), "".join(words_of(data, data.y_train[row]))
        assert x + y[-1] in book
        assert y[:-1] == x[1:]
    assert "".join(words_of(data, data.x_train[1])) == book[7:27]


def test_the_test_text_is_none_of_the_training_text():
    data = datasets.load("alice", characters=10_000, length=10, stride=1)
    assert "".join(words_of(data, data.x_test[0])) == text.book(True)[9000:9010]
    assert len(data.x_train) == 9000 - 10
    assert len(data.x_test) == 1000 - 10


def test_too_much_text_is_refused_before_it_fills_the_memory():
    with pytest.raises(errors.ConfigurationError, match="numbers in the inputs"):
        _ = datasets.load("alice", characters=text.MOST_CHARACTERS, stride=1, length=256).x_train
    with pytest.raises(errors.ConfigurationError, match="numbers in the inputs"):
        _ = datasets.load("alice", characters=text.MOST_CHARACTERS, stride=8, inputs="one_hot").x_train
    with pytest.raises(errors.ConfigurationError, match="length"):
        _ = datasets.load("alice", characters=1000, length=128).x_train


def test_words_keep_their_ratings():
    ratings = dict(text.read_words())
    assert len(ratings) == text.MOST_WORDS
    assert (ratings["good"], ratings["terrible"], ratings["wonderful"], ratings["murder"]) == (19, -21, 27, -37)
    assert all(word.isalpha() and word.islower() and 4 <= len(word) <= text.MOST_LETTERS for word in ratings)
    assert all(abs(tenths) >= 5 for tenths in ratings.values())


@pytest.mark.parametrize("form", ["tokens", "bag"])
def test_words_are_judged_as_their_ratings_say(form):
    data = datasets.load("sentiment", n=text.MOST_WORDS, inputs=form)
    ratings = dict(text.read_words())
    if form == "tokens":
        found = ["".join(data.vocabulary[int(t)] for t in row if t) for row in data.x_train]
        assert len(set(found)) == len(found)
        assert [int(ratings[word] > 0) for word in found] == data.y_train.tolist()
    else:
        assert data.x_train.shape[1] == 27 * 27
        assert set(data.x_train.sum(axis=1)) == {float(letters + 1) for letters in range(4, 15)}
    assert data.class_names == ("negative", "positive")
    assert 0.4 < data.y_train.mean() < 0.5


def test_pairs_of_letters_are_counted():
    (row,) = text.pair_counts(["abab"])
    pairs = {divmod(int(place), 27): row[place] for place in np.flatnonzero(row)}
    assert pairs == {(0, 1): 1.0, (1, 2): 2.0, (2, 1): 1.0, (2, 0): 1.0}


def test_phrases_are_short_distinct_and_in_both_languages():
    pairs = text.read_phrases()
    assert len(pairs) == 215
    assert len({english for english, _ in pairs}) == len({portuguese for _, portuguese in pairs}) == 215
    for english, portuguese in pairs:
        assert english.isascii()
        assert english == " ".join(english.split())
        assert portuguese == " ".join(portuguese.split())
        assert english.endswith(" ?") == portuguese.endswith(" ?")
    assert ("I eat rice and beans" in dict(pairs)) is False
    assert dict(pairs)["we eat rice and beans"] == "nós comemos arroz e feijão"


@pytest.mark.parametrize("unit", ["word", "character"])
@pytest.mark.parametrize("direction", ["en_pt", "pt_en"])
@pytest.mark.parametrize("form", ["aligned", "continued"])
def test_phrases_can_be_read_back(unit, direction, form):
    data = datasets.load("phrases", unit=unit, direction=direction, form=form)
    known = dict(text.read_phrases())
    if direction == "pt_en":
        known = {portuguese: english for english, portuguese in known.items()}
    space = " " if unit == "word" else ""
    read = {}
    for x, y in zip(data.x_train, data.y_train, strict=True):
        source, target = words_of(data, x), words_of(data, y)
        if form == "continued":
            assert source[1:] == target[:-1]
            sequence = [source[0], *target]
            border, end = sequence.index(text.TO), sequence.index(text.END)
            source, target = sequence[:border], sequence[border + 1 : end]
        said, answer = (space.join(token for token in side if token != tokens.PAD) for side in (source, target))
        read[said] = answer
    assert read.items() <= known.items()
    assert len(read) == len(data.x_train) == 193


# -------------------------------------------------------------------------------------------------------- series


def by_hand(values, length, cut, form):
    """The windows of one series, in plain loops."""
    known = values[: length + cut]
    mean = sum(known) / len(known)
    steps = [after - before for before, after in zip(known, known[1:], strict=False)]
    spread = {"standardised": np.std(known), "relative": np.std(steps)}[form]
    rows = []
    for first in range(len(values) - length):
        window = values[first : first + length + 1]
        origin = mean if form == "standardised" else window[-2]
        rows.append([(value - origin) / spread for value in window])
    return rows[:cut], rows[cut:]


@pytest.mark.parametrize("form", series.FORMS)
@pytest.mark.parametrize(("name", "options"), [("sunspots", {}), ("stocks", {"company": "NFLX"})])
@pytest.mark.parametrize("length", [1, 5, 30])
def test_windows_are_the_past_and_the_answer_is_next(name, options, form, length):
    data = datasets.load(name, form=form, length=length, **options)
    column = series.COMPANIES.index("NFLX")
    values = series.read_sunspots() if name == "sunspots" else np.log(series.read_prices()[:, column])
    cut = len(data.x_train)
    assert cut == int((len(values) - length) * 80 / 100)
    for part, rows in zip(("train", "test"), by_hand(values.tolist(), length, cut, form), strict=True):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        np.testing.assert_allclose(np.concatenate([x[:, :, 0], y], axis=1), rows, atol=1e-10)


def test_all_companies_are_those_of_each():
    whole = datasets.load("stocks")
    single = [datasets.load("stocks", company=company) for company in series.COMPANIES]
    assert len(whole.x_train) == sum(len(data.x_train) for data in single)
    one = {tuple(row.ravel()) for row in whole.x_train}
    assert one == {tuple(row.ravel()) for data in single for row in data.x_train}


@pytest.mark.parametrize("name", ["stocks", "sunspots"])
@pytest.mark.parametrize("form", series.FORMS)
def test_what_comes_later_does_not_scale_what_is_learnt_from(name, form, monkeypatch):
    before = datasets.load(name, form=form).x_train.copy()
    read = {"stocks": series.read_prices, "sunspots": series.read_sunspots}[name]
    changed = read().copy()
    changed[-10:] *= 3.0
    monkeypatch.setattr(series, read.__name__, lambda: changed)
    datasets.catalogue._load.cache_clear()
    datasets.forget(0)
    after = datasets.load(name, form=form)
    assert after.x_train.tolist() == before.tolist()
    assert np.abs(after.y_test).max() > np.abs(before).max() / 2
    datasets.catalogue._load.cache_clear()
    datasets.forget(0)


def test_next_week_is_nearly_chance_and_the_cycle_of_the_sun_is_not():
    weekly = datasets.load("stocks")
    assert weekly.y_train.std() == pytest.approx(1.0, abs=0.15)
    assert (weekly.x_train[:, -1] == 0).all()
    yearly = datasets.load("sunspots")
    as_last, mean = (yearly.y_train - yearly.x_train[:, -1]).std(), yearly.y_train.std()
    assert as_last < 0.7 * mean
    eleven = np.corrcoef(yearly.y_train[:, 0], yearly.x_train[:, 1, 0])[0, 1]  # twelve years back is number 0
    six = np.corrcoef(yearly.y_train[:, 0], yearly.x_train[:, 6, 0])[0, 1]
    assert eleven > 0.5
    assert six < 0


# -------------------------------------------------------------------------------------- made from arrays, training


def test_arrays_can_hold_an_answer_at_each_step():
    x = np.arange(12.0).reshape(3, 4)
    y = np.array([[0, 1, 2, 0], [1, 1, 0, 0], [2, 2, 2, 1]])
    data = engine.Dataset(x, y, x[:1], y[:1], labels="class", vocabulary="abc")
    assert (data.labels, data.classes, data.vocabulary) == ("class", 3, ("a", "b", "c"))
    assert data.y_train.dtype == np.int64
    assert data.y_train.tolist() == data.targets_train.tolist() == y.tolist()
    with pytest.raises(errors.ConfigurationError, match="labels"):
        engine.Dataset(x, [0, 1, 1], x[:1], [1], labels="one_hot")
    with pytest.raises(errors.ConfigurationError, match="labels"):
        engine.Dataset(x, y, x[:1], y[:1], labels="classes")
    with pytest.raises(errors.ConfigurationError, match="class numbers 0 to 1"):
        engine.Dataset(x, y, x[:1], y[:1], labels="class", classes=2)


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_trains(name):
    """Its inputs and targets fit a small network that is made for them, which learns from them."""
    data = datasets.load(name)
    outputs = data.classes or 1
    layers = [engine.Embedding(len(data.vocabulary), 4)] if data.vocabulary else []
    layers += [engine.Flatten()] if data.y_train.ndim == 1 or data.task == "regression" else []
    loss = "mean_squared_error" if data.task == "regression" else "categorical_cross_entropy"
    network = engine.Network(data.x_train.shape[1:], [*layers, engine.Dense(4, "tanh"), engine.Dense(outputs)], loss)
    run = engine.Experiment(network, data, engine.Adam(0.01), engine.MiniBatch(50)).start()
    before = run.train_loss()
    run.step(40)
    assert run.train_loss() < before
    assert np.isfinite(run.test_loss())


@pytest.mark.parametrize("name", TOKENS)
def test_one_hot_inputs_train_a_recurrent_layer(name):
    data = datasets.load(name, inputs="one_hot")
    whole = data.y_train.ndim == 2
    layers = [engine.GRU(4, return_sequences=whole), engine.Dense(data.classes)]
    network = engine.Network(data.x_train.shape[1:], layers, "categorical_cross_entropy")
    run = engine.Experiment(network, data, engine.Adam(0.01), engine.MiniBatch(20)).start()
    before = run.train_loss()
    run.step(30)
    assert run.train_loss() < before or name == "memory"  # which takes longer
