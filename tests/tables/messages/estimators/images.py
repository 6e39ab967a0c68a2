"""What estimators say when something does not fit: images."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import (
    CNNRegressor,
    NDScaler,
)
from fastdl import layers as L

from .calls import ROWS, X, Y, cnn, fit, net


def predict(other: Any, X: Any = X) -> Callable[[], object]:
    return lambda: cnn().fit(X, Y).predict(other)


FORMS = "images (n, height, width, channels) or (n, height, width), or rows (n, n_features)"


# fmt: off
IMAGES = [
    (predict(X[..., :1]), ValueError,
     "X has shape (20, 8, 8, 1), but CNNClassifier was fitted with images of shape (8, 8, 3). "
     "Convert to 3 channels, or fit on 1 channel."),
    (predict(X, X[..., :1]), ValueError,
     "X has shape (20, 8, 8, 3), but CNNClassifier was fitted with images of shape (8, 8, 1). "
     "Convert to grey, or fit on 3 channels."),
    (predict(X[..., 0]), ValueError,
     "X has shape (20, 8, 8), but CNNClassifier was fitted with images of shape (8, 8, 3). Convert "
     "to 3 channels, or fit on 1 channel."),
    (predict(X[:, :4]), ValueError,
     "X has shape (20, 4, 8, 3), but CNNClassifier was fitted with images of shape (8, 8, 3). Crop "
     "or scale to 8x8, or fit on images of this size."),
    (predict(X[0]), ValueError,
     "X has shape (8, 8, 3), but CNNClassifier was fitted with images of shape (8, 8, 3). It looks "
     "like one image: use X[np.newaxis]."),
    (predict(np.moveaxis(X, -1, 1)), ValueError,
     "X has shape (20, 3, 8, 8), but CNNClassifier was fitted with images of shape (8, 8, 3). It "
     "looks like channels first: use np.moveaxis(X, 1, -1)."),
    (predict(ROWS[:, :5]), ValueError,
     "X has 5 features, but CNNClassifier is expecting 192 features as input."),
    (predict(X, ROWS), ValueError,
     "X has shape (20, 8, 8, 3), but CNNClassifier was fitted with images of shape (1, 192, 1). "
     "Crop or scale to 1x192, or fit on images of this size."),
    (lambda: net(L.Dense(2)).fit(ROWS, Y).predict(X), ValueError,
     f"X has shape (20, 8, 8, 3), but NetClassifier was fitted with 192 features. It takes {FORMS} "
     "of that size."),
    (fit(np.moveaxis(X, -1, 1)), ValueError,
     "X has shape (20, 3, 8, 8), which looks like channels first; CNNClassifier takes images as "
     "(n, height, width, channels). Use np.moveaxis(X, 1, -1), or set input_shape=(3, 8, 8) if it "
     "is right as it is."),
    (fit(X[..., np.newaxis]), ValueError,
     f"X has shape (20, 8, 8, 3, 1); CNNClassifier takes {FORMS}."),
    (fit(X[:, :0]), ValueError, f"X has shape (20, 0, 8, 3); CNNClassifier takes {FORMS}."),
    (fit([*X[:4], X[4, :5], *X[5:]]), ValueError,
     "X[4] has shape (5, 8, 3), but X[0] has (8, 8, 3); samples have one shape. Crop, scale or pad "
     "them."),
    (lambda: NDScaler().fit([*X[:4], X[4, :5]]), ValueError,
     "X[4] has shape (5, 8, 3), but X[0] has (8, 8, 3); samples have one shape. Crop, scale or pad "
     "them."),
    (fit(X[:0], Y[:0]), ValueError,
     "Found array with 0 sample(s) (shape=(0, 8, 8, 3)) while a minimum of 1 is required by "
     "CNNClassifier."),
    (fit(np.where(X > 0.9, np.inf, X)), ValueError,
     "Input X contains infinity or a value too large for dtype('float32')."),
    (lambda: CNNRegressor().fit(X, np.full(20, np.nan)), ValueError, "Input y contains NaN."),
    (fit(y=Y[:5]), ValueError,
     "Found input variables with inconsistent numbers of samples: [20, 5]"),
    (fit(input_shape=(8, 8)), ValueError,
     "X has shape (20, 8, 8, 3), but input_shape=(8, 8) asks for images of shape (8, 8, 1), or "
     "rows of 64 features. Leave input_shape out to take it from X."),
    (fit(input_shape=(192,)), ValueError,
     "CNNClassifier: input_shape=(192,); expected None, (height, width) or (height, width, "
     "channels), positive integers."),
    (lambda: NDScaler().fit(X).transform(X[..., 0]), ValueError,
     "X has shape (20, 8, 8), but NDScaler was fitted with arrays of 4 dimensions and 3 channels. "
     "Fit it on arrays of this kind, or bring X into that form."),
]
# fmt: on
