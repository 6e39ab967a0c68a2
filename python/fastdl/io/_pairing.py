"""Which layer of a file goes into which layer of a network."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastdl._warn import warn
from fastdl.io import _safetensors
from fastdl.io._layouts import split_name
from fastdl.io._target import Arrays, Target, shapes_of, shapes_text

Names: TypeAlias = Mapping[str, str] | Callable[[str], str | None]
Pairs: TypeAlias = dict[str, tuple[str, Arrays]]  # by layer: its name in the file, and arrays


def names_given(names: Any, or_callable: bool = False) -> Any:
    """`names` as given; TypeError for what leads from no name to another."""
    if names is None or isinstance(names, Mapping) or (or_callable and callable(names)):
        return names
    expected = "a mapping from name to name" + (", or a callable" if or_callable else "")
    raise TypeError(f"names={names!r:.80} is a {type(names).__name__}; expected {expected}.")


class Modules(NamedTuple):
    """The layers of a file, and what messages call the file."""

    name: str
    arrays: dict[str, Arrays]


def modules_of(file: Any, layout: str) -> Modules:
    """The layers of a file, or of a mapping of arrays."""
    found, half = Modules("the mapping", {}), set()
    if isinstance(file, Mapping):
        arrays = {key: np.asarray(value) for key, value in file.items()}
    else:
        with _safetensors.opened(file, foreign=True) as opened:
            if "fastdl" in opened.metadata:
                raise ValueError(
                    f"{opened.name} is a model file of fastdl: read it with fastdl.load or "
                    "fastdl.io.load_network, and take weights by get_weights()."
                )
            found = found._replace(name=opened.name)
            half = {x.code for x in opened.layouts.values() if x.code in ("F16", "BF16")}
            arrays = {name: opened.pop(name) for name in list(opened.layouts)}
    for key, value in arrays.items():
        parts = split_name(key, layout)
        if parts is None:
            continue
        if value.dtype.kind != "f":
            raise ValueError(
                f"{found.name}: {key!r} is of dtype {value.dtype}; expected floating point. "
                "Quantised weights cannot be read: save the network as it was before."
            )
        value = value.astype(np.float32) if value.dtype == np.float16 else value
        found.arrays.setdefault(parts[0], {})[parts[1]] = value
    for own in found.arrays.values():
        if "depthwise_kernel" in own and "pointwise_kernel" not in own:  # before Keras 3
            own["kernel"] = own.pop("depthwise_kernel")
    if half:
        warn(f"{found.name} has weights of {' and '.join(sorted(half))}, read as float32.")
    return found


def _natural(name: str) -> list[Any]:
    """By numbers, not their digits: "layer.10" after "layer.9"."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def by_shape(target: Target, found: Modules, in_order: bool) -> Pairs:
    modules = list(found.arrays)
    if not in_order:
        modules.sort(key=_natural)
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for layer in target.slots:
        fitting = tuple(m for m in modules if target.fits(layer, found.arrays[m]))
        groups[fitting].append(layer)
    pairs: Pairs = {}
    for fitting, layers in groups.items():
        if len(fitting) != len(layers):
            continue
        if len({re.sub(r"\d+", "#", name) for name in fitting}) > 1 and not in_order:
            raise ValueError(
                f"{found.name}: {', '.join(map(repr, fitting))} have the same shapes, and so have "
                f"{', '.join(map(repr, layers))}; the names do not say which is which. Pass "
                f"names={{{fitting[0]!r}: {layers[0]!r}, ...}}."
            )
        pairs.update(
            (layer, (m, found.arrays[m])) for layer, m in zip(layers, fitting, strict=True)
        )
    used = {module for module, _ in pairs.values()}
    missing = [layer for layer in target.slots if layer not in pairs]
    left = [module for module in modules if module not in used]
    if missing or left:
        raise ValueError(
            "\n".join(
                [
                    f"{found.name} does not fit the network.",
                    *(
                        f"  network: {name} {shapes_text(target.expected(name))}"
                        for name in missing
                    ),
                    *(f"  file:    {name} {shapes_of(found.arrays[name])}" for name in left),
                    "These found nothing of their shape. Build the network alike, or pass names= "
                    "to load some layers only.",
                ]
            )
        )
    return pairs


def by_name(target: Target, found: Modules, names: Names | None) -> Pairs:
    pairs: Pairs = {}
    if isinstance(names, Mapping):
        for name in names:
            if name not in found.arrays:
                raise ValueError(
                    f"names has {name!r}, which is no layer of {found.name}; those are "
                    f"{', '.join(map(repr, found.arrays))}."
                )
    misfits = []
    for module, arrays in found.arrays.items():
        if names is None:
            layer: str | None = module
        else:
            layer = names(module) if callable(names) else names.get(module)
        if layer is None:
            continue
        target.find(layer)
        if layer in pairs:
            raise ValueError(f"names has {layer!r} twice, for {pairs[layer][0]!r} and {module!r}.")
        if not target.fits(layer, arrays):
            misfits.append(
                f"  {module} {shapes_of(arrays)} into {layer} {shapes_text(target.expected(layer))}"
            )
        pairs[layer] = module, arrays
    if misfits:
        raise ValueError("\n".join([f"{found.name} does not fit the network:", *misfits]))
    return pairs


def refuse_others(target: Target, pairs: Pairs) -> None:
    missing = [name for name in target.slots if name not in pairs]
    if missing:
        raise ValueError(
            f"the file lacks {', '.join(map(repr, missing))} of the network. Pass names= to load "
            "some layers only."
        )


def in_turn(target: Target, arrays: list[NDArray[Any]], layout: str) -> Pairs:
    """Keras' list of arrays: those of each layer, one after the other."""
    if layout != "keras":
        raise ValueError('a list of arrays is what Keras gives: pass layout="keras", or a file.')
    counts = {name: sum(len(s.arrays) for s in of) for name, of in target.slots.items()}
    if sum(counts.values()) != len(arrays):
        raise ValueError(
            f"the list has {len(arrays)} arrays, but the network takes {sum(counts.values())}: "
            f"{', '.join(f'{name} {count}' for name, count in counts.items())}."
        )
    pairs, misfits, place = {}, [], 0
    for name, of in target.slots.items():
        keys = [array for slot in of for array in slot.arrays]
        found = dict(zip(keys, arrays[place : place + len(keys)], strict=True))
        if not target.fits(name, found):
            expected = shapes_text(target.expected(name))
            misfits.append(f"  {place} {shapes_of(found)} into {name} {expected}")
        pairs[name] = f"{place}", found
        place += len(keys)
    if misfits:
        raise ValueError("\n".join(["the list does not fit the network:", *misfits]))
    return pairs
