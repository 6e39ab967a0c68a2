"""Measuring two or more ways to do the same work, interleaved, and the table of the results."""

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

BLOCK_SECONDS = 0.02  # short work is repeated to about this length, or the clock is all one sees

Run = Callable[[int], None]  # does the work so many times


def repeated(step: Callable[[], object]) -> Run:
    """The run that calls `step` so many times."""

    def run(count: int) -> None:
        for _ in range(count):
            step()

    return run


@dataclass
class Contest:
    """One row: who does the work, how much it is, and whether they agree."""

    sides: Mapping[str, Run]  # "fastdl" and its peers
    check: Callable[[], float]  # the largest relative difference of the results
    tolerance: float
    flops: float = 0.0  # of the direct algorithm; 0: not a matter of arithmetic


@dataclass
class Result:
    row: str
    peer: str  # the fastest of them
    peer_ms: float
    fastdl_ms: float
    ratio: float
    gflops: float  # fastdl's
    share_of_peak: float
    difference: float
    all_ms: dict[str, float]


def measure(row: str, contest: Contest, steps: int, peak: float) -> Result:
    """Check that the sides agree, warm up, then time them in turn."""
    difference = contest.check()
    if not difference <= contest.tolerance:
        raise AssertionError(
            f"{row}: the sides differ by {difference:.1e}, more than {contest.tolerance:.0e}"
        )
    for run in contest.sides.values():
        run(3)
    count = max(1, round(BLOCK_SECONDS / max(_seconds(run, 1) for run in contest.sides.values())))
    times: dict[str, list[float]] = {name: [] for name in contest.sides}
    for _ in range(steps):
        for name, run in contest.sides.items():
            run(1)  # its own data back into the caches, the other's threads asleep
            times[name].append(_seconds(run, count) / count)
    ms = {name: 1e3 * statistics.median(values) for name, values in times.items()}
    peer = min((name for name in ms if name != "fastdl"), key=ms.__getitem__)
    gflops = contest.flops / ms["fastdl"] / 1e6
    ratio = ms[peer] / ms["fastdl"]
    return Result(row, peer, ms[peer], ms["fastdl"], ratio, gflops, gflops / peak, difference, ms)


def _seconds(run: Run, count: int) -> float:
    start = time.perf_counter()
    run(count)
    return time.perf_counter() - start


HEADER = (
    f"{'row':34}{'best peer':>22}{'ms':>10}{'fastdl ms':>11}{'ratio':>7}{'GFLOP/s':>9}{'peak':>6}"
)


def line(r: Result) -> str:
    """One row of the table."""
    work = f"{r.gflops:9.0f}{r.share_of_peak:6.0%}" if r.gflops else ""
    return f"{r.row:34}{r.peer:>22}{r.peer_ms:10.3f}{r.fastdl_ms:11.3f}{r.ratio:7.2f}{work}"


def geometric_mean(results: Sequence[Result]) -> float:
    return statistics.geometric_mean(r.ratio for r in results)


def write_json(path: Path, results: Sequence[Result], machine: Mapping[str, object]) -> None:
    rows = [asdict(r) for r in results]
    path.write_text(json.dumps({"machine": dict(machine), "rows": rows}, indent=2) + "\n")
