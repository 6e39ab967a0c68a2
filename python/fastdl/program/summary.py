"""A program as a table of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastdl._core import Program


def summary(program: Program) -> str:
    """A table of the layers: what each gives and how many parameters it has."""
    rows = [("Layer", "Output shape", "Parameters")]
    for layer in program.layers:
        who = f"{'  ' * layer.depth}{layer.name} ({layer.title})"
        rows.append((who, _shape_text(layer.output_shape), f"{layer.n_parameters:,}"))
    a, b, c = (max(len(row[i]) for row in rows) for i in range(3))
    lines = [f"{who:<{a}}  {shape:<{b}}  {n:>{c}}" for who, shape, n in rows]
    lines.insert(1, "-" * len(lines[0]))
    total = sum(p.size for p in program.parameters)
    fixed = sum(p.size for p in program.parameters if not p.trainable)
    frozen = f", {fixed:,} of them frozen" if fixed else ""
    lines.append(f"Input {_shape_text(program.input_shape)}, {total:,} parameters{frozen}.")
    return "\n".join(lines)


def _shape_text(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
