"""How far X and y travel from `fit` to the core.

`python -m benchmarks.road` counts, for an estimator of each family, the functions of fastdl that
take samples in any form before the core's first epoch, the files these stand in, and how often one
follows another in a different file. `python -m benchmarks.road RNNClassifier` lists the functions.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import warnings
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import numpy as np

import fastdl
from fastdl import _core

PACKAGE = Path(fastdl.__file__).parent
N = 37  # samples: what has so many items is taken for them


def families() -> dict[str, tuple[Any, ...]]:
    """An estimator of each family, with what it is fitted on."""
    rng = np.random.default_rng(0)
    rows, labels = rng.random((N, 16)), np.arange(N) % 3
    images, sequences = rng.random((N, 8, 8, 1)), rng.random((N, 5, 3))
    few = {"max_epochs": 1, "random_state": 0}
    models = [
        (fastdl.MLPClassifier(max_iter=1, random_state=0), rows, labels),
        (fastdl.CNNClassifier((4,), **few), images, labels),
        (fastdl.NetClassifier(**few), rows, labels),
        (fastdl.RNNClassifier((4,), **few), sequences, labels),
        (fastdl.Autoencoder(4, **few), rows),
        (fastdl.StackedAutoencoderClassifier((4,), pretrain_epochs=1, **few), rows, labels),
        (fastdl.BernoulliRBM(4, n_iter=1, random_state=0), rows),
        (fastdl.DBN((4,), pretrain_epochs=1, random_state=0), rows),
        (fastdl.DBNClassifier((4,), pretrain_epochs=1, **few), rows, labels),
    ]
    return {type(model[0]).__name__: model for model in models}


def are_samples(value: Any, depth: int = 0) -> bool:
    """Whether a value holds X, y or weights, itself or as data that travels with others."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0 and len(value) == N
    if isinstance(value, list):
        return len(value) == N
    if depth > 3:
        return False
    if isinstance(value, tuple):
        return any(are_samples(part, depth + 1) for part in value)
    if is_dataclass(value) and type(value).__module__.startswith("fastdl"):
        if hasattr(value, "get_params"):  # estimators and specs are no samples
            return False
        return any(are_samples(getattr(value, f.name, None), depth + 1) for f in fields(value))
    return False


def road(estimator: Any, *samples: Any) -> list[tuple[str, str]]:
    """File and function of each call that takes samples, from `fit` until the core learns."""
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, what: Any) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(str(PACKAGE)):
            return
        if code.co_filename.endswith("_sklearn.py") or code.co_name.startswith("<"):
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if any(are_samples(frame.f_locals.get(name)) for name in names if name != "self"):
            file = Path(code.co_filename).relative_to(PACKAGE).as_posix()
            calls.append((file, code.co_name))

    with _end_of_the_road(_core.Program), _end_of_the_road(_core.Rbm):
        sys.setprofile(note)
        try:
            estimator.fit(*samples)
        finally:
            sys.setprofile(None)
    return calls


def _end_of_the_road(program: type) -> Any:
    learn = program.train_epoch

    def arrive(*args: Any, **kwargs: Any) -> Any:
        sys.setprofile(None)
        return learn(*args, **kwargs)

    return patch.object(program, "train_epoch", arrive)


def counts(calls: list[tuple[str, str]]) -> tuple[int, int, int]:
    """Functions, files, changes of file."""
    changes = sum(a[0] != b[0] for a, b in itertools.pairwise(calls))
    return len(set(calls)), len({file for file, _ in calls}), changes


def main() -> None:
    models = families()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.road", description=__doc__)
    parser.add_argument("name", nargs="?", choices=models, help="list the functions of this one")
    name = parser.parse_args().name
    warnings.simplefilter("ignore")  # one epoch does not converge
    if name:
        for file, function in dict.fromkeys(road(*models[name])):
            print(f"{file:44}{function}")
        return
    print(f"{'':32}{'functions':>9}{'files':>7}{'changes of file':>17}")
    for title, model in models.items():
        functions, files, changes = counts(road(*model))
        print(f"{title:32}{functions:9}{files:7}{changes:17}")


if __name__ == "__main__":
    main()
