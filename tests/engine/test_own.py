"""Tables that people bring: named by what they hold, learned from like any data, kept for a while. Unit."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import engine
from engine import datasets
from engine.datasets import own
from engine.datasets.own import Column, OwnTable
from engine.datasets.shelf import HOURS, Shelf
from engine.errors import ConfigurationError, MissingTableError


def table(seed: int = 0, rows: int = 40, columns: int = 3) -> OwnTable:
    """Columns of numbers a, b ..., and a column of words."""
    rng = np.random.default_rng(seed)
    numbers = [Column(chr(97 + place), rng.normal(50.0, 9.0, rows)) for place in range(columns)]
    kinds = Column("kind", rng.integers(0, 3, rows).astype(float), ("left", "right", "up"))
    return OwnTable((*numbers, kinds))


# ------------------------------------------------------------------------------------------------------------- data


def test_rows_are_standardised_and_split_by_the_seed():
    name = own.keep(table())
    data = datasets.load("own_classes", table=name, train_fraction=0.7, seed=3)
    assert (data.x_train.shape, data.x_test.shape, data.input_names) == ((28, 3), (12, 3), ("a", "b", "c"))
    assert (data.class_names, data.classes, data.task, data.features) == (
        ("left", "right", "up"),
        3,
        "classification",
        (),
    )
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(data.x_train.std(axis=0), 1.0)
    other = datasets.load("own_classes", table=name, train_fraction=0.7, seed=4)
    assert not np.array_equal(data.x_train, other.x_train)


def test_every_row_is_there_once_with_its_class():
    kept = table()
    data = datasets.load("own_classes", table=own.keep(kept), standardise=False)
    rows = np.column_stack([np.vstack([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])])
    whole = np.column_stack([column.numbers for column in kept.columns])
    np.testing.assert_array_equal(rows[np.lexsort(rows.T)], whole[np.lexsort(whole.T)])


def test_two_inputs_are_points_of_the_plane():
    name = own.keep(table())
    data = datasets.load("own_values", table=name, columns=(1, 3), target=2, features=("x1", "x1_squared"))
    points = np.vstack([data.points_train, data.points_test])
    assert (points.min(axis=0).tolist(), points.max(axis=0).tolist()) == ([-5.0, -5.0], [5.0, 5.0])
    np.testing.assert_allclose(data.x_train[:, 1], data.points_train[:, 0] ** 2)
    values = np.vstack([data.y_train, data.y_test])
    assert (values.min(), values.max(), data.domain) == (-1.0, 1.0, (-6.0, 6.0))
    assert datasets.load("own_values", table=name, columns=(1, 3), target=2, standardise=False).domain is None


def test_one_input_spans_what_a_curve_does():
    data = datasets.load("own_values", table=own.keep(table()), columns=(2,), target=1)
    assert (data.domain, data.features, data.points_train, data.input_names) == ((-1.0, 1.0), (), None, ("b",))
    x = np.vstack([data.x_train, data.x_test])
    assert (x.min(), x.max()) == (-1.0, 1.0)


def test_whole_numbers_can_be_classes_or_values():
    rng = np.random.default_rng(2)
    kept = OwnTable((Column("a", rng.random(30)), Column("stars", rng.integers(1, 6, 30).astype(float))))
    name = own.keep(kept)
    assert datasets.load("own_classes", table=name).class_names == ("1", "2", "3", "4", "5")
    assert datasets.load("own_values", table=name).task == "regression"
    assert kept.tasks() == ("classification", "regression")


@pytest.mark.parametrize(
    ("data", "options", "named"),
    [
        ("own_classes", {"target": 1}, "target"),
        ("own_classes", {"target": 9}, "target"),
        ("own_values", {"target": 4}, "target"),
        ("own_values", {"target": 1, "columns": (1,)}, "columns"),
        ("own_classes", {"columns": (4,)}, "columns"),
        ("own_classes", {"columns": (2, 7)}, "columns"),
        ("own_classes", {"table": "../../etc/passwd"}, "table"),
        ("own_classes", {"columns": (1, 1)}, "columns"),
        ("own_classes", {"columns": (0,)}, "columns"),
    ],
)
def test_columns_that_do_not_fit_are_refused_by_name(data, options, named):
    with pytest.raises(ConfigurationError) as caught:
        datasets.load(data, **({"table": own.keep(table())} | options))
    assert caught.value.name == named


def test_a_column_that_hardly_varies_stays_finite():
    columns = [np.array([0.0, 1e-200] * 10), np.full(20, 7.0), np.array([1e12, 1e12 + 1e-3] * 10)]
    kept = OwnTable(
        (*(Column(f"c{place}", numbers) for place, numbers in enumerate(columns)), table(rows=20).columns[-1])
    )
    for chosen in ((), (1, 2), (1,)):
        data = datasets.load("own_classes", table=own.keep(kept), columns=chosen)
        assert np.isfinite(data.x_train).all()


@pytest.mark.parametrize("name", datasets.names("own"))
def test_the_example_trains(name):
    data = datasets.load(name)
    loss = "mean_squared_error" if data.task == "regression" else "binary_cross_entropy"
    network = engine.Network(data.x_train.shape[1:], [engine.Dense(4, activation="tanh"), engine.Dense(1)], loss)
    run = engine.Experiment(network, data, engine.Adam(0.05)).start()
    before = run.train_loss()
    run.train(epochs=60)
    assert run.train_loss() < before / 2
    again = engine.Experiment.from_dict(run.experiment.to_dict()).start()
    again.train(epochs=60)
    assert again.train_loss() == run.train_loss()


def test_a_dataset_holds_no_numbers_of_its_own():
    """A session that keeps it is small; the numbers are in one bounded place for everybody."""
    data = datasets.load("own_classes", table=own.keep(table(rows=5000, columns=19)))
    assert data.x_train.nbytes > 300_000
    assert not any(isinstance(value, np.ndarray) for value in vars(data).values())
    assert data.x_train is data.x_train, "but they are not made anew each time"


# ------------------------------------------------------------------------------------------------------------- names


def test_a_name_is_the_hash_of_the_content_and_nothing_else():
    assert table().key == table().key
    assert OwnTable.from_content(table().content).key == table().key
    assert table(1).key != table().key
    renamed = OwnTable((Column("z", table().columns[0].numbers), *table().columns[1:]))
    assert renamed.key != table().key


def test_a_name_that_nobody_knows_says_so():
    with pytest.raises(MissingTableError) as caught:
        datasets.load("own_classes", table="0" * 64)
    assert caught.value.value == "0" * 64
    assert "give the file again" in str(caught.value)


# ------------------------------------------------------------------------------------------------------------- shelf


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def shelf(**options) -> Shelf[OwnTable]:
    """A shelf for tables."""
    return Shelf(OwnTable.from_content, **options)


def test_memory_is_bounded_and_the_least_used_goes_first():
    one = table()
    kept = shelf(in_memory=3 * one.size)
    names = [kept.put(table(seed)) for seed in range(3)]
    kept.get(names[0])
    kept.put(table(3))
    assert [kept.get(name) is not None for name in names] == [True, False, True]


def test_a_table_is_kept_for_a_while_after_its_last_use():
    clock = Clock()
    kept = shelf(clock=clock)
    name = kept.put(table())
    clock.now += 3600 * HOURS - 1
    assert kept.get(name) is not None
    clock.now += 3600 * HOURS - 1
    assert kept.get(name) is not None
    clock.now += 3600 * HOURS + 1
    assert kept.get(name) is None


def test_servers_share_a_folder(tmp_path):
    clock = Clock()
    one, other = (shelf(folder=tmp_path / "tables", clock=clock) for _ in range(2))
    name = one.put(table())
    found = other.get(name)
    assert found is not None
    assert found.content == table().content
    assert [file.name for file in (tmp_path / "tables").iterdir()] == [f"{name}.json"]


def test_a_table_that_one_server_uses_is_kept_for_the_other(tmp_path):
    clock = Clock()
    one, other = (shelf(folder=tmp_path, clock=clock) for _ in range(2))
    name = one.put(table())
    for _ in range(3):
        clock.now += 3600 * HOURS - 1
        assert other.get(name) is not None
    clock.now += 3600 * HOURS - 1
    assert one.get(name) is not None


def test_a_file_is_read_only_if_it_is_what_its_name_says(tmp_path):
    kept = shelf(folder=tmp_path)
    for content in (table(1).content, b"", b"[" * 100_000, b"\x80\x04N."):
        (tmp_path / f"{table().key}.json").write_bytes(content)
        assert kept.get(table().key) is None
    (tmp_path / "large").write_bytes(b"")
    assert kept.get("../large") is None


def test_the_folder_is_bounded_too(tmp_path):
    clock, size = Clock(), len(table().content)
    kept = shelf(folder=tmp_path, on_disk=3 * size + 600, clock=clock)
    for seed in range(6):
        clock.now += 60
        kept.put(table(seed))
    files = {file.stem for file in tmp_path.iterdir()}
    assert files == {table(seed).key for seed in (3, 4, 5)}
    clock.now += 3600 * HOURS + 1
    kept.put(table(6))
    assert {file.stem for file in tmp_path.iterdir()} == {table(6).key}


def test_a_folder_that_cannot_be_written_leaves_the_table_in_memory(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    kept = shelf(folder=tmp_path / "file" / "tables")
    assert kept.get(kept.put(table())) is not None
    assert "only this server has it" in caplog.text


def test_many_threads_put_and_take_at_once(tmp_path):
    kept = shelf(folder=tmp_path, in_memory=2 * table().size)
    missed = []

    def use(seed: int) -> None:
        name = kept.put(table(seed % 5))
        missed.extend(1 for _ in range(20) if kept.get(name) is None)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not missed
