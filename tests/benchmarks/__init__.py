"""How fast the engine is beside its peers: `python -m tests.benchmarks [--quick] [--only PART] [--case NAME] ...`.

    cases.py        what is measured, and which ratio each peer must be left behind by: one entry a case
    worker.py       one process a peer, pinned to a core, that answers "losses of 30 steps" and "seconds of n steps"
    peers/          the same network, weights, batches and optimiser in the engine, in PyTorch and in JAX
    measuring.py    interleaved rounds; the ratio of a peer is the median over rounds of its time over ours
    landscapes.py   loss landscapes: the same, a grid of losses a round; and two threads beside one
    starting.py     cold and cached start of a fresh process
    __main__.py     the table, and an exit code that is not 0 when a bar is missed or losses differ

Everything runs on one core, in float32, and is timed in CPU seconds. Before anything is timed, every peer must have the
engine's losses over 30 steps. A new kind of layer needs a translation in each of `peers/torch_peer.py` and
`peers/jax_peer.py`; a new case of known layers only its entry in `cases.py`.
"""
