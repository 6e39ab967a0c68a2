"""A network's x as the core takes it: of what is passed only the form is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdl import program as programs

if TYPE_CHECKING:
    from fastdl.network.network import Network


def checked(
    network: Network, x: Any, lengths: Any
) -> tuple[NDArray[Any], NDArray[np.int32] | None]:
    """X as the core takes it, and lengths for sequences."""
    table = network._columns is not None
    if lengths is not None and (table or len(network.input_shape) != 2):
        takes = "this network takes a table" if table else _expected(network)
        raise ValueError(
            "lengths belongs to padded sequences, one array (n, steps, features); "
            f"{takes}. Leave it out."
        )
    if network._columns is not None:
        return network._columns.prepared(x, network.dtype), None
    try:
        given = np.asarray(x)
    except ValueError as error:  # lists of several lengths
        way_out = "Pad sequences, and pass lengths." if len(network.input_shape) == 2 else ""
        what = "x has parts of several lengths"
        raise ValueError(f"{what}; {_expected(network)}. {way_out}") from error
    if given.dtype.kind not in "biuf":
        what = f"x has the dtype {given.dtype}"
        raise ValueError(f"{what}; {_expected(network)}, of numbers.")
    codes = len(network.input_shape) == 2 and given.dtype.kind in "iu"
    is_known = codes or given.dtype in (np.uint8, np.float32, np.float64)
    x = given if is_known else given.astype(np.float64)
    if network.input_axes is not None and x.ndim == len(network.input_axes):
        x = x.transpose(network.input_axes)
    shape = network.input_shape
    if len(shape) == 2:
        return _checked_steps(network, x, given.shape, lengths)
    size = int(np.prod(shape))
    fits = x.shape[1:] == shape or x.shape[1:] == (size,)
    if network.input_axes is not None and len(network.input_axes) <= len(shape):  # one pixel high
        fits = fits or (1, *x.shape[1:]) == shape
    if not fits and not (shape[-1] == 1 and x.shape[1:] == shape[:-1]):
        raise ValueError(f"x has shape {given.shape}; {_expected(network)}.")
    return x.reshape(len(x), *shape), None


def _checked_steps(
    network: Network, x: NDArray[Any], given: tuple[int, ...], lengths: Any
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    _, n_features = network.input_shape
    x = x[..., np.newaxis] if x.ndim == 2 and n_features == 1 else x
    if x.ndim == 2 and x.shape[1] % n_features == 0:
        x = x.reshape(len(x), -1, n_features)
    if x.ndim != 3 or x.shape[2] != n_features or not x.shape[1]:
        raise ValueError(f"x has shape {given}; {_expected(network)}.")
    steps = np.full(len(x), x.shape[1], np.int32)
    if lengths is not None:
        steps = np.asarray(lengths)
        if steps.shape != x.shape[:1] or steps.dtype.kind not in "iu":
            raise ValueError(
                f"lengths has shape {steps.shape} and dtype {steps.dtype}; expected {len(x)} "
                "integers, one for each sequence of x."
            )
        if steps.size and not 0 <= steps.min() <= steps.max() <= x.shape[1]:
            raise ValueError(f"lengths has values outside 0 to {x.shape[1]}, the steps of x.")
        steps = steps.astype(np.int32)
    network._network.lengthen(x.shape[1])
    return (x.astype(np.int32) if x.dtype.kind in "iu" else x), steps


def _expected(network: Network) -> str:
    """The shape of x, in words."""
    of_sample = network.input_shape
    shape: tuple[int | str, ...] = ("n", *of_sample)
    if len(shape) == 3 and programs.takes_steps(network.layers, of_sample, of_sample[0] + 1):
        shape = ("n", "steps", of_sample[1])
    if network.input_axes is not None:
        back = np.argsort(network.input_axes)
        shape = tuple(shape[i] for i in back)
    return f"this network takes ({', '.join(map(str, shape))})"
