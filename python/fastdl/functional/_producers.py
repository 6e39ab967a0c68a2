"""What arrays of other libraries say of themselves: where they lie on a GPU, and how.

By ``__cuda_array_interface__`` (Numba's documentation has versions 2 and 3), or by DLPack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastdl import _core

DEFAULT_STREAM = 1  # as both protocols name it
_OF_HOST = (np.ndarray, list, tuple, float, int, type(None))  # which need not be asked
_CUDA = 2  # kDLCUDA
_KINDS = {0: "i", 1: "u", 2: "f", 5: "c", 6: "b"}  # DLPack's codes of types


def is_on_gpu(a: object) -> bool:
    """Whether it is an array in a GPU's memory."""
    if isinstance(a, _OF_HOST):
        return False
    if hasattr(a, "__cuda_array_interface__"):
        return True
    device = getattr(a, "__dlpack_device__", None)
    return device is not None and device()[0] == _CUDA


class Seen(NamedTuple):
    """What an array says of itself."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None  # in bytes; None where it is C-contiguous
    dtype: np.dtype[Any] | str  # a name, where NumPy has none
    read_only: bool
    stream: int | None  # to be waited for
    owner: Any  # keeps the values


def look(who: str, name: str, a: Any) -> Seen:
    """What the array says; what its library has still to do on it takes place before `stream`."""
    return _interface(who, name, a) if number_of(a) is None else _dlpack(a)


def number_of(a: Any) -> int | None:
    """The GPU of an array that is taken by DLPack; None for those that have an interface.

    Before version 3 it knew no streams, which DLPack does.
    """
    found = getattr(a, "__cuda_array_interface__", None)
    if found is not None and (found["version"] >= 3 or not hasattr(a, "__dlpack__")):
        return None
    return int(a.__dlpack_device__()[1])


def _interface(who: str, name: str, a: Any) -> Seen:
    found = a.__cuda_array_interface__
    if found.get("mask") is not None:
        raise TypeError(f"{who}(): {name} is a masked array; expected an array without a mask.")
    address, read_only = found["data"]
    stream = found.get("stream", None if found["version"] >= 3 else DEFAULT_STREAM)
    strides, dtype = found.get("strides"), np.dtype(found["typestr"])
    return Seen(address or 0, tuple(found["shape"]), strides, dtype, read_only, stream, a)


def _dlpack(a: Any) -> Seen:
    capsule = a.__dlpack__(stream=DEFAULT_STREAM)
    address, shape, strides, (code, bits, lanes), owner = _core.open_dlpack(capsule)
    dtype: np.dtype[Any] | str = f"bfloat{bits}" if code == 4 else f"DLPack's {code}, {bits} bits"
    if code in _KINDS and lanes == 1:
        dtype = np.dtype(f"{_KINDS[code]}{bits // 8}")
    if strides is not None:
        strides = tuple(step * (bits // 8) for step in strides)
    return Seen(address, shape, strides, dtype, False, DEFAULT_STREAM, owner)


def check(who: str, name: str, seen: Seen, kinds: str, writes: bool) -> None:
    """Raise TypeError for a dtype of another kind, ValueError for memory that does not do."""
    dtype = seen.dtype if isinstance(seen.dtype, np.dtype) else np.dtype("V1")
    if dtype.kind not in kinds or (dtype.kind == "f" and dtype.itemsize not in (4, 8)):
        expected = "float32 or float64" if kinds == "f" else "integers"
        raise TypeError(
            f"{who}(): {name} has dtype {seen.dtype}; expected {expected}: on a GPU nothing is "
            "converted. Use .astype() of CuPy, .to() of torch."
        )
    if not _is_contiguous(seen.shape, seen.strides, dtype.itemsize):
        raise ValueError(
            f"{who}(): {name} of shape {seen.shape} has strides {seen.strides} bytes; expected a "
            f"C-contiguous array. Use cupy.ascontiguousarray({name}), {name}.contiguous() of torch."
        )
    if seen.address % dtype.itemsize:
        raise ValueError(
            f"{who}(): {name} begins in the middle of a {dtype}, at {seen.address:#x}. Copy it."
        )
    if writes and seen.read_only:
        raise ValueError(f"{who}(): {name} is read-only.")


def _is_contiguous(shape: Sequence[int], strides: Sequence[int] | None, size: int) -> bool:
    if strides is None or 0 in shape:
        return True
    for side, step in zip(reversed(shape), reversed(strides), strict=True):
        if side != 1 and step != size:
            return False
        size *= side
    return True
