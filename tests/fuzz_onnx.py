"""ONNX models that are damaged or made up: each is read, or refused with one of two errors.

`make fuzz` reads 100,000 mutations of eight small models, made by a seeded
generator, and reports what must not be: errors of another type, more than a second of a processor,
more than 200 MB. tests/interchange/test_onnx_fuzz.py reads some of them.
"""

import argparse
import resource
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import fastdl
from fastdl import layers as L
from fastdl.io import ModelFileError
from fastdl.onnx import UnsupportedModelError, from_onnx, to_onnx

_SECOND, _MOST = 1.0, 200e6
_NUMBERS = [-(2**63), -1, 0, 1, 2, 3, 7, 255, 2**16, 2**31 - 1, 2**31, 2**40, 2**62]
_OPERATORS = ["Conv", "Gemm", "LSTM", "Add", "Concat", "Reshape", "Transpose", "If", "X", "Softmax"]


def models() -> list[bytes]:
    """Eight of them."""
    nets = [
        fastdl.Network([L.Dense(4), L.Activation("relu"), L.Dense(2)], (3,), random_state=0),
        fastdl.Network([L.Conv2D(3, 3), L.BatchNorm(), L.Flatten(), L.Dense(2)], (5, 5, 2)),
        fastdl.Network([L.Residual([L.Dense(3)]), L.Concat([[], [L.Dense(2)]])], (3,)),
        fastdl.Network(
            [L.Conv1D(3, 3, 2, "same"), L.LSTM(3, return_sequences=True), L.GlobalMaxPool()], (4, 2)
        ),
        fastdl.Network([L.Bidirectional(L.GRU(2)), L.LayerNorm(), L.Maxout(2)], (3, 2)),
    ]
    folder = Path(__file__).parent / "data" / "onnx"
    torch = [folder / f"torch_{name}.onnx" for name in ("resnet_old", "reader_old", "wide_new")]
    made = [to_onnx(net).SerializeToString() for net in nets]
    return [*made, *(path.read_bytes() for path in torch)]


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """The model with one to three changes, of bytes or of what stands in it."""
    for _ in range(random.integers(1, 4)):
        content = (_bytes if random.random() < 0.4 else _parts)(content, random)
    return content


def _bytes(content: bytes, random: np.random.Generator) -> bytes:
    data = bytearray(content)
    at, size, kind = (
        int(random.integers(len(data) + 1)),
        int(random.integers(1, 40)),
        random.integers(5),
    )
    if kind == 0 or not data:
        return bytes(data[:at])
    if kind == 1:
        data[at % len(data)] ^= 1 << int(random.integers(8))
    elif kind == 2:
        data[at % len(data)] = int(random.integers(256))
    elif kind == 3:
        del data[at : at + size]
    else:
        data[at:at] = data[at : at + size]
    return bytes(data)


def _parts(content: bytes, random: np.random.Generator) -> bytes:
    """Another number, name, operator, shape or order."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except Exception:
        return _bytes(content, random)
    graph, kind = model.graph, random.integers(10)
    nodes, tensors = list(graph.node), list(graph.initializer)
    names = [_text(name) for node in nodes for name in (*node.input, *node.output)]
    if not nodes or not names:
        return _bytes(content, random)
    node = nodes[int(random.integers(len(nodes)))]
    number = int(random.choice(_NUMBERS))
    if kind == 0 and node.input:
        node.input[int(random.integers(len(node.input)))] = names[int(random.integers(len(names)))]
    elif kind == 1 and node.output:
        node.output[int(random.integers(len(node.output)))] = names[
            int(random.integers(len(names)))
        ]
    elif kind == 2:
        node.op_type = str(random.choice(_OPERATORS))
    elif kind == 3 and node.attribute:
        attribute = node.attribute[int(random.integers(len(node.attribute)))]
        attribute.i, attribute.f = number, float(random.choice([0, -1, 1e38, np.nan]))
        if attribute.ints:
            attribute.ints[int(random.integers(len(attribute.ints)))] = number
    elif kind == 4 and tensors:
        tensor = tensors[int(random.integers(len(tensors)))]
        if tensor.dims:
            tensor.dims[int(random.integers(len(tensor.dims)))] = number
        tensor.data_type = int(random.choice([tensor.data_type, tensor.data_type, 1, 7, 8, 10, 99]))
    elif kind == 5 and tensors:
        tensor = tensors[int(random.integers(len(tensors)))]
        if tensor.raw_data and len(tensor.raw_data) % 8 == 0:
            values = np.frombuffer(tensor.raw_data, np.int64).copy()
            values[int(random.integers(len(values)))] = number
            tensor.raw_data = values.tobytes()
    elif kind == 6 and graph.input:
        info = graph.input[int(random.integers(len(graph.input)))].type.tensor_type
        for axis in info.shape.dim:
            if random.random() < 0.5:
                axis.dim_value = number
    elif kind == 7:
        del graph.node[int(random.integers(len(nodes)))]
    elif kind == 8:
        again = onnx.NodeProto()
        again.CopyFrom(node)
        graph.node.append(again)
    else:
        for entry in model.opset_import:
            entry.version = abs(number) % 40
        other = onnx.NodeProto()
        other.CopyFrom(nodes[int(random.integers(len(nodes)))])
        node.attribute.extend(other.attribute)
    return bytes(model.SerializeToString())


def _text(name: str | bytes) -> str:
    """A name, also where a change has made no UTF-8 of it."""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


def run(seed: int, count: int, *, watched: bool = False) -> Counter[str]:
    """Read so many; what became of them. Problems are printed."""
    random, seen = np.random.default_rng(seed), Counter[str]()
    contents = models()
    for i in range(count):
        data = mutated(contents[i % len(contents)], random)
        started = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from_onnx(data)
            seen["read"] += 1
        except (ModelFileError, UnsupportedModelError):
            seen["refused"] += 1
        except Exception as error:
            _problem(seen, i, f"{type(error).__name__}: {error}")
        took = time.process_time() - started
        if watched and took > _SECOND:
            _problem(seen, i, f"it took {took:.1f} s")
    if watched:
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if grown > 1e9 + _MOST:
            _problem(seen, count, f"{grown / 1e6:.0f} MB of memory")
    return seen


def _problem(seen: Counter[str], i: int, what: Any) -> None:
    seen["problems"] += 1
    print(f"mutation {i}: {str(what)[:300]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="mutations (100000)")
    parser.add_argument("--seed", type=int, default=0, help="of the generator (0)")
    chosen = parser.parse_args()
    seen = run(chosen.seed, chosen.count, watched=True)
    print(dict(seen))
    sys.exit(seen["problems"] > 0)
