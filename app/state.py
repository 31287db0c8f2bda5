"""Everything that a visitor can choose, in one table, and the experiment that follows from it.

    CHOICES     the table: each choice's name, what it accepts, its default, the link's key and the words' key
    Settings    one value for each of them; frozen; `to_experiment`, `from_experiment`, `change`

A choice is flat ("momentum", "batch_size"): what a widget shows. An `engine.Experiment` is made of parts (an optimiser,
a regime): what the engine runs. The maps below say which option of a part is which choice, so a part that the engine
registers anew needs no line here unless it brings an option of a new kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import engine
from app.costs import TooMuch, check_experiment
from engine import datasets
from engine.activations import ActivationFunction
from engine.datasets.base import Task
from engine.datasets.examples import TYPED, Rows
from engine.datasets.options import Features, Flag, Integer, Number, Option, Seed, Word
from engine.datasets.own import EXAMPLE, MOST_COLUMNS, ColumnNumbers, TableName
from engine.datasets.points import DRAWN
from engine.errors import ConfigurationError
from engine.initialisers import Initialiser
from engine.layers import Layer
from engine.losses import Loss
from engine.optimisers import Optimiser
from engine.regimes import Regime
from engine.regularisers import Regulariser
from engine.schedules import Schedule
from engine.spec import Spec

DATASETS = datasets.names()

MOST_EXAMPLES = max(option.high for name in DATASETS if (option := datasets.entry(name).options.get("n")))  # type: ignore[attr-defined]
MOST_LAYERS = 32
MOST_UNITS = 512
MOST_PARAMETERS = 100_000
MOST_WORK = 2 * 10**8  # parameters times training examples: the multiply-adds of an epoch's forward passes
MOST_A_FRAME = 10**9  # multiply-adds of one frame of film, which tells the loss of every example
MOST_STEPS = 100_000_000

LEARNING_RATES = (0.00001, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
REGULARISATION_RATES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)

# Which choice an option of a part is, by family.
ACTIVATION_OPTIONS = {"alpha": "activation_alpha"}
INITIALISER_OPTIONS = dict.fromkeys(("std", "limit", "gain", "value"), "initialiser_scale")
LOSS_OPTIONS = {"delta": "huber_delta"}
SCHEDULE_OPTIONS = {
    "initial": "learning_rate",
    "every": "schedule_steps",
    "steps": "schedule_steps",
    "factor": "schedule_factor",
    "decay": "schedule_factor",
    "final": "schedule_final",
}
OPTIMISER_OPTIONS = {name: name for name in ("momentum", "alpha", "epsilon", "weight_decay")}
REGULARISER_OPTIONS = {"rate": "regularisation_rate", "l1": "regularisation_rate", "l2": "l2_rate", "prune": "prune"}
REGIME_OPTIONS = {"size": "batch_size", "shuffle": "shuffle", "carry": "carry"}


@dataclass(frozen=True)
class Hidden:
    """A hidden layer: how many units, and what it does otherwise than the network's common choice (None: the same)."""

    units: int
    activation: str | None = None
    initialiser: str | None = None


@dataclass(frozen=True)
class Layers:
    """The hidden layers, from the input on."""

    default: tuple[Hidden, ...] = (Hidden(4), Hidden(2))
    most_layers: int = MOST_LAYERS
    most_units: int = MOST_UNITS

    @property
    def accepted(self) -> str:
        return f"at most {self.most_layers} hidden layers of 1 to {self.most_units} units"

    def check(self, name: str, value: object) -> tuple[Hidden, ...]:
        if not isinstance(value, tuple | list) or len(value) > self.most_layers:
            raise ConfigurationError(name, value, self.accepted)
        return tuple(self._checked(name, layer) for layer in value)

    def _checked(self, name: str, layer: object) -> Hidden:
        hidden = Hidden(layer) if isinstance(layer, int) else layer
        if not isinstance(hidden, Hidden):
            raise ConfigurationError(name, layer, self.accepted)
        Integer(1, 1, self.most_units).check("units", hidden.units)
        if hidden.activation is not None:
            ActivationFunction.member(hidden.activation)
        if hidden.initialiser is not None:
            Initialiser.member(hidden.initialiser)
        return hidden


@dataclass(frozen=True)
class OwnLayers:
    """Layers of other families than the fully connected one, the output among them; None where there are only those."""

    default: tuple[Layer, ...] | None = None

    accepted: ClassVar[str] = "None, or at least one layer"

    def check(self, name: str, value: Any) -> tuple[Layer, ...] | None:
        if value is not None and (not isinstance(value, tuple | list) or not value):
            raise ConfigurationError(name, value, self.accepted)
        return None if value is None else tuple(Layer.of(layer) for layer in value)


