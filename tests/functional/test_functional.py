"""fastdl.functional: against PyTorch and NumPy, gradients, strides, dtypes, out=, messages."""

import threading
from inspect import signature

import numpy as np
import pytest

import fastdl.functional as F
from fastdl import layers as L
from fastdl.testing import check_gradients
from reference import resize_axis

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


X = normal(3, 6, 7, 4)
ROWS = normal(5, 6)
STEPS = normal(3, 7, 4)
GAMMA, BETA = 1 + 0.3 * normal(4), normal(4, seed=1)
MEAN, VAR = normal(4, seed=2), 0.5 + normal(4, seed=3) ** 2

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


def is_floats(a):
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def cast(args, change):
    return tuple(change(a) if is_floats(a) else a for a in args)


def backward_of(f):
    return getattr(F, f"{f.__name__}_backward")


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


# --- every function -------------------------------------------------------------------------------


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


# --- against PyTorch ------------------------------------------------------------------------------


def channels_first(t):
    return t.permute(0, 3, 1, 2)


def channels_last(t):
    return t.permute(0, 2, 3, 1)


def torch_conv2d(T, x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    y = T.conv2d(channels_first(x), w.permute(3, 2, 0, 1), b, stride, padding, dilation, groups)
    return channels_last(y)


def torch_conv2d_transpose(
    T, x, w, b=None, stride=1, padding=0, output_padding=0, dilation=1, groups=1
):
    f, c = w.shape[2] * groups, w.shape[3]
    weight = w.permute(3, 2, 0, 1).reshape(c, f // groups, *w.shape[:2])
    y = T.conv_transpose2d(
        channels_first(x), weight, b, stride, padding, output_padding, groups, dilation
    )
    return channels_last(y)


def torch_upsample2d(T, x, factor, mode="nearest"):
    return channels_last(T.interpolate(channels_first(x), scale_factor=factor, mode=mode))


def torch_resize(mode, **fixed):
    def resize(T, x, size, *_):
        return channels_last(T.interpolate(channels_first(x), size, mode=mode, **fixed))

    return resize


def torch_pool(name, **fixed):
    def pool(T, x, *args):
        return channels_last(getattr(T, name)(channels_first(x), *args, **fixed))

    return pool


def torch_batch_norm(T, x, gamma, beta, mean, var, *options):
    stats = mean.detach(), var.detach()
    return channels_last(T.batch_norm(channels_first(x), *stats, gamma, beta, *options))


def torch_layer_norm(T, x, gamma, beta, eps):
    return T.layer_norm(x, (4,), gamma, beta, eps)


def torch_group_norm(T, x, gamma, beta, groups, eps):
    return channels_last(T.group_norm(channels_first(x), groups, gamma, beta, eps))


def torch_conv1d(T, x, w, b, *options):
    return T.conv1d(x.mT, w.permute(2, 1, 0), b, *options).mT


def torch_pyramid(name):
    def pyramid(T, x, levels, *_):
        bins = [channels_last(getattr(T, name)(channels_first(x), level)) for level in levels]
        return torch_cat([b.flatten(1) for b in bins])

    return pyramid


def torch_cat(parts):
    import torch

    return torch.cat(parts, 1)


# fmt: off
TORCH = [
    ("dense", (ROWS, normal(6, 3), normal(3)), lambda T, x, w, b: T.linear(x, w.T, b)),
    ("conv2d", (X, normal(3, 3, 4, 5), normal(5)), torch_conv2d),
    ("conv2d", (X, normal(5, 3, 4, 5), normal(5), (2, 1), (2, 1)), torch_conv2d),
    ("conv2d", (X, normal(2, 3, 2, 6), normal(6), 1, 1, (2, 1), 2), torch_conv2d),
    ("conv2d", (X, normal(3, 3, 1, 8), normal(8), 1, "same", 1, 4), torch_conv2d),
    ("conv2d", (normal(2, 9, 9, 16), normal(3, 3, 16, 17), normal(17), 1, 1), torch_conv2d),
    ("conv2d_transpose", (X, normal(3, 3, 5, 4), normal(5)), torch_conv2d_transpose),
    ("conv2d_transpose", (X, normal(3, 2, 5, 4), normal(5), (2, 1), 1, (1, 0), (1, 2)),
     torch_conv2d_transpose),
    ("conv2d_transpose", (X, normal(4, 4, 1, 4), normal(2), 2, 1, 0, 1, 2), torch_conv2d_transpose),
    ("conv2d_transpose", (normal(2, 9, 9, 16), normal(3, 3, 17, 16), normal(17), 1, 1),
     torch_conv2d_transpose),
    ("upsample2d", (X, 3), torch_upsample2d),
    ("upsample2d", (X, 2, "bilinear"), torch_upsample2d),
    ("max_pool2d", (X, 3, 2, 1), torch_pool("max_pool2d")),
    ("max_pool2d", (X, (2, 3), (1, 2)), torch_pool("max_pool2d")),
    ("avg_pool2d", (X, 3, 2, 1), torch_pool("avg_pool2d")),
    ("avg_pool2d", (X, 3, 2, 1, False), lambda T, x, size, stride, padding, count: channels_last(
        T.avg_pool2d(channels_first(x), size, stride, padding, count_include_pad=count))),
    ("conv1d", (STEPS, normal(3, 4, 5), normal(5), 2), torch_conv1d),
    ("conv1d", (STEPS, normal(3, 2, 6), normal(6), 1, "same", 2, 2), torch_conv1d),
    ("max_pool1d", (STEPS, 3, 2), lambda T, x, *o: T.max_pool1d(x.mT, *o).mT),
    ("avg_pool1d", (STEPS, 3, 2), lambda T, x, *o: T.avg_pool1d(x.mT, *o).mT),
    ("pixel_shuffle", (X, 2), torch_pool("pixel_shuffle")),
    ("resize2d", (X, (5, 9)), torch_resize("bilinear")),
    ("resize2d", (X, (4, 3), "bilinear", "half_pixel", "floor", 0, False, True),
     torch_resize("bilinear", antialias=True)),
    ("resize2d", (X, (5, 9), "bicubic"), torch_resize("bicubic")),
    ("resize2d", (X, (9, 5), "bilinear", "align_corners"),
     torch_resize("bilinear", align_corners=True)),
    ("resize2d", (X, (4, 10), "nearest", "asymmetric", "floor"), torch_resize("nearest")),
    ("spatial_pyramid_pool2d", (X, (1, 3, 8)), torch_pyramid("adaptive_max_pool2d")),
    ("spatial_pyramid_pool2d", (X, (1, 3, 8), "avg"), torch_pyramid("adaptive_avg_pool2d")),
    ("rrelu", (X, 0.1, 0.5, 0, False), lambda T, x, low, high, *_: T.rrelu(x, low, high)),
    ("global_avg_pool2d", (X,), lambda T, x: x.mean((1, 2))),
    ("global_max_pool2d", (X,), lambda T, x: x.amax((1, 2))),
    ("batch_norm", (X, GAMMA, BETA, MEAN, VAR, True, 0.1, 1e-5), torch_batch_norm),
    ("batch_norm", (X, GAMMA, BETA, MEAN, VAR, False, 0.1, 1e-3), torch_batch_norm),
    ("layer_norm", (X, GAMMA, BETA, 1e-5), torch_layer_norm),
    ("group_norm", (X, GAMMA, BETA, 2, 1e-3), torch_group_norm),
    ("local_response_norm", (X, 3, 0.4, 0.6, 1.5), torch_pool("local_response_norm")),
    ("unit_norm", (X,), lambda T, x: T.normalize(x, dim=-1)),
    ("prelu", (X, GAMMA), lambda T, x, alpha: channels_last(T.prelu(channels_first(x), alpha))),
    ("sigmoid", (X,), lambda T, x: T.sigmoid(x)),
    ("tanh", (X,), lambda T, x: T.tanh(x)),
    ("relu", (X,), lambda T, x: T.relu(x)),
    ("leaky_relu", (X, 0.1), lambda T, x, alpha: T.leaky_relu(x, alpha)),
    ("elu", (X, 0.5), lambda T, x, alpha: T.elu(x, alpha)),
    ("selu", (X,), lambda T, x: T.selu(x)),
    ("softplus", (X,), lambda T, x: T.softplus(x)),
    ("gelu", (X,), lambda T, x: T.gelu(x)),
    ("swish", (X,), lambda T, x: T.silu(x)),
    ("mish", (X,), lambda T, x: T.mish(x)),
    ("softmax", (10 * X,), lambda T, x: T.softmax(x, -1)),
    ("log_softmax", (10 * X,), lambda T, x: T.log_softmax(x, -1)),
]
# fmt: on


@pytest.mark.parametrize("case", TORCH, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(TORCH)])
def test_pytorch(case, dtype):
    torch = pytest.importorskip("torch")
    name, args, reference = case
    tolerance = TOLERANCE[dtype]
    args = cast(args, lambda a: a.astype(dtype))
    tensors = [torch.tensor(a, requires_grad=True) if is_floats(a) else a for a in args]
    expected = reference(torch.nn.functional, *tensors)
    y = getattr(F, name)(*cast(args, np.copy))
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=tolerance, atol=tolerance)
    dy = normal(*y.shape, seed=1).astype(dtype)
    expected.backward(torch.tensor(dy))
    grads = as_tuple(getattr(F, f"{name}_backward")(dy, *args))
    for got, tensor in zip(grads, filter(torch.is_tensor, tensors), strict=False):
        scale = max(1.0, float(tensor.grad.abs().max()))
        np.testing.assert_allclose(got, tensor.grad.numpy(), rtol=tolerance, atol=tolerance * scale)


