"""Layers that walk through time, with a state: simple recurrent, LSTM, GRU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.activations import ActivationFunction
from engine.errors import ConfigurationError
from engine.initialisers import Initialiser, Zeros
from engine.layers.base import Layer, Shape
from engine.layers.dense import plan_product
from engine.spec import check_count, check_flag, check_number

if TYPE_CHECKING:
    from engine.plan import Planner, Tensor

__all__ = ["GRU", "LSTM", "Recurrent", "SimpleRNN"]


class Recurrent(Layer):
    """What the recurrent layers share: W_ih x for all time steps at once, then the walk that adds W_hh h.

    Quantities: `pre_activation` [time, gates, units], with all that is summed; `hidden` [time, units], whose deltas are
    the gradient that reaches each time step: from what follows the layer, and through the steps after it.
    """

    gates: ClassVar[int]
    biases: ClassVar[tuple[str, ...]] = ("bias",)
    units: int
    return_sequences: bool
    weight_ih_initialiser: str | Initialiser
    weight_hh_initialiser: str | Initialiser

    def __post_init__(self) -> None:
        check_count("units", self.units, 1, 4096)
        check_flag("return_sequences", self.return_sequences)
        for option in ("weight_ih_initialiser", "weight_hh_initialiser"):
            object.__setattr__(self, option, Initialiser.of(getattr(self, option)))

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 2:
            accepted = "(time, features): put Embedding before it, or a recurrent layer with return_sequences=True"
            raise ConfigurationError(f"input of {self.name}", input_shape, accepted)
        return (input_shape[0], self.units) if self.return_sequences else (self.units,)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        rows = self.gates * self.units
        weights: dict[str, Shape] = {"weight_ih": (rows, input_shape[-1]), "weight_hh": (rows, self.units)}
        return weights | dict.fromkeys(self.biases, (rows,))

    def initialisers(self) -> dict[str, Initialiser]:
        drawn = {"weight_ih": self.weight_ih_initialiser, "weight_hh": self.weight_hh_initialiser}
        weights = {name: _EachGate(Initialiser.of(initialiser), self.gates) for name, initialiser in drawn.items()}
        return weights | {bias: Zeros() for bias in self.biases}

    def plan(self, planner: Planner, x: Tensor, name: str) -> Tensor:
        steps, size = x.shape[0], self.units * planner.lanes
        weight_ih, weight_hh, bias, *more = (planner.parameter(f"{name}.{p}") for p in self.parameter_shapes(x.shape))
        gates = (self.gates,) if self.gates > 1 else ()
        z = planner.tensor(f"{name}.pre_activation", (steps, *gates, self.units))
        hidden = planner.tensor(f"{name}.hidden", (steps, self.units))
        planner.alias(f"{name}.activation", hidden)
        plan_product(planner, x, z, weight_ih, bias)
        summed, own = self.plan_quantities(planner, name, z)
        numbers = (weight_hh, z.offset, hidden.offset, self.units, steps, self.return_sequences, *own, *more)
        planner.emit(f"{self.name}_forward", *numbers)

        def backward() -> None:
            planner.emit(f"{self.name}_backward", *numbers)
            rows, second_step = planner.rows_of(hidden), summed.offset + self.gates * size
            operands = (hidden.offset, second_step, weight_hh, -1)
            planner.emit("dense_weight_gradient", *operands, self.units, self.gates * self.units, steps - 1, *rows)

        planner.on_backward(backward)
        last = hidden._replace(offset=hidden.offset + (steps - 1) * size, shape=(self.units,))
        return hidden if self.return_sequences else last

    def plan_quantities(self, planner: Planner, name: str, z: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        """(what W_hh h is summed into, the instruction's own numbers)."""
        raise NotImplementedError


@dataclass(frozen=True)
class SimpleRNN(Recurrent, name="simple_rnn"):
    """h_t = f(W_ih x_t + b + W_hh h_{t-1}), f = tanh or relu, h_0 = 0. Elman 1990; PyTorch's RNN with one bias.

    Shapes: x [batch, time, features], `weight_ih` [units, features], `weight_hh` [units, units], `bias` [units];
    out [batch, units], the last state, or [batch, time, units] with `return_sequences`.

    Backward, from the last step to the first (Werbos 1990): dL/dh_t gains W_hh^T dL/dz_{t+1};  dL/dz = dL/dh f'(z);
    dL/dW_ih and dL/dW_hh = sum over time of dL/dz_t x_t^T and dL/dz_t h_{t-1}^T;  dL/dx = W_ih^T dL/dz.
    """

    units: int
    return_sequences: bool = False
    activation: str | ActivationFunction = "tanh"
    weight_ih_initialiser: str | Initialiser = "glorot_uniform"
    weight_hh_initialiser: str | Initialiser = "orthogonal"
    gates: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "activation", ActivationFunction.of(self.activation))
        if self._function not in ("tanh", "relu"):
            raise ConfigurationError("activation", self._function, "tanh or relu")

    @property
    def _function(self) -> str:
        return ActivationFunction.of(self.activation).name

    def plan_quantities(self, planner: Planner, name: str, z: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        return z, (self._function == "relu",)


@dataclass(frozen=True)
class LSTM(Recurrent, name="lstm"):
    """c_t = f c_{t-1} + i g,  h_t = o tanh(c_t);  i, f, o = sigmoid(z), g = tanh(z),  z = W_ih x_t + b + W_hh h_{t-1}.

    Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000 (the forget gate f, whose bias begins at
    `forget_bias`: Jozefowicz, Zaremba & Sutskever 2015).

    Shapes: x [batch, time, features], `weight_ih` [4 units, features], `weight_hh` [4 units, units], `bias` [4 units],
    in PyTorch's order i, f, g, o (one bias; PyTorch's is the sum of its two); out [batch, units], or
    [batch, time, units] with `return_sequences`.

    Backward: dL/dc_t = dL/dh_t o (1 - tanh^2 c_t) + f_{t+1} dL/dc_{t+1}; the rest as in `SimpleRNN`.

    Quantities besides: `gates` [time, 4, units] after their function, `cell` [time, units].
    """

    units: int
    return_sequences: bool = False
    forget_bias: float = 1.0
    weight_ih_initialiser: str | Initialiser = "glorot_uniform"
    weight_hh_initialiser: str | Initialiser = "orthogonal"
    gates: ClassVar[int] = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("forget_bias", self.forget_bias, -100.0, 100.0)

    def initialisers(self) -> dict[str, Initialiser]:
        return super().initialisers() | {"bias": _ForgetBias(self.forget_bias)}

    def plan_quantities(self, planner: Planner, name: str, z: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        gates = planner.tensor(f"{name}.gates", z.shape)
        cell = planner.tensor(f"{name}.cell", (z.shape[0], self.units))
        return z, (gates.offset, cell.offset)


@dataclass(frozen=True)
class GRU(Recurrent, name="gru"):
    """h_t = (1 - z) n + z h_{t-1};  r, z = sigmoid(a + u),  n = tanh(a + r u).

    a = W_ih x_t + b_ih,  u = W_hh h_{t-1} + b_hh. Cho et al. 2014, with the reset gate r after the product, as in
    PyTorch and cuDNN.

    Shapes: x [batch, time, features], `weight_ih` [3 units, features], `weight_hh` [3 units, units], `bias_ih` and
    `bias_hh` [3 units], in PyTorch's order r, z, n; out [batch, units], or [batch, time, units] with
    `return_sequences`.

    Backward: dL/dh_t gains z_{t+1} dL/dh_{t+1} and W_hh^T dL/du_{t+1}; the rest as in `SimpleRNN`.

    Quantities besides: `gates` [time, 3, units] after their function, `recurrent` [time, 3, units], which is u.
    """

    units: int
    return_sequences: bool = False
    weight_ih_initialiser: str | Initialiser = "glorot_uniform"
    weight_hh_initialiser: str | Initialiser = "orthogonal"
    gates: ClassVar[int] = 3
    biases: ClassVar[tuple[str, ...]] = ("bias_ih", "bias_hh")

    def plan_quantities(self, planner: Planner, name: str, z: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        gates, recurrent = (planner.tensor(f"{name}.{quantity}", z.shape) for quantity in ("gates", "recurrent"))
        return recurrent, (gates.offset, recurrent.offset)


@dataclass(frozen=True)
class _EachGate(Initialiser):
    """Each gate's matrix is drawn by itself: orthogonal, and scaled for its own fans, it keeps a memory longer."""

    initialiser: Initialiser
    gates: int

    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        gate = (shape[0] // self.gates, *shape[1:])
        return np.concatenate([self.initialiser.draw(gate, rng, uniform) for _ in range(self.gates)])


@dataclass(frozen=True)
class _ForgetBias(Initialiser):
    """0, but `value` for the second of four gates: what is in the cell stays there until the gate learns to let go."""

    value: float

    def draw(
        self, shape: Shape, rng: np.random.Generator, uniform: Callable[[], float] | None = None
    ) -> NDArray[np.float64]:
        return np.repeat([0.0, self.value, 0.0, 0.0], shape[0] // 4)
