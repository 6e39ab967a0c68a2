"""Files of images as a whole: which of them there are, what they are, and their pixels."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl._locks import ForkSafeLock
from fastdl.data._image_cache import ImageCache, MappedImages, in_threads
from fastdl.data._image_files import Header, ImageError, header, read


class ImageSource:
    """Images in files, each decoded once if they are of one size.

    Parameters
    ----------
    paths, size, fit, grey, on_error, verbose
        See `ImageFolder`.

    Attributes
    ----------
    paths : list of str
        The files; once `settle` was called, those that can be decoded.
    """

    def __init__(
        self,
        paths: Sequence[str],
        size: tuple[int, int] | None,
        fit: str,
        grey: bool | None,
        on_error: str = "raise",
        verbose: bool = False,
    ) -> None:
        self.paths, self._size, self._fit, self._is_grey = list(paths), size, fit, grey
        self._on_error, self._verbose = on_error, verbose
        self._kept: list[int] | None = None if on_error != "raise" else list(range(len(paths)))
        self._headers: list[Header] | None = None
        self._shape: tuple[int, ...] | None = None
        self._lock = ForkSafeLock()
        self._cache: ImageCache | None = None

    # --- which there are ----------------------------------------------------------------------

    def settle(self) -> list[int]:
        """Leave out what cannot be decoded, if that is asked for; the indices of the others."""
        with self._lock:
            if self._kept is not None:
                return self._kept
            given = self.paths
            self._kept = list(range(len(given)))  # for what is called from here
            try:
                headers = in_threads(_or_error(header), self.paths)
                self._leave_out(headers)
                self._headers = [h for h in headers if isinstance(h, Header)]
                if self.shape is None:
                    self._leave_out(in_threads(_or_error(self._reader()), self.paths))
                else:
                    cache = self._new_cache()
                    cache.decoded(np.arange(len(self.paths)))
                    found = [cache.unreadable.get(i) for i in range(len(self.paths))]
                    self._cache = cache.of(self._leave_out(found))
            except BaseException:
                self.paths, self._kept, self._headers, self._shape = given, None, None, None
                raise
            return self._kept

    def _leave_out(self, found: Sequence[Any]) -> list[int]:
        """Leave out the images of which an error was found; the indices of the others."""
        assert self._kept is not None
        bad = {i for i, error in enumerate(found) if isinstance(error, ImageError)}
        good = [i for i in range(len(self.paths)) if i not in bad]
        if not good:
            raise ValueError(f"none of {len(bad)} images can be read: {found[0].seen}.")
        for i in sorted(bad) if self._on_error == "warn" else ():
            warnings.warn(f"{found[i].seen}; it is left out.", stacklevel=2)
        self.paths, self._kept = [self.paths[i] for i in good], [self._kept[i] for i in good]
        self._headers = None if self._headers is None else [self._headers[i] for i in good]
        return good

    # --- what they are ------------------------------------------------------------------------

    @property
    def headers(self) -> list[Header]:
        """Those of all files."""
        self.settle()
        with self._lock:
            if self._headers is None:
                self._headers = in_threads(header, self.paths)
        return self._headers

    @property
    def is_grey(self) -> bool:
        """Whether the images have one channel."""
        if self._is_grey is None:
            self._is_grey = all(h.is_grey for h in self.headers)
        return self._is_grey

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Of each image, (height, width, channels); None if they are of several sizes."""
        self.settle()
        if self._shape is None:
            size = self._size
            if size is None:
                sizes = {(h.height, h.width) for h in self.headers}
                if len(sizes) > 1:
                    return None
                (size,) = sizes
            self._shape = (*size, 1 if self.is_grey else 3)
        return self._shape

    def of_several_sizes(self) -> ImageError:
        """What is wrong with them as an array."""
        sizes = [(h.height, h.width) for h in self.headers]
        i = next(i for i, size in enumerate(sizes) if size != sizes[0])
        one, other = (f"{h}x{w}" for h, w in (sizes[0], sizes[i]))
        return ImageError(
            f"{self.paths[0]} and {self.paths[i]} are of {one} and {other} pixels; an array of "
            "images has one size",
            "size",
        )

    # --- their pixels -------------------------------------------------------------------------

    def image(self, i: int) -> NDArray[np.uint8]:
        """Image i (height, width, channels)."""
        if self.shape is None:
            return self._reader()(self.paths[i])
        return self._decoded(np.array([i]))[i]

    def images(self, rows: NDArray[np.int64] | None) -> NDArray[np.uint8]:
        """Some of the images, or all, as an array that is not to be changed.

        Those that do not stand together are copied on disk.
        """
        if self.shape is None:
            raise self.of_several_sizes()
        if rows is None:
            return self._decoded(np.arange(len(self.paths)))
        images = self._decoded(rows)
        if (np.diff(rows) == 1).all():
            return images[rows[0] : rows[-1] + 1] if len(rows) else images[:0]
        copied = MappedImages(len(rows), images.shape[1:])
        for i, row in enumerate(rows):
            copied.write(i, images[row])
        return copied.array

    def _decoded(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """All images, of which those of `rows` are there."""
        with self._lock:
            if self._cache is None:
                self._cache = self._new_cache()
        images, bad = self._cache.decoded(rows), self._cache.unreadable
        if bad:
            for i in sorted(bad.keys() & set(rows.tolist()))[:1]:
                raise bad[i]
        return images

    def _new_cache(self) -> ImageCache:
        return ImageCache(self.paths, self.shape or (), self._reader(), self._verbose)

    def _reader(self) -> Callable[[str], NDArray[np.uint8]]:
        """What decodes a file; made here, since the threads that call it must take no lock."""
        return partial(read, size=self._size, fit=self._fit, grey=self.is_grey)

    # --- some of them -------------------------------------------------------------------------

    def of(self, rows: NDArray[np.int64] | None) -> ImageSource:
        """Some of the files, or all, as a source of their own, without what is decoded."""
        self.settle()  # files that cannot be read go first
        chosen = range(len(self.paths)) if rows is None else rows
        paths, shape = [self.paths[i] for i in chosen], self.shape
        part = ImageSource(paths, self._size, self._fit, self.is_grey, verbose=self._verbose)
        part._shape = shape
        part._headers = None if self._headers is None else [self._headers[i] for i in chosen]
        return part

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_cache": None, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=ForkSafeLock())


def _or_error(act: Callable[[str], Any]) -> Callable[[str], Any]:
    """The same, with the error of a file as its result."""

    def result(path: str) -> Any:
        try:
            return act(path)
        except ImageError as error:
            return error

    return result
