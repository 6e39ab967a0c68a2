"""The table: each row in a process of its own, printed as soon as it is there."""

import argparse
import platform
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch  # imported once, before the rows' processes are forked; it uses no CUDA by that

from peers.cuda import ours, theirs
from peers.cuda.nets import LARGE, LARGE_BYTES, N_LARGE, ROWS, Row
from peers.cuda.timing import Found, apart

PRECISIONS = ("tf32", "float32", "bf16")
UPDATE = f"Update of {N_LARGE:,} parameters by Adam, beside a copy"
EPOCH = "Epoch of LeNet-5 over 60,000 images from host memory, b256"
HEADER = (
    "| training step | PyTorch's best, ms | fastdl, ms | ratio | goal | float32, ms | bf16, ms |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def main(arguments: argparse.Namespace) -> None:
    """Print the page; a row that fails or takes too long says so, and the next follows."""
    start, rehearse = time.monotonic(), arguments.rehearse
    print(f"{gpu()}; PyTorch {torch.__version__}; {platform.processor() or platform.machine()}")
    print(HEADER, flush=True)
    for name, row in ROWS.items():
        if arguments.rows.lower() in name.lower():
            sides = partial(_sides, row, arguments.compile, rehearse)
            found = apart(sides, arguments.limit * (4 if arguments.compile else 1))
            print(_line(name, row.goal, found), flush=True)
            _show_all(found)
    if arguments.rows.lower() in UPDATE.lower():
        _print_adam(apart(partial(_adam_sides, rehearse), arguments.limit), rehearse)
    if arguments.rows.lower() in EPOCH.lower():
        net = ROWS["LeNet-5, b64, Adam"].net
        found = apart(partial(_epoch_sides, net, rehearse), arguments.limit)
        print(f"\n{EPOCH}, goal 300 ms:")
        for name, value in found.items():
            print(f"  {name}: {_text(value)} ms")
    print(f"in {time.monotonic() - start:.0f} s", flush=True)


def _sides(row: Row, compiled: bool, rehearse: bool) -> Iterator[theirs.Side]:
    for precision in PRECISIONS[:1] if rehearse else PRECISIONS:
        yield f"fastdl {precision}", partial(ours.step, row.net, precision, rehearse)
    yield from theirs.steps(row.net, compiled=compiled, rehearse=rehearse)


def _line(name: str, goal: float, found: dict[str, Found]) -> str:
    peers = {k: v for k, v in found.items() if k.startswith("torch") and isinstance(v, float)}
    mine = [found.get(f"fastdl {precision}", "") for precision in PRECISIONS]
    best = min(peers, key=peers.__getitem__, default="")
    ratio = "-"
    if best and isinstance(mine[0], float):
        ratio = f"{peers[best] / mine[0]:.2f}"
    theirs_text = f"{peers[best]:.4f} ({best.removeprefix('torch ')})" if best else "-"
    cells = [name, theirs_text, _text(mine[0]), ratio, f"{goal:g}", _text(mine[1]), _text(mine[2])]
    return f"| {' | '.join(cells)} |"


def _text(value: Found) -> str:
    return f"{value:.4f}" if isinstance(value, float) else value.splitlines()[0] if value else "-"


def _show_all(found: dict[str, Found]) -> None:
    """Below the row, what it was the best of; not part of the table."""
    print("    " + "; ".join(f"{name} {_text(value)}" for name, value in found.items()), flush=True)


def _adam_sides(rehearse: bool) -> Iterator[theirs.Side]:
    yield "copy", partial(theirs.copy, rehearse)
    yield "torch", partial(theirs.adam, N_LARGE, rehearse)
    yield "fastdl", partial(ours.step, LARGE, "float32", rehearse)


def _print_adam(found: dict[str, Found], rehearse: bool) -> None:
    """Bandwidths: 28 bytes for a parameter; fastdl's step zeroes the gradient, too: 32."""
    n_copied = 2 * 4 * (1 << 20 if rehearse else 1 << 28)
    moved = {"copy": n_copied, "torch": 28 * N_LARGE, "fastdl": LARGE_BYTES}
    print(f"\n{UPDATE}; goals: PyTorch's, and 85 % of the copy:")
    for name, value in found.items():
        rate = f", {moved[name] / value / 1e9:.2f} TB/s" if isinstance(value, float) else ""
        print(f"  {name}: {_text(value)} ms{rate}", flush=True)


def _epoch_sides(net, rehearse: bool) -> Iterator[theirs.Side]:
    for name, value in ours.epochs(replace(net, batch=256), rehearse):
        yield name, lambda value=value: value


def gpu() -> str:
    """Card and driver, asked without CUDA."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        found = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "no nvidia-smi"
    return found.stdout.strip().replace("\n", "; ")
