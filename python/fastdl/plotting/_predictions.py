from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl.plotting._axes import as_images, grid_shape, mosaic, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure


class PredictionsDisplay:
    """Images with their predicted classes; errors are framed, with the true class in brackets.

    Parameters
    ----------
    images : array-like of shape (n, H, W), (n, H, W, 1) or (n, H, W, 3)
        Any numeric range.
    y_true, y_pred : array-like of shape (n,)
        True and predicted classes.
    n_errors, n_samples : int, optional
        Of all samples, where the images are some of them, errors first.

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
        images: ArrayLike,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        n_errors: int | None = None,
        n_samples: int | None = None,
    ) -> None:
        self.images: NDArray[Any] = np.asarray(images)
        self.y_true: NDArray[Any] = np.asarray(y_true)
        self.y_pred: NDArray[Any] = np.asarray(y_pred)
        self.n_errors, self.n_samples = n_errors, n_samples

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        max_images: int = 60,
        image_shape: Sequence[int] | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Predict and draw the first images, with all the errors among them that there is room for.

        Parameters
        ----------
        estimator : fastdl classifier
            Fitted on images, or on rows of pixels.
        X : array-like of shape (n, H, W), (n, H, W, C) or (n, n_pixels)
            Images.
        y : array-like of shape (n,)
            Their classes.
        max_images : int, default=60
            How many to draw; errors come first.
        image_shape : (int, int) or (int, int, int), optional
            What a row of X is, if X holds rows; a square image if not given.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        PredictionsDisplay

        Raises
        ------
        ValueError
            If X holds no images, or the predictions are not one class for each.
        """
        X, y, y_pred = np.asarray(X), np.asarray(y), np.asarray(estimator.predict(X))
        if X.ndim == 2:
            X = as_images(X, image_shape, "a row of X")
        if X.ndim not in (3, 4) or y_pred.shape != X.shape[:1] or y.shape != y_pred.shape:
            raise ValueError(
                f"X has shape {X.shape}, y {y.shape} and the predictions {y_pred.shape}; expected "
                "images (n, height, width) or (n, height, width, channels), and one class for each."
            )
        right = y == y_pred
        chosen = np.argsort(right, kind="stable")[:max_images]
        counts = {"n_errors": int((~right).sum()), "n_samples": len(y)}
        return cls(X[chosen], y[chosen], y_pred[chosen], **counts).plot(ax)

    def plot(self, ax: "Axes | None" = None, *, columns: int = 12) -> Self:
        """Draw the images on a grid.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.
        columns : int, default=12
            Images in a row.

        Returns
        -------
        PredictionsDisplay
            This object.
        """
        images = self.images.astype(float)
        if images.ndim == 4 and images.shape[-1] == 1:
            images = images[..., 0]
        low, high = images.min(), images.max()
        n, h, w = images.shape[:3]
        tiles = np.ones((n, h + h // 3 + 1, *images.shape[2:]))  # room above for the class
        tiles[:, -h:] = (images - low) / (high - low or 1.0)

        rows, columns = grid_shape(n, columns)
        ax = new_axes(0.8 * columns, 1.0 * rows + 0.5) if ax is None else ax
        ax.imshow(mosaic(tiles, columns), cmap="gray", vmin=0, vmax=1)
        for i, (true, pred) in enumerate(zip(self.y_true, self.y_pred, strict=True)):
            top, left = i // columns * (tiles.shape[1] + 1), i % columns * (w + 1)
            wrong = bool(true != pred)
            ax.text(
                left + w / 2 - 0.5,
                top + (tiles.shape[1] - h) / 2 - 0.5,
                f"{pred} ({true})" if wrong else f"{pred}",
                color="red" if wrong else "black",
                ha="center",
                va="center",
            )
            if wrong:
                box = (left - 0.5, top + tiles.shape[1] - h - 0.5)
                ax.add_patch(_frame(box, w, h))
        ax.set_title(f"{self._counts()}: predicted (true)")
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _counts(self) -> str:
        if self.n_samples is not None:
            return f"{self.n_errors} errors of {self.n_samples}, errors first"
        return f"{int((self.y_true != self.y_pred).sum())} errors of {len(self.y_true)}"


def _frame(corner: tuple[float, float], width: float, height: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, fill=False, edgecolor="red", linewidth=2)
