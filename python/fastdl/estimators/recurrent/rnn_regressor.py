"""The regressor among the recurrent networks."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.base import RegressorMixin

from fastdl.estimators.base.heads import Numbers, Steps
from fastdl.estimators.base.training_words import NUMBER_LOSS
from fastdl.estimators.base.words import word
from fastdl.estimators.inputs import SequenceInput
from fastdl.estimators.recurrent.recurrent import Recurrent
from fastdl.losses import Loss


class RNNRegressor(RegressorMixin, Recurrent):
    """Recurrent network for numbers that sequences stand for: one value for each, or for each step.

    The network of `RNNClassifier` with an output for each target. With `return_sequences` every
    step has targets of its own: y is a list of n arrays (T_i,) or (T_i, n_outputs), or one array
    (n, T) or (n, T, n_outputs), padded with `lengths` as X is; predictions come in the form of X, a
    list for a list. All steps weigh the same in the loss and in R^2, the
    score.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import RNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 2)) for length in rng.integers(3, 9, size=200)]
    >>> reg = RNNRegressor((16,), random_state=0).fit(X, [x[-1, 0] for x in X])
    >>> reg.predict(X[:2]).shape
    (2,)
    >>> sums = RNNRegressor((16,), return_sequences=True, random_state=0)
    >>> sums.fit(X, [x[:, 0].cumsum() for x in X]).score(X, [x[:, 0].cumsum() for x in X]) > 0.5
    True
    >>> [len(values) for values in sums.predict(X[:2])] == [len(x) for x in X[:2]]
    True
    """

    return_sequences: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether every step has its value, known from the steps up to it (with "
        "`bidirectional`, from all), or the whole sequence has one.",
    )
    input_shape: Sequence[int] | None = word(
        default=None,
        rule="no_validation",
        kind="(int, int) or None",
        text="Steps and features of a row, where X has rows; no matter otherwise.",
    )
    loss: str | Loss = word(default="squared_error", like=NUMBER_LOSS)

    score = Recurrent.score  # with lengths, which RegressorMixin's does not know

    @property
    def _inputs(self) -> SequenceInput:
        return SequenceInput(self.input_shape, reading=self._reading, integers=self.integers)

    @property
    def _head(self) -> Numbers | Steps:
        return Steps(Numbers()) if self.return_sequences else Numbers()
