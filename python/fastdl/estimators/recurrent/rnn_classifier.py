"""The classifier among the recurrent networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fastdl.estimators.base.heads import is_stochastic
from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredClassifierMixin, has_probabilities
from fastdl.estimators.inputs.sequences import cut
from fastdl.estimators.recurrent.rnn import BaseRNN, LengthsMixin
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule


class RNNClassifier(LengthsMixin, LayeredClassifierMixin, BaseRNN):
    """Recurrent network for classes of sequences: one label for each sequence.

    Recurrent layers, each reading the states of the one before; the last one's state at a
    sequence's end goes to an output for each class.

    X is a list of n arrays (T_i, F), T_i steps of F features; or one array (n, T, F), with
    `lengths` where the sequences are padded. Both give the same network, byte for byte; nothing
    depends on the padding. Rows (n, n_features) are sequences of `input_shape`; without it, of
    n_features steps with one feature. Lists go through `cross_val_score` and pipelines.

    X may also be a list of strings, sequences of characters, or of lists of tokens, which are
    strings: the network then begins with an `Embedding` of the symbols met in fit.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(64,)
        Units of the recurrent layers.
    cell : {"lstm", "gru", "rnn", "irnn"}, default="lstm"
        Which of `fastdl.layers.LSTM`, `GRU`, `RNN`; "irnn" is an RNN of rectified linear units
        whose recurrent weights start as the identity (Le, Jaitly and Hinton 2015).
    bidirectional : bool, default=False
        Whether each layer also reads from the end, with weights of its own.
    dropout : float, default=0.0
        After each recurrent layer, the rate at which activations are dropped in training.
    recurrent_dropout : float, default=0.0
        Inside of them, the rate at which units of the state are hidden from the recurrent weights
        in training, the same ones at every step of a sequence (of a window, with
        `truncate_bptt`).
    truncate_bptt : int, default=None
        Back-propagate through the last so many steps only, with the state that those before led to
        (truncated back-propagation through time). Memory is then that of so many steps, however
        long the sequences. None, or a number that no sequence exceeds: through all steps.
    embedding_size : int, default=32
        Of texts, the length of the vector that stands for a symbol.
    unknown_token : str, default=None
        Of texts, the symbol that those which fit did not see are read as; it may, but need not,
        occur in X. None: unknown symbols are an error.
    input_shape : (int, int), default=None
        Steps and features of a row, where X has rows; no matter otherwise.
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
    max_norm, clip_value : float, default=None
        Largest norm of the weights into a unit; of an element of the gradient.
    clip_norm : float, default=1.0
        Largest norm of the gradient: long sequences may make it explode. None: no limit.
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
        Steps of the longest sequence of the first fit, and features.
    symbols_ : tuple of str
        Of texts: the symbols met in fit, the most frequent first, and `unknown_token`.
    n_features_in_ : int
        Features of a step; of X with rows, its columns.
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
    >>> import numpy as np
    >>> from fastdl import RNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 2)) for length in rng.integers(3, 9, size=200)]
    >>> y = [x[0, 0] > x[-1, 0] for x in X]
    >>> clf = RNNClassifier((16,), learning_rate_init=0.02, random_state=0).fit(X, y)
    >>> clf.score(X, y) > 0.9
    True
    >>> names = RNNClassifier((8,), max_epochs=5, random_state=0).fit(["anna", "bo"], ["f", "m"])
    >>> names.predict(["ana", "nana"]).shape
    (2,)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRNN._parameter_constraints,
        **LayeredClassifierMixin._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (64,),
        *,
        cell: str = "lstm",
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        truncate_bptt: int | None = None,
        embedding_size: int = 32,
        unknown_token: str | None = None,
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
        clip_norm: float | None = 1.0,
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

    @available_if(is_stochastic)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        lengths: Any = None,
    ) -> Self:
        """Go on for one epoch over the given sequences.

        Parameters
        ----------
        X, y, sample_weight, lengths : as in `fit`
            The first call learns the symbols of texts.
        classes : array-like of shape (n_classes,), default=None
            All labels that may come, for the first call.

        Returns
        -------
        self
        """
        return super().partial_fit(cut(X, lengths), y, sample_weight, classes)

    @available_if(has_probabilities)
    def predict_proba(self, X: Any, lengths: Any = None) -> NDArray[Any]:
        """Probabilities of the classes, in their order; shape (n, n_classes)."""
        check_is_fitted(self)
        return super().predict_proba(cut(X, lengths))

    @available_if(has_probabilities)
    def predict_log_proba(self, X: Any, lengths: Any = None) -> NDArray[Any]:
        """Logarithms of `predict_proba`."""
        return np.log(self.predict_proba(X, lengths))
