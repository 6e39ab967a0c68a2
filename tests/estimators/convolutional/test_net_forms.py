"""NetClassifier and NetRegressor on sequences, texts and images, with answers of every form."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score

from fastdl import NetClassifier, NetRegressor, RNNClassifier, RNNRegressor, SequenceTagger
from fastdl import layers as L

WORDS: dict[str, Any] = {"max_epochs": 3, "batch_size": 8, "random_state": 0}


def _draw() -> tuple[list[Any], Any]:
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(3 + i % 4, 2)).astype(np.float32) for i in range(40)]
    return sequences, rng.normal(size=(30, 6, 5, 1)).astype(np.float32)


SEQUENCES, IMAGES = _draw()
LENGTHS = np.array([len(x) for x in SEQUENCES])
PADDED = np.zeros((40, 6, 2), np.float32)
for _i, _x in enumerate(SEQUENCES):
    PADDED[_i, : len(_x)] = _x
LABELS = np.array([int(x[0, 0] > x[-1, 0]) for x in SEQUENCES])
OF_STEPS = [(x[:, 0] > x[:, 1]).astype(int) for x in SEQUENCES]
SUMS = [x[:, 0].cumsum() for x in SEQUENCES]
RECURRENT = [L.LSTM(8), L.LayerNorm(), L.Dense(16)]
BRIGHT = (IMAGES[..., 0] > 0).astype(int) + (IMAGES[..., 0] > 1)
CONVOLUTIONS = [L.Conv2D(4, 3, padding="same"), L.Activation("relu")]


def same(a: Any, b: Any) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def names(estimator: Any) -> list[str]:
    return [layer.name for layer in estimator._network.layers]


# --- sequences


def test_a_label_for_a_sequence() -> None:
    clf = NetClassifier(RECURRENT, **WORDS).fit(SEQUENCES, LABELS)
    assert names(clf) == ["lstm_1", "layer_norm_1", "dense_1", "output"]
    assert clf.predict(SEQUENCES).shape == (40,)
    assert clf.predict_proba(SEQUENCES).shape == (40, 2)
    assert clf.transform(SEQUENCES).shape == (40, 16)
    assert clf.input_shape_ == (6, 2)


def test_a_label_for_every_step_by_the_same_layers() -> None:
    clf = NetClassifier(RECURRENT, **WORDS).fit(SEQUENCES, OF_STEPS)
    assert clf._network.layers[0].get_params()["return_sequences"]
    answers = clf.predict(SEQUENCES)
    assert [len(a) for a in answers] == LENGTHS.tolist()
    assert [p.shape for p in clf.predict_proba(SEQUENCES[:2])] == [(3, 2), (4, 2)]
    expected = accuracy_score(np.concatenate(OF_STEPS), np.concatenate(answers))
    assert clf.score(SEQUENCES, OF_STEPS) == expected
    assert [s.shape for s in clf.transform(SEQUENCES[:2])] == [(3, 16), (4, 16)]


def test_it_is_the_network_of_the_recurrent_estimators() -> None:
    """The same layers, weights and steps of training, byte for byte."""
    words = {**WORDS, "clip_norm": 1.0}
    net = NetClassifier([L.LSTM(8)], **words).fit(SEQUENCES, LABELS)
    assert same(
        net.predict_proba(SEQUENCES),
        RNNClassifier((8,), **WORDS).fit(SEQUENCES, LABELS).predict_proba(SEQUENCES),
    )
    net = NetClassifier([L.LSTM(8)], **words).fit(SEQUENCES, OF_STEPS)
    assert same(
        net.predict_proba(SEQUENCES),
        SequenceTagger((8,), **WORDS).fit(SEQUENCES, OF_STEPS).predict_proba(SEQUENCES),
    )
    reg = NetRegressor([L.LSTM(8)], **words).fit(SEQUENCES, SUMS)
    rnn = RNNRegressor((8,), return_sequences=True, **WORDS).fit(SEQUENCES, SUMS)
    assert same(reg.predict(SEQUENCES), rnn.predict(SEQUENCES))


@pytest.mark.parametrize(("y", "kind"), [(LABELS, "samples"), (OF_STEPS, "steps")])
def test_every_form_of_sequences_is_the_same(y: Any, kind: str) -> None:
    expected = NetClassifier(RECURRENT, **WORDS).fit(SEQUENCES, y)
    column = np.empty(40, object)
    column[:] = SEQUENCES
    for X in (column, pd.Series(SEQUENCES)):
        clf = NetClassifier(RECURRENT, **WORDS).fit(X, y)
        assert clf._targets.of == kind
        assert same(clf.predict_proba(X), expected.predict_proba(SEQUENCES))
    padded_y = y
    if kind == "steps":
        padded_y = np.zeros((40, 6), int)
        for i, of_one in enumerate(y):
            padded_y[i, : len(of_one)] = of_one
    clf = NetClassifier(RECURRENT, **WORDS).fit(PADDED, padded_y, lengths=LENGTHS)
    assert clf._targets.of == kind
    found = clf.predict_proba(PADDED, lengths=LENGTHS)
    cut = [p[:n] for p, n in zip(found, LENGTHS, strict=True)] if kind == "steps" else found
    assert same(cut, expected.predict_proba(SEQUENCES))
    assert clf.score(PADDED, padded_y, lengths=LENGTHS) == expected.score(SEQUENCES, y)


def test_one_feature_as_people_have_it() -> None:
    ragged = [x[:, 0].tolist() for x in SEQUENCES]
    expected = NetRegressor([L.GRU(4)], **WORDS).fit([x[:, :1] for x in SEQUENCES], LABELS)
    for X in (ragged, pd.Series([x[:, 0] for x in SEQUENCES])):
        reg = NetRegressor([L.GRU(4)], **WORDS).fit(X, LABELS)
        np.testing.assert_allclose(reg.predict(X), expected.predict([x[:, :1] for x in SEQUENCES]))
    rows = np.array([r[:3] for r in ragged])
    assert reg.predict(rows.tolist()).shape == (40,)  # all of one length
    assert RNNRegressor((4,), **WORDS).fit(ragged, LABELS).predict(rows).shape == (40,)


def test_layers_without_a_form_take_sequences_of_different_lengths() -> None:
    reg = NetRegressor([L.Dense(8), L.Activation("relu")], **WORDS).fit(SEQUENCES, SUMS)
    assert [a.shape for a in reg.predict(SEQUENCES[:2])] == [(3,), (4,)]
    last = NetRegressor([L.Dense(8), L.Activation("relu")], **WORDS).fit(SEQUENCES, LABELS)
    assert names(last) == ["dense_1", "activation_1", "last_step_1", "output"]
    assert names(NetClassifier(**WORDS).fit(SEQUENCES, LABELS)) == ["lstm_1", "output"]


def test_several_numbers_for_every_step() -> None:
    y = [np.stack([x[:, 0], x.sum(1)], axis=1) for x in SEQUENCES]
    reg = NetRegressor([L.GRU(8)], learning_rate_init=0.02, **{**WORDS, "max_epochs": 60})
    reg.fit(SEQUENCES, y)
    assert [a.shape for a in reg.predict(SEQUENCES[:2])] == [(3, 2), (4, 2)]
    flat = np.concatenate(y), np.concatenate(reg.predict(SEQUENCES))
    assert 0.7 < reg.score(SEQUENCES, y) == pytest.approx(r2_score(*flat))


def test_an_array_of_steps_or_of_outputs() -> None:
    """Where y may be either, the layers say."""
    X, y = PADDED[LENGTHS == 6], np.random.default_rng(1).normal(size=((LENGTHS == 6).sum(), 6))
    assert NetRegressor([L.GRU(4)], **WORDS).fit(X, y)._targets.of == "samples"
    every = [L.GRU(4, return_sequences=True)]
    assert NetRegressor(every, **WORDS).fit(X, y)._targets.of == "steps"
    labels = np.random.default_rng(1).integers(
        3, size=y.shape
    )  # several labels for a sequence are none
    assert NetClassifier([L.GRU(4)], **WORDS).fit(X, labels)._targets.of == "steps"
    assert NetClassifier([L.GRU(4)], **WORDS).fit(X, labels > 1)._targets.of == "samples"


def test_texts_and_symbols() -> None:
    texts = ["anna", "bo", "eve", "otto"] * 5
    y = [text[0] in "ae" for text in texts]
    words = {**WORDS, "max_epochs": 40, "learning_rate_init": 0.02}
    clf = NetClassifier([L.GRU(8)], **words).fit(texts, y)
    assert names(clf) == ["embedding_1", "gru_1", "output"]
    assert clf.score(texts, y) == 1
    assert clf.predict(["anzz"]).shape == (1,)  # symbols that are not known
    vowels = [[letter in "aeo" for letter in text] for text in texts]
    tagger = NetClassifier([L.Dense(4)], **words).fit(texts, vowels)
    assert [list(a) for a in tagger.predict(["ab", "n"])] == [[True, False], [False]]
    by_word = NetClassifier([L.GRU(4)], analyzer="word", **WORDS).fit(
        ["a b", "c", "b c d"], [0, 1, 0]
    )
    assert by_word.symbols_[:3] == ("b", "c", "a")


def test_codes_for_an_embedding_of_your_own() -> None:
    codes = np.random.default_rng(1).integers(9, size=(40, 5))
    layers = [L.Embedding(9, 4), L.GRU(4)]
    clf = NetClassifier(layers, **WORDS).fit(codes, LABELS)
    listed = NetClassifier(layers, **WORDS).fit(codes.tolist(), LABELS)
    assert names(clf) == ["embedding_1", "gru_1", "output"]
    assert same(clf.predict_proba(codes), listed.predict_proba(codes.tolist()))
    clf.fit([row[: 2 + i % 3].tolist() for i, row in enumerate(codes)], LABELS)


def test_steps_through_everything() -> None:
    """Early stopping, scores by name, class weights, searches, partial fits."""
    words = {**WORDS, "scoring": "accuracy", "early_stopping": True, "validation_fraction": 0.2}
    clf = NetClassifier(RECURRENT, class_weight="balanced", **words).fit(SEQUENCES, OF_STEPS)
    assert np.isfinite(clf.history_["val_score"]).all()
    clf = NetClassifier(RECURRENT, scoring="accuracy", **WORDS).fit(SEQUENCES, OF_STEPS)
    assert clf.history_["score"][-1] == clf.score(SEQUENCES, OF_STEPS)
    own = NetClassifier(RECURRENT, **WORDS)
    own.fit(SEQUENCES[:30], OF_STEPS[:30], X_val=SEQUENCES[30:], y_val=OF_STEPS[30:])
    assert own.history_["val_score"][own.best_iter_ - 1] == own.score(SEQUENCES[30:], OF_STEPS[30:])
    scores = cross_val_score(NetClassifier(RECURRENT, **WORDS), SEQUENCES, OF_STEPS, cv=3)
    assert np.isfinite(scores).all()
    search = GridSearchCV(NetClassifier(RECURRENT, **WORDS), {"lstm_1__units": [2, 3]}, cv=2)
    assert search.fit(SEQUENCES, OF_STEPS).best_estimator_.predict(SEQUENCES[:1])[0].shape == (3,)
    parts = NetClassifier(RECURRENT, **WORDS).partial_fit(SEQUENCES, OF_STEPS, classes=[0, 1])
    parts.partial_fit(SEQUENCES[:5], OF_STEPS[:5])
    assert parts.t_ == 45


def test_weights_of_steps() -> None:
    """A step of weight 0 teaches nothing; weights of sequences are those of all their steps."""
    weight = [np.r_[np.zeros(len(x) - 1), 1] for x in SEQUENCES]
    other = [np.r_[1 - y[:-1], y[-1]] for y in OF_STEPS]
    fits = [NetClassifier(RECURRENT, **WORDS).fit(SEQUENCES, y, weight) for y in (OF_STEPS, other)]
    assert same(*(clf.predict_proba(SEQUENCES) for clf in fits))
    assert fits[0].score(SEQUENCES, OF_STEPS, weight) == fits[1].score(SEQUENCES, other, weight)
    of_samples = np.random.default_rng(1).integers(1, 4, 40)
    spread = [np.full(len(x), w) for x, w in zip(SEQUENCES, of_samples, strict=True)]
    fits = [
        NetClassifier(RECURRENT, **WORDS).fit(SEQUENCES, OF_STEPS, w) for w in (of_samples, spread)
    ]
    assert same(*(clf.predict_proba(SEQUENCES) for clf in fits))


@pytest.mark.parametrize(
    "estimator",
    [
        NetClassifier(RECURRENT, **WORDS),
        RNNClassifier((4,), **WORDS),
        RNNClassifier((4,), bidirectional=True, **WORDS),
        RNNClassifier((4,), truncate_bptt=2, **WORDS),
    ],
    ids=["net", "rnn", "both ways", "windows"],
)
def test_empty_sequences(estimator: Any) -> None:
    """Legal in fit and predict: the answer to no steps, whatever stands beside it."""
    empty: list[Any] = [np.zeros((0, 2)), *SEQUENCES[1:20], []]
    clf = clone(estimator).fit(empty, LABELS[:21])
    p = clf.predict_proba(empty)
    assert np.array_equal(p[0], p[-1])
    assert np.array_equal(p[0], clf.predict_proba([[]])[0])
    assert np.array_equal(p[1:20], clf.predict_proba(SEQUENCES[1:20]))
    padded = clf.predict_proba(PADDED[:2], lengths=[0, 4])
    assert np.array_equal(padded[0], p[0])


@pytest.mark.parametrize("words", [{}, {"truncate_bptt": 2}], ids=["whole", "windows"])
def test_empty_sequences_of_steps(words: Any) -> None:
    X, y = [[], *SEQUENCES[:20]], [[], *OF_STEPS[:20]]
    tagger = SequenceTagger((4,), **words, **WORDS).fit(X, y)
    assert [len(a) for a in tagger.predict(X)] == [0, *LENGTHS[:20]]
    assert tagger.score(X, y) == tagger.score(X[1:], y[1:])
    assert [len(a) for a in tagger.predict([[], []])] == [0, 0]


def test_empty_texts() -> None:
    clf = RNNClassifier((4,), **WORDS).fit(["", "ab", "b"], [0, 1, 0])
    assert clf.predict(["", "a"]).shape == (2,)
    assert np.array_equal(clf.predict_proba([""]), clf.predict_proba([[]]))
    lists = RNNClassifier((4,), **WORDS).fit([[], ["a", "b"], ["b"]], [0, 1, 0])
    assert lists.predict([[], ["b"]]).shape == (2,)


# --- images


def test_an_image_for_every_image() -> None:
    """The form of y is that of the answer; rows that are images may have images, too."""
    clean = IMAGES[..., 0] * 2 + 1
    reg = NetRegressor(CONVOLUTIONS, **WORDS).fit(IMAGES, clean)
    assert names(reg) == ["conv2d_1", "activation_1", "output"]
    assert reg.predict(IMAGES).shape == clean.shape
    assert reg.score(IMAGES, clean) == r2_score(
        clean.ravel(), reg.predict(IMAGES).ravel().astype(float)
    )
    two = np.stack([clean, -clean], axis=-1)
    assert NetRegressor(CONVOLUTIONS, **WORDS).fit(IMAGES, two).predict(IMAGES).shape == two.shape
    rows = NetRegressor(CONVOLUTIONS, input_shape=(6, 5), **WORDS).fit(
        IMAGES.reshape(30, 30), clean
    )
    assert np.array_equal(rows.predict(IMAGES.reshape(30, 30)), reg.predict(IMAGES))
    listed = NetRegressor(CONVOLUTIONS, **WORDS).fit(list(IMAGES), list(clean))
    assert np.array_equal(listed.predict(IMAGES), reg.predict(IMAGES))


def test_it_learns_images() -> None:
    words = {**WORDS, "max_epochs": 60, "learning_rate_init": 0.02}
    clean = IMAGES[..., 0] * 2 + 1
    assert NetRegressor(CONVOLUTIONS, **words).fit(IMAGES, clean).score(IMAGES, clean) > 0.98
    clf = NetClassifier(CONVOLUTIONS, **words).fit(IMAGES, BRIGHT)
    assert clf.score(IMAGES, BRIGHT) > 0.95
    assert clf.predict_proba(IMAGES).shape == (30, 6, 5, 3)
    assert clf.decision_function(IMAGES).shape == (30, 6, 5, 3)
    assert np.array_equal(clf.decision_function(IMAGES).argmax(-1), clf.predict(IMAGES))


def test_what_gives_the_answers_is_the_last_layer() -> None:
    """Where it fits y, and is no hidden one by its looks."""
    clean, last = IMAGES[..., 0], L.Conv2D(1, 1, name="mine")
    assert names(NetRegressor([*CONVOLUTIONS, last], **WORDS).fit(IMAGES, clean))[-1] == "mine"
    squashed = [*CONVOLUTIONS, last, L.Activation("sigmoid", name="squash")]
    assert names(NetRegressor(squashed, **WORDS).fit(IMAGES, clean))[-1] == "squash"
    three = [L.Conv2D(3, 1, name="mine")]
    assert names(NetClassifier(three, **WORDS).fit(IMAGES, BRIGHT)) == ["mine"]
    hidden = [L.Conv2D(3, 1), L.Activation("relu")]
    assert names(NetClassifier(hidden, **WORDS).fit(IMAGES, BRIGHT))[-1] == "output"
    dense = [L.Flatten(), L.Dense(7), L.Activation("relu")]
    assert names(NetRegressor(dense, **WORDS).fit(IMAGES, clean))[-2:] == ["output", "image"]
    assert names(NetRegressor([], **WORDS).fit(IMAGES, clean)) == ["output"]
    rows = IMAGES.reshape(30, -1)
    linear = NetClassifier([L.Dense(3, name="mine")], **WORDS).fit(rows, np.arange(30) % 3)
    assert names(linear) == ["mine"]
    numbers = NetRegressor([L.Dense(5), L.Activation("tanh"), L.Dense(2, name="mine")], **WORDS)
    assert names(numbers.fit(rows, rows[:, :2]))[-1] == "mine"


def test_two_classes_of_pixels_and_strings() -> None:
    y = np.where(IMAGES[..., 0] > 0, "yes", "no")
    clf = NetClassifier(CONVOLUTIONS, **WORDS).fit(IMAGES, y)
    assert clf.classes_.tolist() == ["no", "yes"]
    assert clf.predict(IMAGES).dtype.kind == "U"
    assert clf.predict_proba(IMAGES).shape == (30, 6, 5, 2)
    assert clf.decision_function(IMAGES).shape == (30, 6, 5)
    assert np.array_equal(clf.decision_function(IMAGES) > 0, clf.predict(IMAGES) == "yes")
    several = np.stack([IMAGES[..., 0] > 0, IMAGES[..., 0] > 1], axis=-1).astype(int)
    clf = NetClassifier(CONVOLUTIONS, **WORDS).fit(IMAGES, several)
    assert clf.predict(IMAGES).shape == clf.predict_proba(IMAGES).shape == several.shape


def test_weights_of_pixels() -> None:
    weight = (np.random.default_rng(1).random((30, 6, 5)) > 0.5).astype(float)
    other = np.where(weight > 0, BRIGHT, (BRIGHT + 1) % 3)
    fits = [NetClassifier(CONVOLUTIONS, **WORDS).fit(IMAGES, y, weight) for y in (BRIGHT, other)]
    assert np.array_equal(*(clf.predict_proba(IMAGES) for clf in fits))
    expected = accuracy_score(
        BRIGHT.ravel(), fits[0].predict(IMAGES).ravel(), sample_weight=weight.ravel()
    )
    assert fits[0].score(IMAGES, BRIGHT, weight) == expected
    balanced = NetClassifier(CONVOLUTIONS, class_weight="balanced", **WORDS).fit(IMAGES, BRIGHT)
    counts = np.bincount(BRIGHT.ravel())
    by_hand = (BRIGHT.size / (3 * counts))[BRIGHT]
    same_by_hand = NetClassifier(CONVOLUTIONS, **WORDS).fit(IMAGES, BRIGHT, by_hand)
    assert np.array_equal(balanced.predict_proba(IMAGES), same_by_hand.predict_proba(IMAGES))


def test_pixels_through_everything() -> None:
    words = {**WORDS, "scoring": "accuracy", "early_stopping": True, "validation_fraction": 0.2}
    clf = NetClassifier(CONVOLUTIONS, class_weight="balanced", **words).fit(IMAGES, BRIGHT)
    assert np.isfinite(clf.history_["val_score"]).all()
    clf = NetClassifier(CONVOLUTIONS, scoring="neg_log_loss", **WORDS).fit(IMAGES, BRIGHT)
    by_hand = log_loss(BRIGHT.ravel(), clf.predict_proba(IMAGES).reshape(-1, 3))
    assert clf.history_["score"][-1] == pytest.approx(-by_hand)
    own = NetRegressor(CONVOLUTIONS, **WORDS)
    own.fit(IMAGES[:20], IMAGES[:20], X_val=IMAGES[20:], y_val=IMAGES[20:])
    best = own.history_["val_score"][own.best_iter_ - 1]
    assert best == pytest.approx(own.score(IMAGES[20:], IMAGES[20:]), rel=1e-12)
    assert np.isfinite(
        cross_val_score(NetRegressor(CONVOLUTIONS, **WORDS), IMAGES, IMAGES, cv=3)
    ).all()
    by_lbfgs = NetRegressor(
        CONVOLUTIONS, **{**WORDS, "solver": "lbfgs", "max_epochs": 200, "tol": 1e-3}
    )
    assert by_lbfgs.fit(IMAGES, IMAGES).score(IMAGES, IMAGES) > 0.9
    parts = NetClassifier(CONVOLUTIONS, **WORDS).partial_fit(IMAGES, BRIGHT, classes=[0, 1, 2])
    assert parts.partial_fit(IMAGES[:4], BRIGHT[:4]).t_ == 34


INK = (IMAGES[..., 0] > 0).astype(int)


@pytest.mark.parametrize(
    ("estimator", "y", "classes"),
    [
        (NetClassifier, INK, [0, 1]),
        (NetClassifier, INK[..., np.newaxis], [0, 1]),
        (NetClassifier, list(INK), [0, 1]),
        (NetClassifier, np.stack([INK, 1 - INK], axis=-1) | INK[..., np.newaxis], [0, 1]),
        (NetClassifier, np.array(["paper", "ink"])[INK], ["ink", "paper"]),
        (NetClassifier, np.where(IMAGES[..., 0] < -1, None, INK), [0, 1]),
        (NetRegressor, IMAGES, None),
        (NetRegressor, IMAGES[..., 0], None),
        (NetRegressor, np.concatenate([IMAGES, IMAGES**2], axis=-1), None),
    ],
    ids=["labels", "axis", "list", "indicators", "strings", "marked", "images", "grey", "two"],
)
def test_partial_fits_of_pixels(estimator: Any, y: Any, classes: Any) -> None:
    """They learn, with fit before them or without, and answer in the form that fit does."""
    fitted = estimator(CONVOLUTIONS, **WORDS).fit(IMAGES, y)
    parts = estimator(CONVOLUTIONS, **WORDS).partial_fit(IMAGES, y, classes=classes)
    assert parts.predict(IMAGES).shape == fitted.predict(IMAGES).shape
    for est in (parts, fitted):
        before = est.loss_
        for _ in range(3):
            est.partial_fit(IMAGES, y)
        assert est.loss_ < before


def test_partial_fits_look_at_y_as_fit_does() -> None:
    """Lists are of steps, whatever the last layer gives; without y there is a word about it."""
    parts = NetClassifier([L.LSTM(3, return_sequences=False)], **WORDS)
    parts.partial_fit(SEQUENCES, OF_STEPS, classes=[0, 1])
    assert [len(found) for found in parts.predict(SEQUENCES[:3])] == [3, 4, 5]
    with pytest.raises(ValueError, match="requires y to be passed"):
        NetClassifier(CONVOLUTIONS).partial_fit(IMAGES, classes=[0, 1])


def test_start_from_a_network_of_pixels() -> None:
    base = NetRegressor(CONVOLUTIONS, **WORDS).fit(IMAGES, IMAGES)
    again = NetRegressor(init_from=base, **{**WORDS, "max_epochs": 1}).fit(IMAGES, IMAGES)
    assert names(again) == names(base)
    other = NetClassifier(init_from=base, drop_head=True, **WORDS).fit(IMAGES, BRIGHT)
    assert names(other) == names(base)
    assert other.predict(IMAGES).shape == BRIGHT.shape
