"""TensorFlow Playground's links: `#activation=tanh&batchSize=10&dataset=circle&...`, read as the Playground reads them.

A key that is absent or blank has the Playground's default; of a menu's unknown value it takes no notice; anything but
`false` is true. Its experiment is ours with a string for seed, doubles, half the squared error, and a fixed order of
examples whose remainder is carried on (tensorflow/playground, src/state.ts and src/playground.ts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import unquote

import engine
from app.sharing_reader import Reader
from app.sharing_specs import LinkError, read_number
from app.state import CHOICE, MOST_UNITS, Hidden, Names, Settings
from engine.datasets.options import Integer, Number
from engine.errors import ConfigurationError

DATASETS = {"circle": "circle", "xor": "xor", "gauss": "gaussians", "spiral": "spirals"}
REGRESSIONS = {"reg-plane": "plane", "reg-gauss": "bumps"}
ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "linear": "identity"}
REGULARISERS = {"none": "none", "L1": "l1", "L2": "l2"}
PROBLEMS = {"classification": DATASETS, "regression": REGRESSIONS}
FEATURES = {
    "x": "x1",
    "y": "x2",
    "xSquared": "x1_squared",
    "ySquared": "x2_squared",
    "xTimesY": "x1_x2",
    "sinX": "sin_x1",
    "sinY": "sin_x2",
}
WITHOUT_EFFECT = ("cosX", "cosY", "collectStats", "tutorial", "hideText")
OTHERS = (
    "activation", "regularization", "batchSize", "dataset", "regDataset", "learningRate", "regularizationRate", "noise",
    "networkShape", "seed", "showTestData", "discretize", "percTrainData", "problem", "initZero",
)  # fmt: skip
KEYS = frozenset((*FEATURES, *WITHOUT_EFFECT, *OTHERS))
HIDE = "_hide"
# What is hidden by KEY_hide, as choices of ours; other names stay as they are.
HIDDEN = {
    "showTestData": "show_test",
    "discretize": "discretise",
    "playButton": "play",
    "stepButton": "step",
    "resetButton": "reset",
    "learningRate": "learning_rate",
    "regularization": "regulariser",
    "regularizationRate": "regularisation_rate",
    "problem": "task",
    "percTrainData": "train_fraction",
    "batchSize": "batch_size",
    "numHiddenLayers": "layers",
}

SHAPE = (Hidden(4), Hidden(2))
UNITS = Integer(4, 1, MOST_UNITS)
SEED = "0.50000"  # where a link has none the Playground draws one, in this form
FIRST_BIAS = 0.1

PERCENT = Number(50.0, 10.0, 90.0)


def is_playground(values: Mapping[str, str], *, in_hash: bool = False) -> bool:
    """Whether the keys are the Playground's; outside a hash `noise` and `seed` may be ours as well."""
    own = KEYS if in_hash else KEYS - {"noise", "seed"}
    return "v" not in values and any(key in own or key.endswith(HIDE) for key in values)


def values_of(text: str) -> dict[str, str]:
    """Key by key what a hash says, blank values left out but for a blank shape, which means no hidden layer."""
    pairs = [piece.split("=") for piece in unquote(text).split("&")]
    said = {name: rest[0] for name, *rest in pairs if rest}
    return {name: value.strip() for name, value in said.items() if value.strip() or name == "networkShape"}


