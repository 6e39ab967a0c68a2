"""Every operation of fastdl, forward, in plain float64 NumPy: what the kernels are compared with.

Written to be read, shares nothing with the package. Arrays are as users see them: rows
(n, features), images (n, h, w, c), kernels (kh, kw, c/groups, f).
"""

from collections.abc import Callable, Sequence
from math import erf, erfc
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

import reference_augment
import reference_recurrent

Array = NDArray[np.float64]
Layer = dict[str, Any]  # {"kind": "conv2d", "name": "conv2d_1", "filters": 8, ...}


# --- operations ----------------------------------------------------------------------------------


def dense(x: Array, w: Array, b: Array | None = None) -> Array:
    return x @ w if b is None else x @ w + b


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


def weight_norm(v: Array, g: Array, transposed: bool = False, groups: int = 1) -> Array:
    """g v / ||v||, for each output: the last axis, or (h, w, filters / groups, groups * inputs)."""
    if not transposed:
        return g * v / np.sqrt((v**2).sum(axis=tuple(range(v.ndim - 1))))
    parts = zip(np.split(v, groups, axis=3), np.split(g, groups), strict=True)
    scaled = [p * (of / np.sqrt((p**2).sum(axis=(0, 1, 3))))[:, None] for p, of in parts]
    return np.concatenate(scaled, axis=3)


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


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(x: Array) -> Array:
    return np.exp(-np.logaddexp(0.0, -x))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017

ACTIVATIONS: dict[str, Callable[[Array, float], Array]] = {
    "identity": lambda x, alpha: x,
    "sigmoid": lambda x, alpha: sigmoid(x),
    "tanh": lambda x, alpha: np.tanh(x),
    "relu": lambda x, alpha: np.maximum(x, 0.0),
    "leaky_relu": lambda x, alpha: np.where(x > 0, x, alpha * x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
    "selu": lambda x, alpha: (
        SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0.0)))
    ),
    "softplus": lambda x, alpha: np.logaddexp(0.0, x),
    "gelu": lambda x, alpha: x * 0.5 * np.vectorize(erfc)(-x / np.sqrt(2.0)),
    "swish": lambda x, alpha: x * sigmoid(alpha * x),
    "mish": lambda x, alpha: x * np.tanh(np.logaddexp(0.0, x)),
    "exp": lambda x, alpha: np.exp(x),
    "hard_sigmoid": lambda x, alpha: np.clip(x / 6 + 0.5, 0.0, 1.0),
    "hard_swish": lambda x, alpha: x * np.clip(x / 6 + 0.5, 0.0, 1.0),
    "gelu_tanh": lambda x, alpha: x * sigmoid(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)),
    "celu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0) / alpha)),
    "softsign": lambda x, alpha: x / (1 + np.abs(x)),
    "thresholded_relu": lambda x, alpha: np.where(x <= alpha, 0.0, x),
    "log": lambda x, alpha: np.log(x),
    "sqrt": lambda x, alpha: np.sqrt(x),
    "abs": lambda x, alpha: np.abs(x),
    "erf": lambda x, alpha: np.vectorize(erf)(x),
    "power": lambda x, alpha: x**alpha,
    "softmax": lambda x, alpha: softmax(x),
}


def prelu(x: Array, alpha: Array) -> Array:
    return np.where(x > 0, x, alpha * x)


def parametric_activation(x: Array, slope: Array, function: str, alpha: float) -> Array:
    return x + slope * (ACTIVATIONS[function](x, alpha) - x)


def numeric_embedding(
    x: Array, frequency: Array, phase: Array, weight: Array, bias: Array
) -> Array:
    """The first columns as vectors, then the other features."""
    columns = len(frequency)
    waves = np.cos(2 * np.pi * x[:, :columns, None] * frequency + phase)  # (n, columns, k)
    mixed = np.einsum("njk,jkm->njm", waves, weight) + bias
    vectors = np.concatenate([mixed, x[:, :columns, None]], axis=2)
    return np.hstack([vectors.reshape(len(x), -1), x[:, columns:]])


