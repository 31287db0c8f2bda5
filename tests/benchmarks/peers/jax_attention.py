"""Normalisation, residual branches and attention in JAX: f(name, layer, parameters, x), in training."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Parameters = dict[str, jax.Array]
Layer = dict[str, Any]

ACTIVATIONS = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
}


def normalised(name: str, layer: Layer, parameters: Parameters, x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    n = (x - mean) / jnp.sqrt(variance + layer["epsilon"])
    shape = (-1, 1, 1) if x.ndim == 4 else (-1,)
    return n * parameters[f"{name}.weight"].reshape(shape) + parameters[f"{name}.bias"].reshape(shape)


def layer_norm(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    return normalised(name, layer, parameters, x, (-1,))


def batch_norm(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    return normalised(name, layer, parameters, x, {2: (0,), 3: (0, 1), 4: (0, 2, 3)}[x.ndim])


def positional_encoding(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    steps, features = x.shape[1:]
    angles = np.outer(np.arange(steps), 10000.0 ** -(np.arange(0, features, 2) / features))
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(steps, -1)
    return x + jnp.asarray(pairs[:, :features], x.dtype)


def self_attention(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    batch, steps, features = x.shape
    projected = x @ parameters[f"{name}.in_proj.weight"].T + parameters[f"{name}.in_proj.bias"]
    query, key, value = jnp.moveaxis(projected.reshape(batch, steps, 3, layer["heads"], -1), 2, 0)
    scores = jnp.einsum("bthi,bshi->bhts", query, key) / np.sqrt(query.shape[-1]).astype(x.dtype)
    if layer["causal"]:
        scores = jnp.where(np.tri(steps, dtype=bool), scores, -jnp.inf)
    mixed = jnp.einsum("bhts,bshi->bthi", jax.nn.softmax(scores), value).reshape(x.shape)
    return mixed @ parameters[f"{name}.out_proj.weight"].T + parameters[f"{name}.out_proj.bias"]


def feed_forward(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    hidden = x @ parameters[f"{name}.dense_1.weight"].T + parameters[f"{name}.dense_1.bias"]
    hidden = ACTIVATIONS[layer["activation"]["name"]](hidden)
    return hidden @ parameters[f"{name}.dense_2.weight"].T + parameters[f"{name}.dense_2.bias"]


def transformer_block(name: str, layer: Layer, parameters: Parameters, x: jax.Array) -> jax.Array:
    def norm(number: int, x: jax.Array) -> jax.Array:
        return layer_norm(f"{name}.layer_norm_{number}", {"epsilon": 1e-5}, parameters, x)

    def attention(x: jax.Array) -> jax.Array:
        return self_attention(f"{name}.self_attention_1", layer, parameters, x)

    if layer["norm_first"]:
        x = x + attention(norm(1, x))
        return x + feed_forward(name, layer, parameters, norm(2, x))
    x = norm(1, x + attention(x))
    return norm(2, x + feed_forward(name, layer, parameters, x))


LAYERS = {
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "positional_encoding": positional_encoding,
    "self_attention": self_attention,
    "transformer_block": transformer_block,
}