def test_running_statistics_are_pytorchs(dtype):
    torch = pytest.importorskip("torch")
    x, mean, var = X.astype(dtype), MEAN.astype(dtype), VAR.astype(dtype)
    expected = torch.tensor(mean), torch.tensor(var)
    torch.nn.functional.batch_norm(
        channels_first(torch.tensor(x)), *expected, training=True, momentum=0.3
    )
    F.batch_norm(x, GAMMA, BETA, mean, var, training=True, momentum=0.3)
    for got, tensor in zip((mean, var), expected, strict=True):
        np.testing.assert_allclose(got, tensor.numpy(), rtol=TOLERANCE[dtype])


def test_running_statistics_that_are_strided():
    stats = np.stack([MEAN, VAR], axis=1)
    mean, var = MEAN.copy(), VAR.copy()
    F.batch_norm(X, GAMMA, BETA, stats[:, 0], stats[:, 1], training=True)
    F.batch_norm(X, GAMMA, BETA, mean, var, training=True)
    np.testing.assert_array_equal(stats, np.stack([mean, var], axis=1))


def test_pool_indices_are_pytorchs():
    torch = pytest.importorskip("torch")
    x = np.round(X)  # with ties
    y, indices = F.max_pool2d(x, (3, 2), (2, 1), 1, return_indices=True)
    expected, where = torch.nn.functional.max_pool2d(
        channels_first(torch.tensor(x)), (3, 2), (2, 1), 1, return_indices=True
    )
    np.testing.assert_array_equal(y, channels_last(expected))
    np.testing.assert_array_equal(indices, channels_last(where))


