"""Convolutions, poolings and norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import functional as F
from fastdl.onnx.running.operator import takes


def _last(x: NDArray[Any]) -> NDArray[Any]:
    """Images, or lines, as (n, h, w, c)."""
    x = x[:, :, np.newaxis] if x.ndim == 3 else x
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def _first(y: NDArray[Any], n_dims: int) -> NDArray[Any]:
    """Back to (n, c, h, w) or (n, c, w)."""
    y = y.transpose(0, 3, 1, 2)
    return y[:, :, 0] if n_dims == 3 else y


def _pair(values: Any, x: NDArray[Any], default: int) -> list[int]:
    values = [default] * (x.ndim - 2) if values is None else [int(v) for v in values]
    return [default, *values] if x.ndim == 3 else values


def _pads(
    x: NDArray[Any],
    size: list[int],
    stride: list[int],
    dilation: list[int],
    pads: Any,
    auto_pad: str,
) -> list[list[int]]:
    if auto_pad.startswith("SAME"):
        found, image = [], ((1, *x.shape[2:])[-2:])
        for axis in (0, 1):
            reach = dilation[axis] * (size[axis] - 1) + 1
            steps = math.ceil(image[axis] / stride[axis]) - 1
            total = max(steps * stride[axis] + reach - image[axis], 0)
            before = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
            found.append([before, total - before])
        return found
    if pads is None or auto_pad == "VALID":
        return [[0, 0], [0, 0]]
    half = len(pads) // 2
    sides = [[int(pads[i]), int(pads[i + half])] for i in range(half)]
    return [[0, 0], *sides] if x.ndim == 3 else sides


def conv(
    x: Any,
    w: Any,
    b: Any = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Any = None,
    group: int = 1,
    pads: Any = None,
    strides: Any = None,
    **_: Any,
) -> Any:
    """Conv of images and lines."""
    if x.ndim not in (3, 4) or not takes(x, w, b):
        return None
    stride, dilation = _pair(strides, x, 1), _pair(dilations, x, 1)
    size = [1, *w.shape[2:]][-2:]
    padding = _pads(x, size, stride, dilation, pads, auto_pad)
    kernels = (w[:, :, np.newaxis] if w.ndim == 3 else w).transpose(2, 3, 1, 0)
    y = F.conv2d(_last(x), kernels, b, stride, padding, dilation, group)
    return _first(y, x.ndim)


def conv_transpose(
    x: Any,
    w: Any,
    b: Any = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Any = None,
    group: int = 1,
    output_padding: Any = None,
    output_shape: Any = None,
    pads: Any = None,
    strides: Any = None,
    **_: Any,
) -> Any:
    """ConvTranspose of images and lines."""
    if x.ndim not in (3, 4) or not takes(x, w, b):
        return None
    stride, dilation = _pair(strides, x, 1), _pair(dilations, x, 1)
    more = _pair(output_padding, x, 0)
    size = [1, *w.shape[2:]][-2:]
    padding = _pads(x, size, [1, 1], dilation, pads, "NOTSET")
    image = (1, *x.shape[2:])[-2:]
    wanted: list[int] | None = None
    if output_shape is not None:
        wanted = [1, *(int(s) for s in output_shape)][-2:]
    elif auto_pad.startswith("SAME"):
        wanted = [i * s for i, s in zip(image, stride, strict=True)]
    for axis in range(2 if wanted else 0):
        assert wanted is not None
        reach = dilation[axis] * (size[axis] - 1) + 1
        total = (image[axis] - 1) * stride[axis] + more[axis] + reach - wanted[axis]
        if total < 0:
            more[axis], total = more[axis] - total, 0
        after = total - total // 2 if auto_pad == "SAME_UPPER" else total // 2
        padding[axis] = [total - after, after]
    kernels = (w[:, :, np.newaxis] if w.ndim == 3 else w).transpose(2, 3, 1, 0)
    beyond = [0, 0]
    for axis in (0, 1):  # fastdl's output_padding is below the stride: what is more is added after
        taken = min(more[axis], padding[axis][1]) if more[axis] >= stride[axis] else 0
        more[axis], padding[axis][1] = more[axis] - taken, padding[axis][1] - taken
        beyond[axis] = max(more[axis] - stride[axis] + 1, 0)
        more[axis] -= beyond[axis]
    y = F.conv2d_transpose(_last(x), kernels, None, stride, padding, more, dilation, group)
    if any(beyond):
        y = np.pad(y, ((0, 0), (0, beyond[0]), (0, beyond[1]), (0, 0)))
    return _first(y if b is None else y + b, x.ndim)


def _windows(
    x: NDArray[Any],
    kernel_shape: Any,
    strides: Any,
    pads: Any,
    auto_pad: str,
    ceil_mode: int,
) -> tuple[list[int], list[int], list[list[int]], bool]:
    """Size, stride, padding; whether ceil_mode adds to it."""
    size, stride = _pair(kernel_shape, x, 1), _pair(strides, x, 1)
    padding, added = _pads(x, size, stride, [1, 1], pads, auto_pad), False
    image = (1, *x.shape[2:])[-2:]
    for axis in (0, 1):
        room = image[axis] + sum(padding[axis]) - size[axis]
        if ceil_mode and room % stride[axis]:
            outputs = math.ceil(room / stride[axis]) + 1
            if (outputs - 1) * stride[axis] < image[axis] + padding[axis][0]:
                padding[axis][1] += (outputs - 1) * stride[axis] - room
                added = True
    return size, stride, padding, added


def _plain(dilations: Any) -> bool:
    return dilations is None or all(int(d) == 1 for d in dilations)


def max_pool(
    x: Any,
    *,
    n_outputs: int,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: Any = None,
    kernel_shape: Any = None,
    pads: Any = None,
    strides: Any = None,
    **_: Any,
) -> Any:
    """MaxPool of images and lines, without the places of the largest values."""
    if x.ndim not in (3, 4) or not takes(x) or n_outputs > 1 or not _plain(dilations):
        return None
    size, stride, padding, _added = _windows(x, kernel_shape, strides, pads, auto_pad, ceil_mode)
    return _first(F.max_pool2d(_last(x), size, stride, padding), x.ndim)


def average_pool(
    x: Any,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: Any = None,
    kernel_shape: Any = None,
    pads: Any = None,
    strides: Any = None,
    **_: Any,
) -> Any:
    """AveragePool of images and lines."""
    if x.ndim not in (3, 4) or not takes(x) or not _plain(dilations):
        return None
    size, stride, padding, added = _windows(x, kernel_shape, strides, pads, auto_pad, ceil_mode)
    if added and count_include_pad:
        return None
    y = F.avg_pool2d(_last(x), size, stride, padding, bool(count_include_pad))
    return _first(y, x.ndim)


def _over_pixels(f: Any, x: Any) -> Any:
    if x.ndim < 3 or not takes(x):
        return None
    ones = (1,) * (x.ndim - 2)
    flat = x.reshape(*x.shape[:2], 1, -1).transpose(0, 2, 3, 1)
    return f(np.ascontiguousarray(flat)).reshape(*x.shape[:2], *ones)


def global_average_pool(x: Any, **_: Any) -> Any:
    """GlobalAveragePool of any axes."""
    return _over_pixels(F.global_avg_pool2d, x)


def global_max_pool(x: Any, **_: Any) -> Any:
    """GlobalMaxPool of any axes."""
    return _over_pixels(F.global_max_pool2d, x)


def _channels_last(x: NDArray[Any]) -> NDArray[Any]:
    """(n, c, ...) as (n, pixels, 1, c)."""
    flat = x.reshape(*x.shape[:2], -1, 1)
    return np.ascontiguousarray(flat.transpose(0, 2, 3, 1))


def _channels_back(y: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    return y.transpose(0, 3, 1, 2).reshape(shape)


def batch_normalization(
    x: Any,
    gain: Any,
    shift: Any,
    mean: Any,
    var: Any,
    *,
    n_outputs: int,
    epsilon: float = 1e-5,
    training_mode: int = 0,
    spatial: int = 1,
    **_: Any,
) -> Any:
    """BatchNormalization at prediction."""
    if n_outputs > 1 or training_mode or not spatial or x.ndim < 2 or not takes(x):
        return None
    gain, shift, mean, var = (a.astype(x.dtype) for a in (gain, shift, mean, var))
    y = F.batch_norm(_channels_last(x), gain, shift, mean, var, eps=float(epsilon))
    return _channels_back(y, x.shape)


def instance_normalization(
    x: Any, gain: Any, shift: Any, *, epsilon: float = 1e-5, **_: Any
) -> Any:
    """InstanceNormalization of any axes."""
    if not takes(x, gain, shift):
        return None
    y = F.group_norm(_channels_last(x), gain, shift, x.shape[1], float(epsilon))
    return _channels_back(y, x.shape)


def group_normalization(
    x: Any,
    gain: Any,
    shift: Any,
    *,
    num_groups: int = 1,
    epsilon: float = 1e-5,
    **_: Any,
) -> Any:
    """GroupNormalization of any axes; up to opset 20 gains are of groups."""
    if not takes(x, gain, shift):
        return None
    gain, shift = (np.repeat(a, x.shape[1] // len(a)) for a in (gain, shift))
    y = F.group_norm(_channels_last(x), gain, shift, int(num_groups), float(epsilon))
    return _channels_back(y, x.shape)


def layer_normalization(
    x: Any,
    gain: Any,
    shift: Any = None,
    *,
    n_outputs: int,
    axis: int = -1,
    epsilon: float = 1e-5,
    **_: Any,
) -> Any:
    """LayerNormalization over any last axes; mean and inverse deviation where asked for."""
    if not takes(x, gain, shift):
        return None
    axis %= x.ndim
    shape, inner = x.shape, int(np.prod(x.shape[axis:]))
    gain = np.broadcast_to(gain, shape[axis:]).reshape(-1)
    shift = (
        np.zeros_like(gain) if shift is None else np.broadcast_to(shift, shape[axis:]).reshape(-1)
    )
    rows = x.reshape(-1, inner)
    y = F.layer_norm(rows, gain, shift, float(epsilon)).reshape(shape)
    if n_outputs == 1:
        return y
    ones = (*shape[:axis], *(1 for _ in shape[axis:]))
    mean = rows.mean(axis=1, dtype=x.dtype).reshape(ones)
    inverse = 1 / np.sqrt(
        rows.var(axis=1, dtype=x.dtype).reshape(ones) + np.asarray(epsilon, x.dtype)
    )
    return (y, mean, inverse.astype(x.dtype))[:n_outputs]


def lrn(
    x: Any,
    *,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    bias: float = 1.0,
    **_: Any,
) -> Any:
    """LRN of an odd number of channels."""
    if not takes(x) or size % 2 == 0 or x.ndim < 3:
        return None
    y = F.local_response_norm(_channels_last(x), int(size), alpha, beta, bias)
    return _channels_back(y, x.shape)
