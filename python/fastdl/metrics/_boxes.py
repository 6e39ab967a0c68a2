"""Boxes of objects: how much two overlap, which of several say the same, and average precision."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import _core
from fastdl.data._boxes import BoxLists, box_array, checked_boxes

_RECALLS = np.linspace(0, 1, 101)
_ANSWERS = 100  # of a class in an image, the best; more do not count
_EXACT = 1 - 1e-10  # what a threshold of 1 asks for: an IoU of 1 is not always met exactly


def box_iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of each box of `a` with each of `b`.

    Parameters
    ----------
    a : array-like of shape (n, 4)
        x1 y1 x2 y2 of each box, with x1 <= x2 and y1 <= y2.
    b : array-like of shape (m, 4)

    Returns
    -------
    ndarray of float64 of shape (n, m)
        From 0 to 1; 0 also for boxes without an area.

    Raises
    ------
    ValueError
        For another shape, NaN, or boxes that are inverted.

    Examples
    --------
    >>> from fastdl.metrics import box_iou
    >>> box_iou([[0, 0, 2, 2]], [[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]])
    array([[1.        , 0.33333333, 0.        ]])
    """
    first, second = box_array(a, "a"), box_array(b, "b")
    both = _shared(first, second, 0)
    both *= _shared(first, second, 1)
    union = _areas(first)[:, np.newaxis] + _areas(second) - both
    return np.divide(both, union, out=np.zeros_like(both), where=both > 0)


def non_max_suppression(
    boxes: ArrayLike,
    scores: ArrayLike,
    iou_threshold: float = 0.5,
    *,
    labels: ArrayLike | None = None,
    max_boxes: int | None = None,
) -> NDArray[np.int64]:
    """Of boxes that overlap, the ones with the highest scores.

    Boxes are looked at by falling score; a box is left out if one that is kept overlaps it by more
    than the threshold.

    Parameters
    ----------
    boxes : array-like of shape (n, 4)
        x1 y1 x2 y2 of each.
    scores : array-like of shape (n,)
    iou_threshold : float, default=0.5
        An intersection over union up to this is allowed. From 0 to 1.
    labels : array-like of shape (n,), optional
        The classes of the boxes; those of different ones may overlap. Without it all are one class.
    max_boxes : int, optional
        Keep at most so many, the best.

    Returns
    -------
    ndarray of int64 of shape (n_kept,)
        Indices of the boxes that are kept, by falling score, and by index where scores are equal.

    Raises
    ------
    ValueError
        For other shapes, NaN, or boxes that are inverted.

    Examples
    --------
    >>> from fastdl.metrics import non_max_suppression
    >>> boxes = [[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]]
    >>> non_max_suppression(boxes, [0.8, 0.9, 0.5])
    array([1, 2])
    """
    given = box_array(boxes, "boxes")
    n = len(given)
    ranks = _column(scores, n, "scores").astype(np.float64)
    for i in np.flatnonzero(np.isnan(ranks))[:1]:
        raise ValueError(f"scores[{i}] is nan; expected a number for each box.")
    _check_threshold(iou_threshold, "iou_threshold", with_zero=True)
    if max_boxes is not None and (not isinstance(max_boxes, Integral) or max_boxes < 1):
        raise ValueError(f"max_boxes={max_boxes!r}; expected a positive integer or None.")
    groups = np.zeros(n, np.int32)
    if labels is not None:
        groups = np.unique(_column(labels, n, "labels"), return_inverse=True)[1].astype(np.int32)
    order = _by_falling(ranks)
    most = n if max_boxes is None else int(max_boxes)
    return _core.suppress_boxes(
        np.ascontiguousarray(given), order, groups, threshold=float(iou_threshold), most=most
    )


