"""Stacked autoencoders with labels: the classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators.autoencoders.stacked_predictor import BaseStackedPredictor
from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredClassifierMixin
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class StackedAutoencoderClassifier(LayeredClassifierMixin, BaseStackedPredictor):
    """Classifier whose hidden layers are learnt layer by layer, mostly without labels.

    Greedy pretraining gives the hidden layers a start that has to do with X; an output layer from y
    goes on top, and back-propagation through all of it fine-tunes. Bengio et al., "Greedy
    layer-wise training of deep networks", NIPS 2006. With ``fine_tune=False`` the hidden layers
    stay as they are, as in self-taught learning (Raina et al., ICML 2007).

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100, 100)
        Units of the hidden layers.
    pretraining : {"unsupervised", "supervised"}, default="unsupervised"
        An autoencoder for each layer, or a network with that one hidden layer, for y. None starts
        from random weights.
    pretrain_epochs : int, default=20
        Epochs for each layer.
    representation : {"replace", "concatenate"}, default="replace"
        What the output layer sees: the last hidden layer, or X beside it.
    fine_tune : bool, default=True
        Whether the hidden layers learn from y, or the output layer only.
    reconstruction_loss : {"squared_error", "cross_entropy"}, default="squared_error"
        `loss` of the autoencoders.
    activation, out_activation, tied_weights, corruption, noise, sparsity, sparsity_weight, \
activity_l1, contraction
        Of the autoencoders, as in `Autoencoder`.
    loss, solver, learning_rate, learning_rate_init, momentum, batch_size, max_epochs, shuffle, \
alpha, l1, weight_decay, max_norm, clip_value, clip_norm, class_weight, early_stopping, \
validation_fraction, n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, \
device, dtype
        As in `CNNClassifier`.

    Attributes
    ----------
    pretrain_history_ : list of dict
        For each hidden layer, what `history_` is for the whole.
    classes_, n_features_in_, n_iter_, best_iter_, loss_, loss_curve_, validation_loss_curve_, \
validation_scores_, history_, n_parameters_, device_, program_
        As of `CNNClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import StackedAutoencoderClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = StackedAutoencoderClassifier(
    ...     (60, 30), learning_rate_init=0.01, pretrain_epochs=5, random_state=0
    ... )
    >>> clf.pretrain(X / 16).fit(X[:500] / 16, y[:500]).score(X[500:] / 16, y[500:]) > 0.85
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseStackedPredictor._parameter_constraints,
        **LayeredClassifierMixin._parameter_constraints,
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
