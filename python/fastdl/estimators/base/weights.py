"""The methods that read and replace weights, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import program as programs
from fastdl.fitting.training import checkpoint


def get_weights(self: Any) -> dict[str, NDArray[Any]]:
    """Weights, biases and running statistics by name, as copies.

    Returns
    -------
    dict of str to ndarray
        "dense_1.weight" of shape (features, units), "dense_1.bias" of shape (units,) ...; the
        layers are called as in `summary`.
    """
    return programs.get_state(self.program_)


def set_weights(self: Any, weights: Mapping[str, Any]) -> Any:
    """Replace what `get_weights` gives, all or some of it.

    Parameters
    ----------
    weights : dict of str to array-like
        As from `get_weights`; what is not in it stays.

    Returns
    -------
    self

    Raises
    ------
    ValueError
        For a name or shape that there is not, and for NaN or infinity; then nothing is changed.
    """
    self._check_is_fitted()
    with checkpoint.fitting(self):
        self._replace_weights(weights)
    return self


def replace_weights(self: Any, weights: Mapping[str, Any]) -> None:
    """Replace weights of a network; see `set_weights`."""
    with checkpoint.at_rest(self):
        program = self.program_
        new = {name: np.asarray(value, program.dtype) for name, value in weights.items()}
        for name, value in new.items():
            if not np.isfinite(value).all():
                raise ValueError(f"{name!r} of the weights holds NaN or infinity.")
        programs.set_state(program, {**programs.get_state(program), **new})
        self._show()
