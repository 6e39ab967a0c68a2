"""Boxes of objects: overlap, suppression, average precision; by hand and beside pycocotools."""

import contextlib
import io

import numpy as np
import pytest

from fastdl import _core
from fastdl.data import convert_boxes
from fastdl.metrics import (
    average_precision_scores,
    box_iou,
    mean_average_precision_score,
    non_max_suppression,
)

A, B, C = [0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]


def truth(*boxes, labels=None):
    return {"boxes": list(boxes), "labels": ["a"] * len(boxes) if labels is None else labels}


def found(*boxes, scores, labels=None):
    return truth(*boxes, labels=labels) | {"scores": list(scores)}


def random_boxes(random, n, size=100, least=0):
    corner = random.integers(0, size, (n, 2)).astype(float)
    return np.hstack([corner, corner + random.integers(least, size // 3, (n, 2))])


# --- overlap ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (A, A, 1),
        (A, B, 0),
        (A, [10, 0, 20, 10], 0),  # side by side
        (A, [5, 0, 15, 10], 1 / 3),
        (A, [0, 0, 5, 5], 1 / 4),
        (A, [5, 5, 15, 15], 1 / 7),
        ([3, 3, 3, 3], [3, 3, 3, 3], 0),  # no area
        ([2, 2, 2, 8], A, 0),
        ([-10, -10, 0, 0], [-5, -5, 5, 5], 1 / 7),
    ],
)
def test_overlap_of_two(a, b, expected):
    assert box_iou([a], [b])[0, 0] == pytest.approx(expected, abs=1e-15)
    assert box_iou([b], [a])[0, 0] == box_iou([a], [b])[0, 0]


def test_overlap_has_a_row_for_each_of_the_first():
    assert box_iou(np.zeros((0, 4)), [A, B]).shape == (0, 2)
    assert box_iou([A, B, C], []).shape == (3, 0)
    assert box_iou(np.array([A, B], np.uint8), np.array([A, B, C], np.float32)).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
    ]


# --- suppression --------------------------------------------------------------------------------


def suppressed(boxes, scores, threshold, labels=None):
    """The rule, word for word."""
    kept = []
    overlap = box_iou(boxes, boxes)
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        same = [k for k in kept if labels is None or labels[k] == labels[i]]
        if not any(overlap[k, i] > threshold for k in same):
            kept.append(i)
    return kept


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("labels", [None, "abc"])
def test_suppression_is_its_rule(threshold, labels):
    random = np.random.default_rng(7)
    for n, size in [(1, 20), (40, 20), (150, 60), (150, 400)]:
        boxes = random_boxes(random, n, size)
        boxes[:, [0, 2]] *= random.choice([1, 50])  # crowded along the one axis or the other
        scores = random.integers(0, 10, n) / 10  # with ties
        names = None if labels is None else random.choice(list(labels), n)
        answer = non_max_suppression(boxes, scores, threshold, labels=names)
        assert answer.tolist() == suppressed(boxes, scores, threshold, names)
        best = non_max_suppression(boxes, scores, threshold, labels=names, max_boxes=5)
        assert best.tolist() == answer[:5].tolist()


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.8, 0.95])
def test_suppression_where_all_overlap(threshold):
    """Crowded along both axes, of all sizes; and some so small or large that areas are not."""
    random = np.random.default_rng(8)
    low = random.random((400, 2))
    boxes = np.hstack([low, low + np.exp(random.uniform(-1, 5, (400, 2)))])
    boxes[::7] = boxes[::7].round()  # the same ones, some without an area
    boxes[::50] *= 1e-160
    boxes[::60] *= 1e160
    scores = random.integers(0, 100, 400) / 100
    with np.errstate(over="ignore", invalid="ignore"):
        expected = suppressed(boxes, scores, threshold)
    assert non_max_suppression(boxes, scores, threshold).tolist() == expected


