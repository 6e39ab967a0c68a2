"""Boxes in the ways in which they are written down."""

import itertools

import numpy as np
import pytest

from fastdl.data import convert_boxes

SAME = {
    "xyxy": [10, 20, 14, 30],
    "xywh": [10, 20, 4, 10],
    "cxcywh": [12, 25, 4, 10],
    "yolo": [0.12, 0.5, 0.04, 0.2],
}


@pytest.mark.parametrize(("source", "target"), list(itertools.product(SAME, SAME)))
def test_each_from_each(source, target):
    size = (50, 100) if "yolo" in (source, target) else None
    answer = convert_boxes([SAME[source]], source, target, size=size)
    np.testing.assert_allclose(answer, [SAME[target]], rtol=1e-15)


def test_the_form_stays():
    assert convert_boxes([], "xywh", "xyxy").shape == (0, 4)
    assert convert_boxes(SAME["xywh"], "xywh", "xyxy").tolist() == SAME["xyxy"]
    assert convert_boxes(np.zeros((2, 3, 4)), "xywh", "xyxy").shape == (2, 3, 4)
    assert convert_boxes(np.zeros((2, 4), np.float32), "xywh", "cxcywh").dtype == np.float32
    small = np.array([[200, 100, 100, 200]], np.uint8)
    assert convert_boxes(small, "xywh", "xyxy").tolist() == [[200, 100, 300, 300]]
    boxes = np.array([SAME["xyxy"]], float)
    answer = convert_boxes(boxes, "xyxy", "xyxy")
    answer[:] = 0
    assert boxes.tolist() == [SAME["xyxy"]]
