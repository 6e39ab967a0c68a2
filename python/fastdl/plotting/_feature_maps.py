from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastdl.plotting._axes import as_rgb, enlarged, mosaic, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


class FeatureMapsDisplay:
    """Images, and beside each what the channels of a layer make of it.

    Parameters
    ----------
    images : ndarray of shape (n, height, width) or (n, height, width, channels)
    maps : ndarray of shape (n, h, w, n_maps)
        What the layer gives for them.
    name : str
        Of the layer, to write above.
    channels : array-like of int of shape (n_maps,), optional
        Which of the layer's channels these are.

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
        self, images: NDArray[Any], maps: NDArray[Any], *, name: str = "", channels: Any = None
    ) -> None:
        self.images, self.maps, self.name = np.asarray(images), np.asarray(maps), name
        self.channels = np.arange(maps.shape[-1]) if channels is None else np.asarray(channels)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        layer: int | str | None = None,
        n_images: int = 4,
        max_maps: int = 12,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw what a layer of a fitted network makes of the first images of X.

        Parameters
        ----------
        estimator : estimator of fastdl, a pipeline or search that ends with one, or a Network
            Fitted on images.
        X : as for its predict
        layer : int or str, optional
            By number or name, as in `summary`; the first convolution, with the activation or norm
            after it, if not given.
        n_images : int, default=4
        max_maps : int, default=12
            Of more channels, those are drawn that have the largest mean absolute value, in their
            order.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        FeatureMapsDisplay

        Raises
        ------
        ValueError
            As `fastdl.inspection.feature_maps`.
        """
        from fastdl.inspection._feature_maps import most_active, numbers_of

        X = X[:n_images]
        name, images, maps = numbers_of(estimator, X, layer)
        channels = most_active(maps, max_maps)
        return cls(images, maps[..., channels], name=name, channels=channels).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw a line for each image: as it is, then its maps.

        The maps of an image are shown on one scale, from the smallest of their values, or 0, to the
        largest.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        FeatureMapsDisplay
            This object.
        """
        from matplotlib import colormaps

        n, *_, n_maps = self.maps.shape
        height, width = (
            max(a, b) for a, b in zip(self.images.shape[1:3], self.maps.shape[1:3], strict=True)
        )
        maps = self.maps.astype(np.float64)
        low = np.minimum(maps.min(axis=(1, 2, 3), keepdims=True), 0)
        high = np.maximum(maps.max(axis=(1, 2, 3), keepdims=True), 0)
        scaled = (maps - low) / np.where(high > low, high - low, 1)
        coloured = colormaps["viridis"](np.moveaxis(scaled, 3, 1))[..., :3]
        coloured = coloured.reshape(n * n_maps, *coloured.shape[2:])
        tiles = np.concatenate(
            [
                enlarged(as_rgb(self.images), height, width)[:, np.newaxis],
                enlarged(coloured, height, width).reshape(n, n_maps, height, width, 3),
            ],
            axis=1,
        ).reshape(n * (n_maps + 1), height, width, 3)
        ax = new_axes(0.9 * (n_maps + 1), 0.9 * n + 0.6) if ax is None else ax
        ax.imshow(mosaic(tiles, n_maps + 1))
        where = np.arange(n_maps + 1) * (width + 1) + (width - 1) / 2
        ax.set_xticks(where, ["image", *map(str, self.channels)])
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        ax.set_yticks([])
        ax.set_frame_on(False)
        ax.set_title(f"channels of {self.name}" if self.name else "channels")
        self.ax_, self.figure_ = ax, ax.figure
        return self
