"""The regressor among the networks of free form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredRegressorMixin
from fastdl.estimators.convolutional.net import BaseFreeForm
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class NetRegressor(LayeredRegressorMixin, BaseFreeForm):
    """Network of your own layers, for numbers.

    Parameters
    ----------
    layers, init_from, drop_head, freeze, layer_decay
        As in `NetClassifier`.
    loss : str or Loss, default="squared_error"
        As in `CNNRegressor`.
    input_shape, solver, learning_rate, learning_rate_init, momentum, batch_size, max_epochs, \
shuffle, alpha, l1, weight_decay, max_norm, clip_value, clip_norm, early_stopping, \
validation_fraction, n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, \
device, dtype
        As in `CNNClassifier`; the score is R^2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import NetRegressor, layers as L
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> net = NetRegressor([L.Dense(20), L.Activation("tanh")], solver="lbfgs", random_state=0)
    >>> net.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseFreeForm._parameter_constraints,
        **LayeredRegressorMixin._parameter_constraints,
    }

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        *,
        init_from: Any = None,
        drop_head: bool = False,
        freeze: str | Sequence[str] | None = None,
        layer_decay: float = 1.0,
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
