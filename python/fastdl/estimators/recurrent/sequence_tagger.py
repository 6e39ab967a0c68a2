"""The classifier of steps among the recurrent networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fastdl.estimators.base.heads import is_stochastic
from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.layered_heads import LayeredClassifierMixin
from fastdl.estimators.inputs.sequences import cut
from fastdl.estimators.recurrent.rnn import BaseRNN, LengthsMixin
from fastdl.fitting.targets import Targets
from fastdl.optim import Optimizer
from fastdl.samples import Sequences
from fastdl.schedules import Schedule


class SequenceTagger(LengthsMixin, LayeredClassifierMixin, BaseRNN):
    """Recurrent network for classes of steps: a label for every step of a sequence.

    The network of `RNNClassifier` with the state after every step going to the outputs: parts of
    speech, where numbers stand in a text, what a machine does at each moment. A label is known from
    the steps up to its own; with `bidirectional`, from all of them.

    X is a list of n arrays (T_i, F); or one array (n, T, F), with `lengths` where it is padded; or
    a list of strings, or of lists of tokens, whose symbols get an `Embedding`. y has a label for
    every step: a list of n lists, or one array (n, T), padded if X is; of X with rows, which are
    sequences of a single step, (n,). Answers come in the form of X: a list of n arrays for a list.
    All steps weigh the same, in the loss and in the score, which is the share of right ones.
    `cross_val_score` and searches split by sequences, without stratification.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(64,)
        Units of the recurrent layers.
    cell : {"lstm", "gru", "rnn", "irnn"}, default="lstm"
        As in `RNNClassifier`.
    bidirectional : bool, default=False
        Whether each layer also reads from the end, with weights of its own.
    truncate_bptt : int, default=None
        Cut sequences into windows of so many steps, each an update of the weights. The state goes
        on to the next window, the gradient does not go back (truncated back-propagation through
        time). Memory is that of a window. None, or a number that no sequence exceeds: whole
        sequences.
    dropout, recurrent_dropout, embedding_size, unknown_token, solver, learning_rate, \
learning_rate_init, momentum, batch_size, max_epochs, shuffle, alpha, l1, weight_decay, max_norm, \
clip_value, clip_norm, \
early_stopping, validation_fraction, n_iter_no_change, tol, scoring, random_state, verbose, \
warm_start, n_jobs, device, dtype
        As in `RNNClassifier`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    symbols_ : tuple of str
        Of texts: the symbols met in fit, the most frequent first, and `unknown_token`.
    input_shape_, n_features_in_, n_iter_, best_iter_, loss_, loss_curve_, \
validation_loss_curve_, validation_scores_, history_, n_parameters_, device_, program_
        As in `RNNClassifier`.

    Examples
    --------
    Vowels and consonants; the form of X is the form of the answer.

    >>> from fastdl import SequenceTagger
    >>> X = ["banana", "idea", "tulip", "gnu"] * 10
    >>> y = [["v" if letter in "aeiou" else "c" for letter in word] for word in X]
    >>> tagger = SequenceTagger((8,), learning_rate_init=0.05, random_state=0).fit(X, y)
    >>> tagger.score(X, y)
    1.0
    >>> [labels.tolist() for labels in tagger.predict(["nap", "up"])]
    [['c', 'v', 'c'], ['v', 'c']]
    """

    loss: ClassVar[str] = "log_loss"  # type: ignore[misc]
    _rows_are_steps = True
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {**BaseRNN._parameter_constraints}

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

    def __sklearn_tags__(self) -> Any:
        """No classifier: splitters would look for one label of each sample, to stratify."""
        tags = super().__sklearn_tags__()
        tags.estimator_type = None
        return tags

    @property
    def _each_step(self) -> bool:
        return True

    def _targets_of(self, y: Sequences, *, incremental: bool) -> Targets:
        return super()._targets_of(y.steps, incremental=incremental)

    def _all_labels(self, y: Any, classes: Any) -> Any:
        labels = _flat(y)
        return labels if labels.ndim == 2 else classes

    def _stratify(self, y: NDArray[Any]) -> None:
        """Sequences hold several labels: the held-out ones are any."""

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
            All labels that may come, for the first call; None: those of this y.

        Returns
        -------
        self
        """
        y = self._cut_targets(y, lengths)
        if classes is None and not hasattr(self, "classes_"):
            classes = np.unique(_flat(y))
        return super().partial_fit(cut(X, lengths), y, sample_weight, classes)

    def predict_proba(self, X: Any, lengths: Any = None) -> Any:
        """Probabilities of the classes, in their order, for every step; in the form of X.

        Returns
        -------
        list of n ndarrays (T_i, n_classes), or ndarray of shape (n, T, n_classes)
        """
        check_is_fitted(self)
        return self._in_form_of(X, lengths, super().predict_proba(cut(X, lengths)))

    def predict_log_proba(self, X: Any, lengths: Any = None) -> Any:
        """Logarithms of `predict_proba`, in the same form."""
        check_is_fitted(self)
        p = super().predict_proba(cut(X, lengths))
        return self._in_form_of(X, lengths, np.log(p))


def _flat(y: Any) -> NDArray[Any]:
    """The labels of all steps, shape (n_steps,) or (n_steps, n_classes)."""
    return np.concatenate([np.atleast_1d(of_one) for of_one in y])
