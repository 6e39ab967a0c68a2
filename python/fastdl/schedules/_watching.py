"""Schedules that watch the loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import (
    COUNT,
    NOT_NEGATIVE,
    PART,
    POSITIVE_INTEGER,
    Rule,
    number,
)
from fastdl.schedules._schedule import Moment, Plateau, Schedule, State


@dataclass(frozen=True, repr=False)
class Adaptive(Schedule):
    """The rate divided by 5 whenever the loss stops falling.

    As scikit-learn's ``learning_rate="adaptive"``: when the loss has not been below the best so far
    by `tol` for more than `n_iter_no_change` epochs, the rate is divided; when it was already at or
    below `min_rate`, training stops (``state.stop``).

    Parameters
    ----------
    divisor : float, default=5.0
    tol : float, default=1e-4
        Of the estimator.
    n_iter_no_change : int, default=10
        Of the estimator.
    min_rate : float, default=1e-6
    """

    divisor: float = 5.0
    tol: float = 1e-4
    n_iter_no_change: int = 10
    min_rate: float = 1e-6
    rules: ClassVar[Mapping[str, Rule]] = {
        "divisor": number("a number above 1", lambda v: v > 1),
        "tol": NOT_NEGATIVE,
        "n_iter_no_change": POSITIVE_INTEGER,
        "min_rate": NOT_NEGATIVE,
    }

    def start(self, base_rate: float) -> State:
        """The base rate, and nothing seen."""
        return Plateau(float(base_rate))

    def fold(self, state: State, loss: float) -> State:
        """Count the epochs without improvement; divide and count anew when there were too many."""
        if state is None:
            return None
        waited = state.waited + 1 if loss > state.best - self.tol else 0
        state = state._replace(best=min(state.best, loss), waited=waited)
        if waited <= self.n_iter_no_change:
            return state
        if state.rate <= self.min_rate:
            return state._replace(stop=True)
        return state._replace(rate=state.rate / self.divisor, waited=0)

    def _rates(self, now: Moment) -> float:
        return now.state.rate if now.state else now.base


@dataclass(frozen=True, repr=False)
class ReduceOnPlateau(Schedule):
    """The rate times `factor` when the loss has not improved for `patience` epochs.

    As Keras' and PyTorch's callback of that name. Unlike `Adaptive` it never stops the training.

    Parameters
    ----------
    factor : float, default=0.1
    patience : int, default=10
        Epochs without improvement before the rate is reduced.
    min_delta : float, default=1e-4
        By how much the loss must fall below the best to count.
    min_rate : float, default=0.0
        The rate does not fall below it.
    """

    factor: float = 0.1
    patience: int = 10
    min_delta: float = 1e-4
    min_rate: float = 0.0
    rules: ClassVar[Mapping[str, Rule]] = {
        "factor": PART,
        "patience": COUNT,
        "min_delta": NOT_NEGATIVE,
        "min_rate": NOT_NEGATIVE,
    }

    def start(self, base_rate: float) -> State:
        """The base rate, and nothing seen."""
        return Plateau(float(base_rate))

    def fold(self, state: State, loss: float) -> State:
        """Count the epochs without improvement; reduce and count anew when there were too many."""
        if state is None:
            return None
        if loss < state.best - self.min_delta:
            return state._replace(best=loss, waited=0)
        if state.waited < self.patience:
            return state._replace(waited=state.waited + 1)
        return state._replace(rate=max(state.rate * self.factor, self.min_rate), waited=0)

    def _rates(self, now: Moment) -> float:
        return now.state.rate if now.state else now.base
