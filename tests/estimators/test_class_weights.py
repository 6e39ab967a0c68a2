"""Weights of classes, in every estimator that has them: what they do, and what is none."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import is_classifier

from promises import CASES, Case

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
WEIGHTED = [case for case in CASES if "class_weight" in case.estimator.get_params()]
each_case = pytest.mark.parametrize("case", WEIGHTED, ids=lambda case: case.name)

# fmt: off
BAD: list[tuple[Any, str]] = [
    ({0: -1, 1: 1}, "class_weight={0: -1, 1: 1}: the weight of class 0 is -1; expected a finite "
     "number of 0 or more."),
    ({0: 1, 1: float("nan")}, "class_weight={0: 1, 1: nan}: the weight of class 1 is nan; expected "
     "a finite number of 0 or more."),
    ({0: 0, 1: 0, 2: 0}, "class_weight={0: 0, 1: 0, 2: 0} leaves no sample with a weight above 0. "
     "Give the classes that are to be learnt a weight above 0."),
    ({"0": 2}, "class_weight={'0': 2} has a weight for '0', which is no class of y, and none for "
     "0, which is one. The classes of y: 0, 1, 2."),
]
# fmt: on


def test_every_classifier_has_them() -> None:
    of_labels = [case for case in CASES if is_classifier(case.estimator)]
    assert [case.name for case in of_labels if case not in WEIGHTED] == []


@each_case
@pytest.mark.parametrize(("class_weight", "text"), BAD, ids=range(len(BAD)))
def test_bad_ones_are_named(case: Case, class_weight: Any, text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        case.new(class_weight=class_weight).fit(*case.data)
    assert str(caught.value) == text
    if hasattr(case.estimator, "partial_fit"):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            case.new(class_weight=class_weight).partial_fit(*case.data, classes=[0, 1, 2])
        assert str(caught.value) == text


@each_case
def test_balanced_is_what_it_counts_to(case: Case) -> None:
    """Of tagged sequences, over their steps; of images, over their pixels."""
    labels = np.concatenate(case.y) if isinstance(case.y, list) else np.ravel(case.y)
    counts = np.bincount(labels)
    of_class = dict(enumerate(counts.sum() / (len(counts) * counts)))
    balanced = case.new(class_weight="balanced").fit(*case.data)
    by_hand = case.new(class_weight=of_class).fit(*case.data)
    X = case.X
    for answer, other in zip(balanced.predict(X), by_hand.predict(X), strict=True):
        np.testing.assert_array_equal(answer, other)
    loss = getattr(balanced, "loss_curve_", 0)
    np.testing.assert_array_equal(loss, getattr(by_hand, "loss_curve_", 0))
