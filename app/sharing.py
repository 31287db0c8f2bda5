"""Links: an experiment as a query string, and back. TensorFlow Playground's links are read too.

    v=1&data=xor&noise=0.1&net=dense:4:tanh,dense:1&opt=adam:0.01&edits=137.learning_rate.0.3&step=200

A link holds only what is not the default; what the defaults are may depend on the data and the loss. `read_link` is
strict and raises at the first bad key; `read_link_leniently` takes the default for each bad key and tells which they
were. Both read nothing but text: a link can ask for no file and no address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

import engine
from app import sharing_playground as playground
from app.costs import TooMuch, check_experiment
from app.sharing_reader import LinkProblem, Reader
from app.sharing_specs import (
    LinkError,
    number_text,
    read_flag,
    read_number,
    read_spec,
    read_whole,
    spec_text,
    split,
    split_part,
)
from app.state import (
    CHOICE,
    DATASETS,
    MOST_STEPS,
    VIEW,
    Names,
    Settings,
    check_flat,
    check_labels,
    check_network,
    check_regime,
    details_of,
    flat_loss,
    flat_optimiser,
    flat_regulariser,
    losses_of,
    outputs_of,
    with_outputs,
)
from engine import datasets
from engine.axes import Axes, Weights
from engine.datasets.examples import Examples
from engine.datasets.options import LARGEST_SEED, Features, Flag, Integer, Number, Option, Points, Seed
from engine.datasets.own import ColumnNumbers
from engine.errors import ConfigurationError, EngineError, MissingTableError, UnknownNameError
from engine.layers import Layer
from engine.losses import Loss
from engine.optimisers import Optimiser
from engine.regimes import Regime
from engine.regularisers import Regulariser

__all__ = [
    "LinkError",
    "LinkProblem",
    "axes_text",
    "read_axes",
    "read_edits",
    "read_link",
    "read_link_leniently",
    "read_number",
    "read_surface",
    "read_view",
    "spec_text",
    "without",
    "write_link",
    "write_view",
]

VERSION = "1"
HOST = "playground.tensorflow.org"
LONGEST = 4096  # characters, decoded
MOST_NUMBERS = 4_000_000  # of the training inputs
LONGEST_ENCODED = 3 * LONGEST
HARMLESS = "-._~:,()"  # left as they are in a query, for people to read

# The link's key of a dataset's option, where it is not the option's own name.
OPTION_KEYS = {"train_fraction": "train", "seed": "data_seed"}
DATA_KEYS = tuple(
    dict.fromkeys(
        OPTION_KEYS.get(option, option)
        for name in DATASETS
        for option in datasets.entry(name).options
        if option not in ("seed", "labels")
    )
)
KEYS = (
    "v", "data", *DATA_KEYS, "seed", "data_seed", "loss", "labels", "net", "opt", "reg", "regime", "dtype", "edits",
    "step",
)  # fmt: skip
SURFACE = re.compile(
    r"[a-z0-9_.:(),~-]{0,400}", re.ASCII
)  # what the stage's surface panel makes of it, it checks itself
VIEW_KEYS = tuple(CHOICE[name].query for name in VIEW)
# Of no meaning to an experiment: the page's own, and what others hang on links.
IGNORED = re.compile(r"lang|embed|embed_options|utm_\w+|fbclid|gclid")

SEEDS = f'a whole number from 0 to {LARGEST_SEED}, a string like 0.59704, or any other string after a "~"'
FLOATED_SEED = re.compile(r"\d+\.\d+", re.ASCII)  # the Playground's form; other strings are written with a "~"
EDIT_BORDER = re.compile(r"_(?=\d+\.)", re.ASCII)
EDIT = re.compile(r"(\d{1,10})\.([a-z_]+)\.(.+)", re.ASCII)


# ---------------------------------------------------------------------------------------------------------- reading


def read_link(text: str) -> engine.Experiment:
    """The experiment of a link: ours or TensorFlow Playground's; a whole address, its query or its hash.

    Raises
    ------
    LinkError : at the first key that is unknown or has a value that is not accepted
    MissingTableError : for a table that is not kept here, or no longer

    Examples
    --------
    >>> read_link("v=1&data=xor&opt=adam:0.01").optimiser.name
    'adam'
    """
    return _read(text, strict=True)[0]


def read_link_leniently(text: str) -> tuple[engine.Experiment, int, list[LinkProblem]]:
    """(experiment, step shown, problems): each bad key is reported, and its default used.

    Raises
    ------
    MissingTableError : for a table that is not kept here, or no longer; there is nothing to use in its place
    """
    return _read(text, strict=False)


def read_edits(text: str, experiment: engine.Experiment) -> tuple[engine.Edit, ...]:
    """The edits of `experiment` that a link says as `text`; that of its "edits" alone, the rest is known.

    Raises
    ------
    LinkError : at the first that is not accepted
    """
    if len(text) > LONGEST:
        raise LinkError("edits", _start(text), f"text of at most {LONGEST} characters")
    return tuple(_read_edits(Reader({"edits": text}, strict=True), experiment))


def without(text: str, key: str) -> str:
    """A link of ours without what it says for `key`."""
    return re.sub(rf"(^|[?&]){key}=[^&#]*", r"\1", text)


def read_view(text: str) -> dict[str, Any]:
    """What a link says of the choices that are not part of the experiment (`state.VIEW`); defaults for what is bad."""
    reader = Reader({}, strict=False)
    if not _fill(reader, text):
        return playground.view(reader.values)
    return {name: reader.take(CHOICE[name].query, partial(_read_view, name), CHOICE[name].default) for name in VIEW}


def read_surface(text: str) -> str | None:
    """What a link says of the loss surface: the panel's choices, empty for the usual ones; None where it is closed."""
    reader = Reader({}, strict=False)
    return reader.take("surface", _read_surface, None) if _fill(reader, text) else None


