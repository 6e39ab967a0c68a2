from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastdl._pipelines import last_of
from fastdl.plotting._axes import as_images, grid_shape, mosaic, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


class FiltersDisplay:
    """The filters of a layer that reads images: red for positive weights, blue for negative ones.

    These are the kernels of a convolution, or the weights from each pixel to a unit: of a Boltzmann
    machine, or of a dense layer that reads rows of pixels.

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
        cls,
        estimator: Any,
        *,
        layer: str | None = None,
        image_shape: Sequence[int] | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the filters of a fitted estimator's layer.

        Parameters
        ----------
        estimator : fastdl estimator, or a pipeline or search that ends with one
            Fitted.
        layer : str, optional
            Name of a Conv2D, or of a Dense that reads X; the first one if not given.
        image_shape : (int, int) or (int, int, int), optional
            What a row of X is, for layers that read rows; a square image if not given.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        FiltersDisplay

        Raises
        ------
        ValueError
            If there is no such layer, or `image_shape` is needed or does not fit.
        """
        estimator = last_of(estimator)
        filters = _filters_of(estimator)
        if not filters or layer not in (None, *filters):
            wanted = "filters to draw" if layer is None else f"filters in a layer {layer!r}"
            raise ValueError(
                f"this {type(estimator).__name__} has no {wanted}; layers that read images: "
                f"{', '.join(filters) or 'none'}."
            )
        name = layer or next(iter(filters))
        weight = filters[name]
        if weight.ndim == 2:
            images = as_images(weight.T, image_shape, f"a row of X (layer {name!r})")
            images = images[..., np.newaxis] if images.ndim == 3 else images
            weight = np.moveaxis(images, 0, -1)
        return cls(weight, name=name).plot(ax)

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


def _filters_of(estimator: Any) -> dict[str, NDArray[Any]]:
    """Weights by layer: kernels (kh, kw, channels, n_filters), or (pixels, units)."""
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(estimator)
    if hasattr(estimator, "components_"):
        return {"hidden": estimator.components_.T}
    if not hasattr(estimator, "program_"):
        return _filters_of(estimator.rbms_[0]) if hasattr(estimator, "rbms_") else {}
    program = estimator.program_
    weights = {p.name: p.shape for p in program.parameters if p.name.endswith(".weight")}
    return {
        name.removesuffix(".weight"): program.get_parameter(name)
        for name, shape in weights.items()
        if len(shape) == 4 or (len(shape) == 2 and program.input_shape == shape[:1])
    }
