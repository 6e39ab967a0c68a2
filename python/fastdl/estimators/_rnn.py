"""Recurrent networks: recurrent layers over sequences of any length, then an output layer."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from fastdl import layers as L
from fastdl.estimators._layered import BaseLayered
from fastdl.estimators._sequences import check_sequences, check_sequences_and_targets, cut
from fastdl.layers import Layer
from fastdl.validation import Sequences, with_steps

if TYPE_CHECKING:
    from fastdl._core import Program

_CELLS = {"lstm": L.LSTM, "gru": L.GRU, "rnn": L.RNN}


class LengthsMixin:
    """`lengths` beside X in `fit` and the methods that predict: first among the bases."""

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
            Training sequences.
        y : array-like of shape (n,) or (n, n_outputs)
            Class labels or indicators, or real numbers.
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
        validation = {"X_val": cut(X_val, lengths_val), "y_val": y_val}
        return super().fit(  # type: ignore[misc]
            cut(X, lengths), y, sample_weight, sample_weight_val=sample_weight_val, **validation
        )

    def predict(self, X: Any, lengths: Any = None) -> Any:
        """Labels or values, shape (n,) or (n, n_outputs)."""
        check_is_fitted(self)
        return super().predict(cut(X, lengths))  # type: ignore[misc]

    def score(self, X: Any, y: Any, sample_weight: Any = None, lengths: Any = None) -> float:
        """Accuracy, or R^2."""
        check_is_fitted(self)
        score: float = super().score(cut(X, lengths), y, sample_weight)  # type: ignore[misc]
        return score

    def transform(
        self, X: Any, layer: int | str | None = None, lengths: Any = None
    ) -> NDArray[Any]:
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
        ndarray of shape (n, ...)
        """
        check_is_fitted(self)
        return super().transform(cut(X, lengths), layer)  # type: ignore[misc]

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None
    ) -> NDArray[Any]:
        """`fit`, then `transform`."""
        return self.fit(X, y, sample_weight, lengths=lengths).transform(X, lengths=lengths)


class BaseRNN(BaseLayered):
    """What `RNNClassifier` and `RNNRegressor` share."""

    cell: str
    hidden_layer_sizes: Sequence[int]
    bidirectional: bool
    dropout: float

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseLayered._parameter_constraints,
        "cell": [StrOptions(set(_CELLS))],
        "hidden_layer_sizes": [list, tuple],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    # --- X and y

    def _check_X(self, X: Any) -> Sequences:
        return self._with_room(check_sequences(self, X, reset=False))

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
        checked, y = check_sequences_and_targets(
            self, X, y, reset=reset, y_numeric=is_regressor(self)
        )
        return checked if reset else self._with_room(checked), y

    def _with_room(self, X: Sequences) -> Sequences:
        """X with as many steps as the network, which grows to the longest sequence."""
        self._network.lengthen(X.shape[1])
        return Sequences(with_steps(X.values, self._network.input_shape[0]), X.lengths)

    # --- the network

    def _hidden(self, input_shape: tuple[int, ...]) -> list[Layer]:
        layers: list[Layer] = []
        for i, units in enumerate(self.hidden_layer_sizes):
            all_steps = i < len(self.hidden_layer_sizes) - 1
            layer: Layer = _CELLS[self.cell](units, return_sequences=all_steps)
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
