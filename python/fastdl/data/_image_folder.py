"""Images on disk as X."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastdl._locks import ForkSafeLock
from fastdl._rules import unknown
from fastdl.data._image_files import FITS, pillow
from fastdl.data._image_listing import listed, placed, sides, targets, those
from fastdl.data._image_source import ImageSource

_ON_ERROR = ("raise", "skip", "warn")


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
        self.size, self.fit, self.grey, self.on_error = sides(size), fit, grey, on_error
        paths, names = listed(path)
        self.classes = None if names is None else np.unique(names)
        self._source = ImageSource(paths, self.size, fit, grey, on_error, bool(verbose))
        self._rows: NDArray[np.int64] | None = None  # of the source; None: all
        self._given = names if y is None else targets(y, len(paths))  # y of all that was given
        self._y: Any = None  # of those that are there, as they are there
        self._is_placed = False
        self._array: NDArray[np.uint8] | None = None
        self._lock = ForkSafeLock()

    # --- what there is ------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._source.settle()) if self._rows is None else len(self._rows)

    @property
    def paths(self) -> list[str]:
        """The files."""
        self._source.settle()
        return list(those(self._source.paths, self._rows))

    @property
    def y(self) -> Any:
        """The class of each image, or what was passed as y; boxes as the images are."""
        kept = self._source.settle()
        with self._lock:
            if not self._is_placed:
                self._y = those(self._given, kept)
                if isinstance(self._y, list) and self.size is not None:
                    known = zip(self._y, self._source.headers, strict=True)
                    self._y = [placed(y, header, self.size, self.fit) for y, header in known]
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
        shape = self._source.shape
        if shape is None:
            raise AttributeError(f"{name!r}: the images are of several sizes.")
        return shape

    def __repr__(self) -> str:
        n = len(self._source.paths if self._rows is None else self._rows)
        size = "" if self.size is None else f", {self.size[0]}x{self.size[1]} pixels"
        classes = "" if self.classes is None else f" of {len(self.classes)} classes"
        return f"<ImageFolder: {n} images{classes}{size}>"

    # --- as an array, and as a list -----------------------------------------------------------

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        with self._lock:
            if self._array is None:
                self._array = self._source.images(self._rows)
        array = self._array
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

    def _image(self, i: int) -> NDArray[np.uint8]:
        """Image i (height, width, channels)."""
        return self._source.image(i if self._rows is None else int(self._rows[i]))

    # --- some of them -------------------------------------------------------------------------

    def _part(self, rows: NDArray[np.int64]) -> ImageFolder:
        """Some of the images, which are decoded with the others."""
        y = those(self.y, rows)
        rows = rows if self._rows is None else self._rows[rows]
        if self._source.shape is None:  # those of one size are an array
            return self._with(self._source.of(rows), None, y)
        return self._with(self._source, rows, y)

    def _with(self, source: ImageSource, rows: NDArray[np.int64] | None, y: Any) -> ImageFolder:
        part: ImageFolder = object.__new__(type(self))
        vars(part).update(vars(self), _source=source, _rows=rows, _array=None, _lock=ForkSafeLock())
        vars(part).update(_given=y, _y=y, _is_placed=True)
        return part

    def __getstate__(self) -> dict[str, Any]:
        """Without the decoded images, but with what is known of all of them."""
        alone = self._with(self._source.of(self._rows), None, self.y)
        return vars(alone) | {"_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=ForkSafeLock())
