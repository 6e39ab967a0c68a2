"""How like an image is to another: after compression, enlargement, removal of noise."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GAUSSIAN, _UNIFORM = 11, 7  # pixels across


def peak_signal_noise_ratio(
    a: ArrayLike, b: ArrayLike, *, data_range: float, border: int = 0
) -> float:
    """How little two images differ, in decibels: ``10 * log10(data_range**2 / MSE)``.

    Parameters
    ----------
    a, b : array-like of shape (height, width) or (height, width, channels)
        Of any type; differences are taken in float64.
    data_range : float
        The highest value less the lowest that pixels can have: 255 for uint8, 1 for floats from 0
        to 1, 219 for the luminance of BT.601.
    border : int, default=0
        Pixels to leave out at each side. Papers on super-resolution leave out as many as they
        enlarge by.

    Returns
    -------
    float
        inf if they are equal.

    Raises
    ------
    ValueError
        For images of different shapes, or smaller than the border; NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.metrics import peak_signal_noise_ratio
    >>> image = np.zeros((8, 8), np.uint8)
    >>> round(peak_signal_noise_ratio(image, image + 1, data_range=255), 2)
    48.13
    """
    first, second = _pair(a, b, data_range, border)
    error = float(np.mean((first - second) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(float(data_range) ** 2 / error))


def structural_similarity(
    a: ArrayLike,
    b: ArrayLike,
    *,
    data_range: float,
    border: int = 0,
    window: str = "gaussian",
) -> float:
    """Mean structural similarity (SSIM) of two images.

    Means, variances and the covariance are those within a window around each pixel, wherever the
    window lies wholly inside; the stabilising constants are ``(0.01 * data_range)**2`` and
    ``(0.03 * data_range)**2``. Images are not made smaller first. Of several channels the mean of
    all is given.

    Parameters
    ----------
    a, b : array-like of shape (height, width) or (height, width, channels)
        Of any type; computed in float64.
    data_range : float
        The highest value less the lowest that pixels can have: 255 for uint8.
    border : int, default=0
        Pixels to leave out at each side.
    window : {"gaussian", "uniform"}, default="gaussian"
        "gaussian" is that of the paper, 11x11 with a standard deviation of 1.5, and what papers
        report; scikit-image gives it with ``gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False``. "uniform" is scikit-image's default: 7x7, with variances of
        samples (divided by 48 instead of 49).

    Returns
    -------
    float
        1 for equal images; less, down to -1, for others.

    Raises
    ------
    ValueError
        For images of different shapes, or smaller than the window; NaN.

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error
    visibility to structural similarity", IEEE Transactions on Image Processing, 2004, eq. 13.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.metrics import structural_similarity
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> structural_similarity(image, image, data_range=255)
    1.0
    """
    if window not in ("gaussian", "uniform"):
        raise ValueError(f'window={window!r}; expected "gaussian" or "uniform".')
    weights = _gaussian() if window == "gaussian" else np.full(_UNIFORM, 1 / _UNIFORM)
    first, second = _pair(a, b, data_range, border)
    if min(first.shape[:2]) < len(weights):
        height, width = first.shape[:2]
        raise ValueError(
            f"the images are {height}x{width} pixels{' within the border' if border else ''}, "
            f"smaller than the window of {len(weights)}x{len(weights)}."
        )
    n = _UNIFORM**2
    correction = 1.0 if window == "gaussian" else n / (n - 1)
    mean_a, mean_b = _filtered(first, weights), _filtered(second, weights)
    var_a = correction * (_filtered(first * first, weights) - mean_a**2)
    var_b = correction * (_filtered(second * second, weights) - mean_b**2)
    cov = correction * (_filtered(first * second, weights) - mean_a * mean_b)
    c1, c2 = (0.01 * float(data_range)) ** 2, (0.03 * float(data_range)) ** 2
    likeness = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    likeness /= (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    return float(likeness.mean())


def _pair(
    a: ArrayLike, b: ArrayLike, data_range: float, border: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both in float64, without their border."""
    if not isinstance(data_range, Real) or not 0 < data_range < float("inf"):
        raise ValueError(
            f"data_range={data_range!r}; expected the range that pixels can have: 255 for uint8."
        )
    if not isinstance(border, Integral) or border < 0:
        raise ValueError(f"border={border!r}; expected a number of pixels, 0 or more.")
    first, second = _image(a, "a"), _image(b, "b")
    if first.shape != second.shape:
        raise ValueError(
            f"a has shape {first.shape} and b {second.shape}; expected images of one shape."
        )
    if min(first.shape[:2]) <= 2 * border:
        raise ValueError(
            f"the images are {first.shape[0]}x{first.shape[1]} pixels; border={border} leaves "
            "nothing of them."
        )
    height, width = first.shape[:2]
    inside = (slice(border, height - border), slice(border, width - border))
    return first[inside], second[inside]


def _image(values: ArrayLike, name: str) -> NDArray[np.float64]:
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {given.dtype}; expected an image of numbers.")
    if given.ndim not in (2, 3) or 0 in given.shape:
        raise ValueError(
            f"{name} has shape {given.shape}; expected one image (height, width) or (height, "
            "width, channels). Of several take the mean of their scores."
        )
    image = given.astype(np.float64)
    if not np.isfinite(image).all():
        raise ValueError(f"{name} contains NaN or infinity.")
    return image


def _gaussian() -> NDArray[np.float64]:
    x = np.arange(_GAUSSIAN) - _GAUSSIAN // 2
    weights = np.exp(-(x**2) / (2 * 1.5**2))
    return weights / weights.sum()


def _filtered(image: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted means of all windows that lie inside, one axis after the other."""
    for axis in (0, 1):
        size = image.shape[axis] - len(weights) + 1
        views = [
            image[i : i + size] if axis == 0 else image[:, i : i + size]
            for i in range(len(weights))
        ]
        image = sum(w * view for w, view in zip(weights, views, strict=True))
    return image
