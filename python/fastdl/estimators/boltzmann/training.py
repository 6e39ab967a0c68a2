"""The epoch loop of the restricted Boltzmann machines."""

from __future__ import annotations

import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

Weights = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
History = dict[str, list[float]]

_WATCHED = 500  # samples whose reconstruction is looked at after an epoch


class Momenta(NamedTuple):
    """What lasts from step to step beside weights and chains."""

    velocity: Weights | None = None
    activity: NDArray[Any] | None = None  # running means of the hidden units, for sparsity


def new_history() -> History:
    """A table without rows."""
    return {"epoch": [], "reconstruction_error": [], "seconds": []}


def weights_of(rbm: Any, dtype: np.dtype[Any]) -> Weights:
    """The fitted attributes as the core takes them; copied only where they have another form."""
    w, b, c = rbm.components_.T, rbm.intercept_visible_, rbm.intercept_hidden_
    return tuple(np.require(a, dtype, ["C", "W"]) for a in (w, b, c))  # type: ignore[return-value]


def run(rbm: Any, X: Any, X_user: Any, random_state: np.random.RandomState) -> None:
    """Train for `n_iter` epochs.

    A diverging epoch ends the training with a warning; it and Ctrl-C leave the weights of the
    last epoch that was finished.

    Parameters
    ----------
    rbm : BaseRBM
        With new weights; learns.
    X : array or CSR triple
        For the core.
    X_user : array or CSR matrix
        The same, for the score and the reconstruction error.
    random_state : RandomState

    Raises
    ------
    KeyboardInterrupt
    """
    n_samples = X_user.shape[0]
    order = np.arange(n_samples)
    watched = X_user[np.unique(np.linspace(0, n_samples - 1, _WATCHED).astype(int))]
    for epoch in range(1, rbm.n_iter + 1):
        start = time.perf_counter()
        kept = _copies(rbm)
        try:
            if not rbm._exact:
                order = random_state.permutation(n_samples)
            _train(rbm, X, order, rbm.batch_size, random_state, epoch)
        except KeyboardInterrupt:
            _put_back(rbm, kept)
            raise
        if not all(np.isfinite(a).all() for a in _copies(rbm)):
            _put_back(rbm, kept)
            warnings.warn(
                f"{type(rbm).__name__}: weights became nan or inf in epoch {epoch} (learning_rate="
                f"{rbm.learning_rate}). Weights of the end of epoch {epoch - 1} are kept. Scale X, "
                "or lower learning_rate.",
                ConvergenceWarning,
                stacklevel=4,
            )
            return
        rbm.history_["epoch"].append(epoch)
        rbm.history_["reconstruction_error"].append(_reconstruction_error(rbm, watched))
        rbm.history_["seconds"].append(time.perf_counter() - start)
        if rbm.verbose:
            _report(rbm, X_user, epoch, start)


def step(rbm: Any, X: Any, n_samples: int, random_state: np.random.RandomState) -> None:
    """Train with all of X as one batch."""
    _train(rbm, X, np.arange(n_samples), n_samples, random_state, 0)


def _train(
    rbm: Any,
    X: Any,
    order: NDArray[np.int64],
    batch_size: int,
    random_state: np.random.RandomState,
    epoch: int,
) -> None:
    dtype = rbm.components_.dtype
    weights = weights_of(rbm, dtype)
    w, rbm.intercept_visible_, rbm.intercept_hidden_ = weights
    rbm.components_ = w.T
    rbm.h_samples_ = np.require(rbm.h_samples_, dtype, ["C", "W"])
    rbm._momenta = momenta = _momenta(rbm, weights)
    machine = rbm._ready(dtype, max(batch_size, len(rbm.h_samples_)))
    draws = _draws(rbm, random_state)
    with random_state._bit_generator.lock:  # the core draws without the GIL
        machine.train_epoch(
            X,
            order,
            weights,
            rate=rbm.learning_rate,
            batch_size=batch_size,
            steps=rbm.k,
            momentum=rbm.momentum,
            weight_decay=rbm.weight_decay,
            target=rbm.sparsity_target or 0.0,
            cost=rbm.sparsity_cost,
            velocity=momenta.velocity,
            chain=rbm.h_samples_ if rbm.persistent else None,
            activity=momenta.activity,
            epoch=epoch,
            poll=lambda: False,  # Python's handler of Ctrl-C raises in there
            **draws,
        )


def _draws(rbm: Any, random_state: np.random.RandomState) -> dict[str, Any]:
    """Where the core's random numbers come from."""
    if rbm._exact:
        return {"bit_generator": random_state._bit_generator.capsule}
    return {"seed": random_state.randint(2**31 - 1)}


def _momenta(rbm: Any, weights: Weights) -> Momenta:
    """Those of the last step, or zeros; none where none are needed."""
    velocity, activity = rbm._momenta
    if rbm.momentum and velocity is None:
        velocity = tuple(np.zeros_like(a) for a in weights)
    if rbm.sparsity_target is not None and activity is None:
        activity = np.full_like(rbm.intercept_hidden_, rbm.sparsity_target)
    return Momenta(
        velocity if rbm.momentum else None, None if rbm.sparsity_target is None else activity
    )


def _copies(rbm: Any) -> tuple[NDArray[Any], ...]:
    return (
        rbm.components_.copy(order="F"),
        rbm.intercept_visible_.copy(),
        rbm.intercept_hidden_.copy(),
    )


def _put_back(rbm: Any, kept: tuple[NDArray[Any], ...]) -> None:
    rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_ = kept


def _reconstruction_error(rbm: Any, X: Any) -> float:
    """The mean squared difference of X and E(v | E(h | v))."""
    X_again = rbm._ask("visible", rbm._ask("hidden", X))
    with np.errstate(over="ignore"):  # on the way to divergence
        return float(np.square(np.asarray(X - X_again)).mean())


def _report(rbm: Any, X: Any, epoch: int, start: float) -> None:
    score = rbm.score_samples(X).mean()
    seconds = time.perf_counter() - start
    print(
        f"[{type(rbm).__name__}] Iteration {epoch}, {rbm._score_name} = {score:.2f}, "
        f"time = {seconds:.2f}s"
    )