def read(reader: Reader) -> engine.Experiment:
    """The experiment of a Playground link after a fresh load of its page.

    Raises
    ------
    LinkError : if the reader is strict, for numbers that are none or are beyond our limits
    """
    values = reader.values
    problem = _menu(values, "problem", {name: name for name in PROBLEMS}, "classification")
    zeros = _flag(values, "initZero")
    settings = Settings(
        dataset=_dataset(values, problem),
        n=1200 if problem == "regression" else 500,
        noise=reader.take("noise", _noise, 0.0),
        train_fraction=reader.take("percTrainData", _train_fraction, 0.5),
        seed=reader.take("seed", partial(_checked, "seed", "seed"), SEED),
        features=_features(reader),
        layers=(),
        activation=_menu(values, "activation", ACTIVATIONS, "tanh"),
        output_activation="identity" if problem == "regression" else "tanh",
        initialiser="zeros" if zeros else "playground",
        bias=0.0 if zeros else FIRST_BIAS,
        loss="half_squared_error",
        learning_rate=reader.take("learningRate", partial(_number, "learningRate", "learning_rate"), 0.03),
        regulariser=_menu(values, "regularization", REGULARISERS, "none"),
        regularisation_rate=reader.take(
            "regularizationRate", partial(_number, "regularizationRate", "regularisation_rate"), 0.0
        ),
        prune=True,
        shuffle=False,
        carry=True,
        dtype="float64",
    )
    settings = reader.take("networkShape", partial(_with_layers, settings), replace(settings, layers=SHAPE))
    return reader.take("batchSize", partial(_with_batch, settings), settings).to_experiment()


def view(values: Mapping[str, str]) -> dict[str, Any]:
    """The choices of a Playground link that are not part of the experiment."""
    keys = sorted(key.removesuffix(HIDE) for key, value in values.items() if key.endswith(HIDE) and value == "true")
    hidden = [name for name in (HIDDEN.get(key, key) for key in keys) if Names.plain(name)]
    return {
        "show_test": _flag(values, "showTestData"),
        "discretise": _flag(values, "discretize"),
        "hidden": tuple(hidden[: Names.most]),
    }


def _menu(values: Mapping[str, str], key: str, known: Mapping[str, str], default: str) -> str:
    return known.get(values.get(key, ""), default)


def _flag(values: Mapping[str, str], key: str, default: bool = False) -> bool:
    return values[key] != "false" if key in values else default


def _dataset(values: Mapping[str, str], problem: str) -> str:
    if problem == "regression":
        return _menu(values, "regDataset", REGRESSIONS, "plane")
    return _menu(values, "dataset", DATASETS, "circle")


def _features(reader: Reader) -> tuple[str, ...]:
    """The inputs that are on; a hidden input is off, whatever its own key says."""
    values = reader.values
    on = tuple(
        feature
        for key, feature in FEATURES.items()
        if _flag(values, key, key in ("x", "y")) and values.get(key + HIDE) != "true"
    )
    if not on:
        reader.note(LinkError("x", values.get("x", ""), f"true for at least one of {', '.join(FEATURES)}"))
    return on or ("x1", "x2")


def _noise(text: str) -> float:
    """Percent; as the Playground's slider does, up to 80 is kept, more is 50, less than none is none."""
    percent = read_number(text, "noise")
    return (0.0 if percent < 0 else 50.0 if percent > 80 else percent) / 100


def _train_fraction(text: str) -> float:
    percent = read_number(text, "percTrainData")
    if not PERCENT.low <= percent <= PERCENT.high:
        raise LinkError.of_option("percTrainData", text, PERCENT)
    return percent / 100


def _number(key: str, choice: str, text: str) -> float:
    """A number within the limits of a choice of ours."""
    return float(_checked(key, choice, read_number(text, key)))


def _checked(key: str, choice: str, value: object) -> Any:
    try:
        return CHOICE[choice].check(value)
    except ConfigurationError:
        raise LinkError.of_option(key, value, CHOICE[choice].option) from None


def _with_layers(settings: Settings, text: str) -> Settings:
    units = [_whole("networkShape", piece, UNITS) for piece in text.split(",")] if text else []
    changed = replace(settings, layers=tuple(map(Hidden, units)))
    changed.to_experiment()  # refuses what is too large as a whole
    return changed


def _with_batch(settings: Settings, text: str) -> Settings:
    """A batch that the training examples can fill: a larger one would never be used."""
    most = len(settings.to_experiment().dataset.x_train)
    return replace(settings, batch_size=_whole("batchSize", text, Integer(10, 1, most)))


def _whole(key: str, text: str, option: Integer) -> int:
    number = read_number(text.strip(), key)
    if number != int(number) or not option.low <= number <= option.high:
        raise LinkError.of_option(key, text, option)
    return int(number)
