"""`python -m peers` in benchmarks/: print the table of ratios."""

import argparse
import platform
import re
import time
from pathlib import Path

import torch

from fastdl import _core
from peers.harness import ASLEEP_SECONDS, HEADER, geometric_mean, line, measure, middle, write_json


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m peers", description=__doc__)
    parser.add_argument(
        "--rows",
        default="",
        help="only those in whose names this regular expression is found",
    )
    parser.add_argument("--steps", type=int, default=30, help="timed rounds of each row")
    parser.add_argument("--runs", type=int, default=1, help="of each row: the ratio's spread")
    parser.add_argument("--threads", type=int, default=_core.max_threads())
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="of this process, in place of the clock: with one thread, where others work too",
    )
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile")
    parser.add_argument(
        "--page", choices=["networks", "autodiff"], default="networks", help="which table"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    parser.add_argument(
        "--device",
        choices=["cpu", "cuda"],
        default="cpu",
        help="cuda: the page of GPUs, beside PyTorch on the same card",
    )
    parser.add_argument("--compile", action="store_true", help="cuda: torch.compile, too: slow")
    parser.add_argument("--limit", type=float, default=30.0, help="cuda: seconds for a row")
    parser.add_argument(
        "--rehearse", action="store_true", help="cuda: on the CPU, to see that it runs"
    )
    arguments = parser.parse_args()
    if arguments.device == "cuda":
        from peers.cuda import table

        table.main(arguments)
        return
    from peers import autodiff
    from peers.peak import measure_peak
    from peers.rows import all_rows

    if arguments.page == "autodiff":
        autodiff.main(arguments.steps)
        return

    torch.set_num_threads(arguments.threads)
    peak = measure_peak(arguments.threads)
    print(f"{platform.machine()}, {arguments.threads} threads, peak {peak:.0f} GFLOP/s in float32")
    print(HEADER, flush=True)
    results = []
    clock = time.process_time if arguments.processor_time else time.perf_counter
    rest = 0.0 if arguments.processor_time else ASLEEP_SECONDS
    for name, contest in all_rows(arguments.threads, not arguments.no_compile).items():
        if not re.search(arguments.rows, name, re.IGNORECASE):
            continue
        runs = [
            measure(name, contest(), arguments.steps, peak, clock, rest)
            for _ in range(arguments.runs)
        ]
        results.append(middle(runs))
        print(line(results[-1]), flush=True)
    if not results:
        parser.error(f"no row has {arguments.rows!r} in its name")
    print(f"geometric mean of the ratios {geometric_mean(results):.2f}")
    if arguments.json:
        machine = {"threads": arguments.threads, "peak_gflops": peak, "torch": torch.__version__}
        write_json(arguments.json, results, machine)


if __name__ == "__main__":
    main()
