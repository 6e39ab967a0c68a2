"""The pictures of what goes on inside: they show the numbers of fastdl.inspection."""

import re
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastdl import (
    CNNClassifier,
    ConvAutoencoder,
    MLPClassifier,
    NDScaler,
    NetClassifier,
    NetRegressor,
    RNNClassifier,
    RNNRegressor,
    TabularClassifier,
)
from fastdl import layers as L
from fastdl.inspection import feature_maps, saliency, worst_mistakes
from fastdl.plotting import (
    DetectionDisplay,
    FeatureMapsDisplay,
    MistakesDisplay,
    SaliencyDisplay,
)

mpl.use("Agg")
import matplotlib.pyplot as plt

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
N = 24
WORDS = {"max_epochs": 2, "random_state": 0, "n_jobs": 1}
CLASSES = np.array(list("abc"))[np.arange(N) % 3]
NAMES = ["anna", "otto", "eva"] * 8
METHODS = ["gradient", "occlusion", "grad_cam"]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def images(*shape):
    return np.random.RandomState(0).random((N, *shape))


def sequences(n_features):
    rng = np.random.RandomState(0)
    return [rng.normal(size=(length, n_features)) for length in rng.randint(2, 9, N)]


def cnn(X, **words):
    return make_pipeline(NDScaler(), CNNClassifier((3,), **WORDS, **words)).fit(X, CLASSES)


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1), (6, 5, 3)])
def test_feature_maps(shape):
    X = images(*shape)
    pipe = cnn(X)
    display = FeatureMapsDisplay.from_estimator(pipe, X, n_images=2, max_maps=2)
    known = feature_maps(pipe, X[:2])
    chosen = np.sort(np.argsort(-known.mean(axis=(0, 1, 2)))[:2])
    assert display.channels.tolist() == chosen.tolist()
    np.testing.assert_array_equal(display.maps, known[..., chosen])
    assert display.name == "activation_1"
    assert ticks(display.ax_.xaxis) == ["image", *map(str, chosen)]
    assert display.ax_.get_images()[0].get_array().shape == (2 * 7 - 1, 3 * 6 - 1, 3)
    rows = cnn(X.reshape(N, -1), input_shape=shape)
    assert FeatureMapsDisplay.from_estimator(rows, X.reshape(N, -1)).images.shape[1:3] == (6, 5)
    small = FeatureMapsDisplay.from_estimator(pipe, X, layer="max_pool2d_1")
    assert small.maps.shape[1:3] == (3, 2)


def test_feature_maps_of_equal_values():
    FeatureMapsDisplay(np.ones((2, 4, 4)), np.zeros((2, 2, 2, 3))).plot()


def test_saliency_of_images():
    X = images(6, 5, 3)
    pipe = cnn(X)
    words = {"method": METHODS, "n_samples": 3, "size": 2}
    display = SaliencyDisplay.from_estimator(pipe, X, "b", **words)
    for method in METHODS:
        more = {"size": 2} if method == "occlusion" else {}
        known = saliency(pipe, X[:3], "b", method=method, **more)
        np.testing.assert_array_equal(display.maps[method], known)
    p = pipe.predict_proba(X[:3])[:, 1]
    assert ticks(display.ax_.yaxis) == [f"b ({q:.0%})" for q in p]
    assert ticks(display.ax_.xaxis) == ["image", "gradient", "occlusion", "grad-cam"]
    assert display.ax_.get_images()[0].get_array().shape == (3 * 7 - 1, 4 * 6 - 1, 3)
    mlp = MLPClassifier((3,), max_iter=2).fit(X.reshape(N, -1), CLASSES)
    flat = SaliencyDisplay.from_estimator(mlp, X.reshape(N, -1), image_shape=(6, 5, 3))
    assert flat.samples.shape == (4, 6, 5, 3)


def test_saliency_of_a_frame():
    X = pd.DataFrame(images(4), columns=["alpha", "b", "c", "d"])
    pipe = make_pipeline(StandardScaler(), NetRegressor([L.Dense(3)], **WORDS)).fit(X, X["b"])
    display = SaliencyDisplay.from_estimator(pipe, X, method=METHODS[:2], n_samples=3)
    assert ticks(display.ax_.xaxis) == list(X)
    y = pipe.predict(X[:3])
    assert ticks(display.ax_.yaxis)[:2] == [f"{y[0]:.3g} gradient", f"{y[0]:.3g} occlusion"]
    assert display.ax_.get_images()[0].get_array().shape == (6, 4, 3)
    np.testing.assert_array_equal(
        display.maps["occlusion"], saliency(pipe, X[:3], method="occlusion")
    )