def _read_surface(text: str) -> str:
    if not SURFACE.fullmatch(text):
        raise LinkError("surface", text, "what this page writes there: small letters, digits and _.:(),~-")
    return text


def _read(text: str, *, strict: bool) -> tuple[engine.Experiment, int, list[LinkProblem]]:
    reader = Reader({}, strict=strict)
    if not _fill(reader, text):
        return playground.read(reader), 0, reader.problems
    experiment = _read_ours(reader)
    step = reader.take("step", partial(_read_option, "step", Integer(0, 0, MOST_STEPS)), 0)
    return experiment, step, reader.problems


def _fill(reader: Reader, text: str) -> bool:
    """Give the reader what a link says, key by key; return whether it is one of ours."""
    try:
        query, ours = _query(text)
    except LinkError as error:
        reader.note(error)
        return True
    reader.values = _our_values(query, reader) if ours else playground.values_of(query)
    return ours


def _query(text: str) -> tuple[str, bool]:
    """The part of a link that holds keys and values, and whether they are ours."""
    if not isinstance(text, str) or len(text) > LONGEST_ENCODED or len(unquote(text)) > LONGEST:
        raise LinkError("link", _start(text), f"text of at most {LONGEST} characters")
    text = text.strip()
    if "=" not in text and "%3d" in text.lower():
        text = unquote(text)
    address, _, fragment = text.partition("#")
    place, asked, query = address.partition("?")
    if not asked and "=" in place and "://" not in place:
        place, query = "", place
    elif not (asked or fragment or "://" in place or place.startswith("/") or HOST in place or not place):
        raise LinkError("link", _start(text), "a link of this page, or one of TensorFlow Playground")
    hashed, queried = playground.values_of(fragment), playground.values_of(query)
    if "v" not in queried and playground.is_playground(hashed, in_hash=True):
        return fragment, False
    if playground.is_playground(queried) or (HOST in place and not query):
        return query, False
    return query or fragment, True