def embed_categories(x: Array, table: Array, sizes: list[int]) -> Array:
    """The features that are no codes, then the vectors of the codes."""
    parts, first = [x[:, : -len(sizes)]], 0
    for j, size in enumerate(sizes):
        codes = np.rint(x[:, x.shape[1] - len(sizes) + j]).astype(int)
        known = np.where((codes >= 0) & (codes < size), codes, 0)
        parts.append(table[first + known])
        first += size
    return np.hstack(parts)


def maxout(x: Array, pieces: int) -> Array:
    """The largest of each ``pieces`` neighbouring columns."""
    return x.reshape(len(x), -1, pieces).max(axis=2)


def batch_norm(x: Array, gain: Array, shift: Array, mean: Array, var: Array, eps: float) -> Array:
    return gain * (x - mean) / np.sqrt(var + eps) + shift


def layer_norm(x: Array, gain: Array, shift: Array, eps: float) -> Array:
    return batch_norm(
        x, gain, shift, x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True), eps
    )


def group_norm(x: Array, gain: Array, shift: Array, groups: int, eps: float) -> Array:
    """Over the channels of a group and all axes but the first."""
    parts = np.split(x, groups, axis=-1)
    axes = tuple(range(1, x.ndim))
    parts = [
        (p - p.mean(axes, keepdims=True)) / (p.var(axes, keepdims=True) + eps) ** 0.5 for p in parts
    ]
    return gain * np.concatenate(parts, axis=-1) + shift


def local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    """Each channel over a power of the squares of the ``size`` channels around it."""
    reach = size // 2
    around = [slice(max(0, c - reach), c + reach + 1) for c in range(x.shape[-1])]
    sums = np.stack([(x[..., part] ** 2).sum(axis=-1) for part in around], axis=-1)
    return x / (k + alpha / size * sums) ** beta


def unit_norm(x: Array, eps: float = 1e-12) -> Array:
    """Vectors along the last axis at length 1; zeros where they are not longer than eps."""
    length = np.sqrt((x**2).sum(axis=-1, keepdims=True))
    return np.where(length <= eps, 0.0, x / np.maximum(length, eps))


def philox(key: tuple[int, int], counters: Any) -> NDArray[np.uint64]:
    """Philox4x32-10 (Salmon et al. 2011): counters (..., 4) of 32 bits to words (..., 4)."""
    c0, c1, c2, c3 = np.moveaxis(np.asarray(counters, np.uint64), -1, 0)
    k0, k1 = key
    for _ in range(10):
        p, q = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = q >> 32 ^ c1 ^ np.uint64(k0), q, p >> 32 ^ c3 ^ np.uint64(k1), p
        c0, c1, c2, c3 = (c & np.uint64(0xFFFFFFFF) for c in (c0, c1, c2, c3))
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=-1)