# --- against NumPy --------------------------------------------------------------------------------


def test_a_convolution_is_a_product_of_patches():
    w = normal(3, 2, 4, 5)
    cols = F.im2col(X, (3, 2), stride=2, padding="same")
    assert cols.shape == (3 * 3 * 4, 3 * 2 * 4)
    y = F.conv2d(X, w, stride=2, padding="same")
    product = (cols @ w.reshape(-1, 5)).reshape(y.shape)
    np.testing.assert_allclose(product, y, rtol=1e-10, atol=1e-10)


def test_col2im_is_the_adjoint_of_im2col():
    cols = F.im2col(X, 3, stride=2, padding=1)
    other = normal(*cols.shape)
    image = F.col2im(other, X.shape, 3, stride=2, padding=1)
    assert np.sum(cols * other) == pytest.approx(np.sum(X * image))


def test_maxout():
    y = F.maxout([[1.0, 5.0, 2.0, -1.0, -2.0, -3.0]], 3)
    np.testing.assert_array_equal(y, [[5.0, -1.0]])


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_pad2d_and_crop2d(mode):
    around = ((0, 0), (1, 2), (9, 3), (0, 0))
    expected = np.pad(X, around, mode, **({"constant_values": 0.5} if mode == "constant" else {}))
    y = F.pad2d(X, around[1:3], mode, 0.5 if mode == "constant" else 0.0)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(F.crop2d(y, around[1:3]), X)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "align_corners", "asymmetric"])
def test_resize2d(interpolation, coordinates):
    words = L.Resize2D((4, 9), interpolation, coordinates).to_dict()
    expected = resize_axis(resize_axis(X, 1, 4, words), 2, 9, words)
    y = F.resize2d(X, [4, 9], interpolation, coordinates)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


def test_dropout_keeps_the_mean():
    x = np.ones((200, 500))
    y = F.dropout(x, 0.3, seed=1)
    assert set(np.unique(y)) == {0.0, 1 / (1 - 0.3)}
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.01)
    np.testing.assert_array_equal(y, F.dropout(x, 0.3, seed=1))
    assert not np.array_equal(y, F.dropout(x, 0.3, seed=2))
    assert not np.array_equal(y, F.dropout(x, 0.3, seed=1 + (1 << 40)))
    np.testing.assert_array_equal(F.dropout(x, 0.3, seed=1, training=False), x)
    np.testing.assert_array_equal(F.dropout_backward(x, x, 0.3, seed=1), y)


# --- losses ---------------------------------------------------------------------------------------

Z = 2 * normal(6, 4)
CODES = np.array([0, 3, 1, 1, 2, 0])
TARGETS = normal(6, 4, seed=1)
BITS, COUNTS = (TARGETS > 0).astype(int), (2 * abs(normal(6, 4, seed=2))).astype(int)
POINTS = np.where(np.arange(6)[:, None] % 2, TARGETS, np.nan)  # every second cell has a centre
WEIGHTS = 0.5 + normal(6) ** 2


def logsumexp(z):
    return np.log(np.sum(np.exp(z), axis=1))


def crammer_singer(z, y, margin=1.0):
    rows = np.arange(len(z))
    others = z.copy()
    others[rows, y] = -np.inf
    return np.maximum(0, margin + others.max(axis=1) - z[rows, y])


