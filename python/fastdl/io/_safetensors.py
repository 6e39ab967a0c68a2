"""The safetensors format: a length, a JSON header, then the bytes of all arrays.

https://github.com/huggingface/safetensors, "Format". The same arrays give the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Tensors: TypeAlias = dict[str, NDArray[Any]]

_DTYPES = {
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
_CODES = {np.dtype(text).str: code for code, text in _DTYPES.items()}
_LENGTH = 8  # bytes of the header's length, and what the data are aligned to


def is_storable(array: NDArray[Any]) -> bool:
    """Whether the format knows the array's dtype."""
    return array.dtype.newbyteorder("<").str in _CODES


def write(
    path: str | PathLike[str], tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write arrays and texts into a new file, or over an old one."""
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
    with Path(path).open("wb") as file:
        file.write(len(text).to_bytes(_LENGTH, "little") + text)
        for array in blocks:
            file.write(array.data)


def read(path: str | PathLike[str]) -> tuple[Tensors, dict[str, str]]:
    """Read arrays and texts.

    Raises
    ------
    ValueError
        If the file is truncated or of another format.
    """
    with Path(path).open("rb") as file:
        size = Path(path).stat().st_size - _LENGTH
        length = int.from_bytes(file.read(_LENGTH), "little")
        if not 0 < length <= size:
            raise ValueError(f"{path} is not a safetensors file, or it is truncated.")
        try:
            header = json.loads(file.read(length))
            metadata = header.pop("__metadata__", {})
            specs = {name: _layout(**spec) for name, spec in header.items()}
        except (UnicodeDecodeError, ValueError, AttributeError, TypeError, KeyError) as error:
            raise ValueError(f"{path} is not a safetensors file: its header is damaged.") from error
        data = memoryview(file.read())
    tensors: Tensors = {}
    for name, (dtype, shape, start, end) in specs.items():
        if not (
            0 <= start <= end <= len(data) and end - start == math.prod(shape) * dtype.itemsize
        ):
            raise ValueError(f"{path} is truncated or damaged: {name!r} lies outside of the file.")
        tensors[name] = np.frombuffer(data[start:end], dtype).reshape(shape).copy()
    return tensors, metadata


def _layout(
    dtype: str, shape: list[int], data_offsets: list[int]
) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    start, end = data_offsets
    return np.dtype(_DTYPES[dtype]), tuple(map(int, shape)), int(start), int(end)
