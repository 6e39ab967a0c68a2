"""What cuts, pads, repeats and resizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.onnx.reading.apart import among_pixels_of, apart, axes_of, pair, repeated
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.value import Unsupported, Value, as_image, check_size, described


def cut(x: Value, i: int, chosen: range) -> Value:
    """Some of what stands along an axis of ONNX's."""
    size = x.onnx_shape[i]
    if not len(chosen) or chosen.step < 1 or x.axes[i] == ("n",):
        raise Unsupported(f"it takes {chosen} of an axis of {described(x)}")
    x = among_pixels_of(apart(x), [i])
    at = 0 if x.axes[i] == ("h",) else 1
    sides = [(0, 0), (0, 0)]
    sides[at] = (chosen[0], size - 1 - chosen[-1])
    if any(sides[at]):
        x = x.then(x.name, L.Crop2D(tuple(sides)))
    if chosen.step > 1 and len(chosen) > 1:  # one pixel of each window
        x = x.then(x.name, L.MaxPool2D(1, pair(x, {i: chosen.step})))
    return x


def split_off(reader: Any, node: Node, x: Value) -> Value:
    """Crop2D of one part."""
    i = int(node.get("axis", 0)) % len(x.axes)
    size = x.onnx_shape[i]
    parts, count = reader.param(node, 1, "split"), int(node.get("num_outputs", 0) or 0)
    if parts is None:
        count = count or int(node.get("outputs"))
        step = math.ceil(size / count)
        parts = [min(step, size - k * step) for k in range(count)]
    parts, k = [int(p) for p in np.reshape(parts, -1)], int(node.get("part"))
    if sum(parts) != size or min(parts) < 1:
        raise Unsupported(f"it makes parts of {parts} of {described(x)}")
    start = sum(parts[:k])
    if parts[k] == size:
        return x.to(node.outputs[0])
    return cut(x, i, range(start, start + parts[k])).to(node.outputs[0])


