"""What the layers of a network make of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.inspection._saliency.behind import Behind, behind, parted
from fastdl.inspection._saliency.grad_cam import convolves, with_followers
from fastdl.inspection._saliency.loaded import unpacked


def feature_maps(estimator: Any, X: Any, layer: int | str | None = None) -> NDArray[Any]:
    """What a layer makes of images, as the pipeline before it hands them over.

    Parameters
    ----------
    estimator : estimator of fastdl, a pipeline or search that ends with one, or a Network
        Fitted.
    X : as for its predict
    layer : int or str, default=None
        By number or name, as in `summary`. None: the first convolution, and the activation or norm
        after it.

    Returns
    -------
    ndarray of shape (n, height, width, channels)

    Raises
    ------
    ValueError
        If the layer gives no images.
    """
    return numbers_of(estimator, X, layer)[2]


def numbers_of(
    estimator: Any, X: Any, layer: int | str | None
) -> tuple[str, NDArray[Any], NDArray[Any]]:
    """The name of the layer, X as images (n, height, width, channels), and what the layer gives."""
    estimator, X, _ = unpacked(estimator, X)
    steps, final = parted(estimator)
    inner = X
    for step in steps:
        inner = step.transform(inner)
    found = behind(final, inner, way_out=" It has no layers that give images.")
    index = _index(found, layer)
    values = np.asarray(X)
    fits = values.size == found.X.size  # else a step has made other images of X
    images = values.reshape(found.X.shape) if fits else found.X
    return str(found.layers[index].name), images, found.outputs(index)


def _index(found: Behind, layer: int | str | None) -> int:
    top = [info for info in found.program.layers if info.depth == 0]
    are_images = [len(info.output_shape) == 3 for info in top]
    if layer is None:
        known = (i for i, spec in enumerate(found.layers) if are_images[i] and convolves(spec))
        index = next(known, None)
        if index is not None:
            return with_followers(found.layers, index)
    else:
        index = found.estimator._layer_index(layer) % len(top)
        if are_images[index]:
            return int(index)
    names = [info.name for info, image in zip(top, are_images, strict=True) if image]
    what = "layer that convolves" if layer is None else f"images in layer {layer!r}"
    raise ValueError(
        f"this {type(found.estimator).__name__} has no {what}; layers that give images: "
        f"{', '.join(names) or 'none'}."
    )


def most_active(maps: NDArray[Any], n: int) -> NDArray[np.int64]:
    """The n channels of maps (n, height, width, channels) with the largest values, in order."""
    size = np.abs(maps).mean(axis=(0, 1, 2))
    return np.sort(np.argsort(-size, kind="stable")[:n])
