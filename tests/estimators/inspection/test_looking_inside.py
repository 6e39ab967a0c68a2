"""Feature maps and worst mistakes, as numbers."""

import re

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.pipeline import make_pipeline

from fastdl import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    GaussianRBM,
    MLPClassifier,
    NDScaler,
    NetClassifier,
    NetRegressor,
    RNNClassifier,
    SequenceTagger,
    SuperResolver,
    TabularClassifier,
    TextGenerator,
)
from fastdl import layers as L
from fastdl.inspection import activation_statistics, feature_maps, saliency, worst_mistakes

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
N = 30
WORDS = {"max_epochs": 2, "random_state": 0, "n_jobs": 1}
CLASSES = np.array(list("abc"))[np.arange(N) % 3]


def images(*shape):
    return np.random.RandomState(0).random((N, *shape))


def rows():
    return np.random.RandomState(0).normal(size=(N, 4))


def test_feature_maps():
    X = images(6, 5)
    pipe = make_pipeline(NDScaler(), CNNClassifier((4, 3), **WORDS)).fit(X, CLASSES)
    Z = pipe[0].transform(X)
    np.testing.assert_array_equal(feature_maps(pipe, X), pipe[1].transform(Z, "activation_1"))
    for layer in ("max_pool2d_2", 3):
        found = feature_maps(pipe, X, layer)
        np.testing.assert_array_equal(found, pipe[1].transform(Z, layer))
    assert feature_maps(pipe, X[:2]).shape == (2, 6, 5, 4)
    code = ConvAutoencoder(**WORDS).fit(images(8, 8))
    assert feature_maps(code, images(8, 8)[:2], "conv2d_2").shape == (2, 2, 2, 8)


def test_worst_of_classes():
    X = rows()
    net = NetClassifier([L.Dense(4)], **WORDS).fit(X, CLASSES)
    found, p = worst_mistakes(net, X, CLASSES), net.predict_proba(X)
    losses = -np.log(p[np.arange(N), np.arange(N) % 3])
    wrong = net.predict(X) != CLASSES
    assert sorted(found.indices) == np.flatnonzero(wrong).tolist()
    assert (found.n_wrong, found.n_samples) == (wrong.sum(), N)
    np.testing.assert_allclose(found.losses, np.sort(losses[wrong])[::-1])
    np.testing.assert_array_equal(found.y_true, CLASSES[found.indices])
    np.testing.assert_array_equal(found.y_pred, net.predict(X)[found.indices])
    assert worst_mistakes(net, X, CLASSES, n=2).indices.tolist() == found.indices[:2].tolist()
    linear = LogisticRegression().fit(X, CLASSES)
    assert worst_mistakes(linear, X, CLASSES).n_wrong == (linear.predict(X) != CLASSES).sum()


def test_worst_by_scores():
    X, y = rows(), np.arange(N) % 2
    linear = Perceptron(max_iter=3, tol=None).fit(X, y)
    found, z = worst_mistakes(linear, X, y), linear.decision_function(X)
    np.testing.assert_allclose(found.losses, 2 * np.abs(z[found.indices]))
    assert (linear.predict(X) != y).sum() == len(found.indices) > 0


def test_worst_of_indicators():
    X, y = rows(), (rows() > 0.5).astype(int)
    for given in (y, sparse.csr_matrix(y)):
        net = MLPClassifier((3,), max_iter=2, random_state=0).fit(X, given)
        found, p = worst_mistakes(net, X, y), net.predict_proba(X)
        loss = -np.log(np.where(y == 1, p, 1 - p)).sum(axis=1)
        wrong = (p > 0.5) != (y == 1)
        np.testing.assert_allclose(found.losses, np.sort(loss[wrong.any(axis=1)])[::-1])


