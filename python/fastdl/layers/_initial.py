"""Which initialiser weights get when their layer names none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastdl.initializers import GlorotUniform, Initializer
from fastdl.layers._container import first_wish
from fastdl.layers._spec import Layer


def automatic_initializers(layers: Sequence[Layer]) -> dict[str, Initializer]:
    """What the layers after each one ask of its weights, by name (see `with_names`).

    The first that says decides (`Layer.initializer_before`): He uniform before a rectifier-like
    activation, LeCun normal before selu, Glorot uniform before other activations, before weights
    and at the end. Norms, noise, poolings and changes of shape say nothing.
    """
    return {
        layer.name or "": first_wish(rest) or GlorotUniform() for layer, rest in _followed(layers)
    }


def _followed(
    layers: Sequence[Layer], after: tuple[Layer, ...] = ()
) -> Iterator[tuple[Layer, tuple[Layer, ...]]]:
    """Every layer with all that its output runs through."""
    for i, layer in enumerate(layers):
        rest = (*layers[i + 1 :], *after)
        yield layer, rest
        for branch in layer.paths():
            yield from _followed(branch, () if layer.side else rest)
