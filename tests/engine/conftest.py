"""What the engine's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def jax() -> Iterator[ModuleType]:
    """JAX on the CPU in x64. Only a machine without it may skip, and never in CI."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    if not os.environ.get("CI"):
        pytest.importorskip("jax", reason="JAX is not installed: pip install '.[test]'")
    import jax

    before = jax.config.read("jax_enable_x64")
    jax.config.update("jax_enable_x64", True)
    yield jax
    jax.config.update("jax_enable_x64", before)
