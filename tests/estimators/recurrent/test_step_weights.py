"""Weights of steps: of classes, of the user's, and zero where a step does not count."""

from typing import Any

import numpy as np
import pytest

from fastdl import RNNRegressor, SequenceTagger
from images import weights

_TINY: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "max_epochs": 4,
    "learning_rate": "constant",
    "learning_rate_init": 0.03,
    "weight_decay": None,
    "random_state": 0,
    "n_jobs": 1,
}


def sequences() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(t, 2)) for t in rng.integers(2, 10, size=60)]


X = sequences()
Y = [np.digitize(x[:, 0].cumsum(), [-0.5, 0.5]) for x in X]
NUMBERS = [x.sum(axis=1) for x in X]
WINDOWS: list[dict[str, Any]] = [{}, {"truncate_bptt": 3}, {"batch_size": 60}]
whole_or_in_windows = pytest.mark.parametrize("params", WINDOWS, ids=str)


def tagger(**params: Any) -> SequenceTagger:
    return SequenceTagger(**{**_TINY, **params})


def regressor(**params: Any) -> RNNRegressor:
    return RNNRegressor(**{**_TINY, "return_sequences": True, **params})


def but_last(values: list[Any], mark: Any) -> list[Any]:
    return [np.append(v[:-1], mark).astype(np.asarray(mark).dtype) for v in values]


def padded(values: list[Any], steps: int = 12, fill: Any = 0) -> Any:
    array = np.full(
        (len(values), steps, *np.shape(values[0])[1:]), fill, np.asarray(values[0]).dtype
    )
    for row, value in zip(array, values, strict=True):
        row[: len(value)] = value
    return array


def close(model: Any, other: Any) -> None:
    for name in ("output.weight", "output.bias"):
        expected = other.program_.get_parameter(name)
        np.testing.assert_allclose(model.program_.get_parameter(name), expected, atol=2e-5)
    np.testing.assert_allclose(model.loss_curve_, other.loss_curve_, rtol=1e-4)


@whole_or_in_windows
def test_masked_labels_are_as_if_the_sequences_ended_before_them(params):
    """Of a network that reads from the beginning, and whose last steps are masked."""
    short = tagger(**params).fit([x[:-1] for x in X], [y[:-1] for y in Y])
    masked = tagger(**params).fit(X, but_last(Y, -1))
    assert list(masked.classes_) == [0, 1, 2]
    close(masked, short)
    by_none = [[*y[:-1].tolist(), None] for y in Y]
    assert weights(tagger(**params).fit(X, by_none)) == weights(masked)
    assert masked.score(X, but_last(Y, -1)) == masked.score(X, by_none)
    assert masked.score(X, by_none) == pytest.approx(
        np.mean(
            np.concatenate(masked.predict(X))[flat_inside()] == np.concatenate([y[:-1] for y in Y])
        )
    )
    values, lengths = padded(X), np.array([len(x) for x in X])
    of_array = tagger(**params).fit(values, padded(but_last(Y, -1)), lengths=lengths)
    assert weights(of_array) == weights(masked)


def flat_inside() -> Any:
    return np.concatenate([np.arange(len(x)) < len(x) - 1 for x in X])


@whole_or_in_windows
def test_masked_numbers(params):
    short = regressor(**params).fit([x[:-1] for x in X], [y[:-1] for y in NUMBERS])
    masked = regressor(**params).fit(X, but_last(NUMBERS, np.nan))
    close(masked, short)
    expected = short.score([x[:-1] for x in X], [y[:-1] for y in NUMBERS])
    assert masked.score(X, but_last(NUMBERS, np.nan)) == pytest.approx(expected, abs=1e-3)
    both = [np.stack([y, -y], axis=1) for y in but_last(NUMBERS, np.nan)]
    assert np.isfinite(regressor(**params).fit(X, both).loss_)


def test_strings_with_none():
    names = np.array(["low", "mid", "high"])
    marked = [[*names[y[:-1]].tolist(), None] for y in Y]
    clf = tagger().fit(X, marked, X_val=X[:9], y_val=marked[:9])
    assert list(clf.classes_) == ["high", "low", "mid"]
    assert clf.score(X[:9], marked[:9]) == pytest.approx(clf.validation_scores_[clf.best_iter_ - 1])
    assert {type(label) for answer in clf.predict(X) for label in answer.tolist()} == {str}


def test_a_sequence_that_is_masked_counts_for_nothing():
    """In full batches: those of others differ."""
    few = tagger(batch_size=60, shuffle=False).fit(X[:40], Y[:40])
    y = Y[:40] + [np.full(len(y), -1) for y in Y[40:]]
    close(tagger(batch_size=60, shuffle=False).fit(X, y), few)
    part = tagger(batch_size=10, shuffle=False).fit(X, y)  # batches without any weight
    close(part, tagger(batch_size=10, shuffle=False).fit(X[:40], Y[:40]))


