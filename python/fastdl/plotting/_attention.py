from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl.plotting._axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


class AttentionDisplay:
    """Where a `Seq2Seq` looked while it wrote: the source across, the answer down.

    As in figure 3 of Bahdanau, Cho and Bengio, "Neural machine translation by jointly learning to
    align and translate", ICLR 2015.

    Parameters
    ----------
    weights : array-like of shape (len(answer), len(source))
        Rows add up to one.
    source, answer : str or sequence of str
        Their symbols.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    """

    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(self, weights: ArrayLike, source: Sequence[Any], answer: Sequence[Any]) -> None:
        self.weights: NDArray[Any] = np.asarray(weights)
        self.source, self.answer = list(source), list(answer)
        if self.weights.shape != (len(self.answer), len(self.source)):
            raise ValueError(
                f"weights has shape {self.weights.shape}; expected "
                f"{(len(self.answer), len(self.source))}, a row for each symbol of the answer."
            )

    @classmethod
    def from_estimator(
        cls, estimator: Any, x: Any, y: Any = None, *, ax: "Axes | None" = None
    ) -> Self:
        """Answer a source, and draw where the network looked.

        Parameters
        ----------
        estimator : fitted Seq2Seq
        x : str, list of str, or array of shape (T, F)
            One source; of an array the steps are numbered.
        y : str or list of str, optional
            The answer to look at; the estimator's own if not given.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        AttentionDisplay

        Raises
        ------
        ValueError
            If the estimator was fitted without attention.
        """
        answer = estimator.predict([x])[0] if y is None else y
        (weights,) = estimator.attention_weights([x], [answer])
        return cls(weights, estimator._symbols_of(x, "X"), estimator._symbols_of(answer, "y")).plot(
            ax
        )

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the weights, white where they are 1.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        AttentionDisplay
            This object.
        """
        size = 0.28 * len(self.source) + 1.0, 0.28 * len(self.answer) + 1.0
        ax = new_axes(*size) if ax is None else ax
        if self.weights.size:  # an answer may be empty
            ax.imshow(self.weights, cmap="gray", vmin=0, vmax=1, aspect="auto")
        words = max((len(str(s)) for s in self.source), default=1) > 1
        ax.set_xticks(range(len(self.source)), map(_shown, self.source), rotation=90 * words)
        ax.set_yticks(range(len(self.answer)), map(_shown, self.answer))
        ax.xaxis.tick_top()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _shown(symbol: Any) -> str:
    """A blank can be seen."""
    return "␣" if symbol == " " else str(symbol)
