"""What `summary` gives, and what it asks of an estimator's words."""

from __future__ import annotations

from fastdl import optim
from fastdl.optim import Optimizer


class Summary(str):
    """A text that shows itself as it is."""

    __slots__ = ()

    __repr__ = str.__str__


def kind_of_optimizer(solver: str | Optimizer) -> str:
    """What `solver` stands for; "" where nothing is trained by descent."""
    if isinstance(solver, Optimizer):
        return solver.kind
    return optim.BY_NAME[solver].kind if solver in optim.BY_NAME else "adam" if solver else ""
