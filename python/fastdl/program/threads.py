"""How many threads a program gets."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from fastdl._rules import LARGEST, Rule, is_integer


def count_threads(n_jobs: int | None) -> int:
    """How many threads to use, by scikit-learn's meaning of ``n_jobs``.

    None is what OpenMP would take now: ``OMP_NUM_THREADS``, threadpoolctl, joblib's limit inside
    its workers and the CPU affinity are obeyed; a container's CPU quota (cgroup) too. -1 is all
    CPUs this process may use, -2 all but one. More than there are CPUs would only wait for each
    other: they are not taken.

    Raises
    ------
    ValueError
        For 0 or anything but an integer.
    """
    from fastdl import _core

    if n_jobs is None:
        return max(1, min(_core.max_threads(), _cgroup_cpus()))
    if n_jobs == 1:
        return 1
    rule = Rule(
        "None or an integer that is not 0", lambda v: is_integer(v) and 0 < abs(v) <= LARGEST, int
    )
    count = checked("n_jobs", n_jobs, rule)
    return int(min(count, _cpus()) if count > 0 else max(1, _cpus() + 1 + count))


def _cpus() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(count, _cgroup_cpus())


@cache
def _cgroup_cpus() -> int:
    """The whole CPUs of a container's quota when it was first asked for; many where none is."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError):  # no cgroup, or "max"
        return 1 << 16


def checked(parameter: str, value: Any, rule: Rule) -> Any:
    """The value as plain data; ValueError, with the parameter's name, if its rule refuses it."""
    if not rule.accepts(value):
        raise ValueError(rule.complaint(parameter, value))
    return rule.plain(value)
