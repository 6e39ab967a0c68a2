"""The layers behind whatever has a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastdl._pipelines import last_of
from fastdl.layers import Layer


def network_of(
    estimator: Any, input_shape: Sequence[int] | None, n_outputs: int | None
) -> tuple[str, Sequence[Layer], tuple[int, ...]]:
    """A name, layers and the shape of a sample; see `NetworkDisplay.from_estimator`."""
    final = last_of(estimator)
    name = type(final).__name__
    if hasattr(final, "_planned"):
        if input_shape is None and not final.__sklearn_is_fitted__():
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                f"this {name} is not fitted. Fit it, or pass input_shape, what a sample will be."
            )
        layers, shape, _ = final._planned(input_shape, n_outputs)
        return name, layers, shape
    if hasattr(final, "layers") and hasattr(final, "input_shape") and input_shape is None:
        return name, final.layers, tuple(final.input_shape)
    raise ValueError(f"{name} is no network: there are no layers to draw.")
