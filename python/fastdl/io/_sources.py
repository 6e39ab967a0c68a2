"""Where the bytes of a file come from: the disk, a map of it, an object, a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOBase
from mmap import ACCESS_COPY, mmap
from os import PathLike
from typing import Any, BinaryIO, Protocol, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

File: TypeAlias = str | PathLike[str] | BinaryIO
_CHUNK = 1 << 20


class Source(Protocol):
    """Bytes, at first from the beginning; no more memory is taken than there are bytes."""

    def read(self, n: int) -> bytes:
        """The next n bytes; fewer at the end."""

    def rest(self, expected: int) -> int:
        """How many follow; of a stream that goes on, one more than expected."""

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...], start: int) -> NDArray[Any]:
        """An array that begins so many bytes behind what was read; EOFError if it is not there."""


def is_path(file: Any) -> TypeGuard[str | PathLike[str]]:
    """Whether it names a file.

    Raises
    ------
    TypeError
        If it is no file object either, or one for text.
    """
    if isinstance(file, (str, PathLike)):
        return True
    if isinstance(file, TextIOBase):
        raise TypeError(
            f"{file!r} is open for text: open it with mode 'rb', or mode 'wb' to write."
        )
    if hasattr(file, "read") or hasattr(file, "write"):
        return False
    raise TypeError(f"{file!r} is neither a path nor a binary file object.")


def name_of(file: Any) -> str:
    """What messages call it."""
    if is_path(file):
        return os.fspath(file)
    name = getattr(file, "name", None)
    return name if isinstance(name, str) else f"<{type(file).__name__}>"


@contextmanager
def source_of(file: File, *, mapped: bool = False) -> Iterator[Source]:
    """The bytes of a path, or of a file object from where it stands.

    Parameters
    ----------
    file : str, path or binary file object
    mapped : bool, default=False
        Whether arrays are views of the file in memory. What is written to them stays there.
    """
    if is_path(file):
        with open(file, "rb") as disk:
            if mapped and os.fstat(disk.fileno()).st_size:
                yield _Held(mmap(disk.fileno(), 0, access=ACCESS_COPY))
            elif disk.seekable():
                yield _Placed(disk)
            else:
                yield _Stream(disk)
        return
    if mapped:
        raise ValueError("mmap=True maps a file of the disk into memory: pass its path.")
    can_seek = hasattr(file, "readinto") and hasattr(file, "seekable") and file.seekable()
    yield _Placed(file) if can_seek else _Stream(file)


class _Placed:
    """A file in which one can go to any place."""

    def __init__(self, file: Any) -> None:
        self._file, self._here = file, file.tell()

    def read(self, n: int) -> bytes:
        left = self._file.seek(0, os.SEEK_END) - self._here
        self._file.seek(self._here)
        data: bytes = self._file.read(min(n, left))
        self._here += len(data)
        return data

    def rest(self, expected: int) -> int:
        size: int = self._file.seek(0, os.SEEK_END) - self._here
        return size

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...], start: int) -> NDArray[Any]:
        array = np.empty(shape, dtype)
        self._file.seek(self._here + start)
        data = array.reshape(-1).view(np.uint8).data
        while data:
            n = self._file.readinto(data)
            if not n:
                raise EOFError
            data = data[n:]
        return array


class _Held:
    """Bytes that are in memory: arrays are views of them."""

    def __init__(self, held: Any) -> None:
        self._bytes, self._here = np.frombuffer(held, np.uint8), 0

    def read(self, n: int) -> bytes:
        data = self._bytes[self._here : self._here + n].tobytes()
        self._here += len(data)
        return data

    def rest(self, expected: int) -> int:
        return len(self._bytes) - self._here

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...], start: int) -> NDArray[Any]:
        n_bytes = dtype.itemsize * int(np.prod(shape, dtype=object))
        if not n_bytes:
            return np.empty(shape, dtype)
        data = self._bytes[self._here + start :][:n_bytes]
        array = data.view(dtype).reshape(shape)
        return array if array.flags.aligned else array.copy()


class _Stream:
    """Bytes that come once; kept when it is known how many there should be."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._held = _Held(b"")

    def read(self, n: int) -> bytes:
        return bytes(self._next(n))

    def rest(self, expected: int) -> int:
        held = self._next(expected + 1)
        self._held = _Held(held)
        return len(held)

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...], start: int) -> NDArray[Any]:
        return self._held.array(dtype, shape, start)

    def _next(self, n: int) -> bytearray:
        found = bytearray()
        while len(found) < n:
            data = self._stream.read(min(_CHUNK, n - len(found)))
            if not data:
                break
            found += data
        return found