def huber(z, y, delta=1.0):
    e = np.abs(z - y)
    return np.where(e <= delta, e**2 / 2, delta * (e - delta / 2)).sum(axis=1)


def focal(z, y, gamma=2.0):
    p = np.exp(z[np.arange(6), y] - logsumexp(z))
    return -((1 - p) ** gamma) * np.log(p)


def binary_focal(z, y, gamma=2.0):
    p = np.where(y == 1, 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z)))
    return (-((1 - p) ** gamma) * np.log(p)).sum(axis=1)


def objects_as_points(z, y):  # the four outputs before the heat maps
    errors = np.where(np.isnan(y), 0, abs(z - y))
    return errors[:, :2].sum(axis=1) + 0.3 * errors[:, 2:].sum(axis=1)


def squares_and_kinds(z, y):
    d = np.array([[np.sum((a - b) ** 2) for b in z] for a in z])
    same = y[:, None] == y
    return d, [np.flatnonzero(row) for row in same & ~np.eye(6, dtype=bool)], ~same


def triplet(z, y, margin=0.2):
    d, alike, other = squares_and_kinds(z, y)
    values = np.zeros(6)
    for a in range(6):
        for p in alike[a]:
            rest = d[a, other[a]]
            beyond = rest[rest > d[a, p]]
            n = beyond.min() if len(beyond) else rest.max()
            values[a] += max(0, margin + d[a, p] - n) / len(alike[a])
    return values


def contrastive(z, y, margin=1.0):
    d, alike, other = squares_and_kinds(z, y)
    gaps = np.maximum(0, margin - np.sqrt(d)) ** 2
    return np.array(
        [
            (d[a, alike[a]].mean() if len(alike[a]) else 0) / 2 + gaps[a, other[a]].mean() / 2
            for a in range(6)
        ]
    )


# fmt: off
LOSSES = [
    (F.softmax_cross_entropy, CODES, {}, lambda z, y: logsumexp(z) - z[np.arange(6), y]),
    (F.binary_cross_entropy, BITS, {}, lambda z, y: (np.logaddexp(0, z) - y * z).sum(axis=1)),
    (F.squared_error, TARGETS, {}, lambda z, y: ((z - y) ** 2).sum(axis=1) / 2),
    (F.absolute_error, TARGETS, {}, lambda z, y: np.abs(z - y).sum(axis=1)),
    (F.huber, TARGETS, {}, huber),
    (F.huber, TARGETS, {"delta": 0.4}, lambda z, y: huber(z, y, 0.4)),
    (F.hinge, CODES, {}, crammer_singer),
    (F.hinge, CODES, {"margin": 3.0}, lambda z, y: crammer_singer(z, y, 3.0)),
    (F.poisson, COUNTS, {}, lambda z, y: (np.exp(z) - y * z).sum(axis=1)),
    (F.softmax_cross_entropy, CODES, {"label_smoothing": 0.2},
     lambda z, y: logsumexp(z) - 0.8 * z[np.arange(6), y] - 0.2 * z.mean(axis=1)),
    (F.binary_cross_entropy, BITS, {"label_smoothing": 0.2},
     lambda z, y: (np.logaddexp(0, z) - (0.8 * y + 0.1) * z).sum(axis=1)),
    (F.pinball, TARGETS, {"quantile": 0.3},
     lambda z, y: np.maximum(0.3 * (y - z), 0.7 * (z - y)).sum(axis=1)),
    (F.focal, CODES, {}, focal),
    (F.focal, CODES, {"gamma": 0.5}, lambda z, y: focal(z, y, 0.5)),
    (F.binary_focal, BITS, {}, binary_focal),
    (F.objects_as_points, POINTS, {"size_weight": 0.3}, objects_as_points),
    (F.triplet, CODES, {}, triplet),
    (F.triplet, CODES, {"margin": 9.0}, lambda z, y: triplet(z, y, 9.0)),
    (F.contrastive, CODES, {}, contrastive),
    (F.contrastive, CODES, {"margin": 5.0}, lambda z, y: contrastive(z, y, 5.0)),
]
# fmt: on
each_loss = pytest.mark.parametrize(
    ("f", "y", "options", "reference"), LOSSES, ids=[f.__name__ for f, _, _, _ in LOSSES]
)


@each_loss
def test_losses(f, y, options, reference):
    each = reference(Z, y)
    weighted = WEIGHTS * each
    values, _ = f(Z, y, reduction="none", **options)
    np.testing.assert_allclose(values, each, rtol=1e-12)
    values, _ = f(Z, y, WEIGHTS, "none", **options)
    np.testing.assert_allclose(values, weighted, rtol=1e-12)
    assert f(Z, y, **options)[0] == pytest.approx(each.mean(), rel=1e-12)
    mean = weighted.sum() / WEIGHTS.sum()
    assert f(Z, y, WEIGHTS, **options)[0] == pytest.approx(mean, rel=1e-12)
    assert f(Z, y, WEIGHTS, "sum", **options)[0] == pytest.approx(weighted.sum(), rel=1e-12)
    loss, dpred = f(Z.astype(np.float32), y, **options)
    assert dpred.dtype == (np.float64 if y.dtype.kind == "f" else dpred.dtype)
    assert loss == pytest.approx(each.mean(), rel=1e-5)


