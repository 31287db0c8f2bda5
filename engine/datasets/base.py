"""A dataset: what was asked for, and the arrays that follow from it when they are first used."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.datasets.features import feature_columns
from engine.datasets.labels import LABELS, Labels, decoded, encoded, form_of
from engine.datasets.randomness import RandomSource
from engine.errors import ConfigurationError

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Arrays:
    """The numbers of a dataset, read-only, and the random stream after they were drawn.

    x [n, ...] float64; y int64 class numbers [n] or [n, time], or float64 [n, outputs]; points [n, 2] float64 or None.
    """

    x_train: NDArray[np.float64]
    y_train: NDArray[Any]
    x_test: NDArray[np.float64]
    y_test: NDArray[Any]
    points_train: NDArray[np.float64] | None = None
    points_test: NDArray[np.float64] | None = None
    stream: RandomSource | None = None

    def shaped(self, shape: tuple[int, ...]) -> Arrays:
        """The same with inputs [n, *shape]."""
        return replace(self, x_train=self.x_train.reshape(-1, *shape), x_test=self.x_test.reshape(-1, *shape))

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


@dataclass(frozen=True)
class Recipe:
    """Everything about a dataset but its numbers, and how to get those: `make` keeps what it makes for a while."""

    name: str
    options: dict[str, Any]
    make: Callable[[], Arrays] = field(repr=False)
    task: Task
    labels: Labels | None = None
    classes: int | None = None
    input_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    domain: tuple[float, float] | None = None
    outputs: int = 1


class Dataset:
    """Training and test examples of one task.

    Made from arrays, or by `engine.datasets.load(name, ...)`, which makes the arrays when they are first used.
    Immutable: the arrays are read-only, and two datasets are equal when their `spec` is.

    Parameters
    ----------
    x_train, x_test : [n, ...] inputs
    y_train, y_test : class numbers [n] (whole numbers); or floats [n] or [n, outputs], which are classes in the form
        0 / 1, -1 / +1 or one-hot where they look like it, else values; or, with labels="class", class numbers [n, time]
    task : "classification" or "regression"; seen from y when left out
    labels : the form of y (see below); seen from y when left out
    classes : how many classes; counted from y when left out
    input_names, class_names : what menus and tables call them
    vocabulary : what each input token is called, where the inputs are tokens

    Attributes
    ----------
    x_train, x_test : float64 [n, ...]
    y_train, y_test : int64 class numbers [n], or [n, time] for an answer at each time step; or float64 [n, outputs]
    points_train, points_test : float64 [n, 2], the plane's coordinates where the data are points of a plane, else None
    targets_train, targets_test : [n] class numbers or values, whatever the form of y
    labels : the form of y: "class", "binary" (0 / 1), "signed" (-1 / +1), "one_hot", or None for values
    features : which functions of the coordinates the inputs are, where the data are points of a plane
    domain : (low, high), the range of each drawn coordinate, or None
    outputs : how many values a target has, in a regression
    spec : {"name": ..., "options": {...}}, canonical and ready for JSON; arrays are named by the SHA-256 of their bytes
    key : `spec` as canonical JSON, to compare and look up by

    Raises
    ------
    ConfigurationError : for arrays that do not fit together, and numbers that are not finite

    Examples
    --------
    >>> data = Dataset([[0.0, 1.0], [1.0, 0.0]], [0, 1], [[1.0, 1.0]], [0])
    >>> data.x_train.shape, data.y_train.tolist(), data.classes
    ((2, 2), [0, 1], 2)
    """

    _recipe: Recipe

    def __init__(
        self,
        x_train: ArrayLike,
        y_train: ArrayLike,
        x_test: ArrayLike,
        y_test: ArrayLike,
        *,
        task: Task | None = None,
        labels: Labels | None = None,
        classes: int | None = None,
        input_names: Sequence[str] = (),
        class_names: Sequence[str] = (),
        vocabulary: Sequence[str] = (),
        name: str = "arrays",
    ) -> None:
        if task not in (None, "classification", "regression"):
            raise ConfigurationError("task", task, '"classification" or "regression"')
        if labels not in (None, *LABELS):
            raise ConfigurationError("labels", labels, "one of " + ", ".join(LABELS))
        whole = task != "regression" and labels in (None, "class")
        train = _pair("train", x_train, y_train, whole, steps=labels == "class")
        test = _pair("test", x_test, y_test, whole, steps=labels == "class")
        _check_alike(train, test)
        labels = _label_form(np.concatenate([train[1], test[1]]), task, labels)
        classes = None if labels is None else _class_count(train[1], test[1], labels, classes)
        self._recipe = Recipe(
            name,
            {"sha256": _digest([*train, *test]), "classes": classes},
            functools.partial(_the_same, Arrays(*train, *test)),
            task="regression" if labels is None else "classification",
            labels=labels,
            classes=classes,
            input_names=tuple(input_names),
            class_names=tuple(class_names),
            vocabulary=tuple(vocabulary),
            outputs=train[1].shape[1] if labels is None else 1,
        )

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Dataset:
        """A dataset whose arrays are made when they are first used."""
        dataset = cls.__new__(cls)
        dataset._recipe = recipe
        return dataset

    @property
    def _arrays(self) -> Arrays:
        return self._recipe.make()

    @property
    def name(self) -> str:
        """Name under which it was loaded, or "arrays"."""
        return self._recipe.name

    @property
    def task(self) -> Task:
        """What is asked for: "classification" or "regression"."""
        return self._recipe.task

    @property
    def labels(self) -> Labels | None:
        """The form of the classes in y: "class", "signed" or "one_hot"; None for a regression."""
        return self._recipe.labels

    @property
    def classes(self) -> int | None:
        """How many classes there are; None for a regression."""
        return self._recipe.classes

    @property
    def input_names(self) -> tuple[str, ...]:
        """What each input is called."""
        return self._recipe.input_names

    @property
    def class_names(self) -> tuple[str, ...]:
        """What each class is called."""
        return self._recipe.class_names

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """What each input token is called; empty where the inputs are not tokens."""
        return self._recipe.vocabulary

    @property
    def features(self) -> tuple[str, ...]:
        """Which functions of the coordinates are fed to the network; empty where the data are no points."""
        return self._recipe.features

    @property
    def domain(self) -> tuple[float, float] | None:
        """(low, high) of the plane's two axes, or None."""
        return self._recipe.domain

    @property
    def x_train(self) -> NDArray[np.float64]:
        """Inputs to train on, [n, ...], read-only."""
        return self._arrays.x_train

    @property
    def y_train(self) -> NDArray[Any]:
        """Targets to train on: class numbers [n] or [n, time], or values [n, outputs], read-only."""
        return self._arrays.y_train

    @property
    def x_test(self) -> NDArray[np.float64]:
        """Inputs to test on, [n, ...], read-only."""
        return self._arrays.x_test

    @property
    def y_test(self) -> NDArray[Any]:
        """Targets to test on, in the form of `y_train`, read-only."""
        return self._arrays.y_test

    @property
    def points_train(self) -> NDArray[np.float64] | None:
        """Places in the plane of the training examples, [n, 2], or None."""
        return self._arrays.points_train

    @property
    def points_test(self) -> NDArray[np.float64] | None:
        """Places in the plane of the test examples, [n, 2], or None."""
        return self._arrays.points_test

    @property
    def targets_train(self) -> NDArray[Any]:
        """Class numbers or values of the training examples, [n] (or [n, time]), whatever the form of y."""
        return decoded(self._arrays.y_train, self.labels)

    @property
    def targets_test(self) -> NDArray[Any]:
        """Class numbers or values of the test examples, [n] (or [n, time]), whatever the form of y."""
        return decoded(self._arrays.y_test, self.labels)

    @property
    def outputs(self) -> int:
        """How many values a target of a regression has; 1 for classes."""
        return self._recipe.outputs

    @functools.cached_property
    def key(self) -> str:
        """Canonical JSON of name and options: equal data have equal keys."""
        recipe = self._recipe
        return json.dumps({"name": recipe.name, "options": recipe.options}, sort_keys=True, separators=(",", ":"))

    @property
    def spec(self) -> dict[str, Any]:
        """{"name": ..., "options": {...}}, JSON-able."""
        spec: dict[str, Any] = json.loads(self.key)
        return spec

    def stream(self) -> RandomSource:
        """The random stream where the data left it (drawn, shuffled, split): a fresh copy at each call.

        TF Playground goes on from there to draw the first weights.
        """
        stream = self._arrays.stream
        if stream is None:
            raise ConfigurationError("dataset", self.name, "a dataset made from a seed, by engine.datasets.load")
        return stream.copy()

    def inputs(self, points: ArrayLike) -> NDArray[np.float64]:
        """What the network is fed for points of the plane: [n, 2] -> [n, features]."""
        if not self.features:
            raise ConfigurationError("dataset", self.name, "a dataset of points of the plane")
        return feature_columns(np.asarray(points, dtype=np.float64).reshape(-1, 2), self.features)

    def encode(self, targets: ArrayLike) -> NDArray[Any]:
        """Class numbers or values [n] in the form of `y_train`."""
        return encoded(np.asarray(targets), self.labels, self.classes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._recipe.options.items())
        return f"Dataset({self.name}: {options})"


