"""Some layers of a network, with its weights, as a program of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.program.compile import make
from fastdl.program.threads import count_threads
from fastdl.program.weights import get_state, set_state

if TYPE_CHECKING:
    from fastdl._core import Program


def part(
    program: Program,
    layers: Sequence[Layer],
    first: int,
    *,
    input_shape: tuple[int, ...] | None = None,
    batch_size: int | None = None,
    threads: int | None = None,
    input_gradient: bool = False,
) -> Program:
    """The layers from one on, as they are now: what is trained later does not change the part.

    Parameters
    ----------
    program : Program
    layers : list of Layer
        All layers of the program, with their names.
    first : int
        The layer at the top level that the part begins with. A `TiedDense` whose other half is
        left out becomes a `Dense` with the same weights.
    input_shape : tuple of int, optional
        Of a sample; by default as in the program. Sequences may have another number of steps.
    batch_size : int, optional
        The largest batch; by default the program's.
    threads : int, optional
        As scikit-learn's ``n_jobs``.
    input_gradient : bool, default=False
        Whether ``backward`` gives the gradient of the part's input.

    Returns
    -------
    Program
    """
    weights, kept = get_state(program), list(layers[first:])
    there = {layer.name for layer in L.walk(kept)}
    for i, layer in enumerate(kept):
        if isinstance(layer, L.TiedDense) and layer.tied_to not in there:
            weight = np.ascontiguousarray(weights[f"{layer.tied_to}.weight"].T)
            weights[f"{layer.name}.weight"] = weight
            kept[i] = L.Dense(weight.shape[1], name=layer.name)
    outer = [info for info in program.layers if info.depth == 0]
    found = make(
        kept,
        outer[first].input_shape if input_shape is None else input_shape,
        dtype=program.dtype,
        backend=program.backend,
        batch_size=program.batch_size if batch_size is None else batch_size,
        threads=count_threads(threads),
        input_gradient=input_gradient,
        convolution=program.convolution,
    )
    names = [p.name for p in found.parameters] + [s.name for s in found.states]
    set_state(found, {name: weights[name] for name in names})
    return found
