"""Print scores and processor seconds of a fit on one thread, of all on every set."""

from __future__ import annotations

import argparse
import statistics
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from .contenders import NAMES, new, prepared
from .sets import SETS, Set


def results(of: Set, seed: int, names: list[str]) -> dict[str, tuple[float, float]]:
    """Score on a fifth held out and processor seconds of the fit, by name; one after the other."""
    X, y = of.draw(seed)
    stratify = y if of.kind == "classes" else None
    train, test = train_test_split(
        np.arange(len(y)), test_size=0.2, random_state=seed, stratify=stratify
    )
    score = accuracy_score if of.kind == "classes" else r2_score
    found = {}
    for name in names:
        rows = prepared(name, X)
        start = time.process_time()
        fitted = new(name, of.kind, seed).fit(rows.iloc[train], y[train])
        seconds = time.process_time() - start
        found[name] = (float(score(y[test], fitted.predict(rows.iloc[test]))), seconds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--sets", default="", help="only sets with this in their names")
    parser.add_argument("--only", nargs="*", default=NAMES, choices=NAMES)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="also the sets that take minutes")
    arguments = parser.parse_args()
    names: list[str] = arguments.only
    print("| set | " + " | ".join(names) + " | " + " | ".join(f"s {n}" for n in names) + " |")
    print("|" + " --- |" * (1 + 2 * len(names)))
    warnings.simplefilter("ignore", ConvergenceWarning)
    ratios = []
    with threadpool_limits(1):
        for of in SETS:
            if arguments.sets.lower() not in of.name.lower() or (of.large and not arguments.large):
                continue
            seeds = range(1 if of.large else arguments.splits)
            runs = [results(of, seed, names) for seed in seeds]
            scores = [statistics.fmean(run[name][0] for run in runs) for name in names]
            seconds = [statistics.fmean(run[name][1] for run in runs) for name in names]
            cells = [f"{s:.3f}" for s in scores] + [f"{s:.2f}" for s in seconds]
            print(f"| {of.name} | " + " | ".join(cells) + " |", flush=True)
            if {"Tabular", "RealMLP"} <= set(names):
                ratios.append(seconds[names.index("RealMLP")] / seconds[names.index("Tabular")])
    if ratios:
        print(f"Tabular is {statistics.geometric_mean(ratios):.1f} times as fast as RealMLP")


if __name__ == "__main__":
    main()
