"""The same training, by the engine and by others.

A peer is a class whose objects hold a network in training. It is made from a task (a dictionary with the experiment:
"network", "layers", "optimiser" as the engine's `to_dict()` writes them, "batch") and from arrays ("x", "y" and the
first value of each parameter). It has

    losses(steps) -> list of the batch losses of that many further updates
    run(steps)    the same updates, as fast as the peer can, losses kept but not read

and its class has `kind`, which says what is measured.
"""

from __future__ import annotations

import importlib
from typing import Any

PEERS = {
    "engine": ("engine_peer", "EnginePeer"),
    "torch": ("torch_peer", "TorchPeer"),
    "jax_step": ("jax_peer", "JaxStepPeer"),
    "jax_scan": ("jax_peer", "JaxScanPeer"),
}
# the same for landscapes: losses(1) is the whole grid, run(n) makes n of them
SURFACES = {
    "engine_surface": ("engine_surface", "EngineSurface"),
    "torch_loop": ("torch_surface", "TorchLoop"),
    "torch_vmap": ("torch_surface", "TorchVmap"),
    "jax_map": ("jax_surface", "JaxMap"),
    "jax_vmap": ("jax_surface", "JaxVmap"),
}


def peer_class(name: str) -> Any:
    """The class of a peer; ImportError where its library is not installed."""
    module, attribute = (PEERS | SURFACES)[name]
    return getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
