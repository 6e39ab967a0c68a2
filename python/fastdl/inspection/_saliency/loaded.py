"""A `fastdl.Network`, asked as estimators are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from fastdl import network as networks
from fastdl.estimators.heads.itself import Itself
from fastdl.network.samples import checked
from fastdl.samples import Sequences, with_steps


class Network(BaseEstimator):
    """What this room asks of an estimator; its name is that of what it stands for."""

    def __init__(self, network: networks.Network) -> None:
        self.network = network
        self._network, self._targets, self._inputs = network._network, network._targets, self
        self.n_jobs = network.n_jobs
        if network._columns is not None:
            self._preparation = network._columns
        if len(network.input_shape) > 1:
            self.input_shape_ = network.input_shape
        if self._targets.kind == "input":
            self._head = Itself()
        self._set_answers()

    def _set_answers(self) -> None:
        """Classes, and what gives their probabilities or scores, where there are some."""
        network = self.network
        if network.classes is not None:
            self.classes_ = network.classes
        elif network.link == "softmax":
            self.classes_ = np.arange(network.output_shape[-1])
        if network.link in ("softmax", "sigmoid") and hasattr(self, "classes_"):
            named = network.classes is not None
            self.predict_proba = network.predict_proba if named else network.predict

    def fit(self, X: Any, y: Any = None) -> Network:
        """It is fitted."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def program_(self) -> Any:
        """The compiled network."""
        return self.network.program_

    def predict(self, X: Any, lengths: Any = None) -> Any:
        """As that of the network."""
        return self.network.predict(X, lengths)

    def transform(self, X: Any, lengths: Any = None) -> NDArray[Any]:
        """The code, of autoencoders."""
        return self.network.transform(X, lengths=lengths)

    def reconstruct(self, X: Any) -> Any:
        """What an autoencoder gives back."""
        return self.network.predict(X)

    def decision_function(self, X: Any, lengths: Any = None) -> NDArray[Any]:
        """Scores, where the network gives no probabilities."""
        z = self.network.transform(X, -1, lengths)
        return z[..., 0] if z.shape[-1] == 1 else z

    def check(self, estimator: Any, X: Any, *, reset: bool) -> Any:
        """X as the core takes it."""
        lengths = None
        if isinstance(X, list):
            lengths = [len(x) for x in X]
            X = np.concatenate([with_steps(np.asarray(x)[np.newaxis], max(lengths)) for x in X])
        x, steps = checked(self.network, X, lengths)
        return x if steps is None else Sequences(x, steps)

    def _with_room(self, X: Sequences) -> Sequences:
        """The network grows as it checks."""
        return X

    def _layer_index(self, layer: int | str | None) -> int:
        names = [spec.name for spec in self.network.layers]
        index = self.network._n_hidden - 1 if layer is None else layer
        if isinstance(index, str) and index in names:
            return names.index(index)
        if isinstance(index, str) or not -len(names) <= index < len(names):
            known = ", ".join(map(repr, names))
            raise ValueError(
                f"layer={layer!r}; expected a number below {len(names)} or one of {known}."
            )
        return index


def unpacked(estimator: Any, X: Any) -> tuple[Any, Any, tuple[int, ...] | None]:
    """An estimator for a `fastdl.Network`, X with channels last, and the way back of its axes.

    All others, and their X, are as they are.
    """
    if not isinstance(estimator, networks.Network):
        return estimator, X, None
    axes = estimator.input_axes
    if axes is None or np.ndim(X) != len(axes):
        return Network(estimator), X, None
    plain = networks.Network._of(
        estimator._network, estimator._targets, estimator._columns, n_hidden=estimator._n_hidden
    )
    plain.n_jobs = estimator.n_jobs
    return Network(plain), np.transpose(X, axes), tuple(map(int, np.argsort(axes)))
