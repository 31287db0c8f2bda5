"""Networks out of this project: as ONNX, and as text for PyTorch, Keras and JAX.

    engine.export.code.pytorch(network)                 # text; loads what engine.weights.save(run, "weights.npz") wrote
    engine.export.onnx.save(run, "network.onnx")        # needs the extra "onnx"

Map: `writer` (walks through a network's layers) -> `pytorch`, `keras`, `jax` (text; `code` is their front) and `onnx`
(a graph). Each has one small function a kind of layer, in a registry by the layer's name. To add a layer: write these
functions; `tests/engine/test_export.py` compares what comes out with the engine, and fails where one is missing.
"""

from engine.export import code, onnx

__all__ = ["code", "onnx"]
