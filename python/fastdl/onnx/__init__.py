"""ONNX: estimators and networks as ONNX models, and ONNX models as networks.

Everything is imported when first used, and needs the package ``onnx``. Estimators within
scikit-learn's pipelines become ONNX by skl2onnx, to which importing this module makes them known,
whichever of the two is imported first.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastdl._other_names import raiser

try:
    import onnx as _onnx  # noqa: F401
except ImportError as error:
    raise ImportError(
        "fastdl.onnx needs the package onnx, which is not installed: pip install onnx"
    ) from error

from fastdl.onnx.pipelines.arrival import when_imported

if TYPE_CHECKING:
    from fastdl.onnx import backend as backend
    from fastdl.onnx.reading.errors import UnsupportedModelError as UnsupportedModelError
    from fastdl.onnx.reading.from_onnx import from_onnx as from_onnx
    from fastdl.onnx.writing.to_onnx import to_onnx as to_onnx

_HOMES = {
    "UnsupportedModelError": "fastdl.onnx.reading.errors",
    "from_onnx": "fastdl.onnx.reading.from_onnx",
    "to_onnx": "fastdl.onnx.writing.to_onnx",
}

__all__ = ["UnsupportedModelError", "backend", "from_onnx", "to_onnx"]

_unknown = raiser(__name__, __all__)


def __getattr__(name: str) -> Any:
    if name == "backend":
        return import_module("fastdl.onnx.backend")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    return _unknown(name)


def _register() -> None:
    import_module("fastdl.onnx.pipelines.converters")


when_imported("skl2onnx", _register)


def __dir__() -> list[str]:
    return sorted(__all__)
