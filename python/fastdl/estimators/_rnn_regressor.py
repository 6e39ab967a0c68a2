"""The regressor among the recurrent networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators._layered import keep
from fastdl.estimators._layered_heads import LayeredRegressorMixin
from fastdl.estimators._rnn import BaseRNN, LengthsMixin
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class RNNRegressor(LengthsMixin, LayeredRegressorMixin, BaseRNN):
    """Recurrent network for numbers that sequences stand for: one value for each sequence.

    The network of `RNNClassifier` with an output for each target.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        "squared_error" (halved), "absolute_error", "huber", or "poisson" for counts, with the
        exponential between network and predictions.
    hidden_layer_sizes, cell, bidirectional, dropout, input_shape, solver, learning_rate, \
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
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRNN._parameter_constraints,
        **LayeredRegressorMixin._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (64,),
        *,
        cell: str = "lstm",
        bidirectional: bool = False,
        dropout: float = 0.0,
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