@dataclass(frozen=True)
class Details:
    """(name, value) of the options of the data that have no choice of their own and are not the default."""

    default: tuple[tuple[str, Any], ...] = ()

    accepted: ClassVar[str] = "pairs of an option's name and its value"

    def check(self, name: str, value: Any) -> tuple[tuple[str, Any], ...]:
        if not isinstance(value, tuple | list) or any(not isinstance(p, tuple | list) or len(p) != 2 for p in value):
            raise ConfigurationError(name, value, self.accepted)
        return tuple((option, chosen) for option, chosen in value)


@dataclass(frozen=True)
class Names:
    """Some words, each once, in order."""

    default: tuple[str, ...] = ()

    most: ClassVar[int] = 64
    accepted: ClassVar[str] = f"at most {most} names of letters, digits, - and _"

    @staticmethod
    def plain(word: object) -> bool:
        """Whether a word is a name: harmless wherever it is put."""
        return isinstance(word, str) and len(word) <= 64 and word.isascii() and word.replace("-", "_").isidentifier()

    def check(self, name: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, tuple | list) or len(value) > self.most or not all(map(self.plain, value)):
            raise ConfigurationError(name, value, self.accepted)
        return tuple(dict.fromkeys(value))


@dataclass(frozen=True)
class Choice:
    """One thing that a visitor chooses.

    Attributes
    ----------
    name : the field of `Settings`
    option : default, limits and check; its class says of what kind the choice is
    query : the link's key that carries it, alone or with others
    words : where its label and help are in the message catalogues
    shown : the values that a menu or a slider offers where it does not offer all that is accepted
    live : a change acts on the network as it is; any other starts it anew
    """

    name: str
    option: Option
    query: str
    words: str = ""
    shown: tuple[Any, ...] = ()
    live: bool = False

    @property
    def kind(self) -> str:
        """The class of its option in small letters: "integer", "number", "flag", "word", "layers", ..."""
        return type(self.option).__name__.lower()

    @property
    def default(self) -> Any:
        return self.option.default

    @property
    def accepted(self) -> str:
        return self.option.accepted

    @property
    def label(self) -> str:
        """Key of the label in the message catalogues; `help` stands beside it."""
        return f"controls.{self.words or self.name}.label"

    def check(self, value: object) -> Any:
        """The value in canonical form, or `ConfigurationError` that names the choice."""
        return self.option.check(self.name, value)


def _of(family: type[Spec], default: str, *also: str) -> Word:
    """A choice among a family's registered names."""
    return Word(default, (*also, *family.names()))


FRACTIONS = tuple(tenth / 10 for tenth in range(1, 10))
NOISES = tuple(round(0.05 * twentieth, 2) for twentieth in range(11))
HIDDEN_ACTIVATIONS = tuple(name for name in ActivationFunction.names() if name != "softmax")
ALMOST_ONE = 1.0 - 1e-9

