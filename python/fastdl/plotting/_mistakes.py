from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastdl.plotting._axes import as_rgb, grid_shape, mosaic, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_SIZE = 48  # of a tile with a curve in it, in units of the axes
_MOST = 60  # symbols of a text


class MistakesDisplay:
    """The samples that an estimator gets most wrong, with what is true and what it answered.

    Images are drawn as they are, those of autoencoders with what came back below them; rows and
    sequences as curves, texts as they stand.

    Parameters
    ----------
    samples : ndarray of shape (n, height, width[, channels]), or list of n
        Images; or arrays (T,) or (T, n_features), or texts.
    captions : list of n str
        What to write above each.
    answers : ndarray like samples, optional
        What came back, of autoencoders of images.
    n_wrong, n_samples : int, optional
        Of all samples.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    """

    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(
        self,
        samples: Any,
        captions: Sequence[str],
        *,
        answers: NDArray[Any] | None = None,
        n_wrong: int | None = None,
        n_samples: int | None = None,
    ) -> None:
        self.samples, self.captions, self.answers = samples, list(captions), answers
        self.n_wrong, self.n_samples = n_wrong, n_samples

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        max_samples: int = 24,
        lengths: Any = None,
        image_shape: Sequence[int] | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Find the worst mistakes of a fitted estimator, and draw them.

        Parameters
        ----------
        estimator : estimator, pipeline, search or Network
            Fitted, with one answer for each sample.
        X : as for its predict
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
            What was to be answered; autoencoders need none.
        max_samples : int, default=24
            How many to draw; the worst come first, as `fastdl.inspection.worst_mistakes` orders
            them.
        lengths : array-like of int of shape (n_samples,), optional
            How many steps of padded sequences are real.
        image_shape : (int, int) or (int, int, int), optional
            What a row of X is, if rows are images.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        MistakesDisplay

        Raises
        ------
        ValueError
            As `fastdl.inspection.worst_mistakes`.
        """
        from fastdl.inspection._mistakes import pictured

        found = pictured(estimator, X, y, max_samples, lengths, image_shape)
        return cls(
            found.samples,
            found.captions,
            answers=found.answers,
            n_wrong=found.n_wrong,
            n_samples=found.n_samples,
        ).plot(ax)

    def plot(self, ax: "Axes | None" = None, *, columns: int = 8) -> Self:
        """Draw the samples, the worst first.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.
        columns : int, default=8
            Samples in a row; texts stand below each other.

        Returns
        -------
        MistakesDisplay
            This object.
        """
        if not len(self.samples):
            ax = new_axes(4, 1) if ax is None else ax
        elif isinstance(self.samples, np.ndarray):
            ax = self._plot_images(ax, columns)
        elif isinstance(self.samples[0], str):
            ax = self._plot_texts(ax)
        else:
            ax = self._plot_curves(ax, columns)
        ax.set_title(self._counts())
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _counts(self) -> str:
        n = len(self.captions)
        if self.n_wrong == 0:
            return f"no mistakes among {self.n_samples} samples"
        below = "; below each what came back" if self.answers is not None else ""
        if self.n_wrong is None or self.n_samples is None:
            return f"the {n} worst{below}"
        if self.n_wrong == self.n_samples:
            return f"the {n} worst of {self.n_samples}{below}"
        return f"{self.n_wrong} mistakes of {self.n_samples}, the {n} worst"

    def _captions(self, ax: "Axes", left: Any, top: Any) -> None:
        for i, caption in enumerate(self.captions):
            ax.text(left(i), top(i), caption, ha="center", va="bottom", fontsize="small")

    def _plot_images(self, ax: "Axes | None", columns: int) -> "Axes":
        images = as_rgb(self.samples)
        if self.answers is not None:  # on one scale, a white line between them
            both = as_rgb(np.concatenate([self.samples, self.answers], axis=1))
            images = np.insert(both, images.shape[1], 1.0, axis=1)
        n, h, w, _ = images.shape
        lines = max(caption.count("\n") for caption in self.captions) + 1
        inches = 1.2 if w < 64 else 1.8  # of a tile's width
        room = int(np.ceil(0.19 * lines * w / inches)) + 1  # for the caption
        tiles = np.ones((n, h + room, w, 3))
        tiles[:, room:] = images
        rows, columns = grid_shape(n, columns)
        if ax is None:
            ax = new_axes(inches * columns, inches * (h + room) / w * rows + 0.5)
        ax.imshow(mosaic(tiles, columns))
        self._captions(
            ax,
            lambda i: i % columns * (w + 1) + (w - 1) / 2,
            lambda i: i // columns * (h + room + 1) + room - 0.8,
        )
        return ax

    def _plot_curves(self, ax: "Axes | None", columns: int) -> "Axes":
        n = len(self.samples)
        columns = min(columns, 4)
        rows, columns = grid_shape(n, columns)
        high, wide = _SIZE, 2 * _SIZE
        ax = new_axes(2.2 * columns, 1.4 * rows + 0.5) if ax is None else ax
        curves = [np.asarray(x, float).reshape(len(x), -1) for x in self.samples]
        low = min((x.min() for x in curves if x.size), default=0.0)
        top = max((x.max() for x in curves if x.size), default=1.0)
        longest = max(max(map(len, curves)), 2)
        for i, curve in enumerate(curves):
            left, bottom = i % columns * 1.1 * wide, -(i // columns) * 1.7 * high
            across = left + wide * np.arange(len(curve)) / (longest - 1)
            ax.plot([left, left + wide], [bottom, bottom], color="0.8", linewidth=0.8)
            for k, values in enumerate(curve.T):
                up = bottom + high * (values - low) / ((top - low) or 1.0)
                ax.plot(across, up, color=f"C{k % 10}", linewidth=1)
        self._captions(
            ax,
            lambda i: i % columns * 1.1 * wide + wide / 2,
            lambda i: -(i // columns) * 1.7 * high + 1.05 * high,
        )
        ax.set_ylim(-(rows - 1) * 1.7 * high - 2, 1.6 * high)
        return ax

    def _plot_texts(self, ax: "Axes | None") -> "Axes":
        ax = new_axes(8, 0.3 * len(self.samples) + 0.7) if ax is None else ax
        width = max(len(caption) for caption in self.captions) + 2
        for i, (text, caption) in enumerate(zip(self.samples, self.captions, strict=True)):
            line = f"{caption.replace(chr(10), ' '):<{width}}{_short(text)}"
            ax.text(0, -i, line, family="monospace", va="center", parse_math=False)
        ax.set(xlim=(0, 1), ylim=(-len(self.samples), 1))
        return ax


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MOST else f"{text[: _MOST - 3]}..."
