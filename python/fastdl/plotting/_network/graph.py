"""A network as what there is to draw: boxes, branches, and what comes several times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from fastdl import layers as L
from fastdl.layers import Layer

if TYPE_CHECKING:
    from fastdl._core import LayerInfo

_LONGEST_UNIT = 6  # elements that may be drawn once for several times


@dataclass(frozen=True)
class Box:
    """A layer, with the activations, norms and noise after it."""

    layers: tuple[Layer, ...]
    infos: tuple[LayerInfo, ...]


@dataclass(frozen=True)
class Branches:
    """Paths from one place that come together again; an empty one is the input itself.

    With the activations, norms and noise after it.
    """

    layer: Layer
    info: LayerInfo
    paths: tuple[tuple[Element, ...], ...]
    after: Box | None = None


@dataclass(frozen=True)
class Group:
    """Layers in a frame: with a name of their own, beside the others, or a decoder's."""

    layer: Layer
    info: LayerInfo
    inside: tuple[Element, ...]
    after: Box | None = None


@dataclass(frozen=True)
class Repeated:
    """What comes several times, one after the other."""

    times: int
    inside: tuple[Element, ...]
    last: str  # the name of the last layer of all


Element: TypeAlias = Box | Branches | Group | Repeated
Infos: TypeAlias = Mapping[str, "LayerInfo"]


def elements(layers: Sequence[Layer], infos: Infos) -> tuple[Element, ...]:
    """What there is to draw of layers with names, one after the other."""
    found: list[Element] = []
    for layer in layers:
        info = infos.get(layer.name or "")
        if info is None:  # the attention of a decoder that has none
            continue
        paths = layer.paths() if _are_shown(layer, infos) else ()
        if len(paths) > 1:
            found.append(Branches(layer, info, tuple(elements(path, infos) for path in paths)))
        elif paths:
            found.append(Group(layer, info, elements(paths[0], infos)))
        elif found and _belongs_to_the_last(layer, info):
            found[-1] = _with(found[-1], layer, info)
        else:
            found.append(Box((layer,), (info,)))
    return tuple(found)


def _with(element: Element, layer: Layer, info: LayerInfo) -> Element:
    """An element with one more layer that belongs to it."""
    if isinstance(element, Branches):
        return replace(element, after=_after(element.after, layer, info))
    if isinstance(element, Group):
        return replace(element, after=_after(element.after, layer, info))
    assert isinstance(element, Box)
    return _after(element, layer, info)


def _after(box: Box | None, layer: Layer, info: LayerInfo) -> Box:
    if box is None:
        return Box((layer,), (info,))
    return Box((*box.layers, layer), (*box.infos, info))


def _are_shown(layer: Layer, infos: Infos) -> bool:
    """Whether the core knows layers inside by name: those of Bidirectional are its own."""
    return any(inner.name in infos for path in layer.paths() for inner in path)


def _belongs_to_the_last(layer: Layer, info: LayerInfo) -> bool:
    is_noise = layer.draws and not layer.has_weights and info.input_shape == info.output_shape
    return layer.follows or layer.penalises or is_noise


def folded(found: Sequence[Element]) -> tuple[Element, ...]:
    """With what comes several times in a row drawn once."""
    inside = [_folded_inside(element) for element in found]
    signs = [_sign(element) for element in inside]
    kept: list[Element] = []
    i = 0
    while i < len(inside):
        length, times = _repeats(signs, i)
        if times > 1:
            unit, last = inside[i : i + length], inside[i + length * times - 1]
            kept.append(Repeated(times, tuple(unit), _last_name(last)))
        else:
            kept.append(inside[i])
        i += length * times
    return tuple(kept)


def _folded_inside(element: Element) -> Element:
    if isinstance(element, Branches):
        return replace(element, paths=tuple(map(folded, element.paths)))
    if isinstance(element, Group) and element.layer.kind != "decoder":
        return replace(element, inside=folded(element.inside))
    return element


def _repeats(signs: Sequence[object], start: int) -> tuple[int, int]:
    """The shortest unit that begins here and comes at least twice, and how often; else (1, 1)."""
    for length in range(1, min(_LONGEST_UNIT, (len(signs) - start) // 2) + 1):
        unit, times = signs[start : start + length], 1
        while signs[start + times * length : start + (times + 1) * length] == unit:
            times += 1
        if times > 1:
            return length, times
    return 1, 1


def _sign(element: Element) -> object:
    """Equal for elements that are drawn alike, but for names."""
    if isinstance(element, Box):
        return tuple(map(_nameless, element.layers)), tuple(map(_sizes, element.infos))
    if isinstance(element, Repeated):
        return element.times, tuple(map(_sign, element.inside))
    paths = element.paths if isinstance(element, Branches) else (element.inside,)
    inside = tuple(tuple(map(_sign, path)) for path in paths)
    after = None if element.after is None else _sign(element.after)
    return _nameless(element.layer), _sizes(element.info), inside, after


def _nameless(layer: Layer) -> Layer:
    return layer.map(_nameless).replace(name=None)


def _sizes(info: LayerInfo) -> tuple[object, ...]:
    return info.input_shape, info.output_shape, info.n_parameters


def _last_name(element: Element) -> str:
    if isinstance(element, Repeated):
        return element.last
    if isinstance(element, Box):
        return element.infos[-1].name
    return element.info.name if element.after is None else element.after.infos[-1].name


def first_name(element: Element) -> str:
    """Of its first layer."""
    if isinstance(element, Repeated):
        return first_name(element.inside[0])
    return element.infos[0].name if isinstance(element, Box) else element.info.name


def named(layers: Sequence[Layer], infos: Sequence[LayerInfo]) -> tuple[Element, ...]:
    """What there is to draw of a network, everything once."""
    return elements(L.with_names(layers), {info.name: info for info in infos})
