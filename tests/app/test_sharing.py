"""Links: every experiment that they can hold comes back the same; nothing that anyone types does harm. Unit."""

from __future__ import annotations

import math
import re
import string
from dataclasses import fields, replace
from urllib.parse import parse_qsl, quote

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import engine
from app import sharing
from app.sharing import (
    LinkError,
    edit_text,
    read_link,
    read_link_leniently,
    read_view,
    spec_text,
    write_link,
    write_view,
)
from app.sharing_specs import number_text, read_number, read_spec
from app.state import CHOICE, MOST_PARAMETERS, Settings, losses_for, outputs_of
from engine import datasets
from engine.activations import ActivationFunction
from engine.datasets.examples import Examples
from engine.datasets.options import Features, Flag, Integer, Number, Points, Seed, Word
from engine.datasets.own import ColumnNumbers, TableName
from engine.errors import EngineError
from engine.initialisers import Initialiser
from engine.layers import Layer
from engine.losses import Loss
from engine.optimisers import Optimiser
from engine.regimes import Regime
from engine.regularisers import Regulariser
from engine.schedules import Schedule

DEFAULT = Settings().to_experiment()
FAMILIES = (ActivationFunction, Initialiser, Loss, Optimiser, Regime, Regulariser, Schedule)
MEMBERS = [(family, name) for family in FAMILIES for name in family.names()]

# ------------------------------------------------------------------------------------------ experiments of every kind

rates = st.one_of(st.sampled_from([0.0, 0.001, 0.03, 1e-5, 10.0]), st.floats(0, 100))
unit = st.floats(1e-6, 1 - 1e-6)
OPTION_VALUES = {
    "alpha": unit, "std": rates, "limit": rates, "gain": rates, "value": rates, "delta": st.floats(0.01, 100),
    "initial": rates, "final": rates, "every": st.integers(1, 10**6), "steps": st.integers(1, 10**6), "factor": unit,
    "decay": unit, "momentum": unit, "epsilon": st.floats(1e-12, 0.5), "betas": st.tuples(unit, unit),
    "weight_decay": rates, "rate": rates, "l1": rates, "l2": rates, "prune": st.booleans(), "size": st.integers(1, 50),
    "shuffle": st.just(True), "carry": st.just(False), "approximate": st.sampled_from(["none", "tanh"]),
    "learning_rate": rates,
}  # fmt: skip


@st.composite
def members(draw, family, without=()):
    """Any member of a family with any options."""
    member = family.member(draw(st.sampled_from([name for name in family.names() if name not in without])))
    own = [field.name for field in fields(member)]
    chosen = {name: draw(OPTION_VALUES[name]) for name in own if draw(st.booleans())}
    if family is Optimiser and draw(st.booleans()):
        chosen["learning_rate"] = draw(members(Schedule))
    return member(**chosen)


seeds = st.one_of(
    st.integers(0, 2**63 - 1),
    st.floats(0, 1).map(lambda draw: f"{draw:.5f}"),
    st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=20).map(
        lambda text: text.strip() or "0"
    ),
)
OPTIONS = {
    Integer: lambda option: st.integers(option.low, min(option.high, 60)),
    Number: lambda option: st.floats(option.low, option.high),
    Flag: lambda option: st.booleans(),
    Word: lambda option: st.sampled_from(option.known),
    Seed: lambda option: seeds,
    Features: lambda option: st.lists(st.sampled_from(list(datasets.FEATURES)), min_size=1, unique=True),
    TableName: lambda option: st.just(option.default),
    ColumnNumbers: lambda option: st.just(()),
    Points: lambda option: st.lists(
        st.tuples(st.floats(-6, 6), st.floats(-6, 6), st.integers(0, 3)), min_size=2, max_size=30
    ),
    Examples: lambda option: st.tuples(st.integers(1, 4), st.integers(1, 3)).flatmap(typed),
}


def typed(lengths):
    """Examples of so many inputs and targets."""
    numbers = st.floats(-1e6, 1e6)
    return st.lists(st.tuples(*(st.tuples(*[numbers] * length) for length in lengths)), min_size=1, max_size=3)


# (column to learn, what it may be learned from) of the example of a table of one's own
OWN_ROLES = {
    "classification": [(0, [(), (1, 2), (1, 2, 3)]), (4, [(3,), (2, 3)])],
    "regression": [(0, [(), (2,), (1, 2)]), (1, [(3,), (2, 3)])],
}


