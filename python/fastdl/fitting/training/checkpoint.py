"""An estimator while it is being fitted: what others see of it, and what an error leaves.

One thread fits. It sees the estimator itself while it is in a callback or a scorer. All others, and
signal handlers inside the core, see the estimator as it was at the end of the last epoch, under
early stopping with the weights of the best one: they neither wait for the fit nor touch the program
that learns. A forked child sees that, too.
"""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from fastdl._locks import ForkSafeLock
from fastdl.fitting.progress import LearningRate, Progress
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.program import Snapshot, gpus

_NAME = "_fit_in_progress"
# Callbacks, and what scikit-learn notes of them during a fit.
_OF_FIT = (_NAME, "_skl_callbacks", "_callback_fit_ctx", "_skl_callbacks_to_teardown")


class Checkpoint(NamedTuple):
    """A training at the end of an epoch. The lists of the history are shared with those after."""

    snapshot: Snapshot  # what the fit would keep if it ended there
    n_rows: int  # of the history
    progress: Progress
    rate: LearningRate | None

    @classmethod
    def of(cls, snapshot: Snapshot, progress: Progress, rate: LearningRate | None) -> Checkpoint:
        """Made after each epoch, so it copies no more than it must."""
        return cls(snapshot, progress.n_epochs, _twin(progress), rate and _twin(rate))

    def restore(self, progress: Progress, rate: LearningRate | None) -> None:
        """Let a training stand here again; its program apart."""
        progress.cut(self.n_rows)
        vars(progress).update(vars(self.progress))
        if rate is not None:
            vars(rate).update(vars(self.rate))

    def progress_copy(self) -> Progress:
        """The progress with a history of its own."""
        return self.progress.copy(self.n_rows)


class FitInProgress:
    """The fit of an estimator by the thread that makes this."""

    def __init__(self, estimator: Any, before: dict[str, Any]) -> None:
        self.process, self.thread = os.getpid(), threading.get_ident()
        self._estimator, self._at_rest, self._lock = estimator, False, ForkSafeLock()
        self._checkpoint: Checkpoint | None = None
        self._seen: tuple[Checkpoint | None, Any] = None, _twin(estimator, _without_fit(before))
        progress: Progress | None = before.get("_progress")
        self.n_rows = progress.n_epochs if progress else 0  # of the history before
        self._has_own_history = progress is None
        self._network: TrainableNetwork
        self._show: Callable[[Any, Checkpoint], None]

    def begin(self, network: TrainableNetwork, show: Callable[[Any, Checkpoint], None]) -> None:
        """Training of a network begins; `show` brings a copy's attributes to a checkpoint."""
        self._network, self._show = network, show

    def publish(self, checkpoint: Checkpoint) -> None:
        """From now on this is what others see."""
        self._checkpoint = checkpoint

    def is_here(self) -> bool:
        """Whether the caller may look at the estimator itself."""
        return self._at_rest and self.is_mine()

    def is_mine(self) -> bool:
        """Whether the caller is the thread that fits."""
        return self.thread == threading.get_ident() and self.process == os.getpid()

    def seen(self) -> Any:
        """The estimator at the last checkpoint, or as it was before the fit."""
        with self._lock:
            checkpoint, (of, estimator) = self._checkpoint, self._seen
            if of is None and not self._has_own_history:  # that of a partial fit grows
                estimator._progress = estimator._progress.copy(self.n_rows)
                estimator.history_ = estimator._progress.history
                self._has_own_history = True
            if checkpoint is not None and checkpoint is not of:
                estimator = _twin(self._estimator, _without_fit(vars(self._estimator).copy()))
                estimator._network = self._network.at(checkpoint.snapshot)
                self._show(estimator, checkpoint)
                self._seen = checkpoint, estimator
            return estimator


@contextmanager
def fitting(estimator: Any) -> Iterator[None]:
    """A fit, which leaves the estimator as it was if it raises.

    Where a GPU is lost, its weights are too: the estimator is that of the last checkpoint.
    """
    outer: FitInProgress | None = vars(estimator).get(_NAME)
    if outer is not None and outer.is_mine():
        yield
        return
    if outer is not None and outer.process == os.getpid():
        raise RuntimeError(
            f"This {type(estimator).__name__} is being fitted in another thread. Wait for it, or "
            "fit a clone."
        )
    if outer is not None:  # that of a thread which the fork left behind
        callbacks = {k: v for k, v in vars(estimator).items() if k == "_skl_callbacks"}
        estimator.__dict__ = vars(outer.seen()) | callbacks
    before = vars(estimator).copy()
    if "_network" in before:
        before["_network"] = copy.copy(before["_network"])
    fit = FitInProgress(estimator, before)
    setattr(estimator, _NAME, fit)
    try:
        yield
    except gpus.DeviceLostError:
        estimator.__dict__ = vars(fit.seen())
        raise
    except BaseException:
        if "_progress" in before:
            before["_progress"].cut(fit.n_rows)  # a partial fit goes on in the same history
        estimator.__dict__ = before
        raise
    finally:
        vars(estimator).pop(_NAME, None)


def fit_of(estimator: Any) -> FitInProgress | None:
    """The fit that goes on."""
    return vars(estimator).get(_NAME)


def seen_by_others(estimator: Any) -> Any | None:
    """What the caller is to look at instead of the estimator, if a fit goes on elsewhere."""
    fit = fit_of(estimator)
    return None if fit is None or fit.is_here() else fit.seen()


@contextmanager
def at_rest(estimator: Any) -> Iterator[None]:
    """Let the thread that fits look at the estimator: its program is not learning just now."""
    fit = fit_of(estimator)
    if fit is None:
        yield
        return
    before, fit._at_rest = fit._at_rest, True
    try:
        yield
    finally:
        fit._at_rest = before


def whole_state(state: dict[str, Any]) -> dict[str, Any]:
    """The attributes that a copy or a file gets, of all attributes.

    Copies that are made during a fit have no callbacks: these belong to the fit.
    """
    state = _without_fit(state) if _NAME in state else state.copy()
    for name, value in state.items():
        if isinstance(value, (TrainableNetwork, LearningRate)):
            state[name] = copy.copy(value)
        elif isinstance(value, Progress):
            state[name] = value.copy()
    if "_progress" in state and "history_" in state:
        state["history_"] = state["_progress"].history
    elif "history_" in state:
        state["history_"] = copy.deepcopy(state["history_"])
    return state


def _without_fit(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if name not in _OF_FIT}


def _twin(of: Any, attributes: dict[str, Any] | None = None) -> Any:
    """An object with the same attributes, or with these."""
    twin = object.__new__(type(of))
    vars(twin).update(vars(of).copy() if attributes is None else attributes)
    return twin
