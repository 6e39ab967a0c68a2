"""Data sets of boxes as COCO, VOC and YOLO keep them: the images' paths, and a dict for each."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from fastdl.data._box_formats import convert_boxes
from fastdl.data._image_files import SUFFIXES, files_in, header

PathLike = str | os.PathLike[str]
Found = tuple[list[str], list[dict[str, Any]]]  # paths, and y


def boxes_from_coco(path: PathLike, images: PathLike | None = None) -> Found:
    """Images and boxes of a file of annotations in COCO's format.

    Regions that stand for a crowd (``iscrowd``) are left out, and so are, with a warning, boxes
    without an area. Images without objects are kept.

    Parameters
    ----------
    path : path-like
        The JSON file, such as ``annotations/instances_val2017.json``.
    images : path-like, optional
        The folder that its file names are relative to; by default that of the JSON file.

    Returns
    -------
    paths : list of n str
        The images' files, in the order of the JSON file. They need not be there.
    y : list of n dicts
        ``{"boxes": (k, 4), "labels": (k,)}``: x1 y1 x2 y2 in pixels, and the names of categories.

    Raises
    ------
    FileNotFoundError
    ValueError
        For another kind of file.

    Examples
    --------
    >>> from fastdl.data import ImageFolder, boxes_from_coco
    >>> paths, y = boxes_from_coco("annotations/instances.json", "train")      # doctest: +SKIP
    >>> train = ImageFolder(paths, y, size=(240, 320), fit="pad")              # doctest: +SKIP
    >>> ObjectDetector().fit(train, train.y)                                   # doctest: +SKIP
    """
    content = _json(path)
    folder = Path(path).parent if images is None else Path(images)
    names = {category["id"]: category["name"] for category in content["categories"]}
    files = {image["id"]: str(folder / image["file_name"]) for image in content["images"]}
    boxes: dict[Any, list[Any]] = {i: [] for i in files}
    for k, entry in enumerate(content["annotations"]):
        if entry.get("iscrowd"):
            continue
        try:
            boxes[entry["image_id"]].append((entry["bbox"], names[entry["category_id"]]))
        except KeyError as missing:
            raise ValueError(
                f"{path}: annotation {k} has no {missing}, or one that is not in the file."
            ) from None
    y = []
    for i, file in files.items():
        corners = convert_boxes([box for box, _ in boxes[i]], "xywh", "xyxy")
        y.append(_item(file, corners, [label for _, label in boxes[i]]))
    return list(files.values()), y


def boxes_from_voc(
    folder: PathLike, split: str | None = None, *, difficult: bool = False, first_pixel: int = 1
) -> Found:
    """Images and boxes of a folder in the format of PASCAL VOC: an XML file for each image.

    The XML files lie in ``folder/Annotations`` and the images in ``folder/JPEGImages``, or both in
    `folder` itself.

    Parameters
    ----------
    folder : path-like
    split : str, optional
        The name of a list in ``folder/ImageSets/Main``, such as "train"; by default all are read.
    difficult : bool, default=False
        Whether objects that are marked as difficult are read too.
    first_pixel : {0, 1}, default=1
        What the first row and column are called. VOC counts from 1, and its boxes include both
        ends: pixels 1 to 10 are x1=0, x2=10 here. Files of other origin may count from 0, in which
        case numbers are taken as they are.

    Returns
    -------
    paths : list of n str
        The images' files, sorted by the XML files' names, or in the order of the list.
    y : list of n dicts
        ``{"boxes": (k, 4), "labels": (k,)}``: x1 y1 x2 y2 in pixels, and the objects' names.

    Raises
    ------
    FileNotFoundError
        If a folder, a list or an image is not there.
    ValueError
        For XML of another form.
    """
    if first_pixel not in (0, 1):
        raise ValueError(f"first_pixel={first_pixel!r}; expected 0 or 1.")
    root = _folder(folder)
    notes = root / "Annotations" if (root / "Annotations").is_dir() else root
    pictures = root / "JPEGImages" if (root / "JPEGImages").is_dir() else root
    if split is None:
        files = sorted(notes.glob("*.xml"))
    else:
        listed = root / "ImageSets" / "Main" / f"{split}.txt"
        if not listed.is_file():
            there = ", ".join(sorted(f.stem for f in listed.parent.glob("*.txt"))) or "none"
            raise FileNotFoundError(f"there is no list {listed}; there are: {there}.")
        stems = (line.split()[0] for line in listed.read_text().splitlines() if line.strip())
        files = [notes / f"{stem}.xml" for stem in stems]
    if not files:
        raise ValueError(f"{notes} holds no XML files; expected one for each image.")
    paths, y = [], []
    for file in files:
        path, item = _voc(file, pictures, difficult, first_pixel)
        paths.append(path)
        y.append(item)
    return paths, y


def boxes_from_yolo(folder: PathLike, names: Sequence[str] | None = None) -> Found:
    """Images and boxes of a folder in YOLO's format: a text file for each image.

    A line is a class and a box, ``class cx cy w h`` in fractions of width and height, or a class
    and the corners of a polygon, of which the box is taken. The text file of
    ``.../images/.../a.jpg`` is ``.../labels/.../a.txt``, or ``a.txt`` beside it; an image without
    one has no objects.

    Parameters
    ----------
    folder : path-like
        All images in it, and in folders below.
    names : sequence of str, optional
        The names of classes 0, 1 ... By default they are looked for in `folder` and the one above:
        in ``classes.txt``, a name a line, or as ``names`` in a YAML file (with PyYAML). If there
        are none, labels are numbers.

    Returns
    -------
    paths : list of n str
        The images' files, sorted.
    y : list of n dicts
        ``{"boxes": (k, 4), "labels": (k,)}``: x1 y1 x2 y2 in pixels, and the classes' names.

    Raises
    ------
    ImportError
        Without Pillow, by which the images' sizes are read; without PyYAML, if there is a YAML file
        and no other names.
    FileNotFoundError
    ValueError
        For lines of another form, and classes without a name.
    """
    root = _folder(folder)
    files = files_in(root)
    if not files:
        raise ValueError(f"{root} holds no images.")
    known = _yolo_names(root) if names is None else list(names)
    y = []
    for file in files:
        text = _yolo_text(file)
        codes, boxes = _yolo(text) if text.is_file() else ([], [])
        for code in codes:
            if known is not None and not 0 <= code < len(known):
                raise ValueError(f"{text} has class {code}, but there are {len(known)} names.")
        size = header(file)[:2]
        corners = convert_boxes(boxes, "yolo", "xyxy", size=size)
        labels: list[Any] = codes if known is None else [known[code] for code in codes]
        y.append(_item(str(file), corners, labels))
    return [str(file) for file in files], y


def _folder(folder: PathLike) -> Path:
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {root}.")
    return root


def _item(file: str, boxes: Any, labels: Iterable[Any]) -> dict[str, Any]:
    """Boxes and labels of an image, without what has no area."""
    corners, names = np.asarray(boxes, np.float64).reshape(-1, 4), np.asarray(list(labels))
    good = np.all(corners[:, 2:] > corners[:, :2], axis=1)
    if not good.all():
        some = f"{(~good).sum()} of {len(good)}"
        warnings.warn(f"{file}: {some} boxes have no area and are left out.", stacklevel=3)
    if not len(names):
        return {"boxes": np.zeros((0, 4)), "labels": np.array([], str)}
    return {"boxes": corners[good], "labels": names[good]}


# --- COCO -----------------------------------------------------------------------------------------


def _json(path: PathLike) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except ValueError as error:
            raise ValueError(f"{path} is no JSON: {error}.") from error
    keys = ("images", "annotations", "categories")
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise ValueError(
            f"{path} has no {missing[0]!r}; expected COCO's annotations of objects: images, "
            "annotations, categories."
        )
    return dict(content)


# --- VOC ------------------------------------------------------------------------------------------


def _voc(file: Path, pictures: Path, difficult: bool, first: int) -> tuple[str, dict[str, Any]]:
    """The image of an XML file, and what it shows."""
    try:
        content = ElementTree.parse(file).getroot()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {file}.") from None
    except ElementTree.ParseError as error:
        raise ValueError(f"{file} is no XML: {error}.") from error
    path = _picture(file, content.findtext("filename"), pictures)
    boxes, labels = [], []
    for k, entry in enumerate(content.iter("object")):
        if not difficult and (entry.findtext("difficult") or "0").strip() == "1":
            continue
        try:
            texts = (
                entry.findtext(f"bndbox/{key}") or "" for key in ("xmin", "ymin", "xmax", "ymax")
            )
            x1, y1, x2, y2 = map(float, texts)
        except ValueError:
            raise ValueError(
                f"{file}: object {k} has no box; expected bndbox with xmin, ymin, xmax and ymax."
            ) from None
        boxes.append([max(x1 - first, 0), max(y1 - first, 0), x2, y2])
        labels.append((entry.findtext("name") or "").strip())
    return path, _item(str(file), boxes, labels)


def _picture(file: Path, name: str | None, pictures: Path) -> str:
    """The image that an XML file belongs to: as it says, or of the same stem."""
    by_name = [pictures / Path(name.strip()).name] if name and name.strip() else []
    of_stem = (pictures / f"{file.stem}{suffix}" for suffix in sorted(SUFFIXES))
    for path in (*of_stem, *by_name):
        if path.is_file():
            return str(path)
    raise FileNotFoundError(f"there is no image of {file} in {pictures}.")


# --- YOLO -----------------------------------------------------------------------------------------


def _yolo_text(file: Path) -> Path:
    """Where the boxes of an image stand."""
    parts = list(file.parts)
    places = [k for k, part in enumerate(parts[:-1]) if part == "images"]
    if places:
        parts[places[-1]] = "labels"
        there = Path(*parts).with_suffix(".txt")
        if there.is_file():
            return there
    return file.with_suffix(".txt")


def _yolo(text: Path) -> tuple[list[int], list[list[float]]]:
    """Classes and boxes, as fractions."""
    codes, boxes = [], []
    for number, line in enumerate(text.read_text().splitlines(), 1):
        if not line.strip():
            continue
        try:
            code, *values = map(float, line.split())
            if code != int(code) or len(values) < 4 or len(values) % 2:
                raise ValueError
        except ValueError:
            raise ValueError(
                f"{text}, line {number}: {line.strip()[:60]!r}; expected a class and a box: class "
                "cx cy w h."
            ) from None
        if len(values) > 4:
            corners = np.reshape(values, (-1, 2))
            low, high = corners.min(axis=0), corners.max(axis=0)
            values = [*((low + high) / 2), *(high - low)]
        codes.append(int(code))
        boxes.append(values)
    return codes, boxes


def _yolo_names(root: Path) -> list[str] | None:
    """The names of classes, from a file in the folder or beside it."""
    for folder in (root, root.parent):
        plain = folder / "classes.txt"
        if plain.is_file():
            return [line.strip() for line in plain.read_text().splitlines() if line.strip()]
        for file in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
            names = _yaml(file).get("names")
            if names:
                return [str(names[i]) for i in range(len(names))]
    return None


def _yaml(file: Path) -> dict[str, Any]:
    try:
        import yaml
    except ImportError as missing:
        raise ImportError(
            f"the names of classes stand in {file}, which needs PyYAML: pip install pyyaml. Or "
            "pass names=[...]."
        ) from missing
    content = yaml.safe_load(file.read_text())
    return content if isinstance(content, dict) else {}