def test_equal_scores_go_by_index():
    random = np.random.default_rng(9)
    scores = np.concatenate([random.integers(-2, 3, 500) / 2, [-0.0, 0.0, 1e300]])
    boxes = np.arange(len(scores))[:, np.newaxis] * 10 + [0, 0, 5, 5]
    expected = np.argsort(-scores, kind="stable")
    assert non_max_suppression(boxes, scores).tolist() == expected.tolist()


def test_suppression_by_hand():
    boxes = [A, [1, 0, 11, 10], B, A]
    assert non_max_suppression(boxes, [0.8, 0.9, 0.9, 0.8]).tolist() == [1, 2]
    assert non_max_suppression(boxes, [0.5, 0.5, 0.5, 0.5]).tolist() == [0, 2]
    assert non_max_suppression(boxes, [1, 2, 3, 4], labels=["x", "y", "x", "z"]).tolist() == [
        3,
        2,
        1,
        0,
    ]
    assert non_max_suppression([A, [0, 0, 10, 5]], [1, 0], 0.5).tolist() == [0, 1]  # just 0.5
    assert non_max_suppression([A, A], [-np.inf, np.inf], 0.0).tolist() == [1]
    assert non_max_suppression([], []).shape == (0,)
    assert non_max_suppression([], [], labels=[]).dtype == np.int64


# --- average precision --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y_true", "y_pred", "expected"),
    [
        ([truth(A, B)], [found(A, scores=[0.9])], 51 / 101),
        ([truth(A, B)], [found(A, B, scores=[0.1, 0.2])], 1),
        ([truth(A)], [found(scores=[])], 0),
        # The best answer is wrong: precision 0, 1/2, 2/3 at recalls 0, 1/2, 1.
        ([truth(A, B)], [found(C, A, B, scores=[3, 2, 1])], 2 / 3),
        # The second wrong: 1 up to a recall of 1/2, 2/3 after it.
        ([truth(A, B)], [found(A, C, B, scores=[3, 2, 1])], (51 + 50 * 2 / 3) / 101),
        # An object is found once; who finds it again is wrong.
        ([truth(A, B)], [found(A, A, scores=[2, 1])], 51 / 101),
        ([truth(A, B)], [found(A, A, B, scores=[3, 2, 1])], (51 + 50 * 2 / 3) / 101),
        # Scores count over all images, the first of equal ones first.
        ([truth(A), truth(B)], [found(C, scores=[0.3]), found(B, scores=[0.5])], 51 / 101),
        ([truth(A), truth(B)], [found(C, scores=[0.5]), found(B, scores=[0.5])], 51 / 101 / 2),
        ([truth(A), truth(B)], [found(A, scores=[0.5]), found(C, scores=[0.5])], 51 / 101),
        # Nothing there: an answer is wrong all the same.
        ([truth(), truth(B)], [found(A, scores=[1]), found(B, scores=[0])], 1 / 2),
        # An overlap of the threshold is enough, just below it not.
        ([truth(A)], [found([0, 0, 10, 5], scores=[1])], 1),
        ([truth(A)], [found([0, 0, 10, 4.99], scores=[1])], 0),
        # The one that overlaps it most, not the first; a taken one is passed over.
        (
            [truth([0, 0, 10, 10], [2, 0, 12, 10])],
            [found([2, 0, 12, 10], [0, 0, 10, 10], scores=[2, 1])],
            1,
        ),
        (
            [truth([0, 0, 10, 10], [2, 0, 12, 10])],
            [found([2, 0, 12, 10], [3, 0, 12, 10], scores=[2, 1])],
            1,
        ),
        # Classes do not find each other's; those that are not there are left out of the mean.
        (
            [truth(A, B, labels=["x", "y"])],
            [found(A, B, C, scores=[3, 2, 9], labels=["x", "x", "z"])],
            (1 + 0) / 2,
        ),
    ],
)
def test_by_hand(y_true, y_pred, expected):
    assert mean_average_precision_score(y_true, y_pred) == pytest.approx(expected, abs=1e-15)


