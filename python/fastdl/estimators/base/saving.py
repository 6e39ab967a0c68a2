"""The methods that write files, for every estimator."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastdl.io._sources import File


def save(self: Any, path: File, *, optimizer: bool = True) -> None:
    """Write the estimator to a safetensors file; `fastdl.load` reads it.

    Parameters
    ----------
    path : str, path or binary file object
    optimizer : bool, default=True
        Whether the state of the optimizer is kept, which only `partial_fit` needs; see
        `fastdl.io.save`.
    """
    from fastdl import io

    io.save(self, path, optimizer=optimizer)


def export_onnx(self: Any, path: str | PathLike[str], **options: Any) -> None:
    """Write the fitted estimator as an ONNX model, for runtimes without Python.

    Parameters
    ----------
    path : str or path
        Usually ending in ".onnx".
    **options
        Of `fastdl.to_onnx`, such as `opset` and `layout`.
    """
    from fastdl.onnx import to_onnx

    to_onnx(self, path, **options)
