"""Callbacks by scikit-learn's protocol: ``estimator.set_callbacks(callback)``, kept by ``clone``.

Any object with the methods of `Callback` will do, scikit-learn's own (``ProgressBar``,
``ScoringMonitor``) among them. The task "fit" of an estimator has one subtask "epoch" for each
epoch, or iteration of lbfgs; when it ends, `history_` and the weights are those of its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastdl._other_names import raiser


class Callback:
    """A callback that does nothing: derive from it and write the methods you need."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Before fit."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Before fit and before each epoch (``context.task_name``)."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool | None:
        """After each epoch and after fit; True after an epoch stops the training."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """After fit, whether it failed or not."""


class EpochEnd(Callback):
    """Calls a function after each epoch.

    Parameters
    ----------
    function : callable
        Called with the estimator and the epoch's row of the history, a dict; True stops the
        training.

    Examples
    --------
    >>> from fastdl import MLPClassifier
    >>> from fastdl.callbacks import EpochEnd
    >>> stop = EpochEnd(lambda estimator, row: row["loss"] < 0.01)
    >>> clf = MLPClassifier().set_callbacks(stop)
    """

    def __init__(self, function: Callable[[Any, dict[str, float]], object]) -> None:
        self.function = function

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Call the function if the task is an epoch."""
        if context.task_name != "epoch":
            return False
        row = {column: values[-1] for column, values in estimator.history_.items()}
        return bool(self.function(estimator, row))


if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, ["Callback", "EpochEnd"])
