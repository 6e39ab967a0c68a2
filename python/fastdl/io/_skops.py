"""What skops has to be told to trust: the classes that fitted estimators consist of."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from fastdl import schedules
from fastdl.estimators.boltzmann.training import Momenta
from fastdl.estimators.parameters.words import saved
from fastdl.estimators.vision.enlarging.geometry import Geometry
from fastdl.fitting.columns import Columns
from fastdl.fitting.preparation import Recoding
from fastdl.fitting.progress import LearningRate, Progress
from fastdl.io._estimators import ESTIMATORS
from fastdl.io._values import SPECS
from fastdl.network import Network
from fastdl.program import Snapshot


def skops_trusted() -> list[str]:
    """The types for ``skops.io.load(file, trusted=...)`` of fastdl's estimators.

    All of them are data: frozen descriptions, arrays and counts. Functions of your own, as a
    callback or in a loss, are not among them.

    Returns
    -------
    list of str
        Sorted.

    Examples
    --------
    >>> import fastdl
    >>> "fastdl.layers._dense.Dense" in fastdl.io.skops_trusted()
    True
    """
    found: set[type] = {*ESTIMATORS.values(), *SPECS.values()}
    found |= {Network, Columns, Recoding, Snapshot, Momenta, Geometry, Progress, LearningRate}
    for kind in ESTIMATORS.values():
        forms: list[Any] = [kept.form for _, kept in saved(kind).values()]
        found |= {form for form in forms if inspect.isclass(form)}
    found.add(schedules.Plateau)  # where a schedule that watches the loss stands
    found.add(np.dtype)  # as a parameter
    return sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in found)
