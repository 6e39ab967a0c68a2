"""The output layer, which comes from y."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fastdl import layers as L
from fastdl._warn import warn
from fastdl.layers import Layer


def with_output(
    hidden: Sequence[Layer], input_shape: tuple[int, ...], n_outputs: int
) -> list[Layer]:
    """The hidden layers, flattened if need be, and a dense layer for y."""
    flat = [] if L.gives(hidden, L.form_of(input_shape)) == "rows" else [L.Flatten()]
    return [*hidden, *flat, L.Dense(n_outputs, name="output")]


def warn_of_two_outputs(name: str, layers: Sequence[Layer], sizes: Collection[int]) -> None:
    """Warn of hidden layers that end as an output layer does: one comes after them by itself.

    Parameters
    ----------
    name : str
        The estimator.
    layers : sequence of layers
        All of them.
    sizes : collection of int
        The numbers of outputs that y may be meant to have.
    """
    *hidden, output = [layer for layer in layers if layer.kind != "flatten"]
    fields = [layer.get_params() for layer in hidden[-2:]]
    function = fields[-1].get("function") if fields else None
    is_output = len(fields) > 1 and fields[0].get("units") in sizes
    if output.name == "output" and (function == "softmax" or (function == "sigmoid" and is_output)):
        warn(
            f"{name}: the last of layers is Activation({function!r}), but an output layer comes "
            "after it by itself, and its function with the loss. Leave it out"
            f"{', and the Dense before it' if is_output else ''}."
        )
