"""Dropout as an ensemble: what thinned networks answer, for every kind of network."""

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from fastdl import (
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    NetClassifier,
    NetRegressor,
    RNNClassifier,
    RNNRegressor,
    SequenceTagger,
)
from fastdl import layers as L

X, Y = np.random.default_rng(0).standard_normal((40, 6)), np.arange(40) % 3
IMAGES = np.random.default_rng(1).random((40, 6, 5, 2))
VALUES = np.stack([X[:, 0], 10 * X[:, 1] + 3], axis=1)
STEPS = [x.reshape(-1, 2)[: 1 + i % 3] for i, x in enumerate(X)]


def fitted(estimator: Any, X: Any = X, y: Any = Y) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.set_params(random_state=0, n_jobs=1).fit(X, y)


def thinned_by_hand(reg: Any, X: Any, rate: float, after: Any) -> np.ndarray:
    """All 2^M thinned networks of a net with one hidden layer: (2^M, n) values and chances."""
    (w, v), (b, c) = reg.coefs_, reg.intercepts_
    masks = np.array(list(itertools.product([0, 1], repeat=len(b))))
    h = after(X @ w + b)
    return np.stack([(h * mask / (1 - rate)) @ v[:, 0] + c[0] for mask in masks])


@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_each_is_one_of_all_thinned_networks(activation: str) -> None:
    """And the same one for all samples."""
    rate, n = 0.4, 50
    reg = MLPRegressor(hidden_layer_sizes=(4,), activation=activation, dropout=rate, max_iter=3)
    reg = fitted(reg, X, X[:, 0])
    after = (lambda z: z) if activation == "identity" else (lambda z: np.maximum(z, 0))
    by_hand = thinned_by_hand(reg, X, rate, after)
    means = []
    for k in range(1, n + 1):
        mean = reg.predict(X, dropout_samples=k)
        means.append(mean)
    answers = np.diff([np.zeros(len(X)), *[k * m for k, m in enumerate(means, 1)]], axis=0)
    which = [np.abs(by_hand - answer).max(axis=1).argmin() for answer in answers]
    np.testing.assert_allclose(by_hand[which], answers, atol=1e-9)
    assert len(set(which)) > 8
    kept = np.array(list(itertools.product([0, 1], repeat=4)))[which].mean()
    assert abs(kept - (1 - rate)) < 0.1


def test_of_a_linear_net_the_mean_is_the_net_itself() -> None:
    reg = MLPRegressor(hidden_layer_sizes=(4,), activation="identity", dropout=0.4, max_iter=3)
    reg = fitted(reg, X, X[:, 0])
    by_hand = thinned_by_hand(reg, X, 0.4, lambda z: z)
    kept = np.array([sum(mask) for mask in itertools.product([0, 1], repeat=4)])
    chances = 0.6**kept * 0.4 ** (4 - kept)
    np.testing.assert_allclose(chances @ by_hand, reg.predict(X), atol=1e-12)
    many, spread = reg.predict(X, dropout_samples=2000, return_std=True)
    variance = chances @ (by_hand - reg.predict(X)) ** 2
    np.testing.assert_allclose(many, reg.predict(X), atol=5 * np.sqrt(variance.max() / 2000))
    np.testing.assert_allclose(spread**2, variance, rtol=0.25)


NETS = {
    "rows": (MLPClassifier((8,), dropout=0.3, max_iter=3), X, Y),
    "sparse": (MLPClassifier((8,), dropout=0.3, max_iter=3), sparse.csr_matrix(X), Y),
    "two classes": (MLPClassifier((8,), dropout=0.3, max_iter=3), X, Y > 1),
    "indicators": (MLPClassifier((8,), dropout=0.3, max_iter=3), X, X[:, :3] > 0),
    "batch norm": (
        NetClassifier([L.Dense(8), L.BatchNorm(), L.Residual([L.Dropout(0.3), L.Dense(8)])]),
        X,
        Y,
    ),
    "images": (
        CNNClassifier((4,), dropout=0.3, batch_norm=True, max_epochs=2),
        IMAGES,
        Y,
    ),
    "sequences": (RNNClassifier((5,), recurrent_dropout=0.3, max_epochs=2), STEPS, Y),
    "both ways": (
        RNNClassifier((5,), dropout=0.3, bidirectional=True, max_epochs=2),
        STEPS,
        Y,
    ),
    "in windows": (RNNClassifier((5,), dropout=0.3, truncate_bptt=2, max_epochs=2), STEPS, Y),
}


