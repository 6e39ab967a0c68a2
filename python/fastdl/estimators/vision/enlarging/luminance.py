"""Brightness and colours apart (BT.601), and images made smaller and larger by bicubic."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# ITU-R BT.601: Y from 16 to 235, Cb and Cr from 16 to 240, of R, G and B from 0 to 255.
_FROM_RGB = np.array(
    [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]
) / np.float64(255)
_OFFSET = np.array([16.0, 128.0, 128.0])
_TO_RGB = np.linalg.inv(_FROM_RGB)


def luminance(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How bright each pixel is, (height, width): Y of colours, grey images as they are."""
    if image.ndim == 3 and image.shape[2] == 3:
        return (image @ _FROM_RGB[0] + _OFFSET[0]).astype(np.float32)
    return image.reshape(image.shape[:2]).astype(np.float32)


def colours(image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Cb and Cr of colours; none of grey images."""
    if image.ndim == 2 or image.shape[2] == 1:
        return []
    return [
        (image @ of_one + offset).astype(np.float32)
        for of_one, offset in zip(_FROM_RGB[1:], _OFFSET[1:], strict=True)
    ]


def image_of(
    brightness: NDArray[np.float32], others: list[NDArray[np.float32]], n_dims: int
) -> NDArray[np.uint8]:
    """The image of a luminance and, if there are any, colours; rounded."""
    if not others:
        grey = as_uint8(brightness)
        return grey[..., np.newaxis] if n_dims == 3 else grey
    planes = np.stack([brightness, *others], axis=-1)
    return as_uint8((planes - _OFFSET) @ _TO_RGB.T)


def as_uint8(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Rounded, and cut off at 0 and 255."""
    return np.rint(values).clip(0, 255).astype(np.uint8)


def resized(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """By Pillow's bicubic, which sees all pixels it makes one of (antialiasing)."""
    try:
        from PIL import Image
    except ImportError as missing:
        raise ImportError("SuperResolver needs Pillow: pip install pillow") from missing
    of_pillow = Image.fromarray(np.ascontiguousarray(image, np.float32))  # of mode F
    return np.asarray(of_pillow.resize((width, height), Image.Resampling.BICUBIC))


def reduced(image: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    """Smaller by a scale that divides its sides."""
    return resized(image, image.shape[0] // scale, image.shape[1] // scale)


def enlarged(image: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    """Larger by a scale."""
    return resized(image, image.shape[0] * scale, image.shape[1] * scale)


def divisible(image: NDArray[Any], scale: int) -> NDArray[Any]:
    """The image without the last rows and columns that a scale leaves over."""
    height, width = (side // scale * scale for side in image.shape[:2])
    return image[:height, :width]
