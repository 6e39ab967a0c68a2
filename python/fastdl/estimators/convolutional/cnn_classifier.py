"""The classifier among the convolutional networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredClassifierMixin
from fastdl.estimators.convolutional.cnn import BaseCNN
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class CNNClassifier(LayeredClassifierMixin, BaseCNN):
    """Convolutional network for classes of images.

    Convolutions with "same" padding, each with an activation and maximum pooling; then dense
    layers; then an output for each class. Or a well-known network, by its name.

    X holds images (n, height, width, channels), or (n, height, width) with one channel, of any
    numeric dtype; uint8 is not copied to a float array. Rows (n, n_features) are images of
    `input_shape`; without it, strips of height 1 with one channel.

    Parameters
    ----------
    conv_layer_sizes : sequence of int, default=(32, 64)
        Filters of each convolution.
    kernel_size, pool_size : int or (int, int), default=3 and 2
        Heights and widths; a pool size of 1 is no pooling.
    hidden_layer_sizes : sequence of int, default=(128,)
        Units of the dense layers before the output layer.
    activation : str, default="relu"
        After each convolution and dense layer; see `fastdl.layers.Activation`.
    dropout : float, default=0.0
        After each dense layer, the rate at which activations are dropped in training.
    batch_norm : bool, default=False
        Whether each convolution and dense layer is followed by batch normalisation.
    architecture : str, default=None
        "lenet5", "alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "nin", "resnet20", "resnet32",
        "resnet44", "resnet56" (for small images), "resnet18" or "resnet34" instead of the layers
        above.
    input_shape : (int, int, int) or (int, int), default=None
        Height, width and channels (1 if not given) of an image; None takes them from X.
    loss : {"log_loss", "hinge"} or losses.Hinge, default="log_loss"
        Cross-entropy, or the multi-class hinge, which gives no probabilities.
    solver : str or Optimizer, default="adam"
        One of `fastdl.optim`: "sgd" (with `momentum`), "adam", "adamw" ...
    learning_rate : str or Schedule, default="constant"
        One of `fastdl.schedules`: "constant", "cosine", "one_cycle", "reduce_on_plateau" ...
    learning_rate_init : float, default=0.001
        The rate that the schedule starts from.
    momentum : float, default=0.9
        Of "sgd" (Nesterov's) and of the solvers that have one.
    batch_size : int or "auto", default="auto"
        Samples of a step; "auto" is 32.
    max_epochs : int, default=50
        Epochs at most.
    shuffle : bool, default=True
        Whether the samples are shuffled in each epoch.
    alpha, l1 : float, default=0.0
        Strengths of the L2 and L1 penalties on the weights, divided by the samples of a batch.
    weight_decay : float, default=None
        Of each step, times the rate, apart from the gradient. None: 0.01 for "adamw", else 0.
    max_norm, clip_value, clip_norm : float, default=None
        Largest norm of the weights into a unit; of an element of the gradient; of the gradient.
    class_weight : dict, list of dict or "balanced", default=None
        As in scikit-learn.
    early_stopping : bool or "auto", default="auto"
        Whether training stops when the validation score does not improve, and ends with the best
        weights. "auto": with a validation set of your own. Otherwise the training loss is watched.
    validation_fraction : float, default=0.1
        Part of X held out for ``early_stopping=True``, unless fit gets an `X_val`.
    n_iter_no_change : int, default=10
        Epochs without improvement that are borne.
    tol : float, default=1e-4
        What counts as improvement.
    scoring : str or callable, default=None
        What the history calls score; None: accuracy, of the validation set only.
    random_state : int, RandomState or None, default=None
        Of weights, splits, shuffles and dropout. The same number gives the same bytes for any
        `n_jobs`.
    verbose : bool, default=False
        Whether each epoch prints a line.
    warm_start : bool, default=False
        Whether fit goes on from the weights of the fit before.
    n_jobs : int, default=None
        Threads; None is what OpenMP would take, -1 all.
    device : {"cpu", "cuda", "auto"}, default="cpu"
    dtype : "float32" or "float64", default="float32"
        Of the weights.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    input_shape_ : tuple of int
        Of one sample.
    n_features_in_ : int
        Values in a sample.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where X was a data frame.
    n_iter_, best_iter_ : int
        Epochs of the last fit; the epoch whose weights are kept.
    loss_ : float
    loss_curve_, validation_loss_curve_, validation_scores_ : list of float
    history_ : dict of list
        One table for all epochs: epoch, lr, loss, val_loss, score, val_score, seconds.
    n_parameters_ : int
    device_ : str
    program_ : fastdl._core.Program
        The compiled network: layers, parameters by name.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((8,), input_shape=(8, 8, 1), max_epochs=5, random_state=0)
    >>> clf.fit(X[:1000] / 16, y[:1000]).score(X[1000:] / 16, y[1000:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseCNN._parameter_constraints,
        **LayeredClassifierMixin._parameter_constraints,
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
