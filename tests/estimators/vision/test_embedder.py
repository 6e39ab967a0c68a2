"""Embedder: that it tells identities apart, its threshold, and what it is compared with."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

import fastdl
from checks import parametrize_with_checks
from fastdl import Embedder, NetClassifier, losses
from fastdl import functional as F
from fastdl import layers as L

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = (DIGITS / 16).astype(np.float32)
SEEN, NEW = LABELS < 7, LABELS >= 7
QUICK = {"n_components": 8, "max_epochs": 3, "random_state": 0, "n_jobs": 1}
SEED = {"random_state": 0}
ROWS, OF_ROWS = DIGITS[SEEN][:200], LABELS[SEEN][:200]
VAL = {"X_val": DIGITS[NEW][:120], "y_val": LABELS[NEW][:120]}


def fitted(layers=(), **params):
    return Embedder(list(layers) or None, **{**QUICK, **params}).fit(ROWS, OF_ROWS, **VAL)


@pytest.mark.parametrize("loss", ["triplet", "contrastive"])
def test_it_tells_new_images_and_new_digits_apart(loss):
    """New images of seven digits far better than pixels do; and digits that it has never seen."""
    X, y = DIGITS[SEEN], LABELS[SEEN]
    embedder = Embedder(loss=loss, **{**QUICK, "max_epochs": 10})
    embedder.fit(X[:900], y[:900], X_val=X[900:], y_val=y[900:])
    pixels = X[900:] / np.linalg.norm(X[900:], axis=1, keepdims=True)
    i, j = np.triu_indices(len(pixels), 1)
    before = roc_auc_score(y[900:][i] == y[900:][j], np.sum(pixels[i] * pixels[j], axis=1))
    assert embedder.score(X[900:], y[900:]) > 0.95 > before
    assert embedder.score(DIGITS[NEW], LABELS[NEW]) > 0.65
    accuracy = np.mean(embedder.verify(X[900:][i], X[900:][j]) == (y[900:][i] == y[900:][j]))
    assert accuracy > 0.9


def test_score_and_decision_function_agree():
    embedder = fitted()
    X, y = DIGITS[NEW][120:160], LABELS[NEW][120:160]
    z = embedder.transform(X)
    assert z.shape == (40, 8)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, rtol=1e-6)
    i, j = np.triu_indices(40, 1)
    cosines = embedder.decision_function(X[i], X[j])
    np.testing.assert_allclose(cosines, np.sum(z[i] * z[j], axis=1), atol=1e-6)
    assert embedder.score(X, y) == pytest.approx(roc_auc_score(y[i] == y[j], cosines), abs=1e-4)
    same = embedder.verify(X[i], X[j])
    assert same.dtype == bool
    np.testing.assert_array_equal(same, cosines > embedder.threshold_)
    assert embedder.decision_function(X, X) == pytest.approx(np.ones(40), abs=1e-6)


def test_validation_is_that_of_score():
    embedder = fitted()
    best = embedder.best_iter_ - 1
    score = embedder.score(VAL["X_val"], VAL["y_val"])
    assert embedder.validation_scores_[best] == pytest.approx(score, abs=1e-6)
    assert np.isfinite(embedder.validation_loss_curve_).all()


def test_the_loss_is_that_of_its_batches():
    """With one batch an epoch, the first loss is the functional one of the new vectors."""
    X, y = ROWS[:40], OF_ROWS[:40]
    for name in ("triplet", "contrastive"):
        embedder = Embedder([], loss=name, batch_size=40, **{**QUICK, "max_epochs": 1})
        embedder.set_params(learning_rate_init=1e-12, weight_decay=None, dtype="float64")
        embedder.fit(X, y, X_val=X, y_val=y)
        expected, _ = getattr(F, name)(embedder.transform(X).astype(np.float64), y)
        assert embedder.loss_ == pytest.approx(expected, rel=1e-5)
        assert embedder.validation_loss_curve_[0] == pytest.approx(expected, rel=1e-5)


def test_threshold_of_the_validation_pairs():
    by_accuracy = fitted()
    X, y = VAL["X_val"], VAL["y_val"]
    i, j = np.triu_indices(len(X), 1)
    same, cosines = y[i] == y[j], by_accuracy.decision_function(X[i], X[j])

    def accuracy(threshold):
        return (np.mean(cosines[same] > threshold) + np.mean(cosines[~same] <= threshold)) / 2

    best = max(accuracy(t) for t in np.linspace(-1, 1, 401))
    assert accuracy(by_accuracy.threshold_) >= best
    for rate in (0.01, 0.2):
        strict = fitted(false_accept_rate=rate)
        accepted = np.mean(strict.verify(X[i], X[j])[~same])
        assert rate - 2 / np.sum(~same) <= accepted <= rate


def test_a_threshold_of_training_pairs_is_said():
    with pytest.warns(UserWarning, match="threshold_ comes from pairs of the training samples"):
        embedder = Embedder(**QUICK).fit(ROWS, OF_ROWS)
    assert -1 < embedder.threshold_ < 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted()
        Embedder(early_stopping=True, validation_fraction=0.3, **QUICK).fit(ROWS, OF_ROWS)
        z = Embedder(**QUICK).fit_transform(ROWS, OF_ROWS)  # which needs no threshold
    np.testing.assert_array_equal(z, embedder.transform(ROWS))


def test_a_rate_that_too_few_pairs_show_is_said():
    with pytest.warns(UserWarning, match=r"false_accept_rate=1e-06 is one of 1000000 pairs, but"):
        fitted(false_accept_rate=1e-6)


def test_a_collapsed_embedding_is_said():
    """A bias that outweighs all else gives the same vector for every sample."""
    layers = [L.Dense(4, weight_init=fastdl.initializers.Constant(0.0))]
    with pytest.warns(UserWarning, match=r"collapsed: all \d+ pairs .* cosines from 1.0000 to 1"):
        fitted([*layers, L.Dense(4, bias_init=fastdl.initializers.Constant(1.0))])


def test_whole_identities_are_held_out():
    """Where there are enough of them; the split is by the seed."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(20), 4)
    X = (y[:, None] == np.arange(20)) + 0.1 * rng.random((80, 20))
    seen = []
    embedder = Embedder(early_stopping=True, validation_fraction=0.25, **QUICK)
    embedder._split(np.arange(80), y, None, 0.25, np.random.RandomState(0))
    for seed in (0, 1):
        kept, out = embedder._split(np.arange(80), y, None, 0.25, np.random.RandomState(seed))
        assert not set(y[kept]) & set(y[out])
        assert len(set(y[out])) == 5
        seen.append(set(y[out]))
    assert seen[0] != seen[1]
    assert embedder.fit(X, y).validation_scores_ is not None


