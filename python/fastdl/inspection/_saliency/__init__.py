"""What in X speaks for an answer: by gradient, by occlusion, by Grad-CAM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl._rules import choice
from fastdl.inspection._saliency.behind import parted
from fastdl.inspection._saliency.forms import form_of, in_form_of
from fastdl.inspection._saliency.grad_cam import grad_cam
from fastdl.inspection._saliency.gradient import input_gradient
from fastdl.inspection._saliency.loaded import unpacked
from fastdl.inspection._saliency.looks import Looks
from fastdl.inspection._saliency.looks import looks as _looks
from fastdl.inspection._saliency.occlusion import occlusion

__all__ = ["input_gradient", "looks", "saliency"]

_METHOD = choice("gradient", "occlusion", "grad_cam")
_WORDS = {"layer": "grad_cam", "size": "occlusion", "stride": "occlusion", "fill": "occlusion"}


def saliency(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    method: str = "gradient",
    lengths: Any = None,
    image_shape: Any = None,
    layer: int | str | None = None,
    size: int | None = None,
    stride: int | None = None,
    fill: Any = None,
) -> Any:
    """How much each pixel, feature or step matters to an answer of a fitted estimator.

    Parameters
    ----------
    estimator : estimator, pipeline, search or Network
        Fitted, with one answer for each sample. "gradient" and "grad_cam" are for networks of
        fastdl, "occlusion" is for any estimator.
    X : as for its predict
    y : label or int, or array-like of shape (n,), default=None
        The class, number of the output or, of autoencoders and embedders, unit of the code that is
        asked about, for all samples or for each. None: the predicted class, or the only output.
    method : {"gradient", "occlusion", "grad_cam"}, default="gradient"
        - "gradient": the absolute value of `input_gradient`, the largest over the channels of a
          pixel or the features of a step; of symbols the norm of the gradient by their vector.
          (Simonyan, Vedaldi and Zisserman, ICLR workshop 2014, section 3.1.)
        - "occlusion": how much smaller the probability of the class (or the score, or the
          prediction) is where a square of the image, a feature or a step is covered; the mean over
          all squares that cover a pixel. Below 0 where covering helps. Symbols are left out.
          (Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
          section 4.2.)
        - "grad_cam": ReLU(sum_k a_k A_k) over the maps A_k of a convolution, a_k being the mean
          over its pixels of the gradient of the class's score by A_k; enlarged to the image by
          bilinear interpolation. (Selvaraju et al., "Grad-CAM: visual explanations from deep
          networks via gradient-based localization", ICCV 2017, equations 1 and 2.)
    lengths : array-like of int of shape (n,), default=None
        How many steps of padded sequences are real.
    image_shape : (int, int) or (int, int, int), default=None
        What a row of X is, where an estimator of rows looks at images.
    layer : int or str, default=None
        Of "grad_cam": by number or name, as in `summary`. None: the last convolution with more than
        one pixel, and the activation after it.
    size, stride : int, default=None
        Of "occlusion": the side of the square in pixels, or how many steps are covered, and how far
        it moves. None: an eighth of the shorter side, and half of that; 1 step or feature.
    fill : float or array-like, default=None
        Of "occlusion": what covers, for all channels or features or one for each. None: the mean of
        the image or of the sequence itself; in rows, of the column of X, or its most frequent value
        if it holds no numbers.

    Returns
    -------
    ndarray of shape (n, height, width), (n, n_features) or (n, T), or list of n ndarrays (T_i,)
        A list for lists of sequences and for texts.

    Raises
    ------
    ValueError
        For a word of another method, y that is no class or output, an estimator that the method is
        not for.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import CNNClassifier
    >>> from fastdl.inspection import saliency
    >>> X, y = load_digits().images / 16, load_digits().target
    >>> net = CNNClassifier((8,), max_epochs=2, random_state=0).fit(X, y)
    >>> saliency(net, X[:5], method="grad_cam").shape
    (5, 8, 8)
    """
    _words_of([method], {"layer": layer, "size": size, "stride": stride, "fill": fill})
    estimator, X, _ = unpacked(estimator, X)
    if method == "grad_cam":
        if lengths is not None:
            raise ValueError("method='grad_cam' is for images, which have no lengths.")
        return grad_cam(estimator, X, y, layer=layer)
    if method == "occlusion":
        return occlusion(
            estimator,
            X,
            y,
            lengths=lengths,
            size=size,
            stride=stride,
            fill=fill,
            image_shape=image_shape,
        )
    return _of_gradient(estimator, X, y, lengths, image_shape)


def looks(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    methods: Sequence[str],
    lengths: Any,
    image_shape: Any,
    words: dict[str, Any],
) -> Looks:
    """What a picture of saliency by several methods shows; `words` are those of `saliency`."""
    found = _words_of(methods, words)
    estimator, X, _ = unpacked(estimator, X)
    return _looks(saliency, estimator, X, y, methods, lengths, image_shape, found)


def _words_of(methods: Sequence[str], words: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Of each method, the words that are given and its own; ValueError for one that is no one's."""
    if not methods:
        raise ValueError("method is an empty list; expected at least one method.")
    for method in methods:
        if not _METHOD.accepts(method):
            raise ValueError(_METHOD.complaint("method", method))
    given = {name: value for name, value in words.items() if value is not None}
    for name in given:
        if _WORDS[name] not in methods:
            other = " or ".join(map(repr, methods))
            raise ValueError(f"{name} is for method={_WORDS[name]!r}, not for method={other}.")
    return {
        method: {name: value for name, value in given.items() if _WORDS[name] == method}
        for method in methods
    }


def _of_gradient(estimator: Any, X: Any, y: Any, lengths: Any, image_shape: Any) -> Any:
    gradient = input_gradient(estimator, X, y, lengths=lengths)
    form = form_of(parted(estimator)[1], X, lengths, image_shape)
    if form.name == "images":
        return np.abs(gradient).reshape(-1, *form.shape).max(axis=3)
    if form.name == "rows":
        return np.abs(gradient)
    if form.name == "symbols":
        maps = [np.linalg.norm(g, axis=-1) for g in gradient]
    else:
        maps = [_largest(g) for g in gradient]
    return in_form_of(X, lengths, maps)


def _largest(gradient: NDArray[Any]) -> NDArray[Any]:
    """Of each step, over its features."""
    return np.abs(gradient).reshape(len(gradient), -1).max(axis=1, initial=0.0)
