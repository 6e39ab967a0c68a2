"""y of detectors: boxes and labels for each image, and how maps of outputs are read as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import losses
from fastdl.data._boxes import checked_boxes
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.functional._augment import moved_boxes
from fastdl.losses import Loss
from fastdl.metrics import non_max_suppression
from fastdl.samples import Boxes

BOX_OUTPUTS = 4  # of a cell, before the heat maps: see `losses.ObjectsAsPoints`
_LONGEST = 12.0  # logarithm of a side in cells: any image is smaller


@dataclass(frozen=True)
class ObjectsHead:
    """y: a dict of boxes and labels for each image."""

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Boxes]:
        """X in one array, and the boxes of y."""
        images = estimator._inputs.images(estimator, X, reset=reset)
        if y is None:
            raise ValueError(
                f"y is None; {type(estimator).__name__} needs a dict for each image, "
                '{"boxes": (k, 4), "labels": (k,)}.'
            )
        found = checked_boxes(y, "y", n_images=len(images.each), sizes=images.sizes, to_learn=True)
        boxes = np.split(found.boxes, found.starts[1:-1])
        labels = np.split(found.labels, found.starts[1:-1])
        return (
            estimator._inputs.together(estimator, images, reset=reset),
            Boxes(tuple(boxes), tuple(labels), images.sizes),
        )

    def targets(self, estimator: Any, y: Boxes, *, anew: bool, incremental: bool) -> Targets:
        """An output for each class, behind those of the box."""
        e, name = estimator, type(estimator).__name__
        labels = np.concatenate(y.labels)
        if hasattr(e, "classes_") and (incremental or (e.warm_start and not anew)):
            return e._targets  # labels that are not among them are refused where they are encoded
        if not len(labels):
            raise ValueError(
                f"y holds no box; {name} needs at least one object to learn what one looks like."
            )
        return self._of_classes(e, np.unique(labels))

    def _of_classes(self, estimator: Any, classes: NDArray[Any]) -> Targets:
        estimator.classes_ = classes
        return Targets("boxes", BOX_OUTPUTS + len(classes), classes)

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """Take note of the classes that may come; without them those of the first part do."""
        if classes is None:
            return
        known = np.unique(classes)
        if not hasattr(estimator, "_network"):
            estimator._targets = self._of_classes(estimator, known)
        elif not np.array_equal(known, estimator.classes_):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{estimator.classes_!r}"
            )

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """Boxes are as they are."""
        return targets

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """A heat map for each class, and the box."""
        return losses.ObjectsAsPoints()

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """Images have objects of many classes."""

    def tag(self, tags: Any) -> None:
        """There is a y, which is no array."""
        tags.target_tags.required = True


def middle_of(y: Boxes, shape: Sequence[int], part: Sequence[int]) -> Boxes:
    """What there is to find in the middle of images, as `Augment` crops them."""
    corner = np.array([(whole - cut) // 2 for whole, cut in zip(shape[:2], part[:2], strict=True)])
    draw = np.column_stack([np.eye(2), corner])
    boxes, labels = [], []
    for of_one, codes in zip(y.boxes, y.labels, strict=True):
        moved, kept = moved_boxes(of_one, draw, tuple(part[:2]))
        boxes.append(moved)
        labels.append(codes[kept])
    sizes = (y.sizes - corner).clip(0, part[:2])
    return Boxes(tuple(boxes), tuple(labels), sizes)


def found_in(
    cells: NDArray[Any],
    size: Sequence[int],
    shape: Sequence[int],
    classes: NDArray[Any],
    *,
    score_threshold: float,
    iou_threshold: float,
    max_boxes: int,
) -> dict[str, NDArray[Any]]:
    """The objects that a map of outputs shows: local maxima of the heat maps, 3x3.

    Parameters
    ----------
    cells : ndarray of shape (oh, ow, 4 + n_classes)
        What the network gives, before the sigmoid of the heat maps.
    size : (int, int)
        Height and width of the image.
    shape : (int, int)
        Of the padded image that the network saw.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    dict
        "boxes" (k, 4), "labels" (k,), "scores" (k,), by falling score; all within the image.
    """
    rows, columns, codes = _peaks(cells[..., BOX_OUTPUTS:], score_threshold)
    at = cells[rows, columns].astype(np.float64)
    scores = 1 / (1 + np.exp(-at[np.arange(len(at)), BOX_OUTPUTS + codes]))
    step = np.array([shape[1] / cells.shape[1], shape[0] / cells.shape[0]])  # x, y
    centre = (np.stack([columns, rows], axis=1) + at[:, :2]) * step
    half = np.exp(np.minimum(at[:, 2:BOX_OUTPUTS], _LONGEST)) * step / 2
    boxes = np.hstack([centre - half, centre + half]).clip(0, [size[1], size[0]] * 2)
    there = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    boxes, scores, codes = boxes[there], scores[there], codes[there]
    best = non_max_suppression(boxes, scores, iou_threshold, labels=codes, max_boxes=max_boxes)
    return {"boxes": boxes[best], "labels": classes[codes[best]], "scores": scores[best]}


def _peaks(heat: NDArray[Any], least: float) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Row, column and class of each cell that is above `least` and not below a neighbour."""
    lowest = -np.inf if least == 0 else np.inf if least == 1 else np.log(least / (1 - least))
    rows, columns, codes = np.nonzero(heat >= lowest)
    height, width = heat.shape[:2]
    value, highest = heat[rows, columns, codes], np.ones(len(rows), bool)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            beside = heat[
                (rows + down).clip(0, height - 1), (columns + right).clip(0, width - 1), codes
            ]
            highest &= value >= beside
    return rows[highest], columns[highest], codes[highest]
