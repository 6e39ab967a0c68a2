"""Decoded images in a temporary file, which is mapped into memory."""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import _core
from fastdl._locks import ForkSafeLock
from fastdl.data._image_files import ImageError


class MappedImages:
    """Images (n, height, width, channels) of uint8 in a file that has no name, and goes with them.

    The file has holes where nothing was written. Images are written to the file and not to its
    mapping, since a full disk is then an OSError.
    """

    def __init__(self, n: int, shape: tuple[int, ...]) -> None:
        self._file, name = tempfile.mkstemp(prefix="fastdl-")
        os.unlink(name)
        weakref.finalize(self, os.close, self._file)
        self._step = int(np.prod(shape))
        os.ftruncate(self._file, max(n * self._step, 1))
        mapped = mmap.mmap(self._file, 0, prot=mmap.PROT_READ)
        array = np.frombuffer(mapped, np.uint8, n * self._step)
        self.array: NDArray[np.uint8] = array.reshape(n, *shape)

    def write(self, i: int, image: NDArray[np.uint8]) -> None:
        """Write image i."""
        data = memoryview(np.ascontiguousarray(image)).cast("B")
        done = 0
        try:
            while done < len(data):
                done += os.pwrite(self._file, data[done:], i * self._step + done)
        except OSError as error:
            raise OSError(
                f"{len(self.array)} decoded images, {self.array.nbytes / 1e9:.2g} GB, do not fit "
                f"into {tempfile.gettempdir()}: {error.strerror}. Make them smaller with size=, or "
                "set TMPDIR to a folder with more room."
            ) from error


class ImageCache:
    """Files decoded once, when they are first asked for, by several threads.

    Parameters
    ----------
    paths : sequence of str
    shape : (height, width, channels)
    read : callable
        Gives the image of a path.
    verbose : bool
        Whether progress is shown.

    Attributes
    ----------
    unreadable : dict
        The errors of those that could not be decoded, by index.
    """

    def __init__(
        self,
        paths: Sequence[str],
        shape: tuple[int, ...],
        read: Callable[[str], NDArray[Any]],
        verbose: bool = False,
    ) -> None:
        self._paths, self._read, self._verbose = paths, read, verbose
        self._images = MappedImages(len(paths), shape)
        self._is_there = np.zeros(len(paths), np.bool_)
        self._lock = ForkSafeLock()
        self.unreadable: dict[int, ImageError] = {}

    def decoded(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """All images, of which those of `rows` are there, but for the unreadable ones."""
        with self._lock:
            missing = np.unique(rows[~self._is_there[rows]])
            progress = Progress(len(missing)) if self._verbose else None
            in_threads(self._decode, missing.tolist(), progress)
        return self._images.array

    def of(self, rows: Sequence[int]) -> ImageCache:
        """The cache of some of the images, all of which are there."""
        if len(rows) == len(self._paths):
            return self
        shape = self._images.array.shape[1:]
        part = ImageCache([self._paths[i] for i in rows], shape, self._read, self._verbose)
        for i, row in enumerate(rows):
            part._images.write(i, self._images.array[row])
        part._is_there[:] = True
        return part

    def _decode(self, i: int) -> None:
        try:
            image = self._read(self._paths[i])
            if image.shape != self._images.array.shape[1:]:
                raise ImageError(f"{self._paths[i]} has changed its size", "on_error")
            self._images.write(i, image)
        except ImageError as error:
            self.unreadable[i] = error
        self._is_there[i] = True


class Progress:
    """A line on stderr that says how far the decoding is, and how long it will take."""

    def __init__(self, n: int) -> None:
        self._n, self._start, self._shown = n, time.monotonic(), float("-inf")

    def show(self, done: int) -> None:
        """After each image; shown every half second, and in the end."""
        now = time.monotonic()
        if done < self._n and now - self._shown < 0.5:
            return
        self._shown = now
        seconds = now - self._start
        if done < self._n:
            rest = f"{_clock(seconds / done * (self._n - done))} left   "
        else:
            rest = f"in {_clock(seconds)}       \n"
        print(f"\rImageFolder: {done} of {self._n} images decoded, {rest}", end="", file=sys.stderr)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02}"


def in_threads(
    act: Callable[[Any], Any], items: Sequence[Any], progress: Progress | None = None
) -> list[Any]:
    """The results for all items, in order; the first error ends it."""
    if not items:
        return []
    pool = ThreadPoolExecutor(min(len(items), _core.max_threads()), "fastdl-images")
    try:
        results = []
        for done, result in enumerate(pool.map(act, items), 1):
            results.append(result)
            if progress is not None:
                progress.show(done)
        return results
    finally:
        pool.shutdown(cancel_futures=True)
