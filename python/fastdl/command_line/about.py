"""What stands in a file: one of fastdl, an ONNX model, or any safetensors file."""

from __future__ import annotations

import json
import math
import os
from typing import Any

from fastdl.command_line.errors import DataError
from fastdl.command_line.result import Result
from fastdl.io import ModelFileError, _safetensors


def about(path: str) -> Result:
    """The kind of file, versions, layers, shapes and parameters."""
    facts: dict[str, Any] = {"command": "info", "file": path, "bytes": os.path.getsize(path)}
    try:
        with _safetensors.opened(path, foreign=True) as arrays:
            layouts, metadata = dict(arrays.layouts), arrays.metadata
    except ModelFileError as error:
        return _onnx(path, facts, error)
    facts["arrays"] = {
        name: {"dtype": layout.code, "shape": list(layout.shape)}
        for name, layout in layouts.items()
    }
    facts["n_values"] = sum(math.prod(layout.shape) for layout in layouts.values())
    if "fastdl" not in metadata:
        lines = [f"safetensors, {facts['bytes']:,} bytes, {facts['n_values']:,} values"]
        lines += [f"  {name}  {x.code} {x.shape}" for name, x in layouts.items()]
        return Result("\n".join(lines), {**facts, "kind": "safetensors", "metadata": metadata})
    return _ours(path, facts, metadata)


def _ours(path: str, facts: dict[str, Any], metadata: dict[str, str]) -> Result:
    import fastdl

    model = fastdl.load(path)  # refuses what is damaged
    description = json.loads(metadata["fastdl"])
    facts |= {"kind": "fastdl", "format": description["format"]}
    facts |= {"versions": description["versions"], "model": type(model).__name__}
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    lines = [
        f"fastdl, format {facts['format']}, {facts['bytes']:,} bytes, {facts['n_values']:,} values",
        f"written by {versions}",
        "",
        repr(model),
    ]
    for part in _parts(model):
        try:
            lines += ["", str(part.summary())]
        except (ValueError, AttributeError):  # not fitted
            continue
    facts["parameters"] = {k: repr(v) for k, v in _parameters(model).items()}
    return Result("\n".join(lines), facts)


def _parts(model: Any) -> list[Any]:
    steps = [step for _, step in getattr(model, "steps", [])]
    return [part for part in (steps or [model]) if hasattr(part, "summary")]


def _parameters(model: Any) -> dict[str, Any]:
    return model.get_params(deep=False) if hasattr(model, "get_params") else {}


def _onnx(path: str, facts: dict[str, Any], error: ModelFileError) -> Result:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise DataError(f"{error} (ONNX files need: pip install onnx)") from error
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, ValueError) as not_onnx:
        raise DataError(f"{path} is neither a safetensors file nor ONNX.") from not_onnx
    if not model.graph.node:
        raise DataError(f"{path} is neither a safetensors file nor ONNX.")
    weights = {w.name: list(w.dims) for w in model.graph.initializer}
    facts |= {
        "kind": "onnx",
        "opset": {o.domain or "ai.onnx": o.version for o in model.opset_import},
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "inputs": {v.name: _shape(v) for v in model.graph.input if v.name not in weights},
        "outputs": {v.name: _shape(v) for v in model.graph.output},
        "operators": [node.op_type for node in model.graph.node],
        "weights": weights,
        "n_values": sum(math.prod(shape) for shape in weights.values()),
    }
    opset = ", ".join(f"{domain} {version}" for domain, version in facts["opset"].items())
    lines = [
        f"ONNX, opset {opset}, {facts['bytes']:,} bytes, {facts['n_values']:,} values",
        f"written by {facts['producer'] or 'somebody'}",
        *(f"input   {name} {shape}" for name, shape in facts["inputs"].items()),
        *(f"output  {name} {shape}" for name, shape in facts["outputs"].items()),
        f"{len(facts['operators'])} operators: {', '.join(facts['operators'])}",
        *(f"  {name}  {tuple(shape)}" for name, shape in weights.items()),
    ]
    return Result("\n".join(lines), facts)


def _shape(value: Any) -> list[Any]:
    dims = value.type.tensor_type.shape.dim
    return [d.dim_param or d.dim_value or "?" for d in dims]
