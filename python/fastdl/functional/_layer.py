"""One layer on arrays: a program for each kind of call, kept for the next call of that kind."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastdl import _core
from fastdl import layers as L
from fastdl._rules import choice
from fastdl.functional import _device
from fastdl.functional._arrays import (
    buffer,
    copied,
    deliver,
    expect,
    expect_same_shape,
    overlap,
    zeros,
)

Arrays: TypeAlias = Mapping[str, NDArray[Any]]

_ALGORITHM = choice("direct", "winograd")
_KEPT = 1 << 20  # elements of x: programs for larger batches are not kept
_BATCH = 256  # samples at a time where they do not depend on each other


def forward(
    layer: L.Layer,
    x: NDArray[Any],
    params: Arrays,
    out: NDArray[Any] | None,
    *,
    states: Arrays | None = None,
    lengths: NDArray[np.int32] | None = None,
    algorithm: str = "direct",
) -> NDArray[Any]:
    """What the layer gives in inference mode.

    Parameters
    ----------
    layer : Layer
        Named after the function, for messages.
    x : ndarray of shape (n, *sample)
    params, states : dict of ndarray
        The layer's parameters and states by name ("weight").
    lengths : ndarray of int32 of shape (n,), optional
        Steps of sequences.
    out : ndarray, optional
        Written to and returned.
    algorithm : {"direct", "winograd"}, default="direct"
        Of convolutions.
    """
    batch = max(1, min(_BATCH, _KEPT // max(1, math.prod(x.shape[1:]))))
    with named_as_function(layer.name or "", x):
        program = _program(layer, x, batch, algorithm=algorithm)
        _set(program, layer, params, states or {})
        y = buffer(layer.name or "", out, (len(x), *program.output_shape), x)
        if out is not None and overlap(x, y):
            x = copied(x)
        program.predict(x, out=y, lengths=lengths)
    return deliver(y, out)


def forward_training(
    layer: L.Layer,
    x: NDArray[Any],
    params: Arrays,
    *,
    states: Arrays | None = None,
    seed: int = 0,
    training: bool = True,
    input_gradient: bool = False,
    lengths: NDArray[np.int32] | None = None,
    algorithm: str = "direct",
) -> tuple[NDArray[Any], _core.Program]:
    """What the layer gives for all of x as one batch, and its program, ready for its backward."""
    with named_as_function(layer.name or "", x):
        program = _program(layer, x, max(1, len(x)), input_gradient, seed >> 32, algorithm)
        _set(program, layer, params, states or {})
        y = program.forward(x, training=training, epoch=seed & 0xFFFFFFFF, lengths=lengths)
        return y, program


def backward(
    layer: L.Layer,
    dy: NDArray[Any],
    x: NDArray[Any],
    params: Arrays,
    needs: Sequence[bool],
    *,
    states: Arrays | None = None,
    training: bool = True,
    seed: int = 0,
    lengths: NDArray[np.int32] | None = None,
    algorithm: str = "direct",
) -> tuple[NDArray[Any] | None, ...]:
    """Gradients of x and of the parameters, in this order; None for those not needed."""
    grads: dict[str, Any]
    if len(x) == 0 or not any(needs):
        grads = {"x": x, **params}
        grads = {name: zeros(a.shape, a) for name, a in grads.items()}
    else:
        if layer.has_weights:  # its dw costs as much as dx
            layer = layer.replace(trainable=any(needs[1:]))
        y, program = forward_training(
            layer,
            x,
            params,
            states=states,
            seed=seed,
            training=training,
            input_gradient=needs[0],
            lengths=lengths,
            algorithm=algorithm,
        )
        expect_same_shape(layer.name or "", "dy", dy, "the result", y)
        grads = {"x": program.backward(dy)}
        grads.update({name: program.get_gradient(f"{layer.name}.{name}") for name in params})
    return tuple(g if need else None for g, need in zip(grads.values(), needs, strict=True))


def backward_input(
    layer: L.Layer, dy: NDArray[Any], x: NDArray[Any], **options: Any
) -> NDArray[Any]:
    """Gradient of x for a layer without parameters."""
    (dx,) = backward(layer, dy, x, {}, (True,), **options)
    return zeros(x.shape, x) if dx is None else dx


def _program(
    layer: L.Layer,
    x: NDArray[Any],
    batch: int,
    input_gradient: bool = False,
    seed: int = 0,
    algorithm: str = "direct",
) -> _core.Program:
    if 0 in x.shape[1:]:
        raise ValueError(
            f"{layer.name}(): x has samples of shape {x.shape[1:]}; expected at least one number "
            "along each axis of a sample."
        )
    direct = expect(layer.name or "", "algorithm", algorithm, _ALGORITHM) == "direct"
    convolution = "direct" if direct else "auto"
    kept = batch * math.prod(x.shape[1:]) <= _KEPT
    build = _of_thread.build if kept else _build
    threads = max(1, _core.max_threads())
    shape, dtype, queue = x.shape[1:], x.dtype.name, _device.queue_of(x)
    what = (layer, shape, dtype, batch, input_gradient, seed, threads, convolution, queue)
    try:
        return build(*what)
    except TypeError:  # an argument that cannot be a key is none that a layer takes: it says which
        L.to_dict([layer])
        raise


def _build(
    layer: L.Layer,
    shape: tuple[int, ...],
    dtype: str,
    batch: int,
    input_gradient: bool,
    seed: int,
    threads: int,
    convolution: str,
    queue: _core.DeviceQueue | None,
) -> _core.Program:
    return _core.Program(
        L.to_dict([layer]),
        shape,
        dtype=dtype,
        batch_size=batch,
        threads=threads,
        seed=seed,
        input_gradient=input_gradient,
        convolution=convolution,
        queue=queue,
    )


class _OfThread(threading.local):
    """A program is one thread's: it holds the arrays of the pass it is in."""

    def __init__(self) -> None:
        self.build = lru_cache(maxsize=32)(_build)


_of_thread = _OfThread()


def _set(program: _core.Program, layer: L.Layer, params: Arrays, states: Arrays) -> None:
    for name, value in params.items():
        program.set_parameter(f"{layer.name}.{name}", value)
    for name, value in states.items():
        program.set_state(f"{layer.name}.{name}", value)


@contextmanager
def named_as_function(who: str = "", x: Any = None) -> Iterator[None]:
    """Messages begin with ``conv2d():`` instead of ``layer 'conv2d' (Conv2D):``, X is x."""
    try:
        yield
    except MemoryError as error:
        _device.explain(error, who, x)
        raise
    except ValueError as error:
        text = re.sub(r"(^|but )layer '(\w+)' \(\w+(, )?", r"\1\2(", str(error))
        text = re.sub(r"^X\[", "x[", text)
        for hint in (", or fewer poolings; see summary()", " Use fewer poolings; see summary()."):
            text = text.replace(hint, "")
        raise ValueError(text) from None
