"""Convolution, pooling and flatten against the naive twin, central differences and JAX, in float64. Integration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import engine
from engine.errors import ConfigurationError
from engine.kernels import context as c
from engine.plan import Program
from engine.run import Run
from tests.engine.test_oracle_jax import activation_of
from tests.pictures import SMOOTH, PictureCase, any_case, axes, picture_cases
from tests.strategies import worst_error

BATCHES = (1, 2, 15, 16, 17, 33)
TOUCHING = PictureCase(
    (2, 6, 5),
    (
        engine.Conv2D(5, 3, padding=1, activation="tanh"),
        engine.MaxPool2D(2),
        engine.Conv2D(3, 2, activation="silu"),
        engine.Flatten(),
        engine.Dense(2),
    ),
)


@given(case=picture_cases())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_network_equals_the_naive_twin(case):
    run = case.start()
    np.testing.assert_allclose(run.forward(case.x), case.naive_outputs(), rtol=1e-11, atol=1e-12)
    assert worst_error(run.gradients(case.x, case.y), case.naive_gradients()) < 1e-11


@given(case=picture_cases(activations=SMOOTH))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_gradient_is_the_central_difference(case):
    """Random numbers are far enough from a tie of a maximum for a step of 1e-5."""
    report = engine.gradient_check(case.start(), case.x, case.y, most=25)
    assert report.max_relative_error < 1e-6, report


# --------------------------------------------------------------------------------------------------------------- JAX


def jax_layer(jax, layer, name, shape, parameters, x):
    """One layer in jax.numpy and jax.lax."""
    lax, np_ = jax.lax, jax.numpy
    if layer.name == "flatten":
        return x.reshape(len(x), -1)
    if layer.name == "global_average_pool2d":
        return x.mean(axis=(2, 3))
    if layer.name == "dense":
        return x @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]
    window = axes(layer, shape)
    kernel, strides = ((1, 1, *(getattr(axis, part) for axis in window)) for part in ("kernel", "stride"))
    if layer.name == "max_pool2d":
        return lax.reduce_window(x, -np_.inf, lax.max, kernel, strides, "VALID")
    if layer.name == "avg_pool2d":
        return lax.reduce_window(x, 0.0, lax.add, kernel, strides, "VALID") / (kernel[2] * kernel[3])
    zeros, dilations = [(axis.before, axis.after) for axis in window], [axis.dilation for axis in window]
    z = lax.conv_general_dilated(x, parameters[f"{name}.weight"], strides[2:], zeros, rhs_dilation=dilations)
    if layer.use_bias:
        z = z + parameters[f"{name}.bias"][:, None, None]
    return activation_of(jax, layer.activation.to_dict())(z)


def jax_loss(jax, case):
    def loss(parameters, x, y):
        for name, layer, shape, _ in case.network.named_layers():
            x = jax_layer(jax, layer, name, shape, parameters, x)
        return ((x - y) ** 2).mean(), x

    return loss


@pytest.mark.parametrize("seed", range(6))
def test_random_networks_equal_jax(jax, seed):
    """Four at a time: JAX's compiler, not its arithmetic, is what takes time."""
    rng = np.random.default_rng(seed)
    cases = [any_case(lambda options: options[rng.integers(len(options))], SMOOTH, BATCHES) for _ in range(4)]
    functions = [jax.value_and_grad(jax_loss(jax, case), has_aux=True) for case in cases]

    @jax.jit
    def all_at_once(arguments):
        return [function(*argument) for function, argument in zip(functions, arguments, strict=True)]

    answers = all_at_once([(case.arrays, case.x, case.y) for case in cases])
    for case, ((loss, outputs), gradients) in zip(cases, answers, strict=True):
        run = case.start()
        np.testing.assert_allclose(run.forward(case.x), outputs, rtol=1e-11, atol=1e-12, err_msg=str(case))
        assert run.loss(case.x, case.y) == pytest.approx(float(loss), rel=1e-12), case
        expected = {name: np.asarray(array) for name, array in gradients.items()}
        assert worst_error(run.gradients(case.x, case.y), expected) < 1e-12, case


