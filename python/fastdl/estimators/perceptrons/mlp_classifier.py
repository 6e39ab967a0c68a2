"""The classifier among the perceptrons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdl._sklearn import StrOptions
from fastdl.estimators.base.heads import NetClassifierMixin
from fastdl.estimators.perceptrons.mlp import BaseMLP
from fastdl.losses import BinaryCrossEntropy, Loss, SoftmaxCrossEntropy
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class MLPClassifier(NetClassifierMixin, BaseMLP):
    """Multi-layer perceptron classifier: scikit-learn's, with the same network for the same seed.

    Minimises the log-loss. Takes the parameters, and has the attributes, of
    `sklearn.neural_network.MLPClassifier` 1.9; described here is what is new.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        Units of each hidden layer; ``()`` is softmax regression.
    activation : str or list of str, default="relu"
        "identity", "logistic", "tanh", "relu", or, new, any other function of
        `fastdl.layers.Activation`; a list has one for each hidden layer.
    solver : str or Optimizer, default="adam"
        "lbfgs", "sgd" (with `momentum` and `nesterovs_momentum`), "adam", or, new, "momentum",
        "nesterov", "adagrad", "adadelta", "rmsprop", "adamw", "nadam" or a spec of `fastdl.optim`.
        They share `momentum` (rho of rmsprop and adadelta), `beta_1`, `beta_2` and `epsilon`.
    learning_rate : str or Schedule, default="constant"
        "constant", "invscaling" and "adaptive" as in scikit-learn, where adam does not heed them;
        new, for every solver: "step", "exponential", "cosine", "one_cycle", "warm_up",
        "reduce_on_plateau" or a spec of `fastdl.schedules`.
    class_weight : dict, list of dict or "balanced", default=None
        Weights of the classes, times `sample_weight`.
    dropout : float, default=0.0
        Probability that an output of a hidden layer is dropped in training.
    batch_norm : bool, default=False
        Normalise what goes into the activations.
    weight_decay : float, default=0.0
        Decoupled from the gradient, as in AdamW; for any solver but lbfgs.
    l1 : float, default=0.0
        Like `alpha`, of absolute values.
    max_norm : float, default=None
        Largest norm of the weights into a unit.
    clip_value, clip_norm : float, default=None
        Limits of each element of the gradient, and of the norm of all of it.
    scoring : str or callable, default=None
        What is measured on validation (and then also on training) samples; None is accuracy.
    n_jobs : int, default=None
        Threads. None obeys OMP_NUM_THREADS, threadpoolctl, joblib and the limits of the process;
        the result is the same for any number.
    device : {"cpu", "cuda", "auto"}, default="cpu"
    alpha, batch_size, learning_rate_init, power_t, max_iter, shuffle, random_state, tol, verbose, \
warm_start, momentum, nesterovs_momentum, early_stopping, validation_fraction, beta_1, beta_2, \
epsilon, n_iter_no_change, max_fun
        As in scikit-learn. With `early_stopping`, an `X_val` passed to fit is used instead of a
        held-out part of X.

    Attributes
    ----------
    history_ : dict of list
        One table for all epochs: epoch, lr, loss, val_loss, score, val_score, seconds; nan where
        nothing was computed (score: with `scoring` only).
    best_iter_ : int
        The epoch whose weights are kept.
    validation_loss_curve_ : list of float or None
    n_parameters_ : int
    device_ : str
    program_ : fastdl._core.Program
        The compiled network.
    coefs_, intercepts_ : list of ndarray
        As in scikit-learn; what is written there is used by predictions and further fits.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = MLPClassifier((50,), learning_rate_init=0.01, tol=1e-3, random_state=0)
    >>> clf.fit(X / 16, y).score(X / 16, y) > 0.99
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str | Optimizer = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        class_weight: Mapping[Any, float] | Sequence[Mapping[Any, float]] | str | None = None,
        dropout: float = 0.0,
        batch_norm: bool = False,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        max_norm: float | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        scoring: str | Callable[..., float] | None = None,
        n_jobs: int | None = None,
        device: str = "cpu",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.class_weight = class_weight
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.weight_decay = weight_decay
        self.l1 = l1
        self.max_norm = max_norm
        self.clip_value = clip_value
        self.clip_norm = clip_norm
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.device = device

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _loss(self) -> Loss:
        exclusive = self._targets.kind == "multiclass"
        return SoftmaxCrossEntropy() if exclusive else BinaryCrossEntropy()

    def _stratify(self, y: NDArray[Any]) -> NDArray[Any] | None:
        """scikit-learn keeps the shares of two classes only."""
        return y.astype(bool) if self._targets.kind == "binary" else None
