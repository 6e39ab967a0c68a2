"""The safetensors format: a length, a JSON header, then the bytes of all arrays.

https://github.com/huggingface/safetensors, "Format". The same arrays give the same bytes.

Our own reader and not the safetensors library, for four reasons: it refuses more (the library takes
a name that stands twice, and fields that it does not know), it takes the memory of the arrays once
and not twice, it needs NumPy alone, and a full disk is an OSError. What the library refuses is
refused here too: the tests compare the two on mutated files.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from io import BufferedReader
from os import PathLike
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastdl.io._atomic import replacing
from fastdl.io._errors import ModelFileError

Tensors: TypeAlias = dict[str, NDArray[Any]]

DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_CODES = {np.dtype(text).str: code for code, text in DTYPES.items()}
_LENGTH = 8  # bytes of the header's length, and what the data are aligned to
_LONGEST = 100_000_000  # bytes of a header, as in the library
_MOST_DIMENSIONS = 64  # of NumPy


def is_storable(array: NDArray[Any]) -> bool:
    """Whether the format knows the array's dtype."""
    return array.dtype.newbyteorder("<").str in _CODES


def write(
    path: str | PathLike[str], tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write arrays and texts into a new file, or whole or not at all over an old one.

    Raises
    ------
    ValueError
        If names and texts are longer than readers of the format take.
    OSError
        Of the system; then an old file is as it was.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    blocks, offset = [], 0
    for name in sorted(tensors, key=lambda name: (-tensors[name].itemsize, name)):  # aligned
        array = np.ascontiguousarray(tensors[name], tensors[name].dtype.newbyteorder("<"))
        header[name] = {
            "dtype": _CODES[array.dtype.str],
            "shape": list(tensors[name].shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        blocks.append(array)
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _LENGTH)
    if len(text) > _LONGEST:
        raise ValueError(
            f"the description of the model has {len(text):,} bytes; a safetensors file takes "
            f"{_LONGEST:,}. Save parts of it apart."
        )
    with replacing(path) as file:
        file.write(len(text).to_bytes(_LENGTH, "little") + text)
        for array in blocks:
            file.write(array.data)


def read(path: str | PathLike[str]) -> tuple[Tensors, dict[str, str]]:
    """Read arrays and texts.

    Raises
    ------
    ModelFileError
        If the file is truncated, damaged or of another format. Nothing is allocated before the
        header was found to describe the rest of the file, byte for byte.
    """
    with open(path, "rb") as file:
        header, size = _header(file, path)
        try:
            metadata, layouts = _parse(header)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(
                f"{path} is not a safetensors file, or its header is damaged: {error}. Fetch the "
                "file again, or save the model again."
            ) from error
        end = max((layout.end for layout in layouts.values()), default=0)
        if end != size:
            raise ModelFileError(
                f"{path} is {'truncated' if size < end else 'damaged'}: its header describes "
                f"{end:,} bytes of arrays, but {size:,} follow. Fetch the file again, or save the "
                "model again."
            )
        tensors = {}
        for name in sorted(layouts, key=lambda name: layouts[name].start):
            tensors[name] = _array(file, path, name, layouts[name])
    return tensors, metadata


class _Layout(NamedTuple):
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    end: int


def _header(file: BufferedReader, path: str | PathLike[str]) -> tuple[bytes, int]:
    """The header, and how many bytes follow it."""
    size = os.fstat(file.fileno()).st_size - _LENGTH
    length = int.from_bytes(file.read(_LENGTH), "little")
    header = file.read(length) if 0 < length <= min(size, _LONGEST) else b""
    if not header or len(header) < length:
        raise ModelFileError(
            f"{path} is not a safetensors file, or it is truncated: it has {size + _LENGTH:,} "
            "bytes, which do not begin with the length of a header. Fetch it again; a pickled "
            "model is read by pickle or joblib."
        )
    return header, size - length


def parse(text: str) -> Any:
    """What a JSON text says; ValueError for a name that stands twice, and for NaN."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ValueError(f"{name[:100]!r} stands twice in it")
        fields[name] = value
    return fields


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _parse(header: bytes) -> tuple[dict[str, str], dict[str, _Layout]]:
    """Texts and arrays of a header; ValueError if it is none."""
    fields = parse(header.decode())  # JSONDecodeError and UnicodeDecodeError are ValueErrors
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")
    metadata = fields.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("'__metadata__' holds something else than texts")
    for text in (*fields, *metadata, *metadata.values()):
        text.encode()  # raises for half a character
    layouts = {name: _layout(name, field) for name, field in fields.items()}
    position = 0
    for layout in sorted(layouts.values(), key=lambda layout: (layout.start, layout.end)):
        if layout.start != position:
            raise ValueError("its arrays overlap, or leave holes")
        position = layout.end
    return metadata, layouts


def _layout(name: str, field: Any) -> _Layout:
    what = f"of array {name[:100]!r}"
    if not isinstance(field, dict) or field.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the entry {what} is not a dtype, a shape and two offsets")
    code, shape, offsets = field["dtype"], field["shape"], field["data_offsets"]
    if not isinstance(code, str) or code not in DTYPES:
        raise ValueError(f"the dtype {what} is {code!r:.100}, which fastdl does not know")
    if not _are_counts(shape) or len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"the shape {what} is {shape!r:.100}")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise ValueError(f"the offsets {what} are {offsets!r:.100}")
    dtype, (start, end) = np.dtype(DTYPES[code]), offsets
    if end - start != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"the offsets {what} are {offsets!r:.100}, which do not fit {code} of shape "
            f"{shape!r:.100}"
        )
    return _Layout(dtype, tuple(shape), start, end)


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)


def _array(
    file: BufferedReader, path: str | PathLike[str], name: str, layout: _Layout
) -> NDArray[Any]:
    try:
        array = np.empty(layout.shape, layout.dtype)
    except ValueError as error:  # a shape with 0 and with more elements than an index counts
        raise ModelFileError(
            f"{path} is damaged: {name!r} has shape {layout.shape}. Save the model again."
        ) from error
    if file.readinto(array.reshape(-1).view(np.uint8).data) != layout.end - layout.start:
        raise ModelFileError(f"{path} became shorter while it was read. Read it again.")
    if layout.dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
        raise ModelFileError(
            f"{path} is damaged: {name!r} holds bytes that are neither False nor True. Fetch the "
            "file again, or save the model again."
        )
    return array
