"""Data on its way in: files of images, MNIST's formats, ragged sequences, text, time series.

``load_idx`` and ``load_mnist`` read files that the user has; nothing is downloaded.
``pad_sequences``, ``Vocabulary`` and ``bucket_by_length`` turn ragged lists and texts into padded
arrays, lengths and batches; ``windows`` turns a time series into what comes next, and what was
before. ``ImageFolder`` is images on disk as X; ``boxes_from_coco`` and its like read data
sets of boxes; ``convert_boxes`` writes boxes in another way.
"""

from typing import TYPE_CHECKING

from fastdl._other_names import raiser
from fastdl.data._box_files import boxes_from_coco, boxes_from_voc, boxes_from_yolo
from fastdl.data._box_formats import convert_boxes
from fastdl.data._idx import load_idx, load_mnist
from fastdl.data._image_folder import ImageFolder
from fastdl.data._sequences import Vocabulary, bucket_by_length, pad_sequences
from fastdl.data._windows import windows

__all__ = [
    "ImageFolder",
    "Vocabulary",
    "boxes_from_coco",
    "boxes_from_voc",
    "boxes_from_yolo",
    "bucket_by_length",
    "convert_boxes",
    "load_idx",
    "load_mnist",
    "pad_sequences",
    "windows",
]

if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