CHOICES: tuple[Choice, ...] = (
    # data
    Choice("task", Word("classification", ("classification", "regression")), "data"),
    Choice("dataset", Word("circle", DATASETS), "data"),
    Choice("n", Integer(500, 10, MOST_EXAMPLES), "n"),
    Choice("noise", Number(0.0, 0.0, 0.8), "noise", shown=NOISES),
    Choice("train_fraction", Number(0.5, 0.1, 0.9), "train", shown=FRACTIONS),
    Choice("classes", Integer(3, 2, 10), "classes"),
    Choice("features", Features(), "features"),
    Choice("points", DRAWN, "points"),
    Choice("rows", TYPED, "rows"),
    Choice("table", TableName(EXAMPLE.key), "table", words="target"),
    Choice("target", Integer(0, 0, MOST_COLUMNS), "target"),
    Choice("columns", ColumnNumbers(), "columns"),
    Choice("standardise", Flag(True), "standardise"),
    Choice("details", Details(), "data"),
    Choice("seed", Seed(0), "seed"),
    # network
    Choice("layers", Layers(), "net"),
    Choice("own_layers", OwnLayers(), "net"),
    Choice("activation", _of(ActivationFunction, "tanh"), "net", shown=HIDDEN_ACTIVATIONS),
    Choice("activation_alpha", Number(0.01, 0.0, 100.0), "net"),
    Choice("output_activation", _of(ActivationFunction, "identity"), "net"),
    Choice("initialiser", _of(Initialiser, "glorot_uniform"), "net"),
    Choice("initialiser_scale", Number(0.5, 0.0, 100.0), "net"),
    Choice("use_bias", Flag(True), "net"),
    Choice("bias", Number(0.0, -100.0, 100.0), "net", words="use_bias"),
    # learning
    Choice("loss", _of(Loss, "binary_cross_entropy"), "loss"),
    Choice("huber_delta", Number(1.0, 1e-6, 1e6), "loss"),
    Choice("optimiser", _of(Optimiser, "sgd"), "opt", live=True),
    Choice("learning_rate", Number(0.03, 0.0, 1000.0), "opt", shown=LEARNING_RATES, live=True),
    Choice("momentum", Number(0.9, 0.0, ALMOST_ONE), "opt", live=True),
    Choice("alpha", Number(0.99, 0.0, ALMOST_ONE), "opt", live=True),
    Choice("beta1", Number(0.9, 0.0, ALMOST_ONE), "opt", live=True),
    Choice("beta2", Number(0.999, 0.0, ALMOST_ONE), "opt", live=True),
    Choice("epsilon", Number(1e-8, 1e-30, 1.0), "opt", live=True),
    Choice("weight_decay", Number(0.01, 0.0, 100.0), "opt", live=True),
    Choice("schedule", _of(Schedule, "constant"), "opt", live=True),
    Choice("schedule_steps", Integer(1000, 1, MOST_STEPS), "opt", live=True),
    Choice("schedule_factor", Number(0.5, 1e-9, 1.0), "opt", live=True),
    Choice("schedule_final", Number(0.0, 0.0, 1000.0), "opt", live=True),
    Choice("regulariser", _of(Regulariser, "none", "none"), "reg", live=True),
    Choice("regularisation_rate", Number(0.001, -100.0, 100.0), "reg", shown=REGULARISATION_RATES, live=True),
    Choice("l2_rate", Number(0.001, 0.0, 100.0), "reg", shown=REGULARISATION_RATES, live=True),
    Choice("prune", Flag(False), "reg", words="regulariser", live=True),
    Choice("regime", _of(Regime, "mini_batch"), "regime"),
    Choice("batch_size", Integer(10, 1, 5000), "regime", shown=tuple(range(1, 31))),
    Choice("shuffle", Flag(True), "regime"),
    Choice("carry", Flag(False), "regime", words="shuffle"),
    Choice("dtype", Word("float32", ("float32", "float64")), "dtype", words="precision"),
    # what is drawn
    Choice("show_test", Flag(False), "test"),
    Choice("discretise", Flag(False), "discrete"),
    Choice("hidden", Names(), "hide", words="show"),
)

CHOICE: Mapping[str, Choice] = {choice.name: choice for choice in CHOICES}
_KEPT = [(choice.name, choice.default, choice) for choice in CHOICES if choice.name != "task"]
VIEW = ("show_test", "discretise", "hidden")  # choices that are not part of the experiment
FIRST_DATASET = {"classification": "circle", "regression": "plane"}
OWN_DATASET = {"classification": "own_classes", "regression": "own_values"}
# What says nothing of a network that has layers of its own.
OF_DENSE = frozenset(
    {"layers", "activation", "activation_alpha", "output_activation", "initialiser", "initialiser_scale", "use_bias"}
    | {"bias", "show_test", "discretise"}
)


def _default(name: str) -> Any:
    return CHOICE[name].default


