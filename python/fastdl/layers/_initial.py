"""Which initialiser a weight gets when the layer names none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastdl.initializers import GlorotUniform, HeUniform, Initializer, LeCunNormal
from fastdl.layers._activation import Activation, PReLU
from fastdl.layers._container import Sequential
from fastdl.layers._dense import Maxout
from fastdl.layers._dropout import Dropout
from fastdl.layers._norm import BatchNorm, LayerNorm
from fastdl.layers._spec import Layer

_RECTIFIERS = ("relu", "leaky_relu", "elu", "softplus", "gelu", "swish")


def automatic_initializers(layers: Sequence[Layer]) -> dict[str, Initializer]:
    """The initialiser of every layer by name; the layers must have names (`with_names`).

    He uniform if a rectifier-like activation follows, LeCun normal for selu, Glorot uniform
    elsewhere. Norms and dropout are looked through; a Maxout is its own rectifier.
    """
    return {layer.name or "": _before(layer, rest) for layer, rest in _with_rest(layers, ())}


def _with_rest(
    layers: Sequence[Layer], after: tuple[Layer, ...]
) -> Iterator[tuple[Layer, tuple[Layer, ...]]]:
    """Every layer with all that its output runs through."""
    for i, layer in enumerate(layers):
        rest = (*layers[i + 1 :], *after)
        yield layer, rest
        for branch in layer.branches():
            yield from _with_rest(branch, rest)


def _before(layer: Layer, rest: Sequence[Layer]) -> Initializer:
    if isinstance(layer, Maxout):
        return HeUniform()
    follower = _first_other(rest)
    if isinstance(follower, PReLU):
        return HeUniform()
    function = follower.function if isinstance(follower, Activation) else ""
    if function == "selu":
        return LeCunNormal()
    return HeUniform() if function in _RECTIFIERS else GlorotUniform()


def _first_other(rest: Sequence[Layer]) -> Layer | None:
    """The next layer that is no norm or dropout."""
    for i, layer in enumerate(rest):
        if isinstance(layer, Sequential):
            return _first_other((*layer.layers, *rest[i + 1 :]))
        if not isinstance(layer, (BatchNorm, LayerNorm, Dropout)):
            return layer
    return None
