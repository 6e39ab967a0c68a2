"""Recurrent networks: recurrent layers over sequences of any length, then an output layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_is_fitted

from fastdl import layers as L
from fastdl._sklearn import Interval, StrOptions
from fastdl.estimators.base.layered import BaseLayered
from fastdl.estimators.inputs.sequences import check_sequences, check_sequences_and_targets, cut
from fastdl.estimators.inputs.steps import check_sequences_and_steps, in_form_of
from fastdl.estimators.inputs.text import n_codes
from fastdl.fitting.solver import optimizer_of
from fastdl.layers import Layer
from fastdl.optim import LBFGS
from fastdl.samples import Sequences, inside, with_steps
from fastdl.validation import check_weights

if TYPE_CHECKING:
    from fastdl._core import Program

_CELLS: dict[str, Callable[..., Layer]] = {
    "lstm": L.LSTM,
    "gru": L.GRU,
    "rnn": L.RNN,
    "irnn": partial(L.RNN, activation="relu", recurrent_init="identity"),
}


class LengthsMixin:
    """`lengths` beside X in `fit` and the methods that predict: first among the bases."""

    if TYPE_CHECKING:  # of BaseRNN

        @property
        def _each_step(self) -> bool: ...
        def _cut_targets(self, y: Any, lengths: Any) -> Any: ...
        def _in_form_of(self, X: Any, lengths: Any, answers: NDArray[Any]) -> Any: ...
        def _score_steps(self, X: Any, y: Any, sample_weight: Any) -> float: ...

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        lengths: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        lengths_val: Any = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : list of n arrays (T_i, F), or array-like of shape (n, T, F) or (n, n_features)
            Training sequences; or a list of n strings or lists of tokens.
        y : array-like of shape (n,) or (n, n_outputs)
            Class labels or indicators, or real numbers. Where every step has its own, a list of n
            arrays (T_i,) or (T_i, n_outputs), or one array with a second axis for the steps, padded
            if X is.
        sample_weight : array-like of shape (n,), default=None
            The loss of a batch is its weighted mean.
        lengths : array-like of int of shape (n,), default=None
            How many steps of each sequence in padded X are real; the others are never read.
        X_val, y_val : as X and y, default=None
            A validation set of your own: its loss and score are recorded after every epoch, and
            early stopping uses it instead of a held-out part of X.
        sample_weight_val, lengths_val : as sample_weight and lengths, default=None

        Returns
        -------
        self
        """
        y, y_val = self._cut_targets(y, lengths), self._cut_targets(y_val, lengths_val)
        return super().fit(  # type: ignore[misc]
            cut(X, lengths),
            y,
            sample_weight,
            X_val=cut(X_val, lengths_val),
            y_val=y_val,
            sample_weight_val=sample_weight_val,
        )

    def predict(self, X: Any, lengths: Any = None) -> Any:
        """Labels or values, shape (n,) or (n, n_outputs); of every step in the form of X.

        The form of X is a list of n arrays (T_i, ...) for a list, or one array (n, T, ...), zeros
        (or empty strings) past `lengths`.
        """
        check_is_fitted(self)
        answers = super().predict(cut(X, lengths))  # type: ignore[misc]
        return self._in_form_of(X, lengths, answers)

    def score(self, X: Any, y: Any, sample_weight: Any = None, lengths: Any = None) -> float:
        """Accuracy, or R^2; of all steps where each has a target.

        Parameters
        ----------
        X, y, lengths : as in `fit`
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
        """
        check_is_fitted(self)
        X, y = cut(X, lengths), self._cut_targets(y, lengths)
        if self._each_step:
            return self._score_steps(X, y, sample_weight)
        score: float = super().score(X, y, sample_weight)  # type: ignore[misc]
        return score

    def transform(self, X: Any, layer: int | str | None = None, lengths: Any = None) -> Any:
        """The last hidden state, shape (n, units), or the outputs of a layer.

        Parameters
        ----------
        X : as in `fit`
        layer : int or str, default=None
            Which layer, by number or name as in `summary`; None is the last hidden one. Outputs of
            every step have as many steps as the network, zeros past a sequence's end.
        lengths : array-like of int of shape (n,), default=None

        Returns
        -------
        ndarray of shape (n, ...), or the states of every step in the form of `predict`
        """
        check_is_fitted(self)
        states = super().transform(cut(X, lengths), layer)  # type: ignore[misc]
        return self._in_form_of(X, lengths, states)

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None
    ) -> Any:
        """`fit`, then `transform`."""
        return self.fit(X, y, sample_weight, lengths=lengths).transform(X, lengths=lengths)


