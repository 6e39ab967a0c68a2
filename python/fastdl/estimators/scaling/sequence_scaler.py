"""Scaling of sequences, feature by feature, over the steps that they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fastdl._saved import SHAPE
from fastdl.estimators.inputs import SequenceInput
from fastdl.estimators.inputs.forms import Seen, cut
from fastdl.estimators.parameters.words import fitted
from fastdl.estimators.scaling.scaler import Scaler, goes_part_by_part
from fastdl.samples import Sequences, inside


@dataclass(init=False, eq=False, repr=False)
class SequenceScaler(Scaler):
    """Bring each feature of sequences to a common scale.

    X is what the recurrent networks take: a list of n arrays (T_i, F); one array (n, T, F), with
    `lengths` where it is padded; or rows (n, T), sequences of a single feature. Each feature has
    its own statistics, of all steps that there are: what stands past the end of a sequence is
    neither counted nor changed. The result has the form of X.

    Parameters
    ----------
    method : {"standard", "minmax", "robust"}, default="standard"
        To mean 0 and variance 1; linearly onto `feature_range`; or to median 0 and a distance of 1
        between the quartiles, which outliers do not move.
    feature_range : (float, float), default=(0, 1)
        Where "minmax" brings the smallest and the largest value of the data it was fitted on.

    Attributes
    ----------
    mean_, var_ : ndarray of shape (F,)
        Of the steps seen; with ``method="standard"``.
    data_min_, data_max_ : ndarray of shape (F,)
        Of the steps seen; with ``method="minmax"``.
    offset_, scale_ : ndarray of shape (F,)
        The transformation is ``(X - offset_) / scale_``. A feature that is constant has scale 1.
    n_samples_seen_ : int
        Sequences.
    input_shape_ : tuple of int
        Steps and features of the longest sequence.
    n_features_in_ : int
        F, or the columns of rows.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where X was a data frame.

    Notes
    -----
    Only rows become frames by `set_output`; sequences keep their form.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import SequenceScaler
    >>> X = [[[0, 100], [2, 300]], [[4, 200]]]
    >>> scaler = SequenceScaler("minmax").fit(X)
    >>> [x.tolist() for x in scaler.transform(X)]
    [[[0.0, 0.0], [0.5, 1.0]], [[1.0, 0.5]]]
    """

    input_shape_: tuple[int, ...] = fitted(saved=SHAPE)

    # Where metadata is routed, lengths go wherever X goes.
    __metadata_request__fit: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__partial_fit: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__transform: ClassVar[dict[str, Any]] = {"lengths": True}
    __metadata_request__inverse_transform: ClassVar[dict[str, Any]] = {"lengths": True}

    def __init__(
        self, method: str = "standard", *, feature_range: tuple[float, float] = (0, 1)
    ) -> None:
        super().__init__(method, feature_range=feature_range)

    def fit(self, X: Any, y: object = None, *, lengths: Any = None) -> Self:
        """Learn the statistics of X.

        Parameters
        ----------
        X : list of n array-likes (T_i, F), or array-like of shape (n, T, F) or (n, T)
        y : ignored
        lengths : array-like of int of shape (n,), default=None
            How many steps of each sequence in padded X are real.

        Returns
        -------
        SequenceScaler
            This object.

        Raises
        ------
        ValueError
            For another form, NaN, infinity, no samples, or a parameter out of range.
        """
        return self._guarded(lambda learnt: learnt._learn(X, lengths, reset=True))

    @available_if(goes_part_by_part)
    def partial_fit(self, X: Any, y: object = None, *, lengths: Any = None) -> Self:
        """Add X to the data that the statistics are of; see `fit`."""
        reset = not hasattr(self, "n_samples_seen_")
        return self._guarded(lambda learnt: learnt._learn(X, lengths, reset))

    def _learn(self, X: Any, lengths: Any, reset: bool) -> None:
        self._check_params()
        sequences = self._checked(X, lengths, reset)
        values = sequences.values.reshape(-1, sequences.shape[2])
        if (sequences.lengths < sequences.shape[1]).any():
            values = sequences.steps
        self._add(values, len(sequences.values), reset)

    def transform(self, X: Any, *, lengths: Any = None) -> Any:
        """Scale X.

        Parameters
        ----------
        X, lengths : as in `fit`
            Of as many features; steps are free.

        Returns
        -------
        ndarray of the shape of X, or list of n ndarrays (T_i, F)
            float32 where X is, else float64.
        """
        check_is_fitted(self)
        sequences = self._checked(X, lengths, reset=False)
        return _in_form_of(X, lengths, sequences, self._scaled(sequences.values))

    def inverse_transform(self, X: Any, *, lengths: Any = None) -> Any:
        """Undo the scaling; X and the result as in `transform`."""
        check_is_fitted(self)
        sequences = self._checked(X, lengths, reset=False)
        return _in_form_of(X, lengths, sequences, self._unscaled(sequences.values))

    def fit_transform(self, X: Any, y: object = None, *, lengths: Any = None) -> Any:
        """`fit`, then `transform`."""
        return self.fit(X, lengths=lengths).transform(X, lengths=lengths)

    def _checked(self, X: Any, lengths: Any, reset: bool) -> Sequences:
        if Seen.of(X).texts is not None:
            raise ValueError("X holds text; SequenceScaler scales sequences of numbers.")
        return SequenceInput(integers="values").check(self, cut(X, lengths), reset=reset)


def _in_form_of(X: Any, lengths: Any, sequences: Sequences, values: NDArray[Any]) -> Any:
    """New values (n, T, F) as the user gave X; what stands past `lengths` is left as it is."""
    if lengths is not None:
        whole = np.array(X, values.dtype)
        real = inside(sequences.lengths, whole.shape[1])
        whole[real] = values[sequences.inside]
        return whole
    seen = Seen.of(X)
    if seen.is_list:
        each = zip(seen.X, values, sequences.lengths, strict=True)
        return [of_one[:length].reshape(np.shape(x)) for x, of_one, length in each]
    return values.reshape(seen.X.shape if hasattr(seen.X, "shape") else np.asarray(seen.X).shape)
