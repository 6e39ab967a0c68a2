"""What every schedule answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastdl._spec import Spec

Rates: TypeAlias = NDArray[np.float64]


class Plateau(NamedTuple):
    """What a schedule that watches the loss remembers."""

    rate: float
    best: float = float("inf")
    waited: int = 0  # epochs without improvement
    stop: bool = False  # the rate cannot fall any more


State: TypeAlias = Plateau | None


@dataclass(frozen=True, repr=False)
class Schedule(Spec):
    """Base of the schedules."""

    @property
    def ends(self) -> bool:
        """Whether the rate is next to nothing when the planned epochs are over."""
        return False

    def start(self, base_rate: float) -> State:
        """The state before the first epoch; None for a schedule without one."""
        return None

    def fold(self, state: State, loss: float) -> State:
        """The state after an epoch that ended with this (monitored) loss."""
        return state

    def rates(
        self,
        epoch: int,
        n_batches: int,
        n_epochs: int,
        base_rate: float,
        *,
        seen: int = 0,
        state: State = None,
    ) -> Rates:
        """The learning rates of one epoch.

        Parameters
        ----------
        epoch : int
            From 0.
        n_batches, n_epochs : int
            Batches in an epoch; epochs planned.
        base_rate : float
            The estimator's `learning_rate_init`.
        seen : int, default=0
            Samples trained on before this epoch (scikit-learn's ``t_``).
        state : Plateau or None
            From `start` and `fold`.

        Returns
        -------
        ndarray of float64, of shape (1,) or (n_batches,)
            One rate for the whole epoch, or one for each batch.
        """
        now = Moment(epoch, n_batches, n_epochs, base_rate, seen, state)
        return np.atleast_1d(np.asarray(self._rates(now), dtype=np.float64))

    def _rates(self, now: Moment) -> float | Rates:
        raise NotImplementedError


class Moment(NamedTuple):
    """The arguments of `Schedule.rates`."""

    epoch: int
    n_batches: int
    n_epochs: int
    base: float
    seen: int
    state: State

    def batches(self) -> NDArray[np.float64]:
        """The numbers of the epoch's batches, counted from the start of training; (n_batches,)."""
        return self.epoch * self.n_batches + np.arange(self.n_batches, dtype=np.float64)

    def progress(self) -> NDArray[np.float64]:
        """How much of the training lies behind each batch, from 0 to below 1; (n_batches,)."""
        return np.minimum(self.batches() / (self.n_batches * max(self.n_epochs, 1)), 1.0)


@dataclass(frozen=True, repr=False)
class Constant(Schedule):
    """rate = base."""

    def _rates(self, now: Moment) -> float:
        return now.base
