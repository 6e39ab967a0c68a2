"""Weights of PyTorch and Keras into networks of the same shape, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from fastdl._rules import choice
from fastdl.io import _safetensors
from fastdl.io._layouts import join_name
from fastdl.io._pairing import (
    Names,
    Pairs,
    by_name,
    by_shape,
    in_turn,
    modules_of,
    names_given,
    refuse_others,
)
from fastdl.io._sources import File
from fastdl.io._target import Arrays, Target, shapes_text

T = TypeVar("T")
_LAYOUT = choice("torch", "keras", "fastdl")


def load_weights(
    net: T,
    path: File | Mapping[str, Any] | Sequence[Any],
    *,
    names: Names | None = None,
    layout: str = "torch",
    report: bool = False,
) -> T:
    """Put the weights of a PyTorch or Keras network into one of the same shape.

    Without `names`, the layers of both are paired by the shapes of their weights; among equal ones
    by the numbers in their names. All of them have to find one another.

    Parameters
    ----------
    net : fitted estimator of fastdl, or fastdl.Network
        Its weights are replaced; after an error they are as they were.
    path : str, path, binary file object, mapping or sequence
        A safetensors file, such as ``safetensors.torch.save_file(model.state_dict(), path)``
        writes, or arrays by name. For Keras also the list ``model.get_weights()``.
    names : mapping of str to str, or callable, optional
        From the name of a layer in the file ("features.0", "lstm.l0" for the first layer of an
        ``LSTM``) to that of a layer of `net`. What it leaves out, or maps to None, stays as it is
        in `net`.
    layout : {"torch", "keras", "fastdl"}, default="torch"
        Whose layouts the arrays have. PyTorch's dense layers after a ``Flatten`` of images have
        their inputs put in fastdl's order, channels last.
    report : bool, default=False
        Whether a table is printed of what went where.

    Returns
    -------
    net

    Raises
    ------
    ModelFileError
        If the file is damaged.
    TypeError
        If `names` is neither a mapping nor callable.
    ValueError
        If layers do not fit, all of which are listed; if equal ones cannot be told apart by their
        names; or for `names` with a list, and model files of fastdl.
    """
    if not _LAYOUT.accepts(layout):
        raise ValueError(_LAYOUT.complaint("layout", layout))
    names = names_given(names, or_callable=True)
    target = Target(net, layout)
    if isinstance(path, Sequence) and not isinstance(path, str):
        if names is not None:
            raise ValueError("a list of arrays has no names of layers: leave names= out.")
        pairs = in_turn(target, [np.asarray(a) for a in path], layout)
    elif names is None and layout != "fastdl":
        pairs = by_shape(target, modules_of(path, layout), in_order=isinstance(path, Mapping))
    else:
        pairs = by_name(target, modules_of(path, layout), names)
        if names is None:
            refuse_others(target, pairs)
    new: Arrays = {}
    for name, (_, arrays) in pairs.items():
        new.update(target.read(name, arrays))
    target.set(new)
    if report:
        print(_table(target, pairs, new))
    return net


def save_weights(
    net: Any, path: File, *, layout: str = "torch", names: Mapping[str, str] | None = None
) -> None:
    """Write the weights of a network for PyTorch or Keras.

    ``model.load_state_dict(safetensors.torch.load_file(path))`` takes them, if the model has
    modules of these names.

    Parameters
    ----------
    net : fitted estimator of fastdl, or fastdl.Network
    path : str, path or binary file object
    layout : {"torch", "keras", "fastdl"}, default="torch"
    names : mapping of str to str, optional
        From layers of the network to those of the file: ``{"conv1": "features.0"}``. Others keep
        their names.

    Raises
    ------
    TypeError
        If `names` is no mapping.
    ValueError
        If `layout` has no such layer, or `names` one that the network has not; or if two layers
        would have one name.
    """
    if not _LAYOUT.accepts(layout):
        raise ValueError(_LAYOUT.complaint("layout", layout))
    names = names_given(names) or {}
    target = Target(net, layout)
    for name in names:
        target.find(name)
    tensors: Arrays = {}
    taken: dict[str, str] = {}  # by name in the file, of a layer or an array: the layer
    for name in target.slots:
        new, own = names.get(name, name), target.write(name)
        cell, both = target.cells[name], target.kinds[name] == "bidirectional"
        keys = [join_name(new, array, layout, cell, both) for array in own]
        for key in (new, *keys):
            if taken.setdefault(key, name) != name:
                raise ValueError(f"names leads two layers to {key!r}: {taken[key]!r} and {name!r}.")
        tensors.update(zip(keys, own.values(), strict=True))
        if layout == "torch" and target.kinds[name] == "batch_norm":
            key = f"{new}.num_batches_tracked"
            tensors[key] = np.zeros((), np.int64)
    tensors = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    _safetensors.write(path, tensors, {"format": "pt"} if layout == "torch" else {})


def _table(target: Target, pairs: Pairs, new: Arrays) -> str:
    """What went where, and what stayed."""
    rows = [["In the file", "In the network", "Shapes"]]
    for name in target.slots:
        module, shapes = pairs.get(name, ("(kept)", {}))[0], ""
        if name in pairs:
            own = {
                k.rpartition(".")[2]: v.shape for k, v in new.items() if k.startswith(f"{name}.")
            }
            shapes = shapes_text(own)
        rows.append([module, name, shapes])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
