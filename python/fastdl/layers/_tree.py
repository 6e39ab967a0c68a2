"""Lists of layers: names, parameters by name, plain data. Containers are gone into, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from fastdl._rules import unknown
from fastdl.layers._spec import Layer


def walk(layers: Sequence[Layer], *, sides: bool = True) -> Iterator[Layer]:
    """Every layer, a container before what it holds; without `sides`, not what side heads hold."""
    for layer in layers:
        yield layer
        if isinstance(layer, Layer) and (sides or not layer.side):
            for branch in layer.paths():
                yield from walk(branch, sides=sides)


def draws(layers: Sequence[Layer]) -> bool:
    """Whether some layer draws random numbers in training."""
    return any(isinstance(layer, Layer) and layer.draws for layer in walk(layers))


def with_names(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The same layers, those without a name called after kind and place: "conv2d_2".

    The number counts the layers of that kind in the whole net, from 1, named ones and those inside
    containers included.
    """
    if not isinstance(layers, (list, tuple)):
        raise TypeError(f"layers={layers!r}; expected a list of layers.")
    _check_depth(layers)
    counts: Counter[str] = Counter()

    def named(layer: Layer) -> Layer:
        if not isinstance(layer, Layer):
            return layer
        counts[layer.kind] += 1
        if layer.name is None:
            layer = layer.replace(name=f"{layer.kind}_{counts[layer.kind]}")
        return layer.map(named)

    return tuple(named(layer) for layer in layers)


_MOST_NESTED = 100  # as in the core


def _check_depth(layers: Sequence[Layer]) -> None:
    level = [layer for layer in layers if isinstance(layer, Layer)]
    for _ in range(_MOST_NESTED):
        if not level:
            return
        inside = [inner for layer in level for branch in layer.paths() for inner in branch]
        level = [layer for layer in inside if isinstance(layer, Layer)]
    if level:
        raise ValueError(f"layers are nested more than {_MOST_NESTED} deep.")


def check(layers: Sequence[Layer]) -> None:
    """Raise for the first layer that is none, has a bad or taken name, or a field out of range.

    Raises
    ------
    TypeError
        If an element is not a layer.
    ValueError
        Otherwise.
    """
    if not layers:
        raise ValueError("layers is empty; expected a list of at least one layer.")
    seen: dict[str | None, Layer] = {}
    for layer in walk(layers):
        if not isinstance(layer, Layer):
            is_class = isinstance(layer, type) and issubclass(layer, Layer)
            hint = f" Write {layer.__name__}(...)." if is_class else ""
            shown = layer.__name__ if is_class else repr(layer)
            raise TypeError(f"layers: {shown} is not a layer; expected one of fastdl.layers.{hint}")
        if not _is_name(layer.name):
            raise ValueError(
                f"{type(layer).__name__}: name={layer.name!r}; expected a string without "
                "'.' and '__'."
            )
        if layer.name in seen:
            other = type(seen[layer.name]).__name__
            raise ValueError(
                f"{layer.who}: the name is taken by a {other}. Names must differ within a net."
            )
        seen[layer.name] = layer
        layer.check()


def _is_name(name: object) -> bool:
    if name is None:
        return True
    return isinstance(name, str) and name != "" and "." not in name and "__" not in name


def to_dict(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Plain data for `fastdl._core.Program`, names filled in, after `check`."""
    named = with_names(layers)
    check(named)
    return [layer.to_dict() for layer in named]


def find(layers: Sequence[Layer], name: str) -> Layer:
    """The layer of that name, which may be an automatic one ("conv2d_2").

    Raises
    ------
    ValueError
        If there is none.
    """
    for layer, known in zip(walk(layers), _names(layers), strict=True):
        if known == name:
            return layer
    raise ValueError(unknown("layer", name, _names(layers)))


def replace(layers: Sequence[Layer], name: str, **changes: Any) -> list[Layer]:
    """A new list in which the layer of that name has some fields changed; the old one stays.

    Raises
    ------
    ValueError
        If there is no such layer, or no such field.
    """
    return _change(layers, name, lambda layer: layer.replace(**changes))


def get_params(layers: Sequence[Layer]) -> dict[str, Any]:
    """Layers and their fields by name, for an estimator's ``get_params(deep=True)``.

    Returns
    -------
    dict
        ``{"conv1": Conv2D(...), "conv1__filters": 32, ...}``, automatic names included.
    """
    params: dict[str, Any] = {}
    for layer, name in zip(walk(layers), _names(layers), strict=True):
        if isinstance(layer, Layer):
            params[name] = layer
            params.update({f"{name}__{key}": value for key, value in layer.get_params().items()})
    return params


def set_params(layers: Sequence[Layer], **params: Any) -> list[Layer]:
    """A new list with parameters changed, named as in `get_params`.

    ``conv1=Conv2D(16, 5)`` puts another layer in the place of "conv1", ``conv1__filters=16``
    changes a field.

    Raises
    ------
    ValueError
        If there is no such layer, or no such field.
    """
    changed = list(layers)
    for key, value in params.items():
        name, nested, field = key.partition("__")
        change = partial(_with_param, field, value) if nested else partial(_instead, value)
        changed = _change(changed, name, change)
    return changed


def _with_param(field: str, value: object, layer: Layer) -> Layer:
    return layer.set_params(**{field: value})


def _instead(new: Layer, old: Layer) -> Layer:
    """The new layer, under the old one's name if it has none."""
    return new.replace(name=old.name) if isinstance(new, Layer) and new.name is None else new


def _names(layers: Sequence[Layer]) -> list[str]:
    """The names in the order of `walk`."""
    return [getattr(layer, "name", None) or "" for layer in walk(with_names(layers))]


def _change(layers: Sequence[Layer], name: str, change: Callable[[Layer], Layer]) -> list[Layer]:
    find(layers, name)  # raises
    names = iter(_names(layers))

    def visit(layer: Layer) -> Layer:
        hit = next(names) == name
        layer = layer.map(visit) if isinstance(layer, Layer) else layer
        return change(layer) if hit else layer

    return [visit(layer) for layer in layers]
