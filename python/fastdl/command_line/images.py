"""A folder with a folder of images for each class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.command_line.errors import DataError
from fastdl.data._image_files import ImageError
from fastdl.data._image_folder import ImageFolder

_WAYS = {
    "on_error": "Pass --skip-bad to leave it out.",
    "size": "Pass --size HxW to scale all of them.",
}


def read(folder: Path, a: Any, *, labelled: bool) -> tuple[NDArray[np.uint8], NDArray[Any] | None]:
    """Images (n, height, width, channels) of bytes, and the names of their folders.

    Images that lie in the folder itself have no label.

    Raises
    ------
    DataError
        If there are none, if one is broken or of another size, or without a label.
    """
    try:
        images = ImageFolder(
            folder,
            size=a.size,
            fit="stretch",
            grey=True if a.grey else None,
            on_error="warn" if a.skip_bad else "raise",
        )
        X = np.asarray(images)
    except ImageError as error:
        raise DataError(f"{error.seen}. {_WAYS[error.option]}") from error
    except (ImportError, ValueError) as error:
        raise DataError(str(error)) from error
    if labelled and images.y is None:
        raise DataError(
            f"{images.paths[0]} lies in no folder of a class; expected {folder}/CLASS/IMAGE."
        )
    return X, images.y
