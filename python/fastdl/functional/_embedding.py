"""Symbols as vectors."""

# mypy: allow-redefinition
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl._tracing import differentiable
from fastdl.functional._arrays import buffer, deliver, expect_shape, host_floats
from fastdl.functional._device import refuse


@differentiable
def embedding(ids: ArrayLike, table: ArrayLike, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """The rows of a table by code.

    Parameters
    ----------
    ids : array-like of int of any shape
        Codes 0 .. k - 1.
    table : array-like of shape (k, units)
    out : ndarray of shape (*ids.shape, units), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (*ids.shape, units)

    Raises
    ------
    ValueError
        For a code outside of the table.
    TypeError
        If the codes are no integers.
    """
    ids, table = _codes("embedding", ids, table)
    result = buffer("embedding", out, (*ids.shape, table.shape[1]), table)
    if out is not None and (np.may_share_memory(out, table) or np.may_share_memory(out, ids)):
        ids, table = ids.copy(), table.copy()
    np.take(table, ids, axis=0, out=result, mode="clip")  # the codes are inside; "raise" would copy
    return deliver(result, out)


@differentiable
def embedding_backward(dy: ArrayLike, ids: ArrayLike, table: ArrayLike) -> NDArray[Any]:
    """Gradient of `embedding` with respect to the table: each row of dy added to its code's."""
    ids, table = _codes("embedding_backward", ids, table)
    (dy,) = host_floats("embedding_backward", dy=dy)
    if dy.shape != (*ids.shape, table.shape[1]):
        raise ValueError(
            f"embedding_backward(): dy has shape {dy.shape}; expected "
            f"{(*ids.shape, table.shape[1])}."
        )
    dtable = np.zeros(table.shape, dy.dtype)
    np.add.at(dtable, ids.ravel(), dy.reshape(-1, table.shape[1]))
    return dtable


def _codes(who: str, ids: ArrayLike, table: ArrayLike) -> tuple[Any, Any]:
    refuse(who, ids=ids)
    (table,) = host_floats(who, table=table)
    ids = np.asarray(ids)
    expect_shape(who, "table", table, "(symbols, units)")
    if ids.dtype.kind not in "iu":
        raise TypeError(f"{who}(): ids has dtype {ids.dtype}; expected integers.")
    if ids.size and (ids.min() < 0 or ids.max() >= len(table)):
        raise ValueError(f"{who}(): ids has a code outside of 0..{len(table) - 1}.")
    return ids, table
