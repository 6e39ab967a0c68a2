"""Functions beside PyTorch, where it is there."""

import numpy as np
import pytest
from functional_calls import (
    BETA,
    GAMMA,
    MEAN,
    ROWS,
    STEPS,
    TOLERANCE,
    VAR,
    X,
    as_tuple,
    cast,
    is_floats,
    normal,
)

import fastdl.functional as F


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
    ("resize2d", (X, (4, 3), "bilinear", "half_pixel", "floor", 0, True, True),
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
