"""The derivation of every other family: numbers, gradients and paths are the engine's."""

from __future__ import annotations

import math

import numpy as np
import pytest

import engine
from engine.derivation import Symbol, derive, paths, wiggle
from engine.layers import Layer
from engine.run import Run
from tests.engine.test_derivation import check_every_number
from tests.layer_cases import LayerCase

PICTURE, SEQUENCE = (2, 5, 6), (3, 4)
FAMILIES = {
    "dense in time": LayerCase(SEQUENCE, (engine.Dense(3, "tanh"), engine.Dense(2, "softmax"))),
    "activation": LayerCase((3,), (engine.Dense(4), engine.Activation("gelu"), engine.Dense(1))),
    "softmax within": LayerCase((3,), (engine.Dense(4, "softmax"), engine.Activation("softmax"), engine.Dense(2))),
    "conv2d": LayerCase(PICTURE, (engine.Conv2D(2, 3, activation="tanh"), engine.Flatten(), engine.Dense(1))),
    "conv2d with all options": LayerCase(
        PICTURE,
        (
            engine.Conv2D(2, (2, 3), stride=(2, 1), padding="same"),
            engine.Conv2D(2, 2, padding=1, dilation=2, use_bias=False, activation="sigmoid"),
            engine.Flatten(),
            engine.Dense(1),
        ),
    ),
    "max_pool2d": LayerCase(
        PICTURE, (engine.Conv2D(2, 2), engine.MaxPool2D(2), engine.Flatten(), engine.Dense(1)), batch=3
    ),
    "max_pool2d that overlaps": LayerCase(
        PICTURE, (engine.Conv2D(1, 1), engine.MaxPool2D((3, 2), 1), engine.Flatten(), engine.Dense(1))
    ),
    "avg_pool2d": LayerCase(PICTURE, (engine.Conv2D(2, 2), engine.AvgPool2D(2, 1), engine.Flatten(), engine.Dense(1))),
    "global_average_pool2d": LayerCase(
        PICTURE, (engine.Conv2D(3, 2, activation="relu"), engine.GlobalAveragePool2D(), engine.Dense(2))
    ),
    "simple_rnn": LayerCase(SEQUENCE, (engine.SimpleRNN(3), engine.Dense(1))),
    "simple_rnn at every step": LayerCase(
        SEQUENCE, (engine.SimpleRNN(3, True, "relu"), engine.SimpleRNN(2, True), engine.Dense(1))
    ),
    "lstm": LayerCase(SEQUENCE, (engine.LSTM(2), engine.Dense(1))),
    "lstm at every step": LayerCase(SEQUENCE, (engine.LSTM(2, True), engine.Dense(1))),
    "gru": LayerCase(SEQUENCE, (engine.GRU(2), engine.Dense(1))),
    "gru at every step": LayerCase(SEQUENCE, (engine.GRU(2, True), engine.Dense(1))),
    "layer_norm": LayerCase((4,), (engine.Dense(4), engine.LayerNorm(), engine.Dense(1, "tanh"))),
    "layer_norm in time": LayerCase(SEQUENCE, (engine.Dense(4), engine.LayerNorm(), engine.Dense(1, "tanh"))),
    "batch_norm": LayerCase((4,), (engine.Dense(4), engine.BatchNorm(), engine.Dense(1))),
    "batch_norm of pictures": LayerCase(
        PICTURE, (engine.Conv2D(2, 3), engine.BatchNorm(), engine.Flatten(), engine.Dense(1))
    ),
    "positional_encoding": LayerCase(SEQUENCE, (engine.Dense(4), engine.PositionalEncoding(), engine.Dense(1))),
    "self_attention": LayerCase(SEQUENCE, (engine.Dense(4), engine.SelfAttention(2), engine.Dense(1))),
    "self_attention, causal": LayerCase(SEQUENCE, (engine.Dense(4), engine.SelfAttention(1, True), engine.Dense(1))),
    "transformer_block": LayerCase(SEQUENCE, (engine.Dense(4), engine.TransformerBlock(2, 3), engine.Dense(1))),
    "transformer_block, norm last": LayerCase(
        SEQUENCE, (engine.TransformerBlock(2, 3, "relu", True, norm_first=False), engine.Dense(1))
    ),
    "residual": LayerCase(
        (3,),
        (
            engine.Residual([engine.Dense(2, "tanh"), engine.Residual([engine.Dense(2)]), engine.Dense(3)]),
            engine.Dense(1),
        ),  # fmt: skip
    ),
    "dropout": LayerCase((3,), (engine.Dense(5, "tanh"), engine.Dropout(0.4), engine.Dense(1)), batch=6),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_number_is_the_engines(family):
    run = FAMILIES[family].start(optimiser=engine.Adam(0.01), regime=engine.MiniBatch(3))
    run.step(2)
    check_every_number(derive(run, 1), run)


@pytest.mark.parametrize("family", FAMILIES)
def test_paths_add_up_to_the_gradient(family):
    case = FAMILIES[family]
    run = case.start()
    rng = np.random.default_rng(0)
    for name, array in case.arrays.items():
        found = paths(run, name, int(rng.integers(array.size)), most=30)
        scale = max(1.0, *(abs(path.value) for path in found.paths), 0.0)
        assert abs(found.total - found.gradient) <= 1e-9 * scale, name
        for group in found.groups:
            assert abs(math.fsum(value for _, value in group.through) - found.gradient) <= 1e-9 * scale
        for path in found.paths:
            assert path.value == pytest.approx(math.prod(factor.value for factor in path.factors), rel=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_small_wiggle_measures_the_gradient(family):
    case = FAMILIES[family]
    run = case.start()
    for target in [("input", 0), *(("parameter", name, 0) for name in case.arrays)]:
        found = wiggle(run, target, 1e-6, 1)
        assert found.slope == pytest.approx(found.gradient, rel=1e-4, abs=1e-7), target


def test_every_layer_is_gone_through():
    seen = {leaf.layer.name for case in FAMILIES.values() for leaf in case.network.leaves()}
    seen |= {layer.name for case in FAMILIES.values() for layer in case.layers}
    assert seen | {"embedding"} == set(Layer.names())


# Dropout: an example of the batch is followed with its own mask.


def test_dropout_is_followed_in_the_batch_and_left_out_outside_it():
    case = FAMILIES["dropout"]
    run = case.start()
    inside = derive(run, 2)
    check_every_number(inside, run)
    assert inside.mode == "training"
    masks = {
        s.value for o in inside.operations if o.kind == "dropout" for s in o.expression.symbols() if s.name == "mask"
    }
    assert masks == {0.0, 1.0 / 0.6}
    mean = inside.by_id["dense_1.weight.gradient[0,0]"]
    assert mean.uses == ("dense_1.weight.example_gradient[0,0]",)
    alone = case.start(regime=engine.MiniBatch(2))
    outside = next(n for n in range(12) if n not in derive(alone).batch)
    assert derive(alone, outside).mode == "evaluation"
    assert not [o for o in derive(alone, outside).operations if o.kind == "dropout"]


# Embedding: inputs are names of rows.


def reader(network: engine.Network, x: list, y: list) -> Run:
    data = engine.Dataset(np.array(x), np.array(y), np.array(x), np.array(y), labels="class", classes=3)
    run = engine.Experiment(network, data, engine.SGD(0.1), engine.FullBatch(), dtype="float64").start()
    rng = np.random.default_rng(1)
    run.set_parameters({name: rng.normal(size=shape) for name, shape in network.parameter_shapes().items()})
    return run


def test_tokens_choose_rows_and_labels_of_every_step_are_judged():
    layers = [engine.Embedding(3, 2), engine.LSTM(2, True), engine.Dense(3)]
    run = reader(
        engine.Network((3,), layers, "categorical_cross_entropy"), [[0, 2, 0], [1, 1, 2]], [[1, 0, 2], [2, 2, 0]]
    )
    derivation = derive(run)
    check_every_number(derivation, run)
    repeated = derivation.by_id["embedding_1.weight.example_gradient[0,1]"]
    assert [s.indices for s in repeated.expression.symbols()] == [(0, 1), (2, 1)], "token 0 stands at steps 0 and 2"
    assert derivation.by_id["embedding_1.weight.example_gradient[1,0]"].value == 0.0
    for name in run.parameters():
        found = paths(run, name, 0)
        assert abs(found.total - found.gradient) <= 1e-9
    with pytest.raises(engine.errors.ConfigurationError, match="names, not amounts"):
        wiggle(run, ("input", 0), 0.1)


# Big layers: one unit, and what leads to it.


def big(**options) -> Run:
    layers = (engine.Conv2D(4, 5, activation="relu"), engine.MaxPool2D(2), engine.Flatten(), engine.Dense(40, "tanh"))
    return LayerCase((1, 14, 14), (*layers, engine.Dense(2)), batch=2).start(**options)


def test_of_a_big_layer_the_unit_that_is_asked_for_is_opened():
    run = big()
    derivation = derive(run, focus={"conv2d_1": (3, 4, 2)}, terms=30)
    check_every_number(derivation, run)
    window = derivation.by_id["conv2d_1.pre_activation[3,4,2]"]
    assert len(list(window.expression.symbols())) == 2 * 25 + 1
    pixels = {s.indices for s in window.expression.symbols() if s.name == "x"}
    assert pixels == {(0, 4 + k, 2 + m) for k in range(5) for m in range(5)}
    assert derivation.focus["conv2d_1"] == (3, 4, 2)
    assert len([o for o in derivation.operations if o.kind == "convolve"]) == 1
    assert len(derivation.phase("gradient")) < 1000


def test_of_a_big_parameter_the_number_that_is_asked_for_is_listed():
    run = big()
    place = (39, 1)
    listed = "dense_1.weight.update[39,1]"
    assert sum(o.id.startswith("dense_1.weight.update") for o in derive(run).operations) == 24
    asked = derive(run, focus={"dense_1.weight": place})
    check_every_number(asked, run)
    assert listed in asked.by_id
    with pytest.raises(engine.errors.ConfigurationError, match="index into dense_1.weight"):
        derive(run, focus={"dense_1.weight": (99, 0)})


def test_without_a_wish_the_opened_units_lead_to_one_another():
    layers = (engine.Conv2D(8, 3, activation="relu"), engine.MaxPool2D(2), engine.Flatten(), engine.Dense(1))
    run = LayerCase((1, 14, 14), layers, batch=2).start()
    derivation = derive(run)
    check_every_number(derivation, run)
    (pooled,) = [o for o in derivation.operations if o.id.startswith("max_pool2d_1.activation[")]
    (pixel,) = [o for o in derivation.operations if o.id.startswith("conv2d_1.activation[")]
    assert pixel.id in pooled.uses
    assert pixel.value == pooled.value, "the greatest of the window"


def test_long_sums_keep_the_largest_terms_and_say_the_rest():
    run = big()
    short = derive(run, terms=5).by_id["dense_1.pre_activation[0]"]
    long = derive(run, terms=1000).by_id["dense_1.pre_activation[0]"]
    (rest,) = [s for s in short.expression.symbols() if s.name == "rest"]
    assert isinstance(rest, Symbol)
    assert rest.elided == len(long.expression.parts()) - 4
    assert short.expression.evaluate() == pytest.approx(long.expression.evaluate(), rel=1e-12)
    sizes = [abs(term.evaluate()) for term in long.expression.parts()]
    kept = [abs(term.evaluate()) for term in short.expression.parts()[:-1]]
    assert sorted(kept) == sorted(sizes)[-4:]
    assert short.uses == long.uses


def test_a_kernel_weight_is_the_sum_over_the_places_where_it_is_used():
    run = big()
    found = paths(run, "conv2d_1.weight", (1, 0, 2, 3), most=5)
    (where, *layers) = found.groups
    assert len(where.through) == 100
    assert [group.quantity for group in layers][-1] == "dense_2.pre_activation"
    assert found.count > 1000
    assert abs(found.total - found.gradient) <= 1e-9
