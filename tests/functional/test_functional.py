"""fastdl.functional: against PyTorch and NumPy, gradients, strides, dtypes, out=, messages."""

import threading
from inspect import signature

import numpy as np
import pytest
from functional_calls import (
    BETA,
    GAMMA,
    MEAN,
    ROWS,
    STEPS,
    VAR,
    X,
    as_tuple,
    cast,
    is_floats,
    normal,
)

import fastdl.functional as F
from fastdl.testing import check_gradients

# fmt: off
# Function, inputs, options; every one is differentiated, strided, cast and given an out.
CALLS = [
    (F.dense, (ROWS, normal(6, 3), normal(3)), {}),
    (F.dense, (ROWS, normal(6, 3)), {}),
    (F.conv2d, (X, normal(3, 3, 4, 5), normal(5)), {}),
    (F.conv2d, (X, normal(3, 2, 4, 5)), {"padding": "same", "stride": 2}),
    (F.conv2d, (X, normal(2, 3, 2, 6), normal(6)), {"groups": 2, "padding": (1, 2)}),
    (F.conv2d, (X, normal(3, 3, 1, 4), normal(4)), {"groups": 4, "padding": "same"}),
    (F.conv2d, (X, normal(2, 2, 4, 3)), {"dilation": (2, 3), "padding": ((1, 0), (2, 3))}),
    (F.conv2d_transpose, (X, normal(3, 3, 5, 4), normal(5)), {}),
    (F.conv2d_transpose, (X, normal(3, 2, 2, 4)), {"padding": "same", "stride": 2}),
    (F.conv2d_transpose, (X, normal(2, 3, 1, 4), normal(2)),
     {"stride": (2, 1), "padding": (0, 1), "output_padding": (1, 0), "groups": 2}),
    (F.im2col, (X, (2, 3)), {"stride": (2, 1), "padding": 1, "dilation": (1, 2)}),
    (F.im2col, (X, 3), {"padding": "same"}),
    (F.col2im, (normal(3 * 4 * 5, 36), X.shape, 3), {}),
    (F.max_pool2d, (X, 2), {}),
    (F.max_pool2d, (X, (3, 2)), {"stride": (2, 1), "padding": 1}),
    (F.avg_pool2d, (X, 3), {"stride": 2, "padding": 1}),
    (F.avg_pool2d, (X, 3), {"stride": 2, "padding": 1, "count_include_pad": False}),
    (F.upsample2d, (X, 2), {}),
    (F.upsample2d, (X, (3, 2)), {"interpolation": "bilinear"}),
    (F.conv1d, (STEPS, normal(3, 4, 5), normal(5)), {}),
    (F.conv1d, (STEPS, normal(2, 4, 5)), {"stride": 2, "padding": "same", "lengths": [7, 2, 5]}),
    (F.conv1d, (STEPS, normal(3, 2, 6), normal(6)), {"groups": 2, "lengths": [3, 7, 4]}),
    (F.conv1d, (STEPS, normal(3, 4, 3)),
     {"dilation": 2, "padding": "causal", "lengths": [1, 7, 4]}),
    (F.max_pool1d, (STEPS, 2), {}),
    (F.max_pool1d, (STEPS, 3), {"stride": 2, "padding": "same", "lengths": [7, 2, 5]}),
    (F.avg_pool1d, (STEPS, 3), {"stride": 1}),
    (F.avg_pool1d, (STEPS, 3), {"stride": 2, "padding": "causal", "lengths": [7, 2, 5]}),
    (F.pixel_shuffle, (X, 2), {}),
    (F.pad2d, (X,), {}),
    (F.pad2d, (X, ((0, 2), (3, 1))), {"value": 1.5}),
    (F.pad2d, (X, (2, 9)), {"mode": "reflect"}),
    (F.pad2d, (X, (1, 2)), {"mode": "edge"}),
    (F.pad2d, (X, (1, 2)), {"mode": "wrap"}),
    (F.crop2d, (X,), {}),
    (F.crop2d, (X, ((0, 2), (3, 1))), {}),
    (F.resize2d, (X, 5), {}),
    (F.resize2d, (X, (9, 4)), {"interpolation": "bicubic", "antialias": True}),
    (F.resize2d, (X, (3, 10)), {"interpolation": "nearest", "coordinates": "asymmetric"}),
    (F.stochastic_pool2d, (X, 2), {"seed": 3}),
    (F.stochastic_pool2d, (X, 3), {"stride": 2, "training": False}),
    (F.spatial_pyramid_pool2d, (X,), {}),
    (F.spatial_pyramid_pool2d, (X,), {"levels": (3, 8), "mode": "avg"}),
    (F.global_avg_pool2d, (X,), {}),
    (F.global_max_pool2d, (X,), {}),
    (F.maxout, (X, 2), {}),
    (F.dropout, (X, 0.4, 7), {}),
    (F.dropout, (X, 0.4, 7), {"training": False}),
    (F.batch_norm, (X, GAMMA, BETA, MEAN, VAR), {}),
    (F.batch_norm, (ROWS[:, :4], GAMMA, BETA, MEAN, VAR), {"eps": 0.1}),
    (F.batch_norm, (X, GAMMA, BETA, MEAN, VAR), {"training": True}),
    (F.layer_norm, (X, GAMMA, BETA), {}),
    (F.group_norm, (X, GAMMA, BETA), {"groups": 2}),
    (F.group_norm, (ROWS[:, :4], GAMMA, BETA), {"groups": 2, "eps": 0.1}),
    (F.group_norm, (X[:, 0], GAMMA, BETA), {"groups": 4}),
    (F.local_response_norm, (X,), {"alpha": 0.5}),
    (F.local_response_norm, (ROWS,), {"size": 3, "alpha": 0.4, "beta": 0.6, "k": 2.0}),
    (F.unit_norm, (X,), {}),
    (F.unit_norm, (ROWS,), {"eps": 0.1}),
    (F.prelu, (X, GAMMA), {}),
    (F.rrelu, (X,), {"seed": 7}),
    (F.rrelu, (X, 0.1, 0.5), {"training": False}),
    (F.weight_norm, (normal(3, 2, 4), GAMMA), {}),
    (F.weight_norm, (normal(3, 2, 4, 5), GAMMA), {"axis": 2}),
    *[(getattr(F, name), (X,), {}) for name in (
        "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus", "gelu", "swish",
        "mish", "softmax", "log_softmax")],
    (F.leaky_relu, (X, 0.2), {}),
    (F.elu, (X, 0.5), {}),
    (F.swish, (X, 1.5), {}),
    (F.activation, (X, "gelu"), {}),
    (F.activation, (X, "swish", 0.7), {}),
]


