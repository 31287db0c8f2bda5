"""Walking through a network to say it in another language: what all the languages share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

from engine.activations import ActivationFunction
from engine.errors import ConfigurationError
from engine.layers.base import Shape
from engine.losses import Loss
from engine.network import NamedLayer, Network

__all__ = [
    "Code",
    "Kinds",
    "Write",
    "Writer",
    "activation_of",
    "indented",
    "kinds",
    "options_of",
    "padding_of",
    "pair",
    "registering",
]

Write = Callable[[Any, NamedLayer, str], str]  # (writer, layer, name of its input) -> name of its output
Kinds = dict[str, Write]
VALUES = "xyzuvw"  # variables: outside, inside a branch, inside a branch of a branch, ...


class Writer:
    """Follows the values from layer to layer; a language adds how each kind of layer is said in it.

    Attributes
    ----------
    language : its name
    kinds : for each kind of layer, by its name, what writes it
    """

    language: ClassVar[str]
    kinds: ClassVar[Kinds]

    def walk(self, layers: Iterable[NamedLayer], x: str) -> str:
        """Write layers one after the other, from the value `x` on; gives the value that comes out."""
        for layer in layers:
            write = self.kinds.get(layer.layer.name)
            if write is None:
                accepted = f"one of {', '.join(self.kinds)}, which can be written as {self.language}"
                raise ConfigurationError("layer", layer.layer.name, accepted)
            x = self.finish(layer, write(self, layer, x))
        return x

    def finish(self, layer: NamedLayer, x: str) -> str:
        """After a layer was written, whose output is `x`."""
        return x

    def branch(self, layers: Sequence[NamedLayer], x: str) -> str:
        """Write x + f(x), where f is `layers`."""
        raise NotImplementedError


def parts_of(layer: NamedLayer) -> list[NamedLayer]:
    """The layers inside a layer, by their full names."""
    parts = layer.layer.parts(layer.input_shape)
    return [part._replace(name=f"{layer.name}.{part.name}") for part in parts]


def residual(writer: Writer, layer: NamedLayer, x: str) -> str:
    """x + f(x)."""
    return writer.branch(parts_of(layer), x)


def transformer_block(writer: Writer, layer: NamedLayer, x: str) -> str:
    """Two branches, each with its normalisation at its beginning or after its sum."""
    parts, options = parts_of(layer), options_of(layer)
    if options["norm_first"]:
        return writer.branch(parts[2:], writer.branch(parts[:2], x))
    x = writer.walk(parts[1:2], writer.branch(parts[:1], x))
    return writer.walk(parts[4:], writer.branch(parts[2:4], x))


def kinds() -> Kinds:
    """A new registry, with the layers that are made of others."""
    return {"residual": residual, "transformer_block": transformer_block}


def registering(registry: Kinds) -> Callable[[Write], Write]:
    """A decorator that registers a function under its own name, which is the layer's."""

    def register(write: Write) -> Write:
        registry[write.__name__] = write
        return write

    return register


def options_of(layer: NamedLayer) -> dict[str, Any]:
    """A layer's options by name; a part (an activation) as the object it is."""
    return vars(layer.layer)


def activation_of(layer: NamedLayer) -> ActivationFunction:
    """The function that a layer applies to its sums."""
    return ActivationFunction.of(vars(layer.layer)["activation"])


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    """(vertical, horizontal) of an option that may be one number."""
    return value if isinstance(value, tuple) else (value, value)


class Padding(NamedTuple):
    """Rows above and below a picture, columns on its left and right."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def even(self) -> bool:
        """Whether both sides of each axis are alike."""
        return self.top == self.bottom and self.left == self.right


def padding_of(layer: NamedLayer) -> Padding:
    """The zeros around a convolution's input; "same" leaves what cannot be shared equally below and on the right."""
    options = options_of(layer)
    sides: list[int] = []
    for axis in (0, 1):
        if options["padding"] == "same":
            kernel, stride, dilation = (pair(options[name])[axis] for name in ("kernel_size", "stride", "dilation"))
            reach = (layer.output_shape[axis + 1] - 1) * stride + dilation * (kernel - 1) + 1
            total = max(reach - layer.input_shape[axis + 1], 0)
            sides += [total // 2, total - total // 2]
        else:
            sides += [0 if options["padding"] == "valid" else pair(options["padding"])[axis]] * 2
    return Padding(*sides)


class Code(Writer):
    """A writer of Python text: lines that set up, lines of the forward pass, lines that load weights.

    Attributes
    ----------
    activations : for each activation function, an expression of {x} and of the function's options
    losses : for each loss, an expression of outputs, targets and the loss's options
    """

    activations: ClassVar[dict[str, str]]
    losses: ClassVar[dict[str, str]]

    def __init__(self, network: Network) -> None:
        self.network = network
        self.setup: list[str] = []
        self.forward: list[str] = []
        self.loading: list[str] = []
        self.helpers: dict[str, str] = {}
        self.walk(network.named_layers(), VALUES[0])

    def let(self, x: str, expression: str) -> str:
        """x = expression."""
        self.forward.append(f"{x} = {expression}")
        return x

    def activate(self, function: ActivationFunction, x: str) -> str:
        """x = f(x), where that does anything."""
        if function.name == "identity":
            return x
        return self.let(x, self.applied(function, x))

    def applied(self, function: ActivationFunction, x: str) -> str:
        """f(x) as an expression; a template may ask for {roughly}: whether GELU is to be its approximation."""
        options = vars(function) | {"roughly": vars(function).get("approximate") == "tanh"}
        return self.activations[function.name].format(x=x, **options)

    def helper(self, name: str, text: str) -> str:
        """A function that the text brings with it, once."""
        self.helpers[name] = text.strip()
        return name

    def finish(self, layer: NamedLayer, x: str) -> str:
        """Say the shape behind a layer's last line."""
        shape = f"  # {batch_of(layer.output_shape)}"
        if self.forward and "#" not in self.forward[-1]:
            self.forward[-1] += shape
        return x

    def branch(self, layers: Sequence[NamedLayer], x: str) -> str:
        y = VALUES[VALUES.index(x) + 1]
        self.let(y, x)
        self.walk(layers, y)
        return self.let(x, f"{x} + {y}")

    def loss(self) -> str:
        """The loss as an expression of outputs and targets."""
        loss = Loss.of(self.network.loss)
        return self.losses[loss.name].format(**vars(loss))

    def loss_name(self) -> str:
        """The loss in words."""
        return Loss.of(self.network.loss).name.replace("_", " ").capitalize()

    def blocks(self) -> str:
        """The helper functions, each with the empty lines after it."""
        return "".join(f"{text}\n\n\n" for text in self.helpers.values())

    def shapes(self) -> str:
        """What goes in and what comes out, in words."""
        return f"x {batch_of(self.network.input_shape)} -> {batch_of(self.network.output_shape)}"


def batch_of(shape: Shape) -> str:
    """The shape of a batch, in words."""
    return f"[{', '.join(['batch', *map(str, shape)])}]"


def indented(lines: Iterable[str], depth: int = 1) -> str:
    """Lines of a block, each with its line feed."""
    return "".join(f"{'    ' * depth}{line}\n" if line else "\n" for line in lines)
