"""The slow, obvious twin of the layers over time: embedding, simple recurrent, LSTM, GRU, in plain Python floats.

One example at a time. A sequence is a list over time of lists of numbers; a layer is its `to_dict()` with its kind
under "kind" and its full name ("lstm_1") under "name"; parameters are as in `tests/naive.py`. Forward gives a tape, one
dictionary a time step; backward takes dL/dh of every step (zeros where only the last is an output) and gives the
gradients, dL/dx of every step, and the tape's deltas: dL/d(each quantity).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests import naive
from tests.naive import Choice, Parameters, sigmoid, tanh

Sequences = list[list[float]]


def affine(parameters: Parameters, weight: str, bias: str | None, rows: int, x: Sequence[float]) -> list[float]:
    """b[k] + sum_i W[k, i] x_i for each row k of the matrix."""
    sums = []
    for k in range(rows):
        total = parameters[bias, k] if bias else 0.0
        for i, x_i in enumerate(x):
            total += parameters[weight, k, i] * x_i
        sums.append(total)
    return sums


def affine_backward(
    parameters: Parameters,
    gradients: Parameters,
    weight: str,
    bias: str | None,
    x: Sequence[float],
    delta: Sequence[float],
) -> list[float]:
    """Adds to the gradients of W and b; gives dL/dx."""
    dx = [0.0] * len(x)
    for k, d in enumerate(delta):
        if bias:
            gradients[bias, k] = gradients.get((bias, k), 0.0) + d
        for i, x_i in enumerate(x):
            gradients[weight, k, i] = gradients.get((weight, k, i), 0.0) + d * x_i
            dx[i] += d * parameters[weight, k, i]
    return dx


def plus(a: Sequence[float], b: Sequence[float]) -> list[float]:
    return [p + q for p, q in zip(a, b, strict=True)]


# One step forward: from x, h' and c' to a dictionary of quantities; and back: from dL/dh and dL/dc to those deltas.


def simple_rnn(layer: Choice, parameters: Parameters, x: list[float], before: dict) -> dict:
    name, units = layer["name"], layer["units"]
    z = plus(
        affine(parameters, f"{name}.weight_ih", f"{name}.bias", units, x),
        affine(parameters, f"{name}.weight_hh", None, units, before["hidden"]),
    )
    function, _ = naive.ACTIVATIONS[layer["activation"]["name"]]
    return {"pre_activation": z, "hidden": [function(z_k) for z_k in z]}


def simple_rnn_backward(
    layer: Choice, now: dict, before: dict, dh: list[float], dc: list[float]
) -> tuple[dict, list, list]:
    _, slope = naive.ACTIVATIONS[layer["activation"]["name"]]
    dz = [d * slope(z) for d, z in zip(dh, now["pre_activation"], strict=True)]
    return {"pre_activation": dz, "recurrent": dz}, [0.0] * len(dh), dc


def lstm(layer: Choice, parameters: Parameters, x: list[float], before: dict) -> dict:
    name, units = layer["name"], layer["units"]
    z = plus(
        affine(parameters, f"{name}.weight_ih", f"{name}.bias", 4 * units, x),
        affine(parameters, f"{name}.weight_hh", None, 4 * units, before["hidden"]),
    )
    i, f = [sigmoid(v) for v in z[:units]], [sigmoid(v) for v in z[units : 2 * units]]
    g, o = [tanh(v) for v in z[2 * units : 3 * units]], [sigmoid(v) for v in z[3 * units :]]
    cell = [f[k] * before["cell"][k] + i[k] * g[k] for k in range(units)]
    hidden = [o[k] * tanh(cell[k]) for k in range(units)]
    return {"pre_activation": z, "gates": i + f + g + o, "cell": cell, "hidden": hidden}


def lstm_backward(layer: Choice, now: dict, before: dict, dh: list[float], dc: list[float]) -> tuple[dict, list, list]:
    n = layer["units"]
    i, f, g, o = (now["gates"][k * n : (k + 1) * n] for k in range(4))
    dc = [dc[k] + dh[k] * o[k] * (1 - tanh(now["cell"][k]) ** 2) for k in range(n)]
    di, dg = [dc[k] * g[k] for k in range(n)], [dc[k] * i[k] for k in range(n)]
    df, do = [dc[k] * before["cell"][k] for k in range(n)], [dh[k] * tanh(now["cell"][k]) for k in range(n)]
    dgates = di + df + dg + do
    slopes = [s * (1 - s) for s in i + f] + [1 - s * s for s in g] + [s * (1 - s) for s in o]
    dz = [d * slope for d, slope in zip(dgates, slopes, strict=True)]
    deltas = {"pre_activation": dz, "recurrent": dz, "gates": dgates, "cell": dc}
    return deltas, [0.0] * n, [dc[k] * f[k] for k in range(n)]


def gru(layer: Choice, parameters: Parameters, x: list[float], before: dict) -> dict:
    name, n = layer["name"], layer["units"]
    a = affine(parameters, f"{name}.weight_ih", f"{name}.bias_ih", 3 * n, x)
    u = affine(parameters, f"{name}.weight_hh", f"{name}.bias_hh", 3 * n, before["hidden"])
    r, z = [sigmoid(a[k] + u[k]) for k in range(n)], [sigmoid(a[n + k] + u[n + k]) for k in range(n)]
    summed = [a[k] + u[k] for k in range(2 * n)] + [a[2 * n + k] + r[k] * u[2 * n + k] for k in range(n)]
    new = [tanh(v) for v in summed[2 * n :]]
    hidden = [(1 - z[k]) * new[k] + z[k] * before["hidden"][k] for k in range(n)]
    return {"pre_activation": summed, "gates": r + z + new, "recurrent": u, "hidden": hidden}


def gru_backward(layer: Choice, now: dict, before: dict, dh: list[float], dc: list[float]) -> tuple[dict, list, list]:
    n = layer["units"]
    r, z, new = (now["gates"][k * n : (k + 1) * n] for k in range(3))
    dz, dnew = [dh[k] * (before["hidden"][k] - new[k]) for k in range(n)], [dh[k] * (1 - z[k]) for k in range(n)]
    last = [dnew[k] * (1 - new[k] ** 2) for k in range(n)]
    dr = [last[k] * now["recurrent"][2 * n + k] for k in range(n)]
    first = [dr[k] * r[k] * (1 - r[k]) for k in range(n)] + [dz[k] * z[k] * (1 - z[k]) for k in range(n)]
    du = first + [last[k] * r[k] for k in range(n)]
    deltas = {"pre_activation": first + last, "recurrent": du, "gates": dr + dz + dnew}
    return deltas, [dh[k] * z[k] for k in range(n)], dc


STEPS: dict[str, tuple[Callable, Callable]] = {
    "simple_rnn": (simple_rnn, simple_rnn_backward),
    "lstm": (lstm, lstm_backward),
    "gru": (gru, gru_backward),
}
BIAS_HH = {"simple_rnn": None, "lstm": None, "gru": "bias_hh"}


def walk(layer: Choice, parameters: Parameters, xs: Sequences) -> list[dict]:
    """Forward through time from a state of zeros."""
    step, _ = STEPS[layer["kind"]]
    tape, before = [], zero_state(layer)
    for x in xs:
        before = step(layer, parameters, x, before) | {"input": x}
        tape.append(before)
    return tape


def zero_state(layer: Choice) -> dict:
    return {"hidden": [0.0] * layer["units"], "cell": [0.0] * layer["units"]}


def walk_backward(
    layer: Choice, parameters: Parameters, tape: list[dict], dhs: Sequences
) -> tuple[Parameters, Sequences, list[dict]]:
    """Back-propagation through time, last step first."""
    name, (_, step_backward) = layer["name"], STEPS[layer["kind"]]
    first_bias = f"{name}.bias_ih" if BIAS_HH[layer["kind"]] else f"{name}.bias"
    second_bias = f"{name}.bias_hh" if BIAS_HH[layer["kind"]] else None
    gradients: Parameters = {}
    dxs, deltas = [], []
    from_next, dc = [0.0] * layer["units"], [0.0] * layer["units"]
    for t in range(len(tape) - 1, -1, -1):
        before = tape[t - 1] if t > 0 else zero_state(layer)
        dh = plus(dhs[t], from_next)
        delta, direct, dc = step_backward(layer, tape[t], before, dh, dc)
        deltas.insert(0, delta | {"hidden": dh})
        dz, du = delta["pre_activation"], delta["recurrent"]
        dxs.insert(0, affine_backward(parameters, gradients, f"{name}.weight_ih", first_bias, tape[t]["input"], dz))
        through = affine_backward(parameters, gradients, f"{name}.weight_hh", second_bias, before["hidden"], du)
        from_next = plus(direct, through)
    return gradients, dxs, deltas


def embedding(layer: Choice, parameters: Parameters, tokens: Sequence[float]) -> Sequences:
    """Row `token` of the table, for each token."""
    return [[parameters[f"{layer['name']}.weight", int(token), k] for k in range(layer["units"])] for token in tokens]


def embedding_backward(layer: Choice, tokens: Sequence[float], dys: Sequences) -> Parameters:
    """Each step's delta belongs to the row of its token."""
    gradients: Parameters = {}
    for token, dy in zip(tokens, dys, strict=True):
        for k, d in enumerate(dy):
            key = (f"{layer['name']}.weight", int(token), k)
            gradients[key] = gradients.get(key, 0.0) + d
    return gradients


