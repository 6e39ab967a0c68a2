"""What `ImageFolder` is given: files, their classes, and targets of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl._rules import is_integer
from fastdl.data._boxes import checked_boxes
from fastdl.data._image_files import Header, files_in, first_folders, placement

_LEAST_PART = 0.25  # of a box's area, as in `fastdl.functional.augment`


def listed(path: Any) -> tuple[list[str], NDArray[Any] | None]:
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


def sides(size: Any) -> tuple[int, int] | None:
    """Height and width, of a number or two; None for none."""
    if size is None:
        return None
    pair = (size, size) if is_integer(size) else size
    if not isinstance(pair, Sequence) or len(pair) != 2:
        raise ValueError(f"size={size!r}; expected pixels of a side, (height, width) or None.")
    if not all(is_integer(side) and side > 0 for side in pair):
        raise ValueError(f"size={size!r}; expected pixels of a side, (height, width) or None.")
    return int(pair[0]), int(pair[1])


def targets(y: Any, n: int) -> Any:
    """One for each of n images: a list of dicts of boxes, or an array."""
    is_boxes = isinstance(y, (list, tuple, np.ndarray)) and len(y) and isinstance(y[0], Mapping)
    if is_boxes:
        checked_boxes(y, n_images=n)
        return [dict(item) for item in y]
    given = np.asarray(y)
    if given.ndim == 0 or len(given) != n:
        raise ValueError(f"y has shape {given.shape}, but there are {n} images.")
    return given


def those(y: Any, rows: Any) -> Any:
    """Some of the targets, or of other things; all for None."""
    if y is None or rows is None:
        return y
    return [y[i] for i in rows] if isinstance(y, list) else y[rows]


def placed(y: Mapping[str, Any], known: Header, size: tuple[int, int], fit: str) -> dict[str, Any]:
    """Boxes of an image as they are where it has been brought to `size`."""
    (fx, fy), (dx, dy) = placement((known.height, known.width), size, fit)
    boxes = np.asarray(y["boxes"], np.float64).reshape(-1, 4)
    moved = boxes * (fx, fy, fx, fy) + (dx, dy, dx, dy)
    height, width = size
    inside = np.clip(moved, 0, (width, height, width, height))
    kept = _areas(inside) >= _LEAST_PART * _areas(moved)
    beside = {key: np.asarray(v)[kept] for key, v in y.items() if key != "boxes"}
    return {"boxes": inside[kept], **beside}


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
