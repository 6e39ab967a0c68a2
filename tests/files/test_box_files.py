"""Data sets of boxes: COCO's JSON, VOC's XML, YOLO's text."""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from fastdl.data import ImageFolder, boxes_from_coco, boxes_from_voc, boxes_from_yolo
from fastdl.data._boxes import checked_boxes

Image = pytest.importorskip("PIL.Image")


def picture(path, height=20, width=40):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (width, height), 90).save(path)
    return path


def plain(y):
    return [(one["boxes"].tolist(), one["labels"].tolist()) for one in y]


# --- COCO ---------------------------------------------------------------------------------------


def coco(**changed):
    return {
        "images": [{"id": 7, "file_name": "b.png"}, {"id": 3, "file_name": "deep/a.png"}],
        "categories": [{"id": 1, "name": "cell"}, {"id": 18, "name": "plate"}],
        "annotations": [
            {"image_id": 3, "category_id": 18, "bbox": [1, 2, 10.5, 4], "iscrowd": 0},
            {"image_id": 3, "category_id": 1, "bbox": [0, 0, 5, 5], "area": 25},
            {"image_id": 3, "category_id": 1, "bbox": [9, 9, 5, 5], "iscrowd": 1},
        ],
    } | changed


def coco_file(folder, content):
    path = folder / "instances.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_coco(tmp_path):
    paths, y = boxes_from_coco(coco_file(tmp_path, coco()))
    assert paths == [str(tmp_path / "b.png"), str(tmp_path / "deep" / "a.png")]
    assert plain(y) == [([], []), ([[1, 2, 11.5, 6], [0, 0, 5, 5]], ["plate", "cell"])]
    assert len(checked_boxes(y, to_learn=True, sizes=(20, 40))) == 2
    other, _ = boxes_from_coco(str(tmp_path / "instances.json"), tmp_path / "photos")
    assert other[0] == str(tmp_path / "photos" / "b.png")


def test_boxes_of_coco_without_an_area_are_left_out(tmp_path):
    notes = [{"image_id": 7, "category_id": 1, "bbox": b} for b in ([0, 0, 5, 5], [3, 3, 0, 4])]
    path = coco_file(tmp_path, coco(annotations=notes))
    with pytest.warns(UserWarning, match="b.png: 1 of 2 boxes have no area and are left out"):
        _, y = boxes_from_coco(path)
    assert plain(y)[0] == ([[0, 0, 5, 5]], ["cell"])


# --- VOC ----------------------------------------------------------------------------------------


def thing(name="RBC", box=(1, 1, 10, 20), difficult=0):
    keys = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    corners = "".join(f"<{key}>{value}</{key}>" for key, value in keys)
    return (
        f"<object><name> {name}\n</name><difficult>{difficult}</difficult>"
        f"<part><bndbox><xmin>9</xmin></bndbox></part><bndbox>{corners}</bndbox></object>"
    )


def voc(folder, stem, *things, picture_name=None):
    where = folder / "Annotations"
    where.mkdir(exist_ok=True)
    inner = f"<filename>{picture_name or stem + '.jpg'}</filename>{''.join(things)}"
    (where / f"{stem}.xml").write_text(f"<annotation>{inner}</annotation>")
    return picture(folder / "JPEGImages" / (picture_name or f"{stem}.jpg"))


def test_voc(tmp_path):
    b = voc(tmp_path, "b", thing(), thing("WBC", (3, 4, 5, 6)), thing("WBC", difficult=1))
    a = voc(tmp_path, "a")
    paths, y = boxes_from_voc(tmp_path)
    assert paths == [str(a), str(b)]
    assert plain(y) == [([], []), ([[0, 0, 10, 20], [2, 3, 5, 6]], ["RBC", "WBC"])]
    _, y = boxes_from_voc(tmp_path, difficult=True)
    assert y[1]["labels"].tolist() == ["RBC", "WBC", "WBC"]
    _, y = boxes_from_voc(tmp_path, first_pixel=0)
    assert y[1]["boxes"].tolist() == [[1, 1, 10, 20], [3, 4, 5, 6]]


def test_lists_of_voc(tmp_path):
    for stem in "abc":
        voc(tmp_path, stem, thing())
    (tmp_path / "ImageSets" / "Main").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Main" / "test.txt").write_text("c  1\na -1\n\n")
    paths, _ = boxes_from_voc(tmp_path, "test")
    assert [Path(path).stem for path in paths] == ["c", "a"]


def test_voc_in_one_folder(tmp_path):
    voc(tmp_path, "a", thing(box=(0, 0, 4, 4)), picture_name="other.png")
    for file in (*tmp_path.glob("Annotations/*"), *tmp_path.glob("JPEGImages/*")):
        file.rename(tmp_path / file.name)
    (tmp_path / "Annotations").rmdir()
    (tmp_path / "JPEGImages").rmdir()
    paths, y = boxes_from_voc(tmp_path)
    assert paths == [str(tmp_path / "other.png")]
    assert y[0]["boxes"].tolist() == [[0, 0, 4, 4]]


# --- YOLO ---------------------------------------------------------------------------------------


def yolo(folder, names=None):
    a, b = (picture(folder / "images" / "train" / f"{stem}.png") for stem in "ab")
    text = folder / "labels" / "train" / "a.txt"
    text.parent.mkdir(parents=True)
    text.write_text("1 0.5 0.5 0.5 1\n\n0 0.1 0.2 0.3 0.2 0.3 0.8\n")
    if names:
        (folder / "classes.txt").write_text("\n".join(names))
    return a, b


def test_yolo(tmp_path):
    a, b = yolo(tmp_path, ["cell", "plate"])
    paths, y = boxes_from_yolo(tmp_path)
    assert paths == [str(a), str(b)]
    expected = [[10, 0, 30, 20], [4, 4, 12, 16]]  # the second of a triangle
    np.testing.assert_allclose(y[0]["boxes"], expected, rtol=1e-14)
    assert y[0]["labels"].tolist() == ["plate", "cell"]
    assert plain(y)[1] == ([], [])
    folder = ImageFolder(paths, y, size=20, fit="stretch")
    np.testing.assert_allclose(folder.y[0]["boxes"], [[5, 0, 15, 20], [2, 4, 6, 16]], rtol=1e-14)


def test_names_of_yolo(tmp_path, monkeypatch):
    yolo(tmp_path)
    _, y = boxes_from_yolo(tmp_path / "images")
    assert y[0]["labels"].tolist() == [1, 0]
    _, y = boxes_from_yolo(tmp_path, names=["x", "z"])
    assert y[0]["labels"].tolist() == ["z", "x"]
    (tmp_path / "data.yaml").write_text("names: {0: cell, 1: plate}")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ImportError, match=r"data.yaml, which needs PyYAML: pip install pyyaml"):
        boxes_from_yolo(tmp_path)
    for names in ({0: "cell", 1: "plate"}, ["cell", "plate"]):
        reader = types.SimpleNamespace(safe_load=lambda text, names=names: {"names": names})
        monkeypatch.setitem(sys.modules, "yaml", reader)
        _, y = boxes_from_yolo(tmp_path / "images")
        assert y[0]["labels"].tolist() == ["plate", "cell"]