def random_words(shape: Any, seed: int, layer: int, epoch: int = 0) -> NDArray[np.uint64]:
    """The 32 random bits of each element of a batch (n, features) or (n, h, w, c).

    A batch (n, steps, features) has the same ones at every step.

    A sample's elements stand channel by channel; element 64 b + 16 j + i takes word j of counter
    (16 b + i, sample, epoch).
    """
    if len(shape) == 3:
        n, steps, features = shape
        words = random_words((n, features), seed, layer, epoch)
        return np.repeat(words[:, None], steps, axis=1)
    n, *sample = shape
    size = int(np.prod(sample))
    i, row = np.meshgrid(np.arange(-(-size // 64) * 16), np.arange(n))
    counters = np.stack([i, row, np.zeros_like(i), np.full_like(i, epoch)], axis=-1)
    words = philox((seed & 0xFFFFFFFF, seed >> 32 ^ layer), counters)  # (n, 16 blocks, 4)
    words = words.reshape(n, -1, 16, 4).swapaxes(2, 3).reshape(n, -1)[:, :size]
    if len(sample) == 3:
        h, w, c = sample
        words = words.reshape(n, c, h, w).transpose(0, 2, 3, 1)
    return words.reshape(shape)


def uniform(shape: Any, seed: int, layer: int, epoch: int = 0) -> Array:
    """In [0, 1), one for each element of a batch; of sequences, for each of every step."""
    if len(shape) == 3:  # a step has blocks of 64 elements of its own
        n, steps, features = shape
        room = -(-features // 64) * 64
        words = random_words((n, steps * room), seed, layer, epoch)
        words = words.reshape(n, steps, room)[..., :features]
    else:
        words = random_words(shape, seed, layer, epoch)
    return (words >> 8) / 2.0**24


def dropout_mask(shape: Any, rate: float, seed: int, layer: int, epoch: int = 0) -> Array:
    """What training multiplies a batch by: 0 or 1 / (1 - rate)."""
    kept = (random_words(shape, seed, layer, epoch) >> 8) / 2.0**24 >= rate
    return kept / (1 - rate)


def augment_layer(layer: dict[str, Any], arrays: dict[str, Array], x: Array) -> Array:
    """In training: key holds the seed and the layer's number."""
    seed, number = arrays[layer["name"] + ".key"]
    options = {"number": int(number), "epoch": 0}
    return reference_augment.augment(x, layer, philox, normal_quantile, int(seed), **options)


def middle(x: Array, size: Sequence[int] | None) -> Array:
    """Of images, the part of this height and width."""
    h, w = size or x.shape[1:3]
    top, left = (x.shape[1] - h) // 2, (x.shape[2] - w) // 2
    return x[:, top : top + h, left : left + w]


def normal_quantile(u: Array) -> Array:
    """sqrt(2) erfinv(u), as Giles approximates it ("Approximating the erfinv function", 2012)."""
    w = -np.log((1 - u) * (1 + u))
    near = [2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087]
    near += [-0.00125372503, -0.00417768164, 0.246640727, 1.50140941]
    far = [-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773]
    far += [-0.0076224613, 0.00943887047, 1.00167406, 2.83297682]
    return np.sqrt(2) * u * np.where(w < 5, np.polyval(near, w - 2.5), np.polyval(far, w**0.5 - 3))


def corruption(shape: Any, noise: str, rate: float, seed: int, layer: int) -> tuple[Array, Array]:
    """What training multiplies a batch by, and what it adds."""
    words = random_words(shape, seed, layer)
    if noise == "gaussian":
        return np.ones(shape), rate * normal_quantile(2 * ((words >> 8) + 0.5) / 2.0**24 - 1)
    corrupted = (words >> 8) / 2.0**24 < rate
    salt = words & 1 if noise == "salt_and_pepper" else np.zeros(shape)
    return 1.0 - corrupted, corrupted * salt.astype(float)


# --- layers: f(layer, arrays, x, training), arrays: parameters and states by full name -----------


def dense_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    name = layer["name"]
    return dense(x, arrays[name + ".weight"], arrays.get(name + ".bias"))


def conv2d_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    name, options = (
        layer["name"],
        {k: layer[k] for k in ("stride", "padding", "dilation", "groups")},
    )
    return conv2d(x, arrays[name + ".weight"], arrays.get(name + ".bias"), **options)


def conv2d_transpose_layer(
    layer: Layer, arrays: dict[str, Array], x: Array, training: bool
) -> Array:
    names = ("stride", "padding", "output_padding", "dilation", "groups")
    name, options = layer["name"], {k: layer[k] for k in names}
    return conv2d_transpose(x, arrays[name + ".weight"], arrays.get(name + ".bias"), **options)


def separable_conv2d_layer(
    layer: Layer, arrays: dict[str, Array], x: Array, training: bool
) -> Array:
    name, options = layer["name"], {k: layer[k] for k in ("stride", "padding", "dilation")}
    x = conv2d(x, arrays[name + ".depthwise_weight"], groups=x.shape[3], **options)
    return conv2d(x, arrays[name + ".pointwise_weight"], arrays.get(name + ".bias"))


def around_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    """WeightNorm and DropConnect: the layer inside, with the weights that they make."""
    name, inner = layer["name"], layer["layer"][0] | {"name": layer["name"]}
    if layer["kind"] == "weight_norm":
        transposed = inner["kind"] == "conv2d_transpose"
        groups = inner["groups"] if transposed else 1
        w = weight_norm(arrays[name + ".weight_v"], arrays[name + ".weight_g"], transposed, groups)
        arrays[name + ".weight"] = w  # which a tied layer reads, too
    elif training:
        arrays = arrays | {name + ".weight": arrays[name + ".weight"] * arrays[name + ".mask"]}
    return LAYERS[inner["kind"]](inner, arrays, x, training)


def rrelu_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    mean = (layer["lower"] + layer["upper"]) / 2
    slopes = arrays[layer["name"] + ".slopes"] if training else mean
    return np.where(x > 0, x, slopes * x)


def maxout_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    return maxout(dense_layer(layer, arrays, x, training), layer["pieces"])


def batch_norm_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    """In training the statistics of the batch, towards which the running ones move.

    The running variance is unbiased. A frozen layer keeps to its running statistics.
    """
    gain, shift, running_mean, running_var = (
        layer["name"] + "." + what for what in ("gain", "shift", "running_mean", "running_var")
    )
    mean, var = arrays[running_mean], arrays[running_var]
    if training and layer["trainable"]:
        axes = tuple(range(x.ndim - 1))
        m, count = layer["momentum"], x.size // x.shape[-1]
        arrays[running_mean] = (1 - m) * mean + m * x.mean(axis=axes)
        arrays[running_var] = (1 - m) * var + m * x.var(axis=axes) * count / max(count - 1, 1)
        mean, var = x.mean(axis=axes), x.var(axis=axes)
    return batch_norm(x, arrays[gain], arrays[shift], mean, var, layer["eps"])


def layer_norm_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    name = layer["name"]
    return layer_norm(x, arrays[name + ".gain"], arrays[name + ".shift"], layer["eps"])


def numeric_embedding_layer(
    layer: Layer, arrays: dict[str, Array], x: Array, training: bool
) -> Array:
    names = ("frequency", "phase", "weight", "bias")
    return numeric_embedding(x, *(arrays[f"{layer['name']}.{what}"] for what in names))


def lambda_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    own = layer["function"]
    flat = [arrays[f"{layer['name']}.{p.name}"].ravel() for p in own.parameters]
    lengths = np.full(len(x), x.shape[1])
    y: Array = own.forward(x, np.concatenate([*flat, np.zeros(0)]), lengths, False, False)
    return y


def residual_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    return forward(layer["layers"], arrays, x, training) + forward(
        layer["shortcut"] or [], arrays, x, training
    )


def gate_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    """A product; rows of features are images of one pixel beside images."""
    a = forward(layer["layers"], arrays, x, training)
    b = forward(layer["shortcut"] or [], arrays, x, training)
    if a.ndim == 4 and b.ndim == 2:
        b = b[:, None, None]
    if b.ndim == 4 and a.ndim == 2:
        a = a[:, None, None]
    return a * b


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


def aux_head_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    if training:  # for its running statistics
        forward(layer["layers"], arrays, x, training)
    return x


LAYERS: dict[str, Callable[[Layer, dict[str, Array], Array, bool], Array]] = {
    "dense": dense_layer,
    "conv2d": conv2d_layer,
    "conv2d_transpose": conv2d_transpose_layer,
    "max_pool2d": lambda layer, arrays, x, training: max_pool2d(
        x, layer["size"], layer["stride"], layer["padding"]
    ),
    "avg_pool2d": lambda layer, arrays, x, training: avg_pool2d(
        x, layer["size"], layer["stride"], layer["padding"], layer["count_include_pad"]
    ),
    "depthwise_conv2d": lambda layer, arrays, x, training: conv2d_layer(
        layer | {"groups": x.shape[3]}, arrays, x, training
    ),
    "separable_conv2d": separable_conv2d_layer,
    "weight_norm": around_layer,
    "drop_connect": around_layer,
    "stochastic_pool2d": lambda layer, arrays, x, training: stochastic_pool2d(
        x, layer["size"], layer["stride"], arrays[layer["name"] + ".draws"] if training else None
    ),
    "spatial_pyramid_pool": lambda layer, arrays, x, training: spatial_pyramid_pool(
        x, layer["levels"], layer["mode"]
    ),
    "pixel_shuffle": lambda layer, arrays, x, training: pixel_shuffle(x, layer["factor"]),
    "rrelu": rrelu_layer,
    "spatial_dropout": lambda layer, arrays, x, training: (
        x * arrays[layer["name"] + ".mask"] if training else x
    ),
    "upsample2d": lambda layer, arrays, x, training: upsample2d(
        x, layer["factor"], layer["interpolation"]
    ),
    "resize2d": lambda layer, arrays, x, training: resize_axis(
        resize_axis(x, 1, layer["size"][0], layer), 2, layer["size"][1], layer
    ),
    "pad2d": lambda layer, arrays, x, training: pad2d(
        x, layer["padding"], layer["mode"], layer["value"]
    ),
    "crop2d": lambda layer, arrays, x, training: x[
        :,
        layer["cropping"][0] : x.shape[1] - layer["cropping"][1],
        layer["cropping"][2] : x.shape[2] - layer["cropping"][3],
    ],
    "transpose": lambda layer, arrays, x, training: x.transpose(
        0, *(axis + 1 for axis in layer["axes"])
    ),
    "gate": gate_layer,
    **reference_recurrent.LAYERS,
    "augment": lambda layer, arrays, x, training: (
        augment_layer(layer, arrays, x) if training else middle(x, layer["crop"])
    ),
    "flatten": lambda layer, arrays, x, training: x.reshape(len(x), -1),
    "reshape": lambda layer, arrays, x, training: x.reshape(len(x), *layer["shape"]),
    "activation": lambda layer, arrays, x, training: ACTIVATIONS[layer["function"]](
        x, layer["alpha"]
    ),
    "prelu": lambda layer, arrays, x, training: prelu(x, arrays[layer["name"] + ".alpha"]),
    "parametric_activation": lambda layer, arrays, x, training: parametric_activation(
        x, arrays[layer["name"] + ".slope"], layer["function"], layer["alpha"]
    ),
    "lambda": lambda_layer,
    "scale": lambda layer, arrays, x, training: x * arrays[layer["name"] + ".gain"],
    "numeric_embedding": numeric_embedding_layer,
    "embed_categories": lambda layer, arrays, x, training: embed_categories(
        x, arrays[layer["name"] + ".weight"], layer["sizes"]
    ),
    "dropout": lambda layer, arrays, x, training: (
        x * arrays[layer["name"] + ".mask"] if training else x
    ),
    "corrupt": lambda layer, arrays, x, training: (
        x * arrays[layer["name"] + ".scale"] + arrays[layer["name"] + ".shift"] if training else x
    ),
    "batch_norm": batch_norm_layer,
    "layer_norm": layer_norm_layer,
    "group_norm": lambda layer, arrays, x, training: group_norm(
        x,
        arrays[layer["name"] + ".gain"],
        arrays[layer["name"] + ".shift"],
        layer["groups"],
        layer["eps"],
    ),
    "local_response_norm": lambda layer, arrays, x, training: local_response_norm(
        x, layer["size"], layer["alpha"], layer["beta"], layer["k"]
    ),
    "unit_norm": lambda layer, arrays, x, training: unit_norm(x, layer["eps"]),
    "maxout": maxout_layer,
    "residual": residual_layer,
    "sequential": lambda layer, arrays, x, training: forward(layer["layers"], arrays, x, training),
    "concat": lambda layer, arrays, x, training: np.concatenate(
        [forward(branch, arrays, x, training) for branch in layer["branches"]], axis=-1
    ),
    "aux_head": aux_head_layer,
    "tied_dense": lambda layer, arrays, x, training: dense(
        x, arrays[layer["tied_to"] + ".weight"].T, arrays.get(layer["name"] + ".bias")
    ),
    "kl_sparsity": lambda layer, arrays, x, training: x,
    "activity_l1": lambda layer, arrays, x, training: x,
    "contractive": lambda layer, arrays, x, training: forward(layer["layers"], arrays, x, training),
}


def forward(
    layers: list[Layer], arrays: dict[str, Array], x: Array, training: bool = False
) -> Array:
    """The output of a net for x (n, *input_shape).

    In training the running statistics in ``arrays`` are replaced by the moved ones.
    """
    for layer in layers:
        x = LAYERS[layer["kind"]](layer, arrays, x, training)
    return x


# --- losses: (n,) values of the output before the link (n, outputs) ------------------------------


def softmax_cross_entropy(z: Array, codes: Any, param: float = 0.0) -> Array:
    """With label smoothing `param` (Szegedy et al. 2016)."""
    top, classes = z.max(axis=1), z.shape[1]
    target = (1 - param) * np.eye(classes)[codes] + param / classes
    return top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - (target * z).sum(axis=1)


def binary_cross_entropy(z: Array, y: Array, param: float = 0.0) -> Array:
    """With label smoothing `param`."""
    return (np.logaddexp(0.0, z) - ((1 - param) * y + param / 2) * z).sum(axis=1)


def pinball(z: Array, y: Array, param: float = 0.5) -> Array:
    return np.maximum(param * (y - z), (param - 1) * (y - z)).sum(axis=1)


def focal(z: Array, codes: Any, param: float = 2.0) -> Array:
    """Lin et al. 2017, equation 4; the others' share is summed, as 1 - p would lose digits."""
    rows, e = np.arange(len(z)), np.exp(z - z.max(axis=1, keepdims=True))
    hit, total = e[rows, codes], e.sum(axis=1)
    e[rows, codes] = 0
    return (e.sum(axis=1) / total) ** param * -np.log(hit / total)


def binary_focal(z: Array, y: Array, param: float = 2.0) -> Array:
    p = 1 / (1 + np.exp(-z))
    yes, no = (1 - p) ** param * np.logaddexp(0.0, -z), p**param * np.logaddexp(0.0, z)
    return (y * yes + (1 - y) * no).sum(axis=1)


def hinge(z: Array, codes: Any, param: float = 1.0) -> Array:
    """Crammer and Singer 2001: max(0, margin + max_{j != y} z_j - z_y)."""
    rows = np.arange(len(z))
    others = z.copy()
    others[rows, codes] = -np.inf
    return np.maximum(0.0, param + others.max(axis=1) - z[rows, codes])


def huber(z: Array, y: Array, param: float = 1.0) -> Array:
    r = np.abs(z - y)
    return np.where(r <= param, 0.5 * r**2, param * (r - 0.5 * param)).sum(axis=1)


def objects_as_points(z: Array, y: Array, param: float = 1.0) -> Array:
    """Zhou, Wang and Kraehenbuehl 2019: offset and size where y is a number, then heat maps."""
    errors = np.where(np.isnan(y), 0.0, np.abs(z - y))
    p = 1 / (1 + np.exp(-z[:, 4:]))
    heat, rest = y[:, 4:], 1 - p
    around = (1 - heat) ** 4 * p**2 * -np.log(rest)
    of_heat = np.where(heat == 1, -(rest**2) * np.log(p), around)
    return errors[:, :2].sum(axis=1) + param * errors[:, 2:4].sum(axis=1) + of_heat.sum(axis=1)


def _pairs(z: Array, codes: Any) -> tuple[Array, Any, Any]:
    """Squared distances (n, n), and which pairs are of one code or of two."""
    alike = codes[:, None] == codes
    d = ((z[:, None] - z) ** 2).sum(axis=2)
    return d, alike & ~np.eye(len(z), dtype=bool), ~alike


def triplet(z: Array, codes: Any, param: float = 0.2) -> Array:
    """Schroff et al. 2015, semi-hard: of each a and p the nearest n beyond p, or the furthest."""
    d, alike, other = _pairs(z, codes)
    if not other.any():
        return np.zeros(len(z))
    furthest = np.where(other, d, -np.inf).max(axis=1)[:, None]
    beyond = np.where(other[:, None] & (d[:, None] > d[:, :, None]), d[:, None], np.inf).min(axis=2)
    values = np.maximum(0.0, param + d - np.where(np.isinf(beyond), furthest, beyond))
    return np.where(alike, values, 0.0).sum(axis=1) / np.maximum(alike.sum(axis=1), 1)


def contrastive(z: Array, codes: Any, param: float = 1.0) -> Array:
    """Hadsell et al. 2006, equation 4, each kind of pair with its own mean."""
    d, alike, other = _pairs(z, codes)
    far = np.maximum(0.0, param - np.sqrt(d)) ** 2
    return sum(
        np.where(kind, of, 0.0).sum(axis=1) / np.maximum(kind.sum(axis=1), 1) / 2
        for kind, of in ((alike, d), (other, far))
    )


LOSSES: dict[str, Callable[[Array, Any, float], Array]] = {
    "softmax_cross_entropy": softmax_cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "squared_error": lambda z, y, param: 0.5 * ((z - y) ** 2).sum(axis=1),
    "absolute_error": lambda z, y, param: np.abs(z - y).sum(axis=1),
    "huber": huber,
    "hinge": hinge,
    "poisson": lambda z, y, param: (np.exp(z) - y * z).sum(axis=1),
    "pinball": pinball,
    "focal": focal,
    "binary_focal": binary_focal,
    "objects_as_points": objects_as_points,
    "triplet": triplet,
    "contrastive": contrastive,
}


# --- update rules: f(g, m, v, t, s) -> (what is added to the weights, new m, new v) ---------------


class Settings(NamedTuple):
    rate: float = 0.05
    momentum: float = 0.9  # rho of adadelta and rmsprop
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8


Moments = tuple[Array, Array, Array]


def sgd(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    return -s.rate * g, m, v


def momentum(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = s.momentum * m - s.rate * g
    return m, m, v


def nesterov(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = s.momentum * m - s.rate * g
    return s.momentum * m - s.rate * g, m, v


def adagrad(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = m + g**2
    return -s.rate * g / (np.sqrt(m) + s.eps), m, v


def adadelta(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = s.momentum * m + (1 - s.momentum) * g**2
    d = g * np.sqrt(v + s.eps) / np.sqrt(m + s.eps)
    return -s.rate * d, m, s.momentum * v + (1 - s.momentum) * d**2


def rmsprop(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m = s.momentum * m + (1 - s.momentum) * g**2
    return -s.rate * g / (np.sqrt(m) + s.eps), m, v


def adam(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m, v = s.beta1 * m + (1 - s.beta1) * g, s.beta2 * v + (1 - s.beta2) * g**2
    rate = s.rate * np.sqrt(1 - s.beta2**t) / (1 - s.beta1**t)
    return -rate * m / (np.sqrt(v) + s.eps), m, v


def adamw(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    """Its weight decay stands beside the rule."""
    m, v = s.beta1 * m + (1 - s.beta1) * g, s.beta2 * v + (1 - s.beta2) * g**2
    return -s.rate * m / (1 - s.beta1**t) / (np.sqrt(v / (1 - s.beta2**t)) + s.eps), m, v


def nadam(g: Array, m: Array, v: Array, t: int, s: Settings) -> Moments:
    m, v = s.beta1 * m + (1 - s.beta1) * g, s.beta2 * v + (1 - s.beta2) * g**2
    mu = [s.beta1 * (1 - 0.5 * 0.96 ** (0.004 * i)) for i in range(1, t + 2)]  # mu_1 .. mu_{t+1}
    ahead = mu[t] * m / (1 - np.prod(mu)) + (1 - mu[t - 1]) * g / (1 - np.prod(mu[:t]))
    return -s.rate * ahead / (np.sqrt(v / (1 - s.beta2**t)) + s.eps), m, v


UPDATES: dict[str, Callable[[Array, Array, Array, int, Settings], Moments]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
    "nadam": nadam,
}
