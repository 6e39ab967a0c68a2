"""Pairs of sequences: sources of symbols or numbers, and answers of symbols."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length

from fastdl import losses
from fastdl._warn import warn
from fastdl.data import Vocabulary
from fastdl.estimators.inputs import SequenceInput
from fastdl.estimators.inputs.refused import holds_nothing, refuse, shown
from fastdl.estimators.inputs.text import as_texts, is_empty, items, unpacked
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.samples import Pairs, Sequences, is_sparse

ARRAYS, CHARACTERS, WORDS, TOKENS = FORMS = ("arrays", "characters", "words", "tokens")
_UNKNOWN, _FIRST = 1, 2  # codes of a Vocabulary


@dataclass(frozen=True)
class Symbols:
    """One side of the pairs, as texts: how they are read, and which symbols are known."""

    side: str  # "X" or "y"
    level: str  # as the user set it: "auto", "char", "word"
    unknown_token: str | None

    def form(self, texts: Sequence[Any]) -> str:
        """What the texts are."""
        if not any(isinstance(text, str) for text in texts):
            return TOKENS
        return WORDS if self.level == "word" else CHARACTERS

    def read(self, name: str, texts: Sequence[Any], form: str | None = None) -> list[Sequence[str]]:
        """The symbols of each text.

        Raises
        ------
        ValueError
            For what is no text, and where strings and lists are mixed, or are not what was fitted.
        """
        form = form or self.form(texts)
        are_strings = form != TOKENS and all(type(text) is str for text in texts)
        for i, text in enumerate(() if are_strings else texts):
            at = f"{self.side}[{i}]"
            is_list = isinstance(text, (list, tuple, np.ndarray))
            if not is_list and not isinstance(text, str):
                raise ValueError(
                    f"{at} is {text!r}; {name} takes strings, or lists of tokens that are strings."
                )
            if is_list != (form == TOKENS):
                seen, expected = (
                    ("a list of tokens", "strings") if is_list else ("a string", TOKENS)
                )
                raise ValueError(
                    f"{at} is {seen}, but others of {self.side}, or those of fit, are {expected}: "
                    "pass all of them in the same form."
                )
            other = [token for token in text if not isinstance(token, str)] if is_list else []
            if other:
                raise ValueError(
                    f"{at} is a list with {other[0]!r} in it; {name} takes strings, or lists of "
                    "tokens that are strings."
                )
        if form == WORDS:
            return [text.split() for text in texts]
        return [text if isinstance(text, str) else list(map(str, text)) for text in texts]

    def learn(self, texts: Sequence[Sequence[str]]) -> tuple[str, ...]:
        """The symbols of texts, the most frequent first, and the unknown one."""
        counts = Counter(symbol for text in texts for symbol in text)
        known = tuple(sorted(counts, key=lambda symbol: (-counts[symbol], symbol)))
        if self.unknown_token is None or self.unknown_token in counts:
            return known
        return (*known, self.unknown_token)

    def encode(
        self, name: str, texts: Sequence[Sequence[str]], symbols: Sequence[str], end: int | None
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Codes (n, T), -1 past the ends, and lengths; with `end`, a code after each text.

        Raises
        ------
        ValueError
            For an unknown symbol, if there is no symbol to read it as.
        """
        vocabulary = Vocabulary(tuple(symbols))
        found, counts = vocabulary.encode(texts)
        lengths, unknown = counts.astype(np.int32), found == _UNKNOWN
        if unknown.any():
            if self.unknown_token is None or self.unknown_token not in vocabulary.tokens:
                i, at = (int(index) for index in np.argwhere(unknown)[0])
                raise ValueError(
                    f"{self.side}[{i}] has {texts[i][at]!r} at step {at}, a symbol that {name} did "
                    f"not see in the {self.side} of fit. Fit with unknown_token='<unknown>', which "
                    "is what such symbols are read as."
                )
            found[unknown] = vocabulary.encode([[self.unknown_token]])[0][0, 0]
        codes = np.full((len(texts), max(1, found.shape[1] + (end is not None))), -1, np.int32)
        codes[:, : found.shape[1]] = np.maximum(found - _FIRST, -1)
        if end is not None:
            codes[np.arange(len(texts)), lengths] = end
            lengths += 1
        return codes, lengths


