"""Model files that are damaged or made up: each is read, or refused with one kind of error.

`make fuzz` reads 100,000 mutations of a file of each estimator, made by a seeded generator, and
reports what must not be: crashes, errors of another type, more than a second of a processor, more
than 200 MB. tests/files/test_fuzz.py reads 3,000, and does not look at the time.
"""

import argparse
import json
import math
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import fastdl
from fastdl.io import ModelFileError
from models import MODELS, OTHERS

_SECOND, _FOREVER, _MOST = 1.0, 60, 200e6
_VALUES = [
    *(None, True, False, 0, -1, 1, 2, 255, 2**16, 2**31 - 1, 2**31, 2**40, 2**63, 2**64, -(2**70)),
    *(0.5, -0.0, 1e308, "", "x", "predict", "__class__", "float64", "\ud800", "ä" * 50),
    *([], {}, [[]], [0], [0] * 70, {"$array": "x"}, {"$tuple": []}, {"$float": "nan"}),
    *({"$dict": [[[], 1]]}, {"$spec": {"class": "layers.Dense", "units": 5000000}}),
    {"$array": {"shape": [20000000], "objects": ["a"]}},
    {"$array": {"shape": [0, 2**31, 2**31], "objects": []}},
    {"$scalar": ["F32", 1]},
    {"$scalar": ["U8", 300]},
    {"$estimator": {"class": "NDScaler", "parameters": {}, "fitted": {}}},
]
_BYTES = list(b'0123456789{}[],:" -.eE\\abFntrue$')


def files() -> list[bytes]:
    """One of each kind of estimator."""
    found = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i, make in enumerate({**MODELS, **OTHERS}.values()):
            path = Path(folder) / "model"
            fastdl.io.save(make(), path, optimizer=i % 2 == 0)
            found.append(path.read_bytes())
    return found


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """The file with one to three changes, of bytes, of its header or of its description."""
    for _ in range(random.integers(1, 4)):
        change = random.choice([_bytes, _header, _description, _description])
        content = change(content, random)
    return content


def _bytes(content: bytes, random: np.random.Generator) -> bytes:
    """Bits, bytes, missing and doubled pieces, the end cut off; mostly in the header."""
    data = bytearray(content)
    end = len(data) if random.random() < 0.3 else min(len(data), 8 + _length(content))
    at, kind = int(random.integers(max(end, 1))), random.integers(6)
    size = int(random.integers(1, 40))
    if not data or kind == 0:
        return bytes(data[:at])
    if kind == 1:
        data[at] ^= 1 << int(random.integers(8))
    elif kind == 2:
        data[at] = random.choice(_BYTES)
    elif kind == 3:
        del data[at : at + size]
    elif kind == 4:
        data[at:at] = data[at : at + size]
    else:
        data += bytes(size)
    return bytes(data)


def _length(content: bytes) -> int:
    return int.from_bytes(content[:8], "little")


def _header(content: bytes, random: np.random.Generator) -> bytes:
    """Another name, dtype, shape or place of an array."""
    return _with_json(content, lambda header: _change(header, random))


def _description(content: bytes, random: np.random.Generator) -> bytes:
    """Another value of the description."""

    def change(header: Any) -> Any:
        metadata = header["__metadata__"]
        metadata["fastdl"] = json.dumps(_change(json.loads(metadata["fastdl"]), random))
        return header

    return _with_json(content, change)


def _with_json(content: bytes, change: Any) -> bytes:
    end = 8 + _length(content)
    try:
        text = json.dumps(change(json.loads(content[8:end]))).encode()
    except (ValueError, TypeError, KeyError, RecursionError):  # changed before: no JSON any more
        return content
    return len(text).to_bytes(8, "little") + text + content[end:]