@dataclass(frozen=True)
class Settings:
    """A value for every choice of the table. Values are checked and made canonical; a bad one raises by its name.

    `source` is the experiment that the settings were read from. It keeps what no choice can say (an activation layer by
    itself, an initialiser for one layer's biases): a part none of whose choices has changed is taken from there.
    """

    dataset: str = _default("dataset")
    n: int = _default("n")
    noise: float = _default("noise")
    train_fraction: float = _default("train_fraction")
    classes: int = _default("classes")
    features: tuple[str, ...] = _default("features")
    points: tuple[tuple[float, float, int], ...] = _default("points")
    rows: Rows = _default("rows")
    table: str = _default("table")
    target: int = _default("target")
    columns: tuple[int, ...] = _default("columns")
    standardise: bool = _default("standardise")
    details: tuple[tuple[str, Any], ...] = _default("details")
    seed: int | str = _default("seed")
    layers: tuple[Hidden, ...] = _default("layers")
    own_layers: tuple[Layer, ...] | None = _default("own_layers")
    activation: str = _default("activation")
    activation_alpha: float = _default("activation_alpha")
    output_activation: str = _default("output_activation")
    initialiser: str = _default("initialiser")
    initialiser_scale: float = _default("initialiser_scale")
    use_bias: bool = _default("use_bias")
    bias: float = _default("bias")
    loss: str = _default("loss")
    huber_delta: float = _default("huber_delta")
    optimiser: str = _default("optimiser")
    learning_rate: float = _default("learning_rate")
    momentum: float = _default("momentum")
    alpha: float = _default("alpha")
    beta1: float = _default("beta1")
    beta2: float = _default("beta2")
    epsilon: float = _default("epsilon")
    weight_decay: float = _default("weight_decay")
    schedule: str = _default("schedule")
    schedule_steps: int = _default("schedule_steps")
    schedule_factor: float = _default("schedule_factor")
    schedule_final: float = _default("schedule_final")
    regulariser: str = _default("regulariser")
    regularisation_rate: float = _default("regularisation_rate")
    l2_rate: float = _default("l2_rate")
    prune: bool = _default("prune")
    regime: str = _default("regime")
    batch_size: int = _default("batch_size")
    shuffle: bool = _default("shuffle")
    carry: bool = _default("carry")
    dtype: str = _default("dtype")
    show_test: bool = _default("show_test")
    discretise: bool = _default("discretise")
    hidden: tuple[str, ...] = _default("hidden")
    source: engine.Experiment | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        values = vars(self)
        for name, default, choice in _KEPT:
            if values[name] is not default:  # defaults are canonical
                object.__setattr__(self, name, choice.check(values[name]))

    @property
    def task(self) -> Task:
        """As the data are: "classification" or "regression"."""
        return datasets.entry(self.dataset).task

    @property
    def class_count(self) -> int:
        """How many classes the data have; 0 for a regression."""
        return len(datasets.entry(self.dataset).class_names(self.data_options))

    @property
    def data_options(self) -> dict[str, Any]:
        """Every option of the data, but for the form of labels, which the loss decides."""
        options = datasets.entry(self.dataset).options
        chosen = {name: getattr(self, name) for name in options if name in CHOICE}
        return {name: option.default for name, option in options.items()} | dict(self.details) | chosen

    @property
    def usual_loss(self) -> str:
        """The loss of a run for which none is chosen."""
        return (
            "categorical_cross_entropy" if answers_in_steps(self.dataset) else default_loss(self.task, self.class_count)
        )

    def losses(self) -> tuple[str, ...]:
        """Losses that fit the problem, in the order of menus."""
        return losses_of(self.dataset)

    def uses(self, name: str) -> bool:
        """Whether a choice has any effect as the others stand: a page need not show the rest."""
        if self.own_layers is not None and name in OF_DENSE:
            return False
        if name in datasets.entry(self.dataset).options:
            return True
        for family, selector, options in _SELECTORS:
            if name in options.values() and any(
                name in _own_defaults(family, own, options) for own in self._own(selector)
            ):
                return True
        if name in ("beta1", "beta2"):
            return "betas" in {option.name for option in fields(Optimiser.member(self.optimiser))}  # type: ignore[arg-type]
        return name not in _OPTIONAL

    @cached_property
    def in_use(self) -> frozenset[str]:
        """The choices that have an effect as the others stand."""
        return frozenset(filter(self.uses, CHOICE))

    def _own(self, selector: str) -> set[str]:
        """The members of a family that are in use: of activations and initialisers there may be several."""
        own = {getattr(self, selector)} | {
            getattr(layer, selector, None) or getattr(self, selector) for layer in self.layers
        }
        return own | {self.output_activation} if selector == "activation" else own

    def change(self, **changes: Any) -> Settings:
        """The same settings with some choices changed, and what depends on them put right.

        Another optimiser, schedule, activation, initialiser or loss brings its own options' defaults; another problem
        brings a loss and an output that fit. `task` may be given like any choice: the first data of that kind follow.
        """
        changes = dict(changes)
        task = changes.pop("task", None)
        if task is not None and CHOICE["task"].check(task) != self.task:
            own = self.dataset in OWN_DATASET.values()
            changes.setdefault("dataset", (OWN_DATASET if own else FIRST_DATASET)[task])
        for name in changes:
            if name not in CHOICE:
                raise ConfigurationError("choice", name, f"one of {', '.join(CHOICE)}")
        implied: dict[str, Any] = {}
        for family, selector, options in _SELECTORS:
            if changes.get(selector, getattr(self, selector)) != getattr(self, selector):
                implied |= _own_defaults(family, changes[selector], options)
        implied.pop("learning_rate", None)
        if changes.get("dataset", self.dataset) != self.dataset:
            implied |= self._of_other_data(changes["dataset"])
        if any(changes.get(name, getattr(self, name)) != getattr(self, name) for name in ("dataset", "table")):
            implied |= {"target": _default("target"), "columns": _default("columns")}
        changed = replace(self, **(implied | changes))
        if (changed.dataset, changed.details) != (self.dataset, self.details) and "own_layers" not in changes:
            changed = replace(changed, own_layers=usual_layers(changed.dataset, changed.data_options))
        return changed._repaired(self, changes)

    def _of_other_data(self, name: str) -> dict[str, Any]:
        """What other data bring: their number of examples, and their own usual value where those before had another."""
        before, after = datasets.entry(self.dataset).options, datasets.entry(name).options
        usual = {option: after[option].default for option in after if option in CHOICE and option != "seed"}
        kept = {
            option
            for option in usual
            if option != "n" and usual[option] == (before[option] if option in before else CHOICE[option]).default
        }
        return {"details": ()} | {option: value for option, value in usual.items() if option not in kept}

    def _repaired(self, before: Settings, changes: Mapping[str, Any]) -> Settings:
        """Loss, output and order of examples, put right where a change made them misfit and did not name them."""
        settings = self
        kept = self.loss in self.losses() and before.loss != before.usual_loss
        if "loss" not in changes and not kept:
            settings = replace(settings, loss=self.usual_loss)
        usual = default_output(settings.loss, settings.task, settings.class_count)
        if "output_activation" not in changes and usual != default_output(before.loss, before.task, before.class_count):
            settings = replace(settings, output_activation=usual)
        if settings.carry and (settings.shuffle or settings.regime != "mini_batch") and "carry" not in changes:
            settings = replace(settings, carry=False)
        if settings.own_layers is not None:
            outputs = outputs_of(settings.loss, settings._dataset())
            settings = replace(settings, own_layers=with_outputs(settings.own_layers, outputs))
        return settings

    # ---------------------------------------------------------------------------------------------- to the engine

    def to_experiment(self) -> engine.Experiment:
        """The experiment that is chosen, without edits.

        Raises
        ------
        ConfigurationError : where choices do not fit together, or take more than a visitor is given
        """
        experiment = engine.Experiment(**self._as_in_source(Settings._parts))
        check_fit(experiment)
        return experiment

    def running(self, start: engine.Experiment) -> engine.Experiment:
        """`start`, which these settings began with, as it would be with the live choices of now.

        Raises
        ------
        ConfigurationError : where it would take more than a visitor is given
        """
        experiment = replace(start, **self._as_in_source(Settings._live_parts))
        check_experiment(experiment)
        return experiment

    def _as_in_source(self, parts: Callable[[Settings], dict[str, Any]]) -> dict[str, Any]:
        """Parts of an experiment; the very ones of the source, where the choices say the same of them."""
        now = parts(self)
        if self.source is None:
            return now
        before = parts(Settings.from_experiment(self.source))
        return {name: getattr(self.source, name) if part == before[name] else part for name, part in now.items()}

    def _parts(self) -> dict[str, Any]:
        """The parts of an experiment, from the choices alone."""
        dataset = self._dataset()
        return self._live_parts() | {
            "network": self._network(dataset),
            "dataset": dataset,
            "regime": self._built(Regime, self.regime, REGIME_OPTIONS),
            "seed": self.seed,
            "dtype": self.dtype,
        }

    def _live_parts(self) -> dict[str, Any]:
        """Those that may change while the experiment runs."""
        return {"optimiser": self._optimiser(), "regulariser": self._regulariser()}

    def _built(self, family: type[Spec], name: str, options: Mapping[str, str], **fixed: Any) -> Any:
        """A member of a family, its options taken from the choices."""
        member = family.member(name)
        chosen = {f.name: getattr(self, options[f.name]) for f in fields(member) if f.name in options}  # type: ignore[arg-type]
        return member(**chosen, **fixed)

    def _dataset(self) -> engine.Dataset:
        options = self.data_options
        if "labels" in options:
            options["labels"] = labels_for(self.loss, self.class_count)
        return datasets.load(self.dataset, **options)

    def _network(self, dataset: engine.Dataset) -> engine.Network:
        loss = self._built(Loss, self.loss, LOSS_OPTIONS)
        if self.own_layers is not None:
            own = with_outputs(self.own_layers, outputs_of(self.loss, dataset))
            return engine.Network(dataset.x_train.shape[1:], own, loss)
        layers = [self._dense(layer.units, layer.activation, layer.initialiser) for layer in self.layers]
        layers.append(self._dense(outputs_of(self.loss, dataset), self.output_activation, None))
        return engine.Network(dataset.x_train.shape[1:], layers, loss)

    def _dense(self, units: int, activation: str | None, initialiser: str | None) -> engine.Dense:
        return engine.Dense(
            units,
            self._built(ActivationFunction, activation or self.activation, ACTIVATION_OPTIONS),
            self.use_bias,
            self._built(Initialiser, initialiser or self.initialiser, INITIALISER_OPTIONS),
            Initialiser.from_dict({"name": "constant", "value": self.bias}) if self.bias else "zeros",
        )

    def _optimiser(self) -> Optimiser:
        schedule = self._built(Schedule, self.schedule, SCHEDULE_OPTIONS)
        member = Optimiser.member(self.optimiser)
        fixed: dict[str, Any] = {"learning_rate": schedule}
        if "betas" in {option.name for option in fields(member)}:  # type: ignore[arg-type]
            fixed["betas"] = (self.beta1, self.beta2)
        optimiser: Optimiser = self._built(Optimiser, self.optimiser, OPTIMISER_OPTIONS, **fixed)
        return optimiser

    def _regulariser(self) -> Regulariser | None:
        return None if self.regulariser == "none" else self._built(Regulariser, self.regulariser, REGULARISER_OPTIONS)

    # -------------------------------------------------------------------------------------------- from the engine

    @classmethod
    def from_experiment(cls, experiment: engine.Experiment) -> Self:
        """The choices that an experiment amounts to; it stays their `source`."""
        loss = Loss.of(experiment.network.loss)
        flat = (
            _flat_dataset(experiment.dataset)
            | _flat_network(experiment.network)
            | {"loss": loss.name}
            | flat_loss(loss)
            | flat_optimiser(experiment.optimiser)
            | flat_regulariser(experiment.regulariser)
            | {"regime": experiment.regime.name}
            | _flat(experiment.regime, REGIME_OPTIONS)
            | {"seed": experiment.seed, "dtype": experiment.dtype}
        )
        return cls(**flat, source=experiment)