# ------------------------------------------------------------------------------------------------- batches and lanes


@pytest.mark.parametrize("batch", [1, 15, 16, 17, 32, 40])
def test_any_batch_size_has_the_mean_gradient_of_its_examples(batch):
    case = PictureCase(TOUCHING.input_shape, TOUCHING.layers, batch)
    run = case.start()
    each = [run.gradients(case.x[i : i + 1], case.y[i : i + 1]) for i in range(batch)]
    mean = {name: np.mean([gradients[name] for gradients in each], axis=0) for name in each[0]}
    assert worst_error(run.gradients(case.x, case.y), mean) < 1e-12


def test_outputs_come_in_chunks_as_one_by_one():
    case = PictureCase(TOUCHING.input_shape, TOUCHING.layers, batch=70)
    run = case.start()
    one_by_one = np.concatenate([run.forward(case.x[i : i + 1]) for i in range(70)])
    np.testing.assert_allclose(run.forward(case.x), one_by_one, rtol=1e-12, atol=1e-14)


@given(case=picture_cases(activations=SMOOTH, batches=BATCHES))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_float32_is_the_same_network_in_fewer_digits(case):
    run, double = case.start(dtype="float32"), case.start()
    np.testing.assert_allclose(run.forward(case.x), double.forward(case.x), rtol=2e-4, atol=2e-5)
    assert worst_error(run.gradients(case.x, case.y), double.gradients(case.x, case.y)) < 1e-3


@pytest.mark.parametrize("filters", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 16, 17])
@pytest.mark.parametrize("channels", [1, 2, 3, 8])
def test_tiles_have_their_corners_at_any_number_of_filters_and_channels(channels, filters):
    layers = (engine.Conv2D(channels, 1), engine.Conv2D(filters, 2), engine.Flatten(), engine.Dense(1))
    case = PictureCase((1, 3, 3), layers, batch=2)
    assert worst_error(case.start().gradients(case.x, case.y), case.naive_gradients()) < 1e-12


def test_pictures_of_many_strips_have_the_whole_gradient():
    """The weight gradient goes through large pictures strip by strip: here 40 x 40, more than the fastest cache."""
    layers = (
        engine.Conv2D(2, 3, padding=1),
        engine.Conv2D(4, (2, 3), (2, 1)),
        engine.GlobalAveragePool2D(),
        engine.Dense(1),
    )
    case = PictureCase((1, 40, 40), layers, batch=17)
    run = case.start()
    each = [run.gradients(case.x[i : i + 1], case.y[i : i + 1]) for i in range(17)]
    assert (
        worst_error(run.gradients(case.x, case.y), {n: np.mean([g[n] for g in each], axis=0) for n in each[0]}) < 1e-12
    )
    assert engine.gradient_check(run, case.x, case.y, most=6).max_relative_error < 1e-6


@given(case=picture_cases(batches=(1, 3)))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_what_lay_in_the_buffers_before_does_not_matter(case):
    """Every delta is written whole, though windows leave pixels out: all buffers begin with rubbish."""
    run = case.start()
    clean = run.gradients(case.x, case.y)
    program = Program(case.network, run._store, case.batch, training=True)
    run._examples.bind(program)
    program.context[c.SIZE] = case.batch
    program.walk(0, program.forward_end)
    program.deltas[...] = program.gradients[...] = 1e3
    program.walk(program.forward_end, program.backward_end)
    found = run._layout.views(program.gradients[: run._layout.size])
    assert worst_error(found, clean) < 1e-12


# ------------------------------------------------------------------------------------------------- values by hand


def one_layer(layer: engine.layers.Layer, x: np.ndarray) -> Run:
    """A run on one picture, whose outputs are the layer's own numbers."""
    layers = [layer] if len(layer.output_shape(x.shape)) == 1 else [layer, engine.Flatten()]
    return PictureCase(x.shape, tuple(layers), batch=1).start()


