"""The mirror image of an encoder: layers that lead back to the shape it started from."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.program import survey


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
    rows = [row for row in survey(named, input_shape) if row.depth == 0]
    back: list[Layer] = []
    followers: list[Layer] = []  # met on the way to the weights that they stand behind
    behind: int | None = None  # their place: behind the way back of the weights after those
    for layer, row in zip(reversed(named), reversed(rows), strict=True):
        undone = layer.mirror(row.input_shape)
        if undone is None:
            continue
        if layer.follows:
            followers.insert(0, undone)
            continue
        if layer.has_weights and behind is not None:
            back[behind:behind] = followers
        back.append(undone)
        if layer.has_weights:
            followers, behind = [], len(back)
    return back