# (family, the choice that selects a member, which choices the member's options are)
_SELECTORS: tuple[tuple[type[Spec], str, Mapping[str, str]], ...] = (
    (ActivationFunction, "activation", ACTIVATION_OPTIONS),
    (Initialiser, "initialiser", INITIALISER_OPTIONS),
    (Loss, "loss", LOSS_OPTIONS),
    (Optimiser, "optimiser", OPTIMISER_OPTIONS),
    (Schedule, "schedule", SCHEDULE_OPTIONS),
    (Regulariser, "regulariser", REGULARISER_OPTIONS),
    (Regime, "regime", REGIME_OPTIONS),
)
_OPTIONAL = frozenset(
    {name for _, _, options in _SELECTORS for name in options.values()}
    | {name for dataset in DATASETS for name in datasets.entry(dataset).options}
) - {"learning_rate", "seed"}


def losses_for(task: str) -> tuple[str, ...]:
    """Losses that fit a problem: a regression has values, classes can be told in every form."""
    return tuple(name for name in Loss.names() if task == "classification" or Loss.member(name).targets == "values")


def answers_in_steps(name: str) -> bool:
    """Whether some data ask for a class at every time step; such classes have one form only."""
    entry = datasets.entry(name)
    return entry.task == "classification" and "labels" not in entry.options


