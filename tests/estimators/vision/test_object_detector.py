"""ObjectDetector: that it finds objects, what it takes, and what its answers are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split

import fastdl
from fastdl import ObjectDetector
from fastdl import layers as L
from fastdl.data import ImageFolder
from fastdl.estimators.vision.detection.objects import found_in
from fastdl.metrics import box_iou, mean_average_precision_score
from fastdl.samples import Boxes

TINY = [
    L.Conv2D(12, 3, stride=2, padding="same"),
    L.BatchNorm(),
    L.Activation("relu"),
    L.Conv2D(24, 3, stride=2, padding="same"),
    L.BatchNorm(),
    L.Activation("relu"),
    L.Conv2D(24, 3, padding="same"),
    L.BatchNorm(),
    L.Activation("relu"),
]
QUICK: dict[str, Any] = {"network": TINY, "max_epochs": 2, "random_state": 0, "n_jobs": 1}
Sample = tuple[NDArray[np.uint8], dict[str, Any]]


def scene(rng: np.random.Generator, height: int = 32, width: int = 40) -> Sample:
    """Full squares and hollow ones, none over another."""
    image = rng.integers(0, 40, (height, width, 1)).astype(np.uint8)
    boxes: list[list[int]] = []
    labels = []
    for _ in range(rng.integers(0, 4)):
        size = int(rng.integers(7, 13))
        top, left = int(rng.integers(height - size + 1)), int(rng.integers(width - size + 1))
        box = [left, top, left + size, top + size]
        if boxes and box_iou([box], boxes).max() > 0:
            continue
        hollow = bool(rng.integers(2))
        image[top : top + size, left : left + size] = 220
        if hollow:
            image[top + 2 : top + size - 2, left + 2 : left + size - 2] = 20
        boxes.append(box)
        labels.append("hollow" if hollow else "full")
    return image, {"boxes": boxes, "labels": labels}


def scenes(n: int, seed: int = 0, **size: int) -> tuple[list[Any], list[Any]]:
    rng = np.random.default_rng(seed)
    X, y = zip(*(scene(rng, **size) for _ in range(n)), strict=True)
    return list(X), list(y)


X, Y = scenes(64)
ARRAY = np.array(X)


@pytest.fixture(scope="module")
def learnt() -> ObjectDetector:
    return ObjectDetector(TINY, max_epochs=40, random_state=0).fit(X, Y)


def same(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> bool:
    return all(
        one.keys() == other.keys()
        and all(
            one[k].dtype == other[k].dtype and one[k].tolist() == other[k].tolist() for k in one
        )
        for one, other in zip(a, b, strict=True)
    )


def test_it_finds_objects(learnt: ObjectDetector) -> None:
    """In images that it has not seen, of both classes."""
    X_new, y_new = scenes(40, seed=1)
    assert learnt.classes_.tolist() == ["full", "hollow"]
    assert learnt.score(X_new, y_new) > 0.85
    assert learnt.score(X_new, y_new) == mean_average_precision_score(y_new, learnt.predict(X_new))


def test_answers(learnt: ObjectDetector) -> None:
    """By falling score, within the image, none that says the same as another of its class."""
    learnt = fastdl.ObjectDetector(**{**learnt.get_params(deep=False), "score_threshold": 0.01})
    learnt.fit(X, Y)
    for image, answer in zip(X, learnt.predict(X), strict=True):
        boxes, scores, labels = answer["boxes"], answer["scores"], answer["labels"]
        assert list(answer) == ["boxes", "labels", "scores"]
        assert boxes.shape == (len(scores), 4)
        assert labels.shape == scores.shape
        assert boxes.dtype == scores.dtype == np.float64
        assert (np.diff(scores) <= 0).all()
        assert ((scores >= 0.01) & (scores <= 1)).all()
        assert (boxes >= 0).all()
        assert (boxes[:, 2:] <= [image.shape[1], image.shape[0]]).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        for label in set(labels.tolist()):
            overlap = box_iou(boxes[labels == label], boxes[labels == label])
            assert overlap[~np.eye(len(overlap), dtype=bool)].max(initial=0) <= 0.5


def test_words_of_answers(learnt: ObjectDetector) -> None:
    """They may be set after fit."""
    all_of_them = learnt.predict(X[:20])
    learnt.set_params(score_threshold=0.5, max_boxes=1)
    few = learnt.predict(X[:20])
    learnt.set_params(score_threshold=0.1, max_boxes=100)
    assert max(len(a["scores"]) for a in few) == 1
    for many, one in zip(all_of_them, few, strict=True):
        best = (many["scores"] >= 0.5).nonzero()[0][:1]
        assert one["boxes"].tolist() == many["boxes"][best].tolist()


def test_forms_of_images() -> None:
    """Arrays, lists, arrays of objects; without the channel; uint8 and numbers of other types."""
    plain = ObjectDetector(**QUICK).fit(ARRAY, Y)
    found = plain.predict(ARRAY)
    objects = np.empty(len(X), object)
    objects[:] = X
    of_y = np.empty(len(Y), object)
    of_y[:] = Y
    for images, y in (
        (X, Y),
        (tuple(X), tuple(Y)),
        (objects, of_y),
        (ARRAY[..., 0], Y),
        ([image[..., 0] for image in X], Y),
        (ARRAY.astype(np.float32), Y),
    ):
        other = ObjectDetector(**QUICK).fit(images, y)
        assert same(other.predict(images), found)
    assert plain.input_shape_ == (32, 40, 1)
    assert plain.n_features_in_ == 32 * 40


@pytest.mark.parametrize("sizes", [(32,), (32, 28)])
def test_images_on_disk(sizes: tuple[int, ...], tmp_path: Path) -> None:
    """As the same images in memory, of one size or of several."""
    pillow = pytest.importorskip("PIL.Image")
    images = [image[: sizes[i % len(sizes)], ..., 0] for i, image in enumerate(X[:12])]
    y = [{"boxes": [[2, 3, 12, 14]], "labels": ["some"]}] * 12
    for i, image in enumerate(images):
        pillow.fromarray(image).save(tmp_path / f"{i:02}.png")
    folder = ImageFolder(tmp_path, y)
    on_disk = ObjectDetector(**QUICK).fit(folder, folder.y)
    in_memory = ObjectDetector(**QUICK).fit(images, y)
    assert same(on_disk.predict(folder), in_memory.predict(images))
    assert on_disk.score(folder, folder.y) == in_memory.score(images, y)


def test_several_sizes(learnt: ObjectDetector) -> None:
    """Padded to the largest in fit; answers do not depend on the images beside them."""
    sizes = [(30, 41), (24, 50), (32, 20), (37, 33)]
    rng = np.random.default_rng(3)
    parts = [scene(rng, *sizes[i % 4]) for i in range(32)]
    images, y = [x for x, _ in parts], [t for _, t in parts]
    detector = ObjectDetector(**QUICK).fit(images, y)
    assert detector.input_shape_ == (40, 52, 1)
    for model in (detector, learnt):
        together = model.predict(images)
        alone = [model.predict([image])[0] for image in images]
        assert same(together, alone)
        assert same(model.predict(images[::-1])[::-1], together)
    assert learnt.score(images, y) > 0.7


def test_images_larger_than_those_of_fit(learnt: ObjectDetector) -> None:
    """The same layers, and weights as they are now: no program of an earlier fit."""
    X_large, y_large = scenes(6, seed=4, height=70, width=90)
    assert learnt.score(X_large, y_large) > 0.7
    detector = ObjectDetector(**QUICK).fit(X, Y)
    before = detector.predict(X_large)
    detector.partial_fit(X, Y)
    after = detector.predict(X_large)
    assert same(after, clone_by_file(detector).predict(X_large))
    assert not same(before, after)


def clone_by_file(detector: ObjectDetector) -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        detector.save(Path(folder, "model"))
        return fastdl.load(Path(folder, "model"))


def test_save_and_load(learnt: ObjectDetector) -> None:
    loaded = clone_by_file(learnt)
    assert same(loaded.predict(X), learnt.predict(X))
    assert loaded.classes_.tolist() == learnt.classes_.tolist()
    assert loaded.score(X, Y) == learnt.score(X, Y)


def test_the_same_for_any_threads_and_batch(learnt: ObjectDetector) -> None:
    found = learnt.predict(X)
    options = {**QUICK, "augment": L.Augment(flip="both", shift=4, scale=0.2)}
    weights = []
    for n_jobs in (1, 2, 4):
        learnt.set_params(n_jobs=n_jobs)
        assert same(learnt.predict(X), found)
        detector = ObjectDetector(**{**options, "n_jobs": n_jobs}).fit(X, Y)
        weights.append({k: v.tobytes() for k, v in detector.get_weights().items()})
    assert weights[0] == weights[1] == weights[2]
    for size in (1, 3, 17):
        parts = [learnt.predict(X[i : i + size]) for i in range(0, len(X), size)]
        assert same([answer for part in parts for answer in part], found)


def test_augmented_it_learns_too() -> None:
    """Boxes that did not move along would be learnt in the wrong places."""
    augment = L.Augment(flip="both", shift=6, scale=0.2)
    detector = ObjectDetector(TINY, augment=augment, max_epochs=40, random_state=0).fit(X, Y)
    X_new, y_new = scenes(40, seed=1)
    assert detector.score(X_new, y_new) > 0.85


def test_crop() -> None:
    """Learnt in parts, found in the whole; objects that are cut off count where a quarter is left.

    The validation score is of the middle.
    """
    augment = L.Augment(crop=(24, 32), flip="both")
    detector = ObjectDetector(TINY, augment=augment, max_epochs=40, random_state=0)
    detector.fit(X, Y, X_val=X[:20], y_val=Y[:20])
    X_new, y_new = scenes(40, seed=1)
    assert detector.score(X_new, y_new) > 0.8
    middle = [image[4:28, 4:36] for image in X[:20]]
    moved = Boxes(
        tuple(np.array(t["boxes"], float).reshape(-1, 4) for t in Y[:20]),
        tuple(np.array(t["labels"]) for t in Y[:20]),
        np.full((20, 2), [32, 40]),
    )
    from fastdl.estimators.vision.detection.objects import middle_of

    truth = middle_of(moved, (32, 40), (24, 32)).given
    last = detector.score(middle, truth)
    best = max(detector.validation_scores_ or [])
    assert best == pytest.approx(last, abs=1e-12)


def test_validation_set_and_early_stopping() -> None:
    X_val, y_val = scenes(20, seed=5)
    options = {**QUICK, "max_epochs": 12, "n_iter_no_change": 2, "early_stopping": True}
    detector = ObjectDetector(**options).fit(X, Y, X_val=X_val, y_val=y_val)
    scores = detector.validation_scores_
    assert scores is not None
    assert detector.best_iter_ == 1 + int(np.argmax(scores))
    assert detector.score(X_val, y_val) == max(scores)
    assert np.isfinite(detector.validation_loss_curve_).all()
    held_out = ObjectDetector(**{**options, "validation_fraction": 0.3}).fit(X, Y)
    assert held_out.validation_scores_ is not None


def test_scikit_learn_s_tools() -> None:
    """Splits and searches take lists, and arrays of objects."""
    of_y = np.empty(len(Y), object)
    of_y[:] = Y
    detector = ObjectDetector(**QUICK)
    assert not is_classifier(detector)
    for y in (Y, of_y):
        scores = cross_val_score(detector, X, y, cv=3, error_score="raise")
        assert scores.shape == (3,)
        grid = GridSearchCV(detector, {"augment__shift": [0, 2]}, cv=2, error_score="raise")
        grid.estimator = clone(detector).set_params(augment=L.Augment(flip="both"))
        grid.fit(X, y)
        assert np.isfinite(grid.cv_results_["mean_test_score"]).all()
        parts = train_test_split(X, y, random_state=0)
        detector.fit(parts[0], parts[2]).score(parts[1], parts[3])


@pytest.mark.parametrize(
    "labels", [[3, 7], [True, False], [0.5, 2.5], ["ä", "b"], np.array(["x", "y"], object)]
)
def test_labels_of_any_type(labels: Any) -> None:
    y = [
        {"boxes": t["boxes"], "labels": [labels[int(name == "full")] for name in t["labels"]]}
        for t in Y
    ]
    detector = ObjectDetector(**{**QUICK, "score_threshold": 0.0}).fit(X, y)
    assert detector.classes_.tolist() == sorted(labels)
    (answer,) = detector.predict(X[:1])
    assert set(answer["labels"].tolist()) <= set(labels)


def test_no_boxes_one_class_and_classes_of_one_box() -> None:
    empty = [
        {"boxes": np.zeros((0, 4)), "labels": []},
        {"boxes": [], "labels": np.zeros(0, int)},
        {"boxes": [[0, 0, 40, 32]], "labels": ["all"]},  # at all borders
        {"boxes": [[-3, -2, 8, 9]], "labels": ["all"]},  # across it
    ]
    detector = ObjectDetector(**QUICK).fit(X[:4], empty)
    assert detector.classes_.tolist() == ["all"]
    assert np.isfinite(detector.loss_)
    rare = [*Y[:30], {"boxes": [[2, 2, 9, 9]], "labels": ["rare"]}]
    detector = ObjectDetector(**QUICK).fit(X[:31], rare)
    assert detector.classes_.tolist() == ["full", "hollow", "rare"]
    assert ObjectDetector(**QUICK).fit(X[2:3], empty[2:3]).n_iter_ == 2  # one image


def test_partial_fit() -> None:
    detector = ObjectDetector(**QUICK)
    detector.partial_fit(X[:30], Y[:30], classes=["full", "hollow", "none"])
    detector.partial_fit(X[30:], Y[30:])
    assert detector.classes_.tolist() == ["full", "hollow", "none"]
    assert detector.n_iter_ == 1
    assert len(detector.loss_curve_) == 2


def test_weights_of_images() -> None:
    """Those of no weight are not learnt from."""
    weight = np.arange(64) % 2
    detector = ObjectDetector(TINY, max_epochs=3, shuffle=False, batch_size=64, random_state=0)
    y = [t if w else {"boxes": [[0, 0, 9, 9]], "labels": ["full"]} for t, w in zip(Y, weight)]  # noqa: B905
    one = clone(detector).fit(X, Y, weight).get_weights()["output.weight"]
    other = clone(detector).fit(X, y, weight).get_weights()["output.weight"]
    np.testing.assert_array_equal(one, other)


def test_reading_of_maps() -> None:
    """Peaks, of which the higher of two neighbours counts; offsets and sizes; the border."""
    cells = np.zeros((4, 5, 6))
    cells[..., 4:] = -9
    cells[1, 2, :5] = [0.25, 0.5, np.log(2), np.log(1), 2]
    cells[1, 3, :5] = [0.5, 0.5, 0, 0, 1]  # its neighbour is higher
    cells[3, 4, 2:] = [np.log(4), np.log(4), -9, 0]
    options = {"score_threshold": 0.1, "iou_threshold": 0.5, "max_boxes": 9}
    found = found_in(cells, (15, 20), (16, 20), np.array(["a", "b"]), **options)
    assert found["labels"].tolist() == ["a", "b"]
    np.testing.assert_allclose(found["scores"], [1 / (1 + np.exp(-2)), 0.5])
    np.testing.assert_allclose(found["boxes"], [[5, 4, 13, 8], [8, 4, 20, 15]])
    options["max_boxes"] = 1
    assert len(found_in(cells, (15, 20), (16, 20), np.array(["a", "b"]), **options)["boxes"]) == 1
    options["score_threshold"] = 1.0
    nothing = found_in(cells, (15, 20), (16, 20), np.array(["a", "b"]), **options)
    assert nothing["boxes"].shape == (0, 4)
    assert nothing["labels"].dtype.kind == "U"


def test_networks() -> None:
    """The small one; a list with its own output; strides that do not divide the images."""
    small = ObjectDetector(max_epochs=1, random_state=0).fit(X[:8], Y[:8])
    assert small.input_shape_ == (32, 48, 1)
    assert small.program_.output_shape == (8, 12, 6)
    large = small._program_for((480, 640, 1), 1)
    assert large.memory()["prediction"] < 40e6  # of one image; its input is 1.2 MB
    own = [*TINY, L.Conv2D(6, 1, name="mine")]
    assert ObjectDetector(**{**QUICK, "network": own}).fit(X, Y).program_.layers[-1].name == "mine"
    table = ObjectDetector().summary((30, 41), n_outputs=2)
    assert table == ObjectDetector().summary((32, 48, 1), 2)
    assert "8x12x6" in table
    pooled = [L.Conv2D(4, 3, padding="same"), L.MaxPool2D(3)]
    detector = ObjectDetector(**{**QUICK, "network": pooled})
    with pytest.raises(ValueError, match="smaller by a whole number"):
        detector.fit(X, Y)