@st.composite
def data(draw):
    """Any data for dense networks with any options but for labels, which depend on the loss."""
    entry = datasets.entry(draw(st.sampled_from(datasets.names("plane", "curve", "table"))))
    options = {
        name: draw(OPTIONS[type(option)](option))
        for name, option in entry.options.items()
        if name not in ("labels", "as_images") and (name == "n" or draw(st.booleans()))
    }
    if entry.kind == "own":  # which column can be what depends on the table
        learned, others = draw(st.sampled_from(OWN_ROLES[entry.task]))
        options |= {"target": learned, "columns": draw(st.sampled_from(others))}
    return entry.name, options


@st.composite
def labelled(draw):
    """Data with labels in a form that a loss takes, and the loss."""
    name, options = draw(data())
    loss = draw(members(Loss).filter(lambda loss: loss.name in losses_for(datasets.entry(name).task)))
    plain = datasets.load(name, **options)
    if plain.task == "regression":
        return plain, loss
    forms = {
        "bits": ["class", "binary"] if plain.classes == 2 else ["one_hot"],
        "signs": ["signed"],
        "classes": ["class"],
    }
    labels = draw(st.sampled_from(forms.get(loss.targets, ["signed", "one_hot"])))
    return datasets.load(name, **options, labels=labels), loss


@st.composite
def layers(draw, units):
    """A dense layer with any options."""
    activation = draw(members(ActivationFunction))
    initialisers = [draw(members(Initialiser)), draw(members(Initialiser, without=("orthogonal",)))]
    return engine.Dense(units, activation, draw(st.booleans()), *initialisers)


@st.composite
def edits(draw, network, dataset):
    """An edit of any key."""
    key = draw(st.sampled_from(["learning_rate", "optimiser", "regulariser", "parameter", "point"]))
    assume(key != "point" or dataset.features)
    values = {
        "learning_rate": rates,
        "optimiser": members(Optimiser),
        "regulariser": st.one_of(st.none(), members(Regulariser)),
    }
    if key == "parameter":
        name, shape = draw(st.sampled_from(sorted(network.parameter_shapes().items())))
        value = (name, draw(st.integers(0, math.prod(shape) - 1)), draw(st.floats(-10, 10)))
    elif key == "point":
        label = st.integers(0, dataset.classes - 1) if dataset.classes else st.floats(-1, 1)
        value = (draw(st.floats(-6, 6)), draw(st.floats(-6, 6)), draw(label))
    else:
        value = draw(values[key])
    return engine.Edit(draw(st.integers(0, 10**6)), key, value)


@st.composite
def experiments(draw):
    """Any experiment that the engine's parts can make of the catalogue's data."""
    dataset, loss = draw(labelled())
    hidden = [draw(layers(draw(st.integers(1, 9)))) for _ in range(draw(st.integers(0, 3)))]
    if draw(st.booleans()):
        hidden.append(engine.Activation(draw(members(ActivationFunction))))
    output = draw(layers(outputs_of(loss, dataset)))
    network = engine.Network((len(dataset.input_names),), [*hidden, output], loss)
    carried = st.just(engine.MiniBatch(1, shuffle=False, carry=True))
    return engine.Experiment(
        network,
        dataset,
        draw(members(Optimiser)),
        draw(st.one_of(members(Regime), carried)),
        draw(st.one_of(st.none(), members(Regulariser))),
        draw(st.one_of(st.just(dataset.spec["options"]["seed"]), seeds)),
        draw(st.sampled_from(["float32", "float64"])),
        tuple(draw(st.lists(edits(network, dataset), max_size=4))),
    )


DEEP = {
    "digits": {"as_images": True},
    "memory": {"n": 40, "length": 5, "classes": 3},
    "reverse": {"n": 40, "length": 4, "symbols": 7},
    "sort": {"n": 40, "length": 3, "symbols": 8, "inputs": "one_hot"},
    "alice": {"characters": 1000, "length": 10, "stride": 5, "lower": False},
    "sentiment": {"n": 100},
    "phrases": {"unit": "character", "form": "continued"},
    "stocks": {"company": "AAPL", "length": 6},
    "sunspots": {"form": "relative"},
}


