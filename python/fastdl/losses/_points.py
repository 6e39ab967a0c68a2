"""The loss of objects in images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import NOT_NEGATIVE, Rule
from fastdl.losses._loss import Loss


@dataclass(frozen=True, repr=False)
class ObjectsAsPoints(Loss):
    """Objects in images, each a peak at its centre: the loss of `fastdl.ObjectDetector`.

    The network gives an image (height / stride, width / stride, 4 + n_classes). A cell has, in this
    order, the offset of the centre that lies in it, x and y in cells from its upper left corner;
    the logarithms of the width and the height of the object, in cells; and a heat map of each
    class. The target y of a heat map is 1 at the centres of that class's objects, falls off around
    them as a Gaussian whose standard deviations are 0.09 of the width and of the height of the
    object, and is 0 elsewhere. With s = sigmoid(z),

    L = sum over heat maps of -(1 - s)^2 log(s) where y = 1, -(1 - y)^4 s^2 log(1 - s) elsewhere,
    plus, in cells with a centre, |error of the offset| + size_weight |error of the logarithms|,

    divided by the number of objects in the image, or by 1 where there is none. Zhou, Wang and
    Kraehenbuehl, "Objects as points", 2019, equations 1 to 4; they learn the size itself, in cells,
    and spread peaks by the overlap of boxes.

    Where an image is the output, y is boxes: (n, room, 5) numbers, the code of the class, x1, y1,
    x2, y2 in pixels, and a code below 0 behind the last. They move along with `Augment`, are cut
    off at the border and dropped if less than a quarter is left. Of objects with their centres in
    one cell, the heat maps show all, and the box is the smallest one's. Elsewhere (`functional`, a
    dense layer) y is what a cell is to show, NaN in the first four where it has no centre.

    Parameters
    ----------
    size_weight : float, default=1.0
    """

    kind: ClassVar[str] = "objects_as_points"
    boxes: ClassVar[bool] = True
    size_weight: float = 1.0
    rules: ClassVar[Mapping[str, Rule]] = {"size_weight": NOT_NEGATIVE}
