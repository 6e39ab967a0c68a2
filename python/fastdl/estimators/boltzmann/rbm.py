"""What the restricted Boltzmann machines share."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn.utils import check_random_state

from fastdl import layers as L
from fastdl._rules import FLAG
from fastdl._saved import MATRIX, VECTOR, Saved, Table, instance, short
from fastdl._warn import warn
from fastdl.estimators.boltzmann import training
from fastdl.estimators.boltzmann.machine import Machine
from fastdl.estimators.boltzmann.words import RbmWords
from fastdl.estimators.inputs import RowInput
from fastdl.estimators.inputs.rows import TAKEN
from fastdl.estimators.parameters.words import fitted
from fastdl.fitting.job import Given, Job
from fastdl.fitting.training.tasks import epoch_tasks
from fastdl.program import count_threads, devices
from fastdl.program.devices import Device
from fastdl.samples import core_input
from fastdl.validation import float_dtype

if TYPE_CHECKING:
    from fastdl._core import Rbm


class BaseRBM(RbmWords, Machine):
    """What `BernoulliRBM` and `GaussianRBM` share.

    The weights are the fitted attributes; what users write there is used. The core's machine has
    memory to work in and nothing else, so pickles leave it out.
    """

    components_: NDArray[Any] = fitted(
        "ndarray of shape (n_components, n_features)",
        "The weights; what is written here is used.",
        saved=MATRIX,
    )
    intercept_hidden_: NDArray[Any] = fitted(
        "ndarray of shape (n_components,)", "Likewise.", saved=VECTOR
    )
    intercept_visible_: NDArray[Any] = fitted(
        "ndarray of shape (n_features,)", "Likewise.", saved=VECTOR
    )
    h_samples_: NDArray[Any] = fitted(
        "ndarray of shape (batch_size, n_components)",
        "The chains; zeros without `persistent`.",
        saved=MATRIX,
    )
    history_: training.History = fitted(
        "dict of list",
        "One table for the epochs of `fit`: epoch, reconstruction_error (mean square, of up to 500 "
        "samples), seconds.",
        saved=Saved(Table(training.COLUMNS)),
    )
    random_state_: np.random.RandomState = fitted(
        "RandomState",
        "What `partial_fit`, `gibbs` and `sample` draw from, from call to call; there once one of "
        "them was called.",
        saved=instance(np.random.RandomState, "a RandomState"),
    )
    _momenta: training.Momenta = fitted(saved=Saved(training.Momenta, "momenta", of_training=True))

    _exact: bool = fitted(
        saved=Saved(FLAG, "exact"), default=False
    )  # whether scikit-learn's draws are made; never in a stack
    _gaussian: ClassVar[bool]
    _score_name: ClassVar[str]  # what `verbose` prints
    _compiled = cast("tuple[tuple[Any, ...], Rbm] | None", None)  # what for, and the machine

    @property
    def _inputs(self) -> RowInput:
        return RowInput(formats=("csr",), dtype=TAKEN)

    def __sklearn_tags__(self) -> Any:
        """float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "components_")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_compiled"}

    # --- fit

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
        return self._fit(Given(X))

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
        random_state = vars(self).get("random_state_")
        before = random_state and random_state.get_state()
        try:
            return self._fit(Given(X), incremental=True)
        except BaseException:
            if random_state:
                random_state.set_state(before)
            raise

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X = self._inputs.check(self, X, reset=reset)
        self._check_range(X)
        return X, None

    def _check_range(self, X: Any) -> None:
        """Complain of X that such visible units cannot have."""

    def _generator(self, incremental: bool) -> np.random.RandomState:
        return self._random() if incremental else check_random_state(self.random_state)

    def _random(self) -> np.random.RandomState:
        """The generator that lasts from call to call."""
        if not hasattr(self, "random_state_"):
            self.random_state_ = check_random_state(self.random_state)
        return self.random_state_

    def _learn(self, job: Job) -> None:
        X, random_state = job.train.X, job.random_state
        if job.incremental:
            new = job.anew
            state = self._begin(X, np.dtype(np.float64), random_state) if new else self._state()
            training.step(self, state, X, random_state)
            return
        tasks = epoch_tasks(self, job.train.given, None, self._n_epochs(X.shape[0]))
        state = self._begin(X, float_dtype(X), random_state)
        try:
            training.run(self, state, X, random_state, tasks=tasks)
        except KeyboardInterrupt:
            warn("Training interrupted by user.")
        if tasks:
            tasks.close()

    def _n_epochs(self, n_samples: int) -> int:
        """What `n_iter` stands for."""
        return int(self.n_iter)

    def _begin(
        self, X: Any, dtype: np.dtype[Any], random_state: np.random.RandomState
    ) -> training.State:
        """New weights."""
        n_features, n_hidden = X.shape[1], self.n_components
        self.history_ = training.new_history()
        w = random_state.normal(0, 0.01, (n_hidden, n_features)).T
        weights = (
            np.asarray(w, order="C", dtype=dtype),
            np.zeros(n_features, dtype),
            np.zeros(n_hidden, dtype),
        )
        chain = np.zeros((self.batch_size, n_hidden), dtype)
        return self._with_momenta(weights, chain, training.Momenta())

    def _state(self) -> training.State:
        """Copies of the fitted attributes, in the form that the core takes."""
        dtype = float_dtype(self.components_)
        w, b, c, chain = (
            np.array(a, dtype, order="C") for a in (*self._weights(dtype), self.h_samples_)
        )
        return self._with_momenta((w, b, c), chain, copy.deepcopy(self._momenta))

    def _with_momenta(
        self,
        weights: training.Weights,
        chain: NDArray[Any],
        before: training.Momenta,
    ) -> training.State:
        """The state with what else lasts from step to step, or zeros; only what is needed."""
        velocity, activity = before
        w, b, c = weights
        if not self.momentum:
            velocity = None
        elif velocity is None:
            velocity = (np.zeros_like(w), np.zeros_like(b), np.zeros_like(c))
        if self.sparsity_target is None:
            activity = None
        elif activity is None:
            activity = np.full_like(c, self.sparsity_target)
        return training.State(weights, chain, training.Momenta(velocity, activity))

    def _show(self, state: training.State) -> None:
        w, self.intercept_visible_, self.intercept_hidden_ = state.weights
        self.components_, self.h_samples_ = w.T, state.chain
        self._momenta = state.momenta

    def _restored(self) -> None:
        shape = (*self.intercept_hidden_.shape, *self.intercept_visible_.shape)
        if self.components_.shape != shape:
            raise ValueError(f"components_ is {short(self.components_)}; expected shape {shape}.")
        if not hasattr(self, "_momenta"):
            self._momenta = training.Momenta()

    def _machines(self) -> dict[str, Any]:
        return {"": self}

    def _hidden(self) -> tuple[dict[str, int], DTypeLike]:
        known = hasattr(self, "components_")
        return {"hidden": self.n_components}, self.components_.dtype if known else np.float64

    # --- the machine

    def _weights(self, dtype: np.dtype[Any]) -> training.Weights:
        """The fitted attributes as the core takes them; copied only where of another form."""
        w, b, c = (
            np.require(a, dtype, ["C", "W"])
            for a in (self.components_.T, self.intercept_visible_, self.intercept_hidden_)
        )
        return w, b, c

    def _ready(self, weights: training.Weights, batch_size: int = 1) -> Rbm:
        """The core's machine for such weights and batches up to `batch_size`."""
        from fastdl._core import Rbm

        (visible, hidden), dtype = weights[0].shape, weights[0].dtype
        threads = count_threads(self.n_jobs)
        batch_size = max(batch_size, 64)
        place = self._place(visible, hidden, dtype)
        key = (visible, hidden, dtype, batch_size, threads, place)
        if self._compiled is None or self._compiled[0] != key:
            machine = Rbm(
                visible,
                hidden,
                gaussian=self._gaussian,
                dtype=dtype.name,
                backend=place.backend,
                precision=place.precision,
                batch_size=batch_size,
                threads=threads,
            )
            self._compiled = key, machine
        return self._compiled[1]

    def _place(self, visible: int, hidden: int, dtype: np.dtype[Any]) -> Device:
        """What `device` stands for."""
        layers = L.with_names([L.Dense(hidden)])
        return devices.choose(self.device, self.precision, layers, (visible,), dtype)

    def _works_on(self) -> Device:
        hidden, visible = self.components_.shape
        return self._place(visible, hidden, self.components_.dtype)

    def _ask(self, what: str, X: Any, **options: Any) -> NDArray[Any]:
        """What the core answers to rows X: "hidden", "visible", "free_energy" or "gibbs"."""
        X = X if sparse.issparse(X) else np.atleast_2d(X)
        dtype = np.result_type(float_dtype(X), self.components_.dtype)
        weights = self._weights(dtype)
        return getattr(self._ready(weights), what)(core_input(X), weights, **options)

    # --- use

    def _rows(self, X: Any) -> Any:
        self._check_is_fitted()
        return self._inputs.check(self, X, reset=False)

    def transform(self, X: Any) -> NDArray[Any]:
        """Compute the probabilities P(h = 1 | v) of the hidden units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_components)
        """
        return self._ask("hidden", self._rows(X))

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
        self._check_is_fitted()
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
        return self._reconstruction(self._rows(X))

    def _reconstruction(self, X: Any) -> NDArray[Any]:
        return self._ask("visible", self._ask("hidden", X))

    def free_energy(self, X: Any) -> NDArray[Any]:
        """Compute the free energy F(v) = - log sum_h exp(-E(v, h)).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._ask("free_energy", self._rows(X))

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
        self._check_is_fitted()
        random_state = self._random()
        start = random_state.randint(0, 2, (n_samples, self.components_.shape[1])).astype(np.uint8)
        weights = self._weights(self.components_.dtype)
        seed = random_state.randint(2**31 - 1)
        return self._ready(weights).gibbs(start, weights, rounds=n_steps, mean=mean, seed=seed)

    def _draw_visible(self, H: NDArray[Any], *, mean: bool) -> NDArray[Any]:
        """E(v | h), or draws of v."""
        V = self._ask("visible", H)
        if mean:
            return V
        random_state = self._random()
        if self._gaussian:
            return (V + random_state.standard_normal(V.shape)).astype(V.dtype)
        return (random_state.uniform(size=V.shape) < V).astype(V.dtype)

    @property
    def _n_features_out(self) -> int:
        return int(self.components_.shape[0])
