"""Where in an image the last convolution finds what speaks for an answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from fastdl import layers as L
from fastdl.inspection._saliency.answers import check_of_samples
from fastdl.inspection._saliency.behind import Behind, behind, parted
from fastdl.inspection._saliency.gradient import answer_of, slopes


def grad_cam(estimator: Any, X: Any, y: Any, *, layer: int | str | None) -> NDArray[Any]:
    """See `saliency`."""
    steps, final = parted(estimator)
    check_of_samples(final)
    for step in steps:
        X = step.transform(X)
    found = behind(final, X)
    index = _index(found, layer)
    above, maps = answer_of(found, index + 1), []
    height, width = found.input_shape[:2]
    for part in gen_batches(found.X.shape[0], above.batch_size):
        values = found._replace(X=found.X[part]).outputs(index)
        outputs = above.forward(values)
        of_part = y[part] if np.ndim(y) == 1 else y
        gradient = above.backward(slopes(found, outputs, of_part))
        weight = gradient.mean(axis=(1, 2), keepdims=True)
        maps.append(np.maximum((weight * values).sum(axis=3), 0))
    return _enlarged(np.concatenate(maps).astype(np.float64), height, width)


def last_convolution(layers: Any, shapes: list[tuple[int, ...]]) -> int | None:
    """The last layer at the top level that convolves, with the activation or norm after it.

    Of those that leave more than one pixel, if there are some.
    """
    found = [i for i, layer in enumerate(layers) if convolves(layer) and len(shapes[i]) == 3]
    large = [i for i in found if math.prod(shapes[i][:2]) > 1]
    if not found:
        return None
    return with_followers(layers, (large or found)[-1])


def convolves(layer: L.Layer) -> bool:
    """Whether it has weights, or layers with weights, for images."""
    return any(inner.has_weights and inner.gives("images") for inner in L.walk([layer]))


def with_followers(layers: Any, index: int) -> int:
    """The last of the activations and norms that come straight after a layer."""
    while index + 1 < len(layers) and layers[index + 1].follows:
        index += 1
    return index


def _index(found: Behind, layer: int | str | None) -> int:
    shapes = [info.output_shape for info in found.program.layers if info.depth == 0]
    name = type(found.estimator).__name__
    below = found.layers[:-1]  # the last one gives what is asked about
    if layer is None:
        index = last_convolution(below, shapes)
        if index is None:
            raise ValueError(
                f"this {name} has no layer of images to look at: method='grad_cam' is for "
                "convolutional networks. Use method='gradient' or method='occlusion'."
            )
        return index
    index = found.estimator._layer_index(layer) % len(shapes)
    if index >= len(below) or len(shapes[index]) != 3:
        images = [spec.name for spec, s in zip(below, shapes, strict=False) if len(s) == 3]
        raise ValueError(
            f"layer={layer!r} gives no images for an answer; those that do: "
            f"{', '.join(map(str, images))}."
        )
    return index


def _enlarged(maps: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Maps (n, h, w) at (n, height, width), bilinear, pixels' centres onto pixels' centres."""
    down, across = _weights(maps.shape[1], height), _weights(maps.shape[2], width)
    enlarged: NDArray[np.float64] = down @ maps @ across.T
    return enlarged


def _weights(n: int, new: int) -> NDArray[np.float64]:
    """The matrix (new, n) of linear interpolation."""
    where = (np.arange(new) + 0.5) * n / new - 0.5
    return np.stack([np.interp(where, np.arange(n), row) for row in np.eye(n)], axis=1)
