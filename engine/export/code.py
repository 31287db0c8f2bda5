"""A network as text that a person can run elsewhere: PyTorch, Keras or JAX.

Each text defines the network, `load_weights` (for the file that `engine.weights.save(run, "weights.npz")` writes) and
`loss`. The numbers that come out are the engine's, to rounding.
"""

from __future__ import annotations

from engine.errors import UnknownNameError
from engine.export import jax as jax_text
from engine.export import keras as keras_text
from engine.export import pytorch as pytorch_text
from engine.network import Network

__all__ = ["FRAMEWORKS", "jax", "keras", "pytorch", "write"]


def pytorch(network: Network) -> str:
    """A module `Network`, `load_weights(network, path)` and `loss(outputs, targets)`."""
    return pytorch_text.write(network)


def keras(network: Network) -> str:
    """`make_network()`, `load_weights(network, path)` and `loss(targets, outputs)`, for any backend of Keras 3."""
    return keras_text.write(network)


def jax(network: Network) -> str:
    """`load_weights(path)`, `network(weights, x)` and `loss(outputs, targets)`, without any library of layers."""
    return jax_text.write(network)


FRAMEWORKS = {"pytorch": pytorch, "keras": keras, "jax": jax}


def write(network: Network, framework: str) -> str:
    """The text for one of FRAMEWORKS."""
    if framework not in FRAMEWORKS:
        raise UnknownNameError("framework", framework, FRAMEWORKS)
    return FRAMEWORKS[framework](network)