def losses_of(name: str) -> tuple[str, ...]:
    """Losses that fit some data."""
    known = losses_for(datasets.entry(name).task)
    return tuple(loss for loss in known if Loss.member(loss).targets == "classes" or not answers_in_steps(name))


def usual_layers(name: str, options: Mapping[str, Any]) -> tuple[Layer, ...] | None:
    """Layers for pictures and sequences, which a fully connected network cannot take as they are; None for the rest."""
    entry, every = datasets.entry(name), answers_in_steps(name)
    if options.get("as_images"):
        return (engine.Conv2D(6, 3, activation="relu"), engine.MaxPool2D(2), engine.Flatten(), engine.Dense(1))
    if entry.kind == "series" or options.get("inputs") == "one_hot":
        return (engine.GRU(12, every), engine.Dense(1))
    if options.get("inputs") == "tokens":
        return (engine.Embedding(len(entry.vocabulary(dict(options))), 8), engine.GRU(16, every), engine.Dense(1))
    return None


def with_outputs(layers: Iterable[Layer], outputs: int) -> tuple[Layer, ...]:
    """The same layers; the last one, where it is a fully connected one, has so many outputs."""
    *first, last = layers
    return (*first, replace(last, units=outputs) if isinstance(last, engine.Dense) else last)


def default_loss(task: str, classes: int) -> str:
    """The usual loss of a problem."""
    if task == "regression":
        return "mean_squared_error"
    return "binary_cross_entropy" if classes == 2 else "categorical_cross_entropy"


