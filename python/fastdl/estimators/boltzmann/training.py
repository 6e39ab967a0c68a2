"""The epoch loop of the restricted Boltzmann machines."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from fastdl._rules import Rule, optional
from fastdl._saved import MATRIX, VECTOR, take
from fastdl._warn import warn
from fastdl.fitting.progress import line
from fastdl.fitting.training.tasks import EpochTasks
from fastdl.samples import core_input

if TYPE_CHECKING:
    from fastdl._core import Rbm

Weights = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
History = dict[str, list[float]]

COLUMNS = ("epoch", "reconstruction_error", "seconds")

_WATCHED = 500  # samples whose reconstruction is looked at after an epoch


class Momenta(NamedTuple):
    """What lasts from step to step beside weights and chains."""

    velocity: Weights | None = None  # as weights
    activity: NDArray[Any] | None = None  # (hidden,) running means, for sparsity

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a model file."""
        velocity = None if self.velocity is None else list(self.velocity)
        return {"velocity": velocity, "activity": self.activity}

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """What `to_dict` gave; ValueError for anything else."""
        velocity = Rule("a matrix and two vectors", _are_weights, tuple)
        rules = {"velocity": optional(velocity), "activity": optional(VECTOR)}
        return cls(**take(stored, rules, "momenta"))


def _are_weights(value: Any) -> bool:
    matrix, *vectors = value if isinstance(value, list) and value else [None]
    return MATRIX.accepts(matrix) and len(vectors) == 2 and all(map(VECTOR.accepts, vectors))


class State(NamedTuple):
    """What training changes, in arrays that nothing else holds."""

    weights: Weights  # w (visible, hidden), b (visible,), c (hidden,)
    chain: NDArray[Any]  # (chains, hidden)
    momenta: Momenta

    def are_finite(self) -> bool:
        """Whether all weights are."""
        return all(np.isfinite(a).all() for a in self.weights)


class Trainee(Protocol):
    """What a machine is to its training."""

    learning_rate: float
    batch_size: int
    verbose: int
    k: int
    persistent: bool
    momentum: float
    weight_decay: float
    sparsity_target: float | None
    sparsity_cost: float
    history_: History
    _exact: bool  # whether scikit-learn's draws are made: NumPy's, samples in their order
    _score_name: ClassVar[str]

    def _n_epochs(self, n_samples: int) -> int: ...
    def _show(self, state: State) -> None: ...
    def _ready(self, weights: Weights, batch_size: int) -> Rbm: ...
    def _reconstruction(self, X: Any) -> NDArray[Any]: ...
    def score_samples(self, X: Any) -> NDArray[Any]:
        """How likely each row is."""


def new_history() -> History:
    """A table without rows."""
    return {"epoch": [], "reconstruction_error": [], "seconds": []}


def run(
    rbm: Trainee,
    state: State,
    X: Any,
    random_state: np.random.RandomState,
    tasks: EpochTasks | None = None,
) -> None:
    """Train for `n_iter` epochs, or until a callback says stop.

    A diverging epoch ends the training with a warning. It, errors and Ctrl-C leave the weights of
    the last epoch that was finished, for each epoch works on copies.

    Parameters
    ----------
    rbm : Trainee
        Shows the weights of each finished epoch.
    state : State
        Where it starts.
    X : array or CSR matrix of shape (n_samples, n_features)
    random_state : RandomState
    tasks : EpochTasks, optional
        Callbacks to tell of each epoch.
    """
    rows, n_samples = core_input(X), X.shape[0]
    order = np.arange(n_samples)
    watched = X[np.unique(np.linspace(0, n_samples - 1, _WATCHED).astype(int))]
    rbm._show(state)
    for epoch in range(1, rbm._n_epochs(n_samples) + 1):
        start = time.perf_counter()
        if tasks:
            tasks.begin()
        if not rbm._exact:
            order = random_state.permutation(n_samples)
        after = copy.deepcopy(state)
        _train(rbm, after, rows, order, rbm.batch_size, random_state, epoch)
        if not after.are_finite():
            _warn_of_divergence(rbm, epoch)
            return
        try:
            rbm._show(after)
            error = _reconstruction_error(rbm, watched)
        except BaseException:  # Ctrl-C, too: weights and history are those of one epoch
            rbm._show(state)
            raise
        state = after
        row = epoch, error, time.perf_counter() - start
        for column, value in zip(COLUMNS, row, strict=True):
            rbm.history_[column].append(value)
        if rbm.verbose:
            _report(rbm, X, epoch, start)
        if tasks and tasks.end():
            return


def step(rbm: Trainee, state: State, X: Any, random_state: np.random.RandomState) -> None:
    """Train with all of X as one batch."""
    n_samples = X.shape[0]
    _train(rbm, state, core_input(X), np.arange(n_samples), n_samples, random_state, 0)
    rbm._show(state)


def _train(
    rbm: Trainee,
    state: State,
    rows: Any,
    order: NDArray[np.int64],
    batch_size: int,
    random_state: np.random.RandomState,
    epoch: int,
) -> None:
    """Change the state by one pass over rows."""
    machine = rbm._ready(state.weights, max(batch_size, len(state.chain)))
    draws = _draws(random_state, rbm._exact)
    bits: Any = random_state._bit_generator
    with bits.lock:  # the core draws without the GIL
        machine.train_epoch(
            rows,
            order,
            state.weights,
            rate=rbm.learning_rate,
            batch_size=batch_size,
            steps=rbm.k,
            momentum=rbm.momentum,
            weight_decay=rbm.weight_decay,
            target=rbm.sparsity_target or 0.0,
            cost=rbm.sparsity_cost,
            velocity=state.momenta.velocity,
            chain=state.chain if rbm.persistent else None,
            activity=state.momenta.activity,
            epoch=epoch,
            poll=lambda: False,  # Python's handler of Ctrl-C raises in there
            **draws,
        )


def _draws(random_state: np.random.RandomState, exact: bool) -> dict[str, Any]:
    """Where the core's random numbers come from."""
    if exact:
        bits: Any = random_state._bit_generator
        return {"bit_generator": bits.capsule}
    return {"seed": random_state.randint(2**31 - 1)}


def _reconstruction_error(rbm: Trainee, X: Any) -> float:
    """The mean squared difference of X and E(v | E(h | v))."""
    X_again = rbm._reconstruction(X)
    with np.errstate(over="ignore"):  # on the way to divergence
        return float(np.square(np.asarray(X - X_again)).mean())


def _report(rbm: Trainee, X: Any, epoch: int, start: float) -> None:
    score = float(rbm.score_samples(X).mean())
    seconds = time.perf_counter() - start
    if rbm._exact:  # scikit-learn's words
        print(
            f"[{type(rbm).__name__}] Iteration {epoch}, {rbm._score_name} = {score:.2f}, "
            f"time = {seconds:.2f}s"
        )
        return
    error = rbm.history_["reconstruction_error"][-1]
    print(line(epoch, {"reconstruction_error": error, rbm._score_name: score}, seconds))


def _warn_of_divergence(rbm: Trainee, epoch: int) -> None:
    warn(
        f"{type(rbm).__name__}: weights became nan or inf in epoch {epoch} (learning_rate="
        f"{rbm.learning_rate}). Weights of the end of epoch {epoch - 1} are kept. Scale X, "
        "or lower learning_rate.",
        ConvergenceWarning,
    )
