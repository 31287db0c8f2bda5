"""What the page "one step by hand" looks at, as one value that a link can carry, and the run that follows from it.

    lesson=mazur&step=1&row=0&change=0:dense_1.weight:2:0.5,0:x:1:0.7&at=dense_1.activation(0)&weight=dense_2.weight:0

    Worksheet   which network (a lesson, or the link of one's own), step, example, what was changed by hand, and where
                in the step one stands
    opened      the run at that step, kept for the next visitor who asks

A change acts from the step at which it was made: the state up to there is what it was. Knows nothing of Streamlit.
"""

from __future__ import annotations

import base64
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote

import numpy as np

import engine
from app import lessons, sharing
from app.sharing import LinkError, LinkProblem
from engine import Dataset, Experiment, GradientReport, gradient_check
from engine.derivation import Derivation, PathSum, UpdateParts, Wiggle, derive, paths, update_parts, wiggle
from engine.errors import ConfigurationError
from engine.run import Run

KEYS = ("lesson", "row", "change", "at", "weight")  # the page's own; an own network's link has its own beside them
FIRST_LESSON = "mazur"
MOST_CHANGES = 64
LARGEST = 1e6
LAST_STEP = 1_000_000
MOST_OPERATIONS = 5 * 10**9  # multiply-adds to come to a step: about a second
MOST_ANSWERS = 48  # about one run
MOST_PATHS = 200
EXAMPLES = ("x", "y")  # the names of a change of an input and of a target
PLACE = re.compile(r"[a-z0-9_.]{1,80}(\(\d{1,6}(,\d{1,6}){0,5}\))?[a-z_.]{0,16}", re.ASCII)
ROUND, SQUARE = str.maketrans("[]", "()"), str.maketrans("()", "[]")  # a query leaves round brackets as they are
WEIGHT = re.compile(r"([a-z0-9_.]{1,64}):(\d{1,6})", re.ASCII)
CHANGE = re.compile(r"(\d{1,7}):([a-z0-9_.]{1,64}):(\d{1,7}):([-+.e0-9]{1,32})", re.ASCII)


class Change(NamedTuple):
    """A number put by hand before update number `step`: a parameter, or "x" or "y", by its index in the flat array."""

    step: int
    name: str
    place: int
    value: float


@dataclass(frozen=True)
class Worksheet:
    """Which step of which network, and where in it.

    Attributes
    ----------
    lesson : a name of `lessons.LESSONS`; None for the network of `link`
    link : the query of an experiment with its edits, as `sharing` writes it
    step : updates done before the step that is looked at
    row : the training example that is followed
    changes : what was changed by hand, in order
    at : the operation where one stands, by its id; empty for the first
    weight : (parameter, flat index) of the weight that is looked into
    """

    lesson: str | None = FIRST_LESSON
    link: str = ""
    step: int = 0
    row: int = 0
    changes: tuple[Change, ...] = ()
    at: str = ""
    weight: tuple[str, int] | None = None

    @property
    def experiment(self) -> Experiment:
        """What is trained, before any change by hand."""
        return lessons.experiment(self.lesson) if self.lesson is not None else sharing.read_link(self.link)

    def change(self, name: str, index: int, value: float) -> Worksheet:
        """With a number put by hand at the present step; later ones are of another future and go."""
        change = Change(self.step, name, index, float(value))
        kept = [old for old in self.changes if old.step <= self.step and old[:3] != change[:3]]
        return replace(self, changes=(*kept, change))

    def query(self) -> str:
        """As a query string; `read` is its inverse."""
        said = {
            "lesson": self.lesson or "",
            "step": str(self.step or ""),
            "row": str(self.row or ""),
            "change": ",".join(":".join([*map(str, change[:3]), repr(change.value)]) for change in self.changes),
            "at": self.at.translate(ROUND),
            "weight": "{}:{}".format(*self.weight) if self.weight else "",
        }
        parts = [f"{key}={quote(text, safe=sharing.HARMLESS)}" for key, text in said.items() if text]
        return "&".join([*([self.link] if self.lesson is None else []), *parts])