@st.composite
def deep_experiments(draw):
    """Pictures, sequences, text and series with layers of their families in any order that fits."""
    name = draw(st.sampled_from(sorted(DEEP)))
    dataset = datasets.load(name, **DEEP[name])
    shape, every = dataset.x_train.shape[1:], dataset.y_train.ndim == 2 and dataset.classes is not None
    if len(shape) == 3:
        middle = [engine.Conv2D(draw(st.integers(1, 4)), 3, padding=draw(st.sampled_from(["same", "valid", 1])))]
        middle += draw(st.sampled_from([[], [engine.BatchNorm()], [engine.AvgPool2D(2)], [engine.MaxPool2D((2, 1))]]))
        stack = [*middle, draw(st.sampled_from([engine.Flatten(), engine.GlobalAveragePool2D()]))]
    else:
        stack = [engine.Embedding(len(dataset.vocabulary), 4)] if len(shape) == 1 else []
        blocks = [engine.PositionalEncoding(), engine.LayerNorm(), engine.Residual([engine.Dense(4, "tanh")])]
        blocks += [engine.TransformerBlock(2, 5), engine.SelfAttention(2, causal=True), engine.Dropout(0.2)]
        stack += draw(st.lists(st.sampled_from(blocks), max_size=3)) if stack else []
        recurrent = draw(st.sampled_from([engine.SimpleRNN, engine.LSTM, engine.GRU]))
        stack.append(recurrent(draw(st.integers(1, 5)), return_sequences=every))
    loss = "mean_squared_error" if dataset.classes is None else "categorical_cross_entropy"
    network = engine.Network(shape, [*stack, engine.Dense(dataset.classes or 1)], loss)
    return engine.Experiment(network, dataset, draw(members(Optimiser)), seed=draw(st.integers(0, 9)))


generous = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@given(experiment=experiments(), step=st.one_of(st.none(), st.integers(0, 10**8)))
@generous
def test_every_experiment_comes_back_from_its_link(experiment, step):
    link = write_link(experiment, step)
    assert len(link) <= 4096
    assert re.fullmatch(r"v=1(&[a-z_]+=[A-Za-z0-9\-._~:,()%]+)*", link), link
    assert read_link(link) == experiment
    assert read_link(link).key == experiment.key
    assert read_link_leniently(f"https://example.org/?{link}&lang=pt#top") == (experiment, step or 0, [])
    assert write_link(read_link(link), step) == link


@given(experiment=deep_experiments())
@settings(max_examples=60, deadline=None)
def test_every_family_of_networks_comes_back_from_its_link(experiment):
    link = write_link(experiment, 5)
    assert re.fullmatch(r"v=1(&[a-z_]+=[A-Za-z0-9\-._~:,()%]+)*", link), link
    assert read_link(link) == experiment
    assert read_link_leniently(link) == (experiment, 5, [])
    assert Settings.from_experiment(experiment).to_experiment() == experiment


def test_options_that_make_no_data_together_are_told():
    _, _, problems = read_link_leniently("data=reverse&n=900&length=2&symbols=4")
    assert [problem.key for problem in problems] == ["n"]
    with pytest.raises(LinkError, match="at most half"):
        read_link("data=reverse&n=900&length=2&symbols=4")


@given(experiment=experiments())
@generous
def test_edits_are_cut_where_the_stage_cuts_them(experiment):
    texts = [edit_text(edit) for edit in experiment.edits]
    written = dict(parse_qsl(write_link(experiment))).get("edits", "")
    assert (re.split(r"_(?=\d+\.)", written) if written else []) == texts  # static/stage/link.js, readEdits
    assert all(re.fullmatch(r"\d+\.[a-z_]+\..+", text) for text in texts)


@given(experiment=experiments())
@generous
def test_every_experiment_comes_back_from_its_settings(experiment):
    chosen = Settings.from_experiment(experiment)
    assert chosen.to_experiment() == replace(experiment, edits=())


# ------------------------------------------------------------------------------------------------------ what is written


def test_the_default_link_says_nothing():
    assert write_link(DEFAULT) == "v=1"
    for text in (
        "",
        "?",
        "#",
        "v=1",
        "?v=1",
        "https://example.org/",
        "/playground?v=1",
        "?lang=pt&utm_source=x&fbclid=1",
    ):
        assert read_link(text) == DEFAULT, text


