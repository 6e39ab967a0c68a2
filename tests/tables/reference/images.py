"""Convolutions, pools, resizing and padding."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .types import Array, Layer


def margins(
    padding: Any, size: Any, stride: Any, dilation: Any, image: Any
) -> list[tuple[int, int]]:
    """[(top, bottom), (left, right)]; "same" gives ceil(image / stride) outputs."""
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if padding != "same":
        top, bottom, left, right = padding
        return [(top, bottom), (left, right)]
    sides = []
    for k, s, d, h in zip(size, stride, dilation, image, strict=True):
        total = max((-(-h // s) - 1) * s + (k - 1) * d + 1 - h, 0)
        sides.append((total // 2, total - total // 2))
    return sides


def windows(x: Array, size: Any, stride: Any, padding: Any, dilation: Any, fill: float) -> Array:
    """The patches under a sliding window, (n, oh, ow, c, kh, kw)."""
    sides = margins(padding, size, stride, dilation, x.shape[1:3])
    x = np.pad(x, [(0, 0), *sides, (0, 0)], constant_values=fill)
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    patches = sliding_window_view(x, reach, axis=(1, 2))
    return patches[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]


def conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    stride: Any = (1, 1),
    padding: Any = "valid",
    dilation: Any = (1, 1),
    groups: int = 1,
) -> Array:
    patches = windows(x, w.shape[:2], stride, padding, dilation, 0.0)
    parts = zip(np.split(patches, groups, axis=3), np.split(w, groups, axis=3), strict=True)
    y = np.concatenate([np.einsum("nyxckl,klcf->nyxf", p, v) for p, v in parts], axis=3)
    return y if b is None else y + b


def conv2d_transpose(
    x: Array,
    w: Array,
    b: Array | None = None,
    stride: Any = (1, 1),
    padding: Any = "valid",
    output_padding: Any = (0, 0),
    dilation: Any = (1, 1),
    groups: int = 1,
) -> Array:
    """Every pixel of x puts kernels w (kh, kw, f / groups, c), times itself, into the output."""
    image = np.array(x.shape[1:3])
    reach = (np.array(w.shape[:2]) - 1) * dilation + 1
    whole = (image - 1) * stride + reach
    if padding == "same":  # stride times the input
        size, cut = image * stride, np.maximum(reach - stride, 0) // 2
    else:
        sides = np.array(margins(padding, None, None, None, None))
        size, cut = whole - sides.sum(axis=1) + output_padding, sides[:, 0]
    room = np.maximum(whole, cut + size)
    parts = []
    for p, v in zip(np.split(x, groups, axis=3), np.split(w, groups, axis=3), strict=True):
        y = np.zeros((len(x), *room, w.shape[2]))
        for i, j in np.ndindex(*x.shape[1:3]):
            top, left = i * stride[0], j * stride[1]
            spot = y[:, top : top + reach[0] : dilation[0], left : left + reach[1] : dilation[1]]
            spot += np.einsum("nc,klfc->nklf", p[:, i, j], v)
        parts.append(y[:, cut[0] : cut[0] + size[0], cut[1] : cut[1] + size[1]])
    y = np.concatenate(parts, axis=3)
    return y if b is None else y + b


def max_pool2d(x: Array, size: Any, stride: Any, padding: Any = "valid") -> Array:
    return windows(x, size, stride, padding, (1, 1), -np.inf).max(axis=(4, 5))


def avg_pool2d(
    x: Array, size: Any, stride: Any, padding: Any = "valid", count_include_pad: bool = True
) -> Array:
    total = windows(x, size, stride, padding, (1, 1), 0.0).sum(axis=(4, 5))
    if count_include_pad:
        return total / (size[0] * size[1])
    return total / windows(np.ones_like(x), size, stride, padding, (1, 1), 0.0).sum(axis=(4, 5))


def stochastic_pool2d(x: Array, size: Any, stride: Any, draws: Array | None) -> Array:
    """The first value whose running sum passes its draw's share; without draws the mean."""
    a = np.maximum(windows(x, size, stride, "valid", (1, 1), 0.0), 0.0)
    a = np.where(np.isnan(windows(x, size, stride, "valid", (1, 1), 0.0)), np.nan, a)
    a = a.reshape(*a.shape[:4], -1)
    total = a.sum(axis=-1, keepdims=True)
    if draws is None:
        return (a * (a / np.where(total == 0, 1.0, total))).sum(axis=-1)
    passed = np.cumsum(a, axis=-1) > draws[..., None] * total
    taken = np.take_along_axis(a, passed.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    return np.where(passed.any(axis=-1), taken, 0.0)


def spatial_pyramid_pool(x: Array, levels: Any, mode: str) -> Array:
    (h, w), pool = x.shape[1:3], {"max": np.max, "avg": np.mean}[mode]
    bins = []
    for level in levels:
        for i, j in np.ndindex(level, level):
            rows = slice(i * h // level, -(-(i + 1) * h // level))
            columns = slice(j * w // level, -(-(j + 1) * w // level))
            bins.append(pool(x[:, rows, columns], axis=(1, 2)))
    return np.concatenate(bins, axis=1)


def pixel_shuffle(x: Array, r: int) -> Array:
    n, h, w, c = x.shape
    parts = x.reshape(n, h, w, c // r**2, r, r)  # n h w c i j
    return parts.transpose(0, 1, 4, 2, 5, 3).reshape(n, h * r, w * r, c // r**2)


def upsample2d(x: Array, factor: Any, interpolation: str = "nearest") -> Array:
    if interpolation == "nearest":
        return x.repeat(factor[0], axis=1).repeat(factor[1], axis=2)
    for axis, f in enumerate(factor, 1):
        size = x.shape[axis]
        at = np.maximum((np.arange(size * f) + 0.5) / f - 0.5, 0)
        first = np.minimum(at.astype(int), size - 1)
        second = np.minimum(np.ceil(at).astype(int), size - 1)
        part = np.expand_dims(at - first, tuple(range(1, 4 - axis)))
        x = x.take(first, axis) * (1 - part) + x.take(second, axis) * part
    return x


def middle(x: Array, size: Sequence[int] | None) -> Array:
    """Of images, the part of this height and width."""
    h, w = size or x.shape[1:3]
    top, left = (x.shape[1] - h) // 2, (x.shape[2] - w) // 2
    return x[:, top : top + h, left : left + w]


def pad2d(x: Array, padding: list[int], mode: str, value: float) -> Array:
    top, bottom, left, right = padding
    more = {"constant_values": value} if mode == "constant" else {}
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), mode, **more)


def resize_axis(x: Array, axis: int, to: int, layer: Layer) -> Array:
    """ONNX's Resize-19 along one axis, each output by itself."""
    size, scale = x.shape[axis], layer[("height_scale", "width_scale")[axis - 1]]
    scale = to / size if scale is None else scale
    whole, lines = size * scale, []
    for i in range(to):
        place = {
            "half_pixel": (i + 0.5) / scale - 0.5,
            "pytorch_half_pixel": -0.5 if whole == 1 else (i + 0.5) / scale - 0.5,
            "half_pixel_symmetric": size / 2 * (1 - to / whole) + (i + 0.5) / scale - 0.5,
            "align_corners": 0.0 if whole == 1 else i * (size - 1) / (whole - 1),
            "asymmetric": i / scale,
        }[layer["coordinates"]]
        lines.append(resized_at(x, axis, place, scale, layer))
    return np.stack(lines, axis)


def resized_at(x: Array, axis: int, place: float, scale: float, layer: Layer) -> Array:
    size, kind = x.shape[axis], layer["interpolation"]
    if kind == "nearest":
        at = {
            "floor": np.floor(place),
            "ceil": np.ceil(place),
            "round_prefer_floor": np.ceil(place - 0.5),
            "round_prefer_ceil": np.floor(place + 0.5),
        }[layer["rounding"]]
        return x.take(int(np.clip(at, 0, size - 1)), axis)
    shrink = min(scale, 1.0) if layer["antialias"] else 1.0
    reach = int(np.ceil((2 if kind == "bicubic" else 1) / shrink)) + 1
    around = np.arange(int(np.floor(place)) - reach, int(np.floor(place)) + reach + 1)
    d = np.abs(around - place) * shrink
    if kind == "bicubic":
        a = layer["cubic"]
        near = (a + 2) * d**3 - (a + 3) * d**2 + 1
        far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
        weights = np.where(d <= 1, near, np.where(d < 2, far, 0.0))
    else:
        weights = np.maximum(1 - d, 0.0)
    if layer["exclude_outside"]:
        weights = np.where((around < 0) | (around >= size), 0.0, weights)
    weights = np.where(np.abs(weights) < 1e-12, 0.0, weights)  # nothing times NaN would be NaN
    around, weights = around[weights != 0], weights[weights != 0]
    picked = x.take(np.clip(around, 0, size - 1), axis)
    return np.tensordot(np.moveaxis(picked, axis, -1), weights / weights.sum(), 1)
