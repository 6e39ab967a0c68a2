"""A traced array in place of each argument of each function of fastdl.functional.

The derivative is that of differences, or a TypeError names the argument: it is never lost.
"""

import importlib
import inspect

import numpy as np
import pytest

import fastdl.functional as F
from fastdl.autodiff import check_gradients, grad, jvp, value_and_grad, vjp

importlib.import_module("fastdl.autodiff._functional")
RULES = importlib.import_module("fastdl.autodiff._trace").RULES


def normal(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


ROWS, IMAGES, STEPS, STATE = normal(5, 4), normal(2, 4, 4, 4), normal(2, 4, 3), normal(2, 5)
CHANNELS = np.linspace(0.5, 1.5, 4)
CODES = np.array([0, 3, 1, 1, 2])
PART = np.linspace(0.1, 0.9, 20).reshape(5, 4)
POINTS = np.array([[0.3, 0.7, 1.1, 0.2, 1.0, 0.4], [np.nan] * 4 + [0.0, 0.9]])[[0, 1, 1, 0, 1]]
WEIGHT = np.array([0.3, 0.5, 1.0, 2.0, 0.2])
LOSS = {"sample_weight": WEIGHT}
OF_CODES = {"pred": ROWS, "y": CODES, **LOSS}
OF_TARGETS = {"pred": ROWS, "y": PART, **LOSS}
PATCHES = {"size": 2, "stride": 2}
# What each function is called with; other parameters have their defaults.
ARGUMENTS = {
    "absolute_error": OF_TARGETS,
    "activation": {"x": ROWS, "name": "elu", "alpha": 0.7},
    "attention": {"q": STEPS, "k": STEPS, "v": STEPS},
    "avg_pool1d": {"x": STEPS, "size": 2},
    "avg_pool1d_backward": {"dy": normal(2, 2, 3), "x": STEPS, "size": 2},
    "avg_pool2d": {"x": IMAGES, "size": 2},
    "avg_pool2d_backward": {"dy": normal(2, 2, 2, 4), "x": IMAGES, "size": 2},
    "batch_norm": {"x": ROWS, **dict.fromkeys(["gamma", "beta", "mean", "var"], CHANNELS)},
    "binary_cross_entropy": {**OF_TARGETS, "label_smoothing": 0.1},
    "binary_focal": OF_TARGETS,
    "col2im": {"cols": normal(8, 16), "x_shape": (2, 4, 4, 4), **PATCHES},
    "col2im_backward": {"dy": IMAGES, "cols": normal(8, 16), "x_shape": (2, 4, 4, 4), **PATCHES},
    "contrastive": {**OF_CODES, "margin": 5.0},
    "conv1d": {"x": STEPS, "w": normal(2, 3, 2), "b": normal(2)},
    "conv2d": {"x": IMAGES, "w": normal(2, 2, 4, 2), "b": normal(2)},
    "conv2d_transpose": {"x": IMAGES, "w": normal(2, 2, 2, 4), "b": normal(2)},
    "crop2d": {"x": IMAGES},
    "crop2d_backward": {"dy": normal(2, 2, 2, 4), "x": IMAGES},
    "dense": {"x": ROWS, "w": normal(4, 3), "b": normal(3)},
    "dropout": {"x": ROWS, "rate": 0.3, "seed": 1},
    "dropout_backward": {"dy": ROWS, "x": ROWS, "rate": 0.3, "seed": 1},
    "elu": {"x": ROWS, "alpha": 0.7},
    "embedding": {"ids": CODES, "table": ROWS},
    "focal": OF_CODES,
    "gelu": {"x": ROWS},
    "global_avg_pool2d": {"x": IMAGES},
    "global_avg_pool2d_backward": {"dy": ROWS[:2], "x": IMAGES},
    "global_max_pool2d": {"x": IMAGES},
    "group_norm": {"x": ROWS, "gamma": CHANNELS, "beta": CHANNELS, "groups": 2},
    "gru": {"x": STEPS, "w_ih": normal(3, 15), "w_hh": normal(5, 15), "b": normal(15)},
    "hinge": OF_CODES,
    "huber": {**OF_TARGETS, "delta": 0.4},
    "im2col": {"x": IMAGES, **PATCHES},
    "im2col_backward": {"dy": normal(8, 16), "x": IMAGES, **PATCHES},
    "layer_norm": {"x": ROWS, "gamma": CHANNELS, "beta": CHANNELS},
    "leaky_relu": {"x": ROWS, "alpha": 0.3},
    "local_response_norm": {"x": IMAGES},
    "log_softmax": {"x": ROWS},
    "lstm": {"x": STEPS, "w_ih": normal(3, 20), "w_hh": normal(5, 20), "b": normal(20)},
    "max_pool1d": {"x": STEPS, "size": 2},
    "max_pool2d": {"x": IMAGES, "size": 2},
    "maxout": {"x": ROWS, "pieces": 2},
    "mish": {"x": ROWS},
    "objects_as_points": {"pred": normal(5, 6), "y": POINTS, **LOSS},
    "pad2d": {"x": IMAGES, "value": 0.5},
    "pad2d_backward": {"dy": normal(2, 6, 6, 4), "x": IMAGES, "value": 0.5},
    "pinball": {**OF_TARGETS, "quantile": 0.3},
    "pixel_shuffle": {"x": IMAGES, "factor": 2},
    "pixel_shuffle_backward": {"dy": normal(2, 8, 8, 1), "x": IMAGES, "factor": 2},
    "poisson": OF_TARGETS,
    "prelu": {"x": ROWS, "alpha": CHANNELS},
    "relu": {"x": ROWS},
    "resize2d": {"x": IMAGES, "size": 3, "interpolation": "bicubic"},
    "resize2d_backward": {
        "dy": normal(2, 3, 3, 4), "x": IMAGES, "size": 3, "interpolation": "bicubic"
    },
    "rnn": {"x": STEPS, "w_ih": normal(3, 5), "w_hh": normal(5, 5), "b": normal(5), "h0": STATE},
    "rrelu": {"x": ROWS},
    "selu": {"x": ROWS},
    "sigmoid": {"x": ROWS},
    "softmax": {"x": ROWS},
    "softmax_cross_entropy": {**OF_CODES, "label_smoothing": 0.1},
    "softplus": {"x": ROWS},
    "spatial_pyramid_pool2d": {"x": IMAGES, "levels": (1, 2)},
    "squared_error": OF_TARGETS,
    "stochastic_pool2d": {"x": IMAGES, "size": 2},
    "swish": {"x": ROWS, "alpha": 1.3},
    "tanh": {"x": ROWS},
    "triplet": {**OF_CODES, "margin": 9.0},
    "unit_norm": {"x": ROWS},
    "upsample2d": {"x": IMAGES, "factor": 2},
    "upsample2d_backward": {"dy": normal(2, 8, 8, 4), "x": IMAGES, "factor": 2},
    "weight_norm": {"v": ROWS, "g": CHANNELS},
}  # fmt: skip
# Arguments with a derivative besides those of which the functions are functions first of all.
OPTIONS = {
    "activation": "alpha", "elu": "alpha", "leaky_relu": "alpha", "swish": "alpha",
    "pad2d": "value", "huber": "delta", "hinge": "margin", "triplet": "margin",
    "contrastive": "margin", "pinball": "quantile", "focal": "gamma", "binary_focal": "gamma",
    "softmax_cross_entropy": "label_smoothing", "binary_cross_entropy": "label_smoothing",
    "objects_as_points": "size_weight",
}  # fmt: skip
ABSENT = {"out", "needs", "return_cache", "return_indices"}


def options_of(name):
    """The parameters that are no arrays, as they are passed."""
    given = ARGUMENTS[name]
    for key, parameter in inspect.signature(getattr(F, name)).parameters.items():
        value = given.get(key, parameter.default)
        if key not in ABSENT and not isinstance(value, np.ndarray):
            yield key, value


ROWS_OF_TABLE = [(name, key, v) for name in ARGUMENTS for key, v in options_of(name)]
OPTIONAL_ARRAYS = {"sample_weight", "b", "h0", "c0", "w", "peepholes"}  # None where there is none
REFUSED = [
    (name, key, value)
    for name, key, value in ROWS_OF_TABLE
    if OPTIONS.get(name) != key and key not in OPTIONAL_ARRAYS
]


def called(name, key, value, **given):
    y = getattr(F, name)(**{**ARGUMENTS[name], **given, key: value})
    return np.sum((y[0] if isinstance(y, tuple) else y) * 1.5)


def test_every_function_with_a_rule_is_here():
    names = {f.__name__ for f in RULES if getattr(F, getattr(f, "__name__", ""), None) is f}
    assert names == set(ARGUMENTS)


@pytest.mark.parametrize(("name", "key", "value"), REFUSED)
def test_an_option_without_a_derivative_is_refused(name, key, value):
    at = float(value) if isinstance(value, (int, float)) else 1.0

    def f(v):
        return called(name, key, v)

    calls = (grad(f), lambda v: vjp(f, v), lambda v: jvp(f, (v,), (1.0,)), grad(grad(f)))
    for call in calls:
        with pytest.raises(TypeError, match=rf"functional.{name} has no derivative by {key}: pass"):
            call(at)


CONTAINERS = [
    ("pad2d", {"padding": lambda v: (1, v)}),
    ("crop2d", {"cropping": lambda v: ((1, v), (1, 1))}),
    ("col2im", {"x_shape": lambda v: [2, 4, 4, v]}),
    ("conv1d", {"lengths": lambda v: [2, v]}),
    ("gru", {"lengths": lambda v: [v, 2]}),
    ("spatial_pyramid_pool2d", {"levels": lambda v: (1, v)}),
]


@pytest.mark.parametrize(("name", "given"), CONTAINERS)
def test_options_within_containers(name, given):
    (key, make), *_ = given.items()
    first, x = next(iter(ARGUMENTS[name].items()))
    with pytest.raises(TypeError, match=f"{name} has no derivative by {key}"):
        grad(lambda v: called(name, first, v * x, **{key: make(v)}))(1.0)
    with pytest.raises((TypeError, ValueError), match=f"{key}=|conversion|traced"):
        grad(lambda v: called(name, key, make(v)))(1.0)


MORE = {
    **{
        f"{name}_by_name": ("activation", "alpha", alpha, {"x": np.abs(ROWS) + 0.1, "name": name})
        for name, alpha in [("power", 1.5), ("swish", 1.5), ("thresholded_relu", 0.7)]
    },
    "celu_below_0": ("activation", "alpha", 0.7, {"x": ROWS, "name": "celu"}),
    "pad2d_edge": ("pad2d", "value", 0.5, {"mode": "edge"}),
    "pad2d_sides": ("pad2d", "value", 0.5, {"padding": ((1, 0), (2, 3))}),
    "huber_sum": ("huber", "delta", 0.4, {"reduction": "sum"}),
    "contrastive_alone": ("contrastive", "margin", 2.0, {"sample_weight": None}),
}
OF_OPTIONS = {
    **{name: (name, key, v, {}) for name, key, v in ROWS_OF_TABLE if OPTIONS.get(name) == key},
    **MORE,
}


@pytest.mark.parametrize("case", OF_OPTIONS)
def test_derivatives_by_options(case):
    name, key, at, given = OF_OPTIONS[case]
    f = getattr(F, name)
    given = ARGUMENTS[name] | given
    first = next(iter(given))

    def by_both(x, v):
        y = f(**{**given, first: x, key: v})
        return y[0] if isinstance(y, tuple) else y

    check_gradients(by_both, (given[first], at), max_elements=6)
    check_gradients(lambda v: by_both(given[first], v), (at,))
    value, slopes = value_and_grad(lambda *a: np.sum(by_both(*a)), argnums=(0, 1))(given[first], at)
    assert value == pytest.approx(np.sum(by_both(given[first], at)), rel=1e-12)
    assert slopes[1] != 0 or case in ("pad2d_edge", "thresholded_relu_by_name")


SLOPES = [name for name in OPTIONS if "pred" in ARGUMENTS[name]]


@pytest.mark.parametrize("name", SLOPES)
def test_derivatives_of_dpred_by_options(name):
    key = OPTIONS[name]
    at = ARGUMENTS[name].get(key, inspect.signature(getattr(F, name)).parameters[key].default)
    given = ARGUMENTS[name]
    check_gradients(lambda v: getattr(F, name)(**{**given, key: v})[1], (at,), order=1)


# The arrays. Codes are integers, which have no derivative.
OF_ARRAYS = [
    (name, key)
    for name in ARGUMENTS
    for key, value in ARGUMENTS[name].items()
    if isinstance(value, np.ndarray) and not (name.endswith("_backward") and key in ("x", "cols"))
]


@pytest.mark.parametrize(("name", "key"), OF_ARRAYS)
def test_derivatives_by_arrays(name, key):
    given = ARGUMENTS[name]
    at = given[key]

    def f(v):
        y = getattr(F, name)(**{**given, key: v})
        return y[0] if isinstance(y, tuple) else y

    if at.dtype.kind == "i":
        with pytest.raises((TypeError, ValueError), match=key):
            grad(lambda v: np.sum(f(v)))(at.astype(float))
    else:
        check_gradients(f, (at,), modes=["reverse"], order=1, max_elements=8)


def test_activations_by_name():
    """All that there are: those of derivatives at 0 too, and alpha only where there is one."""
    functions = importlib.import_module("fastdl.layers._activation").ALL_FUNCTIONS
    for name, alpha in functions.items():
        x = np.abs(ROWS) + 0.1 if name in ("log", "sqrt", "power") else ROWS
        check_gradients(lambda x, name=name: F.activation(x, name), (x,), max_elements=6)
        y, _ = vjp(lambda x, name=name: F.activation(x, name), x)
        np.testing.assert_allclose(y, F.activation(x, name), rtol=1e-12, atol=1e-14)
        if alpha is None:
            with pytest.raises(ValueError, match="takes none"):
                grad(lambda a, x=x, name=name: np.sum(F.activation(x, name, a)))(1.0)


def test_arguments_by_position_and_of_two_traces():
    assert grad(lambda a: np.sum(F.elu(ROWS, a)))(1.0) == pytest.approx(
        np.sum(np.expm1(np.minimum(ROWS, 0)))
    )
    assert grad(lambda v: np.sum(F.pad2d(IMAGES, 1, "constant", v)))(2.0) == 2 * 4 * (36 - 16)
    mixed = grad(lambda a: np.sum(grad(lambda x: np.sum(F.swish(x, a)))(ROWS)))(1.3)
    swapped = np.sum(grad(lambda x: grad(lambda a: np.sum(F.swish(x, a)))(1.3))(ROWS))
    assert mixed == pytest.approx(swapped, rel=1e-12)
    mixed = grad(lambda v: np.sum(grad(lambda x: np.sum(F.pad2d(x, 1, value=v) ** 2))(IMAGES)))(1.0)
    assert mixed == 0  # what stands around is no part of the image


def test_images_of_lists_and_of_float32():
    assert grad(lambda v: np.sum(F.pad2d(IMAGES.tolist(), value=v)))(1.0) == 2 * 4 * 20
    y, tangent = jvp(lambda v: F.pad2d(IMAGES.astype("f"), value=v), (1.0,), (1.0,))
    assert y.dtype == tangent.dtype == np.float32
