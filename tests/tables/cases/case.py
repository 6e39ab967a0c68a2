"""A line of the table, and what many lines take."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from programs import sample

IMAGE = (5, 6, 3)


class Case(NamedTuple):
    id: str
    layers: list[L.Layer]
    input_shape: tuple[int, ...]
    batches: tuple[int, ...] = (1, 5, 16, 19)  # 19 fills a vector and a part of the next
    symbols: int = 0  # X holds codes below it
    codes: tuple[int, ...] = ()  # the last columns of X hold codes below them

    def inputs(self, n: int, seed: int = 0) -> NDArray[np.float64]:
        """X of n samples."""
        shape, rng = (n, *self.input_shape), np.random.default_rng(seed)
        if self.symbols:
            return rng.integers(self.symbols, size=shape).astype(np.float64)
        x = sample(shape, seed)
        if self.codes:
            x[:, -len(self.codes) :] = rng.integers(self.codes, size=(n, len(self.codes)))
        return x


def product(x: Any, w: Any) -> Any:
    """x @ w, whose sums have one order for any number of samples, which a BLAS does not promise."""
    return np.sum(x[..., np.newaxis] * w, axis=-2)


def affine(x: Any, w: Any, b: Any) -> Any:
    return product(x, w) + b


def of_all_pixels(x: Any, w: Any) -> Any:
    return product(np.reshape(x, (len(x), -1)), w)


def act(function: str, alpha: float | None = None) -> L.Activation:
    return L.Activation(function, alpha)