@pytest.mark.parametrize("name", NETS)
def test_answers_repeat_alone_and_in_company(name: str) -> None:
    estimator, X, y = NETS[name]
    clf = fitted(estimator, X, y)
    p = clf.predict_proba(X, dropout_samples=70)
    q = clf.predict_proba(X)
    assert p.shape == q.shape
    assert p.dtype == q.dtype
    assert np.abs(p - q).max() > 1e-6
    np.testing.assert_allclose(p, q, atol=0.25)
    np.testing.assert_array_equal(clf.predict_proba(X, dropout_samples=70), p)
    np.testing.assert_array_equal(clf.predict_proba(X[3:5], dropout_samples=70), p[3:5])
    np.testing.assert_array_equal(clf.set_params(n_jobs=2).predict_proba(X, dropout_samples=70), p)
    labels = p > 0.5 if name == "indicators" else clf.classes_[p.argmax(axis=1)]
    np.testing.assert_array_equal(clf.predict(X, dropout_samples=70), labels)
    np.testing.assert_array_equal(clf.predict_proba(X), q)


def test_windows_are_the_same_thinned_networks() -> None:
    """Those that read at once what others read window by window."""
    at_once, piecewise = (
        fitted(RNNClassifier((5,), recurrent_dropout=0.3, truncate_bptt=k, max_epochs=1), STEPS)
        for k in (None, 2)
    )
    piecewise.set_weights(at_once.get_weights())
    piecewise._network.seed = at_once._network.seed
    answers = [e.predict_proba(STEPS, dropout_samples=9) for e in (at_once, piecewise)]
    np.testing.assert_allclose(*answers, atol=1e-6)


def test_every_step_has_an_answer() -> None:
    tags = [np.arange(len(x)) % 2 for x in STEPS]
    tagger = fitted(SequenceTagger((5,), dropout=0.3, max_epochs=2), STEPS, tags)
    p = tagger.predict_proba(STEPS, dropout_samples=9)
    assert [x.shape for x in p] == [(len(x), 2) for x in STEPS]
    np.testing.assert_array_equal(tagger.predict_proba(STEPS[4:5], dropout_samples=9)[0], p[4])
    reg = RNNRegressor((5,), return_sequences=True, dropout=0.3, max_epochs=2)
    reg = fitted(reg, STEPS, [x[:, 0] for x in STEPS])
    mean, spread = reg.predict(STEPS, dropout_samples=9, return_std=True)
    assert [len(x) for x in mean] == [len(x) for x in spread] == [len(x) for x in STEPS]
    np.testing.assert_array_equal(
        np.concatenate(mean), np.concatenate(reg.predict(STEPS, dropout_samples=9))
    )


def test_means_and_spreads_have_the_unit_of_y() -> None:
    reg = fitted(NetRegressor([L.Dense(8), L.Activation("relu"), L.Dropout(0.3)]), X, VALUES)
    mean, spread = reg.predict(X, dropout_samples=20, return_std=True)
    assert mean.shape == spread.shape == VALUES.shape
    np.testing.assert_array_equal(mean, reg.predict(X, dropout_samples=20))
    one, none = reg.predict(X, dropout_samples=1, return_std=True)
    assert not none.any()
    assert np.abs(one - mean).max() > 0


# fmt: off
REFUSED = [
    (lambda: fitted(MLPClassifier((8,), max_iter=2)).predict_proba(X, dropout_samples=5),
     "dropout_samples=5: this MLPClassifier was fitted without dropout, so that there is nothing "
     "to draw. Set dropout, or put Dropout layers into it, and fit again."),
    (lambda: fitted(NETS["rows"][0]).predict_proba(X, dropout_samples=0),
     "dropout_samples=0; expected a positive integer."),
    (lambda: fitted(NETS["rows"][0]).predict(X, dropout_samples=5, return_std=True),
     "return_std=True is for numbers, and MLPClassifier predicts labels."),
    (lambda: fitted(MLPRegressor(dropout=0.1, max_iter=2), X, X[:, 0]).predict(X, return_std=True),
     "return_std=True is the spread of thinned networks: say of how many, for example "
     "dropout_samples=50."),
]
# fmt: on


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_refuses(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"dropout_samples|return_std") as caught:
        call()
    assert str(caught.value) == text