def test_in_pipelines_and_searches():
    for last in (LogisticRegression(), KNeighborsClassifier(3)):
        pipeline = make_pipeline(Embedder(**{**QUICK, "max_epochs": 5}), last)
        assert pipeline.fit(ROWS, OF_ROWS).score(DIGITS[SEEN][200:], LABELS[SEEN][200:]) > 0.7
    search = GridSearchCV(Embedder(**QUICK), {"n_components": [2, 8]}, cv=2)
    assert search.fit(ROWS, OF_ROWS).best_params_["n_components"] in (2, 8)
    assert (cross_val_score(fitted(), ROWS, OF_ROWS, cv=2) > 0.6).all()
    frame = (
        make_pipeline(Embedder(**QUICK)).set_output(transform="pandas").fit_transform(ROWS, OF_ROWS)
    )
    assert list(frame)[:2] == ["embedder0", "embedder1"]


def test_margins_are_parameters():
    embedder = Embedder(loss=losses.Triplet(0.1), **QUICK)
    loose = clone(embedder).set_params(loss__margin=0.4)
    assert loose.loss == losses.Triplet(0.4)
    first = [e.fit(ROWS, OF_ROWS, **VAL).loss_curve_[0] for e in (embedder, loose)]
    assert first[0] < first[1]