def default_output(loss: str, task: str, classes: int) -> str:
    """The output activation whose range is that of the targets; none for a logit or a margin."""
    if task == "regression" or Loss.member(loss).targets != "values":
        return "identity"
    return "tanh" if classes == 2 else "softmax"


def labels_for(loss: str, classes: int) -> str:
    """The form of labels that a loss takes: bits and class numbers, -1 / +1 for one output, one-hot for several."""
    targets = Loss.member(loss).targets
    if targets == "classes" or (targets == "bits" and classes == 2):
        return "class"
    return "signed" if targets == "signs" or classes == 2 and targets == "values" else "one_hot"


def _own_defaults(family: type[Spec], name: str, options: Mapping[str, str]) -> dict[str, Any]:
    """A member's own defaults, as choices."""
    if family is Regulariser and name == "none":
        return {}
    own = fields(family.member(name))  # type: ignore[arg-type]
    return {options[f.name]: f.default for f in own if f.name in options and f.default is not MISSING}


def _flat(spec: Any, options: Mapping[str, str]) -> dict[str, Any]:
    """A part's options, as choices."""
    return {options[f.name]: getattr(spec, f.name) for f in fields(spec) if f.name in options}


def flat_loss(loss: Loss) -> dict[str, Any]:
    """A loss's options, as choices."""
    return _flat(loss, LOSS_OPTIONS)


def flat_optimiser(optimiser: Optimiser) -> dict[str, Any]:
    """An optimiser and its schedule, as choices."""
    schedule = optimiser.schedule
    betas = getattr(optimiser, "betas", None)
    flat = {"optimiser": optimiser.name, "schedule": schedule.name}
    flat |= _flat(optimiser, OPTIMISER_OPTIONS) | _flat(schedule, SCHEDULE_OPTIONS)
    return flat | (dict(zip(("beta1", "beta2"), betas, strict=True)) if betas else {})


def flat_regulariser(regulariser: Regulariser | None) -> dict[str, Any]:
    """A regulariser, as choices."""
    if regulariser is None:
        return {"regulariser": "none"}
    return {"regulariser": regulariser.name} | _flat(regulariser, REGULARISER_OPTIONS)


def _flat_dataset(dataset: engine.Dataset) -> dict[str, Any]:
    if dataset.name not in DATASETS:
        raise ConfigurationError("dataset", dataset.name, f"one of {', '.join(DATASETS)}")
    said = dataset.spec["options"]
    options = {name: value for name, value in said.items() if name in CHOICE and name != "seed"}
    return {"dataset": dataset.name, "details": details_of(dataset.name, said)} | options


