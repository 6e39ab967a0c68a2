"""Print the table of all default fits, and how many of them are where they should be."""

from __future__ import annotations

import argparse

from threadpoolctl import threadpool_limits

from .sets import SETS
from .trial import Row, rows_of

_WIDTHS = "| {:31} | {:28} | {:>6} | {:14} | {:>6} | {:>5} | {:>7} |"
HEADER = (
    _WIDTHS.format("set", "estimator", "score", "scikit-learn's", "diff.", "s", "MLP's")
    + "\n| --- | --- | --- | --- | --- | --- | --- |"
)


def line(row: Row) -> str:
    """A row of the table; a star where the result is less than promised."""
    name, best = row.best
    difference = f"{row.difference:+.3f}{'' if row.reached else '*'}"
    seconds = f"{row.found.seconds:.2f}{'' if row.in_time else '*'}"
    times = f"{row.found.seconds / row.peers['MLP'].seconds:.1f} x"
    return _WIDTHS.format(
        row.of.name, row.contender.name, f"{row.found.score:.3f}", f"{best:.3f} {name}",
        difference, seconds, times,
    )  # fmt: skip


def summary(rows: list[Row]) -> str:
    """How many are where they should be."""
    counted = [row for row in rows if row.counts]
    beside = [row for row in rows if not row.counts and row.goal is not None]
    lines = []
    for title, some in (("within 0.02", counted), ("beside, within 0.05", beside)):
        if some:
            lines.append(f"{sum(row.reached for row in some)} of {len(some)} {title}")
    lines.append(f"{sum(row.in_time for row in rows)} of {len(rows)} in the time they may take")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.defaults", description=__doc__)
    parser.add_argument("--only", default="", help="only estimators with this in their names")
    parser.add_argument("--sets", default="", help="only sets with this in their names")
    parser.add_argument("--splits", type=int, default=5)
    arguments = parser.parse_args()
    rows = []
    with threadpool_limits(1):
        for of in SETS:
            if arguments.sets.lower() in of.name.lower():
                for row in rows_of(of, arguments.splits, arguments.only.lower()):
                    if not rows:
                        print(HEADER)
                    rows.append(row)
                    print(line(row), flush=True)
    if not rows:
        parser.error("no estimator and no set has such a name")
    print(summary(rows))


if __name__ == "__main__":
    main()