def mean_average_precision_score(
    y_true: Any, y_pred: Any, *, iou_threshold: float | Sequence[float] = 0.5
) -> float:
    """Mean over the classes of the average precision of objects found, as COCO counts it.

    Parameters
    ----------
    y_true : list of n dicts
        ``{"boxes": (k, 4), "labels": (k,)}`` for each image: x1 y1 x2 y2 and the class of each
        object. No object is fine: ``{"boxes": [], "labels": []}``.
    y_pred : list of n dicts
        The same with "scores" (k,), as ``predict`` gives it.
    iou_threshold : float or sequence of float, default=0.5
        How much an answer has to overlap an object to have found it. Of several the mean is taken:
        COCO's own figure is that of ``np.linspace(0.5, 0.95, 10)``.

    Returns
    -------
    float
        From 0 to 1; nan, with a warning, if `y_true` has no objects.

    Raises
    ------
    ValueError
        For lists or dicts of another form; image and box are named.

    See Also
    --------
    average_precision_scores : By class, and how it is counted.

    Examples
    --------
    One of two boxes is found, so recall ends at a half, 51 of the 101 points:

    >>> from fastdl.metrics import mean_average_precision_score
    >>> y_true = [{"boxes": [[0, 0, 9, 9], [20, 20, 29, 29]], "labels": ["cell", "cell"]}]
    >>> y_pred = [{"boxes": [[0, 0, 9, 9]], "labels": ["cell"], "scores": [0.9]}]
    >>> round(mean_average_precision_score(y_true, y_pred), 6)
    0.50495
    """
    scores = average_precision_scores(y_true, y_pred, iou_threshold=iou_threshold)
    if not scores:
        warnings.warn(
            "y_true has no boxes, so the average precision is not defined; it is set to nan.",
            stacklevel=2,
        )
        return float("nan")
    return float(np.mean(list(scores.values())))


def average_precision_scores(
    y_true: Any, y_pred: Any, *, iou_threshold: float | Sequence[float] = 0.5
) -> dict[Any, float]:
    """Average precision of each class of objects, as COCO counts it.

    In each image the answers of a class choose in turn, those with the highest scores first, the
    object of their class that they overlap most among those that are still free; one that overlaps
    none by `iou_threshold` or more is wrong. Going down the scores of all images, precision is the
    share of answers that are right, and recall the share of objects that are found. Average
    precision is the mean, over recalls 0, 0.01, ... 1, of the best precision at that recall or a
    higher one; 0 where a recall is not reached. The best 100 answers of a class in an image count.

    Parameters
    ----------
    y_true : list of n dicts
        ``{"boxes": (k, 4), "labels": (k,)}`` for each image.
    y_pred : list of n dicts
        The same with "scores" (k,).
    iou_threshold : float or sequence of float, default=0.5
        Of several the mean is taken.

    Returns
    -------
    dict
        The score of each class of `y_true`, in order. Classes that only `y_pred` has are left out:
        their precision is not defined.

    Raises
    ------
    ValueError
        For lists or dicts of another form; image and box are named.

    References
    ----------
    T.-Y. Lin et al., "Microsoft COCO: common objects in context", ECCV 2014; its implementation,
    pycocotools, gives the same figures. Areas are those of x1 y1 x2 y2 as they stand; there are no
    regions of crowds, and no ranges of sizes.
    """
    thresholds = _thresholds(iou_threshold)
    truth = checked_boxes(y_true, "y_true")
    found = checked_boxes(y_pred, "y_pred", scores=True, n_images=len(truth))
    _check_types(truth, found)
    classes, of_truth = np.unique(truth.labels, return_inverse=True)
    of_found = _codes(found.labels, classes)
    assert found.scores is not None
    order = _by_falling(found.scores)
    hits = _core.match_boxes(
        (truth.boxes, of_truth.astype(np.int32), truth.starts),
        (found.boxes, of_found, found.starts),
        order,
        n_classes=len(classes),
        thresholds=np.minimum(thresholds, _EXACT).tolist(),
        most=_ANSWERS,
    )
    order = order[hits[order, 0] >= 0]
    codes = of_found[order].astype(np.min_scalar_type(len(classes)))  # small ones are sorted faster
    by_class = order[np.argsort(codes, kind="stable")]
    ends = np.cumsum(np.bincount(codes, minlength=len(classes)))
    n_true = np.bincount(of_truth, minlength=len(classes))
    return {
        label: _average_precision(hits[by_class[end - k : end]], n)
        for label, end, k, n in zip(
            classes.tolist(), ends, np.diff(ends, prepend=0), n_true, strict=True
        )
    }


