"""Augment in plain float64 NumPy: what is drawn for a sample, and what that does to an image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GREY = np.array([0.299, 0.587, 0.114])
CHANCE, OVER_X, OVER_Y, DOWN, RIGHT, TURN, FACTOR, LEAN = range(8)
BRIGHTNESS, CONTRAST, SATURATION, HUE, CUT_Y, CUT_X, PARTNER_LOW, PARTNER_HIGH = range(8, 16)


def words(philox: Any, seed: int, layer: int, epoch: int, sample: int, block: int) -> NDArray[Any]:
    """The 64 random words of a block."""
    i = np.arange(16 * block, 16 * block + 16)
    counters = np.stack([i, np.full(16, sample), np.zeros(16, int), np.full(16, epoch)], axis=-1)
    found = philox((seed & 0xFFFFFFFF, seed >> 32 ^ layer), counters)
    return np.asarray(found).reshape(16, 4).T.ravel()


def draw(
    philox: Any, layer: dict[str, Any], shape: tuple[int, ...], key: tuple[int, int, int], i: int
) -> dict[str, Any]:
    """What happens to sample i; key: seed, number of the layer, epoch."""
    word = words(philox, *key, i, 0)
    h, w = shape[:2]
    oh, ow = layer["crop"] or (h, w)
    plain = {
        "size": (oh, ow), "flip": (1, 1), "at": ((h - oh) // 2, (w - ow) // 2), "turn": 0.0,
        "factor": 1.0, "lean": 0.0, "brightness": 1.0, "contrast": 1.0, "saturation": 1.0,
        "hue": 0.0, "noise": 0.0, "cut": (0, 0, 0, 0), "weight": 1.0, "partner": 0.0,
    }  # fmt: skip

    def uniform(n: int) -> float:
        return float(word[n] >> 8) / 2**24

    def within(n: int, name: str) -> float:
        return float(layer[name] * (2 * uniform(n) - 1))

    def below(n: int, count: int) -> int:
        return int(word[n]) * count >> 32

    if uniform(CHANCE) >= layer["probability"]:
        return plain
    (sy, sx), (cy, cx), flip = layer["shift"], layer["cutout"], layer["flip"]
    cut = (0, 0, 0, 0)
    if cy and cx:
        top, left = below(CUT_Y, oh) - cy // 2, below(CUT_X, ow) - cx // 2
        cut = (max(top, 0), min(top + cy, oh), max(left, 0), min(left + cx, ow))
    high = int(word[PARTNER_HIGH]) << 32 | int(word[PARTNER_LOW])
    return {
        "size": (oh, ow),
        "flip": (
            -1 if flip in ("vertical", "both") and uniform(OVER_Y) < 0.5 else 1,
            -1 if flip in ("horizontal", "both") and uniform(OVER_X) < 0.5 else 1,
        ),
        "at": (below(DOWN, h - oh + 2 * sy + 1) - sy, below(RIGHT, w - ow + 2 * sx + 1) - sx),
        "turn": within(TURN, "rotate"),
        "factor": 1 + within(FACTOR, "scale"),
        "lean": within(LEAN, "shear"),
        "brightness": 1 + within(BRIGHTNESS, "brightness"),
        "contrast": 1 + within(CONTRAST, "contrast"),
        "saturation": 1 + within(SATURATION, "saturation"),
        "hue": within(HUE, "hue"),
        "noise": layer["noise"],
        "cut": cut,
        "weight": mixing_weight(philox, layer["mixup"], key, i) if layer["mixup"] else 1.0,
        "partner": high / 2**64,
    }


def mixing_weight(philox: Any, alpha: float, key: tuple[int, int, int], i: int) -> float:
    """Beta(alpha, alpha): Joehnk's way up to 1, Cheng's BB above."""
    for block in range(1 << 27, (1 << 27) + 100):
        uniform = (words(philox, *key, i, block) + 0.5) / 2.0**32
        for u, v in uniform.reshape(-1, 2):
            if alpha <= 1:
                x, y = np.log(u) / alpha, np.log(v) / alpha
                if np.logaddexp(x, y) <= 0:
                    return float(np.exp(x - np.logaddexp(x, y)))
                continue
            odds = np.log(u / (1 - u)) / np.sqrt(alpha)
            part = alpha * np.exp(odds)
            r = (alpha + np.sqrt(alpha)) * odds - np.log(4)
            if r + 2 * alpha * np.log(2 * alpha / (alpha + part)) >= np.log(u * u * v):
                return float(part / (alpha + part))
    raise AssertionError("no draw was accepted")


def affine(d: dict[str, Any], shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Where pixels (row, column) of what comes out are in the image: A @ pixel + b.

    The image is flipped, turned against the clock, sheared and scaled about its middle; then a
    window is cut out at `at`.
    """
    turn, slope = np.deg2rad(d["turn"]), np.tan(np.deg2rad(d["lean"]))
    flip = np.diag(d["flip"])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shear = np.array([[1.0, 0.0], [slope, 1.0]])
    there = d["factor"] * shear @ rotation @ flip
    middle = (np.array(shape[:2]) - 1) / 2
    back = np.linalg.inv(there)
    return back, middle + back @ (np.array(d["at"]) - middle)


