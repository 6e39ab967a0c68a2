"""The mirror image of an encoder: layers that lead back to the shape it started from."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import _core
from fastdl import layers as L
from fastdl.functional._window import window
from fastdl.layers import Layer

_WEIGHTED = (L.Dense, L.Conv2D)
_FOLLOWERS = (L.Activation, L.PReLU, L.BatchNorm, L.LayerNorm)
_LEFT_OUT = (L.Dropout, L.Corrupt, L.KLSparsity, L.ActivityL1)


def mirror(layers: Sequence[Layer], input_shape: tuple[int, ...]) -> list[Layer]:
    """The way back, in the opposite order.

    A Dense for a Dense, a Conv2DTranspose for a Conv2D, an Upsample2D for a pooling, a Reshape for
    a Flatten, each to the very shape that went in. The activations and norms behind weights come
    again where there are as many channels, so none behind the last. Noise and penalties are left
    out.

    Raises
    ------
    ValueError
        For a layer whose way back is not known.
    """
    named = L.with_names(layers)
    program = _core.Program(L.to_dict(named), input_shape, batch_size=1, threads=1)
    rows = [row for row in program.layers if row.depth == 0]
    back: list[Layer] = []
    followers: list[Layer] = []  # met on the way to the weights that they stand behind
    behind: int | None = None  # their place: behind the way back of the weights after those
    for layer, row in zip(reversed(named), reversed(rows), strict=True):
        if isinstance(layer, _FOLLOWERS):
            followers.insert(0, layer.replace(name=None))
        elif isinstance(layer, _WEIGHTED):
            if behind is not None:
                back[behind:behind] = followers
            back.append(_undo(layer, row.input_shape))
            followers, behind = [], len(back)
        elif not isinstance(layer, _LEFT_OUT):
            back.append(_undo(layer, row.input_shape))
    return back


def _undo(layer: Layer, shape: tuple[int, ...]) -> Layer:
    """From the layer's output to its input, of this shape."""
    if isinstance(layer, (L.Flatten, L.Reshape)):
        return L.Reshape(shape)
    if isinstance(layer, L.Dense):
        return L.Dense(shape[0])
    if isinstance(layer, L.Conv2D):
        return _undo_conv2d(layer, shape)
    if isinstance(layer, (L.MaxPool2D, L.AvgPool2D)):
        plain = layer.to_dict()
        size = plain["size"]
        if plain["stride"] != size or shape[0] % size[0] or shape[1] % size[1]:
            raise ValueError(
                f"{layer.who} has no mirror image: its windows of {size[0]}x{size[1]} overlap, or "
                f"do not fill its input of {shape[0]}x{shape[1]}. {_OWN}"
            )
        return L.Upsample2D(size)
    raise ValueError(f"{layer.who} has no mirror image. {_OWN}")


_OWN = "Give a decoder of your own."


def _undo_conv2d(layer: L.Conv2D, shape: tuple[int, ...]) -> L.Conv2DTranspose:
    at = window(layer.who, shape, layer.kernel_size, layer.stride, layer.padding, layer.dilation)
    top, bottom, left, right = at.padding
    over = [
        (side + before + after - dilation * (size - 1) - 1) % stride
        for side, before, after, dilation, size, stride in zip(
            shape[:2], (top, left), (bottom, right), at.dilation, at.size, at.stride, strict=True
        )
    ]
    return L.Conv2DTranspose(
        shape[2],
        at.size,
        at.stride,
        ((top, bottom), (left, right)),
        over,
        at.dilation,
        layer.groups,
    )