@dataclass(frozen=True)
class SourceInput:
    """X: strings, lists of tokens, or sequences of numbers.

    A fitted estimator has `input_shape_`, `_source_form` and, of texts, `source_symbols_`.
    """

    reads_texts: ClassVar[bool] = True
    symbols: Symbols
    reverse: bool  # whether the last step is read first

    def check(self, estimator: Any, X: Any, *, reset: bool) -> Sequences:
        """Sources padded, with lengths: codes (n, T, 1) of texts, or numbers (n, T, F).

        Raises
        ------
        ValueError
            For another form, an empty source, an unknown symbol, NaN.
        """
        name = type(estimator).__name__
        X = _listed(name, "X", X)
        texts = _texts(X)
        if not reset and (texts is None) != (estimator._source_form == ARRAYS):
            raise ValueError(_other_kind("X", name, estimator._source_form != ARRAYS))
        if texts is None:
            found = SequenceInput(integers="values").check(estimator, X, reset=reset)
            if reset:
                estimator._source_form, estimator.source_symbols_ = ARRAYS, ()
        else:
            found = self._of_texts(estimator, name, texts, reset)
        empty = np.flatnonzero(found.lengths == 0)
        if len(empty):
            raise ValueError(
                f"X[{empty[0]}] is empty; {name} answers sources of at least one step. Leave the "
                "pair out."
            )
        return _reversed(found) if self.reverse else found

    def _of_texts(self, e: Any, name: str, texts: list[Any], reset: bool) -> Sequences:
        read = self.symbols.read(name, texts, None if reset else e._source_form)
        if reset:
            e._source_form = self.symbols.form(texts)
            e.source_symbols_ = self.symbols.learn(read)
        codes, lengths = self.symbols.encode(name, read, e.source_symbols_, None)
        if reset:
            e.input_shape_, e.n_features_in_ = (codes.shape[1], 1), 1
        elif not e.replace_unknown:
            self._warn_of_unknown(e, name, codes)
        return Sequences(np.maximum(codes, 0)[:, :, np.newaxis], lengths)

    def _warn_of_unknown(self, e: Any, name: str, codes: NDArray[np.int32]) -> None:
        token, known = self.symbols.unknown_token, e.source_symbols_
        if token not in known or not codes.size:
            return
        if (codes[codes >= 0] == known.index(token)).all():
            warn(
                f"{name} saw none of the symbols of X in fit, and reads all of them as {token!r}: "
                "its answers do not depend on what they are. Pass texts like those of fit."
            )

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[Sequences, Any]:
        """`check` for X; y is the head's."""
        return self.check(estimator, X, reset=reset), y

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """(steps,) is of symbols."""
        return (*input_shape, 1) if len(input_shape) == 1 else input_shape

    def warn(self, estimator: Any, X: Any, layers: Sequence[Layer]) -> None:
        """Numbers as of any sequences."""
        if estimator._source_form == ARRAYS:
            SequenceInput(integers="values").warn(estimator, X, layers)

    def tag(self, tags: Any) -> None:
        """Strings, or three dimensions."""
        tags.string, tags.three_d_array, tags.two_d_array = True, True, False