@pytest.mark.share(3)
@each_loss
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_gradients_of_losses(f, y, options, reference, reduction):
    def value(z):
        return np.sum(f(z, y, WEIGHTS, reduction, **options)[0])

    _, dpred = f(Z, y, WEIGHTS, reduction, **options)
    numeric = np.empty_like(Z)
    for i in np.ndindex(Z.shape):
        step = np.zeros_like(Z)
        step[i] = 1e-6
        numeric[i] = (value(Z + step) - value(Z - step)) / 2e-6
    np.testing.assert_allclose(dpred, numeric, rtol=1e-6, atol=1e-8)


def test_losses_of_one_output():
    for f in (F.squared_error, F.binary_cross_entropy, F.poisson):
        loss, dpred = f(Z[:, 0], np.abs(TARGETS[:, 0]))
        expected, gradient = f(Z[:, :1], np.abs(TARGETS[:, :1]))
        assert loss == expected
        np.testing.assert_array_equal(dpred, gradient[:, 0])


def test_out_of_a_loss():
    out = np.empty_like(Z)
    _, dpred = F.softmax_cross_entropy(Z, CODES, out=out)
    assert dpred is out
    z = Z.copy()
    _, dpred = F.softmax_cross_entropy(z, CODES, out=z)
    assert dpred is z
    np.testing.assert_array_equal(z, out)


def test_losses_do_not_overflow():
    z = np.array([[1000.0, -1000.0]])
    assert F.softmax_cross_entropy(z, [1])[0] == 2000.0
    assert F.binary_cross_entropy(z, [[0.0, 1.0]])[0] == 2000.0


# --- steps ----------------------------------------------------------------------------------------

# fmt: off
TORCH_STEPS = [
    (F.sgd_step, "SGD", {}, {}),
    (F.adagrad_step, "Adagrad", {}, {"eps": 1e-8}),
    (F.adadelta_step, "Adadelta", {}, {"rho": 0.95}),
    (F.rmsprop_step, "RMSprop", {}, {"alpha": 0.9}),
    (F.adamw_step, "AdamW", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
    (F.nadam_step, "NAdam", {}, {}),
]
# fmt: on


@pytest.mark.parametrize(("step", "name", "options", "theirs"), TORCH_STEPS)
def test_steps_are_pytorchs(step, name, options, theirs, dtype):
    torch = pytest.importorskip("torch")
    params = [normal(4, 3).astype(dtype), normal(5).astype(dtype)]
    tensors = [torch.tensor(p, requires_grad=True) for p in params]
    optimizer = getattr(torch.optim, name)(tensors, lr=0.01, **theirs)
    state = None
    for i in range(5):
        grads = [normal(*p.shape, seed=i + 1).astype(dtype) for p in params]
        for tensor, g in zip(tensors, grads, strict=True):
            tensor.grad = torch.tensor(g)
        optimizer.step()
        state = step(params, grads, state, lr=0.01, **options)
    assert state.steps == 5
    tolerance = max(
        TOLERANCE[dtype], 1e-7 if name == "NAdam" else 0
    )  # its product of mu is float32
    for p, tensor in zip(params, tensors, strict=True):
        np.testing.assert_allclose(p, tensor.detach().numpy(), rtol=tolerance)


@pytest.mark.parametrize("kind", ["momentum", "nesterov", "adam"])
def test_steps_are_scikit_learns(kind):
    optimizers = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    w = normal(4, 3)
    theirs = [w.copy()]
    if kind == "adam":
        optimizer = optimizers.AdamOptimizer(theirs, 0.01)
    else:
        optimizer = optimizers.SGDOptimizer(theirs, 0.01, nesterov=kind == "nesterov")
    step, state = getattr(F, f"{kind}_step"), None
    for i in range(5):
        g = normal(4, 3, seed=i + 1)
        optimizer.update_params(theirs, [g])
        state = step(w, g, state, lr=0.01)
    np.testing.assert_allclose(w, theirs[0], rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in F.__all__ if name.endswith("_step")])
def test_steps_in_place_and_strided(name):
    step = getattr(F, name)
    dense, strided = normal(6, 4), np.empty((6, 8))[:, ::2]
    strided[...] = dense
    states = None, None
    for i in range(3):
        g = normal(6, 4, seed=i + 1)
        states = step(dense, g, states[0], lr=0.1), step(strided, g.tolist(), states[1], lr=0.1)
    np.testing.assert_array_equal(strided, dense)


