"""What attention must do whatever its weights: rows that sum to one, causality, equivariance; and what it shows."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from tests import naive_attention
from tests.layer_cases import LayerCase
from tests.strategies import worst_error

CASE = LayerCase((5, 3), (engine.Dense(6), engine.SelfAttention(2), engine.Dense(2)))
CAUSAL = LayerCase((5, 3), (engine.Dense(6), engine.SelfAttention(2, causal=True), engine.Dense(2)))


def quantities(case: LayerCase, *names: str) -> list[np.ndarray]:
    trace = case.start().trace(1, follow=1)
    return [trace[f"self_attention_1.{name}"][0] for name in names]


@pytest.mark.parametrize("case", [CASE, CAUSAL], ids=["both ways", "causal"])
def test_weights_are_the_softmax_of_scores(case):
    query, key, scores, weights = quantities(case, "query", "key", "scores", "weights")
    assert (query.shape, scores.shape, weights.shape) == ((2, 5, 3), (2, 5, 5), (2, 5, 5))
    np.testing.assert_allclose(scores, query @ key.transpose(0, 2, 1) / np.sqrt(3), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(weights.sum(axis=2), 1.0, rtol=1e-12)
    seen = np.tri(5) if case is CAUSAL else np.ones((5, 5))
    powers = np.exp(scores) * seen
    np.testing.assert_allclose(weights, powers / powers.sum(axis=2, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize("case", [CASE, CAUSAL], ids=["both ways", "causal"])
def test_deltas_follow_the_chain_rule(case):
    """From dL/dattended down to dL/dquery, dL/dkey, dL/dvalue, each from the one above."""
    query, key, value, weights, attended = quantities(case, "query", "key", "value", "weights", "attended.delta")
    dy = attended.reshape(5, 2, 3).transpose(1, 0, 2)
    dweights, dscores = quantities(case, "weights.delta", "scores.delta")
    np.testing.assert_allclose(dweights, dy @ value.transpose(0, 2, 1), rtol=1e-11, atol=1e-15)
    expected = weights * (dweights - (weights * dweights).sum(axis=2, keepdims=True))
    np.testing.assert_allclose(dscores, expected, rtol=1e-11, atol=1e-15)
    dquery, dkey, dvalue = quantities(case, "query.delta", "key.delta", "value.delta")
    np.testing.assert_allclose(dvalue, weights.transpose(0, 2, 1) @ dy, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(dquery, dscores @ key / np.sqrt(3), rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(dkey, dscores.transpose(0, 2, 1) @ query / np.sqrt(3), rtol=1e-11, atol=1e-15)


def test_causal_attention_does_not_see_the_future():
    run, later = CAUSAL.start(), CAUSAL.x.copy()
    later[:, 3:] += 10.0
    before, after = run.forward(CAUSAL.x), run.forward(later)
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert not np.allclose(before[:, 3:], after[:, 3:])
    assert not np.allclose(CASE.start().forward(later)[:, :3], CASE.start().forward(CASE.x)[:, :3])


def test_attention_knows_no_order_but_by_positional_encoding():
    order = np.array([3, 0, 4, 1, 2])
    run = CASE.start()
    np.testing.assert_allclose(run.forward(CASE.x[:, order]), run.forward(CASE.x)[:, order], rtol=1e-10, atol=1e-12)
    placed = LayerCase((5, 4), (engine.PositionalEncoding(), engine.SelfAttention(2)))
    run = placed.start()
    assert not np.allclose(run.forward(placed.x[:, order]), run.forward(placed.x)[:, order])


@pytest.mark.parametrize("features", [1, 2, 5, 8])
def test_positional_encoding_is_vaswanis(features):
    case = LayerCase((6, features), (engine.PositionalEncoding(),))
    added = case.start().forward(case.x) - case.x
    expected = [[naive_attention.encoding(t, k, features) for k in range(features)] for t in range(6)]
    np.testing.assert_allclose(added, np.broadcast_to(expected, added.shape), rtol=1e-12, atol=1e-14)


def test_heads_are_attentions_side_by_side():
    """Two heads of three features each are two attentions of one head, on slices of the projections."""
    run = CASE.start()
    arrays = {name.removeprefix("self_attention_1."): value for name, value in CASE.arrays.items()}
    x = run.trace(1, follow=0)["dense_1.activation"]
    projected = naive_attention.dense(arrays["in_proj.weight"], arrays["in_proj.bias"], x)
    query, key, value = np.split(projected, 3, axis=2)
    parts = [
        naive_attention.attention(query[0, :, part], key[0, :, part], value[0, :, part], causal=False)[0]
        for part in (slice(0, 3), slice(3, 6))
    ]
    attended = CASE.start().trace(1, follow=0)["self_attention_1.attended"][0]
    np.testing.assert_allclose(attended, np.concatenate(parts, axis=1), rtol=1e-12, atol=1e-14)


def test_a_residual_branch_of_zeros_changes_nothing():
    case = LayerCase((4, 3), (engine.Dense(6), engine.TransformerBlock(2), engine.Dense(2)))
    plain = LayerCase((4, 3), (engine.Dense(6), engine.Dense(2)))
    run, other = case.start(), plain.start()
    ends = ("self_attention_1.out_proj", "dense_2")
    for name in (f"transformer_block_1.{end}.{kind}" for end in ends for kind in ("weight", "bias")):
        run.set_parameters({name: np.zeros(run.parameters()[name].shape)})
    other.set_parameters({name: value for name, value in case.arrays.items() if name in other.parameters()})
    np.testing.assert_allclose(run.forward(case.x), other.forward(case.x), rtol=1e-13)
    found = {name: value for name, value in run.gradients(case.x, case.y).items() if name in other.parameters()}
    assert worst_error(found, other.gradients(case.x, case.y)) < 1e-12


@pytest.mark.slow
def test_a_transformer_learns_to_reverse():
    """Eight tokens of six, told by one-hot vectors: every one of 500 unseen sequences comes out the other way round."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 6, (2500, 8))
    x, y = np.eye(6)[tokens], tokens[:, ::-1].astype(float)
    data = engine.Dataset(x[:2000], y[:2000], x[2000:], y[2000:], task="regression")
    layers = [engine.Dense(32), engine.PositionalEncoding(), engine.TransformerBlock(2), engine.Dense(6)]
    network = engine.Network((8, 6), layers, "categorical_cross_entropy")
    run = engine.Experiment(network, data, engine.Adam(0.003), engine.MiniBatch(32), seed=0).start()
    run.train(epochs=20)
    right = run.forward(x[2000:]).argmax(axis=2) == y[2000:]
    assert right.all(axis=1).mean() > 0.99
    weights = run.trace(1, follow=0)["transformer_block_1.self_attention_1.weights"][0]
    assert weights[:, np.arange(8), 7 - np.arange(8)].sum(axis=0).min() > 0.5  # it looks where the token is
