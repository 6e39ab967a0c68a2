"""The losses of classifiers and regressors: what their answers come to where it can be computed."""

import numpy as np
import pytest

import fastdl
from fastdl import (
    CNNClassifier,
    MLPClassifier,
    NetClassifier,
    NetRegressor,
    RNNClassifier,
    SoftmaxRegression,
    losses,
)
from fastdl import layers as L

CENTRES = np.array([[0, 0], [4, 0], [0, 4]])
Y3 = np.repeat([0, 1, 2], [40, 20, 10])
X3 = CENTRES[Y3] + np.random.default_rng(0).normal(size=(70, 2))
CLASSES = {"two": 2, "three": 3}

CLASS_LOSSES = [
    "log_loss",
    "focal",
    "squared_error",
    "hinge",
    losses.SoftmaxCrossEntropy(label_smoothing=0.1),
    losses.Focal(gamma=1.0),
    losses.SquaredError(),
]
each_class_loss = pytest.mark.parametrize("loss", CLASS_LOSSES, ids=repr)


def constant(y):
    """X that tells nothing: the answer is the same for all, and the loss says which."""
    return np.zeros((len(y), 1))


def converged(loss, y, **params):
    model = SoftmaxRegression(
        loss=loss, solver="lbfgs", dtype="float64", max_epochs=500, tol=0, alpha=0, **params
    )
    return model.fit(constant(y), y)


def net(loss, **params):
    options = {"learning_rate_init": 0.05, "max_epochs": 20, "random_state": 0, **params}
    options |= {"learning_rate": "constant", "weight_decay": None}
    return NetClassifier([L.Dense(8), L.Activation("relu")], loss=loss, **options)


@each_class_loss
@pytest.mark.parametrize("n_classes", CLASSES.values(), ids=CLASSES)
def test_classes(loss, n_classes, tmp_path):
    there = np.isin(Y3, range(n_classes))
    X, y = X3[there], np.array(["a", "b", "c"])[Y3[there]]
    clf = net(loss)
    clf.fit(X, y)
    assert clf.score(X, y) > 0.85
    gives = getattr(loss, "link", {"log_loss": "softmax", "focal": "softmax"}.get(loss, ""))
    assert hasattr(clf, "predict_proba") == bool(gives)
    if gives:
        p = clf.predict_proba(X)
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        assert (clf.classes_[p.argmax(axis=1)] == clf.predict(X)).all()
    clf.save(tmp_path / "model")
    again = fastdl.load(tmp_path / "model")
    assert again.loss == loss
    np.testing.assert_array_equal(again.predict(X), clf.predict(X))
    part = NetClassifier([L.Dense(4)], loss=loss, random_state=0)
    part.partial_fit(X[:5], y[:5], classes=np.unique(y)).partial_fit(X, y)
    assert set(part.predict(X)) <= set(y)


@pytest.mark.parametrize(
    "loss",
    ["log_loss", "focal", "squared_error", losses.BinaryFocal(1.0), losses.SquaredError(),
     losses.BinaryCrossEntropy(label_smoothing=0.1)],
    ids=repr,
)  # fmt: skip
def test_indicators(loss):
    y = np.column_stack([Y3 > 0, Y3 == 1]).astype(int)
    clf = net(loss).fit(X3, y, X_val=X3, y_val=y)
    assert (clf.predict(X3) == y).mean() > 0.85
    assert clf.validation_scores_[clf.best_iter_ - 1] == pytest.approx(clf.score(X3, y))


@each_class_loss
def test_validation_score_is_that_of_score(loss):
    clf = net(loss, max_epochs=5)
    clf.fit(X3, Y3, X_val=X3[::2], y_val=Y3[::2])
    best = clf.validation_scores_[clf.best_iter_ - 1]
    assert best == pytest.approx(clf.score(X3[::2], Y3[::2]))


