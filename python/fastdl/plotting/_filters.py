from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastdl.plotting._axes import grid_shape, mosaic, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


class FiltersDisplay:
    """The filters of a convolutional layer: red for positive weights, blue for negative ones.

    Filters over three channels are shown in colour, others one tile for each channel.

    Parameters
    ----------
    filters : ndarray of shape (kh, kw, channels, n_filters)
        The layer's weights.
    name : str
        What to write above.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    """

    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(self, filters: NDArray[Any], *, name: str = "") -> None:
        self.filters = filters
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, layer: str | None = None, ax: "Axes | None" = None
    ) -> Self:
        """Draw the filters of a fitted estimator's layer.

        Parameters
        ----------
        estimator : fastdl estimator
            Fitted.
        layer : str, optional
            Name of a Conv2D; the first one if not given.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        FiltersDisplay

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        program = estimator.program_
        names = [p.name.removesuffix(".weight") for p in program.parameters if len(p.shape) == 4]
        if not names or layer not in (None, *names):
            raise ValueError(
                f"no convolutional layer {layer or ''} in this {type(estimator).__name__}; "
                f"it has {', '.join(names) or 'none'}."
            )
        name = layer or names[0]
        return cls(program.get_parameter(f"{name}.weight"), name=name).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw all filters side by side.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        FiltersDisplay
            This object.
        """
        kh, kw, channels, n_filters = self.filters.shape
        scale = float(np.abs(self.filters).max()) or 1.0
        tiles = np.moveaxis(self.filters, -1, 0)  # (n_filters, kh, kw, channels)
        if channels == 3:
            tiles = 0.5 + 0.5 * tiles / scale
        else:
            tiles = np.moveaxis(tiles, -1, 1).reshape(n_filters * channels, kh, kw)
        columns = 8 if channels in (1, 3) else channels
        rows, columns = grid_shape(len(tiles), columns)
        ax = new_axes(0.7 * columns, 0.7 * rows + 0.5) if ax is None else ax
        ax.imshow(mosaic(tiles, columns), cmap="RdBu_r", vmin=-scale, vmax=scale)
        ax.set_title(f"filters of {self.name}" if self.name else "filters")
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        return self