def _our_values(query: str, reader: Reader) -> dict[str, str]:
    said: dict[str, list[str]] = {}
    for piece in query.split("&"):
        key, *value = piece.split("=", 1)
        said.setdefault(unquote_plus(key), []).extend(map(unquote_plus, value))
    values = {}
    for key, given in said.items():
        if len(given) == 1 and not IGNORED.fullmatch(key):
            values[key] = given[0]
        elif len(given) != 1 and key:
            reader.note(LinkError(_start(key), _start(" and ".join(given)), "a key once, with = and its value"))
    return values


def _start(text: object) -> str:
    shown = str(text)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _read_ours(reader: Reader) -> engine.Experiment:
    """Data first, then the loss, then what must fit them."""
    for key, value in reader.values.items():
        if key not in KEYS and key not in VIEW_KEYS and key != "surface":
            reader.note(LinkError(key, value, f"one of the keys {', '.join(KEYS)}", "key", {"known": KEYS}))
    reader.take("surface", _read_surface, None)
    reader.take("v", _read_version, VERSION)
    usual_seed: int | str = CHOICE["seed"].default
    seed = reader.take("seed", partial(_read_seed, "seed"), usual_seed)
    name = reader.take("data", _read_name, CHOICE["dataset"].default)
    options = _read_options(reader, name)
    if "seed" in datasets.entry(name).options:
        options["seed"] = reader.take("data_seed", partial(_read_seed, "data_seed"), seed)
    if "table" in options:
        name, options = _fitting_table(reader, name, options)
    else:
        options = _possible(reader, name, options)
    loss = reader.take("loss", partial(_read_loss, name), _usual_loss(name, options))
    usual = _usual(name, options, loss)
    dataset = reader.take("labels", partial(_read_labels, name, options, loss), usual.dataset)
    network = reader.take("net", partial(_read_network, loss, dataset), _fitted(usual.network, dataset))
    experiment = engine.Experiment(
        network,
        dataset,
        reader.take("opt", _read_optimiser, usual.optimiser),
        reader.take("regime", partial(_read_regime, dataset), usual.regime),
        reader.take("reg", _read_regulariser, usual.regulariser),
        seed,
        reader.take("dtype", partial(_read_option, "dtype", CHOICE["dtype"].option), usual.dtype),
    )
    experiment = _affordable(reader, experiment, usual)
    return replace(experiment, edits=tuple(_read_edits(reader, experiment)))


def _affordable(reader: Reader, experiment: engine.Experiment, usual: engine.Experiment) -> engine.Experiment:
    """The experiment, if a visitor may have a few frames of it; else with what is usual for its data, which is less."""
    try:
        check_experiment(experiment)
    except TooMuch as error:
        wanted = ("net", "regime", "dtype") if error.lower == "neurons" else ("regime", "net", "dtype")
        key = next((key for key in wanted if key in reader.values), wanted[0])
        accepted = f"what takes {error.accepted} of {error.name}, not {error.value}"
        reader.note(LinkError(key, reader.values.get(key, ""), accepted))
        network = _fitted(usual.network, experiment.dataset)
        return replace(experiment, network=network, regime=usual.regime, dtype=usual.dtype)
    return experiment


def _read_version(text: str) -> str:
    if text != VERSION:
        raise LinkError("v", text, f"{VERSION}, the version that this page knows", "word", {"known": (VERSION,)})
    return text


def _read_name(text: str) -> str:
    if text not in DATASETS:
        raise UnknownNameError("dataset", text, DATASETS)
    return text


def _read_options(reader: Reader, name: str) -> dict[str, Any]:
    """The options of a dataset that the link gives; keys that belong to other data are noted."""
    known = {OPTION_KEYS.get(option, option): option for option in datasets.entry(name).options}
    given = {}
    for key in DATA_KEYS:
        if key in known:
            option = datasets.entry(name).options[known[key]]
            given[known[key]] = reader.take(key, partial(_read_option, key, option), option.default)
        elif key in reader.values:
            reader.note(LinkError(key, reader.values[key], f"nothing: {name} has no such option"))
    return given