def test_one_of_two_is_exact():
    assert mean_average_precision_score([truth(A, B)], [found(A, scores=[1])]) == 51 / 101


def test_by_class_in_the_types_of_the_labels():
    y_true = [truth(A, B, labels=np.array([7, 3])), truth(C, labels=[3]), truth()]
    y_pred = [
        found(A, scores=[1], labels=[7]),
        found(C, scores=[1], labels=[3.0]),
        found(scores=[]),
    ]
    assert average_precision_scores(y_true, y_pred) == {3: 51 / 101, 7: 1}
    assert list(average_precision_scores(y_true, y_pred)) == [3, 7]
    strings = average_precision_scores(
        [truth(A, labels=np.array(["x"], object))], [found(scores=[])]
    )
    assert strings == {"x": 0}
    assert type(next(iter(strings))) is str


def test_several_thresholds_give_the_mean():
    y_true, y_pred = [truth(A)], [found([0, 0, 10, 7], scores=[1])]
    assert mean_average_precision_score(y_true, y_pred, iou_threshold=[0.5, 0.75]) == 1 / 2
    ten = np.linspace(0.5, 0.95, 10)
    assert mean_average_precision_score(y_true, y_pred, iou_threshold=ten) == 1 / 2
    assert mean_average_precision_score([truth(A)], [found(A, scores=[1])], iou_threshold=1) == 1


def test_the_hundred_best_of_a_class_in_an_image_count():
    wrong = [[i, 50, i + 1, 51] for i in range(100)]
    late = [found(*wrong, A, scores=[*np.linspace(1, 2, 100), 0.5])]
    assert mean_average_precision_score([truth(A)], late) == 0
    y_pred = [found(*wrong[1:], A, scores=[*np.linspace(1, 2, 99), 0.5])]
    assert mean_average_precision_score([truth(A)], y_pred) == pytest.approx(1 / 100)
    others = late[0] | {"labels": ["b"] * 100 + ["a"]}
    assert average_precision_scores([truth(A, B, labels=["a", "b"])], [others]) == {"a": 1, "b": 0}


def test_without_objects_it_is_not_defined():
    with pytest.warns(UserWarning, match="^y_true has no boxes, so the average precision is not"):
        assert np.isnan(mean_average_precision_score([truth()], [found(A, scores=[1])]))
    assert average_precision_scores([truth()], [found(A, scores=[1])]) == {}


def test_any_list_of_dicts():
    """Object arrays, as splits make them; what is not needed may be there."""
    y_true, y_pred = [truth(A, B), truth()], [found(A, B, scores=[1, 1]), found(scores=[])]
    assert mean_average_precision_score(np.array(y_true), np.array(y_pred)) == 1
    assert mean_average_precision_score(y_pred, tuple(y_pred)) == 1
    assert mean_average_precision_score([truth(A)], [found(np.array(A, "u1"), scores=[1])]) == 1


# --- beside pycocotools -------------------------------------------------------------------------


def coco_scores(y_true, y_pred, thresholds):
    """The precision of each class that has objects, the mean over thresholds and recalls."""
    coco = pytest.importorskip("pycocotools.coco").COCO
    evaluation = pytest.importorskip("pycocotools.cocoeval").COCOeval
    classes = sorted({c for y in (*y_true, *y_pred) for c in y["labels"]})

    def entries(y, **more):
        return [
            {"image_id": i + 1, "category_id": int(label), "bbox": list(box), "iscrowd": 0}
            | {"area": float(box[2] * box[3]), "id": 0}
            | ({"score": float(one["scores"][k])} if "scores" in one else {})
            for i, one in enumerate(y)
            for k, (box, label) in enumerate(
                zip(convert_boxes(one["boxes"], "xyxy", "xywh"), one["labels"], strict=True)
            )
        ]

    images, categories = [{"id": i + 1} for i in range(len(y_true))], [{"id": c} for c in classes]
    with contextlib.redirect_stdout(io.StringIO()):
        sides = []
        for y in (y_true, y_pred):
            annotations = [e | {"id": k + 1} for k, e in enumerate(entries(y))]
            side = coco()
            side.dataset = {"images": images, "categories": categories, "annotations": annotations}
            side.createIndex()
            sides.append(side)
        run = evaluation(*sides, "bbox")
        run.params.iouThrs = np.array(thresholds)
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][:, :, :, 0, -1]  # (threshold, recall, class), all sizes
    by_class = {c: precision[:, :, k].mean() for k, c in enumerate(classes)}
    return {c: v for c, v in by_class.items() if v >= 0}


