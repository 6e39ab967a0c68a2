"""What every loss says of itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Real
from typing import ClassVar

from fastdl._spec import Spec


@dataclass(frozen=True, repr=False)
class Loss(Spec):
    """Base of the losses.

    Attributes
    ----------
    kind : str
        What the core calls it.
    link : {"", "softmax", "sigmoid", "exp"}
        From raw outputs to predictions, for ``Program.predict``.
    codes : bool
        Whether y is class codes, int32 (n,), instead of targets (n, n_outputs).
    boxes : bool
        Whether y of images is boxes: see `ObjectsAsPoints`.
    lowest, highest : float
        Between which y must lie: 0 and 1 for shares, 0 and inf for counts.
    pairs : bool
        Whether samples of a batch are compared with each other; codes then say which are alike.
    """

    kind: ClassVar[str]
    link: ClassVar[str] = ""
    codes: ClassVar[bool] = False
    boxes: ClassVar[bool] = False
    lowest: ClassVar[float] = -math.inf
    highest: ClassVar[float] = math.inf
    pairs: ClassVar[bool] = False

    @property
    def param(self) -> float:
        """The number the core's loss takes: the one parameter that the loss has, else 0."""
        values = [getattr(self, f.name) for f in fields(self)]
        return float(next((value for value in values if isinstance(value, Real)), 0.0))
