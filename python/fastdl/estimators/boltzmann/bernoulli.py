"""The machine of binary units: scikit-learn's, and more."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_random_state, gen_batches

from fastdl._warn import warn
from fastdl.estimators.boltzmann.rbm import BaseRBM
from fastdl.validation import outside_unit_interval

_CHUNK = 1024  # samples that are copied at a time


class BernoulliRBM(BaseRBM):
    """Restricted Boltzmann machine of binary units: scikit-learn's, with the same draws.

    Takes the parameters, and has the attributes and methods, of
    `sklearn.neural_network.BernoulliRBM` 1.9; the same `random_state` gives the same machine, to
    rounding. New are all parameters from `k` on. The energy of visible units v and hidden units h,
    all 0 or 1, is ``E(v, h) = - b v - c h - v W h``.

    References
    ----------
    G. E. Hinton, "Training products of experts by minimizing contrastive divergence", Neural
    Computation 14 (2002). T. Tieleman, "Training restricted Boltzmann machines using
    approximations to the likelihood gradient", ICML 2008. G. E. Hinton, "A practical guide to
    training restricted Boltzmann machines", UTML TR 2010-003.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import BernoulliRBM
    >>> X = load_digits().data / 16
    >>> rbm = BernoulliRBM(n_components=64, learning_rate=0.05, n_iter=5, random_state=0)
    >>> rbm.fit_transform(X).shape
    (1797, 64)
    """

    _exact = True
    _gaussian: ClassVar[bool] = False
    _score_name: ClassVar[str] = "pseudo-likelihood"

    def __sklearn_tags__(self) -> Any:
        """`score_samples` draws at random, as in scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    def _check_range(self, X: Any) -> None:
        """A warning: scikit-learn takes such X without a word."""
        outside = outside_unit_interval(self, X)
        if outside:
            warn(
                f"{outside}, but the visible units of BernoulliRBM stand for values from 0 to 1. "
                "Scale X with MinMaxScaler (pixels: X / 255), or use GaussianRBM.",
            )

    def gibbs(self, v: Any) -> NDArray[Any]:
        """Go one round of Gibbs sampling: ``h ~ P(h | v), v ~ P(v | h)``.

        Parameters
        ----------
        v : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of bool of shape (n_samples, n_features)
        """
        self._check_is_fitted()
        random_state = self._random()
        return self._sample_visibles(self._sample_hiddens(v, random_state), random_state)

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Estimate the pseudo-likelihood of X, from one random feature of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Zeros and ones.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        X = self._rows(X)
        n_samples, n_features = X.shape
        feature = check_random_state(self.random_state).randint(0, n_features, n_samples)
        gain = [
            self._gain_of_flipping(X[part], feature[part])
            for part in gen_batches(n_samples, _CHUNK)
        ]
        return -n_features * np.logaddexp(0, -np.concatenate(gain))

    def _gain_of_flipping(self, v: Any, feature: NDArray[Any]) -> NDArray[Any]:
        """By how much the free energy grows where one feature of each sample is turned over."""
        at = np.arange(v.shape[0]), feature
        if sparse.issparse(v):
            flips = np.asarray(1 - 2 * v[at]).ravel()
            v_flipped = v + sparse.csr_array((flips, at), shape=v.shape)
        else:
            v_flipped = v.copy()
            v_flipped[at] = 1 - v_flipped[at]
        return self._free_energy(v_flipped) - self._free_energy(v)

    # --- scikit-learn's inner names, for its tests

    def _mean_hiddens(self, v: Any) -> NDArray[Any]:
        p = self._ask("hidden", v)
        return p if v.ndim == 2 else p[0]

    def _sample_hiddens(self, v: Any, rng: np.random.RandomState) -> NDArray[Any]:
        p = self._mean_hiddens(v if hasattr(v, "ndim") else np.asarray(v))
        return rng.uniform(size=p.shape) < p

    def _sample_visibles(self, h: NDArray[Any], rng: np.random.RandomState) -> NDArray[Any]:
        p = self._ask("visible", h)
        return rng.uniform(size=p.shape) < p

    def _free_energy(self, v: Any) -> NDArray[Any]:
        return self._ask("free_energy", v)
