"""The regressor among the convolutional networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredRegressorMixin
from fastdl.estimators.convolutional.cnn import BaseCNN
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class CNNRegressor(LayeredRegressorMixin, BaseCNN):
    """Convolutional network for numbers that images stand for.

    The network of `CNNClassifier` with an output for each target.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        "squared_error" (halved), "absolute_error", "huber", or "poisson" for counts, with the
        exponential between network and predictions.
    conv_layer_sizes, kernel_size, pool_size, hidden_layer_sizes, activation, dropout, batch_norm, \
architecture, input_shape, solver, learning_rate, learning_rate_init, momentum, batch_size, \
max_epochs, shuffle, alpha, l1, weight_decay, max_norm, clip_value, clip_norm, early_stopping, \
validation_fraction, n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, \
device, dtype
        As in `CNNClassifier`; the score is R^2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import CNNRegressor
    >>> X = np.random.default_rng(0).random((200, 6, 6, 1))
    >>> reg = CNNRegressor((8,), max_epochs=20, random_state=0).fit(X, X.max(axis=(1, 2, 3)))
    >>> reg.predict(X[:2]).shape
    (2,)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseCNN._parameter_constraints,
        **LayeredRegressorMixin._parameter_constraints,
    }

    def __init__(
        self,
        conv_layer_sizes: Sequence[int] = (32, 64),
        *,
        kernel_size: int | Sequence[int] = 3,
        pool_size: int | Sequence[int] = 2,
        hidden_layer_sizes: Sequence[int] = (128,),
        activation: str = "relu",
        dropout: float = 0.0,
        batch_norm: bool = False,
        architecture: str | None = None,
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
        clip_norm: float | None = None,
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
