"""A network as a table of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.program.shapes import takes_steps

if TYPE_CHECKING:
    from fastdl._core import LayerInfo, ParameterInfo, Program


def summary(program: Program) -> str:
    """A table of the layers: what each gives and how many parameters it has."""
    return "\n".join(_table(program.layers, program.parameters, program.input_shape, {}, set()))


def summary_of(
    layers: Sequence[Layer],
    input_shape: tuple[int, ...],
    *,
    dtype: DTypeLike = "float32",
    batch_size: int = 256,
    optimizer: str = "adam",
) -> str:
    """The same of a network that is not made: neither weights nor memory for them are needed.

    With the multiply-adds of a sample's way through each layer, and the memory of the whole.

    Parameters
    ----------
    layers : sequence of layers
    input_shape : tuple of int
        Of one sample.
    dtype : float32 or float64
    batch_size : int, default=256
        The largest batch that there is to be memory for.
    optimizer : str, default="adam"
        The kind of rule, which may keep numbers beside the weights; "" for none.

    Returns
    -------
    str
    """
    from fastdl import _core

    named, name = L.with_names(layers), np.dtype(dtype).name
    plain = L.to_dict(named)
    rows, parameters, memory = _core.survey(plain, input_shape, dtype=name, batch_size=batch_size)
    work, sides = multiply_adds(named, rows, parameters), L.held_by_sides(named)
    is_open = len(input_shape) == 2 and takes_steps(named, input_shape, input_shape[0] + 1)
    of_steps = " (any number of steps)" if is_open else ""
    lines = _table(rows, parameters, input_shape, work, sides, of_steps)
    if optimizer:
        memory["optimizer"] = _core.n_moments(optimizer) * memory["gradients"]
    else:
        del memory["gradients"]
    in_use = sum(count for layer, count in work.items() if layer not in sides)
    lines.append(
        f"{in_use:,} multiply-adds for a sample; {as_bytes(memory['parameters'])} of "
        f"weights, {as_bytes(sum(memory.values()))} in a fit ({name})."
    )
    return "\n".join(lines)


def multiply_adds(
    layers: Sequence[Layer], rows: Sequence[LayerInfo], parameters: Sequence[ParameterInfo]
) -> dict[str, int]:
    """Of each layer, by name."""
    specs = {layer.name: layer for layer in L.walk(layers)}
    n_weights = {row.name: 0 for row in rows}
    for p in parameters:
        if p.role == "weight":
            n_weights[p.name.rpartition(".")[0]] += p.size
    return {
        row.name: specs[row.name].multiply_adds(
            row.input_shape, row.output_shape, n_weights[row.name]
        )
        for row in rows
    }


def _table(
    rows: Sequence[LayerInfo],
    parameters: Sequence[ParameterInfo],
    input_shape: tuple[int, ...],
    work: dict[str, int],
    sides: set[str],
    of_steps: str = "",
) -> list[str]:
    cells = [["Layer", "Output shape", "Parameters", *(["Multiply-adds"] if work else [])]]
    for row in rows:
        who = f"{'  ' * row.depth}{row.name} ({row.title})"
        counts = [row.n_parameters, *([work[row.name]] if work else [])]
        cells.append([who, _shape_text(row.output_shape), *(f"{count:,}" for count in counts)])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    lines.insert(1, "-" * len(lines[0]))
    beside = [p for p in parameters if p.name.rpartition(".")[0] in sides]
    total = sum(p.size for p in parameters) - sum(p.size for p in beside)
    fixed = sum(p.size for p in parameters if not p.trainable)
    text = f"Input {_shape_text(input_shape)}{of_steps}, {total:,} parameters"
    text += f", and {sum(p.size for p in beside):,} in side heads" if beside else ""
    text += f", {fixed:,} of them frozen" if fixed else ""
    lines.append(f"{text}.")
    return lines


def _shape_text(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def as_bytes(count: float) -> str:
    """To three digits, "1.23 MB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
