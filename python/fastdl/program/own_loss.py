"""A loss of the user's own, as the core asks for it: once a batch, with its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl._warn import warn
from fastdl.autodiff import check_gradients, value_and_grad
from fastdl.losses import Custom

_DIFFERENCES = 20  # elements of the outputs that are compared with differences
_ROWS = 8  # samples that a loss is tried on before the training
_SEED = 0x6C6F7373


class OwnLoss:
    """The weighted sum of a `losses.Custom` over a batch, and its gradient by the outputs."""

    def __init__(self, spec: Custom) -> None:
        self._f = spec.function
        self._name = spec.name
        self._graded = value_and_grad(self._mean)
        self.batch = 0  # asked so far, for messages

    def __call__(
        self, pred: NDArray[Any], y: NDArray[Any], weight: NDArray[Any], norm: float, graded: bool
    ) -> tuple[float, NDArray[Any] | None]:
        """What `_core.Program.set_own_loss` wants; rows without weight are not shown to f."""
        self.batch += 1
        rows = None if np.all(weight) else np.flatnonzero(weight)
        some, y, weight = (pred, y, weight) if rows is None else (pred[rows], y[rows], weight[rows])
        if not graded:
            return float(self._mean(some, y, weight, norm)) * norm, None
        mean, gradient = self._graded(some, y, weight, norm)
        if rows is not None:
            gradient, of_rows = np.zeros_like(pred), gradient
            gradient[rows] = of_rows
        return float(mean) * norm, gradient

    def _mean(self, pred: Any, y: NDArray[Any], weight: NDArray[Any], norm: float) -> Any:
        losses = self._f(y, pred)
        if losses is None or isinstance(losses, (str, bytes)):
            raise TypeError(
                f"loss {self._name} gave {losses!r}; expected one loss for each row, ({len(y)},), "
                "or one number."
            )
        shape = np.shape(losses)
        if shape == ():
            if not np.all(weight == 1):
                raise ValueError(
                    f"loss {self._name} gives one number for the batch, so that samples cannot be "
                    "weighted: leave sample_weight and class_weight out, or return one loss for "
                    "each row."
                )
            return losses
        if shape != (len(y),):
            raise ValueError(
                f"loss {self._name} gave an array of shape {shape} for y_true of shape "
                f"{np.shape(y)} and y_pred of shape {np.shape(pred)}; expected one loss for each "
                f"row, ({len(y)},), or one number."
            )
        return np.sum(losses * (weight / norm))


def try_out(spec: Custom, y: NDArray[Any], n_outputs: int) -> None:
    """Before a training: raise where a loss is no function of its arguments with a gradient.

    Parameters
    ----------
    spec : Custom
    y : ndarray of shape (n, n_outputs) or (n,)
        Targets as the loss will get them.
    n_outputs : int

    Raises
    ------
    ValueError
        If it gives other shapes, nan, other values the second time, or a gradient that differences
        do not confirm.
    """
    y = np.asarray(y[:_ROWS], dtype=y.dtype if y.dtype.kind in "iu" else float)
    # A seed of its own: y that default_rng(0) drew would be the same, where errors have kinks.
    pred = np.random.default_rng(_SEED).normal(size=(len(y), n_outputs))
    own, ones = OwnLoss(spec), np.ones(len(y))
    first = own(pred, y, ones, float(len(y)), False)[0]
    if not np.isfinite(first):
        raise ValueError(
            f"loss {spec.name} is {first} for normal outputs. Let it be finite: a small number "
            "within a logarithm, or np.logaddexp."
        )
    if own(pred, y, ones, float(len(y)), False)[0] != first:
        raise ValueError(
            f"loss {spec.name} gave two values for the same arguments: a loss must not draw random "
            "numbers."
        )
    gradient = own(pred, y, ones, float(len(y)), True)[1]
    if gradient is not None and not np.any(gradient):
        warn(
            f"loss {spec.name} has a gradient of zero for normal outputs, from which nothing is "
            "learnt. Let it depend on its second argument, y_pred, by NumPy's functions."
        )
    try:
        check_gradients(
            lambda p: own._mean(p, y, ones, float(len(y))),
            (pred,),
            modes=["reverse"],
            order=1,
            rtol=1e-4,
            atol=1e-6,
            max_elements=_DIFFERENCES,
        )
    except AssertionError as error:
        raise ValueError(
            f"loss {spec.name}: {str(error).rstrip('.')}. A part of it may be hidden from "
            "fastdl.autodiff (value_of, a branch on a value), or it jumps."
        ) from None
