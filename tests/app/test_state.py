"""The table of choices, and the experiments that follow from it. Unit."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import engine
from app import i18n
from app.costs import TooMuch
from app.state import CHOICE, CHOICES, DATASETS, VIEW, Hidden, Settings, check_fit, default_loss
from engine import datasets, errors
from engine.activations import ActivationFunction
from engine.initialisers import Initialiser
from engine.losses import Loss
from engine.optimisers import Optimiser
from engine.regularisers import Regulariser
from engine.schedules import Schedule

SMALL = {"digits28": {"details": ()}, "alice": {"details": (("characters", 1500),)}}
FITTING = [(name, loss) for name in DATASETS for loss in Settings().change(dataset=name).losses()]


def test_settings_have_a_field_for_each_choice():
    own = [field.name for field in fields(Settings)]
    assert own == [choice.name for choice in CHOICES if choice.name != "task"] + ["source"]
    assert all(getattr(Settings(), choice.name) == choice.default for choice in CHOICES)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.name)
def test_a_choice_accepts_its_default_and_what_it_shows(choice):
    assert choice.check(choice.default) == choice.default
    assert all(choice.check(value) == value for value in choice.shown)
    assert choice.accepted
    plain = {"integer", "number", "flag", "word", "seed", "layers", "names", "details", "ownlayers"}
    assert choice.kind in plain | {"features", "points", "examples", "tablename", "columnnumbers"}


@pytest.mark.parametrize(
    "choice", [choice for choice in CHOICES if choice.name not in VIEW], ids=lambda choice: choice.name
)
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_a_choice_has_its_words(choice, language):
    words = i18n.translator(language).words
    assert words[choice.label]
    assert words[choice.label.removesuffix("label") + "help"]


@pytest.mark.parametrize(("name", "value"), [
    ("n", 5), ("noise", 2.0), ("noise", float("nan")), ("layers", (0,)), ("layers", (600,)), ("layers", (1,) * 40),
    ("layers", "4,2"), ("layers", ("4",)), ("optimiser", "adma"), ("learning_rate", -0.1), ("batch_size", 0),
    ("dtype", "int8"), ("seed", ""), ("hidden", ("<script>",)), ("features", ()), ("shuffle", "yes"),
    ("regularisation_rate", 1e9),
])  # fmt: skip
def test_a_value_beyond_its_limits_is_refused_by_name(name, value):
    with pytest.raises(errors.ConfigurationError) as caught:
        Settings(**{name: value})
    assert caught.value.name in (name, "units")


def test_an_unknown_choice_is_refused():
    with pytest.raises(errors.ConfigurationError, match="colour"):
        Settings().change(colour="red")


@pytest.mark.parametrize(("name", "loss"), FITTING)
def test_every_loss_of_every_dataset_trains(name, loss):
    experiment = Settings().change(dataset=name, **SMALL.get(name, {})).change(loss=loss).to_experiment()
    run = experiment.start()
    before = run.train_loss()
    run.step(30 if name == "digits28" else 300)
    assert run.train_loss() < before or before < 1e-3
    assert Settings.from_experiment(experiment).to_experiment() == experiment


@pytest.mark.parametrize(("loss", "classes", "labels", "outputs", "activation"), [
    ("binary_cross_entropy", 2, "class", 1, "identity"),
    ("binary_cross_entropy", 3, "one_hot", 3, "identity"),
    ("categorical_cross_entropy", 2, "class", 2, "identity"),
    ("categorical_cross_entropy", 4, "class", 4, "identity"),
    ("mean_squared_error", 2, "signed", 1, "tanh"),
    ("half_squared_error", 2, "signed", 1, "tanh"),
    ("mean_absolute_error", 3, "one_hot", 3, "softmax"),
    ("huber", 3, "one_hot", 3, "softmax"),
    ("hinge", 2, "signed", 1, "identity"),
    ("hinge", 3, "signed", 3, "identity"),
])  # fmt: skip
def test_labels_and_outputs_are_as_the_loss_needs_them(loss, classes, labels, outputs, activation):
    experiment = Settings().change(dataset="blobs", classes=classes).change(loss=loss).to_experiment()
    assert experiment.dataset.labels == labels
    last = experiment.network.layers[-1]
    assert (last.units, last.activation.name) == (outputs, activation)


def test_another_problem_brings_data_loss_and_output_that_fit():
    chosen = Settings().change(task="regression")
    assert (chosen.dataset, chosen.task, chosen.n, chosen.loss) == ("plane", "regression", 1200, "mean_squared_error")
    assert chosen.output_activation == "identity"
    assert chosen.change(task="regression") == chosen
    back = chosen.change(task="classification")
    assert (back.dataset, back.n, back.loss) == ("circle", 500, "binary_cross_entropy")


def test_a_loss_that_was_chosen_stays_where_it_fits():
    chosen = Settings().change(loss="hinge").change(dataset="iris")
    assert chosen.loss == "hinge"
    assert chosen.change(dataset="sine").loss == "mean_squared_error"
    assert Settings().change(dataset="iris").loss == default_loss("classification", 3)


def test_what_does_not_depend_on_a_change_is_kept():
    chosen = Settings(noise=0.3, learning_rate=0.1, layers=(5,)).change(dataset="iris", optimiser="adam")
    assert (chosen.noise, chosen.learning_rate, chosen.layers) == (0.3, 0.1, (Hidden(5),))
    assert chosen.change(dataset="xor").to_experiment().dataset.spec["options"]["noise"] == 0.3


@pytest.mark.parametrize(("selector", "name", "option", "value"), [
    ("optimiser", "adagrad", "epsilon", 1e-10),
    ("schedule", "warm_up", "schedule_steps", 100),
    ("activation", "elu", "activation_alpha", 1.0),
    ("initialiser", "orthogonal", "initialiser_scale", 1.0),
])  # fmt: skip
def test_another_member_brings_its_own_defaults(selector, name, option, value):
    assert getattr(Settings().change(**{selector: name}), option) == value
    assert getattr(Settings().change(**{selector: name, option: 0.5 if option != "schedule_steps" else 7}), option) in (
        0.5,
        7,
    )


def test_a_new_order_each_epoch_ends_the_carrying():
    carried = Settings(shuffle=False, carry=True, batch_size=7)
    assert carried.change(shuffle=True).carry is False
    assert carried.change(regime="full_batch").carry is False
    assert carried.change(noise=0.1).carry is True


def test_a_choice_is_of_use_only_where_it_acts():
    plain = Settings()
    assert not any(
        map(plain.uses, ("momentum", "beta1", "schedule_steps", "l2_rate", "huber_delta", "classes", "points"))
    )
    assert all(map(plain.uses, ("noise", "seed", "learning_rate", "batch_size", "layers", "dtype")))
    assert plain.change(optimiser="adam").uses("beta1")
    assert plain.change(regulariser="elastic_net").uses("l2_rate")
    assert plain.change(dataset="blobs").uses("classes")
    assert not plain.change(dataset="iris").uses("noise")
    assert not plain.change(regime="full_batch").uses("batch_size")
    assert plain.change(loss="huber").uses("huber_delta")
    assert plain.change(output_activation="elu").uses("activation_alpha")
    assert plain.change(layers=(Hidden(2, "leaky_relu"),)).uses("activation_alpha")


def test_layers_may_differ_from_the_common_choice():
    chosen = Settings(
        layers=(Hidden(3, "relu"), Hidden(2, initialiser="he_normal")), activation="elu", activation_alpha=0.7
    )
    first, second, last = chosen.to_experiment().network.layers
    assert (first.activation.name, second.activation) == (
        "relu",
        ActivationFunction.from_dict({"name": "elu", "alpha": 0.7}),
    )
    assert (first.weight_initialiser.name, second.weight_initialiser.name) == ("glorot_uniform", "he_normal")
    assert last.units == 1
    again = Settings.from_experiment(chosen.to_experiment())
    assert again.to_experiment() == chosen.to_experiment()


def test_what_no_choice_can_say_is_kept_until_its_part_changes():
    layers = [engine.Dense(3, "relu", use_bias=False), engine.Activation("tanh"), engine.Dense(1)]
    network = engine.Network((2,), layers, "binary_cross_entropy")
    experiment = engine.Experiment(network, datasets.load("xor", seed=3), engine.Adam(0.02), seed=5)
    chosen = Settings.from_experiment(experiment)
    assert chosen.to_experiment() == experiment
    changed = chosen.change(learning_rate=0.5).to_experiment()
    assert changed == replace(experiment, optimiser=engine.Adam(0.5))
    assert len(chosen.change(layers=(4,)).to_experiment().network.layers) == 2


def test_data_from_arrays_have_no_settings():
    data = engine.Dataset([[0.0, 1.0]], [0], [[1.0, 0.0]], [1])
    with pytest.raises(errors.ConfigurationError, match="circle"):
        Settings.from_experiment(replace(Settings().to_experiment(), dataset=data))


def test_misfits_are_refused():
    experiment = Settings().to_experiment()
    for wrong in (
        {"dataset": datasets.load("iris")},
        {"dataset": datasets.load("circle", labels="signed")},
        {"regime": engine.MiniBatch(400, shuffle=False, carry=True)},
        {"network": engine.Network((2,), [engine.Dense(600), engine.Dense(1)], "binary_cross_entropy")},
    ):
        with pytest.raises(errors.ConfigurationError):
            check_fit(replace(experiment, **wrong))


words = {
    "dataset": DATASETS, "activation": ActivationFunction.names(), "initialiser": Initialiser.names(),
    "loss": Loss.names(), "optimiser": Optimiser.names(), "schedule": Schedule.names(),
    "regulariser": ("none", *Regulariser.names()), "regime": CHOICE["regime"].option.known,
    "task": ("classification", "regression"),
}  # fmt: skip


@given(steps=st.lists(st.sampled_from([(name, word) for name, known in words.items() for word in known]), max_size=6))
@example(steps=[("dataset", "alice"), ("regime", "full_batch")])
@settings(max_examples=150, deadline=None)
def test_any_way_through_the_menus_leads_to_an_experiment(steps):
    chosen = Settings()
    experiment = chosen.to_experiment()
    for name, word in steps:
        if name == "loss" and word not in chosen.losses():
            continue
        changed = chosen.change(**{name: word})
        with suppress(TooMuch):  # the page says so, and nothing has changed
            experiment, chosen = changed.to_experiment(), changed
    check_fit(experiment)
    assert Settings.from_experiment(experiment).to_experiment() == experiment