# fmt: on
NAMES = [f"{f.__name__}-{i}" for i, (f, _, _) in enumerate(CALLS)]


each_call = pytest.mark.parametrize(("f", "args", "options"), CALLS, ids=NAMES)


def backward_of(f):
    return getattr(F, f"{f.__name__}_backward")


@each_call
@pytest.mark.share(4)
def test_gradients(f, args, options):
    def filled(arrays):
        given = iter(arrays)
        return [next(given) if is_floats(a) else a for a in args]

    check_gradients(
        lambda *arrays: f(*filled(arrays), **options),
        list(filter(is_floats, args)),
        backward=lambda dy, *arrays: backward_of(f)(dy, *filled(arrays), **options),
    )


@each_call
def test_strided_arrays(f, args, options):
    def strided(a):
        return np.repeat(a, 2, axis=-1)[..., ::2]

    expected = f(*cast(args, np.copy), **options)
    np.testing.assert_array_equal(f(*cast(args, strided), **options), expected)
    np.testing.assert_array_equal(f(*cast(args, np.asfortranarray), **options), expected)
    dy = np.ones_like(expected)
    for got, grad in zip(
        as_tuple(backward_of(f)(strided(dy), *cast(args, strided), **options)),
        as_tuple(backward_of(f)(dy, *args, **options)),
        strict=True,
    ):
        np.testing.assert_array_equal(got, grad)


@pytest.mark.share(3)
@each_call
def test_float32(f, args, options):
    expected = f(*cast(args, np.copy), **options)
    single = cast(args, np.float32)
    y = f(*single, **options)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)
    grads = backward_of(f)(np.ones_like(y), *single, **options)
    expected = backward_of(f)(np.ones(y.shape), *args, **options)
    for got, grad in zip(as_tuple(grads), as_tuple(expected), strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, grad, rtol=1e-3, atol=1e-3)


@each_call
def test_lists(f, args, options):
    if options.get("training"):
        pytest.skip("the running statistics must be arrays")
    expected = f(*args, **options)
    np.testing.assert_array_equal(f(*cast(args, np.ndarray.tolist), **options), expected)


@each_call
def test_out(f, args, options):
    expected = f(*cast(args, np.copy), **options)
    out = np.full_like(expected, np.nan)
    assert f(*cast(args, np.copy), **options, out=out) is out
    np.testing.assert_array_equal(out, expected)
    strided = np.full((*expected.shape, 2), np.nan)[..., 0]
    assert f(*cast(args, np.copy), **options, out=strided) is strided
    np.testing.assert_array_equal(strided, expected)
    single = np.empty(expected.shape, np.float32)
    assert f(*cast(args, np.copy), **options, out=single) is single
    np.testing.assert_array_equal(single, expected.astype(np.float32))


