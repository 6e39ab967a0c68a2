"""What the layers of a network make of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.inspection._saliency.behind import Behind, behind, parted
from fastdl.inspection._saliency.grad_cam import convolves, with_followers


def feature_maps(estimator: Any, X: Any, layer: int | str | None = None) -> NDArray[Any]:
    """What a layer makes of images, as the pipeline before it hands them over.

    Parameters
    ----------
    estimator : estimator of fastdl, or a pipeline or search that ends with one
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
    return maps_of(estimator, X, layer)[1]


def maps_of(estimator: Any, X: Any, layer: int | str | None) -> tuple[str, NDArray[Any]]:
    """The name of the layer, and what it gives."""
    steps, final = parted(estimator)
    for step in steps:
        X = step.transform(X)
    found = behind(final, X)
    index = _index(found, layer)
    return str(found.layers[index].name), found.outputs(index)


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


def largest_first(maps: NDArray[Any]) -> NDArray[np.int64]:
    """The channels of maps (height, width, channels), the most active one first."""
    return np.argsort(-np.abs(maps).mean(axis=(0, 1)), kind="stable")
