"""Embedding and recurrent layers in JAX: f(name, layer, parameters, x), [batch, time, ...] -> [batch, (time,) units].

A scan over time, with one example a lane of the products; unrolled, the LSTM's step takes half as long again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import sigmoid

Parameters = dict[str, jax.Array]
Layer = dict[str, Any]


def embedding(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    return parameters[f"{name}.weight"][x.astype(int)]


def states(layer: Layer, step: Callable, start: Any, z: jax.Array) -> jax.Array:
    """What `step` makes of z [batch, time, ...], from a state of zeros."""
    _, h = jax.lax.scan(step, start, jnp.swapaxes(z, 0, 1))
    return jnp.swapaxes(h, 0, 1) if layer["return_sequences"] else h[-1]


def zeros(layer: Layer, x: jax.Array) -> jax.Array:
    return jnp.zeros((len(x), layer["units"]), x.dtype)


def simple_rnn(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    weight_ih, weight_hh, bias = (parameters[f"{name}.{p}"] for p in ("weight_ih", "weight_hh", "bias"))
    function = {"tanh": jnp.tanh, "relu": jax.nn.relu}[layer["activation"]["name"]]

    def step(h, z):
        h = function(z + h @ weight_hh.T)
        return h, h

    return states(layer, step, zeros(layer, x), x @ weight_ih.T + bias)


def lstm(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    weight_ih, weight_hh, bias = (parameters[f"{name}.{p}"] for p in ("weight_ih", "weight_hh", "bias"))

    def step(state, z):
        h, cell = state
        i, f, g, o = jnp.split(z + h @ weight_hh.T, 4, axis=-1)
        cell = sigmoid(f) * cell + sigmoid(i) * jnp.tanh(g)
        h = sigmoid(o) * jnp.tanh(cell)
        return (h, cell), h

    return states(layer, step, (zeros(layer, x),) * 2, x @ weight_ih.T + bias)


def gru(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    weight_ih, weight_hh = parameters[f"{name}.weight_ih"], parameters[f"{name}.weight_hh"]
    bias_ih, bias_hh = parameters[f"{name}.bias_ih"], parameters[f"{name}.bias_hh"]

    def step(h, a):
        (a_r, a_z, a_n), (u_r, u_z, u_n) = (jnp.split(part, 3, axis=-1) for part in (a, h @ weight_hh.T + bias_hh))
        z = sigmoid(a_z + u_z)
        h = (1 - z) * jnp.tanh(a_n + sigmoid(a_r + u_r) * u_n) + z * h
        return h, h

    return states(layer, step, zeros(layer, x), x @ weight_ih.T + bias_ih)


LAYERS = {"embedding": embedding, "simple_rnn": simple_rnn, "lstm": lstm, "gru": gru}