def test_images_sequences_and_texts():
    images = ROWS.reshape(-1, 8, 8)
    conv = [L.Augment(shift=1), L.Conv2D(4, 3), L.BatchNorm(), L.Activation("relu"), L.MaxPool2D(2)]
    of_images = Embedder(conv, **QUICK).fit(images, OF_ROWS, X_val=images, y_val=OF_ROWS)
    assert of_images.verify(images[:3], images[3:6]).shape == (3,)
    sequences = [x[: 3 + i % 4] for i, x in enumerate(images)]
    of_sequences = Embedder([L.GRU(6)], **QUICK)
    of_sequences.fit(sequences, OF_ROWS, X_val=sequences, y_val=OF_ROWS)
    assert of_sequences.transform(sequences).shape == (200, 8)
    texts = [f"{'ab' * (label + 1)}{i % 3}" for i, label in enumerate(OF_ROWS)]
    of_texts = Embedder([L.GRU(6)], **QUICK).fit(texts, OF_ROWS, X_val=texts, y_val=OF_ROWS)
    assert of_texts.decision_function(texts[:2], texts[2:4]).shape == (2,)


def test_labels_may_be_new_in_every_part():
    embedder = Embedder(**QUICK)
    embedder.partial_fit(ROWS[:50], OF_ROWS[:50])
    names = np.array(["a", "b", "c"])[OF_ROWS[50:100] % 3]
    embedder.partial_fit(ROWS[50:100], names)
    assert embedder.t_ == 100
    again = embedder.set_params(warm_start=True, max_epochs=1)
    assert again.fit(DIGITS[NEW][:50], LABELS[NEW][:50], **VAL).n_iter_ == 1


def test_samples_without_weight_take_no_part():
    weight = (np.arange(200) < 120).astype(float)
    spoilt = ROWS.copy()
    spoilt[120:] = ROWS[:80]
    of_all, of_some = (
        Embedder(shuffle=False, batch_size=200, weight_decay=None, **QUICK).fit(
            X, OF_ROWS, weight, **VAL
        )
        for X in (ROWS, spoilt)
    )
    np.testing.assert_array_equal(of_all.transform(ROWS), of_some.transform(ROWS))


def test_from_a_classifier_and_back():
    """The hidden layers of a classifier are a start, and those of an embedder are one of it."""
    clf = NetClassifier([L.Dense(16), L.Activation("relu")], max_epochs=2, **SEED).fit(
        ROWS, OF_ROWS
    )
    embedder = Embedder(init_from=clf, drop_head=True, **QUICK).fit(ROWS, OF_ROWS, **VAL)
    again = Embedder(init_from=embedder, **QUICK).fit(ROWS, OF_ROWS, **VAL)
    assert again.transform(ROWS).shape == (200, 8)
    back = NetClassifier(init_from=embedder, drop_head=True, max_epochs=1, **SEED)
    assert back.fit(ROWS, OF_ROWS).predict(ROWS).shape == (200,)
    with pytest.raises(ValueError, match="has 8 outputs, but y needs 7"):
        NetClassifier(init_from=embedder, max_epochs=1).fit(ROWS, OF_ROWS)


def test_files(tmp_path):
    embedder = fitted()
    embedder.save(tmp_path / "e.safetensors")
    loaded = fastdl.load(tmp_path / "e.safetensors")
    assert loaded.threshold_ == embedder.threshold_
    np.testing.assert_array_equal(
        loaded.verify(ROWS[:9], ROWS[9:18]), embedder.verify(ROWS[:9], ROWS[9:18])
    )
    network = fastdl.load_network(tmp_path / "e.safetensors")
    np.testing.assert_array_equal(network.predict(ROWS), embedder.transform(ROWS))


class OfSamples(Embedder):
    """Without the method whose two arrays scikit-learn's checks do not know."""

    @property
    def decision_function(self):
        raise AttributeError


@pytest.mark.filterwarnings("ignore:OfSamples. :UserWarning")
@parametrize_with_checks([OfSamples(max_epochs=2, n_components=4)])
def test_check(estimator, check):
    if "sample_weight_equivalence" not in str(check):  # a pair of one sample has no distance
        check(estimator)
