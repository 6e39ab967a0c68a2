"""ONNX: estimators and networks as ONNX models, and ONNX models as networks.

Imported when first used; needs the package ``onnx``.
"""

try:
    import onnx as _onnx  # noqa: F401
except ImportError as error:
    raise ImportError(
        "fastdl.onnx needs the package onnx, which is not installed: pip install 'fastdl[onnx]'"
    ) from error

from fastdl.onnx.writing.to_onnx import to_onnx

__all__ = ["to_onnx"]
