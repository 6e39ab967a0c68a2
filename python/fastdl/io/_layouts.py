"""How PyTorch and Keras lay out the weights of a layer, there and back.

Each layer's parameters are listed as `Slot`. PyTorch: ``Linear`` (out, in), convolutions (out, in,
height, width), recurrent layers (gates, in) with two biases. Keras has the layouts of
`fastdl.layers`, but for the order of a GRU's gates (z r n) and depthwise kernels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl.layers import Layer

Array = NDArray[Any]
Shape = tuple[int, ...]


class Slot(NamedTuple):
    """A parameter of a layer, and the arrays of a file that it comes from.

    Attributes
    ----------
    parameter : str
        "weight" of "dense_1.weight".
    arrays : tuple of str
        Their names in the file, without the layer's.
    read : callable
        Of the parameter's shape and those arrays.
    write : callable
        Back.
    """

    parameter: str
    arrays: tuple[str, ...]
    read: Callable[..., Array] = lambda shape, a: a
    write: Callable[[Array], tuple[Array, ...]] = lambda a: (a,)

    def reversed(self) -> Slot:
        """Of the direction that reads from the end."""
        arrays = tuple(f"{name}_reverse" for name in self.arrays)
        return self._replace(parameter=f"{self.parameter}_reverse", arrays=arrays)


def _turned(parameter: str, array: str, axes: Sequence[int]) -> Slot:
    """Where element i of `axes` says which axis of the array is the parameter's axis i."""
    back = np.argsort(axes)
    return Slot(parameter, (array,), lambda _, a: a.transpose(axes), lambda a: (a.transpose(back),))


_BIAS = Slot("bias", ("bias",))
_STATISTICS = (
    Slot("running_mean", ("running_mean",)),
    Slot("running_var", ("running_var",)),
)
_NORM = (Slot("gain", ("weight",)), Slot("shift", ("bias",)))
_TORCH: dict[str, tuple[Slot, ...]] = {
    "dense": (_turned("weight", "weight", (1, 0)), _BIAS),
    "conv1d": (_turned("weight", "weight", (2, 1, 0)), _BIAS),
    "conv2d": (_turned("weight", "weight", (2, 3, 1, 0)), _BIAS),
    "depthwise_conv2d": (_turned("weight", "weight", (2, 3, 1, 0)), _BIAS),
    "conv2d_transpose": (_turned("weight", "weight", (2, 3, 1, 0)), _BIAS),
    "batch_norm": (*_NORM, *_STATISTICS),
    "layer_norm": _NORM,
    "group_norm": _NORM,
    "prelu": (Slot("alpha", ("weight",)),),
    "embedding": (Slot("weight", ("weight",)),),
}
_KERNEL = Slot("weight", ("kernel",))
_KERAS_NORM = (Slot("gain", ("gamma",)), Slot("shift", ("beta",)))
_KERAS: dict[str, tuple[Slot, ...]] = {
    "dense": (_KERNEL, _BIAS),
    "conv1d": (_KERNEL, _BIAS),
    "conv2d_transpose": (_KERNEL, _BIAS),
    "batch_norm": (
        *_KERAS_NORM,
        Slot("running_mean", ("moving_mean",)),
        Slot("running_var", ("moving_variance",)),
    ),
    "layer_norm": _KERAS_NORM,
    "group_norm": _KERAS_NORM,
    "embedding": (Slot("weight", ("embeddings",)),),
}


def slots(layer: Layer, layout: str, n_axes: int = 1) -> list[Slot]:
    """What a layer's parameters are in a layout; empty where it has no such layer.

    `n_axes` are those of a sample that it takes.
    """
    fields = layer.get_params()
    if layer.kind == "bidirectional":
        inner = slots(fields["layer"], layout)
        return [*inner, *(slot.reversed() for slot in inner)]
    if layer.kind in ("rnn", "lstm", "gru"):
        if layout == "torch":
            return list(_torch_recurrent(layer.kind, bool(fields.get("reset_after"))))
        return list(_keras_recurrent(layer.kind))
    if layout == "torch":
        return list(_TORCH.get(layer.kind, ()))
    if layer.kind == "conv2d":
        return [_keras_conv(fields["groups"]), _BIAS]
    if layer.kind == "prelu":
        return [_keras_slopes(n_axes)]
    if layer.kind == "depthwise_conv2d":
        return [_keras_depthwise("weight", "kernel", fields["multiplier"]), _BIAS]
    if layer.kind == "separable_conv2d":
        first = _keras_depthwise("depthwise_weight", "depthwise_kernel", fields["multiplier"])
        return [first, Slot("pointwise_weight", ("pointwise_kernel",)), _BIAS]
    return list(_KERAS.get(layer.kind, ()))


def _torch_recurrent(kind: str, both_biases: bool) -> tuple[Slot, ...]:
    if kind == "gru" and both_biases:
        read, write = (lambda _, i, h: np.stack([i, h])), (lambda b: (b[0], b[1]))
    else:
        read, write = (lambda _, i, h: i + h), (lambda b: (b, np.zeros_like(b)))
    return (
        _turned("weight_ih", "weight_ih", (1, 0)),
        _turned("weight_hh", "weight_hh", (1, 0)),
        Slot("bias", ("bias_ih", "bias_hh"), read, write),
    )