@pytest.mark.parametrize(("changes", "link"), [
    ({"dataset": "xor", "noise": 0.1}, "v=1&data=xor&noise=0.1"),
    ({"layers": (8, 8), "activation": "relu"}, "v=1&net=dense:8:relu,dense:8:relu,dense:1"),
    ({"activation": "leaky_relu", "layers": (3,)}, "v=1&net=dense:3:leaky_relu,dense:1"),
    ({"optimiser": "adam", "learning_rate": 0.01}, "v=1&opt=adam:0.01"),
    ({"learning_rate": 0.1, "schedule": "cosine"}, "v=1&opt=sgd:cosine(0.1)"),
    ({"dataset": "blobs"}, "v=1&data=blobs"),
    ({"dataset": "plane"}, "v=1&data=plane"),
    ({"dataset": "plane", "n": 500}, "v=1&data=plane&n=500"),
    ({"dataset": "iris", "standardise": False}, "v=1&data=iris&standardise=false"),
    ({"loss": "hinge"}, "v=1&loss=hinge"),
    ({"loss": "huber", "huber_delta": 0.5}, "v=1&loss=huber:0.5"),
    ({"seed": 7, "dtype": "float64"}, "v=1&seed=7&dtype=float64"),
    ({"seed": "0.5"}, "v=1&seed=0.5"),
    ({"seed": "7"}, "v=1&seed=~7"),
    ({"regime": "full_batch", "regulariser": "l2"}, "v=1&reg=l2:0.001&regime=full_batch"),
    ({"features": ("x1", "x1_x2")}, "v=1&features=x1,x1_x2"),
    ({"dataset": "points", "points": [(0, 0, 0), (6, -6, 1)]}, "v=1&data=points&points=SwSwAlgAAB"),
    ({"dataset": "examples", "rows": [((0.05, 0.1), (0.01, 0.99))]}, "v=1&data=examples&rows=0.05,0.1:0.01,0.99"),
])  # fmt: skip
def test_links_are_short_and_say_what_they_mean(changes, link):
    experiment = Settings().change(**changes).to_experiment()
    assert write_link(experiment) == link
    assert read_link(link) == experiment


def test_edits_and_the_step_come_last():
    link = (
        "v=1&data=circle&edits=137.learning_rate.0.3_200.optimiser.adam:0.01_200.regulariser.none"
        "_250.parameter.dense-1-weight:5:0.25_300.point.1.5:-2:1&step=321"
    )
    experiment, step, problems = read_link_leniently(link)
    assert (step, problems) == (321, [])
    assert experiment.edits == (
        (137, "learning_rate", 0.3),
        (200, "optimiser", engine.Adam(0.01)),
        (200, "regulariser", None),
        (250, "parameter", ("dense_1.weight", 5, 0.25)),
        (300, "point", (1.5, -2.0, 1)),
    )
    assert write_link(experiment, step) == link.replace("&data=circle", "")


def test_data_from_arrays_have_no_link():
    data = engine.Dataset(np.zeros((3, 2)), [0, 1, 1], np.zeros((3, 2)), [0, 1, 1])
    with pytest.raises(LinkError, match="catalogue"):
        write_link(replace(DEFAULT, dataset=data))


def test_what_is_too_long_is_not_written():
    edits = [(step, "learning_rate", step / 7) for step in range(300)]
    with pytest.raises(LinkError, match="fewer edits"):
        write_link(replace(DEFAULT, edits=edits))


@pytest.mark.parametrize(("layer", "text"), [
    (engine.Conv2D(4, (3, 5), 2, "same", (1, 2), "relu"), "conv2d:4:(3,5):2:same:(1,2):relu"),
    (engine.Conv2D(4, 3, padding=(1, 2)), "conv2d:4:3::(1,2)"),
    (engine.MaxPool2D(2, 1), "max_pool2d:2:1"),
])  # fmt: skip
def test_an_option_that_is_a_number_a_pair_or_a_word_has_its_text(layer, text):
    assert spec_text(layer) == text
    assert read_spec(Layer, text, "net") == layer


@pytest.mark.parametrize(("family", "name"), MEMBERS)
def test_every_part_has_its_text(family, name):
    part = family.member(name)()
    assert spec_text(part) == name
    assert read_spec(family, name, "key") == part
    assert read_spec(family, spec_text(part, explicit=9), "key") == part


