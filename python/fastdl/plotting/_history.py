from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from fastdl._pipelines import last_of
from fastdl.plotting._axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_ABOUT = ("epoch", "lr", "seconds")  # columns that say nothing of how well it went


class HistoryDisplay:
    """Loss or score of each epoch, on the training data and on the validation set, if any.

    Parameters
    ----------
    history : mapping of str to array-like of shape (n_epochs,)
        The `history_` of an estimator: a column ``epoch``, and others such as ``loss``,
        ``val_loss``, ``score``, ``val_score`` or ``reconstruction_error``; nan where there is no
        value.
    best_epoch : int, optional
        The epoch whose weights were kept.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    """

    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(self, history: Mapping[str, ArrayLike], *, best_epoch: int | None = None) -> None:
        self.history = history
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        quantity: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : fastdl estimator, or a pipeline or search that ends with one
            Fitted. Of a `DBN`, one of its machines: ``dbn.rbms_[0]``.
        quantity : str, optional
            Which column to draw: "loss" (of Boltzmann machines "reconstruction_error") if not
            given, or "score".
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        HistoryDisplay

        Raises
        ------
        ValueError
            If the estimator has no history, or nothing was recorded of that quantity.
        """
        estimator = last_of(estimator)
        name = type(estimator).__name__
        history = getattr(estimator, "history_", None)
        if hasattr(estimator, "rbms_") and (history is None or "layer" in history):
            raise ValueError(
                f"this {name} has a history for each of its machines: pass one of them, "
                "estimator.rbms_[0]."
            )
        if history is None:
            raise ValueError(
                f"this {name} has no history_: it is not fitted, or not fitted in epochs."
            )
        display = cls(history, best_epoch=getattr(estimator, "best_iter_", None))
        return display.plot(ax, quantity=quantity)

    def plot(self, ax: "Axes | None" = None, *, quantity: str | None = None) -> Self:
        """Draw one quantity over the epochs.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.
        quantity : str, optional
            A column of the history; the first that is a loss, a score or an error if not given.

        Returns
        -------
        HistoryDisplay
            This object.

        Raises
        ------
        ValueError
            If there is no such column, or all of it is nan.
        """
        known = [c for c in self.history if c not in _ABOUT and not c.startswith("val_")]
        quantity = known[0] if quantity is None else quantity
        if quantity not in known:
            raise ValueError(f"quantity={quantity!r}; expected {' or '.join(map(repr, known))}.")
        lines = {"training": (quantity, "C0"), "validation": (f"val_{quantity}", "C1")}
        columns = {
            label: (np.asarray(self.history.get(column, np.nan), dtype=float), color)
            for label, (column, color) in lines.items()
        }
        if all(np.isnan(values).all() for values, _ in columns.values()):
            raise ValueError(
                f"quantity={quantity!r} was not recorded in this fit. Fit with a validation set, "
                "or with early_stopping=True."
            )
        ax = new_axes(6, 4) if ax is None else ax
        for label, (values, color) in columns.items():
            if not np.isnan(values).all():
                ax.plot(self.history["epoch"], values, color=color, label=label)
        if self.best_epoch is not None:
            ax.axvline(self.best_epoch, color="grey", linestyle=":", label="weights kept")
        ax.set(xlabel="epoch", ylabel=quantity.replace("_", " "))
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self
