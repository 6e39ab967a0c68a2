"""Occlusion: what is covered, and what the answer loses."""

import numpy as np
import pandas as pd
import pytest
from saliency_nets import CLASSES, RNG, TWO, WORDS, N, images, rows, sequences
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    PolynomialFeatures,
    StandardScaler,
)

from fastdl import (
    BernoulliRBM,
    CNNClassifier,
    MLPClassifier,
    NDScaler,
    RNNClassifier,
    TabularClassifier,
)
from fastdl.inspection import saliency

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


class Sum(BaseEstimator):
    """Gives the weighted sum of its pixels, and keeps what it was asked."""

    def __init__(self, weight):
        self.weight, self.seen = weight, []

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        X = np.asarray(X)
        self.seen.append(X)
        return (X * self.weight).reshape(len(X), -1).sum(axis=1)


def test_occlusion_by_hand():
    image, weight = RNG(0).random((4, 5)), RNG(1).normal(size=(4, 5))
    found = saliency(Sum(weight), image[np.newaxis], method="occlusion", size=2, stride=2, fill=0.5)
    loss = weight * (image - 0.5)
    total, count = np.zeros((4, 5)), np.zeros((4, 5))
    for i in (0, 2):
        for j in (0, 2, 3):  # to the last column
            total[i : i + 2, j : j + 2] += loss[i : i + 2, j : j + 2].sum()
            count[i : i + 2, j : j + 2] += 1
    np.testing.assert_allclose(found[0], total / count)
    alone = saliency(Sum(weight), image[np.newaxis], method="occlusion", size=1)
    np.testing.assert_allclose(alone[0], weight * (image - image.mean()))


def test_occlusion_covers_with_the_image_s_own_mean():
    X = RNG(0).randint(0, 256, (2, 3, 3, 2)).astype(np.uint8)
    asked = Sum(np.ones((3, 3, 2)))
    saliency(asked, X, method="occlusion", size=3)
    for i, covered in enumerate(asked.seen[1:]):
        assert covered.dtype == np.uint8
        mean = np.broadcast_to(np.rint(X[i].mean(axis=(0, 1))), (3, 3, 2))
        np.testing.assert_array_equal(covered[0], mean)


def test_occlusion_is_of_the_probability():
    X = images(4, 4)
    pipe = make_pipeline(NDScaler(), CNNClassifier((2,), **WORDS)).fit(X, CLASSES)
    found = saliency(pipe, X[:2], "b", method="occlusion", size=1, fill=0.0)
    for place in ((0, 0), (2, 3)):
        covered = X[:2].copy()
        covered[:, *place] = 0
        loss = pipe.predict_proba(X[:2])[:, 1] - pipe.predict_proba(covered)[:, 1]
        np.testing.assert_allclose(found[:, *place], loss, atol=1e-12)


@pytest.mark.parametrize("estimator", [LogisticRegression(), MLPClassifier((4,), max_iter=3)])
def test_occlusion_of_columns(estimator):
    X = pd.DataFrame(rows(4), columns=list("pqrs"))
    pipe = make_pipeline(StandardScaler(), PolynomialFeatures(2), estimator).fit(X, TWO)
    found = saliency(pipe, X[:9], "yes", method="occlusion")
    covered = X[:9].assign(q=X["q"][:9].mean())
    loss = pipe.predict_proba(X[:9])[:, 1] - pipe.predict_proba(covered)[:, 1]
    np.testing.assert_allclose(found[:, 1], loss, atol=1e-12)
    filled = saliency(pipe, X[:1], "yes", method="occlusion", fill=[0, 1, 2, 3])
    loss = pipe.predict_proba(X[:1]) - pipe.predict_proba(X[:1].assign(r=2.0))
    np.testing.assert_allclose(filled[0, 2], loss[0, 1], atol=1e-12)


def test_occlusion_of_categories():
    X = pd.DataFrame({"n": rows()[:, 0], "c": pd.Series(list("uvv") * 8, dtype="category")})
    tabular = TabularClassifier(max_epochs=2, random_state=0).fit(X, CLASSES)
    found = saliency(tabular, X, "a", method="occlusion")
    covered = X.assign(c=pd.Series(["v"] * N, dtype=X["c"].dtype))
    loss = tabular.predict_proba(X)[:, 0] - tabular.predict_proba(covered)[:, 0]
    np.testing.assert_allclose(found[:, 1], loss, atol=1e-12)
    assert not found[X["c"] == "v", 1].any()


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_occlusion_of_other_frames(kind):
    module = pytest.importorskip(kind)
    make = module.DataFrame if kind == "polars" else module.Table.from_pydict
    plain = {"n": rows()[:, 0].tolist(), "c": list("uvv") * 8}
    tabular = TabularClassifier(max_epochs=2, random_state=0).fit(make(plain), CLASSES)
    found = saliency(tabular, make(plain), "a", method="occlusion")
    for j, changes in enumerate(({"n": [float(np.mean(plain["n"]))] * N}, {"c": ["v"] * N})):
        covered = tabular.predict_proba(make(plain | changes))[:, 0]
        loss = tabular.predict_proba(make(plain))[:, 0] - covered
        np.testing.assert_allclose(found[:, j], loss, atol=1e-12)


def test_occlusion_of_steps():
    X = sequences()
    rnn = RNNClassifier((4,), **WORDS).fit(X, CLASSES)
    found = saliency(rnn, X[:3], "c", method="occlusion", size=2)
    x = X[0]
    losses, count = np.zeros(len(x)), np.zeros(len(x))
    for t in range(len(x) - 1):
        covered = x.copy()
        covered[t : t + 2] = x.mean(axis=0)
        losses[t : t + 2] += (rnn.predict_proba([x]) - rnn.predict_proba([covered]))[0, 2]
        count[t : t + 2] += 1
    np.testing.assert_allclose(found[0], losses / count, atol=1e-12)
    assert [len(s) for s in found] == [len(x) for x in X[:3]]
    univariate = RNNClassifier((3,), **WORDS).fit([x[:, 0] for x in X], CLASSES)
    found = saliency(univariate, [x[:, 0] for x in X[:3]], "c", method="occlusion")
    assert [len(s) for s in found] == [len(x) for x in X[:3]]


@pytest.mark.parametrize("analyzer", ["char", "word"])
def test_occlusion_of_texts(analyzer):
    texts = [" ".join(text) if analyzer == "word" else text for text in ["abba", "cab", "bc"] * 8]
    rnn = RNNClassifier((4,), analyzer=analyzer, **WORDS).fit(texts, CLASSES)
    (found,) = saliency(rnn, texts[:1], "b", method="occlusion")
    rest = {"char": ["bba", "aba", "aba", "abb"], "word": ["b b a", "a b a", "a b a", "a b b"]}
    p = rnn.predict_proba([texts[0], *rest[analyzer]])[:, 1]
    np.testing.assert_allclose(found, p[0] - p[1:], atol=1e-12)
    gone = saliency(rnn, texts[:1], "b", method="occlusion", size=9)
    np.testing.assert_allclose(gone[0], p[0] - rnn.predict_proba([""])[0, 1], atol=1e-12)


def test_occlusion_of_codes():
    """Any transformer, an output at a time."""
    X = RNG(0).random((N, 4))
    rbm = BernoulliRBM(3, n_iter=1).fit(X)
    found = saliency(rbm, X[:2], 1, method="occlusion", fill=0)
    covered = X[:2] * [1, 0, 1, 1]
    known = rbm.transform(X[:2])[:, 1] - rbm.transform(covered)[:, 1]
    np.testing.assert_allclose(found[:, 1], known)