@given(value=st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**18), 10**18).map(float)))
def test_numbers_keep_every_bit(value):
    text = number_text(value)
    assert "+" not in text
    assert math.copysign(1, read_number(text, "key")) == math.copysign(1, value)
    assert read_number(text, "key") == value


def test_the_view_is_apart_from_the_experiment():
    chosen = Settings(show_test=True, hidden=("noise", "learning_rate"))
    view = write_view(chosen)
    assert view == "test=true&hide=noise,learning_rate"
    assert read_link(f"v=1&{view}") == DEFAULT
    assert read_view(f"?v=1&data=xor&{view}") == {
        "show_test": True, "discretise": False, "hidden": ("noise", "learning_rate"),
    }  # fmt: skip
    assert write_view(Settings()) == ""
    for bad in ("test=maybe", "hide=<b>", "hello", "x" * 99999):
        assert read_view(bad) == {"show_test": False, "discretise": False, "hidden": ()}


# ------------------------------------------------------------------------------------------------------------ bad links

BAD = [
    ("v=2", "v", "1"),
    ("data=circles", "data", "circle, "),
    ("noise=9", "noise", "a number from 0 to 0.8"),
    ("noise=nan", "noise", "a number from 0 to 0.8"),
    ("noise=inf", "noise", "a number from 0 to 0.8"),
    ("noise=1e999", "noise", "a number from 0 to 0.8"),
    ("noise=", "noise", "a number from 0 to 0.8"),
    ("noise=٠.٥", "noise", "a number from 0 to 0.8"),
    ("n=5", "n", "a whole number from 10 to 5000"),
    ("n=99999999999999999999999", "n", "a whole number from 10 to 5000"),
    ("n=100.5", "n", "a whole number from 10 to 5000"),
    ("train=1", "train", "a number from 0.1 to 0.9"),
    ("data=iris&noise=0.1", "noise", "iris"),
    ("data=iris&features=x1", "features", "iris"),
    ("data=iris&standardise=yes", "standardise", "true or false"),
    ("data=blobs&classes=11", "classes", "2 to 10"),
    ("data=points&points=AAAA", "points", "5 characters"),
    ("data=examples&rows=1,2", "rows", "input,input:target"),
    ("data=examples&rows=1,2:x", "rows", "plain numbers"),
    ("data=examples&rows=1,2:1_1:1", "rows", "of the same"),
    ("data=examples&rows=1e7:0", "rows", "from -1e"),
    ("data=examples&rows=" + "_".join(["1:1"] * 17), "rows", "1 to 16 examples"),
    ("data=examples&rows=" + ",".join(["1"] * 17) + ":1", "rows", "1 to 16 inputs"),
    ("data=examples&rows=1:1&net=dense:2", "net", "1, for"),
    ("features=", "features", "at least one of x1"),
    ("features=x1,x3", "features", "x1, "),
    ("seed=-1", "seed", "a whole number"),
    ("seed=abc", "seed", "~"),
    ("seed=~", "seed", "1 to 64"),
    ("seed=9223372036854775808", "seed", "9223372036854775807"),
    ("data_seed=-3", "data_seed", "a whole number"),
    ("loss=magic", "loss", "huber"),
    ("data=plane&loss=hinge", "loss", "mean_squared_error"),
    ("loss=huber:0", "loss", "delta"),
    ("labels=signed", "labels", "class or binary or one_hot"),
    ("labels=words", "labels", "signed"),
    ("data=plane&labels=class", "labels", "values"),
    ("data=blobs&loss=binary_cross_entropy&labels=class", "labels", "one_hot"),
    ("net=", "net", "a name"),
    ("net=dense", "net", "units"),
    ("net=dense:1:tahn", "net", "tanh"),
    ("net=dense:x", "net", "a whole number"),
    ("net=dense:2", "net", "units of the last layer: 1"),
    ("net=dense:513,dense:1", "net", "512"),
    ("net=dense:512,dense:512,dense:1", "net", f"number of parameters: at most {MOST_PARAMETERS}"),
    ("net=" + "dense:1," * 40 + "dense:1", "net", "at most 33"),
    ("net=dense:4:leaky_relu(2),dense:1", "net", "alpha"),
    ("net=dense:4:leaky_relu(,dense:1", "net", "parenthesis"),
    ("net=conv3d:4,dense:1", "net", "dense"),
    ("net=dense:1:tanh:maybe", "net", "true or false"),
    ("net=dense:1:tanh:true:zeros:zeros:9", "net", "at most 5 options"),
    ("opt=adam:-1", "opt", "learning_rate"),
    ("opt=adam:0.01:(0.9)", "opt", "2 values"),
    ("opt=adam:0.01:(0.9,2)", "opt", "betas"),
    ("opt=adam:0.01:0.9", "opt", "a list"),
    ("opt=sgd:1e9", "opt", "learning_rate: a number from 0 to 1000"),
    ("opt=sgd:cosine(0.1:0:0)", "opt", "steps"),
    ("opt=sgd:sgd", "opt", "cosine"),
    ("reg=l3", "reg", "l1, l2"),
    ("reg=l2:1000", "reg", "100"),
    ("regime=mini_batch:0", "regime", "batch size"),
    ("regime=mini_batch:5001", "regime", "batch_size"),
    ("regime=mini_batch:10:true:true", "regime", "shuffle=False"),
    ("regime=mini_batch:400:false:true", "regime", "at most 250"),
    ("dtype=float16", "dtype", "float32, float64"),
    ("edits=x", "edits", "step.key.value"),
    ("edits=1.colour.red", "edits", "learning_rate"),
    ("edits=1.learning_rate.fast", "edits", "a number from 0 to 1000"),
    ("edits=999999999.learning_rate.1", "edits", "100000000"),
    ("edits=1.optimiser.adma", "edits", "adam"),
    ("edits=1.parameter.dense-9-weight:0:1", "edits", "dense-1-weight"),
    ("edits=1.parameter.dense-1-weight:8:1", "edits", "from 0 to 7"),
    ("edits=1.parameter.dense-1-weight:0:1e40", "edits", "1e+30"),
    ("edits=1.point.7:0:0", "edits", "x1"),
    ("edits=1.point.1:0:2", "edits", "from 0 to 1"),
    ("edits=1.point.1:0", "edits", "x1:x2:label"),
    ("data=iris&edits=1.point.1:0:0", "edits", "points of the plane"),
    ("step=-1", "step", "a whole number from 0"),
    ("step=1e3", "step", "a whole number from 0"),
    ("colour=red", "colour", "data"),
    ("noise=0.1&noise=0.2", "noise", "once"),
    ("noise", "link", "a link of this page"),
    ("v=1&noise", "noise", "value"),
    ("hello", "link", "TensorFlow Playground"),
    ("v=1&points=" + "A" * 5000, "link", "4096"),
]


