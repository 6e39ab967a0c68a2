"""A text or documents, as codes; and the pieces of them that are read side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs.refused import shown
from fastdl.estimators.inputs.symbols import CHARACTERS, Reading, Symbols, warn_of_tokens
from fastdl.estimators.inputs.text import items
from fastdl.layers import Layer
from fastdl.samples import Sequences

START = 0  # the code that comes before a text
FIRST = 2  # the code of symbols_[0]
END = "<end>"  # the symbol that comes after a document


@dataclass(frozen=True)
class TextInput:
    """One text, a string; or documents, a list of strings or of lists of tokens.

    A fitted estimator has `symbols_`, with `END` among them if it was fitted with documents, and
    knows whether they were strings.
    """

    reads_texts: ClassVar[bool] = True
    reading: Reading = CHARACTERS

    def check(self, estimator: Any, X: Any, *, reset: bool) -> Sequences:
        """One text as one sequence of codes, with the code of a beginning before it."""
        codes = self.begun(estimator, X)
        return Sequences(codes[np.newaxis, :, np.newaxis], np.array([len(codes)], np.int32))

    def begun(self, estimator: Any, X: Any) -> NDArray[np.int32]:
        """The codes of one text that may be empty, with the code of a beginning before them."""
        name = type(estimator).__name__
        if not isinstance(X, str) and not _are_tokens(X):
            raise ValueError(
                f"X is {_what(X)}; {name} takes one text here, a string or a list of tokens that "
                "are strings."
            )
        text = X if isinstance(X, str) else list(X)
        (codes,) = self._codes(estimator, [text], alone=True)
        return np.append(np.int32(START), codes).astype(np.int32)

    def documents(self, estimator: Any, X: Any, *, reset: bool) -> list[NDArray[np.int32]]:
        """The codes of each document, shape (n_i,), with that of `END` if it is known.

        Raises
        ------
        ValueError
            For what is no text or list of them, and if there is no symbol in it.
        """
        name, alone = type(estimator).__name__, isinstance(X, str)
        texts = [X] if alone else self._listed(name, X)
        if reset:
            symbols = [self.reading.symbols(text) for text in texts]
            ends = () if alone else (END,)
            learnt = self.reading.learn(symbols)
            estimator.symbols_ = (*(symbol for symbol in learnt if symbol not in ends), *ends)
            estimator._takes_string = isinstance(texts[0], str)
            warn_of_tokens(name, texts, estimator.symbols_)
        codes = self._codes(estimator, texts, alone=alone)
        if END in estimator.symbols_:
            end = np.int32(FIRST + estimator.symbols_.index(END))
            codes = [np.append(of_one, end).astype(np.int32) for of_one in codes]
        if not any(map(len, codes)):
            what = "an empty text" if alone else "a list of empty texts"
            raise ValueError(f"X is {what}; {name} needs at least one symbol.")
        return codes

    def _listed(self, name: str, X: Any) -> list[Any]:
        """The documents, of one form."""
        texts = items(X)
        if not texts:
            raise ValueError(f"X is {_what(X)}; {name} takes {_FORMS}.")
        strings = isinstance(texts[0], str)
        for i, text in enumerate(texts):
            if isinstance(text, str) != strings or not (strings or _are_tokens(text)):
                expected = "a string, as X[0] is" if strings else "a list of tokens (strings)"
                raise ValueError(
                    f"X[{i}] is {_what(text)}; expected {expected}. {name} takes {_FORMS}."
                )
        return texts if strings else list(map(list, texts))

    def _codes(self, estimator: Any, texts: list[Any], *, alone: bool) -> list[NDArray[np.int32]]:
        if isinstance(texts[0], str) != estimator._takes_string:
            forms = ("lists of tokens", "strings")
            raise ValueError(
                f"X holds {forms[isinstance(texts[0], str)]}, but {type(estimator).__name__} was "
                f"fitted with {forms[estimator._takes_string]}. Pass text of that form."
            )
        symbols: list[Symbols] = [self.reading.symbols(text) for text in texts]
        if not any(map(len, symbols)):
            return [np.empty(0, np.int32)] * len(texts)
        return [x[:, 0] for x in self.reading.encode(estimator, symbols, alone=alone).listed()]

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


_FORMS = "one text, a string, or a list of documents: strings, or lists of tokens"


def _are_tokens(X: Any) -> bool:
    return isinstance(X, (list, tuple, np.ndarray)) and all(isinstance(token, str) for token in X)


def _what(X: Any) -> str:
    """What messages call something that is no text."""
    if isinstance(X, (list, tuple)) and len(X):
        other = [token for token in X if not isinstance(token, str)]
        return f"a list with {other[0]!r} in it" if other else "a list of strings"
    return "an empty list" if isinstance(X, (list, tuple)) else shown(X)


def piece_length(documents: list[NDArray[np.int32]], n: int, least: int) -> int:
    """How long pieces are, so that there are n, or as many as documents.

    Shorter, but not below `least`, where one long document would make much padding for short ones.
    """
    sizes = np.array(list(map(len, documents)))
    steps = math.ceil(sizes.sum() / n)
    while (
        steps > least and min(steps, sizes.max()) * np.ceil(sizes / steps).sum() > 4 * sizes.sum()
    ):
        steps = max(steps // 2, least)
    return steps


def of_similar_length(documents: list[NDArray[np.int32]]) -> list[list[NDArray[np.int32]]]:
    """Those with symbols in groups, where the longest has less than twice those of the shortest."""
    groups: dict[int, list[NDArray[np.int32]]] = {}
    for of_one in documents:
        groups.setdefault(len(of_one).bit_length(), []).append(of_one)
    return [group for bits, group in sorted(groups.items()) if bits]


def pieces(documents: list[NDArray[np.int32]], steps: int) -> tuple[Sequences, Sequences]:
    """What is read, and what comes next: documents in pieces of `steps`, the last ones shorter.

    A piece begins by reading the symbol before it, `START` where a document begins.
    """
    cuts = [(of_one, t) for of_one in documents for t in range(0, len(of_one), steps)]
    lengths = np.array([min(steps, len(of_one) - t) for of_one, t in cuts], np.int32)
    read, targets = np.zeros((2, len(cuts), lengths.max()), np.int32)
    for (of_one, t), length, x, y in zip(cuts, lengths, read, targets, strict=True):
        x[0] = of_one[t - 1] if t else START
        x[1:length] = of_one[t : t + length - 1]
        y[:length] = of_one[t : t + length] - FIRST
    return Sequences(read[:, :, np.newaxis], lengths), Sequences(targets, lengths)
