from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from fastdl.plotting._axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


class HistoryDisplay:
    """Loss or score of each epoch, on the training data and on the validation set, if any.

    Parameters
    ----------
    history : mapping of str to array-like of shape (n_epochs,)
        Columns ``epoch``, ``loss``, ``val_loss``, ``score``, ``val_score``, nan where there is no
        value: the `history_` of an estimator.
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
        quantity: Literal["loss", "score"] = "loss",
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : fastdl estimator
            Fitted.
        quantity : {"loss", "score"}, default="loss"
            What to draw.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        HistoryDisplay
        """
        display = cls(estimator.history_, best_epoch=getattr(estimator, "best_iter_", None))
        return display.plot(ax, quantity=quantity)

    def plot(
        self, ax: "Axes | None" = None, *, quantity: Literal["loss", "score"] = "loss"
    ) -> Self:
        """Draw one quantity over the epochs.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.
        quantity : {"loss", "score"}, default="loss"
            What to draw.

        Returns
        -------
        HistoryDisplay
            This object.
        """
        if quantity not in ("loss", "score"):
            raise ValueError(f"quantity={quantity!r}; expected 'loss' or 'score'.")
        ax = new_axes(6, 4) if ax is None else ax
        lines = {"training": (quantity, "C0"), "validation": (f"val_{quantity}", "C1")}
        for label, (column, color) in lines.items():
            values = np.asarray(self.history[column], dtype=float)
            if not np.isnan(values).all():
                ax.plot(self.history["epoch"], values, color=color, label=label)
        if self.best_epoch is not None:
            ax.axvline(self.best_epoch, color="grey", linestyle=":", label="weights kept")
        ax.set(xlabel="epoch", ylabel=quantity)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self
