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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastdl.io import _atomic
from fastdl.io._errors import ModelFileError
from fastdl.io._sources import File, Source, name_of, source_of

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
_WIDENED = {"BF16": "<u2"}  # what NumPy has not: its bytes are read, and made float32
_LENGTH = 8  # bytes of the header's length, and what the data are aligned to
_LONGEST = 100_000_000  # bytes of a header, as in the library
_MOST_DIMENSIONS = 64  # of NumPy


def is_storable(array: NDArray[Any]) -> bool:
    """Whether the format knows the array's dtype."""
    return array.dtype.newbyteorder("<").str in _CODES


def write(file: File, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Write arrays and texts into a new file, or whole or not at all over an old one.

    Parameters
    ----------
    file : str, path or binary file object
        An object is written to as it is.
    tensors : mapping of str to ndarray
        Those of one size of elements stand in this order.
    metadata : mapping of str to str

    Raises
    ------
    ValueError
        If names and texts are longer than readers of the format take.
    OSError
        Of the system; then an old file is as it was.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    blocks, offset = [], 0
    for name in sorted(tensors, key=lambda name: -tensors[name].itemsize):  # aligned
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
    head = len(text).to_bytes(_LENGTH, "little") + text
    _atomic.write(file, [head, *(array.reshape(-1).view(np.uint8).data for array in blocks)])


@contextmanager
def opened(file: File, *, mmap: bool = False, foreign: bool = False) -> Iterator[Arrays]:
    """The arrays and texts of a file, which is read as far as they are asked for.

    Parameters
    ----------
    file : str, path or binary file object
        An object is read from where it stands to its end.
    mmap : bool, default=False
        Whether arrays are views of the file, mapped into memory.
    foreign : bool, default=False
        Whether bfloat16 is taken, too, and given as float32.

    Raises
    ------
    ModelFileError
        If the file is truncated, damaged or of another format. Nothing is allocated before the
        header was found to describe the rest of the file, byte for byte.
    """
    dtypes = {**DTYPES, **_WIDENED} if foreign else DTYPES
    with source_of(file, mapped=mmap) as source:
        name = name_of(file)
        header = _header(source, name)
        try:
            metadata, layouts = _parse(header, dtypes)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(
                f"{name} is not a safetensors file, or its header is damaged: {error}. Fetch the "
                "file again, or save the model again."
            ) from error
        end = max((layout.end for layout in layouts.values()), default=0)
        size = source.rest(end)
        if end != size:
            raise ModelFileError(
                f"{name} is {'truncated' if size < end else 'damaged'}: its header describes "
                f"{end:,} bytes of arrays, but {size:,} follow. Fetch the file again, or save the "
                "model again."
            )
        yield Arrays(source, name, layouts, metadata)


def read(
    file: File, *, mmap: bool = False, foreign: bool = False
) -> tuple[Tensors, dict[str, str]]:
    """All arrays and texts; see `opened`."""
    with opened(file, mmap=mmap, foreign=foreign) as arrays:
        names = sorted(arrays.layouts, key=lambda name: arrays.layouts[name].start)
        return {name: arrays.pop(name) for name in names}, arrays.metadata


class _Layout(NamedTuple):
    code: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    end: int


class Arrays:
    """The arrays of a file, each of which is read when it is taken.

    Attributes
    ----------
    name : str
        Of the file.
    layouts : dict of str to layout
        What was not taken yet: its code, dtype, shape and place.
    metadata : dict of str to str
    """

    def __init__(
        self, source: Source, name: str, layouts: dict[str, _Layout], metadata: dict[str, str]
    ) -> None:
        self._source, self.name = source, name
        self.layouts, self.metadata = layouts, metadata

    def __contains__(self, name: object) -> bool:
        return name in self.layouts

    def pop(self, name: str) -> NDArray[Any]:
        """Read an array; it is given out once."""
        code, dtype, shape, start, _ = self.layouts.pop(name)
        try:
            array = self._source.array(dtype, shape, start)
        except ValueError as error:  # a shape with 0 and with more elements than an index counts
            raise ModelFileError(
                f"{self.name} is damaged: {name!r} has shape {shape}. Save the model again."
            ) from error
        except EOFError as error:
            raise ModelFileError(
                f"{self.name} became shorter while it was read. Read it again."
            ) from error
        if code in _WIDENED:
            return (array.astype(np.uint32) << 16).view(np.float32)
        if dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
            raise ModelFileError(
                f"{self.name} is damaged: {name!r} holds bytes that are neither False nor True. "
                "Fetch the file again, or save the model again."
            )
        return array


def _header(source: Source, name: str) -> bytes:
    first = source.read(_LENGTH)
    length = int.from_bytes(first, "little")
    header = source.read(length) if 0 < length <= _LONGEST else b""
    if not header or len(header) < length:
        n_bytes = len(first) + len(header) + (0 if header else source.rest(0))
        raise ModelFileError(
            f"{name} is not a safetensors file, or it is truncated: it has {n_bytes:,} "
            "bytes, which do not begin with the length of a header. Fetch it again; a pickled "
            "model is read by pickle or joblib."
        )
    return header


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


def _parse(header: bytes, dtypes: Mapping[str, str]) -> tuple[dict[str, str], dict[str, _Layout]]:
    """Texts and arrays of a header; ValueError if it is none."""
    fields = parse(header.decode())  # JSONDecodeError and UnicodeDecodeError are ValueErrors
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")
    metadata = fields.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("'__metadata__' holds something else than texts")
    for text in (*fields, *metadata, *metadata.values()):
        text.encode()  # raises for half a character
    layouts = {name: _layout(name, field, dtypes) for name, field in fields.items()}
    position = 0
    for layout in sorted(layouts.values(), key=lambda layout: (layout.start, layout.end)):
        if layout.start != position:
            raise ValueError("its arrays overlap, or leave holes")
        position = layout.end
    return metadata, layouts


def _layout(name: str, field: Any, dtypes: Mapping[str, str]) -> _Layout:
    what = f"of array {name[:100]!r}"
    if not isinstance(field, dict) or field.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the entry {what} is not a dtype, a shape and two offsets")
    code, shape, offsets = field["dtype"], field["shape"], field["data_offsets"]
    if not isinstance(code, str) or code not in dtypes:
        raise ValueError(f"the dtype {what} is {code!r:.100}, which fastdl does not know")
    if not _are_counts(shape) or len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"the shape {what} is {shape!r:.100}")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise ValueError(f"the offsets {what} are {offsets!r:.100}")
    dtype, (start, end) = np.dtype(dtypes[code]), offsets
    if end - start != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"the offsets {what} are {offsets!r:.100}, which do not fit {code} of shape "
            f"{shape!r:.100}"
        )
    return _Layout(code, dtype, tuple(shape), start, end)


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)
