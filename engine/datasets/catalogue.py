"""Every dataset by name: what it can be asked for and how it is made. Menus, links and tests read this one table."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence

from engine.datasets import curves, examples, images, own, plane, sequences, series, text
from engine.datasets.base import Arrays, Dataset, Recipe, Task
from engine.datasets.entry import LABELS_OPTION, TRAIN_FRACTION, Entry, Kind, Options, about, no_names
from engine.datasets.labels import encoded
from engine.datasets.options import MOST_POINTS, Features, Flag, Integer, Number, Option, Seed, checked
from engine.datasets.points import DRAWN
from engine.datasets.randomness import RandomSource, random_source
from engine.datasets.splitting import Sample, Standardise, split_samples
from engine.datasets.tables import TABLES, Table, read_rows
from engine.errors import ConfigurationError, UnknownNameError
from engine.kept import Kept

NOISE = Number(0.0, 0.0, 0.8)  # the Playground's slider ends at 0.5, but it keeps up to 0.8 from a link
KEPT: Kept[tuple[str, str], Arrays] = Kept(96 * 2**20)  # the largest data that a link may ask for take a third of it
PLANE_DOMAIN = (-plane.HALF_WIDTH, plane.HALF_WIDTH)


def load(name: str, **options: object) -> Dataset:
    """A dataset of the catalogue.

    Cheap: the arrays are made when they are first used, and the same call gives the same object for a while.

    Parameters
    ----------
    name : one of `names()`
    options : those of `entry(name).options`. Points of the plane take `n`, `noise` (0 to 0.8, the Playground's percent
        / 100), `train_fraction` (0.1 to 0.9), `seed` (a whole number, or a string for TF Playground's random numbers),
        `features` (x1, x2, x1_squared, ...) and `labels` ("class", "binary", "signed", "one_hot"). Pictures take
        `as_images`: x is [n, channels, height, width], for convolutions, instead of [n, pixels]. The functions of
        `images`, `sequences`, `text` and `series` say what the others take, and the shapes that come of it

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


def names(*kinds: Kind) -> tuple[str, ...]:
    """The names of all datasets, or of those of some kinds, in the order of menus."""
    return tuple(name for name, found in CATALOGUE.items() if not kinds or found.kind in kinds)


def forget(seconds: float) -> None:
    """Lets go of the arrays that nobody has asked for in so many seconds; who asks again has them made again."""
    KEPT.forget(seconds)


def entry(name: str) -> Entry:
    """A dataset's place in the catalogue: its kind, task and options."""
    if not isinstance(name, str) or name not in CATALOGUE:
        raise UnknownNameError("dataset", name, CATALOGUE)
    return CATALOGUE[name]


@functools.lru_cache(maxsize=256)
def _load(name: str, options_text: str) -> Dataset:
    """A dataset from checked options as JSON, which can be looked up."""
    found = CATALOGUE[name]
    options = checked(found.options, json.loads(options_text), name)
    if found.settle is not None:
        found = found.settle(found, options)
    class_names = found.class_names(options)
    if options.get("labels") == "binary" and len(class_names) != 2:
        raise ConfigurationError("labels", "binary", f"class, signed or one_hot for {len(class_names)} classes")
    features = options.get("features", ()) if found.domain == PLANE_DOMAIN else ()
    recipe = Recipe(
        name,
        options,
        functools.partial(_arrays, name, options_text),
        task=found.task,
        labels=found.labels(options),
        classes=len(class_names) or None,
        input_names=features or found.input_names,
        class_names=class_names,
        vocabulary=found.vocabulary(options),
        features=features,
        domain=found.domain,
        outputs=found.outputs(options),
    )
    return Dataset.from_recipe(recipe)


def _arrays(name: str, options_text: str) -> Arrays:
    """The arrays of a dataset of the catalogue, which so holds none itself: a visitor's session stays small."""
    arrays = KEPT.get((name, options_text))
    if arrays is None:
        options = checked(CATALOGUE[name].options, json.loads(options_text), name)
        arrays = CATALOGUE[name].make(options, random_source(options.get("seed", 0)))
        KEPT.put((name, options_text), arrays, arrays.nbytes)
    return arrays


def _sampled(
    draw: Callable[[Options, RandomSource], Sequence[Sample]],
    class_names: Callable[[Options], tuple[str, ...]] = no_names,
    standardise: Standardise = "no",
) -> Callable[[Options, RandomSource], Arrays]:
    """What makes arrays of the samples that `draw` gives: shuffled, split, labelled."""

    def make(options: Options, random: RandomSource) -> Arrays:
        return split_samples(
            draw(options, random),
            random,
            options["train_fraction"],
            functools.partial(encoded, labels=options.get("labels"), classes=len(class_names(options)) or None),
            options.get("features", ()),
            standardise if options.get("standardise") else "no",
        )

    return make


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

    def draw(options: Options, random: RandomSource) -> list[Sample]:
        return generator(options["n"], options["noise"], random, *(options[extra] for extra in extras))

    def class_names(options: Options) -> tuple[str, ...]:
        return _numbers(options.get("classes", 2)) if task == "classification" else ()

    make = _sampled(draw, class_names)
    return Entry(generator.__name__, "plane", task, about(generator), options, make, class_names, domain=PLANE_DOMAIN)


def _drawn_entry() -> Entry:
    """Points drawn by hand."""
    options: dict[str, Option] = {
        "points": DRAWN,
        "train_fraction": TRAIN_FRACTION,
        "seed": Seed(),
        "features": Features(),
        "labels": LABELS_OPTION,
    }

    def class_names(options: Options) -> tuple[str, ...]:
        return _numbers(max(2, 1 + max(label for _, _, label in options["points"])))

    return Entry(
        "points",
        "plane",
        "classification",
        "Points drawn by hand.",
        options,
        _sampled(lambda options, random: options["points"], class_names),
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

    def draw(options: Options, random: RandomSource) -> list[Sample]:
        return curves.samples_of(curve, options["n"], options["noise"], random)

    return Entry(
        curve.__name__,
        "curve",
        "regression",
        about(curve),
        options,
        _sampled(draw),
        input_names=("x",),
        domain=(-1.0, 1.0),
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

    def class_names(options: Options) -> tuple[str, ...]:
        return table.class_names

    split = _sampled(lambda options, random: read_rows(table), class_names, "whole" if table.picture else "columns")

    def make(options: Options, random: RandomSource) -> Arrays:
        arrays = split(options, random)
        return arrays.shaped(table.picture) if table.picture and options["as_images"] else arrays

    return Entry(
        table.name,
        "table",
        "classification",
        table.about,
        options,
        make,
        class_names,
        input_names=table.input_names,
    )


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
        *own.ENTRIES,
        *images.ENTRIES,
        *sequences.ENTRIES,
        *text.ENTRIES,
        *series.ENTRIES,
        *examples.ENTRIES,
    )
}
