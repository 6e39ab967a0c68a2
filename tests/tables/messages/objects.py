"""What ObjectDetector says of what it cannot learn from; test_errors.py runs it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import ObjectDetector
from fastdl import layers as L

NET = [L.Conv2D(4, 3, stride=2, padding="same")]
X = np.zeros((3, 8, 8, 3), np.uint8)
SOME = {"boxes": [[1, 1, 5, 6]], "labels": ["a"]}
Y = [SOME, {"boxes": [], "labels": []}, SOME]
ONCE: dict[str, Any] = {"max_epochs": 1, "n_jobs": 1, "random_state": 0}


def fit(X: Any = X, y: Any = Y, *, params: Any = None, **options: Any) -> Callable[[], object]:
    return lambda: ObjectDetector(**{"network": NET, **ONCE, **(params or {})}).fit(X, y, **options)


def of(boxes: Any, labels: Any = ("a",)) -> list[Any]:
    """Targets of which the second has these boxes."""
    return [SOME, {"boxes": boxes, "labels": list(labels)}, SOME]


def later(act: Callable[[ObjectDetector], object]) -> Callable[[], object]:
    """Something asked of a fitted detector."""
    return lambda: act(ObjectDetector(NET, **ONCE).fit(X, Y))


# fmt: off
OBJECTS = [
    (fit(y=None), ValueError,
     'y is None; ObjectDetector needs a dict for each image, {"boxes": (k, 4), "labels": (k,)}.'),
    (fit(y=Y[:2]), ValueError,
     "y has dicts of 2 images, but there are 3; expected one for each. An image without objects "
     "has an empty list of boxes."),
    (fit(y=of([[5, 1, 1, 6]])), ValueError,
     "box 0 of y[1] is [5, 1, 1, 6], whose x2 is left of x1; boxes are x1 y1 x2 y2. "
     'fastdl.data.convert_boxes(boxes, "xywh", "xyxy") makes them of x y width height.'),
    (fit(y=of([[1, 1, 1, 6]])), ValueError,
     "box 0 of y[1] is [1, 1, 1, 6], which has no area. Leave it out."),
    (fit(y=of([[9, 1, 12, 6]])), ValueError,
     "box 0 of y[1] is [9, 1, 12, 6], outside of its image of 8x8 pixels (height x width); boxes "
     "are x1 y1 x2 y2 in pixels. Leave it out."),
    (fit(y=of([[1, 1, np.nan, 6]])), ValueError,
     "box 0 of y[1] is [1, 1, nan, 6]; expected finite numbers."),
    (fit(y=of([[1, 1, 5, 6]], ())), ValueError,
     "y[1] has 1 boxes, but 0 labels; expected one for each box."),
    (fit(y=[{"boxes": [[1, 1, 5, 6]]}, SOME, SOME]), ValueError,
     "y[0] has no 'labels'; expected a dict {\"boxes\": (k, 4), \"labels\": (k,)}."),
    (fit(y=[{"boxs": [], "labels": []}, SOME, SOME]), ValueError,
     "y[0] has the unknown key 'boxs'. Did you mean 'boxes'?"),
    (fit(y=[Y[1]] * 3), ValueError,
     "y holds no box; ObjectDetector needs at least one object to learn what one looks like."),
    (fit(X_val=X, y_val=of([[1, 1, 5, 6]], "b")), ValueError,
     "In the validation set: y[1] has a box of the class 'b', but `classes_` is ['a']."),
    (fit(X_val=np.zeros((3, 9, 12, 3)), y_val=Y), ValueError,
     "In the validation set: X[0] has 9x12 pixels, but those of fit have 8x8 at most. Fit with an "
     "image as large among the first, or scale this one."),
    (fit(None), ValueError,
     "X is None; ObjectDetector takes images (n, height, width, channels), or a list of images "
     "(height, width, channels)."),
    (fit(["a.png", "b.png", "c.png"]), ValueError,
     "X[0] is a path or text, 'a.png'; ObjectDetector takes images. fastdl.data.ImageFolder makes "
     "images of paths, to be passed as X."),
    (fit([], []), ValueError,
     "X holds no image; ObjectDetector takes images (n, height, width, channels), or a list of "
     "images (height, width, channels)."),
    (fit(np.zeros((3, 8))), ValueError,
     "X has shape (3, 8); ObjectDetector takes images (n, height, width, channels), or a list of "
     "images (height, width, channels)."),
    (fit([X[0], np.zeros(8), X[2]]), ValueError,
     "X[1] has shape (8,); ObjectDetector takes images (n, height, width, channels), or a list of "
     "images (height, width, channels)."),
    (fit([X[0], X[1, ..., 0], X[2]]), ValueError,
     "X[1] has shape (8, 8, 1), 1 channel, but X[0] has 3. Convert all images to as many; a single "
     "image goes into a list."),
    (fit([X[0], X[1], np.full((8, 8, 3), np.inf)]), ValueError,
     "X[2] holds NaN or infinity; expected finite numbers."),
    (fit([X[0], X[1], np.full((8, 8, 3), "a")]), ValueError,
     "X[2] holds <U1 values; expected numbers."),
    (fit(np.zeros((3, 3, 8, 8))), ValueError,
     "X[0] has shape (3, 8, 8), which looks like channels first; ObjectDetector takes images (n, "
     "height, width, channels), or a list of images (height, width, channels). Use "
     "np.moveaxis(image, 0, -1)."),
    (later(lambda d: d.predict(X[0])), ValueError,
     "X[0] has shape (8, 3, 1), 1 channel, but those of fit have 3. Convert all images to as many; "
     "a single image goes into a list."),
    (fit(params={"network": "smal"}), ValueError,
     "ObjectDetector: network='smal' is not known. Did you mean 'small'? Choose from 'small'."),
    (fit(params={"network": []}), ValueError,
     "ObjectDetector: network=[]; expected at least one layer."),
    (fit(params={"network": [3]}), ValueError,
     "ObjectDetector: network[0]=3; expected a layer."),
    (fit(params={"network": [L.Conv2D(4, 3, padding="same"), L.Flatten()]}), ValueError,
     "ObjectDetector: the layers of network give (256,) for an image; expected images that are "
     'smaller by a whole number. Use padding="same", and leave Flatten, Dense and global poolings '
     "out."),
    (fit(params={"augment": L.Augment(mixup=0.2)}), ValueError,
     "ObjectDetector: boxes belong to one image, and mixup makes one of two. Leave it out of "
     "Augment(mixup=0.2)."),
    (fit(params={"network": [L.Augment(crop=(7, 6)), *NET]}), ValueError,
     "ObjectDetector: the layers cannot divide images of 7x6, to which Augment(crop=(7, 6)) crops "
     "them, into cells. Use crop=(8, 6)."),
]
# fmt: on
