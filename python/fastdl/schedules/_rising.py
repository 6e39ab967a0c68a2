"""Schedules that rise before they fall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fastdl._rules import (
    PART,
    POSITIVE,
    POSITIVE_INTEGER,
    Rule,
)
from fastdl.schedules._falling import half_cosine
from fastdl.schedules._schedule import Moment, Rates, Schedule, State


@dataclass(frozen=True, repr=False)
class OneCycle(Schedule):
    """Up from base / initial to base, then down to base / (initial * final), batch by batch.

    Both ways are half a cosine, as in ``torch.optim.lr_scheduler.OneCycleLR``; the base rate is the
    largest. Smith and Topin, "Super-convergence", 2018.

    Parameters
    ----------
    rise : float, default=0.3
        Part of the training in which the rate rises.
    initial : float, default=25.0
        The first rate is base / initial.
    final : float, default=1e4
        The last rate is base / (initial * final).
    """

    rise: float = 0.3
    initial: float = 25.0
    final: float = 1e4
    rules: ClassVar[Mapping[str, Rule]] = {"rise": PART, "initial": POSITIVE, "final": POSITIVE}

    @property
    def ends(self) -> bool:
        """With a last rate of at most 1 % of the base."""
        return self.initial * self.final >= 100

    def _rates(self, now: Moment) -> Rates:
        last = max(now.n_batches * now.n_epochs - 1, 1)
        top = self.rise * (last + 1) - 1  # the batch with the largest rate
        batch = np.minimum(now.batches(), last)
        first = 1 / self.initial
        up = half_cosine(first, 1.0, batch / top) if top > 0 else np.ones(now.n_batches)
        down = half_cosine(1.0, first / self.final, (batch - top) / (last - top))
        return now.base * np.where(batch <= top, up, down)


@dataclass(frozen=True, repr=False)
class WarmUp(Schedule):
    """Rises linearly, batch by batch, over the first epochs; then another schedule begins.

    In batch k of the K batches of the first `epochs` epochs, counted from 0: base * (k + 1) / K.
    Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2.

    Parameters
    ----------
    schedule : str or Schedule, default="constant"
        What follows, as if the training began there.
    epochs : int, default=5
        How long the rate rises.
    """

    schedule: str | Schedule = "constant"
    epochs: int = 5
    rules: ClassVar[Mapping[str, Rule]] = {"epochs": POSITIVE_INTEGER}

    def check(self) -> None:
        """Also the schedule that follows."""
        super().check()
        self._next().check()

    @property
    def ends(self) -> bool:
        """Where the schedule that follows does."""
        return self._next().ends

    def start(self, base_rate: float) -> State:
        """Of the schedule that follows."""
        return self._next().start(base_rate)

    def fold(self, state: State, loss: float) -> State:
        """Of the schedule that follows; it sees the first epochs too."""
        return self._next().fold(state, loss)

    def _next(self) -> Schedule:
        from fastdl.schedules import get  # whose table this class stands in

        return get(self.schedule, "schedule")

    def _rates(self, now: Moment) -> float | Rates:
        if now.epoch < self.epochs:
            return now.base * (now.batches() + 1) / (self.epochs * now.n_batches)
        later = now._replace(
            epoch=now.epoch - self.epochs, n_epochs=max(now.n_epochs - self.epochs, 1)
        )
        return self._next()._rates(later)
