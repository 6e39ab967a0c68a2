"""Sequences, as users have them, as one padded array and lengths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length

from fastdl._rules import INPUT_SHAPE, Rule
from fastdl._warn import warn
from fastdl.data import pad_sequences
from fastdl.estimators.inputs.forms import Cut, Seen, in_form_of, is_array_of_numbers
from fastdl.estimators.inputs.images import normalises
from fastdl.estimators.inputs.refused import holds_nothing, refuse, shown
from fastdl.estimators.inputs.rows import TAKEN, validated, validated_y
from fastdl.estimators.inputs.steps import check_steps, marked_off
from fastdl.estimators.inputs.symbols import (
    CHARACTERS,
    Reading,
    Symbols,
    are_integers,
    warn_of_tokens,
)
from fastdl.estimators.inputs.text import as_integers, check_texts, is_table_of_texts, items
from fastdl.layers import Layer
from fastdl.samples import Sequences, with_steps

_OPTIONS: dict[str, Any] = {"dtype": TAKEN, "allow_nd": True, "all_finite": False}
_INPUT_SHAPE = Rule(
    "None or (steps, features), positive integers",
    lambda v: v is None or (INPUT_SHAPE.accepts(v) and len(v) == 2),
    lambda v: v,
)
_LARGE = 10  # root mean square of a feature that is worth a warning
_FORMS = (
    "sequences (n, steps, features), a list of n arrays (steps_i, features), or rows (n, steps)"
)


@dataclass(frozen=True)
class SequenceInput:
    """Sequences of numbers, padded with `lengths` or a list; or of symbols, such as texts.

    X is (n, T, F), (n, n_features), a list of n arrays (T_i, F), or (T_i,) of one feature, or
    texts: strings, or lists of tokens. Rows are sequences of `input_shape`, or of one feature; with
    `rows_are_steps`, of one step. Lists of integers are symbols, as `integers` says. A fitted
    estimator has `input_shape_` and, of symbols, `symbols_`.
    """

    reads_texts: ClassVar[bool] = True
    input_shape: Any = None  # as the user set it
    rows_as: tuple[int, ...] | None = None  # the sequence that a row is, where it is not set
    rows_are_steps: bool = False
    reading: Reading = CHARACTERS
    integers: str = "auto"  # as the user set it: "symbols", "values"

    def check(self, estimator: Any, X: Any, *, reset: bool) -> Sequences:
        """X padded, with lengths.

        Raises
        ------
        ValueError
            For another form, numbers of features that differ, NaN or infinity, and symbols that are
            not known.
        """
        return self._checked(estimator, _seen(estimator, X, reset), reset)

    def _checked(self, estimator: Any, seen: Seen, reset: bool) -> Sequences:
        symbols = self._symbols(estimator, seen, reset)
        self._learn_symbols(estimator, symbols, seen.texts, reset)
        if symbols is not None:
            return _fitting(estimator, self.reading.encode(estimator, symbols), math.nan, reset)
        if seen.is_list:
            return _fitting(estimator, _from_list(estimator, seen.X), math.nan, reset)
        self._warn_of_integers(estimator, seen.X, reset)
        X = validated(estimator, seen.X, reset=reset, **_OPTIONS)
        return self._from_array(estimator, X, reset)

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[Sequences, NDArray[Any]]:
        """`check` for X and y together; y of shape (n,) or (n, n_outputs)."""
        y = validated_y(estimator, y, numeric=numeric)
        checked = self.check(estimator, X, reset=reset)
        check_consistent_length(checked.lengths, y)
        return checked, y

    def check_with_steps(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool, classes: Any = None
    ) -> tuple[Sequences, Sequences]:
        """`check` for X, and y with something for every step; see `check_steps`."""
        name, seen = type(estimator).__name__, Seen.of(X)
        are_steps = self.rows_are_steps and seen.are_rows
        if are_steps and self._integers(estimator, seen, reset) is None:
            checked, y = self.check_with(estimator, X, y, reset=reset, numeric=numeric)
            return checked, marked_off(name, Sequences(y[:, np.newaxis], checked.lengths), classes)
        if y is None:
            raise ValueError(f"{name} needs y, with a value for every step of each sequence.")
        seen = _seen(estimator, X, reset)
        if holds_nothing(y):
            raise ValueError(
                f"y is {shown(y)}; {name} takes a list with a value for every step of each "
                "sequence."
            )
        check_consistent_length(seen.X, y)
        checked = self._checked(estimator, seen, reset)
        steps = check_steps(name, y, checked.lengths, numeric=numeric, classes=classes)
        return checked, steps

    def in_form_of(self, estimator: Any, X: Any, lengths: Any, answers: NDArray[Any]) -> Any:
        """Answers for all steps, one sequence after the other, in the form of the user's X."""
        of_symbols = are_integers(getattr(estimator, "symbols_", ()))
        return in_form_of(
            X,
            lengths,
            answers,
            rows_are_steps=self.rows_are_steps and not of_symbols,
            of_symbols=of_symbols,
            steps=self.steps,
        )

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """(steps,) is of one feature."""
        return (*input_shape, 1) if len(input_shape) == 1 else input_shape

    def warn(self, estimator: Any, X: Sequences, layers: Sequence[Layer]) -> None:
        """Warn that integers were taken for symbols, where nobody has said so; of large numbers."""
        name = type(estimator).__name__
        if not hasattr(estimator, "symbols_") and not normalises(layers):
            _warn_of_large(name, X)
        if self.integers == "auto" and are_integers(getattr(estimator, "symbols_", ())):
            warn(
                f"X holds lists of integers, which {name} reads as symbols, with a vector for "
                "each. Say integers='symbols' if that is meant, or integers='values' if they are "
                "numbers.",
            )

    def tag(self, tags: Any) -> None:
        """Three dimensions."""
        tags.three_d_array = True

    def steps(self, x: Any) -> int:
        """How many steps a sequence of a list has, as the user has it."""
        return len(self.reading.symbols(x)) if isinstance(x, str) else len(x)

    def _symbols(self, estimator: Any, seen: Seen, reset: bool) -> list[Symbols] | None:
        """The symbols of each text, or integers that are read as such; None of other X."""
        if seen.texts is not None:
            check_texts(type(estimator).__name__, seen.texts)
            return [self.reading.symbols(text) for text in seen.texts]
        symbols: list[Symbols] | None = self._integers(estimator, seen, reset)
        if symbols is None and not reset and hasattr(estimator, "symbols_") and seen.is_empty:
            symbols = [[] for _ in seen.X]
        return symbols

    def _integers(self, estimator: Any, seen: Seen, reset: bool) -> list[Any] | None:
        """X as lists of integers, where they are symbols."""
        if not reset:
            known = are_integers(getattr(estimator, "symbols_", ()))
            return as_integers(seen.X) if known else None
        found = None if self.integers == "values" else as_integers(seen.X)
        if self.integers == "symbols" and found is None and seen.texts is None:
            raise ValueError(
                f"{type(estimator).__name__}: integers='symbols', but X holds something else; "
                "expected lists of integers, one for each sequence, or an array (n, steps) of an "
                "integer dtype."
            )
        return found if self.integers == "symbols" or isinstance(seen.X, (list, tuple)) else None

    def _warn_of_integers(self, estimator: Any, X: Any, reset: bool) -> None:
        """Warn of rows that look like codes of symbols."""
        dtype, name = getattr(X, "dtype", None), type(estimator).__name__
        silent = not reset or self.integers == "values" or self.input_shape or self.rows_are_steps
        if (
            silent
            or self.rows_as
            or getattr(X, "ndim", 0) != 2
            or dtype is None
            or dtype.kind not in "iu"
            or dtype == "u1"
        ):
            return
        warn(
            f"X is an array of integers, whose rows {name} reads as sequences of one number a "
            "step. Say integers='symbols' if they are codes of symbols, or integers='values' if "
            "numbers are meant.",
        )

    def _learn_symbols(
        self, estimator: Any, symbols: list[Symbols] | None, texts: list[Any] | None, reset: bool
    ) -> None:
        """Learn the symbols of X, or compare what X holds with what was fitted."""
        name, known = type(estimator).__name__, getattr(estimator, "symbols_", None)
        if reset:
            self._check_shape(name)
            vars(estimator).pop("symbols_", None)
            if symbols is not None:
                estimator.symbols_ = self.reading.learn(symbols)
                warn_of_tokens(name, texts or (), estimator.symbols_)
        elif known is None and symbols is not None:
            raise ValueError(
                f"X holds text, but {name} was fitted with sequences of "
                f"{estimator.input_shape_[1]} features. Pass numbers."
            )
        elif known is not None and are_integers(known):
            if symbols is None or any(isinstance(x, str) for of_one in symbols for x in of_one):
                raise ValueError(
                    f"X holds something else than integers, but {name} was fitted with integers as "
                    "symbols. Pass a list of lists of integers."
                )
        elif known is not None and symbols is None:
            raise ValueError(
                f"X holds numbers, but {name} was fitted with text. Pass a list of strings, or of "
                "lists of tokens."
            )

    def _from_array(self, estimator: Any, X: NDArray[Any], reset: bool) -> Sequences:
        name, n_columns = type(estimator).__name__, math.nan
        if X.ndim not in (2, 3) or 0 in X.shape:
            raise ValueError(f"X has shape {X.shape}; {name} takes {_FORMS}.")
        if X.ndim == 2:
            n_columns = X.shape[1]
            X = X.reshape(len(X), *self._row_shape(name, n_columns))
        lengths = np.full(len(X), X.shape[1], np.int32)
        return _fitting(estimator, _finite(Sequences(X, lengths)), n_columns, reset)

    def _check_shape(self, name: str) -> None:
        if not _INPUT_SHAPE.accepts(self.input_shape):
            raise ValueError(f"{name}: {_INPUT_SHAPE.complaint('input_shape', self.input_shape)}")

    def _row_shape(self, name: str, n_columns: int) -> tuple[int, int]:
        if self.rows_are_steps:
            return 1, n_columns
        asked, known = self.input_shape, self.rows_as
        if asked is None and known is not None:
            if math.prod(known) != n_columns:
                raise ValueError(
                    f"X has rows of {n_columns} features, but the network of init_from takes "
                    f"sequences of shape {known}, or rows of {math.prod(known)} features. Set "
                    "input_shape to what a row of this X is."
                )
            return known[0], known[1]
        if asked is None:
            return n_columns, 1
        if math.prod(asked) != n_columns:
            raise ValueError(
                f"X has rows of {n_columns} features, but input_shape={asked!r} asks for "
                f"{math.prod(asked)}. Leave input_shape out for sequences of one feature."
            )
        return asked[0], asked[1]