def _fitting_table(reader: Reader, name: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Data and their options, where a table has the columns that are asked for; else the usual ones, or other data.

    Raises
    ------
    MissingTableError : also by a reader that is not strict: nothing else than the table will do
    """
    for usual in ({}, {"target": CHOICE["target"].default, "columns": CHOICE["columns"].default}):
        try:
            datasets.load(name, **(options | usual))
            return name, options | usual
        except MissingTableError:
            raise
        except ConfigurationError as error:
            reader.note(LinkError.of(error.name, error))
    return CHOICE["dataset"].default, {"seed": options["seed"]}


def _possible(reader: Reader, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options, if data can be made of them together; else none but the seed."""
    try:
        numbers = datasets.load(name, **options).x_train.size
        if numbers > MOST_NUMBERS:
            raise ConfigurationError("data", name, f"options that make at most {MOST_NUMBERS} numbers, not {numbers}")
    except ConfigurationError as error:
        key = OPTION_KEYS.get(error.name, error.name)
        reader.note(LinkError(key, reader.values.get(key, error.value), error.accepted))
        return {key: value for key, value in options.items() if key == "seed"}
    return options


def _read_option(key: str, option: Option, text: str) -> Any:
    """An option's value from its text, within its limits."""
    try:
        return option.check(key, _read_plain(key, option, text))
    except LinkError:
        raise
    except ConfigurationError as error:
        raise LinkError.of_option(key, text, option, error) from None


def _read_plain(key: str, option: Option, text: str) -> Any:
    """An option's value from its text, by the kind of option."""
    if isinstance(option, Points):
        return datasets.decode_points(text)
    if isinstance(option, Examples):
        return datasets.decode_examples(text)
    if isinstance(option, Features | Names):
        return tuple(text.split(",")) if text else ()
    if isinstance(option, ColumnNumbers):
        return tuple(read_whole(number, key) for number in text.split(",")) if text else ()
    if isinstance(option, Flag):
        return read_flag(text, key)
    if not isinstance(option, Integer | Number):
        return text
    try:
        return read_whole(text, key) if isinstance(option, Integer) else read_number(text, key)
    except LinkError:
        raise LinkError.of_option(key, text, option) from None


def _read_seed(key: str, text: str) -> int | str:
    """A whole number; a string as TF Playground's `0.12345`, any other string after a "~"."""
    marked = text.startswith("~")
    number = text.isdecimal() and text.isascii() and len(text) <= 19
    if not (marked or number or FLOATED_SEED.fullmatch(text)):
        raise LinkError(key, text, SEEDS)
    seed: int | str = Seed().check(key, int(text) if number else text.removeprefix("~"))
    return seed


def _usual_loss(name: str, options: Mapping[str, Any]) -> Loss:
    """The usual loss of some data."""
    return Loss.of(_settings(name, options).loss)


def _usual(name: str, options: Mapping[str, Any], loss: Loss) -> engine.Experiment:
    """What a link means that says nothing beyond the data and the loss."""
    return _settings(name, options).change(loss=loss.name, **flat_loss(loss)).to_experiment()


def _settings(name: str, options: Mapping[str, Any]) -> Settings:
    chosen = {option: value for option, value in options.items() if option in CHOICE}
    return Settings().change(dataset=name, details=details_of(name, options), **chosen)


def _read_loss(name: str, text: str) -> Loss:
    loss: Loss = read_spec(Loss, text, "loss")
    check_flat({"loss": loss.name} | flat_loss(loss))
    known = losses_of(name)
    if loss.name not in known:
        raise LinkError("loss", text, f"one of {', '.join(known)} for these data", "word", {"known": known})
    return loss


def _read_labels(name: str, options: Mapping[str, Any], loss: Loss, text: str) -> engine.Dataset:
    if "labels" not in datasets.entry(name).options:
        raise LinkError("labels", text, f"nothing: {name} has values, not labels")
    dataset = datasets.load(name, **options, labels=text)
    check_labels(loss, dataset)
    return dataset


def _read_network(loss: Loss, dataset: engine.Dataset, text: str) -> engine.Network:
    layers = [read_spec(Layer, layer, "net") for layer in split(text, ",", "net")]
    network = engine.Network(dataset.x_train.shape[1:], layers, loss)
    check_network(network, dataset)
    return network


def _fitted(network: engine.Network, dataset: engine.Dataset) -> engine.Network:
    """A network whose last layer has the outputs that the data's labels need."""
    return replace(network, layers=with_outputs(network.layers, outputs_of(network.loss, dataset)))


def _read_optimiser(text: str, key: str = "opt") -> Optimiser:
    optimiser: Optimiser = read_spec(Optimiser, text, key)
    check_flat(flat_optimiser(optimiser))
    return optimiser


def _read_regulariser(text: str, key: str = "reg") -> Regulariser | None:
    regulariser: Regulariser | None = None if text == "none" else read_spec(Regulariser, text, key)
    check_flat(flat_regulariser(regulariser))
    return regulariser


def _read_regime(dataset: engine.Dataset, text: str) -> Regime:
    regime: Regime = read_spec(Regime, text, "regime")
    check_regime(regime, dataset)
    return regime


def _read_view(name: str, text: str) -> Any:
    return _read_option(CHOICE[name].query, CHOICE[name].option, text)


# ------------------------------------------------------------------------------------------------------------ edits


def _read_edits(reader: Reader, experiment: engine.Experiment) -> list[engine.Edit]:
    """Edits in the order of the link, each checked by itself: a bad one does not take the others with it."""
    text = reader.values.get("edits", "")
    edits = []
    for piece in EDIT_BORDER.split(text) if text else []:
        try:
            edit = _read_edit(piece, experiment)
            replace(experiment, edits=(edit,))
        except EngineError as error:
            reader.note(LinkError.of("edits", error, piece))
        else:
            edits.append(edit)
    return edits


def _read_edit(text: str, experiment: engine.Experiment) -> engine.Edit:
    """`step.key.value`."""
    found = EDIT.fullmatch(text)
    if found is None or found[2] not in _EDIT_VALUES:
        raise LinkError("edits", text, f"step.key.value, where key is one of {', '.join(_EDIT_VALUES)}")
    step, key, value = found.groups()
    return engine.Edit(
        _read_option("edits", Integer(0, 0, MOST_STEPS), step), key, _EDIT_VALUES[key](value, experiment)
    )


def _read_rate(text: str, experiment: engine.Experiment) -> float:
    rate: float = _read_option("edits", CHOICE["learning_rate"].option, text)
    return rate


def _read_parameter(text: str, experiment: engine.Experiment) -> tuple[str, int, float]:
    """`dense-1-weight:5:0.25`: the parameter, the place in it, the value."""
    names = {_parameter_text(name): name for name in experiment.network.parameter_shapes()}
    written, *numbers = text.split(":")
    if written not in names or len(numbers) != 2:
        raise LinkError("edits", text, f"parameter:place:value, where parameter is one of {', '.join(names)}")
    return names[written], read_whole(numbers[0], "edits"), read_number(numbers[1], "edits")


def _parameter_text(name: str) -> str:
    """A parameter's name without what separates edits and their parts."""
    return name.replace("_", "-").replace(".", "-")


def _read_point(text: str, experiment: engine.Experiment) -> tuple[float, float, float]:
    """`1.5:-2:1`: the coordinates, the class number or value."""
    numbers = text.split(":")
    if len(numbers) != 3:
        raise LinkError("edits", text, "x1:x2:label")
    x1, x2 = (read_number(number, "edits") for number in numbers[:2])
    return x1, x2, (read_number if experiment.dataset.classes is None else read_whole)(numbers[2], "edits")


def _read_place(text: str, experiment: engine.Experiment) -> tuple[Axes, str, float, float]:
    """`random(7):now:0.5:-0.25`: the axes, the centre, the coordinates."""
    axes, *rest = split(text, ":", "edits")
    if len(rest) != 3:
        raise LinkError("edits", text, "axes:centre:a:b")
    a, b = (read_number(number, "edits") for number in rest[1:])
    return read_axes(axes, experiment.network, "edits"), rest[0], a, b


def read_axes(text: str, network: engine.Network, key: str) -> Axes:
    """Axes of a loss surface: `random:7`, or `weights:(dense-1-weight,0):(dense-1-weight,1)`.

    Raises
    ------
    LinkError : naming `key`
    """
    name, options = split_part(text, key)
    if name != Weights.name:
        axes: Axes = read_spec(Axes, text, key)
        return axes
    first, second, dimensions, *more = [*options, *[""] * 3][: max(3, len(options))]
    if more:
        raise LinkError(key, text, "weights with at most 3 options: first, second, dimensions")
    places = [_read_weight(option, network, key) if option else None for option in (first, second)]
    try:
        return Weights(places[0], places[1], read_whole(dimensions or "2", key))
    except EngineError as error:
        raise LinkError.of(key, error, text) from None


def _read_weight(text: str, network: engine.Network, key: str) -> tuple[str, int]:
    """`(dense-1-weight,5)`: the parameter, the place in it."""
    names = {_parameter_text(name): name for name in network.parameter_shapes()}
    written, _, index = text.removeprefix("(").removesuffix(")").partition(",")
    if written not in names:
        raise LinkError(key, text, f"(parameter,place), where parameter is one of {', '.join(names)}")
    return names[written], read_whole(index, key)


def axes_text(axes: Axes) -> str:
    """Axes as text, the inverse of `read_axes`."""
    return re.sub(r"\(([^(),]+),", lambda found: f"({_parameter_text(found[1])},", spec_text(axes))


_EDIT_VALUES: Mapping[str, Callable[[str, engine.Experiment], Any]] = {
    "learning_rate": _read_rate,
    "optimiser": lambda text, experiment: _read_optimiser(text, "edits"),
    "regulariser": lambda text, experiment: _read_regulariser(text, "edits"),
    "parameter": _read_parameter,
    "point": _read_point,
    "place": _read_place,
}


def edit_text(edit: engine.Edit) -> str:
    """An edit as a link carries it: `137.learning_rate.0.3`."""
    value = edit.value
    if edit.key == "parameter":
        name, place, number = value
        return f"{edit.step}.{edit.key}.{_parameter_text(name)}:{place}:{number_text(number)}"
    if edit.key == "point":
        return f"{edit.step}.{edit.key}.{':'.join(number_text(number) for number in value)}"
    if edit.key == "place":
        axes, centre, a, b = value
        name, *options = split(axes_text(axes), ":", "edits")
        written = f"{name}({':'.join(options)})" if options else name
        return f"{edit.step}.{edit.key}.{written}:{centre}:{number_text(a)}:{number_text(b)}"
    written = number_text(value) if edit.key == "learning_rate" else spec_text(value, explicit=1)
    return f"{edit.step}.{edit.key}.{written}"


# ---------------------------------------------------------------------------------------------------------- writing


def write_link(experiment: engine.Experiment, step: int | None = None) -> str:
    """A query string for an experiment, with its edits, and the step to show: what is not the default, in fixed order.

    Raises
    ------
    LinkError : for what no link can hold: data made from arrays, and more edits or points than 4096 characters take

    Examples
    --------
    >>> write_link(read_link("data=xor&opt=adam:0.01&noise=0"), step=12)
    'v=1&data=xor&opt=adam:0.01&step=12'
    """
    texts = _texts(experiment)
    usual = _usual_texts(experiment.dataset, Loss.of(experiment.network.loss), experiment.seed)
    texts["edits"] = "_".join(edit_text(edit) for edit in experiment.edits)
    texts["step"] = str(step or "")
    said = {key: texts[key] for key in KEYS if texts.get(key, "") != usual.get(key, "")}
    link = "&".join(f"{key}={quote(text, safe=HARMLESS)}" for key, text in ({"v": VERSION} | said).items())
    if len(link) > LONGEST:
        raise LinkError("link", f"{len(link)} characters", f"at most {LONGEST}: fewer edits, points or layers")
    return link


def write_view(settings: Settings) -> str:
    """The choices that are not part of the experiment, as more of a query string; empty where they are the defaults."""
    said = {CHOICE[name].query: _option_text(getattr(settings, name)) for name in VIEW}
    usual = {CHOICE[name].query: _option_text(CHOICE[name].default) for name in VIEW}
    return "&".join(f"{key}={quote(text, safe=HARMLESS)}" for key, text in said.items() if text != usual[key])


def _texts(experiment: engine.Experiment) -> dict[str, str]:
    """Every key's text, default or not."""
    dataset, network = experiment.dataset, experiment.network
    options = _options_of(dataset)
    texts = {OPTION_KEYS.get(name, name): _option_text(value) for name, value in options.items() if name != "seed"}
    return texts | {
        "data": dataset.name,
        "seed": _seed_text(experiment.seed),
        "data_seed": _seed_text(options.get("seed", experiment.seed)),
        "loss": spec_text(Loss.of(network.loss)),
        "net": ",".join(spec_text(layer) for layer in network.layers),
        "opt": spec_text(experiment.optimiser, explicit=1),
        "reg": spec_text(experiment.regulariser, explicit=1),
        "regime": spec_text(experiment.regime),
        "dtype": experiment.dtype,
    }


@lru_cache(maxsize=256)  # as many as there are data kept
def _usual_texts(dataset: engine.Dataset, loss: Loss, seed: int | str) -> Mapping[str, str]:
    """What each key would have to say if the link left it out."""
    options = {name: value for name, value in _options_of(dataset).items() if name != "labels"}
    usual = _usual(dataset.name, options, loss)
    usual = replace(usual, network=_fitted(usual.network, dataset))
    entry = datasets.entry(dataset.name)
    return _texts(usual) | {
        "data": CHOICE["dataset"].default,
        "seed": _seed_text(CHOICE["seed"].default),
        "data_seed": _seed_text(seed),
        "loss": spec_text(_usual_loss(dataset.name, options)),
        **{
            OPTION_KEYS.get(name, name): _option_text(entry.options[name].default) for name in options if name != "seed"
        },
    }


def _options_of(dataset: engine.Dataset) -> dict[str, Any]:
    """The options of a dataset of the catalogue, in canonical form."""
    spec = dataset.spec
    if spec["name"] not in DATASETS:
        raise LinkError("data", spec["name"], "data of the page's catalogue: a link holds no arrays")
    return {
        name: option.check(name, spec["options"][name]) for name, option in datasets.entry(spec["name"]).options.items()
    }


def _option_text(value: Any) -> str:
    """An option's value as text, the inverse of `_read_option`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        if not value or not isinstance(value[0], tuple):
            return ",".join(map(str, value))
        typed = isinstance(value[0][0], tuple)
        return datasets.encode_examples(value) if typed else datasets.encode_points(value)
    return number_text(value) if isinstance(value, int | float) else str(value)


def _seed_text(seed: int | str) -> str:
    """A seed as text: only strings of the Playground's form go without their mark."""
    return (
        seed
        if isinstance(seed, str) and FLOATED_SEED.fullmatch(seed)
        else f"~{seed}"
        if isinstance(seed, str)
        else str(seed)
    )