def test_saliency_of_texts_and_sequences():
    rnn = RNNClassifier((3,), **WORDS).fit(NAMES, CLASSES)
    display = SaliencyDisplay.from_estimator(rnn, NAMES, "a", n_samples=3)
    assert [text.get_text() for text in display.ax_.texts] == list("annaottoeva")
    X = sequences(2)
    rnn = RNNRegressor((3,), **WORDS).fit(X, np.arange(N))
    display = SaliencyDisplay.from_estimator(rnn, X, method="occlusion")
    assert [len(line) for line in display.maps["occlusion"]] == [len(x) for x in X[:4]]
    padded, lengths = np.zeros((N, 9, 2)), [len(x) for x in X]
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    same = SaliencyDisplay.from_estimator(rnn, padded, method="gradient", lengths=lengths)
    assert [len(line) for line in same.maps["gradient"]] == lengths[:4]
    assert same.ax_.get_images()[0].get_array().shape == (4, max(lengths[:4]), 3)


def captions(display):
    return [text.get_text() for text in display.ax_.texts]


def test_mistakes_of_images():
    X = images(6, 5)
    pipe = cnn(X)
    display, known = (
        MistakesDisplay.from_estimator(pipe, X, CLASSES),
        worst_mistakes(pipe, X, CLASSES),
    )
    np.testing.assert_array_equal(display.samples[..., 0], X[known.indices])
    p, first = pipe.predict_proba(X[known.indices])[0], "abc".index(known.y_true[0])
    assert captions(display)[0] == (
        f"label {known.y_true[0]} ({p[first]:.0%})\nanswer {known.y_pred[0]} ({p.max():.0%})"
    )
    n = len(known.indices)
    assert display.ax_.get_title() == f"{n} mistakes of 24, the {n} worst"
    few = MistakesDisplay.from_estimator(pipe, X, CLASSES, max_samples=3)
    assert len(few.captions) == 3
    none = MistakesDisplay.from_estimator(pipe, X, pipe.predict(X))
    assert none.ax_.get_title() == "no mistakes among 24 samples"


def test_mistakes_of_autoencoders():
    X = 255 * images(8, 8)
    pipe = make_pipeline(NDScaler("minmax"), ConvAutoencoder(**WORDS)).fit(X)
    display = MistakesDisplay.from_estimator(pipe, X, max_samples=5)
    order = worst_mistakes(pipe, X, n=5).indices
    Z = pipe[0].transform(X[order])
    back = pipe[0].inverse_transform(pipe[1].reconstruct(Z))
    np.testing.assert_allclose(display.answers[..., 0], back, rtol=1e-6)
    assert display.ax_.get_title() == "the 5 worst of 24; below each what came back"


def test_mistakes_of_texts_sequences_and_rows():
    rnn = RNNClassifier((3,), **WORDS).fit(NAMES, CLASSES)
    display = MistakesDisplay.from_estimator(rnn, NAMES, np.roll(CLASSES, 1))
    assert captions(display)[0].endswith(display.samples[0])
    for n_features in (1, 2):
        X = sequences(n_features)
        y = np.array([len(x) for x in X], float)
        rnn = RNNRegressor((3,), **WORDS).fit(X, y)
        display = MistakesDisplay.from_estimator(rnn, X, y, max_samples=6)
        order = worst_mistakes(rnn, X, y, n=6).indices
        assert (
            captions(display)[0] == f"label {y[order[0]]:g}\nanswer {rnn.predict(X)[order[0]]:.3g}"
        )
        assert len(display.ax_.lines) == 6 * (n_features + 1)
    X, y = images(4), (images(3) > 0.5).astype(int)
    net = NetClassifier([L.Dense(3)], **WORDS).fit(X, y)
    found = MistakesDisplay.from_estimator(net, pd.DataFrame(X), y)
    first = worst_mistakes(net, X, y).indices[0]
    true, given = (np.flatnonzero(part).tolist() for part in (y[first], net.predict(X)[first]))
    assert captions(found)[0] == f"labels {true}\nanswer {given}"