class BaseRNN(BaseLayered):
    """What the recurrent networks share."""

    cell: str
    hidden_layer_sizes: Sequence[int]
    bidirectional: bool
    dropout: float
    recurrent_dropout: float
    truncate_bptt: int | None
    embedding_size: int
    unknown_token: str | None
    symbols_: tuple[str, ...]
    _rows_are_steps = False  # 2-D X: whether a row is one step, or a sequence

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseLayered._parameter_constraints,
        "cell": [StrOptions(set(_CELLS))],
        "hidden_layer_sizes": [list, tuple],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "truncate_bptt": [Interval(Integral, 1, None, closed="left"), None],
        "embedding_size": [Interval(Integral, 1, None, closed="left")],
        "unknown_token": [str, None],
    }

    @property
    def _each_step(self) -> bool:
        """Whether there is an answer for every step, not one for a sequence."""
        return False

    # --- X and y

    def _check_X(self, X: Any) -> Sequences:
        return self._with_room(check_sequences(self, X, reset=False))

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        self._check_truncation()
        numeric = is_regressor(self)
        if self._each_step:
            checked, y = check_sequences_and_steps(self, X, y, reset=reset, numeric=numeric)
        else:
            checked, y = check_sequences_and_targets(self, X, y, reset=reset, y_numeric=numeric)
        return checked if reset else self._with_room(checked), y

    def _check_truncation(self) -> None:
        """Raise ValueError for what cannot be learnt window by window."""
        who = f"{type(self).__name__}: truncate_bptt={self.truncate_bptt}"
        if self.truncate_bptt is None:
            return
        if self.bidirectional:
            raise ValueError(
                f"{who} with bidirectional=True: a window does not know what comes after it. Set "
                "one of them only."
            )
        if isinstance(optimizer_of(self), LBFGS):
            raise ValueError(
                f"{who} with solver='lbfgs': it needs the whole gradient. Use another solver."
            )

    def _with_room(self, X: Sequences) -> Sequences:
        """X with as many steps as the network, which grows to the longest sequence or window."""
        self._network.lengthen(self._input_shape(X)[0])
        steps = max(X.shape[1], self._network.input_shape[0])
        return Sequences(with_steps(X.values, steps), X.lengths)

    def _input_shape(self, X: Sequences) -> tuple[int, ...]:
        steps, n_features = X.shape[1:]
        return min(steps, self.truncate_bptt or steps), n_features

    def _cut_targets(self, y: Any, lengths: Any) -> Any:
        """The targets of steps, without their padding."""
        if lengths is None or y is None or not self._each_step:
            return y
        return [of_one[:length] for of_one, length in zip(y, lengths, strict=False)]

    # --- answers

    def _predict(self, X: Sequences, layer: int | None) -> NDArray[Any]:
        """As for any network; of every step, those of one sequence after the other."""
        outputs = super()._predict(X, layer)
        if X.dtype.kind == "i":  # codes of symbols: no reason for float64
            outputs = outputs.astype(self._network.dtype, copy=False)
        if not self._each_step:
            return outputs
        return outputs[inside(X.lengths, outputs.shape[1])]

    def _in_form_of(self, X: Any, lengths: Any, answers: NDArray[Any]) -> Any:
        if not self._each_step:
            return answers
        return in_form_of(X, lengths, answers, rows_are_steps=self._rows_are_steps)

    def _score_steps(self, X: Any, y: Any, sample_weight: Any) -> float:
        X, y = self._check_X_y(X, y, reset=False)
        weight = check_weights(sample_weight, X)
        weight = None if weight is None else np.repeat(weight, X.lengths)
        metric = r2_score if is_regressor(self) else accuracy_score
        answers = self._targets.decode(self._predict(X, None))
        return float(metric(y.steps, answers, sample_weight=weight))

    @property
    def _n_features_out(self) -> int:
        top = [layer for layer in self._network.program.layers if layer.depth == 0]
        return int(top[self._layer_index(None)].output_shape[-1])

    # --- the network

    def _hidden(self, input_shape: tuple[int, ...]) -> list[Layer]:
        layers: list[Layer] = []
        if hasattr(self, "symbols_"):
            layers.append(L.Embedding(n_codes(self.symbols_), self.embedding_size))
        for i, units in enumerate(self.hidden_layer_sizes):
            all_steps = self._each_step or i < len(self.hidden_layer_sizes) - 1
            layer: Layer = _CELLS[self.cell](
                units, return_sequences=all_steps, recurrent_dropout=self.recurrent_dropout
            )
            layers.append(L.Bidirectional(layer) if self.bidirectional else layer)
            if self.dropout:
                layers.append(L.Dropout(self.dropout))
        return layers

    def _with_output(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        if not self.hidden_layer_sizes:
            raise ValueError(
                f"{type(self).__name__}: hidden_layer_sizes={self.hidden_layer_sizes!r}; expected "
                "at least one recurrent layer."
            )
        return [*self._hidden(input_shape), L.Dense(n_outputs, name="output")]

    def _sample_shape(self, input_shape: Sequence[int]) -> tuple[int, ...]:
        return (*input_shape, 1) if len(input_shape) == 1 else tuple(input_shape)

    def _new_weights(self, program: Program, X: Sequences) -> None:
        """As the layers' initialisers drew them."""
