"""The slow, obvious twins of positional encoding and self-attention, and of chains and sums of layers: plain loops.

x is [batch, time, features] (chains: [batch, ...]); parameters are the engine's dictionary of arrays.
"""

from __future__ import annotations

import math

import numpy as np

from tests import naive, naive_normalisation
from tests.naive import Choice
from tests.naive_normalisation import Arrays


def encoding(t: int, feature: int, features: int) -> float:
    """sin or cos of t / 10000^(2i / features), for the features 2i and 2i + 1."""
    angle = t / 10000 ** (feature // 2 * 2 / features)
    return math.cos(angle) if feature % 2 else math.sin(angle)


def positional_encoding(x: np.ndarray) -> np.ndarray:
    y = np.zeros(x.shape)
    for b, t, k in np.ndindex(x.shape):
        y[b, t, k] = x[b, t, k] + encoding(t, k, x.shape[2])
    return y


def dense(weight: np.ndarray, bias: np.ndarray, x: np.ndarray) -> np.ndarray:
    """z = W x + b at every time step (or of every example)."""
    z = np.zeros((*x.shape[:-1], len(weight)))
    for index in np.ndindex(z.shape):
        z[index] = bias[index[-1]] + sum(w * v for w, v in zip(weight[index[-1]], x[index[:-1]], strict=True))
    return z


def dense_backward(weight: np.ndarray, x: np.ndarray, dz: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dL/dx, dL/dW, dL/db."""
    dx, dweight, dbias = np.zeros(x.shape), np.zeros(weight.shape), np.zeros(len(weight))
    for index in np.ndindex(dz.shape):
        place, out = index[:-1], index[-1]
        dbias[out] += dz[index]
        for k in range(x.shape[-1]):
            dweight[out, k] += dz[index] * x[(*place, k)]
            dx[(*place, k)] += dz[index] * weight[out, k]
    return dx, dweight, dbias


def attention(query: np.ndarray, key: np.ndarray, value: np.ndarray, causal: bool) -> tuple[np.ndarray, list]:
    """One head of one example, [time, d] each: y[t] = sum_s weights[t][s] value[s]; and the weights."""
    steps, size = query.shape
    y, weights = np.zeros(query.shape), []
    for t in range(steps):
        seen = range(t + 1 if causal else steps)
        weights.append(naive.softmax([sum(query[t] * key[s]) / math.sqrt(size) for s in seen]))
        for s in seen:
            y[t] += weights[t][s] * value[s]
    return y, weights


def attention_backward(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, weights: list, dy: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dL/dquery, dL/dkey, dL/dvalue of one head of one example."""
    dquery, dkey, dvalue = np.zeros(query.shape), np.zeros(key.shape), np.zeros(value.shape)
    scale = math.sqrt(query.shape[1])
    for t, row in enumerate(weights):
        dweights = [sum(dy[t] * value[s]) for s in range(len(row))]
        mean = sum(w * d for w, d in zip(row, dweights, strict=True))
        for s, w in enumerate(row):
            dscore = w * (dweights[s] - mean)
            dquery[t] += dscore * key[s] / scale
            dkey[s] += dscore * query[t] / scale
            dvalue[s] += w * dy[t]
    return dquery, dkey, dvalue


def heads_of(layer: Choice, projected: np.ndarray, b: int, head: int) -> list[np.ndarray]:
    """Query, key and value of one head of one example, as views of [batch, time, 3 features]."""
    features = projected.shape[2] // 3
    size = features // layer["heads"]
    return [projected[b, :, start : start + size] for start in range(head * size, 3 * features, features)]


def self_attention(layer: Choice, parameters: Arrays, name: str, x: np.ndarray) -> tuple[np.ndarray, dict]:
    projected = dense(parameters[f"{name}.in_proj.weight"], parameters[f"{name}.in_proj.bias"], x)
    parts, weights = [], {}
    for b in range(len(x)):
        ys = []
        for head in range(layer["heads"]):
            y, weights[b, head] = attention(*heads_of(layer, projected, b, head), layer["causal"])
            ys.append(y)
        parts.append(np.concatenate(ys, axis=1))
    attended = np.array(parts)
    y = dense(parameters[f"{name}.out_proj.weight"], parameters[f"{name}.out_proj.bias"], attended)
    return y, {"x": x, "projected": projected, "weights": weights, "attended": attended}


def self_attention_backward(
    layer: Choice, parameters: Arrays, name: str, tape: dict, dy: np.ndarray
) -> tuple[np.ndarray, Arrays]:
    projected, gradients = tape["projected"], {}
    dattended, *outer = dense_backward(parameters[f"{name}.out_proj.weight"], tape["attended"], dy)
    gradients[f"{name}.out_proj.weight"], gradients[f"{name}.out_proj.bias"] = outer
    dprojected = np.zeros(projected.shape)
    size = dy.shape[2] // layer["heads"]
    for (b, head), weights in tape["weights"].items():
        delta = dattended[b, :, head * size : (head + 1) * size]
        found = attention_backward(*heads_of(layer, projected, b, head), weights, delta)
        for place, part in zip(heads_of(layer, dprojected, b, head), found, strict=True):
            place[...] = part
    dx, *inner = dense_backward(parameters[f"{name}.in_proj.weight"], tape["x"], dprojected)
    gradients[f"{name}.in_proj.weight"], gradients[f"{name}.in_proj.bias"] = inner
    return dx, gradients


# Layers made of layers. `draw` gives a dropout's mask: (name, rate, shape) -> array.


def numbered(layers: list[Choice], within: str = "") -> list[tuple[str, Choice]]:
    """("dense_1", layer), ...: numbered within their kind."""
    kinds = [layer["name"] for layer in layers]
    return [(f"{within}{kind}_{kinds[: n + 1].count(kind)}", layers[n]) for n, kind in enumerate(kinds)]


def block(layer: Choice, within: str, features: int) -> list:
    """A transformer block as its layers, where a list in it is a branch that goes past."""
    attend = {"name": "self_attention", "heads": layer["heads"], "causal": layer["causal"]}
    norm = {"name": "layer_norm", "epsilon": 1e-5}
    wide = {"name": "dense", "units": layer["ff_units"] or 4 * features, "activation": layer["activation"]}
    narrow = {"name": "dense", "units": features, "activation": {"name": "identity"}}
    if layer["norm_first"]:
        n1, a, n2, d1, d2 = numbered([norm, attend, norm, wide, narrow], within)
        return [[n1, a], [n2, d1, d2]]
    a, n1, d1, d2, n2 = numbered([attend, norm, wide, narrow, norm], within)
    return [[a], n1, [d1, d2], n2]


def forward(chain: list, parameters: Arrays, x: np.ndarray, draw) -> tuple[np.ndarray, list]:
    """Output and tape of layers one after the other; a list among them is a branch: x + f(x)."""
    tapes = []
    for part in chain:
        if isinstance(part, list):
            y, tape = forward(part, parameters, x, draw)
            x, tape = x + y, {"branch": tape}
        else:
            x, tape = layer_forward(*part, parameters, x, draw)
        tapes.append(tape)
    return x, tapes


def backward(chain: list, parameters: Arrays, tapes: list, dy: np.ndarray) -> tuple[np.ndarray, Arrays]:
    gradients: Arrays = {}
    for part, tape in zip(reversed(chain), reversed(tapes), strict=True):
        if isinstance(part, list):
            dx, found = backward(part, parameters, tape["branch"], dy)
            dy = dy + dx
        else:
            dy, found = layer_backward(*part, parameters, tape, dy)
        gradients |= found
    return dy, gradients


def layer_forward(name: str, layer: Choice, parameters: Arrays, x: np.ndarray, draw) -> tuple[np.ndarray, dict]:
    kind = layer["name"]
    if kind in ("layer_norm", "batch_norm"):
        return naive_normalisation.forward(layer, parameters, name, x)
    if kind == "self_attention":
        return self_attention(layer, parameters, name, x)
    if kind == "positional_encoding":
        return positional_encoding(x), {}
    if kind == "dropout":
        mask = draw(name, layer["rate"], x.shape)
        return x * mask, {"mask": mask}
    if kind in ("residual", "transformer_block"):
        within = f"{name}."
        inner = [numbered(layer["layers"], within)] if kind == "residual" else block(layer, within, x.shape[-1])
        y, tapes = forward(inner, parameters, x, draw)
        return y, {"inner": inner, "tapes": tapes}
    z = dense(parameters[f"{name}.weight"], parameters[f"{name}.bias"], x)
    a = np.array([naive.activate(layer, row) for row in z.reshape(-1, z.shape[-1])]).reshape(z.shape)
    return a, {"x": x, "z": z}


def layer_backward(
    name: str, layer: Choice, parameters: Arrays, tape: dict, dy: np.ndarray
) -> tuple[np.ndarray, Arrays]:
    kind = layer["name"]
    if kind in ("layer_norm", "batch_norm"):
        return naive_normalisation.backward(layer, parameters, name, tape, dy)
    if kind == "self_attention":
        return self_attention_backward(layer, parameters, name, tape, dy)
    if kind == "positional_encoding":
        return dy, {}
    if kind == "dropout":
        return dy * tape["mask"], {}
    if kind in ("residual", "transformer_block"):
        return backward(tape["inner"], parameters, tape["tapes"], dy)
    width = dy.shape[-1]
    rows = zip(tape["z"].reshape(-1, width), dy.reshape(-1, width), strict=True)
    dz = np.array([naive.activate_backward(layer, z, d) for z, d in rows]).reshape(dy.shape)
    dx, dweight, dbias = dense_backward(parameters[f"{name}.weight"], tape["x"], dz)
    return dx, {f"{name}.weight": dweight, f"{name}.bias": dbias}
