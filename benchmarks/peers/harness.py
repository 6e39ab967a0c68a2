"""Measuring two or more ways to do the same work, interleaved, and the table of the results."""

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

BLOCK_SECONDS = 0.02  # short work is repeated to about this length, or the clock is all one sees
ROW_SECONDS = 15.0  # long work is not: then there are fewer rounds, three at least

# Threads of the other sides spin for up to 50 ms after their work, on our processors.
ASLEEP_SECONDS = 0.1
ALONE = "fastdl, one thread"

Run = Callable[[int], None]  # does the work so many times
Clock = Callable[[], float]


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
    alone: Run | None = None  # fastdl with one thread
    megabytes: Callable[[], dict[str, float]] = dict  # peak memory of a process that does it


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
    speedup: float  # over one thread; 0: not measured
    megabytes: dict[str, float]
    spread: tuple[float, float] | None = None  # of the ratio, over several runs


def measure(
    row: str,
    contest: Contest,
    steps: int,
    peak: float,
    clock: Clock = time.perf_counter,
    rest: float = ASLEEP_SECONDS,
) -> Result:
    """Check that the sides agree, warm up, then time them in turn, with a rest before each."""
    difference = contest.check()
    if not difference <= contest.tolerance:
        raise AssertionError(
            f"{row}: the sides differ by {difference:.1e}, more than {contest.tolerance:.0e}"
        )
    sides = dict(contest.sides) | ({ALONE: contest.alone} if contest.alone else {})
    for run in sides.values():
        run(3)
    slowest = max(_seconds(run, 1, clock) for run in sides.values())
    count = max(1, round(BLOCK_SECONDS / slowest))
    steps = min(steps, max(3, round(ROW_SECONDS / len(sides) / slowest)))
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(steps):
        for name, run in sides.items():
            time.sleep(rest)
            run(1)  # its own data back into the caches
            times[name].append(_seconds(run, count, clock) / count)
    ms = {name: 1e3 * statistics.median(values) for name, values in times.items()}
    speedup = ms.pop(ALONE, 0.0) / ms["fastdl"]
    peer = min((name for name in ms if name != "fastdl"), key=ms.__getitem__)
    gflops = contest.flops / ms["fastdl"] / 1e6
    ratio = ms[peer] / ms["fastdl"]
    return Result(
        row,
        peer,
        ms[peer],
        ms["fastdl"],
        ratio,
        gflops,
        gflops / peak,
        difference,
        ms,
        speedup,
        contest.megabytes(),
    )


def middle(runs: Sequence[Result]) -> Result:
    """That of the median ratio, with the spread of all."""
    by_ratio = sorted(runs, key=lambda r: r.ratio)
    ends = by_ratio[0].ratio, by_ratio[-1].ratio
    return replace(by_ratio[len(runs) // 2], spread=ends if len(runs) > 1 else None)


def _seconds(run: Run, count: int, clock: Clock) -> float:
    start = clock()
    run(count)
    return clock() - start


HEADER = (
    f"{'row':38}{'best peer':>20}{'ms':>10}{'fastdl ms':>11}{'ratio':>7}{'GFLOP/s':>9}{'peak':>6}"
    f"{'threads':>9}{'MB peer/fastdl':>16}"
)


def line(r: Result) -> str:
    """One row of the table; threads: how much faster than with one."""
    work = f"{r.gflops:9.0f}{r.share_of_peak:6.0%}" if r.gflops else " " * 15
    speedup = f"{r.speedup:8.2f}x" if r.speedup else " " * 9
    memory = f"{r.megabytes['torch']:9.0f}/{r.megabytes['fastdl']:.0f}" if r.megabytes else ""
    figures = f"{r.peer_ms:10.3f}{r.fastdl_ms:11.3f}{r.ratio:7.2f}{work}{speedup}{memory}"
    spread = f"  {r.spread[0]:.2f} to {r.spread[1]:.2f}" if r.spread else ""
    return f"{r.row:38}{r.peer:>20}{figures}{spread}".rstrip()


def geometric_mean(results: Sequence[Result]) -> float:
    return statistics.geometric_mean(r.ratio for r in results)


def write_json(path: Path, results: Sequence[Result], machine: Mapping[str, object]) -> None:
    rows = [asdict(r) for r in results]
    path.write_text(json.dumps({"machine": dict(machine), "rows": rows}, indent=2) + "\n")