@pytest.mark.parametrize(("link", "key", "accepted"), BAD, ids=[link[:40] for link, _, _ in BAD])
def test_a_bad_key_is_named_with_what_it_accepts_and_its_default_is_used(link, key, accepted):
    with pytest.raises(LinkError) as caught:
        read_link(link)
    error = caught.value
    assert (error.key, error.name) == (key, key)
    assert accepted in error.accepted
    assert str(error).startswith(f"{key} is ")
    assert len(str(error)) < 700

    experiment, step, problems = read_link_leniently(link)
    assert step == 0
    assert problems[0].key == key
    assert problems[0].message == str(LinkError(key, problems[0].value, problems[0].accepted))
    without = "&".join(piece for piece in link.split("&") if "=" in piece and not piece.startswith(f"{key}="))
    assert experiment == (DEFAULT if key == "link" else read_link(without))


def test_many_bad_keys_are_all_told_and_the_good_ones_kept():
    experiment, step, problems = read_link_leniently(
        "data=xor&noise=7&opt=x&net=dense:3,dense:1&what=1&step=5&edits=1.x.2_3.learning_rate.1"
    )
    assert [problem.key for problem in problems] == ["what", "noise", "opt", "edits"]
    assert experiment == read_link("data=xor&net=dense:3,dense:1&edits=3.learning_rate.1")
    assert step == 5


def test_problems_can_be_told_in_any_language():
    told = {
        problem.key: (problem.kind, dict(problem.details))
        for problem in read_link_leniently("noise=7&n=x&opt=x&what=1")[2]
    }
    assert told["noise"] == ("number", {"low": 0.0, "high": 0.8})
    assert told["n"] == ("integer", {"low": 10, "high": 5000})
    assert told["opt"] == ("word", {"known": tuple(sorted(Optimiser.names()))})
    assert told["what"] == ("key", {"known": sharing.KEYS})