def test_convolution_by_hand():
    """[[1, 2], [3, 4]] with one zero around it, seen through [[1, 10], [100, 1000]]."""
    x = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    run = one_layer(engine.Conv2D(1, 2, padding=1), x)
    run.set_parameters({"conv2d_1.weight": [[[[1, 10], [100, 1000]]]], "conv2d_1.bias": [0.5]})
    expected = [1000.5, 2100.5, 200.5, 3010.5, 4321.5, 402.5, 30.5, 43.5, 4.5]
    assert run.forward(x[None])[0].tolist() == expected


def test_an_even_kernel_with_same_padding_has_its_zeros_below_and_on_the_right():
    x = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    run = one_layer(engine.Conv2D(1, 2, padding="same"), x)
    run.set_parameters({"conv2d_1.weight": [[[[1, 10], [100, 1000]]]], "conv2d_1.bias": [0]})
    assert run.forward(x[None])[0].tolist() == [4321, 402, 43, 4]


def gradient_at_pixels(pooling: engine.layers.Layer, picture: list[list[float]]) -> list[list[float]]:
    """dL/dx where every output's delta is 1: what lies before the pooling is the picture itself."""
    x = np.array([[picture]], float)
    itself = engine.Conv2D(1, 1, weight_initialiser=engine.initialisers.Constant(1.0))
    network = engine.Network(x.shape[1:], [itself, pooling, engine.Flatten()], "mean_absolute_error")
    outputs = network.output_shape[0]
    far_below = np.full((1, outputs), -1000.0)
    data = engine.Dataset(x, far_below, x, far_below, task="regression")
    run = engine.Experiment(network, data, engine.SGD(0.1), engine.FullBatch(), dtype="float64").start()
    return (outputs * run.trace(1)["conv2d_1.delta"][0, 0]).round(12).tolist()


def test_the_first_of_equal_maxima_gets_the_gradient():
    assert gradient_at_pixels(engine.MaxPool2D(2), [[5, 5], [5, 5]]) == [[1, 0], [0, 0]]
    assert gradient_at_pixels(engine.MaxPool2D(2), [[1, 2], [3, 3]]) == [[0, 0], [1, 0]]


def test_a_pixel_that_is_the_maximum_of_two_windows_gets_both_gradients():
    assert gradient_at_pixels(engine.MaxPool2D(2, 1), [[1, 9, 1], [0, 0, 0]]) == [[0, 2, 0], [0, 0, 0]]


def test_pixels_that_no_window_sees_get_none():
    assert gradient_at_pixels(engine.MaxPool2D(2), [[1, 2, 9], [3, 4, 9], [9, 9, 9]]) == [
        [0, 0, 0],
        [0, 1, 0],
        [0, 0, 0],
    ]
    assert gradient_at_pixels(engine.AvgPool2D(1, 2), [[1, 2], [3, 4]]) == [[1, 0], [0, 0]]


def test_averages_by_hand():
    assert gradient_at_pixels(engine.AvgPool2D(2, 1), [[1, 2, 3], [4, 5, 6]]) == [[0.25, 0.5, 0.25]] * 2
    x = np.arange(12.0).reshape(2, 2, 3)
    run = one_layer(engine.GlobalAveragePool2D(), x)
    assert run.forward(x[None])[0].tolist() == [2.5, 8.5]


@pytest.mark.parametrize("place", [0, 3])
def test_a_maximum_lets_what_is_not_a_number_through(place):
    """Divergence must be seen, wherever in the window it is."""
    x = np.arange(4.0).reshape(1, 2, 2)
    run = one_layer(engine.MaxPool2D(2), x)
    program = Program(run.experiment.network, run._store, 1, training=True)
    run._examples.bind(program)
    program.context[c.SIZE] = 1
    program.walk(0, 3)  # the batch is there
    program.quantity("input")[place] = np.nan
    program.walk(3, program.forward_end)
    assert np.isnan(program.quantity("output")[0, 0])


# ------------------------------------------------------------------------------------------- what is seen and said


