"""What the restricted Boltzmann machines share."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from fastdl._sklearn import Interval, _fit_context, validate_data
from fastdl.estimators.base.names import check_names
from fastdl.estimators.boltzmann import training
from fastdl.program import count_threads
from fastdl.samples import core_input
from fastdl.validation import float_dtype, resolve_device

if TYPE_CHECKING:
    from fastdl._core import Rbm

_COUNT = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_TAKEN = (np.float64, np.float32, np.uint8)  # as they are: X may be memory-mapped


class BaseRBM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What `BernoulliRBM` and `GaussianRBM` share.

    The weights are the fitted attributes; what users write there is used. The core's machine has
    memory to work in and nothing else, so pickles leave it out.
    """

    components_: NDArray[Any]
    intercept_hidden_: NDArray[Any]
    intercept_visible_: NDArray[Any]
    h_samples_: NDArray[Any]
    _machine: Rbm | None = None

    _key: tuple[Any, ...]  # what the machine was compiled for
    _exact = False  # whether scikit-learn's draws are made: NumPy's, samples in their order

    _gaussian: ClassVar[bool]
    _score_name: ClassVar[str]  # what `verbose` prints
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [_COUNT],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [_COUNT],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "k": [_COUNT],
        "persistent": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "weight_decay": [_NOT_NEGATIVE],
        "sparsity_target": [Interval(Real, 0, 1, closed="neither"), None],
        "sparsity_cost": [_NOT_NEGATIVE],
        "n_jobs": [Integral, None],
        "device": [str],
    }

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Raise TypeError, with a hint, for parameters called as in other libraries."""
        check_names(cls, kwargs)
        return super().__new__(cls)

    def __sklearn_tags__(self) -> Any:
        """Sparse X is taken, and float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {key: value for key, value in state.items() if key not in ("_machine", "_key")}

    # --- fit

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: object = None) -> Self:
        """Learn the distribution of X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Not copied if it is a C-contiguous array of uint8, float32 or float64, which may be
            memory-mapped.
        y : ignored

        Returns
        -------
        self
        """
        X = validate_data(self, X, accept_sparse="csr", dtype=_TAKEN)
        self._check_range(X)
        try:
            self._fit(core_input(X), float_dtype(X), check_random_state(self.random_state), X)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
        return self

    def _fit(
        self, X: Any, dtype: np.dtype[Any], random_state: np.random.RandomState, X_user: Any
    ) -> None:
        """`fit` for checked X, from new weights."""
        resolve_device(self.device)
        self._start(X_user.shape[1], dtype, random_state)
        training.run(self, X, X_user, random_state)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: object = None) -> Self:
        """Take one step with all of X as a batch.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Held in memory twice, with as many samples of the model.
        y : ignored

        Returns
        -------
        self
        """
        first = not hasattr(self, "components_")
        X = validate_data(self, X, accept_sparse="csr", dtype=_TAKEN, reset=first)
        self._check_range(X)
        if first:
            resolve_device(self.device)
            self._start(X.shape[1], np.dtype(np.float64), self._random())
        training.step(self, core_input(X), X.shape[0], self._random())
        return self

    def _start(
        self, n_features: int, dtype: np.dtype[Any], random_state: np.random.RandomState
    ) -> None:
        n_hidden = self.n_components
        weights = random_state.normal(0, 0.01, (n_hidden, n_features))
        self.components_ = np.asarray(weights, order="F", dtype=dtype)
        self.intercept_hidden_ = np.zeros(n_hidden, dtype)
        self.intercept_visible_ = np.zeros(n_features, dtype)
        self.h_samples_ = np.zeros((self.batch_size, n_hidden), dtype)
        self.history_ = training.new_history()
        self._momenta = training.Momenta()
        self._n_features_out = n_hidden

    def _check_range(self, X: Any) -> None:
        """Complain of X that such visible units cannot have."""

    def _random(self) -> np.random.RandomState:
        """The generator that lasts from call to call."""
        if not hasattr(self, "random_state_"):
            self.random_state_ = check_random_state(self.random_state)
        return self.random_state_

    # --- the machine

    def _weights(self, dtype: np.dtype[Any]) -> training.Weights:
        return training.weights_of(self, dtype)

    def _ready(self, dtype: np.dtype[Any], batch_size: int = 1) -> Rbm:
        """The core's machine for the weights' sizes and batches up to `batch_size`."""
        from fastdl._core import Rbm

        hidden, visible = self.components_.shape
        threads = count_threads(self.n_jobs)
        batch_size = max(batch_size, 64)
        key = (visible, hidden, dtype, batch_size, threads)
        if self._machine is None or self._key != key:
            self._key = key
            self._machine = Rbm(
                visible,
                hidden,
                gaussian=self._gaussian,
                dtype=dtype.name,
                batch_size=batch_size,
                threads=threads,
            )
        return self._machine

    def _ask(self, what: str, X: Any, **options: Any) -> NDArray[Any]:
        """What the core answers to rows X: "hidden", "visible", "free_energy" or "gibbs"."""
        X = X if sparse.issparse(X) else np.atleast_2d(X)
        dtype = np.result_type(float_dtype(X), self.components_.dtype)
        machine = self._ready(dtype)
        return getattr(machine, what)(core_input(X), self._weights(dtype), **options)

    # --- use

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse="csr", reset=False, dtype=_TAKEN)

    def transform(self, X: Any) -> NDArray[Any]:
        """Compute the probabilities P(h = 1 | v) of the hidden units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_components)
        """
        return self._ask("hidden", self._checked(X))

    def inverse_transform(self, H: Any) -> NDArray[Any]:
        """Compute the expectations E(v | h) of the visible units.

        Parameters
        ----------
        H : array-like of shape (n_samples, n_components)
            States or probabilities of the hidden units, as `transform` gives them.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        H = np.asarray(H)
        if H.ndim != 2 or H.shape[1] != self.components_.shape[0]:
            raise ValueError(
                f"H has shape {H.shape}, but {type(self).__name__} has "
                f"{self.components_.shape[0]} hidden units: expected (n_samples, "
                f"{self.components_.shape[0]}), as transform gives."
            )
        return self._ask("visible", H)

    def reconstruct(self, X: Any) -> NDArray[Any]:
        """Go to the hidden units and back: ``inverse_transform(transform(X))``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        return self._ask("visible", self.transform(X))

    def free_energy(self, X: Any) -> NDArray[Any]:
        """Compute the free energy F(v) = - log sum_h exp(-E(v, h)).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._ask("free_energy", self._checked(X))

    def sample(
        self, n_samples: int = 1, *, n_steps: int = 1000, mean: bool = False
    ) -> NDArray[Any]:
        """Draw from the learnt distribution: Gibbs sampling from random visible units.

        Parameters
        ----------
        n_samples : int, default=1
            Chains, each of which gives one sample.
        n_steps : int, default=1000
            Rounds of ``h ~ P(h | v), v ~ P(v | h)``.
        mean : bool, default=False
            Give the last visible units as expectations, which make smoother pictures.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        random_state = self._random()
        start = random_state.randint(0, 2, (n_samples, self.components_.shape[1])).astype(np.uint8)
        dtype = self.components_.dtype
        seed = random_state.randint(2**31 - 1)
        return self._ready(dtype).gibbs(
            start, self._weights(dtype), rounds=n_steps, mean=mean, seed=seed
        )

    def _draw_visible(self, H: NDArray[Any], *, mean: bool) -> NDArray[Any]:
        """E(v | h), or draws of v."""
        V = self._ask("visible", H)
        if mean:
            return V
        random_state = self._random()
        if self._gaussian:
            return (V + random_state.standard_normal(V.shape)).astype(V.dtype)
        return (random_state.uniform(size=V.shape) < V).astype(V.dtype)

    def save(self, path: str | Path) -> None:
        """Write the estimator to a safetensors file; `fastdl.load` reads it."""
        from fastdl.io import save

        save(self, path)