@each_call
def test_wrong_out(f, args, options):
    y = f(*cast(args, np.copy), **options)
    name = args[1] if f is F.activation else f.__name__
    with pytest.raises(ValueError, match="out has shape") as caught:
        f(*args, **options, out=np.empty((1, *y.shape)))
    assert str(caught.value) == f"{name}(): out has shape {(1, *y.shape)}; expected {y.shape}."
    with pytest.raises(TypeError) as caught:
        f(*args, **options, out=np.empty(y.shape, int))
    assert str(caught.value) == f"{name}(): out has dtype int64; expected float64."
    with pytest.raises(TypeError, match="out is a list; expected a NumPy array"):
        f(*args, **options, out=[])
    y.flags.writeable = False
    with pytest.raises(ValueError, match="out is read-only"):
        f(*args, **options, out=y)


@each_call
def test_empty_batches(f, args, options):
    if f is F.col2im:
        args = (args[0][:0], (0, *args[1][1:]), *args[2:])
    else:
        args = (args[0][:0], *args[1:])
    if "lengths" in options:
        options = options | {"lengths": np.empty(0, int)}
    if options.get("training") and f is F.batch_norm:
        pytest.skip("no statistics of nothing")
    y = f(*args, **options)
    assert y.shape[0] == 0
    for grad, a in zip(
        as_tuple(backward_of(f)(y, *args, **options)), filter(is_floats, args), strict=False
    ):
        assert grad.shape == a.shape
        assert not grad.any()


@each_call
def test_backward_takes_what_forward_took(f, args, options):
    def names(function):
        return [p for p in signature(function).parameters if p not in ("out", "needs")]

    forward = [name for name in names(f) if name != "return_indices"]
    assert names(backward_of(f)) == ["dy", *forward]


def test_large_arrays_in_parts():
    x, w = normal(700, 9, 9, 2).astype(np.float32), normal(3, 3, 2, 3).astype(np.float32)
    y = F.conv2d(x, w)
    np.testing.assert_array_equal(y[600:], F.conv2d(x[600:], w))
    x = normal(3_000_000)
    np.testing.assert_allclose(F.tanh(x), np.tanh(x), rtol=1e-12)
    np.testing.assert_allclose(F.tanh_backward(x, x), x * (1 - np.tanh(x) ** 2), atol=1e-12)


def test_out_may_be_the_input():
    x = X.copy()
    assert F.relu(x, out=x) is x
    np.testing.assert_array_equal(x, np.maximum(X, 0))
    rows = normal(900, 6)
    expected = F.dense(rows, np.eye(6)[::-1])
    np.testing.assert_array_equal(F.dense(rows, np.eye(6)[::-1], out=rows), expected)


def test_integers_become_float64():
    y = F.relu(np.arange(-2, 3))
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, [0, 0, 0, 1, 2])
    assert F.dense(np.ones((2, 2), np.uint8), np.ones((2, 2), np.float32)).dtype == np.float32
    assert F.relu(np.ones(3, np.float16)).dtype == np.float32
    assert F.relu(np.ones(3, ">f8")).dtype == np.dtype("float64")


def test_any_shape():
    assert F.relu(-3.0).shape == ()
    assert F.softmax(2.0) == 1.0
    assert F.tanh(normal(2, 1, 3, 1, 2)).shape == (2, 1, 3, 1, 2)
    assert F.relu(np.empty((0, 3))).shape == (0, 3)
    assert F.softmax(np.empty((3, 0))).shape == (3, 0)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (F.dense_backward, (normal(5, 3), ROWS, normal(6, 3), normal(3))),
        (F.conv2d_backward, (normal(3, 4, 5, 2), X, normal(3, 3, 4, 2), normal(2))),
        (F.batch_norm_backward, (X, X, GAMMA, BETA, MEAN, VAR, True)),
        (F.layer_norm_backward, (X, X, GAMMA, BETA)),
        (F.prelu_backward, (X, X, GAMMA)),
    ],
)
def test_needs(f, args):
    everything = f(*args)
    n = len(everything)
    for needs in np.ndindex(*(2,) * n):
        for got, expected, need in zip(f(*args, needs=needs), everything, needs, strict=True):
            if need:
                np.testing.assert_array_equal(got, expected)
            else:
                assert got is None
    with pytest.raises(ValueError, match=rf"needs has 1 values; expected {n}"):
        f(*args, needs=[True])


def test_threads_do_not_meet():
    x = [normal(40, 30, seed=i) for i in range(4)]
    w = normal(30, 20)
    expected = [xi @ w for xi in x]
    got = [[] for _ in x]

    def work(i):
        got[i] += [F.dense(x[i], w) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for results, y in zip(got, expected, strict=True):
        for result in results:
            np.testing.assert_allclose(result, y, rtol=1e-12, atol=1e-12)
