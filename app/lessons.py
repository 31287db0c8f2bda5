"""Networks small enough to do one step of them by hand, most of them worked in a textbook: every digit is here.

LESSONS     name -> Lesson; the words are in the catalogues under `lessons`
Lesson      network, examples, first parameters, optimiser: everything but chance
experiment  the engine's experiment of a lesson
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

import engine
from engine import Dataset, Experiment, Network


@dataclass(frozen=True)
class Lesson:
    """One worked example.

    Attributes
    ----------
    network : the layers and the loss
    x, y : the examples in their order: inputs [n, ...] and targets, as `engine.Dataset` takes them
    parameters : the first value of every parameter, nested like its shape
    optimiser : how a weight moves
    batch : examples an update sees
    task : what the targets are
    labels : the form of classes, None for values
    picture : what the page draws: "stage" for dense layers, else a picture of its own
    source : where it is worked, for people to look up; the same in every language
    """

    network: Network
    x: Sequence[Any]
    y: Sequence[Any]
    parameters: Mapping[str, Any]
    optimiser: engine.optimisers.Optimiser
    batch: int = 1
    task: str = "regression"
    labels: str | None = None
    picture: str = "stage"
    source: str = ""

    def dataset(self) -> Dataset:
        """The examples; they test the network too, for there are no others."""
        x, y = np.array(self.x, float), np.array(self.y, int if self.labels == "class" else float)
        inputs = tuple(f"x{number}" for number in range(1, x.shape[1] + 1)) if x.ndim == 2 else ()
        classes = self.network.output_shape[0] if self.labels == "class" else None
        return Dataset(x, y, x, y, task=self.task, labels=self.labels, classes=classes, input_names=inputs)  # type: ignore[arg-type]


def _dense(units: int, activation: str = "identity", **options: Any) -> engine.Dense:
    return engine.Dense(units, activation=activation, **options)


LESSONS: Mapping[str, Lesson] = MappingProxyType(
    {
        "mazur": Lesson(
            Network((2,), [_dense(2, "sigmoid"), _dense(2, "sigmoid")], "half_squared_error"),
            [[0.05, 0.10]],
            [[0.01, 0.99]],
            {
                "dense_1.weight": [[0.15, 0.20], [0.25, 0.30]],
                "dense_1.bias": [0.35, 0.35],
                "dense_2.weight": [[0.40, 0.45], [0.50, 0.55]],
                "dense_2.bias": [0.60, 0.60],
            },
            engine.SGD(0.5),
            source="M. Mazur, A Step by Step Backpropagation Example, 2015",
        ),
        "neuron": Lesson(
            Network((1,), [_dense(1, "sigmoid")], "half_squared_error"),
            [[1.0]],
            [[0.0]],
            {"dense_1.weight": [[0.6]], "dense_1.bias": [0.9]},
            engine.SGD(0.15),
            source="M. Nielsen, Neural Networks and Deep Learning, ch. 3, 2015",
        ),
        "saturated": Lesson(
            Network((1,), [_dense(1, "sigmoid")], "half_squared_error"),
            [[1.0]],
            [[0.0]],
            {"dense_1.weight": [[2.0]], "dense_1.bias": [2.0]},
            engine.SGD(0.15),
            source="M. Nielsen, Neural Networks and Deep Learning, ch. 3, 2015",
        ),
        "xor": Lesson(
            Network((2,), [_dense(2, "sigmoid"), _dense(1, "sigmoid")], "half_squared_error"),
            [[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]],
            [[0.0], [1.0], [1.0], [0.0]],
            {
                "dense_1.weight": [[0.5, 0.4], [0.9, 1.0]],
                "dense_1.bias": [-0.8, 0.1],
                "dense_2.weight": [[-1.2, 1.1]],
                "dense_2.bias": [-0.3],
            },
            engine.SGD(0.1),
            source="M. Negnevitsky, Artificial Intelligence, ch. 6, 2005",
        ),
        "dead_relu": Lesson(
            Network((2,), [_dense(2, "relu"), _dense(1)], "half_squared_error"),
            [[1.0, 2.0], [2.0, 1.0]],
            [[1.0], [2.0]],
            {
                "dense_1.weight": [[0.5, 0.25], [-1.0, -0.5]],
                "dense_1.bias": [0.1, -0.5],
                "dense_2.weight": [[0.8, -0.6]],
                "dense_2.bias": [0.2],
            },
            engine.SGD(0.1),
            batch=2,
        ),
        "softmax": Lesson(
            Network((4,), [_dense(3)], "categorical_cross_entropy"),
            [[-15.0, 22.0, -44.0, 56.0]],
            [2],
            {
                "dense_1.weight": [[0.01, -0.05, 0.1, 0.05], [0.7, 0.2, 0.05, 0.16], [0.0, -0.45, -0.2, 0.03]],
                "dense_1.bias": [0.0, 0.2, -0.3],
            },
            engine.SGD(0.001),
            task="classification",
            labels="class",
            source="A. Karpathy, CS231n, Linear classification, 2015",
        ),
        "adam": Lesson(
            Network((2,), [_dense(2, "tanh"), _dense(1)], "half_squared_error"),
            [[1.0, 0.5], [-0.5, 1.0]],
            [[0.8], [-0.4]],
            {
                "dense_1.weight": [[0.4, -0.3], [0.2, 0.6]],
                "dense_1.bias": [0.1, -0.2],
                "dense_2.weight": [[0.7, -0.5]],
                "dense_2.bias": [0.05],
            },
            engine.AdamW(0.01, weight_decay=0.1),
            batch=2,
            source="D. Kingma, J. Ba, Adam, 2015; I. Loshchilov, F. Hutter, AdamW, 2019",
        ),
        "convolution": Lesson(
            Network(
                (1, 4, 4), [engine.Conv2D(1, 2, activation="relu"), engine.Flatten(), _dense(1)], "half_squared_error"
            ),
            [[[[0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 0]]]],
            [[1.0]],
            {
                "conv2d_1.weight": [[[[-0.5, 0.5], [-0.4, 0.6]]]],
                "conv2d_1.bias": [0.1],
                "dense_1.weight": [[0.2, -0.1, 0.3, 0.1, 0.4, -0.2, 0.3, -0.3, 0.1]],
                "dense_1.bias": [0.05],
            },
            engine.SGD(0.1),
            picture="convolution",
        ),
        "recurrence": Lesson(
            Network((3, 1), [engine.SimpleRNN(1), _dense(1)], "half_squared_error"),
            [[[1.0], [0.0], [-0.5]]],
            [[0.5]],
            {
                "simple_rnn_1.weight_ih": [[0.6]],
                "simple_rnn_1.weight_hh": [[0.8]],
                "simple_rnn_1.bias": [0.1],
                "dense_1.weight": [[1.2]],
                "dense_1.bias": [0.0],
            },
            engine.SGD(0.1),
            picture="recurrence",
        ),
        "attention": Lesson(
            Network((3, 2), [engine.SelfAttention(1), engine.Flatten(), _dense(1)], "half_squared_error"),
            [[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]],
            [[1.0]],
            {
                "self_attention_1.in_proj.weight": [
                    [1.0, 0.5], [-0.5, 1.0], [0.8, -0.3], [0.4, 0.9], [0.6, 0.1], [-0.2, 0.7],
                ],
                "self_attention_1.in_proj.bias": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                "self_attention_1.out_proj.weight": [[0.9, 0.2], [-0.3, 0.8]],
                "self_attention_1.out_proj.bias": [0.0, 0.0],
                "dense_1.weight": [[0.5, -0.2, 0.3, 0.4, -0.1, 0.6]],
                "dense_1.bias": [0.1],
            },
            engine.SGD(0.1),
            picture="attention",
        ),
    }
)  # fmt: skip


@cache
def experiment(name: str) -> Experiment:
    """The experiment of a lesson: in doubles, its examples in their order, its first parameters by edits.

    >>> round(experiment("mazur").start().train_loss(), 9)
    0.298371109
    """
    lesson = LESSONS[name]
    edits = [
        engine.Edit(0, "parameter", (parameter, index, float(value)))
        for parameter, values in lesson.parameters.items()
        for index, value in enumerate(np.ravel(values))
    ]
    regime = engine.MiniBatch(lesson.batch, shuffle=False)
    return Experiment(
        lesson.network, lesson.dataset(), lesson.optimiser, regime, seed=0, dtype="float64", edits=tuple(edits)
    )
