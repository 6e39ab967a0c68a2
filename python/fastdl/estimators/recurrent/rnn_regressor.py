"""The regressor among the recurrent networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils.metaestimators import available_if

from fastdl.estimators.base.heads import is_stochastic
from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredRegressorMixin
from fastdl.estimators.inputs.sequences import cut
from fastdl.estimators.recurrent.rnn import BaseRNN, LengthsMixin
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.samples import Sequences
from fastdl.schedules import Schedule


class RNNRegressor(LengthsMixin, LayeredRegressorMixin, BaseRNN):
    """Recurrent network for numbers that sequences stand for: one value for each, or for each step.

    The network of `RNNClassifier` with an output for each target. With `return_sequences` every
    step has targets of its own: y is a list of n arrays (T_i,) or (T_i, n_outputs), or one array
    (n, T) or (n, T, n_outputs), padded with `lengths` as X is; predictions come in the form of X, a
    list for a list. All steps weigh the same in the loss and in R^2.

    Parameters
    ----------
    return_sequences : bool, default=False
        Whether every step has its value, known from the steps up to it (with `bidirectional`, from
        all), or the whole sequence has one.
    truncate_bptt : int, default=None
        With `return_sequences`: cut sequences into windows of so many steps, each an update of the
        weights. The state goes on to the next window, the gradient does not go back (truncated
        back-propagation through time). Otherwise as in `RNNClassifier`. Memory is that of a window.
    loss : str or Loss, default="squared_error"
        "squared_error" (halved), "absolute_error", "huber", or "poisson" for counts, with the
        exponential between network and predictions.
    hidden_layer_sizes, cell, bidirectional, dropout, recurrent_dropout, embedding_size, \
unknown_token, input_shape, solver, learning_rate, \
learning_rate_init, momentum, batch_size, max_epochs, shuffle, alpha, l1, weight_decay, max_norm, \
clip_value, clip_norm, early_stopping, validation_fraction, n_iter_no_change, tol, scoring, \
random_state, verbose, warm_start, n_jobs, device, dtype
        As in `RNNClassifier`; the score is R^2.

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRNN._parameter_constraints,
        **LayeredRegressorMixin._parameter_constraints,
        "return_sequences": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (64,),
        *,
        cell: str = "lstm",
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        truncate_bptt: int | None = None,
        embedding_size: int = 32,
        unknown_token: str | None = None,
        input_shape: Sequence[int] | None = None,
        loss: str | Loss = "squared_error",
        solver: str | Optimizer = "adam",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 1e-3,
        momentum: float = 0.9,
        batch_size: int | str = "auto",
        max_epochs: int = 50,
        shuffle: bool = True,
        alpha: float = 0.0,
        l1: float = 0.0,
        weight_decay: float | None = None,
        max_norm: float | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = 1.0,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        scoring: str | Callable[..., float] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        device: str = "cpu",
        dtype: DTypeLike = "float32",
    ) -> None:
        keep(self, locals())

    @property
    def _each_step(self) -> bool:
        return self.return_sequences

    def _targets_of(self, y: Any, *, incremental: bool) -> Targets:
        y = y.steps if isinstance(y, Sequences) else y
        return super()._targets_of(y, incremental=incremental)

    @available_if(is_stochastic)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, lengths: Any = None
    ) -> Self:
        """Go on for one epoch over the given sequences.

        Parameters
        ----------
        X, y, sample_weight, lengths : as in `fit`
            The first call learns the symbols of texts.

        Returns
        -------
        self
        """
        y = self._cut_targets(y, lengths)
        return super().partial_fit(cut(X, lengths), y, sample_weight)
