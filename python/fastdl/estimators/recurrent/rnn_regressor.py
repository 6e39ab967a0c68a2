"""The regressor among the recurrent networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from fastdl.estimators.base.regressor import Regressor
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.heads.steps import Steps
from fastdl.estimators.inputs import SequenceInput
from fastdl.estimators.parameters.training_words import NORMALIZE_Y, NUMBER_LOSS
from fastdl.estimators.parameters.words import word
from fastdl.estimators.recurrent.forecasting import forecast
from fastdl.estimators.recurrent.recurrent import Recurrent
from fastdl.losses import Loss


class RNNRegressor(Regressor, Recurrent):
    """Recurrent network for numbers that sequences stand for: one value for each, or for each step.

    The network of `RNNClassifier` with an output for each target. With `return_sequences` every
    step has targets of its own: y is a list of n arrays (T_i,) or (T_i, n_outputs), or one array
    (n, T) or (n, T, n_outputs), padded with `lengths` as X is; predictions come in the form of X, a
    list for a list. All steps weigh the same in the loss and in R^2, the score, but for weights of
    steps; steps with NaN for all of their targets do not count.

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
    normalize_y: bool = word(default=True, like=NORMALIZE_Y)

    score = Recurrent.score  # with lengths, which Regressor's does not know

    def forecast(
        self, series: ArrayLike, n_steps: int, *, exogenous: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Forecast the steps after the end of a time series, by a fit on `fastdl.data.windows`.

        A network that was fitted with a horizon of h answers for h steps at once (direct). For
        more, its answers are put behind the series, and it goes on from there (recursive). Of the
        series, the last window is read.

        Parameters
        ----------
        series : array-like of shape (T,) or (T, F)
            T is at least the length of the windows.
        n_steps : int
            How many steps to forecast.
        exogenous : array-like of shape (T + later, E), default=None
            What else is known of each step, if the windows had it. Where the network has to go on
            from its own answers, of later steps, too, all but the last h.

        Returns
        -------
        ndarray of shape (n_steps,) or (n_steps, F)

        Raises
        ------
        ValueError
            For a series that is too short, or has other columns than the windows had.

        Examples
        --------
        >>> import numpy as np
        >>> from fastdl import RNNRegressor
        >>> from fastdl.data import windows
        >>> wave = np.sin(np.arange(300) / 5)
        >>> X, y = windows(wave, length=20)
        >>> rnn = RNNRegressor((16,), max_epochs=30, learning_rate_init=0.01, random_state=0)
        >>> ahead = rnn.fit(X, y).forecast(wave, n_steps=10)
        >>> bool(np.abs(ahead - np.sin(np.arange(300, 310) / 5)).max() < 0.2)
        True
        """
        check_is_fitted(self)
        return forecast(self, series, n_steps, exogenous)

    @property
    def _inputs(self) -> SequenceInput:
        return SequenceInput(self.input_shape, reading=self._reading, integers=self.integers)

    @property
    def _head(self) -> Numbers | Steps:
        if self.return_sequences:
            return Steps(Numbers())
        return Numbers(of_parts="With return_sequences=True, every step has a number.")
