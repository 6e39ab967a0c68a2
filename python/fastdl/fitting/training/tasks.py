"""A fit as callbacks see it: a task with one subtask for each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastdl.fitting.training.checkpoint import at_rest


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
        self._call_begin(context)

    def begin(self) -> None:
        """Before an epoch."""
        self.task = self.context.subcontext(task_name="epoch")
        self._call_begin(self.task)

    def end(self) -> bool:
        """After an epoch; whether to stop."""
        self.show()
        return bool(self._call_end(self.task))

    def close(self) -> None:
        """After the last epoch."""
        self._call_end(self.context)

    def _call_begin(self, task: Any) -> None:
        with at_rest(self.estimator):
            task.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)

    def _call_end(self, task: Any) -> object:
        with at_rest(self.estimator):
            return task.call_on_fit_task_end(
                estimator=self.estimator, X=self.X, y=self.y, reconstruction_attributes=dict
            )


def epoch_tasks(
    estimator: Any,
    X: Any,
    y: Any,
    n_epochs: int,
    *,
    show: Callable[[], None] = lambda: None,
) -> EpochTasks | None:
    """The tasks of a fit of so many epochs at most; None where the estimator has no callbacks."""
    context = estimator._init_callback_context(max_subtasks=n_epochs)
    if not hasattr(estimator, "_skl_callbacks"):
        return None
    show()
    return EpochTasks(estimator, context, X, y, show)
