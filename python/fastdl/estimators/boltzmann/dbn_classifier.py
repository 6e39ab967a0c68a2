"""The classifier among the deep belief nets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredClassifierMixin
from fastdl.estimators.boltzmann.dbn_net import BaseDBN
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class DBNClassifier(LayeredClassifierMixin, BaseDBN):
    """Deep belief net with an output layer for classes: pretrained, then fine-tuned.

    A stack of restricted Boltzmann machines learns from X without y, layer by layer; their weights
    are the start of a network of sigmoid units that back-propagation then trains on X and y.

    Parameters
    ----------
    hidden_layer_sizes, visible, k, persistent, pretrain_epochs, pretrain_learning_rate, \
pretrain_momentum, pretrain_weight_decay
        Of the pretraining, as in `DBN`.
    dropout : float, default=0.0
        Probability that an output of a hidden layer is dropped in fine-tuning.
    batch_size : int or "auto", default="auto"
        Of both; "auto" is 32.
    loss, solver, learning_rate, learning_rate_init, momentum, max_epochs, shuffle, alpha, l1, \
weight_decay, max_norm, clip_value, clip_norm, class_weight, early_stopping, validation_fraction, \
n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, device, dtype
        Of the fine-tuning, as in `CNNClassifier`.

    Attributes
    ----------
    rbms_, visible_, pretrain_history_
        As of `DBN`: the machines as they were before fine-tuning.
    history_ and others
        As of `CNNClassifier`.

    References
    ----------
    G. E. Hinton, R. Salakhutdinov, "Reducing the dimensionality of data with neural networks",
    Science 313 (2006).

    Examples
    --------
    Few labels, many samples:

    >>> from sklearn.datasets import load_digits
    >>> from fastdl import DBNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = DBNClassifier((100, 50), pretrain_epochs=30, max_epochs=100, random_state=0)
    >>> clf.pretrain(X / 16).fit(X[:300] / 16, y[:300]).score(X[300:] / 16, y[300:]) > 0.82
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseDBN._parameter_constraints,
        **LayeredClassifierMixin._parameter_constraints,
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
        loss: str | Loss = "log_loss",
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
        class_weight: Mapping[Any, float] | Sequence[Mapping[Any, float]] | str | None = None,
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
