"""Windows that move over an image: what size, stride, padding and dilation come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fastdl._rules import LARGEST
from fastdl.layers._spec import Neighbourhood


class Window(NamedTuple):
    """Plain numbers, height first."""

    size: list[int]
    stride: list[int]
    padding: list[int]  # top, bottom, left, right
    dilation: list[int]
    output: tuple[int, int]


def window(
    who: str,
    image: Sequence[int],
    size: list[int],
    stride: list[int],
    padding: str | list[int],
    dilation: list[int],
) -> Window:
    """The window that moves over an image of (height, width, ...).

    Parameters
    ----------
    size, stride, dilation : [int, int]
    padding : "valid", "same" or [top, bottom, left, right]

    Raises
    ------
    ValueError
        For a window that does not fit.
    """
    pads, outputs = [], []
    for axis in (0, 1):
        reach = dilation[axis] * (size[axis] - 1) + 1
        if isinstance(padding, list):
            before, after = padding[2 * axis : 2 * axis + 2]
        else:
            steps = -(-image[axis] // stride[axis]) - 1
            total = max(steps * stride[axis] + reach - image[axis], 0) * (padding == "same")
            before, after = total // 2, total - total // 2
        padded = image[axis] + before + after
        if reach > padded:
            side = ("high", "wide")[axis]
            raise ValueError(
                f"{who}: a window {reach} {side} does not fit into {padded} (padding included)."
            )
        if padded > LARGEST:
            raise ValueError(f"{who}: an image of {padded}, padding included, is too large.")
        pads += [before, after]
        outputs.append((padded - reach) // stride[axis] + 1)
    return Window(size, stride, pads, dilation, (outputs[0], outputs[1]))


def neighbourhood(
    size: Sequence[int],
    stride: Sequence[int],
    padding: str | list[int],
    dilation: Sequence[int] = (1, 1),
) -> Neighbourhood | None:
    """That of a window which moves by single pixels; None of others."""
    if tuple(stride) != (1, 1):
        return None
    reaches = []
    for axis in (0, 1):
        others, uneven = dilation[axis] * (size[axis] - 1), 0
        if isinstance(padding, list):
            uneven = abs(padding[2 * axis] - padding[2 * axis + 1])
        elif padding == "same":
            uneven = others % 2
        reaches.append((others + uneven + 1) // 2)
    return Neighbourhood(max(reaches), 1)
