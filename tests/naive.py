"""The slow, obvious twin of the engine: plain Python floats, loops and dictionaries, one formula a function.

Nothing here is fast, vectorised or shared with ``engine``; that is its worth. Every kernel, loss, optimiser,
regulariser and regime of the engine is compared with the function of the same name below, and each function is short
enough to be checked against a textbook by eye.

Shapes: one example is a list of numbers. Parameters are one dictionary from (name, index...) to a number:
``parameters["dense_1.weight", out, in]`` and ``parameters["dense_1.bias", out]``. A layer is a dictionary
``{"name": "dense_1", "units": 4, "activation": {"name": "tanh"}, "use_bias": True}``. An activation, a loss, an
optimiser, a regulariser and a schedule are each {"name": ..., option: value}, as the engine's `to_dict()` writes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

Parameters = dict[tuple, float]
Choice = dict[str, Any]


def from_arrays(arrays: dict[str, np.ndarray]) -> Parameters:
    """The engine's dictionary of arrays as one dictionary of numbers."""
    return {(name, *index): float(value) for name, array in arrays.items() for index, value in np.ndenumerate(array)}


def options_of(choice: Choice) -> Choice:
    return {option: value for option, value in choice.items() if option != "name"}


def to_arrays(parameters: Parameters, like: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The way back: float64 arrays shaped as those of `like`."""
    arrays = {name: np.zeros(array.shape) for name, array in like.items()}
    for (name, *index), value in parameters.items():
        arrays[name][tuple(index)] = value
    return arrays


# Activations: a = f(z), and the slope da/dz. At a kink the slope is the one PyTorch takes.


def identity(z: float) -> float:
    return z


def identity_slope(z: float) -> float:
    del z
    return 1.0


def relu(z: float) -> float:
    return z if z > 0 else 0.0


def relu_slope(z: float) -> float:
    return 1.0 if z > 0 else 0.0


def leaky_relu(z: float, alpha: float = 0.01) -> float:
    return z if z > 0 else alpha * z


def leaky_relu_slope(z: float, alpha: float = 0.01) -> float:
    return 1.0 if z > 0 else alpha


def elu(z: float, alpha: float = 1.0) -> float:
    return z if z > 0 else alpha * math.expm1(z)


def elu_slope(z: float, alpha: float = 1.0) -> float:
    return 1.0 if z > 0 else alpha * math.exp(z)


def gelu(z: float, approximate: str = "none") -> float:
    if approximate == "tanh":
        return 0.5 * z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))
    return z * 0.5 * (1 + math.erf(z / math.sqrt(2)))


def gelu_slope(z: float, approximate: str = "none") -> float:
    if approximate == "tanh":
        inner = math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))
        inner_slope = (1 - inner**2) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2)
        return 0.5 * (1 + inner) + 0.5 * z * inner_slope
    below = 0.5 * (1 + math.erf(z / math.sqrt(2)))
    density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return below + z * density


def sigmoid(z: float) -> float:
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))


def sigmoid_slope(z: float) -> float:
    return sigmoid(z) * sigmoid(-z)


def silu(z: float) -> float:
    return z * sigmoid(z)


def silu_slope(z: float) -> float:
    return sigmoid(z) * (1 + z * sigmoid(-z))


def tanh(z: float) -> float:
    return math.tanh(z)


def tanh_slope(z: float) -> float:
    return 1 - math.tanh(z) ** 2


def softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def softplus_slope(z: float) -> float:
    return sigmoid(z)


def softmax(z: Sequence[float]) -> list[float]:
    """a_i = exp(z_i) / sum_j exp(z_j), the one activation that mixes the units of a layer."""
    powers = [math.exp(value - max(z)) for value in z]
    return [power / sum(powers) for power in powers]


def softmax_backward(z: Sequence[float], delta: Sequence[float]) -> list[float]:
    """dL/dz_i = a_i (dL/da_i - sum_j a_j dL/da_j)."""
    a = softmax(z)
    mean = sum(a_j * delta_j for a_j, delta_j in zip(a, delta, strict=True))
    return [a_i * (delta_i - mean) for a_i, delta_i in zip(a, delta, strict=True)]


ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "identity": (identity, identity_slope),
    "relu": (relu, relu_slope),
    "leaky_relu": (leaky_relu, leaky_relu_slope),
    "elu": (elu, elu_slope),
    "gelu": (gelu, gelu_slope),
    "silu": (silu, silu_slope),
    "tanh": (tanh, tanh_slope),
    "sigmoid": (sigmoid, sigmoid_slope),
    "softplus": (softplus, softplus_slope),
    "softmax": (softmax, softmax_backward),
}


# Every activation, and again with each option away from its default
ACTIVATION_CHOICES: tuple[Choice, ...] = (
    *({"name": name} for name in ACTIVATIONS),
    {"name": "leaky_relu", "alpha": 0.3},
    {"name": "elu", "alpha": 0.5},
    {"name": "gelu", "approximate": "tanh"},
)


def activate(layer: Choice, z: Sequence[float]) -> list[float]:
    function, _ = ACTIVATIONS[layer["activation"]["name"]]
    if function is softmax:
        return softmax(z)
    return [function(value, **options_of(layer["activation"])) for value in z]


def activate_backward(layer: Choice, z: Sequence[float], delta: Sequence[float]) -> list[float]:
    """dL/dz from dL/da."""
    function, slope = ACTIVATIONS[layer["activation"]["name"]]
    if function is softmax:
        return softmax_backward(z, delta)
    return [slope(value, **options_of(layer["activation"])) * d for value, d in zip(z, delta, strict=True)]


# Losses of one example: value, and slope dL/doutput. The loss of a batch is the mean over its examples.


def mean_squared_error(output: Sequence[float], target: Sequence[float]) -> float:
    return sum((o - t) ** 2 for o, t in zip(output, target, strict=True)) / len(output)


def mean_squared_error_slope(output: Sequence[float], target: Sequence[float]) -> list[float]:
    return [2 * (o - t) / len(output) for o, t in zip(output, target, strict=True)]


def half_squared_error(output: Sequence[float], target: Sequence[float]) -> float:
    return 0.5 * sum((o - t) ** 2 for o, t in zip(output, target, strict=True))


def half_squared_error_slope(output: Sequence[float], target: Sequence[float]) -> list[float]:
    return [o - t for o, t in zip(output, target, strict=True)]


def mean_absolute_error(output: Sequence[float], target: Sequence[float]) -> float:
    return sum(abs(o - t) for o, t in zip(output, target, strict=True)) / len(output)


def mean_absolute_error_slope(output: Sequence[float], target: Sequence[float]) -> list[float]:
    return [sign(o - t) / len(output) for o, t in zip(output, target, strict=True)]


def huber(output: Sequence[float], target: Sequence[float], delta: float = 1.0) -> float:
    total = 0.0
    for o, t in zip(output, target, strict=True):
        error = abs(o - t)
        total += 0.5 * error**2 if error <= delta else delta * (error - 0.5 * delta)
    return total / len(output)


def huber_slope(output: Sequence[float], target: Sequence[float], delta: float = 1.0) -> list[float]:
    return [max(-delta, min(delta, o - t)) / len(output) for o, t in zip(output, target, strict=True)]


def hinge(output: Sequence[float], target: Sequence[float]) -> float:
    """Targets are -1 or +1."""
    return sum(max(0.0, 1 - t * o) for o, t in zip(output, target, strict=True)) / len(output)


def hinge_slope(output: Sequence[float], target: Sequence[float]) -> list[float]:
    return [(-t if 1 - t * o > 0 else 0.0) / len(output) for o, t in zip(output, target, strict=True)]


def binary_cross_entropy(output: Sequence[float], target: Sequence[float]) -> float:
    """Outputs are logits, targets 0 or 1: -t log sigmoid(o) - (1 - t) log sigmoid(-o)."""
    return sum(softplus(o) - t * o for o, t in zip(output, target, strict=True)) / len(output)


def binary_cross_entropy_slope(output: Sequence[float], target: Sequence[float]) -> list[float]:
    return [(sigmoid(o) - t) / len(output) for o, t in zip(output, target, strict=True)]


def categorical_cross_entropy(output: Sequence[float], target: int) -> float:
    """Outputs are logits, the target a class number: -log softmax(output)[target]."""
    top = max(output)
    return top + math.log(sum(math.exp(o - top) for o in output)) - output[target]


def categorical_cross_entropy_slope(output: Sequence[float], target: int) -> list[float]:
    return [a - (1.0 if i == target else 0.0) for i, a in enumerate(softmax(output))]


LOSSES: dict[str, tuple[Callable, Callable]] = {
    "mean_squared_error": (mean_squared_error, mean_squared_error_slope),
    "half_squared_error": (half_squared_error, half_squared_error_slope),
    "mean_absolute_error": (mean_absolute_error, mean_absolute_error_slope),
    "huber": (huber, huber_slope),
    "hinge": (hinge, hinge_slope),
    "binary_cross_entropy": (binary_cross_entropy, binary_cross_entropy_slope),
    "categorical_cross_entropy": (categorical_cross_entropy, categorical_cross_entropy_slope),
}


# Regularisers: penalty of one weight and its slope. Biases are never penalised.


def sign(value: float) -> float:
    return float((value > 0) - (value < 0))


def l1(weight: float, rate: float) -> float:
    return rate * abs(weight)


def l1_slope(weight: float, rate: float) -> float:
    return rate * sign(weight)


def l2(weight: float, rate: float) -> float:
    return 0.5 * rate * weight**2


def l2_slope(weight: float, rate: float) -> float:
    return rate * weight


def elastic_net(weight: float, l1: float, l2: float) -> float:
    return l1 * abs(weight) + 0.5 * l2 * weight**2


def elastic_net_slope(weight: float, l1: float, l2: float) -> float:
    return l1 * sign(weight) + l2 * weight


REGULARISERS: dict[str, tuple[Callable, Callable]] = {
    "l1": (l1, l1_slope),
    "l2": (l2, l2_slope),
    "elastic_net": (elastic_net, elastic_net_slope),
}


def is_weight(key: tuple) -> bool:
    return key[0].endswith(".weight")


def penalty(parameters: Parameters, regulariser: Choice | None) -> float:
    """R(w), summed over the weights."""
    if regulariser is None:
        return 0.0
    value, _ = REGULARISERS[regulariser["name"]]
    return sum(value(weight, **rates_of(regulariser)) for key, weight in parameters.items() if is_weight(key))


def rates_of(regulariser: Choice) -> Choice:
    return {option: value for option, value in regulariser.items() if option not in ("name", "prune")}


# The network


def forward(layers: Sequence[Choice], parameters: Parameters, x: Sequence[float]) -> tuple[list[float], list[dict]]:
    """Output of the network for one example, and what each layer saw and made on the way."""
    tape = []
    for layer in layers:
        name, z = layer["name"], []
        for out in range(layer["units"]):
            z_out = parameters[f"{name}.bias", out] if layer["use_bias"] else 0.0
            for i, x_i in enumerate(x):
                z_out += parameters[f"{name}.weight", out, i] * x_i
            z.append(z_out)
        tape.append({"input": x, "pre_activation": z, "activation": activate(layer, z)})
        x = tape[-1]["activation"]
    return list(x), tape


def backward(
    layers: Sequence[Choice], parameters: Parameters, tape: Sequence[dict], delta: Sequence[float]
) -> tuple[Parameters, list[list[float]]]:
    """The chain rule from dL/doutput to dL/dparameter; also dL/dz of each layer, first layer first."""
    gradients: Parameters = {}
    deltas: list[list[float]] = []
    for layer, seen in zip(reversed(layers), reversed(tape), strict=True):
        name = layer["name"]
        delta_z = activate_backward(layer, seen["pre_activation"], delta)
        delta = [0.0] * len(seen["input"])
        for out, d in enumerate(delta_z):
            if layer["use_bias"]:
                gradients[f"{name}.bias", out] = d
            for i, x_i in enumerate(seen["input"]):
                gradients[f"{name}.weight", out, i] = d * x_i
                delta[i] += d * parameters[f"{name}.weight", out, i]
        deltas.insert(0, delta_z)
    return gradients, deltas


def batch_loss(layers: Sequence[Choice], parameters: Parameters, loss: Choice, xs: Sequence, ys: Sequence) -> float:
    value, _ = LOSSES[loss["name"]]
    losses = [value(forward(layers, parameters, x)[0], y, **options_of(loss)) for x, y in zip(xs, ys, strict=True)]
    return sum(losses) / len(losses)


def batch_gradients(
    layers: Sequence[Choice], parameters: Parameters, loss: Choice, xs: Sequence, ys: Sequence
) -> tuple[float, Parameters]:
    """Mean loss of a batch and the mean of its examples' gradients."""
    value, slope = LOSSES[loss["name"]]
    total, mean = 0.0, dict.fromkeys(parameters, 0.0)
    for x, y in zip(xs, ys, strict=True):
        output, tape = forward(layers, parameters, x)
        gradients, _ = backward(layers, parameters, tape, slope(output, y, **options_of(loss)))
        total += value(output, y, **options_of(loss)) / len(xs)
        for key, gradient in gradients.items():
            mean[key] += gradient / len(xs)
    return total, mean


def central_difference(function: Callable[[Parameters], float], parameters: Parameters, key: tuple, h: float) -> float:
    """Slope of `function` along one parameter, from four points: error O(h^4)."""

    def at(offset: float) -> float:
        return function({**parameters, key: parameters[key] + offset})

    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


# Optimisers: one parameter's new value from its gradient; `memory` is that parameter's own state.


def sgd(value: float, gradient: float, memory: dict, learning_rate: float) -> float:
    del memory
    return value - learning_rate * gradient


def momentum(value: float, gradient: float, memory: dict, learning_rate: float, momentum: float = 0.9) -> float:
    memory["velocity"] = momentum * memory.get("velocity", 0.0) + gradient
    return value - learning_rate * memory["velocity"]


def nesterov(value: float, gradient: float, memory: dict, learning_rate: float, momentum: float = 0.9) -> float:
    memory["velocity"] = momentum * memory.get("velocity", 0.0) + gradient
    return value - learning_rate * (gradient + momentum * memory["velocity"])


def adagrad(value: float, gradient: float, memory: dict, learning_rate: float, epsilon: float = 1e-10) -> float:
    memory["sum"] = memory.get("sum", 0.0) + gradient**2
    return value - learning_rate * gradient / (math.sqrt(memory["sum"]) + epsilon)


def rmsprop(
    value: float, gradient: float, memory: dict, learning_rate: float, alpha: float = 0.99, epsilon: float = 1e-8
) -> float:
    memory["square"] = alpha * memory.get("square", 0.0) + (1 - alpha) * gradient**2
    return value - learning_rate * gradient / (math.sqrt(memory["square"]) + epsilon)


def adam(
    value: float,
    gradient: float,
    memory: dict,
    learning_rate: float,
    betas: Sequence[float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> float:
    beta1, beta2 = betas
    t = memory["t"] = memory.get("t", 0) + 1
    memory["m"] = beta1 * memory.get("m", 0.0) + (1 - beta1) * gradient
    memory["v"] = beta2 * memory.get("v", 0.0) + (1 - beta2) * gradient**2
    m_hat = memory["m"] / (1 - beta1**t)
    v_hat = memory["v"] / (1 - beta2**t)
    return value - learning_rate * m_hat / (math.sqrt(v_hat) + epsilon)


def adamw(
    value: float, gradient: float, memory: dict, learning_rate: float, weight_decay: float = 0.01, **options: Any
) -> float:
    shrunk = value * (1 - learning_rate * weight_decay)
    return adam(shrunk, gradient, memory, learning_rate, **options)


OPTIMISERS: dict[str, Callable] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}


# Schedules: the learning rate of update number t, counted from 0


def constant(t: int, initial: float) -> float:
    del t
    return initial


def step_decay(t: int, initial: float, every: int, factor: float) -> float:
    return initial * factor ** (t // every)


def exponential(t: int, initial: float, decay: float) -> float:
    return initial * decay**t


def linear(t: int, initial: float, final: float, steps: int) -> float:
    return final if t >= steps else initial + (final - initial) * t / steps


def cosine(t: int, initial: float, final: float, steps: int) -> float:
    return final if t >= steps else final + 0.5 * (initial - final) * (1 + math.cos(math.pi * t / steps))


def warm_up(t: int, initial: float, steps: int) -> float:
    return initial if t + 1 >= steps else initial * (t + 1) / steps


SCHEDULES: dict[str, Callable] = {
    "constant": constant,
    "step_decay": step_decay,
    "exponential": exponential,
    "linear": linear,
    "cosine": cosine,
    "warm_up": warm_up,
}


def learning_rate(rate: float | Choice, t: int) -> float:
    """The rate of update t; a plain number is constant."""
    return SCHEDULES[rate["name"]](t, **options_of(rate)) if isinstance(rate, dict) else rate


# Update regimes: which rows of the training set each update sees


def batches(
    size: int, orders: Iterable[Sequence[int]], *, carry: bool = False, steps: int | None = None
) -> Iterator[list[int]]:
    """Rows of update 0, 1, 2, ... `orders` gives the order of the examples in epoch 0, 1, ...

    The rows left over at the end of an epoch are a smaller batch of their own; with `carry` they wait and join the
    first update of the next epoch instead (TF Playground's way).
    """
    made, waiting = 0, []
    for order in orders:
        for start in range(0, len(order), size):
            rows = list(order[start : start + size])
            if carry and len(rows) < size:
                waiting = rows
                continue
            yield waiting + rows
            made, waiting = made + 1, []
            if steps is not None and made >= steps:
                return


# Training


def pruned_update(before: float, after: float, learning_rate: float, rate: float) -> float:
    """TF Playground's L1: a step of lr * rate towards 0 after the gradient step; a weight that would cross 0 dies."""
    shrunk = after - learning_rate * l1_slope(before, rate)
    return 0.0 if after * shrunk < 0 else shrunk


def update(
    parameters: Parameters,
    gradients: Parameters,
    memories: dict[tuple, dict],
    optimiser: Choice,
    regulariser: Choice | None,
) -> Parameters:
    """All parameters after one update with a plain learning rate."""
    rule, options = OPTIMISERS[optimiser["name"]], options_of(optimiser)
    prune = bool(regulariser and regulariser.get("prune"))
    updated = {}
    for key, value in parameters.items():
        gradient, memory = gradients[key], memories.setdefault(key, {})
        if memory.get("dead"):
            updated[key] = 0.0
            continue
        if regulariser and not prune and is_weight(key):
            gradient += REGULARISERS[regulariser["name"]][1](value, **rates_of(regulariser))
        updated[key] = rule(value, gradient, memory, **options)
        if prune and is_weight(key):
            crossing = updated[key]
            updated[key] = pruned_update(value, crossing, options["learning_rate"], **rates_of(regulariser))
            memory["dead"] = updated[key] == 0.0 and crossing != 0.0
    return updated


def train(
    layers: Sequence[Choice],
    loss: Choice,
    parameters: Parameters,
    x: Sequence,
    y: Sequence,
    plan: Iterable[Sequence[int]],
    optimiser: Choice,
    regulariser: Choice | None = None,
) -> Iterator[Choice]:
    """One record an update: its rows, its batch loss and gradients before it, the parameters before and after it."""
    memories: dict[tuple, dict] = {}
    for step, rows in enumerate(plan):
        rate = learning_rate(optimiser["learning_rate"], step)
        value, gradients = batch_gradients(layers, parameters, loss, [x[r] for r in rows], [y[r] for r in rows])
        after = update(parameters, gradients, memories, {**optimiser, "learning_rate": rate}, regulariser)
        record = {"rows": rows, "loss": value, "gradients": gradients, "before": parameters, "after": after}
        yield {**record, "learning_rate": rate}
        parameters = after
