"""X of any form: a first look at it, and at the layers, says which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.estimators.inputs.forms import Cut, Seen
from fastdl.estimators.inputs.images import ImageInput
from fastdl.estimators.inputs.rows import Input
from fastdl.estimators.inputs.sequences import SequenceInput
from fastdl.estimators.inputs.symbols import CHARACTERS, Reading
from fastdl.layers import Layer


@dataclass(frozen=True)
class AnyInput:
    """Rows and images, or sequences and texts; `input_shape_` keeps which.

    Texts and lists of sequences of different lengths are sequences, and so is whatever comes to
    layers that take nothing else. All other X are rows or images.
    """

    reads_texts: ClassVar[bool] = True
    input_shape: Any  # as the user set it
    layers: Callable[[], Sequence[Layer]]  # those that the user gave
    rows_as: tuple[int, ...] | None = None  # what a row is where input_shape does not say
    reading: Reading = CHARACTERS
    integers: str = "auto"  # as the user set it; of an embedding of the user's own, codes

    @property
    def images(self) -> ImageInput:
        """What takes rows and images."""
        is_image = self.rows_as is not None and len(self.rows_as) == 3
        return ImageInput(
            self.input_shape,
            rows_as=self.rows_as if is_image else None,
            strips=lambda: L.asks_for(self.layers()) == "images",
        )

    @property
    def sequences(self) -> SequenceInput:
        """What takes sequences and texts."""
        known = self.rows_as if self.rows_as is not None and len(self.rows_as) == 2 else None
        return SequenceInput(
            self.input_shape, rows_as=known, reading=self.reading, integers=self.integers
        )

    @property
    def first_sequences(self) -> SequenceInput:
        """The same, for the first X: integers are codes to an embedding of the user's own."""
        layers = self.layers()
        are_codes = self.integers == "auto" and layers and layers[0].takes_codes
        return replace(self.sequences, integers="values") if are_codes else self.sequences

    def are_sequences(self, X: Any) -> bool:
        """Whether X, the first that an estimator sees, holds sequences."""
        seen, asked = Seen.of(X), L.asks_for(self.layers())
        if seen.texts is not None or isinstance(seen.X, Cut) or asked == "sequences":
            return True
        if not seen.is_list or asked == "images":
            return False
        return max(map(np.ndim, seen.X)) < 3 and len({len(x) for x in seen.X}) > 1

    def _form(self, estimator: Any, X: Any, reset: bool) -> Input:
        if reset:
            return self.first_sequences if self.are_sequences(X) else self.images
        return self.sequences if len(estimator.input_shape_) == 2 else self.images

    def check(self, estimator: Any, X: Any, *, reset: bool) -> Any:
        """See `Input.check`."""
        return self._form(estimator, X, reset).check(estimator, X, reset=reset)

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[Any, NDArray[Any]]:
        """See `Input.check_with`."""
        form = self._form(estimator, X, reset)
        X, y = form.check_with(estimator, X, y, reset=reset, numeric=numeric)
        return X, y

    def check_with_steps(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool, classes: Any = None
    ) -> tuple[Any, Any]:
        """See `SequenceInput.check_with_steps`."""
        form = self.first_sequences if reset else self.sequences
        words = {"reset": reset, "numeric": numeric, "classes": classes}
        return form.check_with_steps(estimator, X, y, **words)

    def in_form_of(self, estimator: Any, X: Any, lengths: Any, answers: NDArray[Any]) -> Any:
        """See `SequenceInput.in_form_of`."""
        return self.sequences.in_form_of(estimator, X, lengths, answers)

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """As that of sequences, or of images and rows."""
        is_sequence = L.asks_for(self.layers()) == "sequences"
        return (self.sequences if is_sequence else self.images).sample_shape(input_shape)

    def warn(self, estimator: Any, X: Any, layers: Sequence[Layer]) -> None:
        """See `Input.warn`."""
        self._form(estimator, X, False).warn(estimator, X, layers)

    def tag(self, tags: Any) -> None:
        """Rows, images and sequences."""
        tags.three_d_array = True
