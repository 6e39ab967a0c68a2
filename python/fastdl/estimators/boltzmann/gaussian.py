"""The machine with Gaussian visible units."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from fastdl.estimators.boltzmann.rbm import BaseRBM


class GaussianRBM(BaseRBM):
    """Restricted Boltzmann machine of Gaussian visible and binary hidden units.

    For real X; the visible units have variance 1, so scale each feature to mean 0 and variance 1
    (StandardScaler). The energy is ``E(v, h) = (v - b)^2 / 2 - c h - v W h``.

    Samples are shuffled before each epoch, and random numbers are counter-based: the result does
    not depend on the number of threads.

    Parameters
    ----------
    n_components : int, default=256
        Hidden units.
    learning_rate : float, default=0.01
        An order of magnitude below that of binary units, since v is not bounded.
    batch_size : int, default=10
        Also the number of persistent chains.
    n_iter : int, default=10
        Epochs.
    verbose : int, default=0
    random_state : int, RandomState or None
    k : int, default=1
        Rounds of Gibbs sampling between two updates.
    persistent : bool, default=False
        Persistent contrastive divergence, or contrastive divergence; see `BernoulliRBM`.
    momentum, weight_decay, sparsity_target, sparsity_cost, n_jobs, device
        As in `BernoulliRBM`.

    Attributes
    ----------
    components_, intercept_hidden_, intercept_visible_, h_samples_, history_
        As of `BernoulliRBM`.

    References
    ----------
    G. E. Hinton, R. Salakhutdinov, "Reducing the dimensionality of data with neural networks",
    Science 313 (2006). G. E. Hinton, "A practical guide to training restricted Boltzmann
    machines", UTML TR 2010-003, section 13.2.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.preprocessing import scale
    >>> from fastdl import GaussianRBM
    >>> X = scale(load_digits().data)
    >>> rbm = GaussianRBM(n_components=64, random_state=0).fit(X)
    >>> rbm.history_["reconstruction_error"][-1] < 0.6
    True
    """

    _gaussian: ClassVar[bool] = True
    _score_name: ClassVar[str] = "minus free energy"

    def __init__(
        self,
        n_components: int = 256,
        *,
        learning_rate: float = 0.01,
        batch_size: int = 10,
        n_iter: int = 10,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
        k: int = 1,
        persistent: bool = False,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        sparsity_target: float | None = None,
        sparsity_cost: float = 0.1,
        n_jobs: int | None = None,
        device: str = "cpu",
    ) -> None:
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state
        self.k = k
        self.persistent = persistent
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.sparsity_target = sparsity_target
        self.sparsity_cost = sparsity_cost
        self.n_jobs = n_jobs
        self.device = device

    def gibbs(self, v: Any) -> NDArray[Any]:
        """Go one round of Gibbs sampling: ``h ~ P(h | v), v ~ P(v | h)``.

        Parameters
        ----------
        v : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return self._ask("gibbs", self._checked(v), seed=self._random().randint(2**31 - 1))

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Compute the log-density of X, up to a constant: minus the free energy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return -self.free_energy(X)
