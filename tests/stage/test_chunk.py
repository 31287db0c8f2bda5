"""The binary chunk: bytes made in Python, and the engine's own, read in the browser."""

from __future__ import annotations

import base64

import numpy as np
import pytest

import engine
from tests.stage.conftest import Run, dense_fields, make_chunk

READ = "const buffer = Uint8Array.from(atob(a), (c) => c.charCodeAt(0)).buffer;"


def encoded(chunk: bytes) -> str:
    return base64.b64encode(chunk).decode()


def test_every_field_comes_back_frame_by_frame(run: Run, rng: np.random.Generator) -> None:
    fields, layers = dense_fields([2, 3, 1], 4, rng)
    body = (
        READ
        + """
      const chunk = m.decodeChunk(buffer), out = {};
      for (const name of chunk.fields.keys()) out[name] = [...m.values({chunk, index: 2}, name)];
      return out;"""
    )
    read = run("chunk.js", body, encoded(make_chunk(fields, layers=layers)))
    assert set(read) == set(fields)
    for name, array in fields.items():
        np.testing.assert_array_equal(np.float32(read[name]), np.float32(array[2]).ravel(), err_msg=name)


def test_the_engines_own_film_is_read(run: Run) -> None:
    network = engine.Network((2,), [engine.Dense(3, activation="tanh"), engine.Dense(1)], loss="binary_cross_entropy")
    data = engine.datasets.load("circle", n=40)
    experiment = engine.Experiment(network, data, optimiser=engine.SGD(0.1), regime=engine.MiniBatch(10), seed=1)
    trace = experiment.start().trace(5, every=2, follow=3)
    body = (
        READ
        + """
      const chunk = m.decodeChunk(buffer), frame = {chunk, index: 1};
      return {header: chunk.header, weight: [...m.values(frame, 'dense_1.weight')], loss: m.scalar(frame,
        'train_loss')};"""
    )
    read = run("chunk.js", body, encoded(trace.to_bytes()))
    assert (read["header"]["every"], read["header"]["follow"]["index"]) == (2, 3)
    np.testing.assert_array_equal(np.float32(read["weight"]), np.float32(trace["dense_1.weight"][1]).ravel())
    assert np.float32(read["loss"]) == np.float32(trace["train_loss"][1])


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (b"", 'invalid chunk: ""'),
        (b"PNG1" + bytes(8), 'invalid chunk: "PNG1"'),
        (make_chunk({}, version=2), "invalid chunk version: 2"),
        (make_chunk({"train_loss": np.zeros(3)})[:-4], "invalid chunk: ends inside field train_loss"),
    ],
)
def test_a_damaged_chunk_is_refused_by_name(run: Run, chunk: bytes, message: str) -> None:
    body = READ + "try { m.decodeChunk(buffer) } catch (e) { return e.message }"
    assert run("chunk.js", body, encoded(chunk)) == message


def test_a_field_that_is_not_there_is_null(run: Run) -> None:
    body = (
        READ
        + "const chunk = m.decodeChunk(buffer), frame = {chunk, index: 0};"
        + "return [m.values(frame, 'no'), m.scalar(frame, 'no') ?? null]"
    )
    assert run("chunk.js", body, encoded(make_chunk({"train_loss": np.zeros(1)}))) == [None, None]