def _change(tree: Any, random: np.random.Generator) -> Any:
    """A JSON value with something else somewhere."""
    places = [(None, None)]
    for parent, key in places:
        node = tree if parent is None else parent[key]
        if isinstance(node, dict):
            places += [(node, name) for name in node]
        elif isinstance(node, list):
            places += [(node, i) for i in range(len(node))]
    parent, key = places[random.integers(len(places))]
    if parent is None:
        return _VALUES[random.integers(len(_VALUES))]
    kind = random.integers(7)
    if kind == 0:
        del parent[key]
    elif kind == 1:
        other, name = places[random.integers(1, len(places))]
        parent[key] = json.loads(json.dumps(other[name]))
    elif kind == 2 and isinstance(parent, dict):
        parent[f"{key}{random.integers(10)}"] = parent.pop(key)
    elif kind == 3 and type(parent[key]) in (int, float) and math.isfinite(parent[key]):
        parent[key] = int(parent[key]) * 10 ** int(random.integers(1, 12)) + 1
    elif kind == 4:
        for _ in range(random.choice([1, 3, 300])):
            parent[key] = [parent[key]]
    elif kind == 5 and isinstance(parent, list):
        parent += parent[: random.integers(1, 1000)] * int(random.integers(1, 5))
    else:
        parent[key] = _VALUES[random.integers(len(_VALUES))]
    return tree


def run(first: int, last: int, place: Path | None = None) -> Counter[str]:
    """Read mutations by their numbers; how often each thing was seen.

    The number of each stands in the file `place` while it is read, for those who see a crash.
    """
    good, seen = files(), Counter()
    with tempfile.TemporaryDirectory(dir=_memory()) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "model"
        for number in range(first, last):
            random = np.random.default_rng(number)
            path.write_bytes(mutated(good[number % len(good)], random))
            if place:
                place.write_text(str(number))
                signal.alarm(_FOREVER)  # ends the process
            before, start = _peak(), time.process_time()
            outcome = _outcome(_READERS[number // len(good) % len(_READERS)], path)
            seen[outcome] += 1
            for problem in (
                outcome not in ("read", "refused") and outcome,
                time.process_time() - start > _SECOND and "slow",
                _peak() - before > _MOST and "large",
            ):
                if problem:
                    seen["problems"] += problem != "slow"
                    seen["slow"] += problem == "slow"
                    print(f"mutation {number}: {problem}", flush=True)
    return seen


def _loaded(path: Path) -> Any:
    return fastdl.load(path)


def _mapped(path: Path) -> Any:
    return fastdl.load(path, mmap=True)


def _from_object(path: Path) -> Any:
    with open(path, "rb") as file:
        return fastdl.load(file)


def _network(path: Path) -> Any:
    return fastdl.load_network(path)


_READERS = (_loaded, _loaded, _mapped, _from_object, _network, _network)


def _outcome(reader: Any, path: Path) -> str:
    try:
        reader(path)
    except ModelFileError as error:
        return "refused" if str(error).startswith(f"{path} ") else f"says {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "read"


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _peak() -> float:
    """The most bytes that this process ever had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def main() -> int:
    """In parts, each in a process of its own, which goes on after a mutation that ends it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="mutations (100000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first one (0)")
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)  # in such a process
    a = parser.parse_args()
    if a.place:
        seen = run(a.first, a.first + a.count, a.place)
        print(f"{a.first + a.count}: {dict(seen)}", flush=True)
        return seen["problems"] + seen["slow"] > 0
    problems, number, end = 0, a.first, a.first + a.count
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        place = Path(folder) / "number"
        while number < end:
            last = min(number + 10_000, end)
            command = [sys.executable, __file__, f"--first={number}", f"--count={last - number}"]
            code = subprocess.run([*command, f"--place={place}"], check=False).returncode
            problems += code != 0
            number = last
            if code not in (0, 1):
                number = int(place.read_text()) + 1
                print(f"mutation {number - 1}: the process ended with {code}", flush=True)
    print("problems: see above" if problems else "no problems")
    return problems > 0


if __name__ == "__main__":
    sys.exit(main())