def _keras_recurrent(kind: str) -> tuple[Slot, ...]:
    def swapped(a: Array) -> Array:
        """Keras' z r n as r z n, and back."""
        if kind != "gru":
            return a
        z, r, n = np.split(a, 3, axis=-1)
        return np.concatenate([r, z, n], axis=-1)

    return tuple(
        Slot(parameter, (array,), lambda _, a: swapped(a), lambda a: (swapped(a),))
        for parameter, array in (
            ("weight_ih", "kernel"),
            ("weight_hh", "recurrent_kernel"),
            ("bias", "bias"),
        )
    )


def _keras_conv(groups: int) -> Slot:
    """Those of a ``DepthwiseConv2D``, (height, width, channels, multiplier), are read as well."""

    def read(shape: Shape, a: Array) -> Array:
        is_depthwise = groups > 1 and shape[2] == 1 and a.shape[:3] == (*shape[:2], groups)
        return a.reshape(shape) if is_depthwise and a.size == np.prod(shape) else a

    return Slot("weight", ("kernel",), read)


def _keras_slopes(n_axes: int) -> Slot:
    """With an axis of size 1 for each of the shared ones."""
    ones = (1,) * (n_axes - 1)
    return Slot(
        "alpha", ("alpha",), lambda shape, a: a.reshape(-1), lambda a: (a.reshape(*ones, -1),)
    )


def _keras_depthwise(parameter: str, array: str, multiplier: int) -> Slot:
    """(height, width, 1, channels * multiplier) as (height, width, channels, multiplier)."""

    def read(shape: Shape, a: Array) -> Array:
        fits = a.ndim == 4 and a.shape[3] == multiplier and a.size == np.prod(shape)
        return a.reshape(shape) if fits else a

    def write(a: Array) -> tuple[Array, ...]:
        return (a.reshape(*a.shape[:2], -1, multiplier),)

    return Slot(parameter, (array,), read, write)


# --- names of arrays, as a layer's and its own


_RECURRENT = re.compile(r"^((?:weight|bias)_(?:ih|hh))_l(\d+)(_reverse)?$")
_CELL = re.compile(r"[/.](?:lstm|gru|simple_rnn)_cell(?:_\d+)?$")
_DIRECTION = re.compile(r"(?:^|(?<=[/.]))(forward|backward)_[^/.]+")
_COUNTS = ("num_batches_tracked", "seed_generator_state")


def split_name(name: str, layout: str) -> tuple[str, str] | None:
    """The layer's name in the file and the array's; None for what is no weight.

    PyTorch numbers the layers within an ``LSTM``: "lstm.weight_ih_l0" is "weight_ih" of "lstm.l0".
    """
    name = name.removesuffix(":0")
    cut = max(name.rfind("."), name.rfind("/") if layout == "keras" else -1)
    layer, array = name[: max(cut, 0)], name[cut + 1 :]
    if array in _COUNTS:
        return None
    if layout == "torch":
        found = _RECURRENT.match(array)
        if found:
            stem, number, reverse = found.groups()
            return f"{layer}.l{number}".lstrip("."), stem + (reverse or "")
    if layout == "keras":
        layer = _CELL.sub("", layer)
        direction = _DIRECTION.search(layer)
        if direction:
            layer = _DIRECTION.sub("", layer).rstrip("/.")
            return layer, array + ("_reverse" if direction.group(1) == "backward" else "")
    return layer, array


_CELLS = {"rnn": "simple_rnn", "lstm": "lstm", "gru": "gru"}


def cell_of(layer: Layer) -> str:
    """What Keras calls the cell of a recurrent layer; "" of others."""
    inner = layer.get_params()["layer"] if layer.kind == "bidirectional" else layer
    return _CELLS.get(inner.kind, "")


def join_name(layer: str, array: str, layout: str, cell: str = "", both: bool = False) -> str:
    """The opposite of `split_name`, for a file.

    Keras has a cell within a recurrent layer, and two of these within a ``Bidirectional``.
    """
    if layout == "torch" and array.startswith(("weight_ih", "weight_hh", "bias_ih", "bias_hh")):
        stem = array.removesuffix("_reverse")
        layer, dot, number = layer.rpartition(".l")
        if not (dot and number.isdigit()):
            layer, number = f"{layer}{dot}{number}", "0"
        suffix = "_reverse" if array.endswith("_reverse") else ""
        return f"{layer}.{stem}_l{number}{suffix}"
    if layout == "keras" and cell:
        direction = "backward" if array.endswith("_reverse") else "forward"
        layer = f"{layer}/{direction}_{cell}" if both else layer
        return f"{layer}/{cell}_cell/{array.removesuffix('_reverse')}"
    return f"{layer}/{array}" if layout == "keras" else f"{layer}.{array}"
