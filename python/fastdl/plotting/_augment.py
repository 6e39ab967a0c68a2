from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import functional as F
from fastdl._pipelines import parted
from fastdl.layers import Augment
from fastdl.plotting._axes import mosaic, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


class AugmentDisplay:
    """Images as they are, and beside each what `fastdl.layers.Augment` makes of it, epoch by epoch.

    Parameters
    ----------
    originals : ndarray of shape (n, h, w, c)
    draws : ndarray of shape (n, n_draws, height, width, c)
        What the network sees of each image in epoch 0, 1 ...

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    """

    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(self, originals: NDArray[Any], draws: NDArray[Any]) -> None:
        self.originals = originals
        self.draws = draws

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        n_images: int = 4,
        n_draws: int = 6,
        seed: int | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the first images of X and what an estimator's `Augment` makes of them.

        Parameters
        ----------
        estimator : fastdl estimator, or a pipeline or search that ends with one
            Fitted or not, with an `Augment`: its parameter `augment`, or the first of its layers.
            The steps of a fitted pipeline change X first.
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, n_features)
            Rows are images of the estimator's `input_shape`.
        n_images, n_draws : int
            How many images, and epochs of each.
        seed : int, optional
            Of the draws. None: that of the fitted network, so that for its X these are the images
            that it learnt from (but for `mixup`, whose partners are of this X); 0 before a fit.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        AugmentDisplay

        Raises
        ------
        ValueError
            If the estimator has no `Augment`, or X holds no images.
        """
        steps, estimator = parted(estimator)
        if all(map(_is_fitted, steps)):
            for step in steps:
                X = step.transform(X)
        layer = _augment_of(estimator)
        if layer is None:
            raise ValueError(
                f"this {type(estimator).__name__} changes no images: it has no Augment. Set "
                "augment=fastdl.layers.Augment(...)."
            )
        network = getattr(estimator, "_network", None)
        seed = getattr(network, "seed", 0) if seed is None else seed
        images = _as_images(estimator, np.asarray(X))
        options = {name: value for name, value in layer.get_params().items() if name != "name"}
        epochs = [
            F.augment(images, seed=seed, epoch=epoch, **options)[:n_images]
            for epoch in range(n_draws)
        ]
        return cls(images[:n_images], np.stack(epochs, axis=1)).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw a line for each image: as it is, then its draws.

        Values are shown from the smallest to the largest of the originals.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        AugmentDisplay
            This object.
        """
        n, n_draws, height, width = self.draws.shape[:4]
        top, left = (
            (a - b) // 2 for a, b in zip(self.originals.shape[1:3], (height, width), strict=True)
        )
        middle = self.originals[:, top : top + height, left : left + width]
        tiles = np.concatenate([middle[:, np.newaxis], self.draws], axis=1).astype(np.float64)
        low, high = float(self.originals.min()), float(self.originals.max())
        tiles = ((tiles - low) / ((high - low) or 1.0)).clip(0, 1)
        tiles = tiles.reshape(n * (n_draws + 1), height, width, -1)
        tiles = tiles if tiles.shape[3] == 3 else tiles.mean(axis=3)
        ax = new_axes(0.9 * (n_draws + 1), 0.9 * n + 0.5) if ax is None else ax
        ax.imshow(mosaic(tiles, n_draws + 1), cmap="gray", vmin=0, vmax=1)
        ax.set_title("as it is | as the network sees it, epoch by epoch")
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _is_fitted(step: Any) -> bool:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(step)
    except NotFittedError:
        return False
    return True


def _augment_of(estimator: Any) -> Augment | None:
    """The layer that a fit uses, or would."""
    given = getattr(estimator, "augment", None)
    network = getattr(estimator, "_network", None)
    layers = getattr(network, "layers", None) or getattr(estimator, "layers", None) or ()
    first = layers[0] if isinstance(layers, (list, tuple)) and layers else None
    return given if isinstance(given, Augment) else first if isinstance(first, Augment) else None


def _as_images(estimator: Any, X: NDArray[Any]) -> NDArray[Any]:
    """X as (n, h, w, c)."""
    shape = getattr(estimator, "input_shape_", None) or getattr(estimator, "input_shape", None)
    if X.ndim == 2 and shape is not None:
        X = X.reshape(len(X), *shape)
    return X[..., np.newaxis] if X.ndim == 3 else X
