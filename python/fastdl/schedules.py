"""Learning-rate schedules: the rate of every batch of an epoch.

A schedule is a frozen spec. The two that watch the loss (`Adaptive`, `ReduceOnPlateau`) keep no
state either: the caller holds it, from `Schedule.start` through `Schedule.fold` after each epoch::

    state = schedule.start(base_rate)
    for epoch in range(n_epochs):
        rates = schedule.rates(epoch, n_batches, n_epochs, base_rate, seen=seen, state=state)
        ...
        state = schedule.fold(state, loss)
        if state is not None and state.stop:
            break
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastdl._other_names import raiser
from fastdl._rules import (
    COUNT,
    FRACTION,
    NOT_NEGATIVE,
    NUMBER,
    PART,
    POSITIVE,
    POSITIVE_INTEGER,
    UNIT,
    Rule,
    integer,
    number,
)
from fastdl._spec import Spec, lookup

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


@dataclass(frozen=True, repr=False)
class InvScaling(Schedule):
    """rate = base / (seen + 1)^power, `seen` the samples trained on before the epoch.

    As scikit-learn's ``learning_rate="invscaling"``.

    Parameters
    ----------
    power : float, default=0.5
        scikit-learn's ``power_t``.
    """

    power: float = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"power": NUMBER}

    def _rates(self, now: Moment) -> float:
        return now.base / float((now.seen + 1) ** self.power)


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


@dataclass(frozen=True, repr=False)
class Step(Schedule):
    """rate = base * factor^floor(epoch / every): falls in steps, as in AlexNet and ResNet.

    Parameters
    ----------
    every : int, default=10
        Epochs between two steps.
    factor : float, default=0.1
    """

    every: int = 10
    factor: float = 0.1
    rules: ClassVar[Mapping[str, Rule]] = {"every": POSITIVE_INTEGER, "factor": POSITIVE}

    def _rates(self, now: Moment) -> float:
        return now.base * float(self.factor ** (now.epoch // self.every))


@dataclass(frozen=True, repr=False)
class Exponential(Schedule):
    """rate = base * factor^epoch.

    Parameters
    ----------
    factor : float, default=0.95
    """

    factor: float = 0.95
    rules: ClassVar[Mapping[str, Rule]] = {"factor": POSITIVE}

    def _rates(self, now: Moment) -> float:
        return now.base * float(self.factor**now.epoch)


@dataclass(frozen=True, repr=False)
class Cosine(Schedule):
    """Half a cosine from base down to final * base, batch by batch.

    rate = base * (final + (1 - final) (1 + cos(pi p)) / 2), p the part of the training that lies
    behind. Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5, without restarts.

    Parameters
    ----------
    final : float, default=0.0
        What is left in the end, as a part of the base rate.
    """

    final: float = 0.0
    rules: ClassVar[Mapping[str, Rule]] = {"final": UNIT}

    @property
    def ends(self) -> bool:
        """With a `final` of at most 1 %."""
        return self.final <= 0.01

    def _rates(self, now: Moment) -> Rates:
        return now.base * _cosine(1.0, self.final, now.progress())


@dataclass(frozen=True, repr=False)
class CosLog(Schedule):
    """Cosine waves from 0 up to base and down to 0, each twice as long as the last.

    rate = base * (1 - cos(2 pi log2(1 + (2^cycles - 1) p))) / 2, p the part of the training that
    lies behind: each batch has its own rate, and the last wave ends with the training. Holzmueller,
    Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular
    data", NeurIPS 2024, section 3.

    Parameters
    ----------
    cycles : int, default=4
    """

    cycles: int = 4
    rules: ClassVar[Mapping[str, Rule]] = {"cycles": integer("an integer from 1 to 50", 1, 50)}

    def _rates(self, now: Moment) -> Rates:
        turns = np.log2(1 + (2**self.cycles - 1) * now.progress())
        return now.base * (1 - np.cos(2 * np.pi * turns)) / 2


@dataclass(frozen=True, repr=False)
class FlatCosine(Schedule):
    """Base for a while, then half a cosine down to 0, batch by batch.

    rate = base up to p = flat, then base * (1 + cos(pi (p - flat) / (1 - flat))) / 2, p the part of
    the training that lies behind.

    Parameters
    ----------
    flat : float, default=0.5
        Part of the training before the fall.
    """

    flat: float = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"flat": FRACTION}

    def _rates(self, now: Moment) -> Rates:
        fall = np.maximum(now.progress() - self.flat, 0.0) / (1 - self.flat)
        return now.base * _cosine(1.0, 0.0, fall)


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
        up = _cosine(first, 1.0, batch / top) if top > 0 else np.ones(now.n_batches)
        down = _cosine(1.0, first / self.final, (batch - top) / (last - top))
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
        return get(self.schedule, "schedule")

    def _rates(self, now: Moment) -> float | Rates:
        if now.epoch < self.epochs:
            return now.base * (now.batches() + 1) / (self.epochs * now.n_batches)
        later = now._replace(
            epoch=now.epoch - self.epochs, n_epochs=max(now.n_epochs - self.epochs, 1)
        )
        return self._next()._rates(later)


def _cosine(start: float, end: float, part: Rates) -> Rates:
    """From start to end by half a cosine, part going from 0 to 1."""
    return end + (start - end) * (1 + np.cos(np.pi * part)) / 2


BY_NAME: dict[str, type[Schedule]] = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
    "step": Step,
    "exponential": Exponential,
    "cosine": Cosine,
    "coslog": CosLog,
    "flat_cosine": FlatCosine,
    "one_cycle": OneCycle,
    "warm_up": WarmUp,
    "reduce_on_plateau": ReduceOnPlateau,
}


def get(value: str | Schedule, parameter: str = "learning_rate") -> Schedule:
    """The schedule that a name stands for ("cosine"), or `value` itself.

    Raises
    ------
    ValueError, TypeError
        For an unknown name; for anything else.
    """
    return lookup(value, BY_NAME, Schedule, parameter)


if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, globals())
