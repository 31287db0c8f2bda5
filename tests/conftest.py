"""A strict test room: a NumPy overflow or an invalid operation is an error unless a test says otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser import browser

__all__ = ["browser"]  # a fixture of every folder below


@pytest.fixture(autouse=True)
def strict_numbers():
    """Floating-point trouble in NumPy raises; underflow to zero is no trouble."""
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    """The tests' own random numbers, the same in every run."""
    return np.random.default_rng(20261123)
