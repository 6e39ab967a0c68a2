"""The targets of `fastdl.losses.ObjectsAsPoints` in NumPy, and the loss in PyTorch."""

import numpy as np
import torch
from torch.nn import functional as tf

BOX = 4  # numbers of a cell before its heat maps
SPREAD, LEAST = 0.09, 1 / 16  # deviation of a peak in sides of its box, and its least, in cells


def shown_by(boxes: np.ndarray, image: tuple[int, ...], cells: tuple[int, ...]) -> np.ndarray:
    """What each cell is to show, (n, *cells), of boxes (n, k, 5) that lie within their images."""
    shown = np.zeros((len(boxes), *cells), np.float32)
    shown[..., :BOX] = np.nan
    step = image[0] / cells[0]
    rows, columns = np.ogrid[: cells[0], : cells[1]]
    for of_one, objects in zip(shown, boxes.astype(np.float64), strict=True):
        for code, *corners in objects:
            x1, y1, x2, y2 = np.array(corners) / step
            x, y, width, height = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
            row, column = int(y), int(x)
            down, across = max(SPREAD * height, LEAST), max(SPREAD * width, LEAST)
            away = (abs(rows - row) <= int(3 * down)) & (abs(columns - column) <= int(3 * across))
            peak = np.exp(-0.5 * (((rows - row) / down) ** 2 + ((columns - column) / across) ** 2))
            heat = of_one[..., BOX + int(code)]
            np.maximum(heat, np.where(away, peak, 0), out=heat)
            numbers, there = (
                [x - column, y - row, np.log(width), np.log(height)],
                of_one[row, column],
            )
            if np.isnan(there[0]) or sum(numbers[2:]) < sum(there[2:BOX]):
                there[:BOX] = numbers
    return shown


def objects_as_points(output: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    """The mean over images of (n, 4 + classes, oh, ow); `shown` is (n, oh, ow, 4 + classes)."""
    output = output.permute(0, 2, 3, 1)
    z, y = output[..., BOX:], shown[..., BOX:]
    s = torch.sigmoid(z)
    found = -((1 - s) ** 2) * tf.logsigmoid(z)
    none = -((1 - y) ** 4) * s**2 * tf.logsigmoid(-z)
    heat = torch.where(y == 1, found, none).sum((1, 2, 3))
    centres = ~torch.isnan(shown[..., 0])
    missed = (output[..., :BOX] - shown[..., :BOX].nan_to_num())[..., :BOX].abs().sum(-1)
    objects = (y == 1).sum((1, 2, 3)).clamp(min=1)
    return ((heat + (missed * centres).sum((1, 2))) / objects).mean()