@pytest.mark.parametrize("name", [name for name in F.__all__ if name.endswith("_step")])
def test_steps_read_grads_that_are_read_only(name):
    step = getattr(F, name)
    params, grads = normal(6, 4), normal(6, 4)
    other = params.copy()
    state = step(other, grads, lr=0.1)
    grads.setflags(write=False)
    same = step(params, grads, lr=0.1)
    np.testing.assert_array_equal(params, other)
    step([params], (grads,), None)
    assert same.steps == state.steps == 1


def test_embedding_into_out():
    table, ids = normal(5, 3), np.array([[4, 0], [2, 4]])
    for out in (np.empty((2, 2, 3)), np.empty((2, 2, 6))[..., ::2]):
        assert F.embedding(ids, table, out=out) is out
        np.testing.assert_array_equal(out, table[ids])
    own = table.copy()
    F.embedding([4, 3, 2, 1, 0], own, out=own)
    np.testing.assert_array_equal(own, table[::-1])


# --- messages -------------------------------------------------------------------------------------

# fmt: off
BAD_CALLS = [
    (lambda: F.dense(X, ROWS), ValueError, "dense(): x has shape (3, 6, 7, 4); expected (n, in)."),
    (lambda: F.dense(ROWS, normal(5, 3)), ValueError,
     "dense(): x has 6 features, but w has shape (5, 3)."),
    (lambda: F.dense(ROWS, normal(6, 3), normal(2)), ValueError,
     "dense(): b has shape (2,); expected (3,)."),
    (lambda: F.dense(ROWS * 1j, normal(6, 3)), TypeError,
     "dense(): x has dtype complex128; expected float32, float64 or integers."),
    (lambda: F.relu(["a"]), TypeError,
     "relu(): x has dtype <U1; expected float32, float64 or integers."),
    (lambda: F.conv2d(X[0], normal(3, 3, 4, 5)), ValueError,
     "conv2d(): x has shape (6, 7, 4); expected (n, h, w, c)."),
    (lambda: F.conv2d(X, normal(3, 3, 3, 5)), ValueError,
     "conv2d(): w has shape (3, 3, 3, 5), for 3 channels in groups=1, but x has 4 channels."),
    (lambda: F.conv2d(X, normal(3, 3, 4, 5), stride=0), ValueError,
     "conv2d(): stride=0; expected a positive integer or a pair of them."),
    (lambda: F.conv2d(X, normal(3, 3, 4, 5), padding="sane"), ValueError,
     "conv2d(): padding='sane' is not known. Did you mean 'same'? Choose from 'valid', 'same'."),
    (lambda: F.conv2d(X, normal(3, 3, 2, 5), groups=2), ValueError,
     "conv2d(): filters=5 cannot be split into groups=2; expected a multiple of groups."),
    (lambda: F.conv2d_backward(X, X, normal(3, 3, 4, 5)), ValueError,
     "conv2d(): dy has shape (3, 6, 7, 4), but the result has (3, 4, 5, 5)."),
    (lambda: F.conv2d(X, normal(8, 3, 4, 5)), ValueError,
     "conv2d(kernel 8x3, padding 'valid') gets an input of 6x7. Use padding=\"same\"."),
    (lambda: F.conv2d_transpose(X, normal(3, 3, 5, 3)), ValueError,
     "conv2d_transpose(): w has shape (3, 3, 5, 3), for 3 channels, but x has 4 channels."),
    (lambda: F.conv2d_transpose(X, normal(3, 3, 5, 4), normal(4)), ValueError,
     "conv2d_transpose(): b has shape (4,); expected (5,)."),
    (lambda: F.conv2d_transpose(X, normal(3, 3, 5, 4), output_padding=1), ValueError,
     "conv2d_transpose(): output_padding=1 must be smaller than stride=1."),
    (lambda: F.conv2d_transpose(X, normal(3, 3, 5, 4), padding=4), ValueError,
     "conv2d_transpose(kernel 3x3, padding ((4, 4), (4, 4))) leaves nothing of an input of 6x7: "
     "the output would be 0x1. Use less padding."),
    (lambda: F.upsample2d(X, 0), ValueError,
     "upsample2d(): factor=0; expected a positive integer or a pair of them."),
    (lambda: F.upsample2d(X, 2, "bilinaer"), ValueError,
     "upsample2d(): interpolation='bilinaer' is not known. Did you mean 'bilinear'? Choose from "
     "'nearest', 'bilinear'."),
    (lambda: F.max_pool2d(X, 8), ValueError,
     "max_pool2d(window 8x8, padding ((0, 0), (0, 0))) gets an input of 6x7. "
     "Use padding=\"same\"."),
    (lambda: F.im2col(X, 9), ValueError,
     "im2col(): a window 9 high does not fit into 6 (padding included)."),
    (lambda: F.col2im(normal(3, 3), X.shape, 2), ValueError,
     "col2im(): cols has shape (3, 3); expected (90, 16)."),
    (lambda: F.max_pool2d(X, -1), ValueError,
     "max_pool2d(): size=-1; expected a positive integer or a pair of them."),
    (lambda: F.maxout(X, 3), ValueError,
     "maxout(): x has shape (3, 6, 7, 4); expected a last axis that is a multiple of pieces=3."),
    (lambda: F.dropout(X, 1.0, 0), ValueError,
     "dropout(): rate=1.0; expected a number from 0 to below 1."),
    (lambda: F.dropout(X, 0.5, -1), ValueError,
     "dropout(): seed=-1; expected an integer from 0 to 2**64 - 1."),
    (lambda: F.dense(ROWS, None), TypeError, "dense(): w is None; expected an array."),
    (lambda: F.relu(None), TypeError, "relu(): x is None; expected an array."),
    (lambda: F.conv2d_backward(None, X, normal(3, 3, 4, 5)), TypeError,
     "conv2d(): dy is None; expected an array."),
    (lambda: F.lstm(normal(2, 3, 4), None, normal(5, 20), None), TypeError,
     "lstm(): w_ih is None; expected an array."),
    (lambda: F.squared_error(Z, None), TypeError, "squared_error(): y is None; expected an array."),
    (lambda: F.embedding([0], None), TypeError, "embedding(): table is None; expected an array."),
    (lambda: F.embedding([0], normal(3, 2), out=np.empty((2, 2))), ValueError,
     "embedding(): out has shape (2, 2); expected (1, 2)."),
    (lambda: F.layer_norm(X, GAMMA[:3], BETA), ValueError,
     "layer_norm(): gamma has shape (3,); expected one value for each channel of x, whose shape is "
     "(3, 6, 7, 4)."),
    (lambda: F.batch_norm(X, GAMMA, BETA, MEAN.tolist(), VAR, training=True), TypeError,
     "batch_norm(): mean is moved in training; expected an array of floats."),
    (lambda: F.batch_norm(X[:0], GAMMA, BETA, MEAN, VAR, training=True), ValueError,
     "batch_norm(): x has shape (0, 6, 7, 4); training takes at least one sample."),
    (lambda: F.group_norm(X, GAMMA, BETA, 3), ValueError,
     "group_norm(): groups=3 does not divide its 4 channels. Use groups=1."),
    (lambda: F.group_norm(GAMMA, GAMMA, BETA, 2), ValueError,
     "group_norm(): x has shape (4,); expected (n, ..., channels)."),
    (lambda: F.local_response_norm(X, 4), ValueError,
     "local_response_norm(): size=4; expected an odd positive integer."),
    (lambda: F.local_response_norm(3.0), ValueError,
     "local_response_norm(): x has shape (); expected (..., channels)."),
    (lambda: F.conv1d(STEPS, normal(3, 4, 5), lengths=[7, 2, 5]), ValueError,
     "x[1] has 2 steps, but conv1d(kernel 3, padding 'valid') needs at least 3. Use "
     'padding="same" or "causal", or leave short sequences out.'),
    (lambda: F.conv1d(STEPS, normal(8, 4, 5)), ValueError,
     "conv1d(kernel 8, padding 'valid') gets sequences of 7 steps. Use padding=\"same\" or "
     '"causal".'),
    (lambda: F.conv1d(STEPS, normal(3, 3, 5)), ValueError,
     "conv1d(): w has shape (3, 3, 5), for 3 features in groups=1, but x has 4 features."),
    (lambda: F.conv1d(STEPS, normal(3, 2, 5), groups=2), ValueError,
     "conv1d(): filters=5 cannot be split into groups=2; expected a multiple of groups."),
    (lambda: F.conv1d(STEPS, normal(3, 4, 5), padding="full"), ValueError,
     "conv1d(): padding='full' is not known. Choose from 'valid', 'same', 'causal'."),
    (lambda: F.conv1d(STEPS, normal(3, 4, 5), lengths=[1.5, 2, 3]), ValueError,
     "conv1d(): lengths has shape (3,) and dtype float64; expected 3 integers, one for each "
     "sequence of x."),
    (lambda: F.conv1d_backward(STEPS, STEPS, normal(1, 4, 4), lengths=[1, 2]), ValueError,
     "conv1d(): lengths has shape (2,) and dtype int64; expected 3 integers, one for each sequence "
     "of x."),
    (lambda: F.max_pool1d(STEPS, 2, lengths=[7, 8, 2]), ValueError,
     "max_pool1d(): lengths[1] is 8, but x has 7 steps; expected 0 to 7."),
    (lambda: F.avg_pool1d(STEPS, 2, lengths=[7, 2, -1]), ValueError,
     "avg_pool1d(): lengths[2] is -1, but x has 7 steps; expected 0 to 7."),
    (lambda: F.max_pool1d(STEPS, 8), ValueError,
     "max_pool1d(window 8, padding 'valid') gets sequences of 7 steps. Use padding=\"same\" or "
     '"causal".'),
    (lambda: F.pad2d(X, (1, 2, 3)), ValueError,
     "pad2d(): padding=(1, 2, 3); expected integers of 0 or more: one, (height, width), or ((top, "
     "bottom), (left, right))."),
    (lambda: F.pad2d(X, 1, "mirror"), ValueError,
     "pad2d(): mode='mirror' is not known. Choose from 'constant', 'reflect', 'edge', 'wrap'."),
    (lambda: F.crop2d(X, 3), ValueError,
     "crop2d(): cropping=((3, 3), (3, 3)) leaves nothing of an image of 6x7x4. Take less away."),
    (lambda: F.crop2d(ROWS), ValueError,
     "crop2d(): x has shape (5, 6); expected (n, h, w, c)."),
    (lambda: F.resize2d(X, 0), ValueError,
     "resize2d(): size=0; expected a positive integer or a pair of them."),
    (lambda: F.resize2d(X, 4, "linear"), ValueError,
     "resize2d(): interpolation='linear' is not known. Did you mean 'bilinear'? Choose from "
     "'bilinear', 'nearest', 'bicubic'."),
    (lambda: F.pixel_shuffle(X, 3), ValueError,
     "pixel_shuffle(): factor=3 makes a pixel of 9 channels, but its input has 4. Use a multiple "
     "of 9 channels."),
    (lambda: F.stochastic_pool2d(X, 8), ValueError,
     "stochastic_pool2d(window 8x8) gets an input of 6x7."),
    (lambda: F.spatial_pyramid_pool2d(X, (1, 0)), ValueError,
     "spatial_pyramid_pool2d(): levels=(1, 0); expected a sequence of positive integers."),
    (lambda: F.rrelu(X, 0.5, 0.2), ValueError,
     "rrelu(): lower=0.5 is above upper=0.2; expected slopes from lower to upper."),
    (lambda: F.weight_norm(normal(3, 2), GAMMA), ValueError,
     "weight_norm(): g has shape (4,); expected (2,), one value for each output of v, whose shape "
     "is (3, 2)."),
    (lambda: F.weight_norm(normal(3, 2), GAMMA, 2), ValueError,
     "weight_norm(): axis=2, but v has shape (3, 2)."),
    (lambda: F.activation(X, "rleu"), ValueError,
     "activation(): function='rleu' is not known. Did you mean 'relu'? Choose from 'identity', "
     "'sigmoid', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', 'gelu', 'swish', "
     "'mish', 'softmax', 'hard_sigmoid', 'hard_swish', 'gelu_tanh', 'celu', 'softsign', "
     "'thresholded_relu', 'exp', 'log', 'sqrt', 'abs', 'erf', 'power'."),
    (lambda: F.relu_backward(ROWS, X), ValueError,
     "relu(): dy has shape (5, 6), but x has (3, 6, 7, 4)."),
    (lambda: F.squared_error(Z[:, :1], TARGETS[:, 0]), ValueError,
     "squared_error(): y has shape (6,), but pred has (6, 1)."),
    (lambda: F.hinge(Z, TARGETS[:, 0]), TypeError,
     "hinge(): y has dtype float64; expected class codes, integers from 0."),
    (lambda: F.hinge(Z, CODES[:3]), ValueError,
     "hinge(): y has shape (3,); expected (6,), one code a sample."),
    (lambda: F.softmax_cross_entropy(Z, CODES + 1), ValueError,
     "softmax_cross_entropy(): y has the code 4, but pred has the outputs 0 to 3."),
    (lambda: F.huber(Z, TARGETS, reduction="total"), ValueError,
     "huber(): reduction='total' is not known. Choose from 'mean', 'sum', 'none'."),
    (lambda: F.huber(Z, TARGETS, delta=0), ValueError,
     "Huber: delta=0; expected a positive number."),
    (lambda: F.huber(Z, TARGETS, np.zeros(6)), ValueError,
     "huber(): sample_weight adds up to 0, there is no mean."),
    (lambda: F.huber(Z[:0], TARGETS[:0]), ValueError,
     "huber(): pred has shape (0, 4); expected at least one sample."),
    (lambda: F.adam_step([1.0], [1.0]), TypeError,
     "adam_step(): params is changed in place; expected arrays of float32 or float64, got float."),
    (lambda: F.adam_step(CODES, CODES), TypeError,
     "adam_step(): params is changed in place; expected arrays of float32 or float64, got int64."),
    (lambda: F.adam_step(normal(3), normal(2)), ValueError,
     "adam_step(): grads has shape (2,), but params has (3,)."),
    (lambda: F.adam_step(normal(3), normal(3), F.adam_step(normal(2), normal(2))), ValueError,
     "adam_step(): state is of a step on other params; begin with state=None."),
]
# fmt: on


@pytest.mark.parametrize(("call", "error", "text"), BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_messages(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_all_names_are_there():
    assert sorted(F.__all__) == sorted(
        name for name in vars(F) if not name.startswith("_") and callable(getattr(F, name))
    )
