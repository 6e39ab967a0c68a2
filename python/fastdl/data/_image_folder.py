"""Images on disk as X."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastdl._locks import ForkSafeLock
from fastdl._rules import is_integer, unknown
from fastdl.data._boxes import checked_boxes
from fastdl.data._image_cache import ImageCache, MappedImages, in_threads
from fastdl.data._image_files import (
    FITS,
    Header,
    ImageError,
    files_in,
    first_folders,
    header,
    pillow,
    placement,
    read,
)

_ON_ERROR = ("raise", "skip", "warn")
_LEAST_PART = 0.25  # of a box's area, as in `fastdl.functional.augment`


class ImageFolder:
    """Images on disk, to be passed as X wherever an array of images is taken.

    Each file is decoded once, by Pillow in several threads, when it is first asked for; the images
    are kept as bytes in a temporary file (in ``TMPDIR``) that is mapped into memory, from which
    estimators gather their batches. So memory holds no more of them than fits, and epochs are as
    fast as those of an array.

    Images are turned as EXIF says; what is transparent lies on white; palettes become colours; of
    16 bits the upper 8 are kept; of an animation the first picture is taken.

    Parameters
    ----------
    path : path-like, or list of path-like
        A folder, or the files themselves. In a folder all images are found, whose names end in
        ``.png .jpg .jpeg .bmp .gif .tif .tiff .webp .ppm .pgm``, those in folders below too, sorted
        by path. The folder right below `path` that an image is in is its class.
    y : array-like of n, or list of n dicts, optional
        Targets, one for each image, in place of the names of folders: kept as ``folder.y`` in step
        with the images. Of dicts with "boxes", as `ObjectDetector` takes them, boxes are changed as
        the images are: moved, enlarged, cut off, and left out if less than a quarter is left.
    size : int or (height, width), optional
        Bring all images to this size. Without it they stay as they are: one size makes an array,
        several are a list of images.
    fit : {"crop", "pad", "stretch"}, default="crop"
        What happens to an image with other proportions than `size`: it is made to cover it and cut
        off at both sides; made to lie within it, between black bars; or stretched.
    grey : bool, optional
        Whether images have 1 channel or 3. By default 1 if all are grey.
    on_error : {"raise", "skip", "warn"}, default="raise"
        Whether a file that cannot be decoded is an error or is left out, with a warning or without.
        What can be left out has to be decoded before it is known how many images there are.
    verbose : bool, default=False
        Whether to show on stderr how far the decoding is, with the time left.

    Attributes
    ----------
    paths : list of str
        The files.
    classes : ndarray of str of shape (n_classes,), or None
        The names of the folders with images.
    y : ndarray of shape (n,), or list of n dicts, or None
        The class of each image; or what was passed as `y`.
    shape, ndim, dtype
        Of the images as an array (n, height, width, channels) of uint8. Not there if the images are
        of several sizes.

    Raises
    ------
    ImportError
        Without Pillow.
    FileNotFoundError
        For a folder or file that is not there.
    ValueError
        If there are no images, if some lie in folders and some do not; and once images are asked
        for, for files that are damaged, or of several sizes where an array is needed.

    See Also
    --------
    boxes_from_coco, boxes_from_voc, boxes_from_yolo : Paths and boxes of data sets for detection.

    Notes
    -----
    ``folder[i]`` is an image; ``folder[2:8]``, or with an array of indices or a mask, an
    `ImageFolder` of these, so that `train_test_split` and `cross_val_score` copy no pixels.
    ``np.asarray(folder)`` is the array. A pickled one, as for other processes, is without the
    decoded images.

    Examples
    --------
    >>> from fastdl.data import ImageFolder
    >>> train = ImageFolder("photos/train", size=64)           # doctest: +SKIP
    >>> CNNClassifier().fit(train, train.y)                    # doctest: +SKIP
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        y: ArrayLike | Sequence[Mapping[str, Any]] | None = None,
        *,
        size: int | tuple[int, int] | None = None,
        fit: str = "crop",
        grey: bool | None = None,
        on_error: str = "raise",
        verbose: bool = False,
    ) -> None:
        pillow()
        for name, value, known in (("fit", fit, FITS), ("on_error", on_error, _ON_ERROR)):
            if value not in known:
                raise ValueError(unknown(name, str(value), known))
        self.size, self.fit, self.grey, self.on_error = _size(size), fit, grey, on_error
        self._paths, names = _listed(path)
        self.classes = None if names is None else np.unique(names)
        self._y = names if y is None else _targets(y, len(self._paths))
        self._verbose = bool(verbose)
        self._lock = ForkSafeLock()
        self._is_settled = on_error == "raise"
        self._is_placed = self.size is None  # whether boxes are as the images are
        self._headers: list[Header] | None = None
        self._is_grey = grey
        self._sample: tuple[int, ...] | None = None
        self._cache: ImageCache | None = None
        self._whole: tuple[ImageFolder, NDArray[np.int64]] | None = None  # and which rows of it
        self._array: NDArray[np.uint8] | None = None

    # --- what there is ------------------------------------------------------------------------

    def __len__(self) -> int:
        self._settle()
        return len(self._paths)

    @property
    def paths(self) -> list[str]:
        """The files."""
        self._settle()
        return list(self._paths)

    @property
    def y(self) -> Any:
        """The class of each image, or what was passed as y; boxes as the images are."""
        self._settle()
        with self._lock:
            if isinstance(self._y, list) and not self._is_placed:
                self._y = [self._placed(y, h) for y, h in zip(self._y, self._known(), strict=True)]
                self._is_placed = True
        return self._y

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)."""
        return (len(self), *self._one_shape("shape"))

    @property
    def ndim(self) -> int:
        """4."""
        return 1 + len(self._one_shape("ndim"))

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Of bytes."""
        self._one_shape("dtype")
        return np.dtype(np.uint8)

    def _one_shape(self, name: str) -> tuple[int, ...]:
        """The shape of each image; without one there is no such attribute, as of a list."""
        shape = self._sample_shape()
        if shape is None:
            raise AttributeError(f"{name!r}: the images are of several sizes.")
        return shape

    def __repr__(self) -> str:
        size = "" if self.size is None else f", {self.size[0]}x{self.size[1]} pixels"
        classes = "" if self.classes is None else f" of {len(self.classes)} classes"
        return f"<ImageFolder: {len(self._paths)} images{classes}{size}>"

    # --- as an array, and as a list -----------------------------------------------------------

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        array = self._images()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            if copy is False:
                raise ValueError(f"images are bytes; they cannot be {dtype} without a copy.")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            key, *rest = key
            if any(part is not Ellipsis and part != slice(None) for part in rest):
                return np.asarray(self)[(key, *rest)]
        rows = np.arange(len(self))[key]
        return self._image(int(rows)) if np.ndim(rows) == 0 else self._part(rows)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self._image(i) for i in range(len(self)))

    # --- how ------------------------------------------------------------------------------------

    def _image(self, i: int) -> NDArray[np.uint8]:
        """Image i (height, width, channels)."""
        if self._whole is not None:
            whole, rows = self._whole
            return whole._image(int(rows[i]))
        if self._sample_shape() is None:
            return self._reader()(self._paths[i])
        return self._decoded(np.array([i]))[i]

    def _images(self) -> NDArray[np.uint8]:
        """The whole array, which is not to be changed."""
        n, shape = len(self), self._sample_shape()
        if shape is None:
            raise self._of_several_sizes()
        if self._whole is None:
            return self._decoded(np.arange(n))
        with self._lock:
            if self._array is None:
                whole, rows = self._whole
                self._array = _rows_of(whole._decoded(rows), rows)
        return self._array

    def _part(self, rows: NDArray[np.int64]) -> ImageFolder:
        """Some of the images, which are decoded with the others."""
        whole, all_rows = self._whole or (self, np.arange(len(self)))
        y = self.y
        self._sample_shape(), self._grey()
        part: ImageFolder = object.__new__(type(self))
        vars(part).update(vars(self))
        part._paths = [self._paths[i] for i in rows]
        part._y = _those(y, rows)
        part._headers = None if self._headers is None else [self._headers[i] for i in rows]
        part._whole = whole, all_rows[rows]
        part._cache = part._array = None
        return part

    def _decoded(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """All images, of which those of `rows` are there; of a whole folder only."""
        with self._lock:
            if self._cache is None:
                self._cache = self._new_cache()
        images, bad = self._cache.decoded(rows), self._cache.unreadable
        if bad:
            for i in sorted(bad.keys() & set(rows.tolist()))[:1]:
                raise bad[i]
        return images

    def _settle(self) -> None:
        """Leave out what cannot be decoded, if that is asked for."""
        with self._lock:
            if self._is_settled:
                return
            self._is_settled = True  # for what is called from here
            try:
                headers = in_threads(_or_error(header), self._paths)
                self._leave_out(headers)
                self._headers = [h for h in headers if isinstance(h, Header)]
                if self._sample_shape() is None:
                    self._leave_out(in_threads(_or_error(self._reader()), self._paths))
                    return
                cache = self._new_cache()
                cache.decoded(np.arange(len(self._paths)))
                found = [cache.unreadable.get(i) for i in range(len(self._paths))]
                self._cache = cache.of(self._leave_out(found))
            except BaseException:
                self._is_settled = False
                raise

    def _leave_out(self, found: Sequence[Any]) -> list[int]:
        """Leave out the images of which an error was found; the indices of the others."""
        bad = {i for i, error in enumerate(found) if isinstance(error, ImageError)}
        good = [i for i in range(len(self._paths)) if i not in bad]
        if not good:
            raise ValueError(f"none of {len(bad)} images can be read: {found[0].seen}.")
        for i in sorted(bad) if self.on_error == "warn" else ():
            warnings.warn(f"{found[i].seen}; it is left out.", stacklevel=2)
        self._paths, self._y = [self._paths[i] for i in good], _those(self._y, good)
        self._headers = None if self._headers is None else [self._headers[i] for i in good]
        return good

    def _known(self) -> list[Header]:
        """The headers of all files."""
        with self._lock:
            if self._headers is None:
                self._headers = in_threads(header, self._paths)
        return self._headers

    def _grey(self) -> bool:
        if self._is_grey is None:
            self._is_grey = all(h.is_grey for h in self._known())
        return self._is_grey

    def _sample_shape(self) -> tuple[int, ...] | None:
        """The shape of each image, None if they have several."""
        self._settle()
        if self._sample is None:
            size = self.size
            if size is None:
                sizes = {(h.height, h.width) for h in self._known()}
                if len(sizes) > 1:
                    return None
                (size,) = sizes
            self._sample = (*size, 1 if self._grey() else 3)
        return self._sample

    def _reader(self) -> Callable[[str], NDArray[np.uint8]]:
        """What decodes a file; made here, since the threads that call it must take no lock."""
        return partial(read, size=self.size, fit=self.fit, grey=self._grey())

    def _new_cache(self) -> ImageCache:
        shape = self._sample_shape() or ()
        return ImageCache(self._paths, shape, self._reader(), self._verbose)

    def _of_several_sizes(self) -> ImageError:
        sizes = [(h.height, h.width) for h in self._known()]
        i = next(i for i, size in enumerate(sizes) if size != sizes[0])
        one, other = (f"{h}x{w}" for h, w in (sizes[0], sizes[i]))
        return ImageError(
            f"{self._paths[0]} and {self._paths[i]} are of {one} and {other} pixels; an array of "
            "images has one size",
            "size",
        )

    def _placed(self, y: Mapping[str, Any], known: Header) -> dict[str, Any]:
        """Boxes of an image as they are where it has `size`."""
        assert self.size is not None
        (fx, fy), (dx, dy) = placement((known.height, known.width), self.size, self.fit)
        boxes = np.asarray(y["boxes"], np.float64).reshape(-1, 4)
        moved = boxes * (fx, fy, fx, fy) + (dx, dy, dx, dy)
        height, width = self.size
        inside = np.clip(moved, 0, (width, height, width, height))
        kept = _areas(inside) >= _LEAST_PART * _areas(moved)
        beside = {key: np.asarray(v)[kept] for key, v in y.items() if key != "boxes"}
        return {"boxes": inside[kept], **beside}

    def __getstate__(self) -> dict[str, Any]:
        """Without the decoded images, but with what is known of all of them."""
        y = self.y
        self._sample_shape(), self._grey()
        gone = dict.fromkeys(("_cache", "_array", "_whole", "_lock"))
        return vars(self) | gone | {"_y": y}

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


def _those(y: Any, rows: Any) -> Any:
    """Some of the targets."""
    return [y[i] for i in rows] if isinstance(y, list) else None if y is None else y[rows]


def _rows_of(images: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Some of the images, of which those that do not stand together are copied on disk."""
    if (np.diff(rows) == 1).all():
        return images[rows[0] : rows[-1] + 1] if len(rows) else images[:0]
    copied = MappedImages(len(rows), images.shape[1:])
    for i, row in enumerate(rows):
        copied.write(i, images[row])
    return copied.array


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _size(size: Any) -> tuple[int, int] | None:
    if size is None:
        return None
    pair = (size, size) if is_integer(size) else size
    if not isinstance(pair, Sequence) or len(pair) != 2:
        raise ValueError(f"size={size!r}; expected pixels of a side, (height, width) or None.")
    if not all(is_integer(side) and side > 0 for side in pair):
        raise ValueError(f"size={size!r}; expected pixels of a side, (height, width) or None.")
    return int(pair[0]), int(pair[1])


def _listed(path: Any) -> tuple[list[str], NDArray[Any] | None]:
    """The files, and their classes if they are in folders of classes."""
    if not isinstance(path, (str, os.PathLike)):
        files = [os.fspath(file) for file in path]
        if not files:
            raise ValueError("the list of images is empty; expected paths of files.")
        for file in files:
            if not os.path.isfile(file):
                raise FileNotFoundError(f"there is no file {file}.")
        return files, None
    folder = Path(path)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; a single image goes into a list.")
    found = files_in(folder)
    if not found:
        raise ValueError(f"{folder} holds no images; expected a folder of them for each class.")
    names = first_folders(found, folder)
    files = [str(file) for file in found]
    if all(name is None for name in names):
        return files, None
    if None in names:
        raise ValueError(
            f"{files[names.index(None)]} lies in no folder of a class, but other images do; "
            f"expected {folder}/CLASS/IMAGE."
        )
    return files, np.array(names)


def _targets(y: Any, n: int) -> Any:
    is_boxes = isinstance(y, (list, tuple, np.ndarray)) and len(y) and isinstance(y[0], Mapping)
    if is_boxes:
        checked_boxes(y, n_images=n)
        return [dict(item) for item in y]
    given = np.asarray(y)
    if given.ndim == 0 or len(given) != n:
        raise ValueError(f"y has shape {given.shape}, but there are {n} images.")
    return given
