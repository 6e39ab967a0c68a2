"""The method `save`, for every estimator."""

from __future__ import annotations

from os import PathLike
from typing import Any


def save(self: Any, path: str | PathLike[str], *, optimizer: bool = True) -> None:
    """Write the estimator to a safetensors file; `fastdl.load` reads it.

    Parameters
    ----------
    path : str or path
    optimizer : bool, default=True
        Whether the state of the optimizer is kept, which only `partial_fit` needs; see
        `fastdl.io.save`.
    """
    from fastdl import io

    io.save(self, path, optimizer=optimizer)
