"""The classifier among the networks of free form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredClassifierMixin
from fastdl.estimators.convolutional.net import BaseFreeForm
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class NetClassifier(LayeredClassifierMixin, BaseFreeForm):
    """Network of your own layers, for classes.

    The output layer comes from y, with a `Flatten` before it where the last layer gives images.
    Layers are parameters: with ``Conv2D(32, 3, name="conv1")``, a grid may search over
    ``conv1__filters``.

    X holds rows (n, n_features), images (n, height, width, channels), or (n, height, width) with
    one channel, of any numeric dtype. Rows are images of `input_shape` where it is given; without
    it, they are strips of height 1 with one channel if the first layer asks for images.

    Parameters
    ----------
    layers : sequence of layers, default=None
        See `fastdl.layers`; all but the output layer. Of an empty list, a linear model is left.
        None: those of `init_from`, or else a dense layer of 100 units and relu.
    init_from : estimator, default=None
        A fitted one, whose layers and weights are the start; instead of `layers`. All of them
        learn, but those in `freeze`.
    drop_head : bool, default=False
        Whether the output layer of `init_from` is replaced by a new one.
    freeze : str or sequence of str, default=None
        Names of layers, or patterns such as "conv*", that keep their weights. The output layer is
        not among them.
    layer_decay : float, default=1.0
        Each layer with weights learns at so many times the rate of the next one.
    input_shape, loss, solver, learning_rate, learning_rate_init, momentum, batch_size, \
max_epochs, shuffle, alpha, l1, weight_decay, max_norm, clip_value, clip_norm, class_weight, \
early_stopping, \
validation_fraction, n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, \
device, dtype
        As in `CNNClassifier`.

    Attributes
    ----------
    As of `CNNClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import NetClassifier, layers as L
    >>> X, y = load_digits(return_X_y=True)
    >>> net = NetClassifier(
    ...     [L.Conv2D(8, 3, name="conv1"), L.BatchNorm(), L.Activation("relu"), L.MaxPool2D(2)],
    ...     input_shape=(8, 8), max_epochs=5, random_state=0,
    ... )
    >>> net.set_params(conv1__filters=16).fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseFreeForm._parameter_constraints,
        **LayeredClassifierMixin._parameter_constraints,
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
