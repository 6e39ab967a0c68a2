"""What is drawn: Philox, and numbers made of its words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .types import Array


def philox(key: tuple[int, int], counters: Any) -> NDArray[np.uint64]:
    """Philox4x32-10 (Salmon et al. 2011): counters (..., 4) of 32 bits to words (..., 4)."""
    c0, c1, c2, c3 = np.moveaxis(np.asarray(counters, np.uint64), -1, 0)
    k0, k1 = key
    for _ in range(10):
        p, q = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = q >> 32 ^ c1 ^ np.uint64(k0), q, p >> 32 ^ c3 ^ np.uint64(k1), p
        c0, c1, c2, c3 = (c & np.uint64(0xFFFFFFFF) for c in (c0, c1, c2, c3))
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=-1)


def random_words(shape: Any, seed: int, layer: int, epoch: int = 0) -> NDArray[np.uint64]:
    """The 32 random bits of each element of a batch (n, features) or (n, h, w, c).

    A batch (n, steps, features) has the same ones at every step.

    A sample's elements stand channel by channel; element 64 b + 16 j + i takes word j of counter
    (16 b + i, sample, epoch).
    """
    if len(shape) == 3:
        n, steps, features = shape
        words = random_words((n, features), seed, layer, epoch)
        return np.repeat(words[:, None], steps, axis=1)
    n, *sample = shape
    size = int(np.prod(sample))
    i, row = np.meshgrid(np.arange(-(-size // 64) * 16), np.arange(n))
    counters = np.stack([i, row, np.zeros_like(i), np.full_like(i, epoch)], axis=-1)
    words = philox((seed & 0xFFFFFFFF, seed >> 32 ^ layer), counters)  # (n, 16 blocks, 4)
    words = words.reshape(n, -1, 16, 4).swapaxes(2, 3).reshape(n, -1)[:, :size]
    if len(sample) == 3:
        h, w, c = sample
        words = words.reshape(n, c, h, w).transpose(0, 2, 3, 1)
    return words.reshape(shape)


def uniform(shape: Any, seed: int, layer: int, epoch: int = 0) -> Array:
    """In [0, 1), one for each element of a batch; of sequences, for each of every step."""
    if len(shape) == 3:  # a step has blocks of 64 elements of its own
        n, steps, features = shape
        room = -(-features // 64) * 64
        words = random_words((n, steps * room), seed, layer, epoch)
        words = words.reshape(n, steps, room)[..., :features]
    else:
        words = random_words(shape, seed, layer, epoch)
    return (words >> 8) / 2.0**24


def dropout_mask(shape: Any, rate: float, seed: int, layer: int, epoch: int = 0) -> Array:
    """What training multiplies a batch by: 0 or 1 / (1 - rate)."""
    kept = (random_words(shape, seed, layer, epoch) >> 8) / 2.0**24 >= rate
    return kept / (1 - rate)


def normal_quantile(u: Array) -> Array:
    """sqrt(2) erfinv(u), as Giles approximates it ("Approximating the erfinv function", 2012)."""
    w = -np.log((1 - u) * (1 + u))
    near = [2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087]
    near += [-0.00125372503, -0.00417768164, 0.246640727, 1.50140941]
    far = [-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773]
    far += [-0.0076224613, 0.00943887047, 1.00167406, 2.83297682]
    return np.sqrt(2) * u * np.where(w < 5, np.polyval(near, w - 2.5), np.polyval(far, w**0.5 - 3))


def corruption(shape: Any, noise: str, rate: float, seed: int, layer: int) -> tuple[Array, Array]:
    """What training multiplies a batch by, and what it adds."""
    words = random_words(shape, seed, layer)
    if noise == "gaussian":
        return np.ones(shape), rate * normal_quantile(2 * ((words >> 8) + 0.5) / 2.0**24 - 1)
    corrupted = (words >> 8) / 2.0**24 < rate
    salt = words & 1 if noise == "salt_and_pepper" else np.zeros(shape)
    return 1.0 - corrupted, corrupted * salt.astype(float)
