"""The regressor among the deep belief nets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredRegressorMixin
from fastdl.estimators.boltzmann.dbn_net import BaseDBN
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class DBNRegressor(LayeredRegressorMixin, BaseDBN):
    """Deep belief net with an output layer for numbers: pretrained, then fine-tuned.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        As in `CNNRegressor`.
    hidden_layer_sizes, visible, k, persistent, pretrain_epochs, pretrain_learning_rate, \
pretrain_momentum, pretrain_weight_decay, dropout, solver, learning_rate, learning_rate_init, \
momentum, batch_size, max_epochs, shuffle, alpha, l1, weight_decay, max_norm, clip_value, \
clip_norm, early_stopping, validation_fraction, n_iter_no_change, tol, scoring, random_state, \
verbose, warm_start, n_jobs, device, dtype
        As in `DBNClassifier`; the score is R^2.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from fastdl import DBNRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = DBNRegressor((50,), visible="gaussian", max_epochs=100, random_state=0)
    >>> reg.fit(scale(X), scale(y)).score(scale(X), scale(y)) > 0.4
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseDBN._parameter_constraints,
        **LayeredRegressorMixin._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (256, 256),
        *,
        visible: str = "auto",
        k: int = 1,
        persistent: bool = False,
        pretrain_epochs: int = 10,
        pretrain_learning_rate: float | str = "auto",
        pretrain_momentum: float = 0.5,
        pretrain_weight_decay: float = 2e-4,
        dropout: float = 0.0,
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