def test_a_trace_holds_feature_maps_and_their_gradients():
    trace = TOUCHING.start().trace(2)
    assert trace["conv2d_1.pre_activation"].shape == (2, 5, 6, 5)
    assert trace["conv2d_1.activation"].shape == trace["conv2d_1.delta"].shape == (2, 5, 6, 5)
    assert trace["max_pool2d_1.activation"].shape == (2, 5, 3, 2)
    assert trace["conv2d_2.weight.gradient"].shape == (2, 3, 5, 2, 2)
    np.testing.assert_allclose(trace["conv2d_1.activation"], np.tanh(trace["conv2d_1.pre_activation"]), rtol=1e-12)
    np.testing.assert_array_equal(
        trace["max_pool2d_1.activation"],
        trace["conv2d_1.activation"][:, :, :, :4].reshape(2, 5, 3, 2, 2, 2).max(axis=(3, 5)),
    )


LAYERS = (
    engine.Conv2D(4, (3, 5), 2, "same", (1, 2), activation="relu", use_bias=False, weight_initialiser="he_normal"),
    engine.Conv2D(4, 3, padding=(1, 2)),
    engine.MaxPool2D((2, 3), 1),
    engine.AvgPool2D(2),
    engine.GlobalAveragePool2D(),
    engine.Flatten(),
)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_round_trip(layer):
    assert engine.layers.Layer.from_dict(layer.to_dict()) == layer


def test_a_pair_of_equal_numbers_is_one_number():
    assert engine.Conv2D(4, (3, 3), [2, 2], (1, 1)) == engine.Conv2D(4, 3, 2, 1)
    assert engine.MaxPool2D((2, 2)) == engine.MaxPool2D(2)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: engine.Conv2D(0, 3), "filters"),
        (lambda: engine.Conv2D(4, 0), "kernel_size"),
        (lambda: engine.Conv2D(4, (3, 3, 3)), "kernel_size"),
        (lambda: engine.Conv2D(4, 2.5), "kernel_size"),
        (lambda: engine.Conv2D(4, 3, stride=0), "stride"),
        (lambda: engine.Conv2D(4, 3, padding=-1), "padding"),
        (lambda: engine.Conv2D(4, 3, padding="full"), "padding"),
        (lambda: engine.Conv2D(4, 3, dilation=(1, 0)), "dilation"),
        (lambda: engine.Conv2D(4, 3, use_bias=1), "use_bias"),
        (lambda: engine.MaxPool2D(0), "size"),
        (lambda: engine.MaxPool2D(2, 0), "stride"),
        (lambda: engine.AvgPool2D("2"), "size"),
    ],
)
def test_bad_options_are_named(make, name):
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("layers", "shape", "said"),
    [
        ([engine.Conv2D(4, 3)], (64,), "input of conv2d.*pictures"),
        ([engine.Conv2D(4, 5)], (1, 4, 8), "input of conv2d.*padding may help"),
        ([engine.MaxPool2D(2)], (64,), "input of max_pool2d"),
        ([engine.MaxPool2D(9)], (1, 8, 8), "size of max_pool2d.*at most"),
        ([engine.GlobalAveragePool2D()], (8, 8), "input of global_average_pool2d"),
        ([engine.Conv2D(4, 3), engine.Dense(2)], (1, 8, 8), r"input of dense.*Flatten\(\)"),
    ],
)
def test_shapes_that_do_not_fit_say_what_would(layers, shape, said):
    with pytest.raises(ConfigurationError, match=said):
        engine.Network(shape, layers, "mean_squared_error")


# ------------------------------------------------------------------------------------------------------- it learns


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_small_network_reads_digits():
    """8x8 digits, at least 97 % of the test pictures right; about a second of training."""
    data = engine.datasets.load("digits", as_images=True, train_fraction=0.8)
    layers = [
        engine.Conv2D(16, 3, padding="same", activation="relu", weight_initialiser="he_normal"),
        engine.MaxPool2D(2),
        engine.Conv2D(32, 3, padding="same", activation="relu", weight_initialiser="he_normal"),
        engine.MaxPool2D(2),
        engine.Flatten(),
        engine.Dense(10),
    ]
    network = engine.Network((1, 8, 8), layers, "categorical_cross_entropy")
    run = engine.Experiment(network, data, engine.Adam(0.002), engine.MiniBatch(32), seed=0).start()
    run.train(epochs=15)
    assert run.test_accuracy() >= 0.97
