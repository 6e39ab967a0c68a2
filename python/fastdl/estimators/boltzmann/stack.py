"""Greedy layer-wise pretraining: a stack of machines, each on the hidden units of the one below.

Bengio, Lamblin, Popovici and Larochelle, "Greedy layer-wise training of deep networks", NIPS 2006.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl.estimators.boltzmann import training
from fastdl.estimators.boltzmann.bernoulli import BernoulliRBM
from fastdl.estimators.boltzmann.gaussian import GaussianRBM
from fastdl.estimators.boltzmann.rbm import BaseRBM
from fastdl.fitting.progress import layer_line
from fastdl.fitting.training.tasks import EpochTasks
from fastdl.validation import outside_unit_interval

_RATES = {False: 0.05, True: 0.005}  # of learning, by whether the visible units are Gaussian


class Believer(Protocol):
    """What a deep belief net is to its pretraining."""

    visible: str
    k: int
    persistent: bool
    pretrain_learning_rate: float | str
    pretrain_momentum: float
    pretrain_weight_decay: float
    verbose: bool | int
    n_jobs: int | None
    device: str
    precision: str
    dtype: DTypeLike
    rbms_: list[BaseRBM]
    visible_: str
    pretrain_history_: list[dict[str, list[float]]]

    def _sizes(self) -> list[int]: ...
    def _scale_by(self, X: NDArray[Any], weight: NDArray[Any] | None = None) -> None: ...
    def _as_seen(self, X: NDArray[Any]) -> NDArray[Any]: ...
    def _pretrain_batch(self, n_samples: int) -> int: ...
    def _pretrain_epochs(self, n_samples: int) -> int: ...


def pretrain(
    net: Believer,
    X: NDArray[Any],
    random_state: np.random.RandomState,
    tasks: EpochTasks | None = None,
    weight: NDArray[Any] | None = None,
) -> None:
    """Train one machine after the other.

    Parameters
    ----------
    net : Believer
        Shows each machine from its first epoch on.
    X : ndarray of shape (n_samples, n_features)
        Checked.
    random_state : RandomState
    tasks : EpochTasks, optional
        Callbacks to tell of each epoch of each layer. One that says stop ends that of its layer.
    weight : ndarray of shape (n_samples,), optional
        Of the samples, for means and scales; the machines learn all of them alike.
    """
    gaussian = _is_gaussian(net, X)
    net.rbms_, net.pretrain_history_ = [], []
    net.visible_ = "gaussian" if gaussian else "bernoulli"
    net._scale_by(X, weight)
    X = net._as_seen(X)
    for size in net._sizes():
        rbm = _new_machine(net, size, X, gaussian and not net.rbms_)
        if net.verbose:
            print(layer_line(len(net.rbms_) + 1, X.shape[1], size))
        state = rbm._begin(X, np.dtype(net.dtype), random_state)
        net.rbms_.append(rbm)
        net.pretrain_history_.append(rbm.history_)
        training.run(rbm, state, X, random_state, tasks)
        rbm.random_state = random_state.randint(2**31 - 1)
        if hasattr(rbm, "random_state_"):  # a callback drew samples
            del rbm.random_state_
        X = rbm._ask("hidden", X)


def _is_gaussian(net: Believer, X: NDArray[Any]) -> bool:
    if net.visible == "gaussian":
        return True
    outside = outside_unit_interval(net, X)
    if outside and net.visible == "bernoulli":
        raise ValueError(
            f"{outside}, but visible='bernoulli' units stand for values from 0 to 1. Scale X "
            "with MinMaxScaler (pixels: X / 255), or set visible='gaussian'."
        )
    return outside is not None


def _new_machine(net: Believer, size: int, X: NDArray[Any], gaussian: bool) -> BaseRBM:
    rate = net.pretrain_learning_rate
    rbm = (GaussianRBM if gaussian else BernoulliRBM)(
        size,
        learning_rate=_RATES[gaussian] if isinstance(rate, str) else rate,
        batch_size=net._pretrain_batch(len(X)),
        n_iter=net._pretrain_epochs(len(X)),
        verbose=net.verbose,
        k=net.k,
        persistent=net.persistent,
        momentum=net.pretrain_momentum,
        weight_decay=net.pretrain_weight_decay,
        n_jobs=net.n_jobs,
        device=net.device,
        precision=net.precision,
    )
    rbm._exact = False
    rbm.n_features_in_ = X.shape[1]
    rbm.device_ = rbm._place(X.shape[1], size, np.dtype(net.dtype)).said
    return rbm
