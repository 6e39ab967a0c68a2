"""What is said of files of images and of data sets of boxes; test_errors.py runs it."""

import contextlib
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastdl.data import ImageFolder, boxes_from_coco, boxes_from_voc, boxes_from_yolo

PIXELS = np.arange(48, dtype=np.uint8).reshape(6, 8)
TWO = {"photos/a/1.png": PIXELS, "photos/b/2.png": PIXELS}
IN = 'Pass on_error="skip" or "warn" to leave such files out.'


def within(files: Mapping[str, Any], call: Callable[[], object]) -> Callable[[], object]:
    """The call, in a folder with these files: pixels, text or bytes."""

    def run() -> object:
        with tempfile.TemporaryDirectory() as room, contextlib.chdir(room):
            for name, content in files.items():
                path = Path(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, np.ndarray):
                    pytest.importorskip("PIL.Image").fromarray(content).save(path)
                else:
                    path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return call()

    return run


def photos(files: Mapping[str, Any], *args: Any, **options: Any) -> Callable[[], object]:
    """The array of the images in "photos"."""
    return within(files, lambda: np.asarray(ImageFolder("photos", *args, **options)))


def coco(content: Any, **changed: Any) -> Callable[[], object]:
    if content is None:
        images, names = [{"id": 3, "file_name": "a.png"}], [{"id": 1, "name": "cell"}]
        content = json.dumps({"images": images, "categories": names, "annotations": []} | changed)
    return within({"notes.json": content}, lambda: boxes_from_coco("notes.json"))


def voc(files: Mapping[str, Any], *args: Any, **options: Any) -> Callable[[], object]:
    there = {"set/JPEGImages/a.png": PIXELS} | files
    return within(there, lambda: boxes_from_voc("set", *args, **options))


def yolo(line: str, **options: Any) -> Callable[[], object]:
    files = {"set/a.png": PIXELS, "set/a.txt": f"1 0.5 0.5 0.5 0.5\n{line}\n"}
    return within(files, lambda: boxes_from_yolo("set", **options))


def line_of_yolo(line: str) -> tuple[Callable[[], object], type[Exception], str]:
    return (
        yolo(line),
        ValueError,
        f"set/a.txt, line 2: {line!r}; expected a class and a box: class cx cy w h.",
    )


# fmt: off
FILES = [
    (photos({"photos/notes.txt": ""}), ValueError,
     "photos holds no images; expected a folder of them for each class."),
    (photos(TWO | {"photos/c.png": PIXELS}), ValueError,
     "photos/c.png lies in no folder of a class, but other images do; expected "
     "photos/CLASS/IMAGE."),
    (photos(TWO, [1, 2, 3]), ValueError, "y has shape (3,), but there are 2 images."),
    (photos(TWO, 1), ValueError, "y has shape (), but there are 2 images."),
    (photos(TWO, [{"boxes": [], "labels": []}]), ValueError,
     "y has dicts of 1 images, but there are 2; expected one for each. An image without objects "
     "has an empty list of boxes."),
    (photos({"photos/a.png": "<html>not found</html>"}), ValueError,
     f"photos/a.png cannot be read: it is no image that Pillow knows. {IN}"),
    (photos({"photos/a.tiff": np.zeros((6, 8), np.float32)}), ValueError,
     f"photos/a.tiff cannot be read: it holds floats; expected 8 or 16 bits. {IN}"),
    (photos({"photos/a.tiff": np.full((6, 8), 70_000, np.int32)}), ValueError,
     "photos/a.tiff cannot be read: its values go from 70000 to 70000; expected 8 or 16 bits. "
     f"{IN}"),
    (photos(TWO | {"photos/b/3.png": PIXELS[:4]}), ValueError,
     "photos/a/1.png and photos/b/3.png are of 6x8 and 4x8 pixels; an array of images has one "
     "size. Pass size=(height, width) to ImageFolder."),
    (photos({"photos/a.png": "", "photos/b.png": ""}, on_error="skip"), ValueError,
     "none of 2 images can be read: photos/a.png cannot be read: it is no image that Pillow "
     "knows."),
    # data sets of boxes
    (coco(""), ValueError, "notes.json is no JSON: Expecting value: line 1 column 1 (char 0)."),
    (coco("[1]"), ValueError,
     "notes.json has no 'images'; expected COCO's annotations of objects: images, annotations, "
     "categories."),
    (coco('{"images": [], "annotations": []}'), ValueError,
     "notes.json has no 'categories'; expected COCO's annotations of objects: images, annotations, "
     "categories."),
    (coco(None, annotations=[{"image_id": 9, "category_id": 1, "bbox": [0, 0, 1, 1]}]), ValueError,
     "notes.json: annotation 0 has no 9, or one that is not in the file."),
    (coco(None, annotations=[{"image_id": 3, "category_id": 1}]), ValueError,
     "notes.json: annotation 0 has no 'bbox', or one that is not in the file."),
    (within({}, lambda: boxes_from_voc("set")), FileNotFoundError, "there is no folder set."),
    (voc({}), ValueError, "set holds no XML files; expected one for each image."),
    (voc({"set/Annotations/a.xml": "<annotation>"}), ValueError,
     "set/Annotations/a.xml is no XML: no element found: line 1, column 12."),
    (voc({"set/Annotations/a.xml": "<x><object><name>RBC</name></object></x>"}), ValueError,
     "set/Annotations/a.xml: object 0 has no box; expected bndbox with xmin, ymin, xmax and ymax."),
    (voc({"set/Annotations/b.xml": "<x></x>"}), FileNotFoundError,
     "there is no image of set/Annotations/b.xml in set/JPEGImages."),
    (voc({"set/ImageSets/Main/test.txt": "b"}, "test"), FileNotFoundError,
     "there is no file set/b.xml."),
    (voc({"set/ImageSets/Main/test.txt": "a"}, "val"), FileNotFoundError,
     "there is no list set/ImageSets/Main/val.txt; there are: test."),
    (voc({}, first_pixel=2), ValueError, "first_pixel=2; expected 0 or 1."),
    (within({}, lambda: boxes_from_yolo("set")), FileNotFoundError, "there is no folder set."),
    (within({"set/a.txt": ""}, lambda: boxes_from_yolo("set")), ValueError,
     "set holds no images."),
    (yolo("", names=["cell"]), ValueError, "set/a.txt has class 1, but there are 1 names."),
    *map(line_of_yolo, ("0 0.5 0.5 0.5", "cell 0 0 1 1", "0.5 0 0 1 1", "0 1 2 3 4 5")),
]
# fmt: on