def read(query: str) -> tuple[Worksheet, list[LinkProblem]]:
    """The worksheet of a query, and what in it was not accepted."""
    said = dict(parse_qsl(query))
    problems: list[LinkProblem] = []
    sheet = _of_network(said, query, problems)
    for key, take in (("step", _step), ("row", _row), ("change", _changes), ("at", _at), ("weight", _weight)):
        if key in said:
            try:
                sheet = take(sheet, said[key])
            except LinkError as error:
                problems.append(LinkProblem(key, str(error.value), error.accepted, error.kind, error.details))
    return sheet, problems


def _of_network(said: Mapping[str, str], query: str, problems: list[LinkProblem]) -> Worksheet:
    """The lesson, else the network that the link's other keys describe, else the first lesson."""
    name = said.get("lesson")
    if name in lessons.LESSONS:
        return Worksheet(lesson=name)
    if name is not None:
        known = tuple(lessons.LESSONS)
        problems.append(LinkProblem("lesson", name, f"one of {', '.join(known)}", "word", {"known": known}))
    if "v" not in said:
        return Worksheet()
    others = [part for part in query.split("&") if part and part.partition("=")[0] not in (*KEYS, "step")]
    experiment, _, found = sharing.read_link_leniently("&".join(others))
    problems.extend(found)
    return Worksheet(lesson=None, link=sharing.write_link(experiment))


def _step(sheet: Worksheet, text: str) -> Worksheet:
    return replace(sheet, step=_whole("step", text, LAST_STEP))


def _row(sheet: Worksheet, text: str) -> Worksheet:
    return replace(sheet, row=_whole("row", text, len(sheet.experiment.dataset.x_train) - 1))


def _changes(sheet: Worksheet, text: str) -> Worksheet:
    pieces = text.split(",")
    if len(pieces) > MOST_CHANGES:
        raise LinkError("change", f"{len(pieces)} changes", f"at most {MOST_CHANGES}")
    return replace(sheet, changes=tuple(_change(sheet.experiment, piece) for piece in pieces))


def _change(experiment: Experiment, text: str) -> Change:
    found = CHANGE.fullmatch(text)
    value = _number(found[4]) if found else None
    if found is None or value is None:
        raise LinkError("change", text, "step:name:index:value, as in 0:dense_1.weight:2:0.5")
    change = Change(int(found[1]), found[2], int(found[3]), value)
    check(experiment, change)
    return change


def _at(sheet: Worksheet, text: str) -> Worksheet:
    if not PLACE.fullmatch(text.translate(ROUND)):
        raise LinkError("at", text, "the name of an operation, as in dense_1.activation(0)")
    return replace(sheet, at=text.translate(SQUARE))


def _weight(sheet: Worksheet, text: str) -> Worksheet:
    found = WEIGHT.fullmatch(text)
    shapes = sheet.experiment.network.parameter_shapes()
    if found is None or found[1] not in shapes or int(found[2]) >= math.prod(shapes[found[1]]):
        raise LinkError("weight", text, f"parameter:index, where parameter is one of {', '.join(shapes)}")
    return replace(sheet, weight=(found[1], int(found[2])))


def _whole(key: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) <= most):
        raise LinkError(key, text, f"a whole number from 0 to {most}", "integer", {"low": 0, "high": most})
    return int(text)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def check(experiment: Experiment, change: Change) -> None:
    """Raise `LinkError` unless the change is of a number that there is, to one that it may be."""
    shapes = experiment.network.parameter_shapes()
    data = experiment.dataset
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    sizes |= {"x": data.x_train.size, "y": np.asarray(data.y_train).size}
    if change.name not in sizes or not 0 <= change.place < sizes[change.name]:
        raise LinkError("change", change.name, f"one of {', '.join(sizes)}, and an index in it")
    if change.name == "y" and data.labels == "class":
        if change.value not in range(data.classes or 0):
            raise LinkError("change", change.value, f"a class number from 0 to {(data.classes or 1) - 1}")
    elif abs(change.value) > LARGEST:
        raise LinkError("change", change.value, f"a number of size at most {LARGEST:g}")


# ------------------------------------------------------------------------------------------------------------ the run