def test_minus_one_among_other_negatives_or_alone_with_one_is_a_class():
    signs = [np.where(y > 1, 1, -1) for y in Y]
    assert list(tagger().fit(X, signs).classes_) == [-1, 1]
    assert list(tagger().fit(X, [y - 2 for y in Y]).classes_) == [-2, -1, 0]
    rows, labels = np.concatenate(X), np.concatenate(signs)
    assert list(tagger().fit(rows, labels).classes_) == [-1, 1]
    with pytest.warns(UserWarning, match="y holds -1, 0 and 1. Steps with -1 do not count"):
        assert list(tagger().fit(X, [y - 1 for y in Y]).classes_) == [0, 1]


def test_parts_know_their_classes():
    clf = tagger().partial_fit(X[:9], [np.full(len(x), 1) for x in X[:9]], classes=[0, 1, 2])
    clf.partial_fit(X[:9], [np.where(y == 0, -1, 1) for y in Y[:9]])
    assert list(clf.classes_) == [0, 1, 2]
    first = tagger().partial_fit(X, but_last(Y, -1))
    assert list(first.classes_) == [0, 1, 2]


@whole_or_in_windows
def test_weights_of_classes_are_weights_of_steps(params):
    of_class = {0: 2.0, 1: 1.0, 2: 0.5}
    by_class = tagger(class_weight=of_class, **params).fit(X, Y)
    of_steps = [np.choose(y, [2.0, 1.0, 0.5]) for y in Y]
    assert weights(tagger(**params).fit(X, Y, of_steps)) == weights(by_class)
    lengths = np.array([len(x) for x in X])
    clf = tagger(**params).fit(padded(X), padded(Y), padded(of_steps, fill=9.0), lengths=lengths)
    assert weights(clf) == weights(by_class)
    answers = np.concatenate(by_class.predict(X)) == np.concatenate(Y)
    expected = np.average(answers, weights=np.concatenate(of_steps))
    assert by_class.score(X, Y, of_steps) == pytest.approx(expected)
    assert by_class.score(padded(X), padded(Y), padded(of_steps), lengths) == pytest.approx(
        expected
    )


def test_balanced_counts_the_steps_that_count():
    masked = [np.where(np.arange(len(y)) % 3 == 2, -1, y) for y in Y]
    flat = np.concatenate(masked)
    counts = np.bincount(flat[flat >= 0])
    of_class = dict(enumerate(counts.sum() / (3 * counts)))
    expected = weights(tagger(class_weight=of_class).fit(X, masked))
    assert weights(tagger(class_weight="balanced").fit(X, masked)) == expected


def test_one_weight_for_each_sequence_is_that_of_its_steps(rng):
    one = rng.uniform(0.5, 2, size=len(X))
    each = [np.full(len(x), w) for x, w in zip(X, one, strict=True)]
    close_weights = tagger(batch_size=60).fit(X, Y, one), tagger(batch_size=60).fit(X, Y, each)
    a, b = (m.program_.get_parameter("output.weight") for m in close_weights)
    np.testing.assert_allclose(a, b, atol=2e-5)


def test_class_weight_draws_to_a_class():
    rare = [np.where(np.arange(len(y)) == 0, 1, 0) for y in Y]
    assert (np.concatenate(tagger(max_epochs=10).fit(X, rare).predict(X)) == 1).mean() < 0.9
    drawn = tagger(class_weight={1: 1e4}, max_epochs=10).fit(X, rare)
    assert (np.concatenate(drawn.predict(X)) == 1).mean() > 0.9


@pytest.mark.parametrize("scoring", [None, lambda e, X, y, **w: e.score(X, y, **w)])
def test_validation_by_steps_that_count(scoring):
    masked = but_last(Y, -1)
    clf = tagger(class_weight="balanced", scoring=scoring, early_stopping=False)
    clf.fit(X, masked, X_val=X[:20], y_val=masked[:20])
    assert len(clf.validation_scores_) == 4
    assert clf.validation_scores_[-1] > 0.3
    held_out = tagger(class_weight="balanced", scoring=scoring, early_stopping=True)
    assert np.isfinite(held_out.fit(X, masked).validation_scores_).all()


def test_sequences_that_count_for_nothing_are_not_held_out():
    few = [y if i % 6 == 0 else np.full(len(y), -1) for i, y in enumerate(Y)]
    clf = tagger(early_stopping=True, validation_fraction=0.5).fit(X, few)
    assert np.isfinite(clf.validation_scores_).all()
    assert np.isfinite(clf.validation_loss_curve_).all()


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_the_same_bytes_for_any_threads(n_jobs):
    clf = tagger(n_jobs=n_jobs, class_weight="balanced").fit(X, but_last(Y, -1))
    assert weights(clf) == weights(tagger(class_weight="balanced").fit(X, but_last(Y, -1)))