def filled(fill: str, k: NDArray[Any], n: int) -> NDArray[Any]:
    """Indices of a row or column that may lie outside, -1 where there is nothing."""
    if fill == "constant":
        return np.where((k >= 0) & (k < n), k, -1)
    if fill == "edge" or n == 1:
        return k.clip(0, n - 1)
    at = k % (2 * (n - 1))
    return np.minimum(at, 2 * (n - 1) - at)


def moved(x: Array, d: dict[str, Any], fill: str) -> Array:
    """Bilinear samples of an image (h, w, c)."""
    a, b = affine(d, x.shape)
    places = np.moveaxis(np.indices(d["size"]), 0, -1) @ a.T + b
    if d["turn"] == d["lean"] == 0 and d["factor"] == 1:
        places = np.rint(places)
    corner = np.floor(places).astype(int)
    part = places - corner
    padded = np.pad(x, [(0, 1), (0, 1), (0, 0)])  # the last row and column, also -1, are zero
    y = np.zeros((*d["size"], x.shape[2]))
    for down in (0, 1):
        for right in (0, 1):
            row = filled(fill, corner[..., 0] + down, x.shape[0])
            column = filled(fill, corner[..., 1] + right, x.shape[1])
            share = abs(1 - down - part[..., 0]) * abs(1 - right - part[..., 1])
            value = padded[
                np.where(row < 0, x.shape[0], row), np.where(column < 0, x.shape[1], column)
            ]
            y += np.where((row < 0) | (column < 0), 0.0, share)[..., np.newaxis] * value
    return y


def moved_targets(
    y: Array,
    weight: Array,
    d: dict[str, Any],
    fill: str,
    image: tuple[int, ...],
    *,
    blends: bool,
) -> tuple[Array, Array]:
    """Targets (h, w, k) of pixels that are not those of the image (height, width), and weights.

    Places are those of the middles of pixels: 0.5 is that of the first.
    """
    size = np.array(y.shape[:2])
    scale = np.array(image) / size
    a, b = affine(d, image)
    out = np.rint(np.array(d["size"]) / scale).astype(int)
    middles = (np.moveaxis(np.indices(out), 0, -1) + 0.5) * scale
    places = ((middles - 0.5) @ a.T + b + 0.5) / scale - 0.5
    places = np.where(abs(places - np.rint(places)) < 1e-9, np.rint(places), places)

    def at(rows: NDArray[Any], columns: NDArray[Any]) -> tuple[Array, Array]:
        row, column = filled(fill, rows, size[0]), filled(fill, columns, size[1])
        outside = (row < 0) | (column < 0)
        return y[row, column], np.where(outside, 0.0, weight[row, column])

    nearest, weights = at(*np.moveaxis(np.floor(places + 0.5 + 1e-9).astype(int), -1, 0))
    if not blends:
        return np.where(weights[..., np.newaxis] > 0, nearest, 0.0), weights
    corner = np.floor(places).astype(int)
    total, shares = np.zeros_like(nearest), np.zeros(out)
    for step in ([0, 0], [0, 1], [1, 0], [1, 1]):
        share = np.prod(abs(1 - np.array(step) - (places - corner)), axis=-1)
        value, counts = at(*np.moveaxis(corner + step, -1, 0))
        share = np.where(counts > 0, share, 0.0)
        total += np.where(share > 0, share, 0.0)[..., np.newaxis] * np.nan_to_num(value)
        shares += share
    mean = total / np.where(shares > 0, shares, 1.0)[..., np.newaxis]
    return np.where(weights[..., np.newaxis] > 0, mean, 0.0), weights


