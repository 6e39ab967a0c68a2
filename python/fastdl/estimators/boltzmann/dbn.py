"""Deep belief nets: a stack of restricted Boltzmann machines, each on the layer below."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl._sklearn import StrOptions
from fastdl.estimators.boltzmann import stack
from fastdl.estimators.boltzmann.machine import Machine
from fastdl.estimators.boltzmann.words import BeliefWords, RbmWords
from fastdl.estimators.inputs import RowInput
from fastdl.estimators.inputs.rows import TAKEN
from fastdl.estimators.parameters.training_words import COUNT, TrainingWords
from fastdl.estimators.parameters.words import fitted, reword, word
from fastdl.fitting.job import Given, Job
from fastdl.fitting.training.tasks import epoch_tasks
from fastdl.program.devices import Device


class DBN(BeliefWords, Machine):
    """Deep belief net: features without labels, and a model to draw samples from.

    Each layer is a restricted Boltzmann machine, trained on the probabilities of the hidden units
    of the one below. Together they are a generative model: the top machine is undirected, the
    layers below are sigmoid units driven from above.

    References
    ----------
    G. E. Hinton, S. Osindero, Y. W. Teh, "A fast learning algorithm for deep belief nets", Neural
    Computation 18 (2006).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import DBN
    >>> X = load_digits().data / 16
    >>> dbn = DBN((64, 32), pretrain_epochs=2, random_state=0).fit(X)
    >>> dbn.transform(X).shape, dbn.sample(3, n_steps=10).shape
    ((1797, 32), (3, 64))
    """

    batch_size: int | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text='Samples of a step; "auto" is 32.',
    )
    random_state: int | np.random.RandomState | None = reword(
        RbmWords, "random_state", default=None
    )
    verbose: bool | int = reword(TrainingWords, "verbose", default=False)
    n_jobs: int | None = reword(TrainingWords, "n_jobs", default=None)
    device: str = reword(TrainingWords, "device", default="cpu")
    precision: str = reword(TrainingWords, "precision", default="float32")
    dtype: DTypeLike = reword(
        TrainingWords,
        "dtype",
        default="float32",
        rule=[StrOptions({"float32", "float64"}), type, np.dtype],
        text="Of the machines.",
    )
    history_: dict[str, list[float]] = fitted(
        "dict of list",
        "One table for the epochs of all layers: layer, epoch, reconstruction_error, seconds.",
    )

    @property
    def _inputs(self) -> RowInput:
        return RowInput(sparse=False, dtype=TAKEN)

    def __sklearn_tags__(self) -> Any:
        """Features have the dtype of X; `dtype` is that of the machines."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "rbms_")

    def fit(self, X: Any, y: object = None) -> Self:
        """Learn the layers, one after the other.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        return self._fit(Given(X))

    def _learn(self, job: Job) -> None:
        n_epochs = len(self._sizes()) * self._pretrain_epochs(len(job.train.X))
        tasks = epoch_tasks(self, job.train.given, None, n_epochs, show=self._show)
        stack.pretrain(self, job.train.X, job.random_state, tasks)
        self._show()
        if tasks:
            tasks.close()

    def _works_on(self) -> Device:
        return self.rbms_[0]._works_on()

    def _restored(self) -> None:
        self._restore_machines()
        self._show()

    def _show(self) -> None:
        columns: dict[str, list[float]] = {"layer": []}
        for number, table in enumerate(vars(self).get("pretrain_history_", []), 1):
            columns["layer"] += [number] * len(table["epoch"])
            for name, values in table.items():
                columns[name] = columns.get(name, []) + values
        self.history_ = columns

    def transform(self, X: Any) -> NDArray[Any]:
        """Compute the probabilities of the top hidden units, those below as expectations.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, hidden_layer_sizes[-1])
        """
        self._check_is_fitted()
        X = self._inputs.check(self, X, reset=False)
        H = self._as_seen(X)
        for rbm in self.rbms_:
            H = rbm._ask("hidden", H)
        return H.astype(X.dtype if X.dtype.kind == "f" else H.dtype, copy=False)

    def inverse_transform(self, H: Any) -> NDArray[Any]:
        """Go down from the top hidden units to expectations of the visible ones.

        Parameters
        ----------
        H : array-like of shape (n_samples, hidden_layer_sizes[-1])

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        self._check_is_fitted()
        for rbm in reversed(self.rbms_):
            H = rbm.inverse_transform(H)
        return self._as_given(H)

    def reconstruct(self, X: Any) -> NDArray[Any]:
        """What is left of X after the way up and down: ``inverse_transform(transform(X))``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        return self.inverse_transform(self.transform(X))

    def _machines(self) -> dict[str, Any]:
        return {f"_{number}": rbm for number, rbm in enumerate(self.rbms_, 1)}

    def _hidden(self) -> tuple[dict[str, int], DTypeLike]:
        return {f"hidden_{i}": size for i, size in enumerate(self._sizes(), 1)}, self.dtype

    @property
    def _n_features_out(self) -> int:
        return int(self.rbms_[-1].components_.shape[0])
