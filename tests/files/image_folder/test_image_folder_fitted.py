"""ImageFolder as X of estimators."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from image_files import COLOURS, GREY, classes, net, save
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split

from fastdl import CNNClassifier, SuperResolver
from fastdl.data import ImageFolder


def test_as_X_of_a_network(tmp_path):
    folder = ImageFolder(classes(tmp_path, 12), size=8)
    train, test = train_test_split(folder, stratify=folder.y, random_state=0)
    fitted = net().fit(train, train.y, X_val=test, y_val=test.y)
    assert fitted.score(test, test.y) == 1
    same = net().fit(np.asarray(train), train.y, X_val=np.asarray(test), y_val=test.y)
    assert (same.predict_proba(folder) == fitted.predict_proba(np.asarray(folder))).all()
    assert cross_val_score(net(), folder, folder.y, cv=3).mean() == 1
    search = GridSearchCV(net(), {"max_epochs": [20]}, cv=2).fit(folder, folder.y)
    assert search.best_score_ == 1
    held_out = net(early_stopping=True, max_epochs=2, scoring="accuracy").fit(folder, folder.y)
    assert held_out.n_iter_ <= 2


def test_in_other_processes(tmp_path):
    folder = ImageFolder(classes(tmp_path), size=4)
    part = folder[::2]
    np.asarray(part)
    other = pickle.loads(pickle.dumps(part))
    assert (np.asarray(other) == np.asarray(part)).all()
    assert other.y.tolist() == part.y.tolist()
    save(tmp_path / "dark" / "0.png", GREY)
    mixed = ImageFolder(tmp_path, size=4)[:1]  # grey, but among colours
    assert pickle.loads(pickle.dumps(mixed)).shape == mixed.shape == (1, 4, 4, 3)


CHILD = """
import resource, sys, warnings
from fastdl import NetClassifier, layers as L
from fastdl.data import ImageFolder

warnings.simplefilter("ignore")
def fit(folder):
    layers = [L.MaxPool2D(25), L.Flatten()]
    net = NetClassifier(layers, max_epochs=1, batch_size=4, n_jobs=1, random_state=0)
    return net.fit(folder, folder.y)

folder = ImageFolder(sys.argv[1:] * 200, [0, 1] * 400)
fit(ImageFolder(folder.paths[:4], [0, 1] * 2))  # imports, starts threads
data = int(open("/proc/self/status").read().split("VmData:")[1].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (data + (24 << 20),) * 2)
fit(folder)
fit(folder[::-1])  # copied, on disk
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_images_need_not_fit_into_memory(tmp_path):
    """48 MB of decoded images, and a copy of them on disk, in fits that may take 24 MB."""
    path = save(tmp_path / "a.png", np.zeros((250, 250), np.uint8))
    command = [sys.executable, "-c", CHILD, *[path] * 4]
    child = subprocess.run(command, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr


def test_images_of_several_sizes_are_a_list(tmp_path):
    classes(tmp_path, 2)
    save(tmp_path / "light" / "5.png")
    folder = ImageFolder(tmp_path)
    assert [image.shape for image in folder] == [(6, 8, 3)] * 4 + [(12, 16, 3)]
    assert not hasattr(folder, "shape")
    assert [image.shape for image in folder[3:]] == [(6, 8, 3), (12, 16, 3)]
    assert folder[:4].shape == (4, 6, 8, 3)
    assert (np.asarray(folder[:4])[3] == folder[3]).all()
    text = (
        f"{folder.paths[0]} and {folder.paths[4]} are of 6x8 and 12x16 pixels; an array of images "
        "has one size. Pass size=(height, width) to ImageFolder."
    )
    for call in (lambda: np.asarray(folder), lambda: CNNClassifier().fit(folder, folder.y)):
        with pytest.raises(ValueError, match="of images has one size") as caught:
            call()
        assert str(caught.value) == text


def test_images_to_enlarge(tmp_path):
    save(classes(tmp_path, 2, (20, 24)) / "light" / "5.png", np.tile(COLOURS, (2, 1, 1)))
    folder = ImageFolder(tmp_path)
    resolver = SuperResolver(
        scale=2, network="espcn", patch_size=12, max_epochs=1, random_state=0
    ).fit(folder)
    assert [x.shape for x in resolver.predict(folder[3:])] == [(40, 48, 3), (48, 32, 3)]
