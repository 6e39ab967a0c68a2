"""Training only a part of a network, or parts at different rates: changes of specs."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fastdl import layers as L
from fastdl import program as programs
from fastdl._other_names import meant
from fastdl.layers import Layer
from fastdl.layers._spec import LearningLayer

if TYPE_CHECKING:
    from fastdl._core import Program


def freeze(layers: Sequence[Layer], patterns: str | Sequence[str]) -> list[Layer]:
    """The layers with those not trainable whose names match, and all that they hold.

    Parameters
    ----------
    layers : sequence of layers
    patterns : str or sequence of str
        As for files: "conv*", "dense_1".

    Raises
    ------
    ValueError
        If a pattern matches no layer.
    """
    patterns = [patterns] if isinstance(patterns, str) else list(patterns)
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise ValueError(
            f"freeze={patterns!r}; expected names of layers, or patterns such as 'conv*'."
        )
    named = L.with_names(layers)
    names = [layer.name or "" for layer in L.walk(named)]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            near = meant(pattern, names)
            raise ValueError(
                f"freeze={pattern!r} matches no layer. "
                f"{'' if near is None else f'Did you mean {near!r}? '}"
                f"The layers are {', '.join(map(repr, names))}."
            )

    def visit(layer: Layer, inside: bool = False) -> Layer:
        hit = inside or any(fnmatchcase(layer.name or "", pattern) for pattern in patterns)
        layer = layer.map(lambda held: visit(held, hit))
        return layer.replace(trainable=False) if hit and isinstance(layer, LearningLayer) else layer

    return [visit(layer) for layer in named]


def decay_rates(layers: Sequence[Layer], decay: float) -> list[Layer]:
    """The layers with rates that fall from the last to the first.

    Each layer with weights has `decay` times the rate of the next one; the layers after it that
    learn without weights, such as norms, have its own. Howard and Ruder, "Universal language model
    fine-tuning", ACL 2018, section 3.2.
    """
    if decay == 1:
        return list(layers)
    n_weighted = sum(layer.has_weights for layer in L.walk(layers, sides=False))
    seen = 0

    def visit(layer: Layer) -> Layer:
        nonlocal seen
        seen += layer.has_weights
        before = seen
        layer = layer.map(visit)
        if layer.side:  # is as far from the end as the layer before it
            seen = before
        if not isinstance(layer, LearningLayer):
            return layer
        return layer.replace(lr_multiplier=layer.lr_multiplier * decay ** max(n_weighted - seen, 0))

    return [visit(layer) for layer in layers]


def thaw(layers: Sequence[Layer]) -> list[Layer]:
    """The layers as if neither frozen nor given rates of their own."""

    def visit(layer: Layer) -> Layer:
        layer = layer.map(visit)
        if not isinstance(layer, LearningLayer):
            return layer
        return layer.replace(trainable=True, lr_multiplier=1.0)

    return [visit(layer) for layer in layers]


def copy_weights(source: Program, target: Program, without: Sequence[str] = ()) -> None:
    """Copy weights and running statistics by name, but for the target's layers in `without`.

    Raises
    ------
    ValueError
        If layers of the target are not in the source, or have other shapes there: which ones.
    """
    known, new = programs.get_state(source), {}
    for name, value in programs.get_state(target).items():
        if name.rpartition(".")[0] in without:
            new[name] = value
        elif name in known:
            new[name] = known[name]
    programs.set_state(target, new)
