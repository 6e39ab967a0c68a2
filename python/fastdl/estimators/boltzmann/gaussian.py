"""The machine with Gaussian visible units."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from fastdl._sklearn import StrOptions
from fastdl.estimators.boltzmann.rbm import BaseRBM
from fastdl.estimators.boltzmann.words import EPOCHS, RbmWords
from fastdl.estimators.parameters.words import reword
from fastdl.fitting.defaults import Defaults, or_auto


class GaussianRBM(BaseRBM):
    """Restricted Boltzmann machine of Gaussian visible and binary hidden units.

    For real X; the visible units have variance 1, so scale each feature to mean 0 and variance 1
    (StandardScaler). The energy is ``E(v, h) = (v - b)^2 / 2 - c h - v W h``.

    Samples are shuffled before each epoch, and random numbers are counter-based: the result does
    not depend on the number of threads.

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

    learning_rate: float = reword(
        RbmWords,
        "learning_rate",
        default=0.01,
        text="An order of magnitude below that of binary units, since v is not bounded.",
    )
    n_iter: int | str = reword(
        RbmWords,
        "n_iter",
        default="auto",
        rule=[StrOptions({"auto"}), EPOCHS],
        kind='int or "auto"',
        text='Epochs; "auto" is 10, or as many as give 1000 steps.',
    )
    persistent: bool = reword(RbmWords, "persistent", default=False)

    _auto: ClassVar[Defaults] = Defaults(updates=1000, least_epochs=10)
    _gaussian: ClassVar[bool] = True
    _score_name: ClassVar[str] = "minus free energy"

    def _n_epochs(self, n_samples: int) -> int:
        return int(or_auto(self.n_iter, self._auto.epochs(n_samples, self.batch_size)))

    def gibbs(self, v: Any) -> NDArray[Any]:
        """Go one round of Gibbs sampling: ``h ~ P(h | v), v ~ P(v | h)``.

        Parameters
        ----------
        v : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        self._check_is_fitted()
        return self._ask("gibbs", self._rows(v), seed=self._random().randint(2**31 - 1))

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
