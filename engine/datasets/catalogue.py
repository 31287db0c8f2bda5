"""Every dataset by name: what it can be asked for and how it is made. Menus, links and tests read this one table."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.datasets import curves, plane
from engine.datasets.base import Arrays, Dataset, Recipe, Task
from engine.datasets.labels import LABELS, encoded
from engine.datasets.options import MOST_POINTS, Features, Flag, Integer, Number, Option, Seed, Word, checked
from engine.datasets.points import DRAWN
from engine.datasets.randomness import RandomSource, random_source
from engine.datasets.splitting import Sample, Standardise, split_samples
from engine.datasets.tables import TABLES, Table, read_rows
from engine.errors import ConfigurationError, UnknownNameError

TRAIN_FRACTION = Number(0.5, 0.1, 0.9)
NOISE = Number(0.0, 0.0, 0.8)  # the Playground's slider ends at 0.5, but it keeps up to 0.8 from a link
PLANE_DOMAIN = (-plane.HALF_WIDTH, plane.HALF_WIDTH)
LABELS_OPTION = Word("class", LABELS)


@dataclass(frozen=True)
class Entry:
    """One dataset of the catalogue.

    Attributes
    ----------
    name : what it is loaded by
    kind : "plane" (points of the plane), "curve" (one input) or "table" (real data)
    task : "classification" or "regression"
    about : one line on what it is
    options : what it can be asked for, by name
    draw : from checked options and a random source to samples
    class_names : from checked options to the classes' names; none for regression
    input_names : the inputs' names where they are not features of the plane
    domain : the range of each drawn coordinate, or None
    picture : (channels, height, width) where the inputs are pixels, which are standardised as a whole
    """

    name: str
    kind: Literal["plane", "curve", "table"]
    task: Task
    about: str
    options: Mapping[str, Option]
    draw: Callable[[dict[str, Any], RandomSource], Sequence[Sample]]
    class_names: Callable[[dict[str, Any]], tuple[str, ...]] = lambda options: ()
    input_names: tuple[str, ...] = ()
    domain: tuple[float, float] | None = None
    picture: tuple[int, int, int] | None = None


def load(name: str, **options: object) -> Dataset:
    """A dataset of the catalogue.

    Cheap: the arrays are made when they are first used, and the same call gives the same object for a while.

    Parameters
    ----------
    name : one of `names()`
    options : those of `entry(name).options`. Points of the plane take `n`, `noise` (0 to 0.8, the Playground's percent
        / 100), `train_fraction` (0.1 to 0.9), `seed` (a whole number, or a string for TF Playground's random numbers),
        `features` (x1, x2, x1_squared, ...) and `labels` ("class", "binary", "signed", "one_hot"). Pictures take
        `as_images`: x is [n, channels, height, width], for convolutions, instead of [n, pixels]

    Raises
    ------
    UnknownNameError : for a name or an option that there is not
    ConfigurationError : for a value that is not accepted

    Examples
    --------
    >>> data = load("circle", n=100, train_fraction=0.7, seed=1)
    >>> data.x_train.shape, data.x_test.shape
    ((70, 2), (30, 2))
    """
    return _load(name, json.dumps(checked(entry(name).options, options, name)))


def names() -> tuple[str, ...]:
    """The names of all datasets, in the order of menus."""
    return tuple(CATALOGUE)


def entry(name: str) -> Entry:
    """A dataset's place in the catalogue: its kind, task and options."""
    if not isinstance(name, str) or name not in CATALOGUE:
        raise UnknownNameError("dataset", name, CATALOGUE)
    return CATALOGUE[name]


@functools.lru_cache(maxsize=32)
def _load(name: str, options_text: str) -> Dataset:
    """A dataset from checked options as JSON, which can be looked up."""
    found = CATALOGUE[name]
    options = checked(found.options, json.loads(options_text), name)
    class_names = found.class_names(options)
    if options.get("labels") == "binary" and len(class_names) != 2:
        raise ConfigurationError("labels", "binary", f"class, signed or one_hot for {len(class_names)} classes")
    features = options.get("features", ())
    recipe = Recipe(
        name,
        options,
        functools.partial(_arrays, name, options),
        task=found.task,
        labels=options.get("labels"),
        classes=len(class_names) or None,
        input_names=features or found.input_names,
        class_names=class_names,
        features=features,
        domain=found.domain,
    )
    return Dataset.from_recipe(recipe)


def _arrays(name: str, options: dict[str, Any]) -> Arrays:
    """The arrays of a dataset of the catalogue."""
    found = CATALOGUE[name]
    random = random_source(options["seed"])
    encode = functools.partial(encoded, labels=options.get("labels"), classes=len(found.class_names(options)) or None)
    standardise: Standardise = "no" if not options.get("standardise") else "whole" if found.picture else "columns"
    arrays = split_samples(
        found.draw(options, random), random, options["train_fraction"], encode, options.get("features", ()), standardise
    )
    return arrays.shaped(found.picture) if found.picture and options["as_images"] else arrays


def _plane_entry(generator: Callable[..., list[Sample]], task: Task, n: int) -> Entry:
    """Points of the plane from a generator of `plane.py`."""
    options: dict[str, Option] = {
        "n": Integer(n, 10, MOST_POINTS),
        "noise": NOISE,
        "train_fraction": TRAIN_FRACTION,
        "seed": Seed(),
        "features": Features(),
    }
    extras: tuple[str, ...] = ()
    if generator is plane.blobs:
        options["classes"] = Integer(3, 2, 10)
        extras = ("classes",)
    if task == "classification":
        options["labels"] = LABELS_OPTION

    def draw(options: dict[str, Any], random: RandomSource) -> list[Sample]:
        return generator(options["n"], options["noise"], random, *(options[extra] for extra in extras))

    def class_names(options: dict[str, Any]) -> tuple[str, ...]:
        return _numbers(options.get("classes", 2)) if task == "classification" else ()

    return Entry(generator.__name__, "plane", task, _about(generator), options, draw, class_names, domain=PLANE_DOMAIN)


def _drawn_entry() -> Entry:
    """Points drawn by hand."""
    options: dict[str, Option] = {
        "points": DRAWN,
        "train_fraction": TRAIN_FRACTION,
        "seed": Seed(),
        "features": Features(),
        "labels": LABELS_OPTION,
    }

    def class_names(options: dict[str, Any]) -> tuple[str, ...]:
        return _numbers(max(2, 1 + max(label for _, _, label in options["points"])))

    return Entry(
        "points",
        "plane",
        "classification",
        "Points drawn by hand.",
        options,
        lambda options, random: options["points"],
        class_names,
        domain=PLANE_DOMAIN,
    )


def _curve_entry(curve: Callable[[float], float]) -> Entry:
    """A curve of `curves.py`."""
    options: dict[str, Option] = {
        "n": Integer(200, 10, MOST_POINTS),
        "noise": NOISE,
        "train_fraction": TRAIN_FRACTION,
        "seed": Seed(),
    }

    def draw(options: dict[str, Any], random: RandomSource) -> list[Sample]:
        return curves.samples_of(curve, options["n"], options["noise"], random)

    return Entry(
        curve.__name__, "curve", "regression", _about(curve), options, draw, input_names=("x",), domain=(-1.0, 1.0)
    )


def _table_entry(table: Table) -> Entry:
    """A vendored table of `tables.py`."""
    options: dict[str, Option] = {
        "train_fraction": TRAIN_FRACTION,
        "seed": Seed(),
        "standardise": Flag(True),
        "labels": LABELS_OPTION,
    }
    if table.picture:
        options["as_images"] = Flag(False)

    def draw(options: dict[str, Any], random: RandomSource) -> list[Sample]:
        return read_rows(table)

    return Entry(
        table.name,
        "table",
        "classification",
        table.about,
        options,
        draw,
        lambda options: table.class_names,
        table.input_names,
        picture=table.picture,
    )


def _about(function: Callable[..., object]) -> str:
    """The first line of a docstring."""
    return (function.__doc__ or "").strip().splitlines()[0]


def _numbers(count: int) -> tuple[str, ...]:
    """Names for classes that have none."""
    return tuple(str(number) for number in range(count))


CATALOGUE = {
    found.name: found
    for found in (
        *(_plane_entry(generator, "classification", 500) for generator in plane.CLASSES),
        _drawn_entry(),
        *(_plane_entry(generator, "regression", 1200) for generator in plane.VALUES),
        *(_curve_entry(curve) for curve in curves.CURVES),
        *(_table_entry(table) for table in TABLES),
    )
}
