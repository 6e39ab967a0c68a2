"""What is said of the gap between a fit and the best possible one."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastdl import Autoencoder, MLPClassifier, NetClassifier
from fastdl import layers as L
from fastdl.inspection import BiasVarianceDisplay, bias_variance

mpl.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_digits(return_X_y=True)
TRAIN, VAL = slice(0, 300), slice(300, 900)


class Guess:
    """Right for the first samples only."""

    def __init__(self, **parameters):
        self.parameters = parameters

    def fit(self, X, y):
        return self

    def get_params(self, deep=True):
        return self.parameters

    def predict(self, X):
        return X[:, 0]

    def score(self, X, y):
        return float((self.predict(X) == y).mean())


def guessed(share_train, share_val, **words):
    def data(share, n=1000):
        y = np.ones(n)
        return (np.arange(n) < round(share * n)).astype(float)[:, np.newaxis], y

    words = {"best": 0.01} | words
    estimator = Guess(**words.pop("parameters", {}))
    return bias_variance(estimator, *data(share_train), *data(share_val), **words)


def test_parts_add_up():
    found = guessed(0.95, 0.9)
    assert found.train_error == pytest.approx(0.05)
    assert found.val_error == pytest.approx(0.1)
    assert found.bias == pytest.approx(0.04)
    assert found.variance == pytest.approx(0.05)
    assert found.uncertainty == pytest.approx(np.sqrt(0.1 * 0.9 / 1000), rel=0.5)
    assert str(found).splitlines()[:5] == [
        "best possible error  0.01",
        "  avoidable bias     0.04",
        "training error       0.05",
        "  variance           0.05",
        f"validation error     0.1 +- {found.uncertainty:.2g}",
    ]


@pytest.mark.parametrize(
    ("train", "val", "best", "expected"),
    [
        (0.8, 0.79, 0.01, ["Against bias: "]),
        (0.99, 0.8, 0.01, ["Against variance: "]),
        (0.8, 0.5, 0.01, ["Against variance: ", "Against bias: "]),
        (0.6, 0.5, 0.01, ["Against bias: ", "Against variance: "]),
        (0.985, 0.98, 0.01, ["Nothing stands out"]),
        (0.8, 0.79, 0.2, ["Nothing stands out"]),
        (0.99, 0.985, 0.2, ["The training error is below the best possible"]),
        (0.7, 0.9, None, ["Against bias: ", "The validation error is below the training error"]),
    ],
)
def test_what_to_try(train, val, best, expected):
    steps = guessed(train, val, best=best).next_steps
    assert len(steps) == len(expected)
    assert all(step.startswith(text) for step, text in zip(steps, expected, strict=True))


def test_in_the_words_of_the_estimator():
    steps = guessed(0.8, 0.5, parameters={"hidden_layer_sizes": 5, "dropout": 0.0, "alpha": 1})
    assert steps.next_steps == [
        "Against variance: more samples; a larger alpha; more dropout.",
        "Against bias: more or larger layers (hidden_layer_sizes); better features.",
    ]
    steps = guessed(0.8, 0.79, parameters={"max_iter": 5, "dropout": 0.5}).next_steps
    assert steps == ["Against bias: a longer training (max_iter); less dropout; better features."]


def test_of_real_estimators():
    few = MLPClassifier((50,), random_state=0, tol=1e-2).fit(X[TRAIN], Y[TRAIN])
    found = bias_variance(few, X[TRAIN], Y[TRAIN], X[VAL], Y[VAL], best=0.01)
    assert found.next_steps[0].startswith("Against variance: more samples; a larger alpha;")
    small = make_pipeline(StandardScaler(), NetClassifier([L.Dense(1)], max_epochs=3))
    small.set_params(netclassifier__random_state=0).fit(X[TRAIN], Y[TRAIN])
    found = bias_variance(small, X[TRAIN], Y[TRAIN], X[VAL], Y[VAL])
    assert found.next_steps[0].startswith("Against bias: more or larger layers; a longer")
    assert "best possible error  unknown, taken for 0" in str(found)
    ridge = Ridge().fit(X[TRAIN], Y[TRAIN])
    found = bias_variance(ridge, X[TRAIN], Y[TRAIN], X[VAL], Y[VAL])
    assert found.train_error == pytest.approx(1 - ridge.score(X[TRAIN], Y[TRAIN]))


def test_of_losses():
    clf = MLPClassifier((10,), max_iter=5, random_state=0).fit(X[TRAIN], Y[TRAIN])
    data = X[TRAIN], Y[TRAIN], X[VAL], Y[VAL]
    found = bias_variance(clf, *data, scoring="neg_log_loss")
    assert found.val_error == pytest.approx(log_loss(Y[VAL], clf.predict_proba(X[VAL])))


def test_with_a_learning_curve():
    clf = MLPClassifier((30,), max_iter=30, random_state=0)
    curve = learning_curve(clf, X, Y, cv=3, train_sizes=[50, 200, 800])
    clf.fit(X[TRAIN], Y[TRAIN])
    found = bias_variance(clf, X[TRAIN], Y[TRAIN], X[VAL], Y[VAL], curve=curve)
    np.testing.assert_allclose(found.curve.val, 1 - curve[2].mean(axis=1))
    assert found.next_steps[-1].startswith("More samples help: the validation error fell by ")
    assert found.next_steps[-1].endswith(" from 200 to 800 samples.")
    flat = [100, 200], [[0.9, 0.92]] * 2, [[0.8, 0.82], [0.805, 0.815]]
    found = bias_variance(clf, X[TRAIN], Y[TRAIN], X[VAL], Y[VAL], curve=flat)
    assert found.next_steps[-1].startswith("More samples hardly help")
    display = found.plot()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert set(labels) == {"training", "validation", "best possible"}


def test_picture():
    display = BiasVarianceDisplay(0.05, 0.1, 0.01).plot()
    assert display.figure_ is display.ax_.figure
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["avoidable bias 0.04", "variance 0.05"]
    again = BiasVarianceDisplay(0.05, 0.1).plot(display.ax_)
    assert again.ax_ is display.ax_


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"best": np.nan}, "best=nan; expected None or a finite number, an error."),
        ({"curve": [1, 2]}, r"curve has 2 parts; expected \(train_sizes, train_scores, val_scores"),
        ({"curve": [[1, 2], [[1]], [[1]]]}, "curve has 2 sizes, and scores of shape"),
    ],
)
def test_refuses(words, text):
    with pytest.raises(ValueError, match=f"^{text}"):
        guessed(0.9, 0.8, **words)


def test_autoencoders():
    coder = Autoencoder(5, max_epochs=2, random_state=0).fit(X[TRAIN])
    found = bias_variance(coder, X[TRAIN], None, X[VAL], None)
    assert found.train_error == pytest.approx(coder.reconstruction_error(X[TRAIN]).mean())
    assert found.val_error == pytest.approx(coder.reconstruction_error(X[VAL]).mean())
    assert found.uncertainty > 0
