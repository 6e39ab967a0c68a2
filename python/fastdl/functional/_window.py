"""The arguments of windows that move over an image, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from fastdl._rules import PADDING, PAIR
from fastdl.functional._arrays import expect
from fastdl.layers import _window
from fastdl.layers._window import Window

Pair: TypeAlias = int | Sequence[int]
Sides: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]]
Padding: TypeAlias = str | int | Sequence[int] | Sequence[Sequence[int]]


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
    return _window.window(
        f"{who}()",
        image,
        expect(who, "size", frozen(size), PAIR),
        expect(who, "stride", frozen(stride), PAIR),
        expect(who, "padding", frozen(padding), PADDING),
        expect(who, "dilation", frozen(dilation), PAIR),
    )


def frozen(value: Any) -> Any:
    """Lists as tuples, which layers are made of."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value
