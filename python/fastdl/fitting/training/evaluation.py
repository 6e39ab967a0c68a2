"""The columns of the history that need a look at the network's answers after an epoch."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring, r2_score

from fastdl import _core
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import windows
from fastdl.fitting.training.checkpoint import at_rest
from fastdl.losses import Custom, Loss
from fastdl.samples import Data, Samples, Sequences, as_given

if TYPE_CHECKING:
    from fastdl._core import Program


def evaluation(
    estimator: Any, program: Program, train: Data, val: Data | None
) -> Callable[[], dict[str, float]]:
    """What `training.run` calls after an epoch, if there is something to compute.

    The validation score is the accuracy or R^2 of scikit-learn's `score`, or what the estimator's
    `scoring` says; the training score is computed with `scoring` only.
    """
    scorer = None if estimator.scoring is None else check_scoring(estimator, estimator.scoring)
    targets = estimator._targets

    def evaluate() -> dict[str, float]:
        columns: dict[str, float] = {}
        if val is not None and targets.kind in ("input", "next"):
            mean = windows.mean_loss(program, val.samples)
            columns |= {"val_loss": mean, "val_score": -mean * estimator._error_of_loss()}
        elif val is not None and targets.kind == "answer":
            columns["val_loss"] = windows.mean_loss(program, val.samples)
            if scorer is None:
                columns["val_score"] = estimator._share_of_right(program, val)
        elif val is not None and targets.kind == "boxes":
            columns["val_loss"] = windows.mean_loss(program, val.samples)
            if scorer is None:
                columns["val_score"] = estimator._validation_score(program, val)
        elif val is not None:
            data, output = _outputs(program, val)
            mean = estimator._mean_loss(output, data)
            columns["val_loss"] = estimator._reported_loss(mean, data.samples)
            if scorer is None:
                columns["val_score"] = estimator._default_score(output, data)
        if scorer is not None:
            estimator._show_weights(program)
            columns["score"] = _score(scorer, estimator, train)
            if val is not None:
                columns["val_score"] = _score(scorer, estimator, val)
        return columns

    return evaluate


def held_out_losses(estimator: Any, program: Program, held_out: Data) -> NDArray[np.float64]:
    """The losses on held-out samples, times their weights; nan where none of them has a weight.

    Of each sample or step, or their mean alone where there is no other.
    """
    if held_out.samples.weight is not None and not held_out.samples.weight.any():
        return np.array([math.nan])
    if estimator._targets.kind in ("input", "next", "answer", "boxes"):
        return np.array([windows.mean_loss(program, held_out.samples)])
    data, output = _outputs(program, held_out)
    loss = estimator._network.loss
    if isinstance(loss, Custom) or loss.pairs:
        return np.array([estimator._mean_loss(output, data)])
    return sample_losses(loss, output, data.samples)


def _outputs(program: Program, data: Data) -> tuple[Data, NDArray[Any]]:
    """Samples and outputs before the link; of sequences with a target for each step, the steps."""
    lengths = data.samples.lengths
    output = windows.predict(program, data.samples.X, lengths)
    if isinstance(data.y, Sequences):
        return data.of_steps(), data.y.outputs(output)
    return data, output


def _score(scorer: Any, estimator: Any, data: Data) -> float:
    y, weight = as_given(data.y), data.samples.weight
    if isinstance(y, Sequences) and callable(estimator.scoring):
        weight = y.listed_weights(weight)
        y = y.listed()
    elif isinstance(y, Sequences):
        estimator = _ByParts(estimator, y)
        weight = y.of_steps(weight)
        y = y.steps
    weights = {} if weight is None else {"sample_weight": weight}
    with at_rest(getattr(estimator, "whole", estimator)):
        score = scorer(estimator, data.X, y, **weights)
    try:
        return float(score)
    except (TypeError, ValueError) as error:
        raise TypeError(f"scoring gave {score!r}; expected one number.") from error


class _ByParts:
    """An estimator whose answers for all steps or pixels stand one after the other.

    That is what scikit-learn's metrics take.
    """

    def __init__(self, whole: Any, y: Sequences) -> None:
        self.whole, self._y = whole, y

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.whole, name)
        if name not in ("predict", "predict_proba", "decision_function"):
            return found

        @functools.wraps(found)
        def flat(X: Any) -> Any:
            return self._flat(found(X))

        return flat

    def _flat(self, answers: Any) -> NDArray[Any]:
        if not isinstance(answers, list):
            return self._y.outputs(answers)
        return np.concatenate(answers)[self._y.counts_of_real]


def mean_loss(loss: Loss, output: NDArray[Any], samples: Samples) -> float:
    """The mean loss of outputs before the link, weighted."""
    if isinstance(loss, Custom):
        from fastdl.program.own_loss import OwnLoss  # with fastdl.autodiff, which few fits need

        weight = np.ones(len(output), output.dtype) if samples.weight is None else samples.weight
        total, _ = OwnLoss(loss)(output, samples.y, weight, float(weight.sum()), False)
        return total / float(weight.sum())
    values = sample_losses(loss, output, samples)
    total = len(output) if samples.weight is None else samples.weight.sum()
    return float(values.sum() / total)


def sample_losses(loss: Loss, output: NDArray[Any], samples: Samples) -> NDArray[np.float64]:
    """The loss of each output before the link, times its weight."""
    values = np.empty(len(output))
    _core.loss(loss.kind, output, samples.y, samples.weight, 1.0, loss.param, values, None)
    return values


def no_from_yes(loss: Loss) -> float:
    """What parts no from yes in an output before the link, where classes have one each."""
    return 0.0 if loss.link == "sigmoid" else 0.5


def default_score(targets: Targets, loss: Loss, output: NDArray[Any], data: Data) -> float:
    """Accuracy or R^2 of outputs before the link, without the price of going through `predict`."""
    weight, y = data.samples.weight, data.samples.y
    if targets.kind == "continuous":
        if not np.isfinite(output).all():
            return float("nan")
        answers = targets.decode(np.exp(output) if loss.link == "exp" else output)
        return r_squared(np.asarray(data.y), answers, weight)
    if targets.kind == "multilabel":
        right = ((output > no_from_yes(loss)) == (y > 0)).all(axis=1)
    else:
        codes = y if y.ndim == 1 else targets.decode_codes(y)
        right = targets.decode_codes(output, threshold=no_from_yes(loss)) == codes
    return float(np.average(right, weights=weight))


def r_squared(y: NDArray[Any], answers: NDArray[Any], weight: NDArray[Any] | None) -> float:
    """`sklearn.metrics.r2_score` of arrays that are checked, in float64.

    Its checks take longer than an epoch of a hundred samples.
    """
    if len(y) < 2:
        return float(r2_score(y, answers, sample_weight=weight))  # it warns
    y = np.asarray(y, np.float64).reshape(len(y), -1)
    weights = np.ones((len(y), 1)) if weight is None else np.asarray(weight, np.float64)[:, None]
    mean = (weights * y).sum(axis=0) / weights.sum()
    missed = (weights * (y - answers.reshape(y.shape)) ** 2).sum(axis=0)
    spread = (weights * (y - mean) ** 2).sum(axis=0)
    constant = spread == 0  # of such a column all or nothing is explained
    shares = missed / np.where(constant, 1.0, spread)
    return float(np.mean(1 - np.where(constant, missed != 0, shares)))