@dataclass(frozen=True)
class AnswerHead:
    """y: strings or lists of tokens, each of its own length."""

    reads_texts: ClassVar[bool] = True
    symbols: Symbols

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Sequences, Pairs]:
        """Checked X, and the codes of y with an end."""
        name = type(estimator).__name__
        _check_lengths(name, X, y)
        checked = estimator._inputs.check(estimator, X, reset=reset)
        texts = self.texts(estimator, y)
        read = self.symbols.read(name, texts, None if reset else estimator._target_form)
        if reset:
            estimator._target_form = self.symbols.form(texts)
            estimator.target_symbols_ = self.symbols.learn(read)
            estimator._longest = max(map(len, read))
            if not estimator.target_symbols_:
                raise ValueError(f"y holds nothing but empty answers; {name} learns from symbols.")
        return checked, self.encoded(estimator, texts, read)

    def texts(self, estimator: Any, y: Any) -> list[Any]:
        """Y as a list of texts."""
        name = type(estimator).__name__
        y = _listed(name, "y", y)
        texts = items(y)
        first = next((text for text in texts or () if not _is_nothing(text)), "")
        if not isinstance(first, (str, list, tuple, np.ndarray)) or texts is None:
            raise ValueError(_numbers_as_y(name, first if texts is not None else y))
        if not isinstance(first, str) and np.asarray(first).dtype.kind in "biuf":
            raise ValueError(_numbers_as_y(name, first))
        return texts

    def encoded(self, estimator: Any, texts: list[Any], read: list[Sequence[str]]) -> Pairs:
        """The codes of answers, each with an end."""
        known = estimator.target_symbols_
        codes, _ = self.symbols.encode(type(estimator).__name__, read, known, len(known))
        given = np.empty(len(texts), object)
        given[:] = texts
        return Pairs(codes, given)

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """An output for each symbol, and for the end."""
        return Targets("answer", len(estimator.target_symbols_) + 1)

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """Symbols are those of the first part."""

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """Symbols are as they are."""
        return targets

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """The cross-entropy of each symbol."""
        return losses.SoftmaxCrossEntropy()

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """Answers have no shares."""

    def tag(self, tags: Any) -> None:
        """There is a y, of one column."""
        tags.target_tags.required = True


def _listed(name: str, side: str, values: Any) -> Any:
    """What the user passed as a list, or an array; ValueError for what holds no sequences."""
    if isinstance(values, (str, bytes)):
        raise ValueError(
            f"{side} is the string {values[:20]!r}; {name} takes a list of them: pass it in a list."
        )
    if values is None or isinstance(values, Number):
        raise ValueError(f"{side} is {values!r}; {name} takes a list of sequences.")
    if holds_nothing(values) or is_sparse(values):
        raise ValueError(f"{side} is {shown(values)}; {name} takes a list of sequences.")
    refuse(name, side, values)
    if items(values) == [] or len(values) == 0:
        raise ValueError(f"{side} holds no sequence; {name} needs at least one pair.")
    return unpacked(values)


def _texts(X: Any) -> list[Any] | None:
    """X as a list, if there are texts in it, mixed with other things or not."""
    found = as_texts(X)
    if found is not None or isinstance(X, np.ndarray):
        return found
    listed = items(X)
    some = listed is not None and any(isinstance(x, str) or x is None for x in listed)
    nothing = listed is not None and all(_is_nothing(x) for x in listed)
    return listed if some or nothing else None


def _is_nothing(x: Any) -> bool:
    return x is None or is_empty(x)


def _check_lengths(name: str, X: Any, y: Any) -> None:
    if y is None:
        raise ValueError(f"y is None; {name} needs an answer for each source.")
    if not holds_nothing(X) and not holds_nothing(y):
        check_consistent_length(X, y)


def _other_kind(side: str, name: str, were_texts: bool) -> str:
    seen, before = ("numbers", "texts") if were_texts else ("text", "numbers")
    return f"{side} holds {seen}, but {name} was fitted with {before}. Pass {before}."


def _numbers_as_y(name: str, seen: Any) -> str:
    shown = seen if isinstance(seen, Number) else type(seen).__name__
    return (
        f"y holds {shown!r}; {name} learns strings, or lists of tokens. RNNClassifier and "
        "RNNRegressor learn a label or a number for each sequence, SequenceTagger one for each "
        "step."
    )


def _reversed(X: Sequences) -> Sequences:
    """Each sequence from its last step."""
    values = np.zeros_like(X.values)
    for i, length in enumerate(X.lengths):
        values[i, :length] = X.values[i, :length][::-1]
    return Sequences(values, X.lengths)
