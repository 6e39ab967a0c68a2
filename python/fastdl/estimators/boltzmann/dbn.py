"""Deep belief nets: a stack of restricted Boltzmann machines, each on the layer below."""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from fastdl._sklearn import Interval, StrOptions, _fit_context, validate_data
from fastdl.estimators.base.names import check_names
from fastdl.estimators.boltzmann.bernoulli import BernoulliRBM
from fastdl.estimators.boltzmann.gaussian import GaussianRBM
from fastdl.estimators.boltzmann.rbm import BaseRBM
from fastdl.samples import core_input
from fastdl.validation import outside_unit_interval

_COUNT = Interval(Integral, 1, None, closed="left")
_RATES = {False: 0.05, True: 0.005}  # of learning, by whether the visible units are Gaussian


class GreedyStack:
    """What the deep belief nets share: the parameters of pretraining, and how it goes.

    Bengio et al., "Greedy layer-wise training of deep networks", NIPS 2006.
    """

    hidden_layer_sizes: Any
    visible: str
    rbms_: list[BaseRBM]
    visible_: str

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", _COUNT],
        "visible": [StrOptions({"auto", "bernoulli", "gaussian"})],
        "k": [_COUNT],
        "persistent": ["boolean"],
        "pretrain_epochs": [Interval(Integral, 0, None, closed="left")],
        "pretrain_learning_rate": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "pretrain_momentum": [Interval(Real, 0, 1, closed="left")],
        "pretrain_weight_decay": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), _COUNT],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "device": [str],
        "dtype": [StrOptions({"float32", "float64"}), type, np.dtype],
    }

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Raise TypeError, with a hint, for parameters called as in other libraries."""
        check_names(cls, kwargs)
        return super().__new__(cls)

    def _sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if not sizes or any(size <= 0 for size in sizes):
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r}; expected the units of each "
                "hidden layer, one layer or more."
            )
        return [int(size) for size in sizes]

    def _fit_machines(self: Any, X: NDArray[Any], random_state: np.random.RandomState) -> None:
        """Fit one machine after the other; X of shape (n_samples, n_features), checked."""
        outside = None if self.visible == "gaussian" else outside_unit_interval(self, X)
        if outside and self.visible == "bernoulli":
            raise ValueError(
                f"{outside}, but visible='bernoulli' units stand for values from 0 to 1. Scale X "
                "with MinMaxScaler (pixels: X / 255), or set visible='gaussian'."
            )
        gaussian = outside is not None or self.visible == "gaussian"
        rbms: list[BaseRBM] = []
        for size in self._sizes():
            rbm = self._new_rbm(size, len(X), gaussian and not rbms)
            if self.verbose:
                print(f"Layer {len(rbms) + 1}: {X.shape[1]} to {size} units")
            rbm._fit(core_input(X), np.dtype(self.dtype), random_state, X)
            rbm.random_state = random_state.randint(2**31 - 1)
            X = rbm._ask("hidden", X)
            rbms.append(rbm)
        self.rbms_, self.visible_ = rbms, "gaussian" if gaussian else "bernoulli"
        self.pretrain_history_ = [rbm.history_ for rbm in rbms]

    def _new_rbm(self: Any, size: int, n_samples: int, gaussian: bool) -> BaseRBM:
        rate = self.pretrain_learning_rate
        rbm = (GaussianRBM if gaussian else BernoulliRBM)(
            size,
            learning_rate=_RATES[gaussian] if rate == "auto" else rate,
            batch_size=min(32 if self.batch_size == "auto" else self.batch_size, n_samples),
            n_iter=self.pretrain_epochs,
            verbose=self.verbose,
            k=self.k,
            persistent=self.persistent,
            momentum=self.pretrain_momentum,
            weight_decay=self.pretrain_weight_decay,
            n_jobs=self.n_jobs,
            device=self.device,
        )
        rbm._exact = False
        return rbm

    def sample(self, n_samples: int = 1, *, n_steps: int = 1000, mean: bool = True) -> NDArray[Any]:
        """Draw from the machines: Gibbs sampling in the top one, then one pass down.

        Parameters
        ----------
        n_samples : int, default=1
        n_steps : int, default=1000
            Rounds of Gibbs sampling, from random units.
        mean : bool, default=True
            Give the visible units as expectations, or as draws.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self, "rbms_")
        *below, top = self.rbms_
        H = top.sample(n_samples, n_steps=n_steps, mean=mean and not below)
        for i, rbm in reversed(list(enumerate(below))):
            H = rbm._draw_visible(H, mean=mean and i == 0)
        return H


class DBN(GreedyStack, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Deep belief net: features without labels, and a model to draw samples from.

    Each layer is a restricted Boltzmann machine, trained on the probabilities of the hidden units
    of the one below. Together they are a generative model: the top machine is undirected, the
    layers below are sigmoid units driven from above.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(256, 256)
    visible : {"auto", "bernoulli", "gaussian"}, default="auto"
        Units of the first layer. Bernoulli units stand for values from 0 to 1; Gaussian ones, of
        variance 1, for any. "auto" takes Bernoulli units if all of X is in that range.
    k : int, default=1
        Rounds of Gibbs sampling between two updates.
    persistent : bool, default=False
        Persistent contrastive divergence, or contrastive divergence; see `BernoulliRBM`.
    pretrain_epochs : int, default=10
        Of each layer.
    pretrain_learning_rate : float or "auto", default="auto"
        "auto" is 0.05, and 0.005 for Gaussian units.
    pretrain_momentum : float, default=0.5
    pretrain_weight_decay : float, default=0.0002
    batch_size : int or "auto", default="auto"
        "auto" is 32.
    random_state : int, RandomState or None
    verbose : bool, default=False
    n_jobs : int, default=None
        Threads; the result is the same for any number.
    device : {"cpu", "cuda", "auto"}, default="cpu"
    dtype : "float32" or "float64", default="float32"

    Attributes
    ----------
    rbms_ : list of BernoulliRBM and GaussianRBM
        From the bottom to the top.
    visible_ : {"bernoulli", "gaussian"}
    pretrain_history_ : list of dict of list
        A table for each layer: epoch, reconstruction_error, seconds.
    n_features_in_ : int

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
        batch_size: int | str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        device: str = "cpu",
        dtype: DTypeLike = "float32",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.visible = visible
        self.k = k
        self.persistent = persistent
        self.pretrain_epochs = pretrain_epochs
        self.pretrain_learning_rate = pretrain_learning_rate
        self.pretrain_momentum = pretrain_momentum
        self.pretrain_weight_decay = pretrain_weight_decay
        self.batch_size = batch_size
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.device = device
        self.dtype = dtype

    def __sklearn_tags__(self) -> Any:
        """Features have the dtype of X; `dtype` is that of the machines."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _checked(self, X: Any, *, reset: bool = False) -> NDArray[Any]:
        return validate_data(self, X, reset=reset, dtype=(np.float64, np.float32, np.uint8))

    @_fit_context(prefer_skip_nested_validation=True)
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
        X = self._checked(X, reset=True)
        self._fit_machines(X, check_random_state(self.random_state))
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Compute the probabilities of the top hidden units, those below as expectations.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, hidden_layer_sizes[-1])
        """
        check_is_fitted(self)
        H = X = self._checked(X)
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
        check_is_fitted(self)
        for rbm in reversed(self.rbms_):
            H = rbm.inverse_transform(H)
        return H

    def save(self, path: str | Path) -> None:
        """Write the estimator to a safetensors file; `fastdl.load` reads it."""
        from fastdl.io import save

        save(self, path)

    @property
    def _n_features_out(self) -> int:
        return self._sizes()[-1]