def test_mistakes_of_a_table():
    table = pd.DataFrame({"n": images(1)[:, 0], "c": list("uv") * 12})
    tabular = TabularClassifier(max_epochs=1, random_state=0).fit(table, CLASSES)
    display = MistakesDisplay.from_estimator(tabular, table, np.roll(CLASSES, 1), max_samples=3)
    first = worst_mistakes(tabular, table, np.roll(CLASSES, 1)).indices[0]
    assert display.samples[0] == f"{table['n'][first]}, {table['c'][first]}"


FOUND = {"boxes": [[1, 2, 5, 6], [0, 0, 3, 3]], "labels": ["cell", "dot"], "scores": [0.9, 0.25]}
TRUE = {"boxes": np.array([[1, 1, 5, 5]]), "labels": np.array(["cell"])}


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 3)])
def test_detections(shape):
    image = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
    display = DetectionDisplay.from_predictions(image, FOUND, TRUE)
    corners = [patch.get_bbox().extents.tolist() for patch in display.ax_.patches]
    assert corners == [[0.5, 0.5, 4.5, 4.5], [0.5, 1.5, 4.5, 5.5], [-0.5, -0.5, 2.5, 2.5]]
    assert captions(display) == ["cell", "cell 0.90", "dot 0.25"]
    styles = [patch.get_linestyle() for patch in display.ax_.patches]
    assert styles == ["--", "-", "-"]
    if len(shape) == 3:
        np.testing.assert_allclose(display.ax_.get_images()[0].get_array(), image / 255)
    detector = SimpleNamespace(predict=lambda X: [FOUND for _ in X])
    assert captions(DetectionDisplay.from_estimator(detector, image)) == ["cell 0.90", "dot 0.25"]
    nothing = DetectionDisplay.from_predictions(image, {"boxes": [], "labels": []})
    assert not nothing.ax_.patches


def test_draws_where_asked():
    X = images(6, 5)
    pipe, (_, axes) = cnn(X), plt.subplots(2, 2)
    drawn = [
        FeatureMapsDisplay.from_estimator(pipe, X, ax=axes[0, 0]),
        SaliencyDisplay.from_estimator(pipe, X, ax=axes[0, 1]),
        MistakesDisplay.from_estimator(pipe, X, CLASSES, ax=axes[1, 0]),
        DetectionDisplay.from_predictions(X[0], FOUND, ax=axes[1, 1]),
    ]
    assert [display.ax_ for display in drawn] == axes.ravel().tolist()
    assert len(plt.get_fignums()) == 1


def detect(**changes):
    DetectionDisplay.from_predictions(np.zeros((4, 4)), FOUND | changes)


# fmt: off
TEXTS = [
    (lambda: DetectionDisplay(np.zeros(4), FOUND),
     "image has shape (4,); expected one image, (height, width) or (height, width, channels)."),
    (lambda: DetectionDisplay(np.zeros((4, 4)), [FOUND]),
     "prediction is a list; expected a dict of 'boxes', 'labels' and 'scores', of one image."),
    (lambda: detect(score=[1, 2]),
     "prediction has a key 'score', which is not known. Did you mean 'scores'?"),
    (lambda: DetectionDisplay(np.zeros((4, 4)), FOUND, {"boxes": [[0, 0, 1, 1]]}),
     "y_true has no 'labels'; it holds 'boxes'."),
    (lambda: detect(boxes=[1, 2, 3, 4]),
     "prediction: boxes has shape (4,); expected (k, 4), x1 y1 x2 y2 in pixels."),
    (lambda: detect(boxes=[[0, 0, 1, 1], [0, 0, np.inf, 1]]),
     "prediction: boxes[1] is [0.0, 0.0, inf, 1.0]; expected finite numbers."),
    (lambda: detect(labels=["cell"]), "prediction has 2 boxes, but 1 labels."),
    (lambda: SaliencyDisplay.from_estimator(cnn(images(4, 4)), images(4, 4), layer=1,
                                            method=["gradient", "occlusion"]),
     "layer is for method='grad_cam', not for method='gradient' or 'occlusion'."),
]
# fmt: on


@pytest.mark.parametrize(("call", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_text(call, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call()
