"""Values as images of which each axis of ONNX's holds one axis; what is done to such axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastdl import layers as L
from fastdl.onnx.reading.value import FORMS, Unsupported, Value, as_rows, described, reordered

IMAGE = FORMS[3]


def apart(x: Value) -> Value:
    """An image; each axis of ONNX's holds one of its axes, or none and is of size 1.

    Raises
    ------
    Unsupported
        For sequences, and for more than three axes beside that of the samples.
    """
    if x.axes[:1] != (("n",),) or len(x.shape) == 2:
        raise Unsupported(f"it takes rows or images, not {described(x)}")
    if len(x.shape) == 3 and not x.is_split:
        return _image_apart(x)
    if x.is_split:
        x = _one_part_each(x)
    sizes = x.notes["sizes"] if x.is_split else {"f": x.shape[0]}
    large = [part for part in sizes if sizes[part] > 1]
    if len(large) > 3:
        raise Unsupported(f"it has more than three axes beside samples: {described(x)}")
    names = dict(zip(large, IMAGE[3 - len(large) :], strict=True)) | {"n": "n"}
    notes = {key: v for key, v in x.notes.items() if key not in ("sizes", "parts")}
    axes = tuple(tuple(names[a] for a in axis if a in names) for axis in x.axes)
    shape = (1, 1, 1, *(sizes[part] for part in large))[-3:]
    return replace(replace(x, notes=notes).then(x.name, L.Reshape(shape)), axes=axes)


def _one_part_each(x: Value) -> Value:
    """A row that was split, with one part in each axis of ONNX's."""
    sizes = x.sizes
    here = [a for axis in x.axes[1:] for a in axis if sizes[a] > 1]
    if all(len([a for a in axis if sizes[a] > 1]) < 2 for axis in x.axes):
        return x
    shape = x.onnx_shape
    if here != [a for a in x.notes["parts"] if sizes[a] > 1]:  # turned
        rank = len(x.axes)
        together = tuple(a for axis in x.axes[1:] for a in axis)
        flat, order = as_rows(replace(x, axes=(("n",), together)))
        x = replace(reordered(flat, order), axes=(("n",), *((),) * (rank - 1)))
    parts = tuple(f"part {i}" for i in range(1, len(shape)))
    notes = {**x.notes, "parts": parts, "sizes": dict(zip(parts, shape[1:], strict=True))}
    return replace(x, axes=(("n",), *((part,) for part in parts)), notes=notes)


def _image_apart(x: Value) -> Value:
    sizes = x.sizes
    x = replace(
        x,
        axes=tuple(
            axis if len(axis) < 2 else tuple(a for a in axis if a == "n" or sizes[a] > 1)
            for axis in x.axes
        ),
    )
    together = [axis for axis in x.axes if len(axis) > 1]
    if not together:
        return x
    if together == [("h", "w")]:
        shape = (sizes["h"] * sizes["w"], 1, sizes["c"])
        axes = tuple(("h",) if len(axis) > 1 else axis for axis in x.axes)
        return x.then(x.name, L.Reshape(shape), axes=axes)
    return apart(in_order(x))


def in_order(x: Value) -> Value:
    """Rows whose features stand as in ONNX's array, from an image."""
    order = [a for axis in x.axes[1:] for a in axis]
    order += [a for a in IMAGE if a not in order]
    if order != list(IMAGE):
        x = x.then(x.name, L.Transpose(tuple(IMAGE.index(a) for a in order)))
    y = x.then(x.name, L.Flatten())
    if len([axis for axis in x.axes[1:] if axis]) < 2:
        return replace(
            y, axes=tuple(axis if axis == ("n",) else ("f",) * bool(axis) for axis in x.axes)
        )
    sizes = dict(zip(order, x.shape, strict=True))
    parts = tuple(f"part {a}" for a in order)
    notes = {**x.notes, "parts": parts, "sizes": {f"part {a}": sizes[a] for a in order}}
    axes = tuple(tuple(a if a == "n" else f"part {a}" for a in axis) for axis in x.axes)
    return replace(y, axes=axes, notes=notes)


