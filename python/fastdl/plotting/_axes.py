"""What the displays share: an axes to draw into, images side by side."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def new_axes(width: float, height: float) -> "Axes":
    """One axes on a new figure of this size in inches."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "fastdl.plotting draws with matplotlib, which is not installed. "
            "Run: pip install matplotlib"
        ) from error
    _, axes = plt.subplots(figsize=(width, height), layout="constrained")
    return axes


def as_images(rows: NDArray[Any], image_shape: Sequence[int] | None, what: str) -> NDArray[Any]:
    """Rows (n, pixels) as images (n, h, w) or (n, h, w, c); square ones if no shape is given.

    Raises
    ------
    ValueError
        If the shape has another number of pixels, or none is given and they make no square.
    """
    pixels = rows.shape[1]
    side = math.isqrt(pixels)
    shape = (side, side) if image_shape is None else tuple(image_shape)
    if len(shape) not in (2, 3) or math.prod(shape) != pixels:
        wish = "pass" if image_shape is None else f"got image_shape={image_shape!r}, expected"
        raise ValueError(
            f"{what} has {pixels} values: {wish} image_shape=(height, width) or (height, width, "
            "channels) of as many pixels."
        )
    return rows.reshape(len(rows), *shape)


def as_rgb(images: NDArray[Any]) -> NDArray[np.float64]:
    """Images (n, h, w), or with 1, 3 or other channels, as (n, h, w, 3) from 0 to 1.

    From the smallest value of all to the largest; uint8 as it is. Other numbers of channels are
    shown by their mean.
    """
    values = np.asarray(images, np.float64)
    values = values[..., np.newaxis] if values.ndim == 3 else values
    values = values if values.shape[3] == 3 else values.mean(axis=3, keepdims=True)
    whole = images.dtype == np.uint8
    low, high = (0.0, 255.0) if whole else (float(values.min()), float(values.max()))
    values = (values - low) / ((high - low) or 1.0)
    return np.broadcast_to(values, (*values.shape[:3], 3))


def enlarged(tiles: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Tiles (n, h, w, ...) at another size, each pixel that of the nearest one."""
    down = np.arange(height) * tiles.shape[1] // height
    across = np.arange(width) * tiles.shape[2] // width
    return tiles[:, down][:, :, across]


def grid_shape(n: int, columns: int) -> tuple[int, int]:
    """Rows and columns for n tiles."""
    return math.ceil(n / columns), min(n, columns)


def mosaic(tiles: NDArray[Any], columns: int) -> NDArray[np.float64]:
    """Tiles (n, h, w) or (n, h, w, 3) on one canvas, one white pixel apart.

    Tile i has its upper left pixel at (i // columns * (h + 1), i % columns * (w + 1)).
    """
    n, h, w = tiles.shape[:3]
    rows, columns = grid_shape(n, columns)
    white = 1.0 if tiles.ndim == 4 else np.nan  # nan is transparent in any colour map
    canvas = np.full((rows * (h + 1) - 1, columns * (w + 1) - 1, *tiles.shape[3:]), white)
    for i, tile in enumerate(tiles):
        y, x = i // columns * (h + 1), i % columns * (w + 1)
        canvas[y : y + h, x : x + w] = tile
    return canvas
