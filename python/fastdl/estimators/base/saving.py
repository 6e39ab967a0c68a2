"""The method `save`, for every estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastdl.io._sources import File


def save(self: Any, file: File, *, optimizer: bool = True) -> None:
    """Write the estimator to a safetensors file; `fastdl.load` reads it.

    Parameters
    ----------
    file : str, path or binary file object
    optimizer : bool, default=True
        Whether the state of the optimizer is kept, which only `partial_fit` needs; see
        `fastdl.io.save`.
    """
    from fastdl import io

    io.save(self, file, optimizer=optimizer)