def with_axes(x: Value, order: Sequence[str]) -> Value:
    """The image turned so that its height, width and channels are what were these axes."""
    if tuple(order) == IMAGE:
        return x
    new = dict(zip(order, IMAGE, strict=True)) | {"n": "n"}
    axes = tuple(tuple(new[a] for a in axis) for axis in x.axes)
    return x.then(x.name, L.Transpose(tuple(IMAGE.index(a) for a in order)), axes=axes)


def swapped(x: Value, a: str, b: str) -> Value:
    """With two of its axes in each other's place."""
    return with_axes(x, [{a: b, b: a}.get(name, name) for name in IMAGE])


def among_pixels(x: Value, axes: Sequence[int]) -> Value:
    """With these axes of ONNX's among height and width."""
    names = {a for i in axes for a in x.axes[i] if x.sizes[a] > 1}
    if names == set(IMAGE):
        raise Unsupported(f"it goes over all axes of {described(x)}")
    return swapped(x, "c", next(a for a in ("h", "w") if a not in names)) if "c" in names else x


def pair(x: Value, sizes: Mapping[int, Any]) -> tuple[Any, Any]:
    """Numbers for axes of ONNX's, as (height, width); 1 for others."""
    found = {a: size for i, size in sizes.items() for a in x.axes[i]}
    return found.get("h", 1), found.get("w", 1)


def pooled(x: Value, axes: Sequence[int], pool: Callable[..., L.Layer]) -> Value:
    """The mean or the largest over some axes of ONNX's, which stay, of size 1."""
    x = apart(x)
    names = {a for i in axes for a in x.axes[i] if x.sizes[a] > 1}
    if not names:
        return x
    if names == set(IMAGE):
        x = in_order(x)
        y = x.then(x.name, L.Reshape((x.shape[0], 1, 1)))
        notes = {k: v for k, v in y.notes.items() if k not in ("sizes", "parts")}
        y = y.then(x.name, pool((y.shape[0], 1), (1, 1)))
        return replace(y, notes=notes, axes=(("n",), *((),) * (len(x.axes) - 1)))
    x = among_pixels(x, axes)
    window = pair(x, {i: x.onnx_shape[i] for i in axes})
    return x.then(x.name, pool(window, (1, 1)))


def repeated(x: Value, times: dict[int, int]) -> Value:
    """Each value several times along some axes of ONNX's, which have size 1."""
    x = apart(x)
    times = {i: k for i, k in times.items() if k > 1}
    for i in times:
        if not x.axes[i]:
            used = {a for axis in x.axes for a in axis}
            free = [a for a in IMAGE if a not in used and x.sizes[a] == 1]
            if not free:
                raise Unsupported(f"it has more than three axes beside samples: {described(x)}")
            axes = list(x.axes)
            axes[i] = (free[0],)
            x = replace(x, axes=tuple(axes))
    while times:
        some = dict(list(times.items())[:2])
        x = among_pixels_of(x, list(some))
        x = x.then(x.name, L.Upsample2D(pair(x, some)))
        times = {i: k for i, k in times.items() if i not in some}
    return x


def among_pixels_of(x: Value, axes: Sequence[int]) -> Value:
    """As `among_pixels`, of axes of any size."""
    names = {a for i in axes for a in x.axes[i]}
    return swapped(x, "c", next(a for a in ("h", "w") if a not in names)) if "c" in names else x


def without(x: Value, axes: Sequence[int], keep: bool) -> Value:
    """Without these axes of ONNX's, which have size 1; or with them as they are."""
    return x if keep else replace(x, axes=tuple(a for i, a in enumerate(x.axes) if i not in axes))


def function(x: Value, name: str, alpha: float | None = None) -> Value:
    """After an element-wise function."""
    return x.then(x.name, L.Activation(name, alpha))


def bare(x: Value) -> Value:
    """The beginning of a branch."""
    return replace(x, drafts=[])


def joined(x: Value, name: str, spec: L.Layer, ends: Sequence[Value]) -> Value:
    """What a layer makes of branches that begin at x, in the axes of the first of them."""
    y = x.then(name, spec, inside=[end.drafts for end in ends])
    return replace(y, axes=ends[0].axes, notes=ends[0].notes)


def specs(end: Value) -> list[L.Layer]:
    """The layers of a branch."""
    return [draft.spec for draft in end.drafts]


def axes_of(given: Any, rank: int) -> list[int]:
    """Numbers of axes, which may be counted from the end."""
    return [int(a) % rank for a in given]
