"""A folder with a folder of images for each class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.command_line.errors import DataError

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}


def read(folder: Path, a: Any, *, labelled: bool) -> tuple[NDArray[np.uint8], NDArray[Any] | None]:
    """Images (n, height, width, channels) of bytes, and the names of their folders.

    Images that lie in the folder itself have no label.

    Raises
    ------
    DataError
        If there are none, if one is broken or of another size, or without a label.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise DataError("images need Pillow: pip install pillow") from error
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in _SUFFIXES and f.is_file())
    if not files:
        raise DataError(f"{folder} holds no images; expected a folder of them for each class.")
    labels = [str(file.relative_to(folder).parent) for file in files]
    if labelled and "." in labels:
        raise DataError(
            f"{files[labels.index('.')]} lies in no folder of a class; expected "
            f"{folder}/CLASS/IMAGE."
        )
    opened = [_opened(Image, file, a) for file in files]
    kept = [i for i, image in enumerate(opened) if image is not None]
    if not kept:
        raise DataError(f"{folder} holds no image that can be read.")
    is_grey = a.grey or all(opened[i].mode in ("1", "L", "I;16", "I") for i in kept)
    found = [_array(opened[i], is_grey, a.size) for i in kept]
    for i, image in zip(kept, found, strict=True):
        if image.shape != found[0].shape:
            sizes = " and ".join("{}x{}".format(*x.shape) for x in (image, found[0]))
            raise DataError(
                f"{files[i]} and {files[kept[0]]} are of {sizes} pixels; pass --size HxW to scale "
                "all of them."
            )
    return np.stack(found), None if set(labels) == {"."} else np.array([labels[i] for i in kept])


def _opened(pillow: Any, file: Path, a: Any) -> Any:
    """The image; None if it is broken and may be left out."""
    try:
        image = pillow.open(file)
        image.load()
    except Exception as error:
        if a.skip_bad:
            import warnings

            warnings.warn(f"{file} is left out: {error}", stacklevel=1)
            return None
        raise DataError(
            f"{file} cannot be read: {error}. Pass --skip-bad to leave it out."
        ) from error
    return image


def _array(image: Any, is_grey: bool, size: tuple[int, int] | None) -> NDArray[Any]:
    if size is not None:
        image = image.resize(size[::-1])
    pixels = np.asarray(image.convert("L" if is_grey else "RGB"), np.uint8)
    return pixels[..., np.newaxis] if is_grey else pixels