@pytest.mark.parametrize("n_classes", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("binary", [False, True], ids=["softmax", "sigmoid"])
def test_label_smoothing_bounds_the_probabilities(n_classes, binary):
    """Without features p is (1 - s) times the shares of the classes + s / K."""
    if binary and n_classes > 2:
        pytest.skip("sigmoids are for two classes")
    kind = losses.BinaryCrossEntropy if binary else losses.SoftmaxCrossEntropy
    y = Y3[np.isin(Y3, range(n_classes))]
    shares = np.bincount(y) / len(y)
    p = converged(kind(label_smoothing=0.2), y).predict_proba(constant(y))[0]
    np.testing.assert_allclose(p, 0.8 * shares + 0.2 / n_classes, rtol=1e-5)


def test_squared_error_of_classes_learns_their_shares():
    clf = converged("squared_error", Y3)
    outputs = clf.program_.predict(constant(Y3))[0]
    np.testing.assert_allclose(outputs, np.bincount(Y3) / len(Y3), rtol=1e-6)
    assert (clf.predict(constant(Y3)) == 0).all()


def test_focal_probabilities_are_drawn_together():
    """Towards 1 / K, the more the larger gamma: they rank well, and are not calibrated."""
    largest = [
        converged(losses.Focal(gamma), Y3).predict_proba(constant(Y3))[0, 0] for gamma in (0, 1, 4)
    ]
    assert largest[0] == pytest.approx(40 / 70, rel=1e-5)
    assert 1 / 3 < largest[2] < largest[1] < largest[0]


@each_class_loss
def test_class_weight_is_sample_weight_is_repetition(loss):
    repeated = np.repeat(np.arange(len(Y3)), np.where(Y3 == 2, 3, 1))

    def answers(X, y, weight=None, **params):
        """In full batches."""
        clf = SoftmaxRegression(
            loss=loss, dtype="float64", batch_size=len(y), max_epochs=20, random_state=0, **params
        )
        return clf.fit(X, y, weight).program_.predict(X3)

    expected = answers(X3[repeated], Y3[repeated])
    by_class = answers(X3, Y3, class_weight={2: 3})
    by_sample = answers(X3, Y3, np.where(Y3 == 2, 3.0, 1.0))
    np.testing.assert_array_equal(by_class, by_sample)
    np.testing.assert_allclose(by_class, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_pinball_gives_the_quantile(quantile):
    y = np.random.default_rng(0).exponential(size=999)
    reg = NetRegressor(
        [L.Dense(1)], loss=losses.Pinball(quantile), solver="sgd", momentum=0,
        learning_rate="constant", learning_rate_init=0.01, weight_decay=None, normalize_y=False,
        batch_size=999, max_epochs=800, tol=0, random_state=0,
    )  # fmt: skip
    reg.fit(np.ones((999, 1)), y)
    below = (y < reg.predict(np.ones((1, 1)))).mean()
    assert below == pytest.approx(quantile, abs=0.03)


def test_losses_of_sequences():
    """Label smoothing and the focal loss, by a recurrent net."""
    X = [np.full((2 + i % 3, 1), float(i % 2)) for i in range(40)]
    y = np.arange(40) % 2
    for loss in (losses.SoftmaxCrossEntropy(label_smoothing=0.1), "focal"):
        clf = RNNClassifier((4,), loss=loss, learning_rate_init=0.05, max_epochs=30, random_state=0)
        assert clf.fit(X, y).score(X, y) == 1.0
        assert clf.predict_proba(X).shape == (40, 2)


def test_set_params_reaches_into_a_loss():
    clf = NetClassifier([L.Dense(2)], loss=losses.Focal())
    assert clf.set_params(loss__gamma=3.0).loss == losses.Focal(3.0)


def test_why_there_are_no_probabilities():
    with pytest.raises(AttributeError) as caught:
        _ = net("squared_error").predict_proba
    assert str(caught.value.__cause__) == (
        "probabilities need loss='log_loss' or 'focal', not loss='squared_error'."
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss", ["log_loss", "hinge", "squared_error"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("made", [NetClassifier, CNNClassifier, RNNClassifier, SoftmaxRegression])
def test_decision_function(made, n_classes, loss):
    """Scores go with predictions: of two classes one, above 0 for the second."""
    there = np.isin(Y3, range(n_classes))
    words = {"loss": loss, "max_epochs": 2, "random_state": 0}
    known = made().get_params()
    clf = made(**{name: value for name, value in words.items() if name in known})
    scores = clf.fit(X3[there], Y3[there]).decision_function(X3[there])
    if n_classes == 2:
        assert scores.shape == (there.sum(),)
        assert np.array_equal(clf.predict(X3[there]), (scores > 0).astype(int))
    else:
        assert scores.shape == (len(X3), 3)
        assert np.array_equal(clf.predict(X3), scores.argmax(axis=1))


def test_scikit_learns_perceptron_has_no_scores():
    assert not hasattr(MLPClassifier(), "decision_function")
