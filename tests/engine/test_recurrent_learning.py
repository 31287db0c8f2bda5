"""What recurrent networks can learn, from scratch with a fixed seed. End to end."""

from __future__ import annotations

import numpy as np
import pytest

import engine

pytestmark = pytest.mark.slow

# William Shakespeare, Sonnet 18, 1609
SONNET = """shall i compare thee to a summer's day?
thou art more lovely and more temperate:
rough winds do shake the darling buds of may,
and summer's lease hath all too short a date:
sometime too hot the eye of heaven shines,
and often is his gold complexion dimmed;
and every fair from fair sometime declines,
by chance or nature's changing course untrimmed;
but thy eternal summer shall not fade
nor lose possession of that fair thou ow'st;
nor shall death brag thou wander'st in his shade,
when in eternal lines to time thou grow'st;
so long as men can breathe or eyes can see,
so long lives this, and this gives life to thee.
"""
ALPHABET = sorted(set(SONNET))
WINDOW = 24


def recall(count: int, rng: np.random.Generator, delay: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """One of four symbols, then distractors for `delay` steps; what was the symbol? Chance is one in four."""
    symbols, distractors = rng.integers(0, 4, (count, 1)), rng.integers(4, 8, (count, delay))
    return np.concatenate([symbols, distractors], axis=1), symbols[:, 0]


@pytest.mark.parametrize(
    ("layer", "solves"),
    [(engine.SimpleRNN(24), False), (engine.LSTM(24, forget_bias=3.0), True), (engine.GRU(24), True)],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_memory_of_thirty_steps(layer, solves):
    rng = np.random.default_rng(1)
    data = engine.Dataset(*recall(2000, rng), *recall(500, rng), classes=4)
    layers = [engine.Embedding(8, 8), layer, engine.Dense(4)]
    network = engine.Network((31,), layers, "categorical_cross_entropy")
    run = engine.Experiment(network, data, engine.Adam(0.01), engine.MiniBatch(32), seed=0).start()
    run.step(2000)
    assert run.test_accuracy() > 0.99 if solves else run.test_accuracy() < 0.4


def windows() -> tuple[np.ndarray, np.ndarray]:
    """Every window of the sonnet, and the same one character later."""
    tokens = np.array([ALPHABET.index(character) for character in SONNET])
    every = np.lib.stride_tricks.sliding_window_view(tokens, WINDOW)
    return every[:-1], every[1:]


def continued(run: engine.run.Run, beginning: str, length: int) -> str:
    """The text that the network thinks most likely to follow."""
    text = beginning
    while len(text) < length:
        tokens = [ALPHABET.index(character) for character in text[-WINDOW:]]
        text += ALPHABET[int(run.forward([tokens])[0, -1].argmax())]
    return text


@pytest.mark.parametrize("layer", [engine.LSTM, engine.GRU])
def test_a_character_model_writes_like_its_text(layer):
    x, y = windows()
    layers = [engine.Embedding(len(ALPHABET), 16), layer(64, return_sequences=True), engine.Dense(len(ALPHABET))]
    network = engine.Network((WINDOW,), layers, "categorical_cross_entropy")
    run = engine.Experiment(network, engine.Dataset(x, y, x, y), engine.Adam(0.005), engine.MiniBatch(32)).start()
    assert run.train_loss() == pytest.approx(np.log(len(ALPHABET)), rel=0.1)
    run.train(epochs=40)
    written = continued(run, SONNET[100 : 100 + WINDOW], 400)
    words = written.split()[1:-1]
    known = set(SONNET.split())
    assert np.mean([word in known for word in words]) > 0.95
    assert (run.forward(x)[:, -1].argmax(axis=-1) == y[:, -1]).mean() > 0.98
