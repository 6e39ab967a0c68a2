"""Image files: found in folders, and decoded by Pillow to bytes of one size."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
)
FITS = ("crop", "pad", "stretch")
_GREY = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I")
_ORIENTATION, _TURNED = 0x0112, (5, 6, 7, 8)  # of EXIF: height and width change places


class ImageError(ValueError):
    """What is wrong with files of images, and the option of `ImageFolder` that is the way out."""

    _WAYS = MappingProxyType(
        {
            "on_error": 'Pass on_error="skip" or "warn" to leave such files out.',
            "size": "Pass size=(height, width) to ImageFolder.",
        }
    )

    def __init__(self, seen: str, option: str) -> None:
        super().__init__(seen, option)
        self.seen, self.option = seen, option

    def __str__(self) -> str:
        return f"{self.seen}. {self._WAYS[self.option]}"


class Header(NamedTuple):
    """What an image is, known without decoding it."""

    height: int
    width: int
    is_grey: bool


class Placement(NamedTuple):
    """Where the pixels of an image come to lie in another: (x, y) at factor * (x, y) + offset."""

    factor: tuple[float, float]
    offset: tuple[float, float]


def pillow() -> Any:
    """The module ``PIL.Image``.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as missing:
        raise ImportError("Images need Pillow: pip install pillow") from missing
    return Image


def files_in(folder: Path) -> list[Path]:
    """The images of a folder and all folders in it, sorted; what begins with a dot is left out."""
    found = []
    for where, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [n for n in folders if not n.startswith(".") and not _is_loop(Path(where, n))]
        files = (n for n in names if not n.startswith("."))
        found += [Path(where, n) for n in files if Path(n).suffix.lower() in SUFFIXES]
    return sorted(found)


def _is_loop(folder: Path) -> bool:
    """Whether a folder is a link to one that it is in."""
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def header(path: str | os.PathLike[str]) -> Header:
    """Size and kind of an image as it is seen, turned as EXIF says.

    Raises
    ------
    FileNotFoundError
    ImageError
    """
    try:
        with pillow().open(path) as image:
            width, height = image.size
            if image.getexif().get(_ORIENTATION) in _TURNED:
                width, height = height, width
            return Header(height, width, image.mode in _GREY)
    except (FileNotFoundError, ImportError):
        raise
    except Exception as error:  # Pillow's readers raise whatever they come across
        raise _unreadable(path, error) from error


def read(
    path: str | os.PathLike[str], *, size: tuple[int, int] | None, fit: str, grey: bool
) -> NDArray[np.uint8]:
    """An image (height, width, channels), of 1 channel if `grey`, else of 3.

    Raises
    ------
    FileNotFoundError
    ImageError
    """
    from PIL import ImageOps

    try:
        with pillow().open(path) as image:
            # A JPEG is decoded at a half, quarter or eighth where that will do: 1600x1200 to 224
            # pixels in 9 ms instead of 22.
            if size is not None:
                image.draft(None, (2 * max(size), 2 * max(size)))
            pixels = _fitted(_of_bytes(ImageOps.exif_transpose(image), grey), size, fit)
    except (FileNotFoundError, ImportError):
        raise
    except Exception as error:
        raise _unreadable(path, error) from error
    return pixels[..., np.newaxis] if grey else pixels


def _unreadable(path: Any, error: Exception) -> ImageError:
    said = str(error)
    if "cannot identify image file" in said:
        said = "it is no image that Pillow knows"
    return ImageError(f"{os.fspath(path)} cannot be read: {said}", "on_error")


def _of_bytes(image: Any, grey: bool) -> Any:
    """Of mode L or RGB: 16 bits as their upper half, what is transparent on white."""
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(
                f"its values go from {values.min()} to {values.max()}; expected 8 or 16 bits"
            )
        image = pillow().fromarray((values / 257).round().astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("it holds floats; expected 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        below = pillow().new("RGBA", image.size, "white")
        image = pillow().alpha_composite(below, image)
    return image.convert("L" if grey else "RGB")


def placement(here: tuple[int, int], there: tuple[int, int], fit: str) -> Placement:
    """How an image of one (height, width) is brought to another."""
    (h, w), (height, width) = here, there
    if fit == "stretch":
        return Placement((width / w, height / h), (0.0, 0.0))
    if fit == "crop":
        factor = max(width / w, height / h)
        return Placement((factor, factor), ((width - factor * w) / 2, (height - factor * h) / 2))
    factor = min(width / w, height / h)
    inner = max(1, round(factor * w)), max(1, round(factor * h))
    offset = (width - inner[0]) // 2, (height - inner[1]) // 2
    return Placement((inner[0] / w, inner[1] / h), offset)


def _fitted(image: Any, size: tuple[int, int] | None, fit: str) -> NDArray[np.uint8]:
    if size is None or image.size == size[::-1]:
        return np.asarray(image)
    (height, width), (w, h) = size, image.size
    (fx, fy), (dx, dy) = placement((h, w), size, fit)
    bicubic = pillow().Resampling.BICUBIC
    if fit != "pad":
        part = (-dx / fx, -dy / fy, (width - dx) / fx, (height - dy) / fy)
        part = (max(part[0], 0), max(part[1], 0), min(part[2], w), min(part[3], h))
        return np.asarray(image.resize((width, height), bicubic, box=part))
    inner = np.asarray(image.resize((round(fx * w), round(fy * h)), bicubic))
    whole = np.zeros((height, width, *inner.shape[2:]), np.uint8)
    whole[int(dy) : int(dy) + inner.shape[0], int(dx) : int(dx) + inner.shape[1]] = inner
    return whole


def first_folders(files: Iterable[Path], folder: Path) -> list[str | None]:
    """The name of the folder below `folder` that each file is in; None for those beside them."""
    parts = (file.relative_to(folder).parts for file in files)
    return [p[0] if len(p) > 1 else None for p in parts]
