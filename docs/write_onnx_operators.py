"""Write the tables of operators in docs/onnx.md: python docs/write_onnx_operators.py."""

import re
from pathlib import Path
from typing import Any

import onnx

from fastdl import layers as L
from fastdl.onnx.reading.joins import JOINS
from fastdl.onnx.reading.table import GROUPS, READERS
from fastdl.onnx.running.table import COMPUTED
from fastdl.onnx.writing import table

PAGE = Path(__file__).with_name("onnx.md")


def operators() -> str:
    """Each operator: attributes, the opsets that changed it, what it becomes, who computes it."""
    lines = ["| operator | attributes | since opset | becomes | backend |", "| --- " * 5 + "|"]
    for name in sorted({*READERS, *JOINS, *COMPUTED} - set(GROUPS)):
        domain, _, operator = name.rpartition(".")
        schema = onnx.defs.get_schema(operator, domain)
        attributes = ", ".join(sorted(schema.attributes)) or "-"
        parts = [_first_line(table[name]) for table in (READERS, JOINS) if name in table]
        first = "; of branches: ".join(parts) or "-"
        ours = "fastdl" if name in COMPUTED else "onnx"
        lines.append(f"| {name} | {attributes} | {schema.since_version} | {first} | {ours} |")
    return "\n".join(lines)


def _first_line(function: Any) -> str:
    return (function.__doc__ or "").splitlines()[0].strip(" .")


def layers() -> str:
    """Each layer: how it is written, or why it is not."""
    lines = ["| layer | in ONNX |", "| --- | --- |"]
    for layer in L.ALL:
        writer = table.writers().get(layer)
        what = f"nothing: {table.LEFT_OUT[layer]}" if layer in table.LEFT_OUT else ""
        what = what or (f"refused: it {table.NOT_WRITTEN[layer]}" if writer is None else "")
        what = what or _first_line(writer)
        lines.append(f"| {layer.__name__} | {what} |")
    return "\n".join(lines)


def page() -> str:
    """The page with its tables as they are now."""
    text = PAGE.read_text()
    for name, content in (("operators", operators()), ("layers", layers())):
        block = rf"(<!-- {name} -->\n).*?(\n<!-- end of {name} -->)"
        text = re.sub(block, lambda m, c=content: f"{m[1]}{c}{m[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