def generated(seed, n_images, n_classes, most_boxes, most_answers, n_scores):
    """Answers near the truth, elsewhere, and twice; few scores make ties; images may be empty."""
    random = np.random.default_rng(seed)
    y_true, y_pred = [], []
    for _ in range(n_images):
        k = random.integers(0, most_boxes + 1)
        boxes = random_boxes(random, k, 60, least=1)
        labels = random.integers(0, n_classes, k)
        y_true.append({"boxes": boxes, "labels": labels})
        m = random.integers(0, most_answers + 1)
        near = random.integers(0, k, m) if k else np.zeros(0, int)
        answers = random_boxes(random, m, 60, least=1)
        answers[: len(near)] = boxes[near] + random.integers(-2, 3, (len(near), 4)) * [1, 1, 0, 0]
        answers[:, 2:] = np.maximum(answers[:, 2:], answers[:, :2] + 1)
        names = random.integers(0, n_classes + 1, m)  # one class that nothing true has
        names[: len(near)] = np.where(random.random(len(near)) < 0.8, labels[near], 0)
        scores = random.integers(0, n_scores, m) / n_scores
        y_pred.append({"boxes": answers, "labels": names, "scores": scores})
    return y_true, y_pred


@pytest.mark.parametrize("thresholds", [[0.5], np.linspace(0.5, 0.95, 10)], ids=["0.5", "mean"])
@pytest.mark.parametrize(
    "options",
    [
        (0, 12, 3, 6, 12, 1000),
        (1, 12, 3, 6, 12, 4),
        (2, 30, 1, 3, 5, 2),
        (3, 3, 2, 12, 400, 50),  # more than 100 of a class
        (4, 40, 12, 2, 4, 3),  # classes that are only here or only there
        (5, 1, 1, 1, 1, 1),
        (6, 8, 2, 40, 60, 1),  # crowded, all scores alike
    ],
)
def test_beside_pycocotools(options, thresholds):
    y_true, y_pred = generated(*options)
    expected = coco_scores(y_true, y_pred, thresholds)
    scores = average_precision_scores(y_true, y_pred, iou_threshold=thresholds)
    assert scores.keys() == expected.keys()
    for label, score in scores.items():
        assert score == pytest.approx(expected[label], abs=1e-9)
    if scores:
        mean = mean_average_precision_score(y_true, y_pred, iou_threshold=thresholds)
        assert mean == pytest.approx(np.mean(list(expected.values())), abs=1e-9)


def test_true_boxes_have_a_class():
    """Answers may be of none that is there: they do not count."""
    boxes, starts = np.tile([0.0, 0.0, 1.0, 1.0], (2, 1)), np.array([0, 2])
    none, one = np.array([0, -1], np.int32), np.zeros(2, np.int32)
    options = {"n_classes": 1, "thresholds": [0.5], "most": 100}
    order = np.arange(2)
    hits = _core.match_boxes((boxes, one, starts), (boxes, none, starts), order, **options)
    assert hits.ravel().tolist() == [1, -1]
    with pytest.raises(ValueError, match="truth's classes are out of range"):
        _core.match_boxes((boxes, none, starts), (boxes, one, starts), order, **options)
