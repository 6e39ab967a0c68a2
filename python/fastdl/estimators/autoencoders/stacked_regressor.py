"""Stacked autoencoders with labels: the regressor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators.autoencoders.stacked_predictor import BaseStackedPredictor
from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredRegressorMixin
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class StackedAutoencoderRegressor(LayeredRegressorMixin, BaseStackedPredictor):
    """Regressor whose hidden layers are learnt layer by layer, mostly without y.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        As in `CNNRegressor`.
    hidden_layer_sizes, pretraining, pretrain_epochs, representation, fine_tune, activation, \
out_activation, reconstruction_loss, tied_weights, corruption, noise, sparsity, sparsity_weight, \
activity_l1, contraction, solver, learning_rate, learning_rate_init, momentum, batch_size, \
max_epochs, shuffle, alpha, l1, weight_decay, max_norm, clip_value, clip_norm, early_stopping, \
validation_fraction, n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, \
device, dtype
        As in `StackedAutoencoderClassifier`; the score is R^2.

    Attributes
    ----------
    As of `StackedAutoencoderClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from fastdl import StackedAutoencoderRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = StackedAutoencoderRegressor((8,), learning_rate_init=0.01, random_state=0)
    >>> reg.fit(scale(X), scale(y)).score(scale(X), scale(y)) > 0.5
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseStackedPredictor._parameter_constraints,
        **LayeredRegressorMixin._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100, 100),
        *,
        pretraining: str | None = "unsupervised",
        pretrain_epochs: int = 20,
        representation: str = "replace",
        fine_tune: bool = True,
        activation: str = "sigmoid",
        out_activation: str | None = None,
        reconstruction_loss: str = "squared_error",
        tied_weights: bool = False,
        corruption: float = 0.0,
        noise: str = "masking",
        sparsity: float | None = None,
        sparsity_weight: float = 3.0,
        activity_l1: float = 0.0,
        contraction: float = 0.0,
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