def details_of(name: str, options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Those options of some data that no choice says and that are not the default, in the catalogue's order."""
    return tuple(
        (key, options[key])
        for key, option in datasets.entry(name).options.items()
        if key not in CHOICE and key != "labels" and options.get(key, option.default) != option.default
    )


def is_dense(network: engine.Network) -> bool:
    """Whether a network is a chain of fully connected layers over single inputs."""
    plain = all(isinstance(layer, engine.Dense | engine.Activation) for layer in network.layers)
    return plain and len(network.input_shape) == 1


def _flat_network(network: engine.Network) -> dict[str, Any]:
    """A network, as choices."""
    return _flat_layers(network.layers) if is_dense(network) else {"own_layers": tuple(network.layers)}


def _flat_layers(layers: Iterable[Any]) -> dict[str, Any]:
    """The dense layers, as choices; the most frequent activation and initialiser are the common ones."""
    dense = [layer for layer in layers if isinstance(layer, engine.Dense)]
    if not dense:
        return {"layers": ()}
    *hidden, output = dense
    activation = _most_frequent([_name(layer.activation) for layer in hidden]) or _default("activation")
    initialiser = _most_frequent([_name(layer.weight_initialiser) for layer in dense])
    own = [
        Hidden(
            layer.units,
            None if _name(layer.activation) == activation else _name(layer.activation),
            None if _name(layer.weight_initialiser) == initialiser else _name(layer.weight_initialiser),
        )
        for layer in hidden
    ]
    flat: dict[str, Any] = {"layers": tuple(own), "activation": activation, "initialiser": initialiser}
    for layer in reversed(dense):  # where layers differ in an option, the first one's is shown
        flat |= _flat_dense(layer)
    return flat | {"output_activation": _name(output.activation), "use_bias": output.use_bias}


def _flat_dense(layer: engine.Dense) -> dict[str, Any]:
    """The options of a layer's activation and initialisers, as choices."""
    bias = getattr(layer.bias_initialiser, "value", 0.0)
    flat = _flat(layer.activation, ACTIVATION_OPTIONS) | _flat(layer.weight_initialiser, INITIALISER_OPTIONS)
    return flat | {"bias": bias}


def _name(spec: Any) -> str:
    return str(spec.name)


def _most_frequent(names: list[str]) -> str | None:
    return Counter(names).most_common(1)[0][0] if names else None


# ------------------------------------------------------------------------------------------------ what fits together


def check_fit(experiment: engine.Experiment) -> None:
    """Raise `ConfigurationError` unless the parts fit together and stay within what a visitor is given."""
    check_labels(Loss.of(experiment.network.loss), experiment.dataset)
    check_network(experiment.network, experiment.dataset)
    check_regime(experiment.regime, experiment.dataset)
    check_experiment(experiment)


def check_flat(flat: Mapping[str, Any]) -> None:
    """Raise `ConfigurationError` unless each choice has a value within its limits."""
    for name, value in flat.items():
        CHOICE[name].check(value)


def check_labels(loss: Loss, dataset: engine.Dataset) -> None:
    """The loss fits the problem, and the data have labels in a form that it takes."""
    if loss.name not in losses_of(dataset.name):
        raise ConfigurationError("loss", loss.name, f"one of {', '.join(losses_of(dataset.name))} for these data")
    forms = {"bits": ("class", "binary", "one_hot"), "signs": ("signed",), "classes": ("class",)}
    accepted = forms.get(loss.targets)
    if dataset.labels == "class" and loss.targets == "bits" and dataset.classes != 2:
        accepted = ("one_hot",)
    if accepted is not None and dataset.labels not in accepted:
        raise ConfigurationError("labels", dataset.labels, f"{' or '.join(accepted)} for {loss.name} of these data")


def check_network(network: engine.Network, dataset: engine.Dataset) -> None:
    """The network has the inputs and outputs that the data and the loss need, and is not too large."""
    inputs = dataset.x_train.shape[1:]
    if network.input_shape != inputs:
        raise ConfigurationError("input shape", network.input_shape, f"{inputs}, as the data have")
    loss, outputs = Loss.of(network.loss), network.output_shape
    steps = dataset.y_train.shape[1:] if answers_in_steps(dataset.name) else ()
    wanted = (*steps, outputs_of(loss, dataset))
    if outputs != wanted:
        raise ConfigurationError(
            "units of the last layer", _spelled(outputs), f"{_spelled(wanted)}, for {loss.name} of these data"
        )
    if len(network.layers) > MOST_LAYERS + 1:
        raise ConfigurationError("number of layers", len(network.layers), f"at most {MOST_LAYERS + 1}")
    for layer in network.layers:
        if isinstance(layer, engine.Dense):
            check_flat(_flat_dense(layer) | {"layers": (Hidden(layer.units),)})
    size, examples = network.parameter_count, len(dataset.x_train)
    if size > MOST_PARAMETERS:
        raise TooMuch("number of parameters", size, f"at most {MOST_PARAMETERS}", "neurons")
    if size * examples > MOST_WORK:
        accepted = f"at most {MOST_WORK // examples} for {examples} examples"
        raise TooMuch("number of parameters", size, accepted, "points")
    work = engine.cost(engine.Experiment(network, dataset), 0, 1).operations
    if work > MOST_A_FRAME:
        raise TooMuch(
            "operations a step", f"{work:.1e}", f"at most {MOST_A_FRAME:.1e}: fewer or shorter examples", "points"
        )


def _spelled(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def outputs_of(loss: Loss | str, dataset: engine.Dataset) -> int:
    """Output units that a loss needs for labels in the form that the data have them in."""
    classes = dataset.classes or dataset.outputs
    one_a_class = Loss.of(loss).targets == "classes" or dataset.labels == "one_hot"
    apart = dataset.task == "regression" or (dataset.labels == "signed" and classes > 2)
    return classes if one_a_class or apart else 1


def check_regime(regime: Regime, dataset: engine.Dataset) -> None:
    """The batch is within its limits, and the examples can fill it where the order is carried on."""
    check_flat(_flat(regime, REGIME_OPTIONS))
    regime.batch_size(len(dataset.x_train))
