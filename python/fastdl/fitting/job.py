"""A fit as data: what the user passed, and what came of it when it was checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Given(NamedTuple):
    """What the user passed to fit."""

    X: Any
    y: Any = None
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None

    @property
    def validates(self) -> bool:
        """Whether there is a validation set among it.

        Raises
        ------
        ValueError
            If there is half of one.
        """
        if (self.X_val is None) != (self.y_val is None):
            raise ValueError("X_val and y_val belong together: give both or neither.")
        return self.X_val is not None

    @property
    def validation(self) -> Given:
        """The validation set as X, y and weights."""
        return Given(self.X_val, self.y_val, self.sample_weight_val)


class Checked(NamedTuple):
    """Samples that passed their checks."""

    X: Any  # rows or images as an array or CSR/CSC matrix; `Sequences`; sentences
    y: Any  # labels or numbers; None where X is its own target or there is none
    weight: NDArray[Any] | None  # of samples (n,) or steps (n, T), classes' weights multiplied in
    given: Any  # X as the user passed it, for the user's scorers and callbacks


@dataclass(frozen=True, eq=False)
class Job:
    """Everything a fit learns from, made once: after it, nothing asks for data again."""

    train: Checked
    validation: Checked | None  # the user's own
    sample_weight: Any  # as the user passed it: without the classes' weights
    random_state: np.random.RandomState
    anew: bool  # from new weights
    incremental: bool  # one epoch from where it stands: a partial fit
