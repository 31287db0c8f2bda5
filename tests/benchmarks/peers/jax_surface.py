"""The landscape in JAX: one compiled function, by `lax.map` over the points, or by `vmap` over a row of them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks.peers.jax_peer import LAYERS, LOSSES


class JaxSurface:
    def __init__(self, task: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        x, y = jnp.asarray(arrays["x"]), jnp.asarray(arrays["y"])
        centre, first, second = (
            {
                name.partition("/")[2]: jnp.asarray(array)
                for name, array in arrays.items()
                if name.startswith(f"{part}/")
            }
            for part in ("centre", "first", "second")
        )

        def height(point: jax.Array) -> jax.Array:
            moved = jax.tree.map(lambda c, u, v: c + point[0] * u + point[1] * v, centre, first, second)
            output = x
            for name, layer in task["layers"]:
                output = LAYERS[layer["name"]](name, layer, moved, output)
            return LOSSES[task["network"]["loss"]["name"]](output, y)

        self.points = jnp.asarray(arrays["points"])
        self.compiled = jax.jit(lambda points: self.all(height, points))

    def losses(self, steps: int) -> list[float]:
        return [float(height) for height in np.ravel(self.compiled(self.points))]

    def run(self, steps: int) -> None:
        for _ in range(steps):
            jax.block_until_ready(self.compiled(self.points))

    def all(self, height: Any, points: jax.Array) -> jax.Array:
        """The loss at every point."""
        raise NotImplementedError


class JaxMap(JaxSurface):
    kind = "jit of lax.map"

    def all(self, height: Any, points: jax.Array) -> jax.Array:
        return jax.lax.map(height, points.reshape(-1, 2))


class JaxVmap(JaxSurface):
    kind = "jit of vmap, a row a time"

    def all(self, height: Any, points: jax.Array) -> jax.Array:
        return jax.lax.map(jax.vmap(height), points)
