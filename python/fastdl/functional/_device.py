"""Arrays on a GPU, CuPy's, torch's and others': taken where they lie, and results made beside them.

They say where that is by ``__cuda_array_interface__``, or by DLPack. What works there is
``fastdl._cuda``, which is loaded when the first such array is met.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl._core import DeviceArray, DeviceQueue
from fastdl.functional._producers import Seen, check, is_on_gpu, look, number_of
from fastdl.program import gpus


class _OfThread(threading.local):
    """A queue is one thread's."""

    def __init__(self) -> None:
        self.queues: dict[int, DeviceQueue] = {}


_of_thread = _OfThread()


def _queue(number: int) -> DeviceQueue:
    if number not in _of_thread.queues:
        _of_thread.queues[number] = DeviceQueue(gpus.backend(number), number)
    return _of_thread.queues[number]


def queue_of(a: Any) -> DeviceQueue | None:
    """Where a function of this array works; None is the host."""
    return _queue(a.__dlpack_device__()[1]) if isinstance(a, DeviceArray) else None


def refuse(who: str, how: str = "", /, **inputs: Any) -> None:
    """Raise TypeError for arrays on a GPU: the function, asked like this, has no kernels there."""
    for name, a in inputs.items():
        if is_on_gpu(a):
            raise TypeError(
                f"{who}(){how} runs on the CPU only, but {name} is on a GPU. Copy it to the host: "
                f"{name}.get() of CuPy and fastdl, {name}.cpu() of torch."
            )


def taken(who: str, inputs: Mapping[str, Any]) -> list[Any] | None:
    """The inputs as arrays of one GPU and dtype, without a copy; None where all are the host's.

    Raises
    ------
    TypeError
        For arrays on the host beside those of a GPU, on several GPUs, or of other dtypes.
    ValueError
        For arrays that are not contiguous.
    RuntimeError
        If fastdl cannot use the GPU.
    """
    if not expect_together(who, inputs):
        return None
    arrays = {name: None if a is None else take(who, name, a) for name, a in inputs.items()}
    (first, like), *others = ((name, a) for name, a in arrays.items() if a is not None)
    for name, a in others:
        if a.device != like.device:
            raise TypeError(
                f"{who}(): {first} is on {like.device}, but {name} is on {a.device}; expected both "
                "on one GPU."
            )
        if a.dtype != like.dtype:
            raise TypeError(
                f"{who}(): {first} has dtype {like.dtype}, but {name} has {a.dtype}; expected one "
                "dtype: on a GPU nothing is converted. Use .astype() of CuPy, .to() of torch."
            )
    return [*arrays.values()]


def expect_together(who: str, inputs: Mapping[str, Any]) -> bool:
    """Whether they are on a GPU; TypeError where some are on the host and others are not."""
    if not any(map(is_on_gpu, inputs.values())):
        return False
    given = {name: is_on_gpu(a) for name, a in inputs.items() if a is not None}
    for name, there in given.items():
        if not there:
            first = next(other for other, there in given.items() if there)
            raise TypeError(
                f"{who}(): {first} is on a GPU, but {name} is on the host "
                f"({type(inputs[name]).__name__}); expected both at one place. Copy {name} to the "
                f"GPU, or {first} to the host: {first}.get() of CuPy and fastdl, {first}.cpu() of "
                "torch."
            )
    return True


def take(who: str, name: str, a: Any, *, kinds: str = "f", writes: bool = False) -> DeviceArray:
    """An array of a GPU where it lies: C-contiguous, of float32 or float64, or of other kinds.

    What its library has still to do on it is waited for.
    """
    if isinstance(a, DeviceArray):
        check(who, name, Seen(0, a.shape, None, a.dtype, False, None, a), kinds, writes)
        return a
    number = number_of(a)
    if number is not None:
        _expect_gpu(who, number)
    seen = look(who, name, a)
    check(who, name, seen, kinds, writes)
    queue = _queue(_number_of(who, name, seen) if number is None else number)
    if seen.stream is not None:
        queue.wait_for(seen.stream)
    return queue.wrap(seen.address, np.dtype(seen.dtype), seen.shape, seen.owner)


def on_host(who: str, name: str, a: Any) -> Any:
    """Integers whose values are looked at: a copy, where they are on a GPU."""
    return take(who, name, a, kinds="iub").get() if is_on_gpu(a) else a


def _number_of(who: str, name: str, seen: Seen) -> int:
    """The GPU whose memory it is; any, where there is none."""
    _expect_gpu(who, 0)
    number = gpus.module().device_of(seen.address) if 0 not in seen.shape else 0
    if number < 0:
        raise ValueError(f"{who}(): {name} has a __cuda_array_interface__, but no GPU's memory.")
    _expect_gpu(who, number)
    return int(number)


def _expect_gpu(who: str, number: int) -> None:
    why = gpus.absence(number, f"{who}() of an array on a GPU")
    if why:
        text = why.long.removesuffix(gpus.FALLS_BACK).strip()
        raise RuntimeError(f"{text} Or copy the array to the host.")


# --- what is made on a GPU


def buffer(who: str, out: Any, shape: Sequence[int], like: DeviceArray) -> DeviceArray:
    """Where to compute a result: `out`, or a new array beside `like`."""
    if out is None:
        try:
            return new(shape, like, like.dtype)
        except MemoryError as error:
            explain(error, who, like)
            raise
    if not is_on_gpu(out):
        raise TypeError(
            f"{who}(): out is a {type(out).__name__} on the host; expected an array on "
            f"{like.device}, as the inputs are."
        )
    to = take(who, "out", out, writes=True)
    if to.device != like.device or to.dtype != like.dtype:
        raise TypeError(
            f"{who}(): out is of {to.dtype} on {to.device}; expected {like.dtype} on {like.device}."
        )
    if to.shape != tuple(shape):
        raise ValueError(f"{who}(): out has shape {to.shape}; expected {tuple(shape)}.")
    return to


def explain(error: MemoryError, who: str, like: Any) -> None:
    """Raise it with what there is no room for, on a GPU."""
    if isinstance(like, DeviceArray):
        raise MemoryError(
            f"{who}(): {like.device} has no room for what this takes. Pass fewer samples at a time."
        ) from error


def new(shape: Sequence[int], like: DeviceArray, dtype: DTypeLike) -> DeviceArray:
    """Zeros beside `like`."""
    return _queue(like.__dlpack_device__()[1]).new(np.dtype(dtype), tuple(shape))


def sent(values: NDArray[Any], like: DeviceArray) -> DeviceArray:
    """Values of the host beside `like`."""
    return _queue(like.__dlpack_device__()[1]).send(values)


def total(a: DeviceArray) -> float:
    """The sum of its values."""
    return _queue(a.__dlpack_device__()[1]).sum(a)


def assign(to: DeviceArray, values: DeviceArray) -> None:
    """Copy values on a GPU, where they are not there already."""
    if not to._is(values):
        _queue(to.__dlpack_device__()[1]).assign(to, values)