class Opened:
    """A run that stands at the worksheet's step, and what was asked of it so far.

    Several visitors may hold it: the run is used by one at a time, and left as it was.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._lock = threading.RLock()
        self._answers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    @property
    def dataset(self) -> Dataset:
        """The examples as they are now, after changes by hand."""
        return self.run.dataset

    def _ask(self, question: Callable[..., Any], *details: Any) -> Any:
        """The answer to a question about the run, worked out once."""
        key = (question, *details)
        with self._lock:
            if key not in self._answers:
                self._answers[key] = question(self.run, *details)
                while len(self._answers) > MOST_ANSWERS:
                    self._answers.popitem(last=False)
            return self._answers[key]

    def derivation(self, row: int) -> Derivation:
        """The next update taken apart, as the followed example sees it."""
        found: Derivation = self._ask(derive, row)
        return found

    def paths(self, name: str, index: int, row: int) -> PathSum:
        """The gradient of one weight as a sum over paths."""
        found: PathSum = self._ask(paths, name, index, row, MOST_PATHS)
        return found

    def parts(self, name: str, index: int) -> UpdateParts:
        """Why one weight moves."""
        found: UpdateParts = self._ask(update_parts, name, index)
        return found

    def wiggle(self, target: tuple[Any, ...], amount: float, row: int) -> Wiggle:
        """What follows from moving one number."""
        found: Wiggle = self._ask(wiggle, target, amount, row)
        return found

    def check(self) -> GradientReport:
        """Backpropagation beside central differences, for the network as it is."""
        found: GradientReport = self._ask(gradient_check)
        return found

    def still(self, row: int) -> str:
        """The step as one frame of film, in base64."""
        found: str = self._ask(_frame, row)
        return found


def _frame(run: Run, row: int) -> str:
    before = run.checkpoint()
    chunk = run.trace(1, follow=row).to_bytes()
    run.restore(before)
    return base64.b64encode(chunk).decode()


@lru_cache(maxsize=32)
def _opened(lesson: str | None, link: str, step: int, changes: tuple[Change, ...]) -> Opened:
    experiment = Worksheet(lesson, link).experiment
    cost = engine.cost(experiment, step)
    if cost.operations > MOST_OPERATIONS:
        raise ConfigurationError("step", step, "a step that is reached with less work: an earlier one")
    run = experiment.start()
    for change in sorted(changes, key=lambda change: change.step):
        if change.step <= step:
            run.step(change.step - run.step_count)
            run = _changed(run, change)
    run.step(step - run.step_count)
    return Opened(run)


def opened(sheet: Worksheet) -> Opened:
    """The run at the worksheet's step, with its changes.

    Raises
    ------
    ConfigurationError : for a step that is too far to walk to
    """
    return _opened(sheet.lesson, sheet.link, sheet.step, sheet.changes)


def _changed(run: Run, change: Change) -> Run:
    """The run after one change by hand, before its next update."""
    if change.name not in EXAMPLES:
        values = run.parameters()[change.name]
        values.reshape(-1)[change.place] = change.value
        run.set_parameters({change.name: values})
        return run
    if any(edit.key == "point" for edit in run.experiment.edits):
        raise ConfigurationError("change", change.name, "a parameter: points were added to these data")
    other = replace(run.experiment, dataset=_with(run.dataset, change)).start()
    other.restore(run.checkpoint())
    return other


def _with(data: Dataset, change: Change) -> Dataset:
    """The data with one number of one training example changed."""
    arrays = {"x": data.x_train.copy(), "y": np.array(data.y_train)}
    arrays[change.name].reshape(-1)[change.place] = change.value
    return Dataset(
        arrays["x"], arrays["y"], data.x_test, data.y_test, task=data.task, labels=data.labels, classes=data.classes,
        input_names=data.input_names, class_names=data.class_names, vocabulary=data.vocabulary,
    )  # fmt: skip


def own(link: str, edits: Iterable[Iterable[Any]], step: int, row: int = 0) -> Worksheet:
    """The worksheet of the playground's network, as its stage tells it."""
    text = "_".join(".".join(map(str, edit)) for edit in edits)
    said = f"{link}&edits={quote(text, safe=sharing.HARMLESS)}" if text else link
    return Worksheet(lesson=None, link=sharing.write_link(sharing.read_link(said)), step=step, row=row)