def padded(x: Value, amounts: dict[int, tuple[int, int]], mode: str, value: float) -> Value:
    """With more, or less where a number is negative, at both ends of axes of ONNX's."""
    for i, (before, after) in amounts.items():
        if before < 0 or after < 0:
            size = x.onnx_shape[i]
            x = cut(x, i, range(max(-before, 0), size - max(-after, 0)))
        more = (max(before, 0), max(after, 0))
        if any(more):
            if x.axes[i] == ("n",):
                raise Unsupported("it pads the samples")
            check_size((math.prod(x.shape) // x.onnx_shape[i], x.onnx_shape[i] + sum(more)))
            if not x.axes[i]:
                x = repeated(x, {i: 2})
                x = cut(x, i, range(1))
            x = among_pixels_of(apart(x), [i])
            sides = [(0, 0), (0, 0)]
            sides[0 if x.axes[i] == ("h",) else 1] = more
            x = x.then(x.name, L.Pad2D(tuple(sides), mode, value if mode == "constant" else 0.0))
    return x


def tile(reader: Any, node: Node, x: Value) -> Value:
    """Upsample2D of an axis of size 1, else Pad2D with mode="wrap"."""
    times = reader.const(node, 1)
    if times is None:
        raise Unsupported("how often it repeats is not constant")
    times = [int(t) for t in np.reshape(times, -1)]
    if len(times) != len(x.axes) or times[0] != 1 or min(times) < 1:
        raise Unsupported(f"it repeats {described(x)} {times} times")
    return _repeated(x, times).to(node.outputs[0])


def _repeated(x: Value, times: list[int]) -> Value:
    shape = x.onnx_shape
    x = repeated(x, {i: t for i, t in enumerate(times) if shape[i] == 1})
    more = {i: (0, (t - 1) * shape[i]) for i, t in enumerate(times) if t > 1 and shape[i] > 1}
    return padded(x, more, "wrap", 0.0)


def expand(reader: Any, node: Node, x: Value) -> Value:
    """Upsample2D of axes of size 1."""
    wanted = reader.const(node, 1)
    if wanted is None:
        raise Unsupported("its shape is not constant")
    wanted = [int(w) for w in np.reshape(wanted, -1)]
    shape = x.onnx_shape
    if len(wanted) > len(shape):
        raise Unsupported(f"it makes {wanted} of {described(x)}")
    wanted = [1] * (len(shape) - len(wanted)) + wanted
    times = [w if s == 1 else 1 for s, w in zip(shape, wanted, strict=True)]
    if any(s != 1 and w not in (1, s) for s, w in zip(shape, wanted, strict=True)) or times[0] != 1:
        raise Unsupported(f"it makes {wanted} of {described(x)}")
    if max(times) == 1:
        return x.to(node.outputs[0])
    return _repeated(x, times).to(node.outputs[0])


_RULES = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric")
_MODES = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}


def resize(reader: Any, node: Node, x: Value) -> Value:
    """Upsample2D where whole numbers of pixels are made of one, else Resize2D."""
    rank, shape = len(x.axes), x.onnx_shape
    old = node.op == "Upsample" or reader.opset < 11
    axes = node.get("axes")
    where = list(range(rank)) if axes is None else axes_of(axes, rank)
    scales = reader.param(node, 1 if old else 2, "scales")
    sizes = None if old else reader.const(node, 3)
    if scales is not None and np.size(scales):
        factors = {i: float(s) for i, s in zip(where, np.reshape(scales, -1), strict=True)}
        to = {i: math.floor(shape[i] * s) for i, s in factors.items()}
    elif sizes is not None:
        to = {i: int(s) for i, s in zip(where, np.reshape(sizes, -1), strict=True)}
        policy = node.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            least = min if policy == "not_larger" else max
            same = least(t / shape[i] for i, t in to.items())
            to = {i: math.floor(shape[i] * same + 0.5) for i in to}
            factors = dict.fromkeys(to, same)
        else:
            factors = {i: t / shape[i] for i, t in to.items()}
    else:
        raise Unsupported("its size is not constant")
    moved = [i for i, s in factors.items() if s != 1 or to[i] != shape[i]]
    if not moved:
        return x.to(node.outputs[0])
    if len(moved) > 2 or any(x.axes[i] == ("n",) for i in moved):
        raise Unsupported(f"it changes axes {moved} of {described(x)}; two of images are taken")
    check_size((*(to[i] for i in moved), x.shape[-1]))
    x = among_pixels_of(apart(x), moved)
    if any(not x.axes[i] for i in moved):
        raise Unsupported(f"it changes axes of size 1 of {described(x)}")
    spec = _resize_spec(node, x, pair(x, factors), pair(x, _sizes(x, to, moved)), old)
    return x.then(node.outputs[0], spec)


def _sizes(x: Value, to: dict[int, int], moved: list[int]) -> dict[int, int]:
    """Of all axes that lie among the pixels."""
    shape = x.onnx_shape
    found = {i: shape[i] for i, axis in enumerate(x.axes) if axis in (("h",), ("w",))}
    return found | {i: to[i] for i in moved}


def _resize_spec(
    node: Node, x: Value, scales: tuple[float, float], size: tuple[int, int], old: bool
) -> L.Layer:
    mode = node.get("mode", "nearest")
    rule = node.get("coordinate_transformation_mode") or ("asymmetric" if old else "half_pixel")
    rounding = "floor" if old else node.get("nearest_mode", "round_prefer_floor")
    if mode not in _MODES or rule not in _RULES:
        raise Unsupported(f"mode={mode!r} with {rule!r}")
    high, wide = scales
    whole = high % 1 == wide % 1 == 0 and min(scales) >= 1
    if whole and not node.get("exclude_outside", 0):
        factor = (int(high), int(wide))
        plain = rule == "asymmetric" and rounding == "floor"
        centred = rule in ("half_pixel", "pytorch_half_pixel") and rounding.startswith("round_")
        if mode == "nearest" and (plain or centred):
            return L.Upsample2D(_short(factor))
        alone = rule == "pytorch_half_pixel" and 1 in size
        if mode == "linear" and rule in ("half_pixel", "pytorch_half_pixel") and not alone:
            return L.Upsample2D(_short(factor), "bilinear")
    given: list[float | None] = [
        None if abs(s - t / f) < 1e-9 else s
        for s, t, f in zip(scales, size, x.shape[:2], strict=True)
    ]
    return L.Resize2D(
        _short(size),
        _MODES[mode],
        rule,
        rounding if mode == "nearest" else "round_prefer_floor",
        float(node.get("cubic_coeff_a", -0.75)),
        bool(node.get("exclude_outside", 0)),
        mode != "nearest" and bool(node.get("antialias", 0)),
        *given,
    )


def _short(pair: tuple[int, int]) -> int | tuple[int, int]:
    return pair[0] if pair[0] == pair[1] else pair


def space_to_depth(reader: Any, node: Node, x: Value) -> Value:
    """Crop2D of every b-th pixel, side by side: a frozen convolution."""
    x, b = as_image(x), int(node.get("blocksize"))
    channels = x.shape[2]
    if b < 1 or x.shape[0] % b or x.shape[1] % b:
        raise Unsupported(f"it makes squares of {b} pixels of {described(x)}")
    weight = np.zeros((b, b, channels, b * b * channels), reader.dtype)
    for i in range(b):
        for j in range(b):
            for c in range(channels):
                block = (i * b + j) * channels + c
                if node.get("mode", "DCR") == "CRD":
                    block = c * b * b + i * b + j
                weight[i, j, c, block] = 1
    spec = L.Conv2D(b * b * channels, b, b, bias=False, trainable=False)
    return x.then(node.outputs[0], spec, {"weight": weight})