def test_worst_of_numbers_and_of_autoencoders():
    X = rows()
    for y in (X[:, 0], X[:, :2]):
        net = NetRegressor([L.Dense(3)], **WORDS).fit(X, y)
        error = (net.predict(X) - y).reshape(N, -1)
        known = np.sort(np.sqrt((error**2).sum(axis=1)))[::-1]
        np.testing.assert_allclose(worst_mistakes(net, X, y).losses, known)
    pipe = make_pipeline(NDScaler(), Autoencoder(2, **WORDS)).fit(X)
    errors = pipe[1].reconstruction_error(pipe[0].transform(X))
    found = worst_mistakes(pipe, X, n=5)
    np.testing.assert_array_equal(found.indices, np.argsort(-errors)[:5])
    assert found.y_pred is None
    noisy = X + 0.1
    net = Autoencoder(2, **WORDS).fit(noisy, X)
    losses = worst_mistakes(net, noisy, X).losses
    known = ((net.reconstruct(noisy) - X) ** 2).mean(axis=1)
    np.testing.assert_allclose(losses, np.sort(known)[::-1], rtol=1e-5)
    rbm = GaussianRBM(3, n_iter=1, random_state=0).fit(X)
    known = ((rbm.reconstruct(X) - X) ** 2).mean(axis=1)
    np.testing.assert_allclose(worst_mistakes(rbm, X).losses, np.sort(known)[::-1])


def test_worst_of_sequences():
    X = [x[: 2 + i % 3] for i, x in enumerate(images(5, 2))]
    rnn = RNNClassifier((3,), **WORDS).fit(X, CLASSES)
    found = worst_mistakes(rnn, X, CLASSES)
    assert found.n_wrong == (rnn.predict(X) != CLASSES).sum()
    padded, lengths = np.zeros((N, 5, 2)), [len(x) for x in X]
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    same = worst_mistakes(rnn, padded, CLASSES, lengths=lengths)
    np.testing.assert_array_equal(same.indices, found.indices)


def cnn():
    return CNNClassifier((2,), **WORDS).fit(images(4, 4), CLASSES)


def tagger():
    return SequenceTagger((2,), **WORDS).fit(images(3, 2), np.eye(N, 3, dtype=int))


def pictures():
    return [np.full((9 + i % 2, 9), i, np.uint8) for i in range(4)]


def super_resolver():
    words = {"network": [L.Conv2D(1, 3, padding="same")], "patch_size": 9, **WORDS}
    return SuperResolver(scale=3, **words).fit(pictures())


TEXT = "a red wheel barrow glazed with rain water"


# fmt: off
TEXTS = [
    (lambda: feature_maps(cnn(), images(4, 4), "output"),
     "this CNNClassifier has no images in layer 'output'; layers that give images: conv2d_1, "
     "activation_1, max_pool2d_1."),
    (lambda: feature_maps(MLPClassifier((2,), max_iter=1).fit(rows(), CLASSES), rows()),
     "this MLPClassifier has no layer that convolves; layers that give images: none."),
    (lambda: feature_maps(NDScaler().fit(rows()), rows()),
     "NDScaler is no network of fastdl. It has no layers that give images."),
    (lambda: feature_maps(TabularClassifier(max_epochs=1).fit(rows(), CLASSES), rows()),
     "TabularClassifier prepares the columns of its tables before the network sees them. It has no "
     "layers that give images."),
    (lambda: worst_mistakes(TextGenerator((2,), max_epochs=1).fit(TEXT), [TEXT], ["b"]),
     "TextGenerator answers with other things than classes and numbers; worst_mistakes is of one "
     "answer for each sample."),
    (lambda: saliency(super_resolver(), pictures()),
     "SuperResolver reads images one by one: see transform(X, layer=...)."),
    (lambda: activation_statistics(super_resolver(), pictures()),
     "SuperResolver reads images one by one: see transform(X, layer=...)."),
    (lambda: worst_mistakes(NDScaler().fit(rows()), rows(), CLASSES),
     "NDScaler gives no answers to compare."),
    (lambda: worst_mistakes(cnn(), images(4, 4)),
     "CNNClassifier needs y, what was to be answered."),
    (lambda: worst_mistakes(cnn(), images(4, 4), CLASSES[:5]),
     "y has shape (5,), but there are answers of shape (30,) to X."),
    (lambda: worst_mistakes(cnn(), images(4, 4), np.full(N, "d")),
     "y holds 'd', which is none of the classes of this CNNClassifier: 'a', 'b', 'c'."),
    (lambda: worst_mistakes(tagger(), images(3, 2), np.eye(N, 3)),
     "this SequenceTagger has an answer for each of the steps of a sample; worst_mistakes is of "
     "one answer for each sample."),
]
# fmt: on


@pytest.mark.parametrize(("call", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_text(call, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call()
