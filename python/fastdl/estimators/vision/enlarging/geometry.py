"""What a network that enlarges images sees of them, and the patches and tiles it sees one by one.

A network may leave out the border (padding "valid") or put zeros around it ("same"): what it gives
is trusted where all that it looks at was there. So each piece gets a halo of real pixels, the last
ones repeated outside of the image, and pieces fit together as if the image were seen whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.program import output_shape


class Geometry(NamedTuple):
    """Pieces of an input, and what layers make of them."""

    factor: int  # how many times as large as its input the image is
    halo: int  # pixels around a piece of the input that it looks at
    margin: tuple[int, int]  # rows and columns of its output, at each side, that are not trusted

    @classmethod
    def of(cls, who: str, layers: Sequence[Layer], scale: int) -> Geometry:
        """That of the layers of a network.

        Raises
        ------
        ValueError
            If pixels of the output have no place in the input, and for another factor than 1 (of
            an image that bicubic has enlarged) and `scale`.
        """
        found = L.neighbourhood(layers)
        if found is None:
            culprit = next((x for x in layers if x.neighbourhood is None), layers[0])
            raise ValueError(
                f"{who}: {culprit!r} gives nothing that has a place in the image. Use convolutions "
                "and poolings of stride 1, PixelShuffle, Upsample2D, Conv2DTranspose, and what "
                "leaves the pixels where they are."
            )
        halo, factor = found
        if factor not in (1, scale):
            raise ValueError(
                f"{who}: the layers enlarge images {factor} times, but scale={scale}. Let them "
                f"enlarge {scale} times, or not at all: then bicubic does, and they sharpen."
            )
        side = 2 * halo + 1
        height, width, _ = output_shape(layers, (side, side, 1))
        left_out = [factor * side - of_one for of_one in (height, width)]
        if any(n % 2 for n in left_out):
            raise ValueError(
                f"{who}: the layers leave out {left_out[0]} rows and {left_out[1]} columns, an odd "
                "number: then pixels lie between those of the input. Use odd kernel sizes, or "
                'padding="same".'
            )
        high, wide = (factor * halo - n // 2 for n in left_out)
        return cls(factor, halo, (high, wide))

    def size_of(self, input_shape: tuple[int, ...]) -> int:
        """Of a patch, in pixels of the output, by what the network sees of it."""
        return self.factor * (input_shape[0] - 2 * self.halo)

    def around(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """The image with a halo."""
        return np.pad(image, self.halo, mode="edge")

    def trusted(self, output: NDArray[Any]) -> NDArray[Any]:
        """Of an output (..., height, width), what is trusted."""
        high, wide = self.margin
        return output[..., high : output.shape[-2] - high, wide : output.shape[-1] - wide]

    def tiled(
        self,
        image: NDArray[np.float32],
        size: int | None,
        predict: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """What a network makes of an image, tile by tile, all of one shape.

        Parameters
        ----------
        image : ndarray of shape (height, width)
        size : int or None
            The largest side of a tile of the output; None: the whole image.
        predict : callable
            From an array (h, w) to the network's output (oh, ow).
        """
        tile = [side if size is None else _even(side, size // self.factor) for side in image.shape]
        whole = np.empty([self.factor * side for side in image.shape], np.float32)
        wide = self.around(image)
        for top in _starts(image.shape[0], tile[0], tile[0]):
            for left in _starts(image.shape[1], tile[1], tile[1]):
                y = self.trusted(predict(self._piece(wide, top, left, tile)))
                at = self.factor * top, self.factor * left
                whole[at[0] : at[0] + y.shape[0], at[1] : at[1] + y.shape[1]] = y
        return whole

    def patches(
        self, image: NDArray[np.float32], size: int
    ) -> Iterator[tuple[NDArray[np.float32], slice, slice]]:
        """Patches of an input with their halo, and the pixels of the output they stand for.

        They lie side by side, the last ones overlap those before; `size` is a multiple of the
        factor.
        """
        side, wide = size // self.factor, self.around(image)
        for top in _starts(image.shape[0], side, side):
            for left in _starts(image.shape[1], side, side):
                piece = self._piece(wide, top, left, [side, side])
                at = self.factor * top, self.factor * left
                yield piece, slice(at[0], at[0] + size), slice(at[1], at[1] + size)

    def _piece(
        self, wide: NDArray[np.float32], top: int, left: int, shape: list[int]
    ) -> NDArray[np.float32]:
        height, width = (side + 2 * self.halo for side in shape)
        return wide[top : top + height, left : left + width]


def _even(side: int, most: int) -> int:
    """The side of as few tiles of like size as will do."""
    n = -(-side // max(most, 1))
    return -(-side // n)


def _starts(side: int, piece: int, step: int) -> list[int]:
    """Where pieces begin, the last one at the end."""
    return [min(at, side - piece) for at in range(0, side, step)]