def _the_same(arrays: Arrays) -> Arrays:
    """Arrays that are there already."""
    return arrays


def _pair(
    part: str, x: ArrayLike, y: ArrayLike, whole: bool, *, steps: bool
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Copies of one part's arrays in their fixed types.

    Whole numbers [n] become class numbers where `whole`; so do those [n, time] where there are `steps`.
    """
    inputs = np.array(x, dtype=np.float64)
    targets = np.array(y)
    if inputs.ndim < 2 or len(inputs) == 0:
        raise ConfigurationError(f"x_{part}", inputs.shape, "an array [n, features...] with n at least 1")
    if targets.ndim not in (1, 2) or len(targets) != len(inputs):
        raise ConfigurationError(f"y_{part}", targets.shape, f"one target for each of {len(inputs)} rows of x_{part}")
    if whole and (targets.ndim == 1 or steps) and targets.dtype.kind in "iub":
        targets = targets.astype(np.int64)
    else:
        targets = targets.astype(np.float64).reshape(len(targets), -1)
    for name, array in ((f"x_{part}", inputs), (f"y_{part}", targets)):
        if not np.isfinite(array).all():
            raise ConfigurationError(name, array[~np.isfinite(array)][0], "finite numbers only")
    return inputs, targets


def _check_alike(train: Sequence[NDArray[Any]], test: Sequence[NDArray[Any]]) -> None:
    """Training and test rows have the same shape and kind."""
    for name, one, other in zip("xy", train, test, strict=True):
        if one.shape[1:] != other.shape[1:] or one.dtype != other.dtype:
            like = f"rows like those of {name}_train, {one.dtype}{one.shape}"
            raise ConfigurationError(f"{name}_test", f"{other.dtype}{other.shape}", like)


def _label_form(y: NDArray[Any], task: Task | None, said: Labels | None) -> Labels | None:
    """The form that all labels are in, as said or as seen; None for values."""
    if task == "regression":
        return None
    labels: Labels | None = "class" if y.dtype == np.int64 else form_of(y)
    if labels is None and (task == "classification" or said):
        raise ConfigurationError(
            "y_train", "floats of other values", 'class numbers, 0 / 1, -1 / +1 or one-hot rows; or task="regression"'
        )
    if said not in (None, labels):
        raise ConfigurationError("labels", said, f"{labels}, which is the form that y is in")
    return labels


def _class_count(y_train: NDArray[Any], y_test: NDArray[Any], labels: Labels, classes: int | None) -> int:
    """How many classes there are: as said, else as seen."""
    numbers = np.concatenate([decoded(y_train, labels), decoded(y_test, labels)])
    seen = int(numbers.max()) + 1 if labels == "class" else y_train.shape[1]
    count = classes or max(2, seen)
    if int(numbers.min()) < 0 or seen > count:
        raise ConfigurationError("y_train", (int(numbers.min()), int(numbers.max())), f"class numbers 0 to {count - 1}")
    return count


def _digest(arrays: Sequence[NDArray[Any]]) -> str:
    """SHA-256 of the arrays' types, shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
