"""What the outputs of a network mean: labels, probabilities or numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.fitting.targets import Targets


def each(
    decode: Callable[[NDArray[Any]], NDArray[Any]],
    outputs: NDArray[Any],
    real: NDArray[np.bool_] | None,
) -> Any:
    """Outputs (..., n_outputs) decoded row by row; zeros, or empty texts, where nothing is real."""
    if real is None:
        if outputs.ndim == 2:
            return decode(outputs)
        answers = decode(outputs.reshape(-1, outputs.shape[-1]))
        return answers.reshape(*outputs.shape[:-1], *answers.shape[1:])
    answers = decode(outputs[real])
    padded = np.zeros((*real.shape, *answers.shape[1:]), answers.dtype)
    padded[real] = answers
    return padded


def both(p: NDArray[Any]) -> NDArray[Any]:
    """Probabilities of two classes, from those of the second."""
    return np.hstack([1 - p, p])


def of_classes(classes: NDArray[Any], link: str, n_outputs: int) -> Targets:
    """What outputs are that stand for classes; ValueError where they cannot."""
    binary = n_outputs == 1 and len(classes) == 2 and link == "sigmoid"
    if classes.ndim != 1 or not (binary or len(classes) == n_outputs):
        raise ValueError(
            f"classes has shape {classes.shape}; expected a label for each of {n_outputs} outputs."
        )
    if link == "exp" or (link == "sigmoid" and not binary):
        only = "one output and two classes" if link == "sigmoid" else "numbers, without classes"
        raise ValueError(
            f"link={link!r} with {len(classes)} classes and {n_outputs} outputs; it is for {only}. "
            "Use link='softmax' for classes of which each sample has one."
        )
    if classes.dtype.kind not in "biufUO":
        raise ValueError(f"classes is of dtype {classes.dtype}; expected numbers or texts.")
    return Targets("binary" if binary else "multiclass", n_outputs, classes)