def _warn_of_large(name: str, X: Sequences) -> None:
    """Warn of features that are far from a spread of 1; what stands past an end is zero."""
    squares = np.einsum("ntf,ntf->f", X.values, X.values, dtype=np.float64)
    spread = np.sqrt(squares / X.lengths.sum())
    feature = int(spread.argmax())
    if spread[feature] > _LARGE:
        values = X.values[..., feature]
        warn(
            f"X has values from {values.min():g} to {values.max():g} in feature {feature}, "
            "unscaled. Recurrent networks learn best from inputs around 0 with a spread of 1: put "
            f"SequenceScaler() before {name}.",
        )


def _seen(estimator: Any, X: Any, reset: bool) -> Seen:
    """X looked at; ValueError for what holds no sequences."""
    name = type(estimator).__name__
    if type(X) is not np.ndarray or not is_array_of_numbers(X):
        _refuse_other_forms(name, X)
    seen = Seen.of(X)
    if not reset and _were_of_one_feature(estimator) and seen.are_rows:
        seen = Seen(Cut(np.asarray(seen.X)), is_list=True)
    if reset and seen.is_empty:
        raise ValueError(
            f"X holds nothing but empty sequences; {name} learns from at least one step."
        )
    return seen


def _refuse_other_forms(name: str, X: Any) -> None:
    """Raise ValueError for one string, one number, a table of texts, and nothing."""
    if isinstance(X, (str, bytes)):
        raise ValueError(
            f"X is the string {X[:20]!r}; {name} takes a list of strings, or of lists of tokens: "
            "pass it in a list."
        )
    if X is None or isinstance(X, Number) or getattr(X, "ndim", 1) == 0:
        raise ValueError(f"X is {X!r}; {name} takes {_FORMS}, or texts.")
    if not is_table_of_texts(X):
        refuse(name, "X", X, f"{_FORMS}, or texts")
    if is_table_of_texts(X):
        raise ValueError(
            f"X is a table with text in it, of shape {X.shape}; {name} takes one column of texts: "
            'X["name"] of a frame, X[:, 0] of an array.'
        )
    if items(X) == []:
        raise ValueError(f"X holds no sequence; {name} needs at least one.")