def _average_precision(hits: NDArray[np.int8], n_true: int) -> float:
    """The mean over thresholds; of answers by falling score, 1 (n, n_thresholds) for right ones."""
    n, n_thresholds = hits.shape
    if n == 0:
        return 0.0
    precision = np.cumsum(hits, axis=0, dtype=np.int64) / np.arange(1, n + 1)[:, np.newaxis]
    best = np.maximum.accumulate(precision[::-1])[::-1]  # at this recall, or a higher one
    needed = np.searchsorted(np.arange(n_true + 1) / n_true, _RECALLS)  # right answers, for each
    total = 0.0
    for t in range(n_thresholds):
        at = np.append(0, np.flatnonzero(hits[:, t]))  # where so many right ones are reached
        total += float(best[at[needed[needed < len(at)]], t].sum()) / len(_RECALLS)
    return total / n_thresholds


def _by_falling(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices by falling score, and by index where scores are equal.

    NumPy's stable sort takes four times as long as the other, which the few ties do not need.
    """
    order = np.argsort(-scores)
    ranked = scores[order]
    is_tie = ranked[1:] == ranked[:-1]
    if is_tie.any():
        first = len(order) * np.append(0, np.cumsum(~is_tie))  # of the scores that are equal
        order = np.sort(first + order) - first
    return order


def _codes(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int32]:
    """Where in the sorted classes each label stands, -1 for none."""
    if not len(classes) or not len(labels):
        return np.full(len(labels), -1, np.int32)
    at = np.searchsorted(classes, labels)
    at[at == len(classes)] = 0
    at[classes[at] != labels] = -1
    return at.astype(np.int32)


def _check_types(truth: BoxLists, found: BoxLists) -> None:
    are_strings = [x.labels.dtype.kind == "U" for x in (truth, found)]
    if len(truth.labels) and len(found.labels) and are_strings[0] != are_strings[1]:
        raise ValueError(
            f"labels of y_true are such as {truth.labels[0].item()!r}, but those of y_pred such as "
            f"{found.labels[0].item()!r}; expected one type."
        )


def _thresholds(given: float | Sequence[float]) -> list[float]:
    several = [given] if isinstance(given, Real) else list(given)  # type: ignore[arg-type]
    if not several:
        raise ValueError("iou_threshold is empty; expected a number, or several.")
    for value in several:
        _check_threshold(value, "iou_threshold")
    return [float(value) for value in several]


def _check_threshold(value: Any, name: str, *, with_zero: bool = False) -> None:
    number = float(value) if isinstance(value, Real) else float("nan")
    if not (0 < number <= 1 or (with_zero and number == 0)):
        bounds = "from 0 to 1" if with_zero else "above 0 and up to 1"
        raise ValueError(f"{name}={value!r}; expected a number {bounds}.")


def _column(values: ArrayLike, n: int, name: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.shape != (n,) and not (n == 0 and array.size == 0):
        raise ValueError(f"{name} has shape {array.shape}; expected ({n},), one for each box.")
    return array.reshape(n)


def _shared(a: NDArray[np.float64], b: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """How much of an axis each box of the one shares with each of the other."""
    length = np.minimum.outer(a[:, 2 + axis], b[:, 2 + axis])
    length -= np.maximum.outer(a[:, axis], b[:, axis])
    return np.maximum(length, 0, out=length)


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
