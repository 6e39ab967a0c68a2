"""What is said of boxes, of the scores of boxes and of images; test_errors.py runs it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import metrics
from fastdl.data import ImageFolder, convert_boxes
from fastdl.data._boxes import checked_boxes

GOOD: dict[str, Any] = {"boxes": [[0, 0, 2, 2], [3, 3, 6, 9]], "labels": ["a", "b"]}
SCORED = GOOD | {"scores": [0.5, 0.25]}
GREY = np.zeros((16, 20))
DICTS = 'expected a dict {"boxes": (k, 4), "labels": (k,)}.'


def given(*items: Any, **options: Any) -> Callable[[], object]:
    """The dicts of images, after one that is right."""
    return lambda: checked_boxes([GOOD, *items], **options)


def learnt(*items: Any) -> Callable[[], object]:
    return given(*items, to_learn=True, sizes=(10, 20))


def boxes(*boxes: Any) -> dict[str, Any]:
    return {"boxes": list(boxes), "labels": [0] * len(boxes)} if boxes else GOOD


def found(**changed: Any) -> Callable[[], object]:
    """The score of an answer that is changed."""
    return lambda: metrics.mean_average_precision_score([GOOD], [SCORED | changed])


def suppressed(*args: Any, **options: Any) -> Callable[[], object]:
    return lambda: metrics.non_max_suppression(*args, **options)


def score(**options: Any) -> Callable[[], object]:
    return lambda: metrics.mean_average_precision_score([GOOD], [SCORED], **options)


def ratio(
    a: Any = GREY, b: Any = GREY, data_range: Any = 1, **options: Any
) -> Callable[[], object]:
    return lambda: metrics.peak_signal_noise_ratio(a, b, data_range=data_range, **options)


def likeness(a: Any, b: Any, **options: Any) -> Callable[[], object]:
    return lambda: metrics.structural_similarity(a, b, data_range=1, **options)


# fmt: off
BOXES = [
    # the list of dicts
    (lambda: checked_boxes(GOOD), ValueError,
     'y is of type dict; expected a list with a dict {"boxes": (k, 4), "labels": (k,)} for each '
     "image. Pass a list also for one image."),
    (lambda: checked_boxes(None, "y_val"), ValueError,
     'y_val is of type NoneType; expected a list with a dict {"boxes": (k, 4), "labels": (k,)} '
     "for each image."),
    (given(n_images=5), ValueError,
     "y has dicts of 1 images, but there are 5; expected one for each. An image without objects "
     "has an empty list of boxes."),
    (given([[0, 0, 2, 2]]), ValueError, f"y[1] is of type list; {DICTS}"),
    (given({"boxes": []}), ValueError, f"y[1] has no 'labels'; {DICTS}"),
    (given({"labels": []}), ValueError, f"y[1] has no 'boxes'; {DICTS}"),
    (given(GOOD | {"label": [0]}), ValueError,
     "y[1] has the unknown key 'label'. Did you mean 'labels'?"),
    (given({"bboxes": [], "labels": []}), ValueError,
     "y[1] has the unknown key 'bboxes'. Did you mean 'boxes'?"),
    (given(GOOD | {"image_id": 3}), ValueError,
     "y[1] has the unknown key 'image_id'. "
     'Expected {"boxes": (k, 4), "labels": (k,)}.'),
    # an image's boxes and what stands beside them
    (given({"boxes": [0, 0, 2, 2], "labels": [1]}), ValueError,
     'y[1]["boxes"] has shape (4,); expected (k, 4): x1 y1 x2 y2 of each box.'),
    (given({"boxes": np.zeros((0, 5)), "labels": []}), ValueError,
     'y[1]["boxes"] has shape (0, 5); expected (k, 4): x1 y1 x2 y2 of each box.'),
    (given({"boxes": [[0, 0, 2, "wide"]], "labels": [1]}), ValueError,
     'y[1]["boxes"] holds something else than numbers; expected (k, 4): x1 y1 x2 y2 of each box.'),
    (given({"boxes": [[0, 0, 2, 2]], "labels": [1, 2]}), ValueError,
     "y[1] has 1 boxes, but 2 labels; expected one for each box."),
    (given({"boxes": [[0, 0, 2, 2]], "labels": [[1]]}), ValueError,
     'y[1]["labels"] has shape (1, 1); expected (1,), one for each box.'),
    (given({"boxes": [[0, 0, 2, 2]], "labels": "cat"}), ValueError,
     'y[1]["labels"] has shape (); expected (1,), one for each box.'),
    (given({"boxes": [[0, 0, 2, 2]], "labels": [None]}), ValueError,
     "the labels of y[1] are object values; expected strings or numbers."),
    (given(boxes([0, 0, 2, 2])), ValueError,
     "the labels of y[0] are strings, but those of y[1] numbers; expected one type in all images."),
    (lambda: checked_boxes([{"boxes": [[0, 0, 2, 2]], "labels": [np.nan]}]), ValueError,
     "labels of y are NaN; expected the class of each box."),
    # values
    (given({"boxes": [[0, 0, 2, 2], [0, np.nan, 2, 2]], "labels": ["a", "a"]}), ValueError,
     "box 1 of y[1] is [0, nan, 2, 2]; expected finite numbers."),
    (given({"boxes": [[30, 10, 20, 40]], "labels": ["a"]}), ValueError,
     "box 0 of y[1] is [30, 10, 20, 40], whose x2 is left of x1; boxes are x1 y1 x2 y2. "
     'fastdl.data.convert_boxes(boxes, "xywh", "xyxy") makes them of x y width height.'),
    (given({"boxes": [], "labels": []}, {"boxes": [[3, 10, 20, 4.5]], "labels": ["a"]}), ValueError,
     "box 0 of y[2] is [3, 10, 20, 4.5], whose y2 is above y1; boxes are x1 y1 x2 y2. "
     'fastdl.data.convert_boxes(boxes, "xywh", "xyxy") makes them of x y width height.'),
    (learnt({"boxes": [[3, 10, 3, 14]], "labels": ["a"]}), ValueError,
     "box 0 of y[1] is [3, 10, 3, 14], which has no area. Leave it out."),
    (learnt({"boxes": [[3, 2, 9, 6], [20, 2, 29, 6]], "labels": ["a", "b"]}), ValueError,
     "box 1 of y[1] is [20, 2, 29, 6], outside of its image of 10x20 pixels (height x width); "
     "boxes are x1 y1 x2 y2 in pixels. Leave it out."),
    (lambda: checked_boxes([{"boxes": [[0, 0.1, 1, 0.5]], "labels": [1]}], to_learn=True),
     ValueError,
     "the boxes of y are all within 0 and 1, which look like fractions of width and height; "
     "expected x1 y1 x2 y2 in pixels. Multiply by the images' sizes."),
    # answers
    (lambda: metrics.average_precision_scores([GOOD], [GOOD]), ValueError,
     "y_pred[0] has no 'scores'; expected a dict "
     '{"boxes": (k, 4), "labels": (k,), "scores": (k,)}.'),
    (lambda: metrics.average_precision_scores([GOOD], [SCORED] * 2), ValueError,
     "y_pred has dicts of 2 images, but there are 1; expected one for each. An image without "
     "objects has an empty list of boxes."),
    (found(scores=[0.5]), ValueError,
     "y_pred[0] has 2 boxes, but 1 scores; expected one for each box."),
    (found(scores=[0.5, np.nan]), ValueError,
     "the score of box 1 of y_pred[0] is nan; expected a number."),
    (found(scores=["high", "low"]), ValueError, "scores of y_pred are not numbers."),
    (found(labels=[0, 1]), ValueError,
     "labels of y_true are such as 'a', but those of y_pred such as 0; expected one type."),
    (score(iou_threshold=0), ValueError,
     "iou_threshold=0; expected a number above 0 and up to 1."),
    (score(iou_threshold=[0.5, 50]), ValueError,
     "iou_threshold=50; expected a number above 0 and up to 1."),
    (score(iou_threshold=[]), ValueError,
     "iou_threshold is empty; expected a number, or several."),
    # arrays of boxes
    (lambda: metrics.box_iou([0, 0, 1, 1], []), ValueError,
     "a has shape (4,); expected (k, 4): x1 y1 x2 y2 of each box."),
    (lambda: metrics.box_iou([], [[0, 0, 1, 1], [4, 0, 1, 1]]), ValueError,
     "b[1] is [4, 0, 1, 1], whose x2 is left of x1; boxes are x1 y1 x2 y2. "
     'fastdl.data.convert_boxes(boxes, "xywh", "xyxy") makes them of x y width height.'),
    (suppressed([[0, 0, np.inf, 1]], [1]), ValueError,
     "boxes[0] is [0, 0, inf, 1]; expected finite numbers."),
    (suppressed(GOOD["boxes"], [1]), ValueError,
     "scores has shape (1,); expected (2,), one for each box."),
    (suppressed(GOOD["boxes"], [1, np.nan]), ValueError,
     "scores[1] is nan; expected a number for each box."),
    (suppressed(GOOD["boxes"], [1, 2], labels=["a"]), ValueError,
     "labels has shape (1,); expected (2,), one for each box."),
    (suppressed(GOOD["boxes"], [1, 2], 1.5), ValueError,
     "iou_threshold=1.5; expected a number from 0 to 1."),
    (suppressed(GOOD["boxes"], [1, 2], max_boxes=0), ValueError,
     "max_boxes=0; expected a positive integer or None."),
    (lambda: convert_boxes([[0, 0, 1, 1]], "xywh", "xyhw"), ValueError,
     "target='xyhw'; expected one of 'xyxy', 'xywh', 'cxcywh', 'yolo'."),
    (lambda: convert_boxes([[0, 0, 1, 1]], "yolo", "xyxy"), ValueError,
     'size=None; "yolo" boxes are fractions of the image: pass size=(height, width).'),
    (lambda: convert_boxes([[0, 0, 1]], "xywh", "xyxy"), ValueError,
     "boxes has shape (1, 3); expected (n, 4)."),
    (lambda: convert_boxes([["a"] * 4], "xywh", "xyxy"), ValueError,
     "boxes has dtype <U1; expected numbers."),
    (lambda: convert_boxes([[0, 0, 1, 1], [4, 4, -1, 2]], "xywh", "xyxy"), ValueError,
     "boxes[1] is [4.0, 4.0, -1.0, 2.0]; expected finite numbers, and a width and height of 0 or "
     "more in 'xywh'."),
    (lambda: convert_boxes([[5, 0, 1, 1]], "xyxy", "xywh"), ValueError,
     "boxes[0] is [5, 0, 1, 1], whose x2 is left of x1; boxes are x1 y1 x2 y2. "
     'fastdl.data.convert_boxes(boxes, "xywh", "xyxy") makes them of x y width height.'),
    # images
    (ratio(b=GREY[1:]), ValueError,
     "a has shape (16, 20) and b (15, 20); expected images of one shape."),
    (ratio(np.zeros((4, 8, 8, 3))), ValueError,
     "a has shape (4, 8, 8, 3); expected one image (height, width) or (height, width, channels). "
     "Of several take the mean of their scores."),
    (ratio(GREY + np.nan), ValueError, "a contains NaN or infinity."),
    (ratio(b=GREY.astype(str)), ValueError, "b has dtype <U32; expected an image of numbers."),
    (ratio(data_range=0), ValueError,
     "data_range=0; expected the range that pixels can have: 255 for uint8."),
    (ratio(border=-1), ValueError, "border=-1; expected a number of pixels, 0 or more."),
    (ratio(border=8), ValueError, "the images are 16x20 pixels; border=8 leaves nothing of them."),
    (likeness(GREY[:10], GREY[:10]), ValueError,
     "the images are 10x20 pixels, smaller than the window of 11x11."),
    (likeness(GREY, GREY, border=3), ValueError,
     "the images are 10x14 pixels within the border, smaller than the window of 11x11."),
    (lambda: ImageFolder("nowhere"), FileNotFoundError,
     "there is no folder nowhere; a single image goes into a list."),
    (lambda: ImageFolder(["no.png"]), FileNotFoundError, "there is no file no.png."),
    (lambda: ImageFolder([]), ValueError,
     "the list of images is empty; expected paths of files."),
    (lambda: ImageFolder(".", size="large"), ValueError,
     "size='large'; expected pixels of a side, (height, width) or None."),
    (lambda: ImageFolder(".", size=(8, 0)), ValueError,
     "size=(8, 0); expected pixels of a side, (height, width) or None."),
    (lambda: ImageFolder(".", fit="corp"), ValueError,
     "fit='corp' is not known. Did you mean 'crop'? Choose from 'crop', 'pad', 'stretch'."),
    (lambda: ImageFolder(".", on_error="ignore"), ValueError,
     "on_error='ignore' is not known. Choose from 'raise', 'skip', 'warn'."),
    (likeness(GREY, GREY, window="gauss"), ValueError,
     "window='gauss'; expected \"gaussian\" or \"uniform\"."),
]
# fmt: on