def coloured(x: Array, d: dict[str, Any]) -> Array:
    """Brightness, contrast, saturation, hue."""
    x = d["brightness"] * x
    grey = x @ GREY if x.shape[2] == 3 else x.mean(axis=2)
    x = grey.mean() + d["contrast"] * (x - grey.mean())
    if d["saturation"] != 1:
        grey = (x @ GREY)[..., np.newaxis]
        x = grey + d["saturation"] * (x - grey)
    return turned(x, d["hue"]) if d["hue"] else x


def turned(x: Array, turns: float) -> Array:
    """The hue turned, by way of HSV with the chroma in the place of the saturation."""
    top, chroma = x.max(axis=-1), np.ptp(x, axis=-1)
    red, green, blue = np.moveaxis(x, -1, 0)
    of = np.where(chroma == 0, 1.0, chroma)
    hue = np.select(
        [red == top, green == top],
        [(green - blue) / of, 2 + (blue - red) / of],
        4 + (red - green) / of,
    )
    sixths = (hue + 6 * turns)[..., np.newaxis] + [5, 3, 1]
    sixths = sixths % 6
    falls = np.minimum(sixths, 4 - sixths).clip(0, 1)
    return np.asarray(top[..., np.newaxis] - chroma[..., np.newaxis] * falls)


def one(
    x: Array, layer: dict[str, Any], d: dict[str, Any], normal: Any, *, are_bytes: bool = False
) -> Array:
    """An image (h, w, c) before it is mixed; normal(size) gives the noise."""
    y = coloured(moved(x, d, layer["fill"]), d)
    if d["noise"]:
        y = y + d["noise"] * normal(y.size).reshape(y.shape)
    y = y.clip(0, 255) if are_bytes else y
    top, bottom, left, right = d["cut"]
    y[top:bottom, left:right] = 0
    return y


def augment(
    x: NDArray[Any],
    layer: dict[str, Any],
    philox: Any,
    normal_quantile: Any,
    seed: int,
    *,
    number: int = 0,
    epoch: int = 0,
) -> Array:
    """What Augment makes of images (n, h, w, c), all of an epoch."""
    key, are_bytes = (seed, number, epoch), x.dtype == np.uint8

    def image(i: int, d: dict[str, Any]) -> Array:
        def normal(size: int) -> Array:
            blocks = range(1, 1 + -(-size // 64))
            drawn = np.concatenate([words(philox, *key, i, b) for b in blocks])[:size]
            return np.asarray(normal_quantile(2 * ((drawn >> 8) + 0.5) / 2.0**24 - 1))

        return one(x[i].astype(np.float64), layer, d, normal, are_bytes=are_bytes)

    draws = [draw(philox, layer, x.shape[1:], key, i) for i in range(len(x))]
    images = [image(i, d) for i, d in enumerate(draws)]
    partners = [int(d["partner"] * len(x)) for d in draws]
    mixed = [
        d["weight"] * y + (1 - d["weight"]) * images[p]
        for d, y, p in zip(draws, images, partners, strict=True)
    ]
    return np.stack(mixed) if mixed else np.zeros((0, *x.shape[1:]))
