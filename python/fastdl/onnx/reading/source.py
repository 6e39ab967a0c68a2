"""Models as users have them: files, bytes, or read already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from onnx import external_data_helper

from fastdl.io._errors import ModelFileError

_ENTRY = "location"


def model_of(source: Any) -> onnx.ModelProto:
    """The model, with its external data.

    Raises
    ------
    ModelFileError
        For what is no ONNX model, or one whose data are missing or outside of its folder.
    OSError
        Of the system.
    """
    if isinstance(source, onnx.ModelProto):
        return source
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _parsed(bytes(source), "the model", None)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        return _parsed(path.read_bytes(), str(path), path.parent)
    if hasattr(source, "read"):
        return _parsed(source.read(), "the model", None)
    raise TypeError(
        f"from_onnx takes a path, bytes or an onnx.ModelProto, not {type(source).__name__}."
    )


def _parsed(data: bytes, name: str, folder: Path | None) -> onnx.ModelProto:
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise ModelFileError(
            f"{name} is no ONNX model, or is damaged: {error}. Export it again."
        ) from error
    if not model.graph.node or not model.opset_import:
        raise ModelFileError(f"{name} is no ONNX model: it has no operators. Export it again.")
    _load_external(model, name, folder)
    return model


def _load_external(model: onnx.ModelProto, name: str, folder: Path | None) -> None:
    """Read what stands in files beside the model."""
    outside = [
        tensor
        for tensor in external_data_helper._get_all_tensors(model)
        if external_data_helper.uses_external_data(tensor)
    ]
    for tensor in outside:
        places = {entry.key: entry.value for entry in tensor.external_data}
        place = places.get(_ENTRY, "")
        if folder is None:
            raise ModelFileError(
                f"{name} has its weights in another file, {place!r}. Pass the path of the model."
            )
        path = (folder / place).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ModelFileError(
                f"{name} has weights outside of its folder, in {place!r}, which is not read. Put "
                "that file beside the model and save it again."
            )
        if not path.is_file():
            raise ModelFileError(f"{name} has weights in {place!r}, which is missing beside it.")
        try:
            external_data_helper.load_external_data_for_tensor(tensor, str(folder))
        except (ValueError, OSError, onnx.checker.ValidationError) as error:
            raise ModelFileError(f"{name}: weights in {place!r} cannot be read: {error}") from error
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]
