"""Output layers of side heads, which come from y as the network's own does."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl.estimators.heads.output import with_output
from fastdl.fitting.targets import Targets
from fastdl.layers import Layer
from fastdl.program import survey

N_SIDE_PARAMETERS = (
    "int",
    "As `n_parameters_`, of side heads (`fastdl.layers.AuxHead`), which are used in training only.",
)
_ADDED = ("flatten", "output")
_ALLOWED = (
    "Allowed are rows or images as X, with one class or with numbers for each sample as y. Leave "
    "it out."
)


def _added(head: Layer) -> list[str]:
    """The names of the layers that a side head gets."""
    return [f"{head.name}_{what}" for what in _ADDED]


def side_outputs(layers: Sequence[Layer]) -> list[str]:
    """The names of the output layers of all side heads."""
    return [_added(head)[-1] for head in L.side_heads(layers)]


def with_side_outputs(
    who: str, layers: Sequence[Layer], input_shape: tuple[int, ...], targets: Targets
) -> list[Layer]:
    """The layers, named where there are side heads, each of which gets an output layer.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    layers : sequence of layers
        All but the output layer.
    input_shape : tuple of int
        Of one sample.
    targets : Targets

    Raises
    ------
    ValueError
        If the network or y is none for side heads.
    """
    heads = L.side_heads(L.with_names(layers))
    if not heads:
        return list(layers)
    sequences = len(input_shape) == 2
    if sequences or targets.of != "samples":
        seen = "X holds sequences" if sequences else f"y has a value for each of the {targets.of}"
        raise ValueError(f"{who}: {heads[0].who} cannot be trained where {seen}. {_ALLOWED}")
    named = _without_side_outputs(L.with_names(layers))
    shapes = {row.name: row.input_shape for row in survey(named, input_shape)}

    def visit(layer: Layer) -> Layer:
        layer = layer.map(visit)
        if not layer.side:
            return layer
        inside, (flatten, output) = layer.paths()[0], _added(layer)
        shape = shapes[layer.name or ""]
        *more, last = with_output(inside, shape, targets.n_outputs)[len(inside) :]
        named_more = [extra.replace(name=flatten) for extra in more]
        return layer.replace(layers=[*inside, *named_more, last.replace(name=output)])

    return [visit(layer) for layer in named]


def _without_side_outputs(layers: Sequence[Layer]) -> list[Layer]:
    """The layers of a network without the output layers that side heads got."""

    def visit(layer: Layer) -> Layer:
        layer = layer.map(visit)
        if not layer.side:
            return layer
        kept = [inner for inner in layer.paths()[0] if inner.name not in _added(layer)]
        return layer.replace(layers=kept)

    return [visit(layer) for layer in layers]
