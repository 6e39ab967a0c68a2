from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastdl.plotting._axes import as_rgb, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_KEYS = ("boxes", "labels", "scores")


class DetectionDisplay:
    """An image with the boxes that were found in it, and those that were to be found.

    Found boxes have a colour for each class, their label and their score; true ones are dashed and
    white, with their label below.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels)
    prediction : dict
        "boxes" (k, 4), x1 y1 x2 y2 in pixels from the upper left corner; "labels" (k,); and, if
        there are some, "scores" (k,).
    y_true : dict, optional
        "boxes" and "labels" likewise.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Raises
    ------
    ValueError
        For an image or boxes of another shape, labels or scores of another number, or a key that is
        not known.
    """

    ax_: "Axes"
    figure_: "Figure | SubFigure"

    def __init__(
        self,
        image: NDArray[Any],
        prediction: Mapping[str, Any],
        y_true: Mapping[str, Any] | None = None,
    ) -> None:
        self.image = np.asarray(image)
        if self.image.ndim not in (2, 3) or 0 in self.image.shape:
            raise ValueError(
                f"image has shape {self.image.shape}; expected one image, (height, width) or "
                "(height, width, channels)."
            )
        self.prediction = _checked("prediction", prediction)
        self.y_true = None if y_true is None else _checked("y_true", y_true)

    @classmethod
    def from_predictions(
        cls,
        image: NDArray[Any],
        prediction: Mapping[str, Any],
        y_true: Mapping[str, Any] | None = None,
        *,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw boxes that were found.

        Parameters
        ----------
        image : ndarray of shape (height, width) or (height, width, channels)
        prediction : dict
            "boxes" (k, 4), x1 y1 x2 y2 in pixels; "labels" (k,), and perhaps "scores" (k,): one
            answer of `ObjectDetector.predict`.
        y_true : dict, optional
            "boxes" and "labels" of what is there.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        DetectionDisplay
        """
        return cls(image, prediction, y_true).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        image: NDArray[Any],
        y_true: Mapping[str, Any] | None = None,
        *,
        ax: "Axes | None" = None,
    ) -> Self:
        """Let a detector look at an image, and draw what it finds.

        Parameters
        ----------
        estimator : fitted ObjectDetector
        image : ndarray of shape (height, width) or (height, width, channels)
        y_true : dict, optional
            "boxes" and "labels" of what is there.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        DetectionDisplay
        """
        (prediction,) = estimator.predict([image])
        return cls(image, prediction, y_true).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the image and the boxes.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        DetectionDisplay
            This object.
        """
        height, width = self.image.shape[:2]
        if ax is None:
            scale = 7 / max(height, width)
            ax = new_axes(max(scale * width, 3), max(scale * height, 3))
        ax.imshow(as_rgb(self.image[np.newaxis])[0])
        if self.y_true is not None:
            for box, label in zip(self.y_true["boxes"], self.y_true["labels"], strict=True):
                _draw(ax, box, "white", str(label), below=True)
        found = self.prediction
        colours = {label: f"C{i % 10}" for i, label in enumerate(_sorted(found["labels"]))}
        scores = found.get("scores", [None] * len(found["labels"]))
        for box, label, score in zip(found["boxes"], found["labels"], scores, strict=True):
            text = str(label) if score is None else f"{label} {score:.2f}"
            _draw(ax, box, colours[label], text)
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _draw(
    ax: "Axes", box: NDArray[np.float64], colour: str, text: str, *, below: bool = False
) -> None:
    """A box, whose corners lie between pixels: (0, 0) is the corner of the first one."""
    from matplotlib.patches import Rectangle

    x1, y1, x2, y2 = box - 0.5  # an axes has the middle of the first pixel at 0
    style = "--" if below else "-"
    frame = Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linestyle=style)
    frame.set_linewidth(1.5)
    ax.add_patch(frame)
    ax.text(
        x1,
        y2 if below else y1,
        text,
        color="black" if below else "white",
        fontsize="small",
        va="top" if below else "bottom",
        bbox={"facecolor": colour, "edgecolor": "none", "pad": 1},
        clip_on=True,
        parse_math=False,
    )


def _checked(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Boxes (k, 4), and a label and perhaps a score for each."""
    if not isinstance(found, Mapping):
        raise ValueError(
            f"{name} is a {type(found).__name__}; expected a dict of 'boxes', 'labels' and "
            "'scores', of one image."
        )
    for key in found:
        if key not in _KEYS:
            near = get_close_matches(str(key), _KEYS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{name} has a key {key!r}, which is not known.{hint}")
    for key in ("boxes", "labels"):
        if key not in found:
            raise ValueError(f"{name} has no {key!r}; it holds {', '.join(map(repr, found))}.")
    boxes = np.asarray(found["boxes"], np.float64)
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(
            f"{name}: boxes has shape {boxes.shape}; expected (k, 4), x1 y1 x2 y2 in pixels."
        )
    if not np.isfinite(boxes).all():
        where = int(np.flatnonzero(~np.isfinite(boxes).all(axis=1))[0])
        raise ValueError(
            f"{name}: boxes[{where}] is {boxes[where].tolist()}; expected finite numbers."
        )
    parts: dict[str, Any] = {"boxes": boxes}
    for key in _KEYS[1:]:
        if found.get(key) is None:
            continue
        parts[key] = np.asarray(found[key]).tolist()
        if len(parts[key]) != len(boxes):
            raise ValueError(f"{name} has {len(boxes)} boxes, but {len(parts[key])} {key}.")
    return parts


def _sorted(labels: list[Any]) -> list[Any]:
    return sorted(set(labels), key=lambda label: (str(type(label)), label))
