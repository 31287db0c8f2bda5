"""JAX: a compiled update called once a step, and a compiled scan over many steps."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks.peers import jax_attention, jax_recurrent

ACTIVATIONS = {"identity": lambda z: z, "relu": jax.nn.relu, "tanh": jnp.tanh}


def dense(name: str, layer: dict[str, Any], parameters: dict, x: jax.Array) -> jax.Array:
    z = x @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]
    return ACTIVATIONS[layer["activation"]["name"]](z)


def conv2d(name: str, layer: dict[str, Any], parameters: dict, x: jax.Array) -> jax.Array:
    padding = 2 * [2 * (layer["padding"],)]
    z = jax.lax.conv_general_dilated(x, parameters[f"{name}.weight"], 2 * (layer["stride"],), padding)
    return ACTIVATIONS[layer["activation"]["name"]](z + parameters[f"{name}.bias"][:, None, None])


def max_pool2d(name: str, layer: dict[str, Any], parameters: dict, x: jax.Array) -> jax.Array:
    window = (1, 1, layer["size"], layer["size"])
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")


def flatten(name: str, layer: dict[str, Any], parameters: dict, x: jax.Array) -> jax.Array:
    return x.reshape(len(x), -1)


LAYERS = {
    "dense": dense,
    **jax_recurrent.LAYERS,
    **jax_attention.LAYERS,
    "conv2d": conv2d,
    "max_pool2d": max_pool2d,
    "flatten": flatten,
}


def mean_squared_error(output: jax.Array, y: jax.Array) -> jax.Array:
    return ((output - y) ** 2).mean()


def categorical_cross_entropy(output: jax.Array, y: jax.Array) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(output), y[..., None].astype(int), axis=-1).mean()


LOSSES = {"mean_squared_error": mean_squared_error, "categorical_cross_entropy": categorical_cross_entropy}


def sgd(options: dict[str, Any], state: tuple, gradients: dict) -> tuple:
    parameters, moments, t = state
    rate = options["learning_rate"]
    return jax.tree.map(lambda p, g: p - rate * g, parameters, gradients), moments, t + 1


def adam(options: dict[str, Any], state: tuple, gradients: dict) -> tuple:
    parameters, (m, v), t = state
    (b1, b2), rate, epsilon = options["betas"], options["learning_rate"], options["epsilon"]
    t = t + 1
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, gradients)
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, gradients)

    first, second = (-jnp.expm1(t * math.log(b)) for b in (b1, b2))  # 1 - b^t, without cancellation

    def moved(p, m, v):
        return p - rate * (m / first) / (jnp.sqrt(v / second) + epsilon)

    return jax.tree.map(moved, parameters, m, v), (m, v), t


OPTIMISERS = {"sgd": (sgd, 0), "adam": (adam, 2)}


class JaxPeer:
    def __init__(self, task: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        x, y, size = arrays.pop("x"), arrays.pop("y"), task["batch"]
        self.x = jnp.asarray(x.reshape(-1, size, *x.shape[1:]))
        self.y = jnp.asarray(y.reshape(-1, size, *y.shape[1:]))
        rule, moments = OPTIMISERS[task["optimiser"]["name"]]
        parameters = {name: jnp.asarray(array) for name, array in arrays.items()}
        zeros = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(moments)]
        self.state = (parameters, tuple(zeros), jnp.zeros((), jnp.float32))
        self.step = 0

        def loss_of(parameters, x, y):
            for name, layer in task["layers"]:
                x = LAYERS[layer["name"]](name, layer, parameters, x)
            return LOSSES[task["network"]["loss"]["name"]](x, y)

        def update(state, x, y):
            loss, gradients = jax.value_and_grad(loss_of)(state[0], x, y)
            return rule(task["optimiser"], state, gradients), loss

        self.update = update

    def losses(self, steps: int) -> list[float]:
        return [float(loss) for loss in np.ravel(self.advance(steps))]

    def run(self, steps: int) -> None:
        jax.block_until_ready(self.advance(steps))

    def advance(self, steps: int) -> Any:
        """That many updates; returns their losses."""
        raise NotImplementedError


class JaxStepPeer(JaxPeer):
    kind = "jit, one step a call"

    def __init__(self, task: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super().__init__(task, arrays)
        self.batches = list(zip(self.x, self.y, strict=True))
        self.compiled = jax.jit(self.update, donate_argnums=0)

    def advance(self, steps: int) -> list[jax.Array]:
        losses = []
        for _ in range(steps):
            x, y = self.batches[self.step % len(self.batches)]
            self.state, loss = self.compiled(self.state, x, y)
            losses.append(loss)
            self.step += 1
        return losses


class JaxScanPeer(JaxPeer):
    kind = "jit of lax.scan, n steps a call"

    @partial(jax.jit, static_argnums=(0, 3), donate_argnums=1)
    def scan(self, state, first, steps, xs, ys):
        def body(state, t):
            row = t % len(xs)
            return self.update(state, xs[row], ys[row])

        return jax.lax.scan(body, state, first + jnp.arange(steps))

    def advance(self, steps: int) -> jax.Array:
        self.state, losses = self.scan(self.state, self.step, steps, self.x, self.y)
        self.step += steps
        return losses
