from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastdl.plotting._axes import as_rgb, mosaic, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_MOST_CELLS = 200  # of a line that is drawn


class SaliencyDisplay:
    """What in some samples speaks for an answer: see `fastdl.inspection.saliency`.

    Images are drawn with a map for each method beside them, rows, sequences and texts as a line of
    coloured cells for each method. What has no sign goes from black to yellow; where a part may
    speak against the answer too, red speaks for it and blue against it.

    Parameters
    ----------
    samples : ndarray of shape (n, height, width[, channels]), or None
        Images; None for other samples.
    maps : dict of str to ndarray (n, height, width), or to a list of n ndarrays (n_cells,)
        By method.
    answers : list of str, optional
        What each sample's map is about, to write beside it.
    cells : list of n lists of str, optional
        What to write into the cells of each sample: its symbols.
    names : list of str, optional
        What to write below the cells: the features.

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
        samples: NDArray[Any] | None,
        maps: Mapping[str, Any],
        *,
        answers: Sequence[str] | None = None,
        cells: Sequence[Sequence[str]] | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.samples, self.maps = samples, dict(maps)
        self.answers, self.cells, self.names = answers, cells, names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        method: str | Sequence[str] = "gradient",
        n_samples: int = 4,
        lengths: Any = None,
        image_shape: Any = None,
        layer: int | str | None = None,
        size: int | None = None,
        stride: int | None = None,
        fill: Any = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw what speaks for the answers to the first samples of X.

        Parameters
        ----------
        estimator : estimator, pipeline, search or Network
            Fitted.
        X : as for its predict
        y : label or int, or array-like of shape (n,), optional
            The class, output or unit that is asked about; the predicted one if not given.
        method : {"gradient", "occlusion", "grad_cam"}, or a list of them, default="gradient"
        n_samples : int, default=4
        lengths, image_shape, layer, size, stride, fill : optional
            As `fastdl.inspection.saliency` takes them, each for the method that it belongs to.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        SaliencyDisplay

        Raises
        ------
        ValueError
            As `fastdl.inspection.saliency`.
        """
        from fastdl.inspection._saliency import looks

        y = y[:n_samples] if np.ndim(y) else y
        X, lengths = X[:n_samples], None if lengths is None else lengths[:n_samples]
        found = looks(
            estimator,
            X,
            y,
            methods=[method] if isinstance(method, str) else list(method),
            lengths=lengths,
            image_shape=image_shape,
            words={"layer": layer, "size": size, "stride": stride, "fill": fill},
        )
        return cls(
            found.images, found.maps, answers=found.answers, cells=found.cells, names=found.names
        ).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw a line for each sample.

        The maps of each image, and the cells of each method, have a scale of their own.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        SaliencyDisplay
            This object.
        """
        ax = self._plot_cells(ax) if self.samples is None else self._plot_images(ax)
        ax.tick_params(length=0)
        ax.set_frame_on(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _plot_images(self, ax: "Axes | None") -> "Axes":
        assert self.samples is not None
        images = as_rgb(self.samples)
        n, height, width, _ = images.shape
        shown = [
            _coloured(np.asarray(maps), np.abs(maps).max(axis=(1, 2), keepdims=True), method)
            for method, maps in self.maps.items()
        ]
        tiles = np.stack([images, *shown], axis=1)
        columns = tiles.shape[1]
        ax = new_axes(1.6 * columns + 0.8, 1.6 * n + 0.5) if ax is None else ax
        ax.imshow(mosaic(tiles.reshape(-1, height, width, 3), columns))
        across = np.arange(columns) * (width + 1) + (width - 1) / 2
        ax.set_xticks(across, ["image", *(name.replace("_", "-") for name in self.maps)])
        ax.xaxis.tick_top()
        down = np.arange(n) * (height + 1) + (height - 1) / 2
        ax.set_yticks(down, self.answers or [""] * n)
        return ax

    def _plot_cells(self, ax: "Axes | None") -> "Axes":
        n = len(next(iter(self.maps.values())))
        lines = [
            (method, i, np.asarray(self.maps[method][i])) for i in range(n) for method in self.maps
        ]
        longest = min(max((len(line) for *_, line in lines), default=0), _MOST_CELLS) or 1
        canvas = np.ones((len(lines), longest, 3))
        for row, (method, _, line) in enumerate(lines):
            highest = max((float(np.abs(m).max()) for m in self.maps[method] if len(m)), default=0)
            canvas[row, : len(line)] = _coloured(line[:longest], np.array(highest), method)
        several = len(self.maps) > 1
        answers = self.answers or [""] * n
        labels = [f"{answers[i]}{f' {method}' if several else ''}" for method, i, _ in lines]
        turned = self.names is not None and max(map(len, self.names), default=0) > 2
        if ax is None:
            width = 0.16 * min(longest, 72) if self.cells is None else 0.3 * longest
            width = max(width, 0.25 * len(self.names)) if self.names is not None else width
            below = 0.09 * max(map(len, self.names), default=0) if turned and self.names else 0.4
            across = 0.09 * max(map(len, labels), default=0)
            ax = new_axes(width + across + 0.5, 0.32 * len(lines) + below + 0.4)
        ax.imshow(canvas, aspect="auto", interpolation="nearest")
        ax.set_yticks(range(len(lines)), labels)
        for row, (_, i, _) in enumerate(lines):
            for column, text in enumerate((self.cells[i] if self.cells else ())[:longest]):
                dark = canvas[row, column] @ _LIGHTNESS < 0.5
                colour = "white" if dark else "black"
                ax.text(column, row, text, ha="center", va="center", color=colour)
        if self.names is not None:
            ax.set_xticks(range(len(self.names)), self.names, rotation=90 * turned)
        elif self.cells is not None:
            ax.set_xticks([])
        else:
            ax.set_xlabel("step")
        return ax


_LIGHTNESS = np.array([0.299, 0.587, 0.114])


def _coloured(
    values: NDArray[Any], highest: NDArray[np.float64], method: str
) -> NDArray[np.float64]:
    """Colours (..., 3) of values up to `highest`, which has their dimensions or none."""
    from matplotlib import colormaps

    part = values / np.where(highest > 0, highest, 1.0)
    if method == "occlusion" or (values < 0).any():
        colours: NDArray[np.float64] = colormaps["RdBu_r"](0.5 + 0.5 * part)[..., :3]
        return colours
    return np.asarray(colormaps["inferno"](part)[..., :3])