def _were_of_one_feature(estimator: Any) -> bool:
    """Whether fit had sequences of one feature, each of its own length: rows are such, too."""
    return getattr(estimator, "n_features_in_", 0) == 1 == estimator.input_shape_[1]


def _numbers(name: str, i: int, x: Any) -> NDArray[Any]:
    """A sequence of a list as an array of numbers."""
    refuse(name, f"X[{i}]", x, "sequences of numbers, or texts")
    try:
        x = np.asarray(x)
        x = np.asarray(x.tolist()) if x.dtype == object else x  # of arrays, as parquet has them
    except ValueError as error:
        raise ValueError(
            f"X[{i}] has steps of different lengths; {name} takes sequences of shape (steps, "
            "features)."
        ) from error
    if x.dtype.kind not in "biuf":
        raise ValueError(
            f"X[{i}] holds {x.dtype.name}; {name} takes sequences of numbers, or texts."
        )
    return x


def _from_list(estimator: Any, X: Any) -> Sequences:
    name = type(estimator).__name__
    sequences = [_numbers(name, i, x) for i, x in enumerate(X)]
    if all(x.ndim == 1 for x in sequences):
        sequences = [x[:, np.newaxis] for x in sequences]
    some = next((x for x in sequences if x.shape[:1] != (0,)), None)
    n_features = estimator.input_shape_[1] if some is None else math.prod(some.shape[1:])
    nothing = np.zeros((0, n_features), np.uint8)
    sequences = [nothing if x.shape[:1] == (0,) else x for x in sequences]
    for i, x in enumerate(sequences):
        if x.ndim != 2 or 0 in x.shape[1:]:
            raise ValueError(
                f"X[{i}] has shape {x.shape}; {name} takes sequences of shape (steps, features)."
            )
        if x.shape[1] != sequences[0].shape[1]:
            raise ValueError(
                f"X[{i}] has {x.shape[1]} features, but X[0] has {sequences[0].shape[1]}; all "
                f"sequences of {name} have the same features."
            )
    dtype = np.result_type(np.uint8, *{x.dtype for x in sequences})
    small = dtype in (np.uint8, np.float32)
    values, lengths = pad_sequences(sequences, dtype=np.float32 if small else np.float64)
    values = with_steps(values, max(1, values.shape[1]))
    return _finite(Sequences(values, lengths.astype(np.int32)))


def _finite(X: Sequences) -> Sequences:
    """X, if its numbers are; the padding of a list is zero."""
    if X.dtype.kind == "f" and not np.isfinite(X.values.sum(dtype=np.float64)):
        bad = ~np.isfinite(X.values).all(axis=2)
        if bad.any():
            i, t = (int(index) for index in np.argwhere(bad)[0])
            what = "NaN" if np.isnan(X.values[i, t]).any() else "infinity"
            raise ValueError(
                f"Input X contains {what}: step {t} of X[{i}]. Fill it in, or leave the step out."
            )
    return X


def _fitting(estimator: Any, X: Sequences, n_columns: float, reset: bool) -> Sequences:
    """X, if it goes with what was fitted; `n_columns` of rows."""
    n_features = X.shape[2]
    if reset:
        estimator.input_shape_ = X.shape[1:]
        estimator.n_features_in_ = n_features if math.isnan(n_columns) else int(n_columns)
        if math.isnan(n_columns) and hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    expected = estimator.input_shape_[1]
    if n_features != expected:
        raise ValueError(
            f"X has sequences of {n_features} features, but {type(estimator).__name__} was fitted "
            f"with {expected}."
        )
    return X
