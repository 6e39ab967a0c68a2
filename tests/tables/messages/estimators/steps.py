"""What estimators say when something does not fit: values and labels of steps."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import (
    RNNRegressor,
    SequenceTagger,
    losses,
)

from .calls import PADDED, SEQUENCES, VALUES, Y


def steps(y: Any, X: Any = None, lengths: Any = None, **params: Any) -> Callable[[], object]:
    """Fits a value for every step."""
    reg = RNNRegressor((4,), return_sequences=True, max_epochs=1, n_jobs=1, **params)
    return lambda: reg.fit(SEQUENCES if X is None else X, y, lengths=lengths)


def weighted_steps(weight: Any) -> Callable[[], object]:
    reg = RNNRegressor((4,), return_sequences=True, max_epochs=1, n_jobs=1)
    return lambda: reg.fit(SEQUENCES, VALUES, weight)


def tags(y: Any, X: Any = None, lengths: Any = None, **params: Any) -> Callable[[], object]:
    tagger = SequenceTagger((4,), max_epochs=1, n_jobs=1, **params)
    return lambda: tagger.fit(SEQUENCES if X is None else X, y, lengths=lengths)


# fmt: off
STEPS = [
    (steps(VALUES[:5]), ValueError,
     "Found input variables with inconsistent numbers of samples: [20, 5]"),
    (steps(None), ValueError,
     "RNNRegressor needs y, with a value for every step of each sequence."),
    (steps([*VALUES[:4], np.ones(5), *VALUES[5:]]), ValueError,
     "y[4] has 5 values, but X[4] has 2 steps; RNNRegressor takes one for every step."),
    (steps(PADDED[..., 0]), ValueError,
     "y[1] has 3 values, but X[1] has 2 steps; RNNRegressor takes one for every step."),
    (steps(Y), ValueError,
     "y[0] has shape (); RNNRegressor takes one value for every step, shape (steps,) or (steps, "
     "n_outputs). RNNClassifier and RNNRegressor learn one for each sequence."),
    (steps([*VALUES[:4], np.ones((2, 2)), *VALUES[5:]]), ValueError,
     "y[4] has shape (2, 2), but y[0] has (3,); all sequences have the same outputs."),
    (steps([np.stack([v, v], axis=1) for v in VALUES[:19]] + [[[1, 2], [1, np.nan]]]), ValueError,
     "Input y contains NaN: step 1 of y[19], in some of its numbers. A step that does not count "
     "has NaN in all of them."),
    (steps([*VALUES[:4], np.array([1, np.inf]), *VALUES[5:]]), ValueError,
     "Input y contains infinity: step 1 of y[4]."),
    (steps([np.nan * v for v in VALUES]), ValueError,
     "y marks all steps as ones that do not count, by nan; RNNRegressor needs at least one that "
     "does."),
    (weighted_steps([np.ones(3)] * 20), ValueError,
     "sample_weight[1] has shape (3,), but X[1] has 2 steps; expected one weight for each step, or "
     "one for each sequence."),
    (weighted_steps([np.ones(len(v)) for v in VALUES[:5]]), ValueError,
     "sample_weight holds weights for 5 sequences, but X has 20."),
    (weighted_steps([-np.ones(len(v)) for v in VALUES]), ValueError,
     "Negative values in data passed to `sample_weight`."),
    (steps([v - 1 for v in VALUES], loss="poisson"), ValueError,
     f"RNNRegressor: loss='poisson' is for counts, but y goes down to "
     f"{min(v.min() for v in VALUES) - 1:g}. Use another loss."),
    (steps(VALUES, truncate_bptt=2, bidirectional=True), ValueError,
     "RNNRegressor: truncate_bptt=2 with bidirectional=True: a window does not know what comes "
     "after it. Set one of them only."),
    (steps(VALUES, truncate_bptt=2, solver="lbfgs"), ValueError,
     "RNNRegressor: truncate_bptt=2 with solver='lbfgs': it needs the whole gradient. Use another "
     "solver."),
    (steps(VALUES, truncate_bptt=0), ValueError,
     "The 'truncate_bptt' parameter of RNNRegressor must be an int in the range [1, inf) or None. "
     "Got 0 instead."),
]
# fmt: on


# fmt: off
TAGS = [
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES[:-1]] + [[0, 1, 2]]), ValueError,
     "y[19] has 3 values, but X[19] has 2 steps; SequenceTagger takes one for every step."),
    (tags(Y), ValueError,
     "y[0] has shape (); SequenceTagger takes one value for every step, shape (steps,) or (steps, "
     "n_outputs). RNNClassifier and RNNRegressor learn one for each sequence."),
    (tags([[0] * len(x) for x in SEQUENCES]), ValueError,
     "SequenceTagger needs samples of at least 2 classes in the data, but the data contains only "
     "one class: 0"),
    (tags([[-1, 0, 1][: len(x)] for x in SEQUENCES]), UserWarning,
     "SequenceTagger: y holds -1, 0 and 1. Steps with -1 do not count: label them None to say so. "
     "If -1 is a class, call the classes otherwise, by strings."),
    (tags([[-1] * len(x) for x in SEQUENCES]), ValueError,
     "y marks all steps as ones that do not count, by -1; SequenceTagger needs at least one that "
     "does."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], class_weight={0: -1}), ValueError,
     "class_weight={0: -1}: the weight of class 0 is -1; expected a finite number of 0 or more."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], class_weight={0: float("nan")}), ValueError,
     "class_weight={0: nan}: the weight of class 0 is nan; expected a finite number of 0 or more."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], class_weight={0: 0, 1: 0, 2: 0}), ValueError,
     "class_weight={0: 0, 1: 0, 2: 0} leaves no sample with a weight above 0. Give the classes "
     "that are to be learnt a weight above 0."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], class_weight={"a": 1}), ValueError,
     "class_weight={'a': 1} has a weight for 'a', which is no class of y, and none for 0, which is "
     "one. The classes of y: 0, 1, 2."),
    (tags([[0, 1, 2][: len(x)] for x in SEQUENCES], loss=losses.BinaryCrossEntropy()), ValueError,
     "SequenceTagger: loss=BinaryCrossEntropy() is for two classes, or indicators, but y has 3 "
     "classes. Use loss='log_loss'."),
    (tags(VALUES), ValueError,
     "Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects "
     "discrete classes on a regression target with continuous values."),
    (tags(PADDED[..., 0] > 0.5, PADDED, [3] * 19 + [-1]), ValueError,
     "lengths[19] is -1, but X has 3 steps; expected 0 to 3."),
]
# fmt: on
