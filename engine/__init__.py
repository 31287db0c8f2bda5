"""Small neural networks, trained step by step, with every activation and gradient in view.

    data = engine.datasets.load("spirals", noise=0.1)
    network = engine.Network((2,), [engine.Dense(8, "tanh"), engine.Dense(1)], "binary_cross_entropy")
    run = engine.Experiment(network, data, engine.Adam(0.03)).start()
    trace = run.trace(200)
    trace["dense_1.weight.gradient"]        # [frames, out_features, in_features]

An `Experiment` is what a person chose; a `Run` is it being trained; a `Trace` is what was recorded.
"""

from engine import (
    activations,
    axes,
    datasets,
    derivation,
    errors,
    export,
    initialisers,
    losses,
    optimisers,
    regimes,
    regularisers,
    schedules,
    weights,
)
from engine.cost import Cost, cost
from engine.datasets import Dataset
from engine.experiment import Edit, Experiment
from engine.gradient_check import GradientReport, gradient_check
from engine.landscape import Landscape, landscape, landscape_blocks
from engine.layers import (
    GRU,
    LSTM,
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    LayerNorm,
    MaxPool2D,
    PositionalEncoding,
    Residual,
    SelfAttention,
    SimpleRNN,
    TransformerBlock,
)
from engine.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    HalfSquaredError,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
)
from engine.network import Network
from engine.optimisers import SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSProp
from engine.outcomes import Outcome
from engine.regimes import FullBatch, MiniBatch, Stochastic
from engine.regularisers import L1, L2, ElasticNet
from engine.trace import Trace

__all__ = [
    "GRU",
    "L1",
    "L2",
    "LSTM",
    "SGD",
    "Activation",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AvgPool2D",
    "BatchNorm",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Conv2D",
    "Cost",
    "Dataset",
    "Dense",
    "Dropout",
    "Edit",
    "ElasticNet",
    "Embedding",
    "Experiment",
    "Flatten",
    "FullBatch",
    "GlobalAveragePool2D",
    "GradientReport",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "Landscape",
    "LayerNorm",
    "MaxPool2D",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "MiniBatch",
    "Momentum",
    "Nesterov",
    "Network",
    "Outcome",
    "PositionalEncoding",
    "RMSProp",
    "Residual",
    "SelfAttention",
    "SimpleRNN",
    "Stochastic",
    "Trace",
    "TransformerBlock",
    "activations",
    "axes",
    "cost",
    "datasets",
    "derivation",
    "errors",
    "export",
    "gradient_check",
    "initialisers",
    "landscape",
    "landscape_blocks",
    "losses",
    "optimisers",
    "regimes",
    "regularisers",
    "schedules",
    "weights",
]
