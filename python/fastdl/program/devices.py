"""Where a program works: what a device stands for on this machine, and for a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastdl import layers as L
from fastdl._rules import choice
from fastdl.layers import Layer
from fastdl.program import gpus
from fastdl.program.summary import multiply_adds

WORTH = 50_000  # multiply-adds of a sample, from which on "auto" takes a GPU

_NAME = re.compile(r"auto|cpu|cuda(?::(\d+))?")
_PRECISION = choice(*gpus.PRECISIONS)


class Device(NamedTuple):
    """What a program is made for."""

    name: str  # "cpu" or "cuda:0"
    backend: str  # as the core takes it: "" is the best of the processor, or FASTDL_BACKEND
    precision: str = "float32"
    reason: str = ""  # why "auto" takes no GPU

    @property
    def is_gpu(self) -> bool:
        """Whether it is one."""
        return self.name != "cpu"

    @property
    def said(self) -> str:
        """For the attribute `device_`."""
        return f"{self.name} (auto: {self.reason})" if self.reason else self.name


CPU = Device("cpu", "")


def check(device: Any, precision: Any = "float32", dtype: Any = "float32") -> None:
    """Raise ValueError for words that are none, or that do not go together."""
    if not (isinstance(device, str) and _NAME.fullmatch(device)):
        raise ValueError(
            f"device={device!r}; expected 'cpu', 'cuda', 'auto', or the number of a GPU, 'cuda:1'."
        )
    if not _PRECISION.accepts(precision):
        raise ValueError(_PRECISION.complaint("precision", precision))
    if precision == "float32":
        return
    if device == "cpu":
        raise ValueError(
            f"precision={precision!r} is of GPUs, and device='cpu' multiplies float32 as it is. "
            "Set device='cuda', or leave precision at 'float32'."
        )
    if device != "auto" and np.dtype(dtype) == np.float64:
        raise ValueError(
            f"precision={precision!r} is of networks of float32, and this one is of float64. Set "
            "dtype='float32' or give X as float32, or leave precision at 'float32'."
        )


def resolve(device: str, precision: str = "float32", dtype: Any = "float32") -> Device:
    """What a device stands for on this machine.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "cuda:1" ...}
        "cuda" is the first GPU; "auto" is it too, or the CPU where there is none.
    precision : {"float32", "tf32", "bf16"}
    dtype : float32 or float64

    Returns
    -------
    Device

    Raises
    ------
    ValueError
        As `check`.
    RuntimeError
        If it is not there: no build for CUDA, no driver or one that is too old, no such GPU, or a
        process that was forked after CUDA had been used.
    """
    check(device, precision, dtype)
    if device == "cpu":
        return CPU
    number = int(device.partition(":")[2] or 0)
    why = gpus.absence(number, f'device="{device}"')
    if not why:
        return Device(f"cuda:{number}", gpus.backend(number), precision)
    if device == "auto":
        return CPU._replace(reason=why.short)
    raise RuntimeError(why.long)


def choose(
    device: str,
    precision: str,
    layers: Sequence[Layer],
    input_shape: tuple[int, ...],
    dtype: Any = "float32",
) -> Device:
    """What a device stands for when a network is made ready.

    A GPU that is not there, as where a model is read that was fitted on one, is the CPU, with a
    warning: a fit asks `resolve` before. "auto" takes a GPU if there is one, all layers run on it,
    the type is float32 and a sample costs at least `WORTH` multiply-adds; else the CPU.

    Raises
    ------
    ValueError
        As `check`; and for a layer that runs on the CPU only, if a GPU was asked for by name.
    """
    try:
        found = resolve(device, precision, dtype)
    except RuntimeError as error:
        gpus.warn_of_absence(device, error)
        return CPU
    if not found.is_gpu:
        return found
    alone = next((layer for layer in L.walk(layers) if layer.cpu_only), None)
    if device != "auto":
        if alone is not None:
            raise ValueError(f"{alone.who} runs on the CPU only. Set device='cpu' or 'auto'.")
        return found
    if alone is not None:
        return CPU._replace(reason=f"{alone.who} runs on the CPU only")
    if np.dtype(dtype) == np.float64:
        return CPU._replace(reason="most GPUs are slow in float64")
    work = _multiply_adds(layers, input_shape)
    if work < WORTH:
        return CPU._replace(reason=f"{work:,} multiply-adds for a sample are too few for a GPU")
    return found


def _multiply_adds(layers: Sequence[Layer], input_shape: tuple[int, ...]) -> int:
    from fastdl import _core

    rows, parameters, _ = _core.survey(
        L.to_dict(layers), input_shape, dtype="float32", batch_size=1
    )
    return sum(multiply_adds(layers, rows, parameters).values())
