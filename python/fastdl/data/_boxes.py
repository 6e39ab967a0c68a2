"""Boxes as users have them, checked: arrays of them, and a dict of boxes for each image."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FORM = '{"boxes": (k, 4), "labels": (k,)}'
_FORM_OF_ANSWERS = '{"boxes": (k, 4), "labels": (k,), "scores": (k,)}'
_KINDS = {"U": "strings", "b": "bools", "i": "numbers", "u": "numbers", "f": "numbers"}


@dataclass(frozen=True, eq=False)
class BoxLists:
    """The boxes of n images, one image after another: those of image i from starts[i] on."""

    boxes: NDArray[np.float64]  # (N, 4) x1 y1 x2 y2
    labels: NDArray[Any]  # (N,)
    starts: NDArray[np.int64]  # (n + 1,)
    scores: NDArray[np.float64] | None = None  # (N,)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def images(self) -> NDArray[np.int64]:
        """Which image each box belongs to, shape (N,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


def checked_boxes(
    y: Any,
    name: str = "y",
    *,
    scores: bool = False,
    n_images: int | None = None,
    sizes: ArrayLike | None = None,
    to_learn: bool = False,
) -> BoxLists:
    """The dicts of boxes, labels and perhaps scores of some images, checked.

    Parameters
    ----------
    y : list of n dicts
        ``{"boxes": (k, 4), "labels": (k,)}`` of each image; no box is fine.
    name : str
        What messages call it.
    scores : bool
        Whether there have to be "scores" too. Without it they may be there, and are not looked at.
    n_images : int, optional
        How many dicts are expected: one for each image of X.
    sizes : array-like of shape (2,) or (n, 2), optional
        Height and width of the images; a box that lies outside of its image is refused.
    to_learn : bool
        Whether boxes without an area are refused, and those that look like fractions of an image.

    Raises
    ------
    ValueError
        For all that is of another form; image and box are named.
    """
    found = _joined(_listed(y, name, n_images), name, scores)
    check_values(found.boxes, lambda b: _place(found, name, b))
    if scores:
        assert found.scores is not None
        for b in np.flatnonzero(~np.isfinite(found.scores))[:1]:
            raise ValueError(
                f"the score of {_place(found, name, b)} is {found.scores[b]}; expected a number."
            )
    if to_learn:
        _check_areas(found, name)
    if sizes is not None:
        _check_inside(found, name, np.asarray(sizes))
    return found


def box_array(boxes: Any, name: str) -> NDArray[np.float64]:
    """Boxes (n, 4) as float64, finite and not inverted; an empty list is no boxes."""
    array = _corners(boxes, name)
    check_values(array, lambda b: f"{name}[{b}]")
    return array


def check_values(boxes: NDArray[np.float64], place: Any) -> None:
    """Raise ValueError for boxes with NaN or infinity, or inverted; `place` names one by index."""
    for b in _rows_with(~np.isfinite(boxes))[:1]:
        raise ValueError(f"{place(b)} is {_shown(boxes[b])}; expected finite numbers.")
    for b in _rows_with(boxes[:, 2:] < boxes[:, :2])[:1]:
        x1, _, x2, _ = boxes[b]
        wrong = "x2 is left of x1" if x2 < x1 else "y2 is above y1"
        raise ValueError(
            f"{place(b)} is {_shown(boxes[b])}, whose {wrong}; boxes are x1 y1 x2 y2. "
            'fastdl.data.convert_boxes(boxes, "xywh", "xyxy") makes them of x y width height.'
        )


def _rows_with(wrong: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The rows in which something is wrong: mostly none, which is seen fastest as a whole."""
    return np.flatnonzero(wrong.any(axis=1)) if wrong.any() else np.zeros(0, np.int64)


def _listed(y: Any, name: str, n_images: int | None) -> list[Any]:
    """The dicts of y, one for each image."""
    is_list = isinstance(y, Iterable) and getattr(y, "ndim", 1) > 0
    if isinstance(y, (Mapping, str)) or not is_list:
        hint = " Pass a list also for one image." if isinstance(y, Mapping) else ""
        raise ValueError(
            f"{name} is of type {type(y).__name__}; expected a list with a dict {_FORM} for each "
            f"image.{hint}"
        )
    items = list(y)
    if n_images is not None and len(items) != n_images:
        raise ValueError(
            f"{name} has dicts of {len(items)} images, but there are {n_images}; expected one for "
            "each. An image without objects has an empty list of boxes."
        )
    return items


def _joined(items: list[Any], name: str, with_scores: bool) -> BoxLists:
    boxes, labels, scores = [], [], []
    for i, item in enumerate(items):
        here = f"{name}[{i}]"
        _check_keys(item, here, with_scores)
        boxes.append(_corners(item["boxes"], f'{here}["boxes"]'))
        k = len(boxes[-1])
        labels.append(_of_boxes(item, "labels", k, here))
        if with_scores:
            scores.append(_of_boxes(item, "scores", k, here))
    starts = np.zeros(len(items) + 1, np.int64)
    np.cumsum([len(b) for b in boxes], out=starts[1:])
    return BoxLists(
        np.concatenate([np.zeros((0, 4)), *boxes]),
        _joined_labels(labels, name),
        starts,
        _numbers(scores, name) if with_scores else None,
    )


def _check_keys(item: Any, here: str, with_scores: bool) -> None:
    form = _FORM_OF_ANSWERS if with_scores else _FORM
    if not isinstance(item, Mapping):
        raise ValueError(f"{here} is of type {type(item).__name__}; expected a dict {form}.")
    for key in item:
        if key not in ("boxes", "labels", "scores"):
            close = difflib.get_close_matches(str(key), ["boxes", "labels", "scores"], 1, 0.5)
            hint = f"Did you mean {close[0]!r}?" if close else f"Expected {form}."
            raise ValueError(f"{here} has the unknown key {key!r}. {hint}")
    for key in ("boxes", "labels", "scores")[: 2 + with_scores]:
        if key not in item:
            raise ValueError(f"{here} has no {key!r}; expected a dict {form}.")


def _corners(boxes: Any, name: str) -> NDArray[np.float64]:
    """(k, 4) of float64."""
    try:
        array = np.asarray(boxes, np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} holds something else than numbers; expected (k, 4): x1 y1 x2 y2 of each box."
        ) from None
    if array.shape == (0,):
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(
            f"{name} has shape {array.shape}; expected (k, 4): x1 y1 x2 y2 of each box."
        )
    return array


def _of_boxes(item: Mapping[str, Any], key: str, k: int, here: str) -> NDArray[Any]:
    """What stands beside each of k boxes."""
    values = item[key]
    array = values if isinstance(values, np.ndarray) else np.asarray(values)
    if array.shape == (k,):
        return array
    if array.ndim == 1:
        raise ValueError(
            f"{here} has {k} boxes, but {len(array)} {key}; expected one for each box."
        )
    raise ValueError(f'{here}["{key}"] has shape {array.shape}; expected ({k},), one for each box.')


def _joined_labels(labels: list[NDArray[Any]], name: str) -> NDArray[Any]:
    """The labels of all images, all strings or all numbers."""
    kinds: dict[str, int] = {}  # and the first image with it
    given = [
        (i, np.asarray(a.tolist()) if a.dtype == object else a)
        for i, a in enumerate(labels)
        if len(a)
    ]
    for i, array in given:
        kind = _KINDS.get(array.dtype.kind)
        if kind is None or array.ndim != 1:
            raise ValueError(
                f"the labels of {name}[{i}] are {array.dtype} values; expected strings or numbers."
            )
        kinds.setdefault(kind, i)
    if len(kinds) > 1:
        (one, i), (other, j) = list(kinds.items())[:2]
        raise ValueError(
            f"the labels of {name}[{i}] are {one}, but those of {name}[{j}] {other}; expected one "
            "type in all images."
        )
    found = np.concatenate([a for _, a in given]) if given else np.zeros(0, np.int64)
    if found.dtype.kind == "f" and np.isnan(found).any():
        raise ValueError(f"labels of {name} are NaN; expected the class of each box.")
    return found


def _numbers(scores: list[NDArray[Any]], name: str) -> NDArray[np.float64]:
    try:
        return np.concatenate([np.zeros(0), *scores]).astype(np.float64, copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"scores of {name} are not numbers.") from None


def _check_areas(found: BoxLists, name: str) -> None:
    boxes = found.boxes
    for b in _rows_with(boxes[:, 2:] == boxes[:, :2])[:1]:
        raise ValueError(
            f"{_place(found, name, b)} is {_shown(boxes[b])}, which has no area. Leave it out."
        )
    if len(boxes) and boxes.min() >= 0 and boxes.max() <= 1:
        raise ValueError(
            f"the boxes of {name} are all within 0 and 1, which look like fractions of width and "
            "height; expected x1 y1 x2 y2 in pixels. Multiply by the images' sizes."
        )


def _check_inside(found: BoxLists, name: str, sizes: NDArray[Any]) -> None:
    heights, widths = np.broadcast_to(sizes, (len(found), 2))[found.images].T
    x1, y1, x2, y2 = found.boxes.T
    for b in np.flatnonzero((x1 >= widths) | (y1 >= heights) | (x2 <= 0) | (y2 <= 0))[:1]:
        raise ValueError(
            f"{_place(found, name, b)} is {_shown(found.boxes[b])}, outside of its image of "
            f"{heights[b]}x{widths[b]} pixels (height x width); boxes are x1 y1 x2 y2 in pixels. "
            "Leave it out."
        )


def _place(found: BoxLists, name: str, b: int) -> str:
    i = int(found.images[b])
    return f"box {b - found.starts[i]} of {name}[{i}]"


def _shown(box: NDArray[np.float64]) -> str:
    return f"[{', '.join(f'{v:g}' for v in box)}]"
