"""Layers that only change the shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import SHAPE, Rule
from fastdl.layers._spec import Layer


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """An image as a row, in the order of the user's array: input (h, w, c), output (h * w * c,).

    Also a sequence: input (steps, features), output (steps * features,), zeros after its end.

    Parameters
    ----------
    name : str, optional
    """

    kind: ClassVar[str] = "flatten"


@dataclass(frozen=True, repr=False)
class Reshape(Layer):
    """The same values in another shape, in C order.

    Parameters
    ----------
    shape : (int,) or (int, int, int)
        Of one sample: (features,) or (height, width, channels).
    name : str, optional
    """

    kind: ClassVar[str] = "reshape"
    shape: Sequence[int]
    rules: ClassVar[Mapping[str, Rule]] = {"shape": SHAPE}
