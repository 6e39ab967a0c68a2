"""One text, a string or a list of tokens, as codes; and the pieces of it that are read at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs.text import encode_texts, learn_symbols
from fastdl.layers import Layer
from fastdl.samples import Sequences

START = 0  # the code that comes before a text
FIRST = 2  # the code of symbols_[0]


@dataclass(frozen=True)
class TextInput:
    """One text: a string of characters, or a list of tokens that are strings.

    A fitted estimator has `symbols_`, and knows whether it was fitted with a string.
    """

    unknown_token: str | None = None

    def check(self, estimator: Any, X: Any, *, reset: bool) -> Sequences:
        """The text as one sequence of codes, with the code of a beginning before it."""
        codes = self.begun(estimator, X)
        return Sequences(codes[np.newaxis, :, np.newaxis], np.array([len(codes)], np.int32))

    def begun(self, estimator: Any, X: Any) -> NDArray[np.int32]:
        """The codes of a text that may be empty, with the code of a beginning before them."""
        codes = self.codes(estimator, X, reset=False, may_be_empty=True)
        return np.append(np.int32(START), codes).astype(np.int32)

    def codes(
        self, estimator: Any, X: Any, *, reset: bool, may_be_empty: bool = False
    ) -> NDArray[np.int32]:
        """The codes of a text, shape (n,)."""
        name = type(estimator).__name__
        if not isinstance(X, str):
            X = X.tolist() if isinstance(X, np.ndarray) else X
            if not isinstance(X, (list, tuple)) or not all(isinstance(token, str) for token in X):
                raise ValueError(
                    f"X is {type(X).__name__}; {name} takes one text, a string or a list of tokens "
                    "that are strings."
                )
        if not len(X):
            if may_be_empty:
                return np.empty(0, np.int32)
            raise ValueError(f"X is an empty text; {name} needs at least one symbol.")
        if reset:
            estimator.symbols_ = learn_symbols([X], self.unknown_token)
            estimator._takes_string = isinstance(X, str)
        if isinstance(X, str) != estimator._takes_string:
            forms = ("a list of tokens", "a string")
            raise ValueError(
                f"X is {forms[isinstance(X, str)]}, but {name} was fitted with "
                f"{forms[estimator._takes_string]}. Pass text of that form."
            )
        return encode_texts(estimator, [X], alone=True).values[0, :, 0]

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[Any, Any]:
        """A text comes without y."""
        raise NotImplementedError

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """(steps,) is of one code each."""
        return (*input_shape, 1) if len(input_shape) == 1 else input_shape

    def warn(self, estimator: Any, X: Any, layers: Sequence[Layer]) -> None:
        """Nothing to warn of."""

    def tag(self, tags: Any) -> None:
        """Strings."""
        tags.string = True
        tags.two_d_array = tags.three_d_array = False


def pieces(codes: NDArray[np.int32], n: int) -> tuple[Sequences, Sequences]:
    """What is read, and what comes next: at most n pieces of a text, the last one shorter."""
    steps = math.ceil(len(codes) / n)
    n = math.ceil(len(codes) / steps)
    lengths = np.full(n, steps, np.int32)
    lengths[-1] = len(codes) - (n - 1) * steps
    read = np.zeros((2, n * steps), np.int32)
    read[0, 0], read[0, 1 : len(codes)] = START, codes[:-1]
    read[1, : len(codes)] = codes - FIRST
    text, targets = read.reshape(2, n, steps)
    return Sequences(text[:, :, np.newaxis], lengths), Sequences(targets, lengths)
