"""Layers that only change the shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import SHAPE, Rule
from fastdl.layers._spec import Form, Layer


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """An image as a row, in the order of the user's array: input (h, w, c), output (h * w * c,).

    Also a sequence: input (steps, features), output (steps * features,), zeros after its end.

    Parameters
    ----------
    name : str, optional
    """

    kind: ClassVar[str] = "flatten"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows", "sequences": "rows", "images": "rows"}

    def mirror(self, input_shape: tuple[int, ...]) -> Reshape:
        """Back to the shape before."""
        if len(input_shape) == 2:
            raise self._no_mirror(": no layer makes sequences of rows")
        return Reshape(input_shape)


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

    @property
    def neighbourhood(self) -> None:
        """Rows and columns come to be others."""
        return None

    def gives(self, form: Form) -> Form | None:
        if form == "sequences":
            return None
        return "rows" if len(self.shape) == 1 else "images"

    def mirror(self, input_shape: tuple[int, ...]) -> Reshape:
        """Back to the shape before."""
        return Reshape(input_shape)