@pytest.mark.parametrize("text", [
    "(" * 4000, "net=" + "(" * 4000, "net=dense:4:" + "tanh(" * 900, "opt=sgd:" + "cosine(" * 500 + ")" * 500,
    "net=" + "residual:(" * 300 + ")" * 300, "&" * 4096, "=" * 4096, "%" * 4096, "v=1&seed=~\ud800", "v=1&seed=~%00",
    "http://[", "http://[::1/?v=1&data=xor", "?" * 4096, "#" * 4096, "\x00", "v=1&" + quote("é" * 600) + "=1",
    "edits=" + "_1.a.b" * 600, "edits=" + "_".join(f"{i}.learning_rate.1" for i in range(180)), None, 3, b"v=1",
])  # fmt: skip
def test_hostile_text_is_read_or_refused(text):
    experiment, _, problems = read_link_leniently(text)
    assert isinstance(experiment, engine.Experiment)
    if problems:
        with pytest.raises(LinkError):
            read_link(text)


alphabet = st.sampled_from(string.ascii_letters + string.digits + "=&?#%.,:_-~()+ \u00e9\u0660\ud800\x00")
VALID = [
    "v=1&data=xor&noise=0.1&net=dense:4:leaky_relu(0.2)::he_normal,activation:relu,dense:1&opt=adam:cosine(0.1:0:300):(0.9,0.99)",
    "v=1&data=points&points=SwSwAlgAABAAAAB&features=x1,x1_x2&seed=~a&loss=hinge&reg=elastic_net:0.1:0.2&regime=stochastic",
    "v=1&data=wine&train=0.3&standardise=false&dtype=float64&edits=3.learning_rate.0.1_9.parameter.dense-1-weight:3:0.5&step=9",
    "#activation=relu&batchSize=7&dataset=gauss&noise=5&networkShape=3,3&seed=0.1&percTrainData=30&regularization=L1",
]


@st.composite
def mutated(draw):
    """A valid link with a few places changed."""
    text = list(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(text) - 1))
        text[place : place + draw(st.integers(0, 3))] = draw(st.text(alphabet, max_size=3))
        text = text or ["x"]
    return "".join(text)


@given(text=st.one_of(st.text(max_size=200), st.text(alphabet, max_size=200), mutated()))
@settings(max_examples=600, deadline=None)
def test_nothing_but_a_link_error_comes_of_any_text(text):
    experiment, step, problems = read_link_leniently(text)
    assert 0 <= step <= 10**8
    assert experiment.network.parameter_count <= MOST_PARAMETERS
    read_view(text)
    if problems:
        with pytest.raises(LinkError) as caught:
            read_link(text)
        assert caught.value.key == problems[0].key
        assert caught.value.accepted
    else:
        assert read_link(text) == experiment
    assert read_link(write_link(experiment, step)) == experiment
    assert Settings.from_experiment(experiment).to_experiment() == replace(experiment, edits=())


@given(text=mutated())
@settings(max_examples=60, deadline=None)
def test_whatever_is_read_starts(text):
    experiment, _, _ = read_link_leniently(text)
    with np.errstate(all="ignore"):
        run = replace(experiment, edits=()).start()
        run.step(2)


@given(text=st.text(alphabet, max_size=60), family=st.sampled_from([*FAMILIES, Layer]))
@settings(max_examples=300)
def test_any_text_of_a_part_is_read_or_refused(text, family):
    try:
        part = read_spec(family, text, "key")
    except EngineError:
        return
    assert read_spec(family, spec_text(part), "key") == part


def test_every_choice_has_a_key_that_links_know():
    for choice in CHOICE.values():
        assert choice.query in (*sharing.KEYS, *sharing.VIEW_KEYS), choice.name


def test_a_link_without_a_key_says_the_rest():
    assert sharing.without("v=1&net=dense:3,dense:1&opt=adam", "net") == "v=1&&opt=adam"
    assert sharing.read_link(sharing.without("?net=lstm:3&data=xor&v=1", "net")).dataset.name == "xor"
    assert sharing.without("v=1&net=dense:1&data=xor", "et") == "v=1&net=dense:1&data=xor"