# A network: an embedding or none, recurrent layers, and a dense layer at the last step or at every step.


def forward(layers: Sequence[Choice], parameters: Parameters, x: list) -> tuple[Sequences, list]:
    """Outputs of each time step that has one, and what each layer saw: tapes of recurrent layers, inputs of others."""
    seen: list = []
    for layer in layers:
        if layer["kind"] == "embedding":
            seen.append(x)
            x = embedding(layer, parameters, x)
        elif layer["kind"] in STEPS:
            seen.append(walk(layer, parameters, x))
            x = [step["hidden"] for step in seen[-1]][0 if layer["return_sequences"] else -1 :]
        else:
            seen.append(x)
            bias = f"{layer['name']}.bias"
            x = [affine(parameters, f"{layer['name']}.weight", bias, layer["units"], step) for step in x]
    return x, seen


def backward(
    layers: Sequence[Choice], parameters: Parameters, seen: list, deltas: Sequences
) -> tuple[Parameters, dict[str, list[dict]]]:
    """Gradients of one example, and the deltas of every recurrent layer by its name."""
    gradients: Parameters = dict.fromkeys(parameters, 0.0)
    tapes = {}
    for layer, tape in zip(reversed(layers), reversed(seen), strict=True):
        name, own = layer["name"], {}
        if layer["kind"] == "embedding":
            own = embedding_backward(layer, tape, deltas)
        elif layer["kind"] in STEPS:
            silent = [[0.0] * layer["units"] for _ in range(len(tape) - len(deltas))]
            own, deltas, tapes[name] = walk_backward(layer, parameters, tape, silent + deltas)
        else:
            bias = f"{name}.bias"
            deltas = [
                affine_backward(parameters, own, f"{name}.weight", bias, x, d)
                for x, d in zip(tape, deltas, strict=True)
            ]
        for key, value in own.items():
            gradients[key] += value
    return gradients, tapes


def example(
    layers: Sequence[Choice], parameters: Parameters, loss: Choice, x: list, y: list
) -> tuple[float, Sequences, Parameters, list, dict[str, list[dict]]]:
    """(loss, outputs, gradients, tapes, deltas) of one example; y has one target for each output step."""
    value, slope = naive.LOSSES[loss["name"]]
    outputs, seen = forward(layers, parameters, x)
    steps = list(zip(outputs, y, strict=True))
    total = sum(value(output, target) for output, target in steps) / len(steps)
    deltas = [[d / len(steps) for d in slope(output, target)] for output, target in steps]
    gradients, tapes = backward(layers, parameters, seen, deltas)
    return total, outputs, gradients, seen, tapes
