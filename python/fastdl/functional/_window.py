"""Windows that move over an image: what size, stride, padding and dilation come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from fastdl._rules import PADDING, PAIR
from fastdl.functional._arrays import expect

Pair: TypeAlias = int | Sequence[int]
Padding: TypeAlias = str | int | Sequence[int] | Sequence[Sequence[int]]


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
    size: Any,
    stride: Any,
    padding: Any,
    dilation: Any = 1,
) -> Window:
    """Resolve the arguments for an image of (height, width, ...).

    Raises
    ------
    ValueError
        For an argument out of range, or a window that does not fit.
    """
    sizes = expect(who, "size", _frozen(size), PAIR)
    strides = expect(who, "stride", _frozen(stride), PAIR)
    dilations = expect(who, "dilation", _frozen(dilation), PAIR)
    kind = expect(who, "padding", _frozen(padding), PADDING)
    pads, outputs = [], []
    for axis in (0, 1):
        reach = dilations[axis] * (sizes[axis] - 1) + 1
        if kind == "same":
            steps = -(-image[axis] // strides[axis]) - 1
            total = max(steps * strides[axis] + reach - image[axis], 0)
            before, after = total // 2, total - total // 2
        else:
            before, after = (0, 0) if kind == "valid" else kind[2 * axis : 2 * axis + 2]
        padded = image[axis] + before + after
        if reach > padded:
            side = ("high", "wide")[axis]
            raise ValueError(
                f"{who}(): a window {reach} {side} does not fit into {padded} (padding included)."
            )
        pads += [before, after]
        outputs.append((padded - reach) // strides[axis] + 1)
    return Window(sizes, strides, pads, dilations, (outputs[0], outputs[1]))


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
