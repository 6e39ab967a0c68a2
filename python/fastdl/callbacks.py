"""Callbacks by scikit-learn's protocol: ``estimator.set_callbacks(callback)``, kept by ``clone``.

Any object with the methods of `Callback` will do, scikit-learn's own (``ProgressBar``,
``ScoringMonitor``) among them. The task "fit" of an estimator has one subtask "epoch" for each
epoch, or iteration of lbfgs; when it ends, `history_` and the weights are those of its end.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any


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


class EpochTasks:
    """Tells the callbacks of an estimator where its fit stands.

    Parameters
    ----------
    estimator : estimator
    context : sklearn.callback.CallbackContext
        Of the fit.
    X, y : array-like
        As passed to fit.
    show : callable
        Brings the estimator's fitted attributes up to date.
    """

    def __init__(
        self, estimator: Any, context: Any, X: Any, y: Any, show: Callable[[], None]
    ) -> None:
        self.estimator, self.context, self.X, self.y, self.show = estimator, context, X, y, show
        self.task = context
        context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)

    def begin(self) -> None:
        """Before an epoch."""
        self.task = self.context.subcontext(task_name="epoch")
        self.task.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)

    def end(self) -> bool:
        """After an epoch; whether to stop."""
        self.show()
        return bool(self._call_end(self.task))

    def close(self) -> None:
        """After the last epoch."""
        self._call_end(self.context)

    def _call_end(self, task: Any) -> object:
        return task.call_on_fit_task_end(
            estimator=self.estimator,
            X=self.X,
            y=self.y,
            # A copy with a network of its own: the training goes on in this one.
            reconstruction_attributes=lambda: {"_network": copy.deepcopy(self.estimator._network)},
        )
