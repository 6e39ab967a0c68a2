"""Arrays in, as C-contiguous floats of one dtype, and results out, into `out`.

Arrays on a GPU stay there (`fastdl.functional._device`); what is here serves those of both places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastdl._core import DeviceArray
from fastdl._rules import Rule
from fastdl.functional import _device
from fastdl.functional._producers import is_on_gpu

_OPTIONAL = {"b", "h0", "c0", "peepholes", "dc", "sample_weight"}  # inputs that may be None


def floats(who: str, **inputs: ArrayLike | None) -> list[Any]:
    """The inputs as C-contiguous arrays of one dtype, without a copy where they are already.

    float32 if NumPy would give that (or float16) for all of them together, float64 otherwise; None
    stays None where an input is optional. Arrays on a GPU must be C-contiguous floats of one dtype
    already.

    Raises
    ------
    TypeError
        For complex numbers, objects, text and masked values, and for None where an array must be.
    ValueError
        For lists of different lengths.
    """
    for name, a in inputs.items():
        if a is None and name not in _OPTIONAL:
            raise TypeError(f"{who}(): {name} is None; expected an array.")
    on_gpu = _device.taken(who, inputs)
    if on_gpu is not None:
        return on_gpu
    arrays = {name: None if a is None else _array(who, name, a) for name, a in inputs.items()}
    for name, a in arrays.items():
        if a is not None and (a.dtype.kind not in "buif" or a.dtype.itemsize > 8):
            raise TypeError(
                f"{who}(): {name} has dtype {a.dtype}; expected float32, float64 or integers."
            )
    common = np.result_type(*(a.dtype for a in arrays.values() if a is not None))
    dtype = np.float64 if common.kind != "f" else np.result_type(common, np.float32)
    return [None if a is None else np.require(a, dtype, ["C", "A"]) for a in arrays.values()]


def host_floats(who: str, **inputs: ArrayLike | None) -> list[Any]:
    """`floats` of a function without kernels for GPUs: their arrays raise TypeError."""
    _device.refuse(who, **inputs)
    return floats(who, **inputs)


def _array(who: str, name: str, a: ArrayLike) -> NDArray[Any]:
    """As NumPy reads it; a mask, which it would drop, and rows of several lengths are refused."""
    if isinstance(a, np.ma.MaskedArray) and np.ma.is_masked(a):
        raise TypeError(
            f"{who}(): {name} is a masked array; expected an array without a mask. Use "
            f"{name}.filled(...)."
        )
    try:
        return np.asarray(a)
    except ValueError as error:
        raise ValueError(
            f"{who}(): {name} holds lists of different lengths; expected an array."
        ) from error


def expect(who: str, parameter: str, value: object, rule: Rule) -> Any:
    """The value as plain data; ValueError where the rule does not accept it."""
    if not rule.accepts(value):
        raise ValueError(f"{who}(): {rule.complaint(parameter, value)}")
    return rule.plain(value)


def expect_shape(who: str, name: str, array: NDArray[Any], shape: str) -> None:
    """Raise ValueError unless the array has the dimensions of a shape in words, "(n, in)"."""
    if array.ndim != shape.count(",") + (not shape.endswith(",)")):
        raise ValueError(f"{who}(): {name} has shape {array.shape}; expected {shape}.")


def counts(
    who: str, lengths: ArrayLike | None, n: int, steps: int, least: int, of: str = "x"
) -> NDArray[np.int32]:
    """The steps of n sequences, as the core takes them; all `steps` where no lengths are given.

    Raises
    ------
    ValueError
        Unless there are n integers from `least` to `steps`, those of the array `of`.
    """
    if lengths is None:
        return np.full(n, steps, np.int32)
    found = np.asarray(_device.on_host(who, "lengths", lengths))
    if found.shape != (n,) or (n and found.dtype.kind not in "iu"):
        raise ValueError(
            f"{who}(): lengths has shape {found.shape} and dtype {found.dtype}; expected {n} "
            f"integers, one for each sequence of {of}."
        )
    wrong = np.flatnonzero((found < least) | (found > steps))
    if len(wrong):
        raise ValueError(
            f"{who}(): lengths[{wrong[0]}] is {found[wrong[0]]}, but {of} has {steps} steps; "
            f"expected {least} to {steps}."
        )
    return np.ascontiguousarray(found, np.int32)


def expect_same_shape(
    who: str, name: str, array: NDArray[Any], other_name: str, other: NDArray[Any]
) -> None:
    """Raise ValueError unless the first has the shape of the second."""
    if array.shape != other.shape:
        raise ValueError(
            f"{who}(): {name} has shape {array.shape}, but {other_name} has {other.shape}."
        )


def buffer(who: str, out: Any, shape: Sequence[int], like: Any) -> Any:
    """Where to compute a result: `out` itself if it can be, else a new array for `deliver`.

    It lies where `like` does, of the same dtype.

    Raises
    ------
    TypeError
        If `out` is not an array, or of a dtype the result cannot be cast to.
    ValueError
        If it has another shape, or is read-only.
    """
    if isinstance(like, DeviceArray):
        return _device.buffer(who, out, shape, like)
    dtype = like.dtype
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{who}(): out is a {type(out).__name__}; expected a NumPy array.")
    if out.shape != tuple(shape):
        raise ValueError(f"{who}(): out has shape {out.shape}; expected {tuple(shape)}.")
    if not np.can_cast(dtype, out.dtype, "same_kind"):
        raise TypeError(f"{who}(): out has dtype {out.dtype}; expected {np.dtype(dtype)}.")
    if not out.flags.writeable:
        raise ValueError(f"{who}(): out is read-only.")
    fits = out.dtype == dtype and out.flags.c_contiguous and out.flags.aligned
    return out if fits else np.empty(shape, dtype)


def deliver(result: Any, out: Any) -> Any:
    """The result, in `out` if there is one; `buffer` has looked at it."""
    if out is None or out is result:
        return result
    assign(out, result)
    return out


def assign(to: Any, values: Any) -> None:
    """Copy the values into an array at the same place."""
    if isinstance(values, DeviceArray):
        _device.assign(_device.take("assign", "to", to), values)
    else:
        np.copyto(to, values, casting="same_kind")


def shape_of(who: str, name: str, a: Any) -> tuple[int, ...]:
    """Of an array of which nothing else is used."""
    return _device.take(who, name, a).shape if is_on_gpu(a) else np.shape(a)


def zeros(shape: Sequence[int], like: Any, dtype: DTypeLike | None = None) -> Any:
    """Zeros where `like` lies, of its dtype if there is no other."""
    dtype = like.dtype if dtype is None else dtype
    if isinstance(like, DeviceArray):
        return _device.new(shape, like, dtype)
    return np.zeros(shape, dtype)


def beside(like: Any, values: NDArray[Any]) -> Any:
    """Values of the host where `like` lies."""
    return _device.sent(values, like) if isinstance(like, DeviceArray) else values


def total(a: Any) -> float:
    """The sum of floats."""
    if isinstance(a, DeviceArray):
        return _device.total(a)
    return float(np.sum(a, dtype=np.float64))


def copied(a: Any) -> Any:
    """The same values in memory of their own."""
    if not isinstance(a, DeviceArray):
        return a.copy()
    b = _device.new(a.shape, a, a.dtype)
    _device.assign(b, a)
    return b


def overlap(a: Any, b: Any) -> bool:
    """Whether arrays at one place may share memory."""
    return a._overlaps(b) if isinstance(a, DeviceArray) else np.may_share_memory(a, b)


def part(a: Any, first: int, shape: Sequence[int]) -> Any:
    """A view of values first, first + 1 ... of a C-contiguous array."""
    if isinstance(a, DeviceArray):
        return a._part(first, tuple(shape))
    return a.reshape(-1)[first : first + math.prod(shape)].reshape(shape)


def wanted(who: str, names: str, needs: Sequence[bool] | None) -> tuple[bool, ...]:
    """For each input ("x w b") whether its gradient is asked for.

    Raises
    ------
    ValueError
        If `needs` has another length.
    """
    inputs = names.split()
    if needs is None:
        return (True,) * len(inputs)
    if len(needs) != len(inputs):
        raise ValueError(
            f"{who}(): needs has {len(needs)} values; expected {len(inputs)}, one for each of "
            f"{', '.join(inputs)}."
        )
    return tuple(bool(need) for need in needs)
