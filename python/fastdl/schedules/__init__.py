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

from typing import TYPE_CHECKING

from fastdl._other_names import raiser
from fastdl._spec import lookup, name_as_imported
from fastdl.schedules._falling import (
    Cosine,
    CosLog,
    Exponential,
    FlatCosine,
    InvScaling,
    Step,
)
from fastdl.schedules._rising import OneCycle, WarmUp
from fastdl.schedules._schedule import Constant, Moment, Plateau, Rates, Schedule, State
from fastdl.schedules._watching import Adaptive, ReduceOnPlateau

__all__ = [
    "BY_NAME",
    "Adaptive",
    "Constant",
    "CosLog",
    "Cosine",
    "Exponential",
    "FlatCosine",
    "InvScaling",
    "Moment",
    "OneCycle",
    "Plateau",
    "Rates",
    "ReduceOnPlateau",
    "Schedule",
    "State",
    "Step",
    "WarmUp",
    "get",
]

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


name_as_imported(vars())

if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
