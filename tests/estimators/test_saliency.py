"""What in X speaks for an answer: gradients by central differences, the other two by hand."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from fastdl import (
    Autoencoder,
    BernoulliRBM,
    CNNClassifier,
    CNNRegressor,
    ConvAutoencoder,
    DBNClassifier,
    ELMClassifier,
    Embedder,
    MLPClassifier,
    MLPRegressor,
    NDScaler,
    NetClassifier,
    NetRegressor,
    Network,
    RNNClassifier,
    RNNRegressor,
    Seq2Seq,
    SequenceScaler,
    SequenceTagger,
    SoftmaxRegression,
    StackedAutoencoderClassifier,
    TabularClassifier,
    load_network,
)
from fastdl import layers as L
from fastdl.inspection import input_gradient, saliency

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
RNG = np.random.RandomState
WORDS = {"dtype": "float64", "max_epochs": 2, "random_state": 0, "n_jobs": 1}
N = 24
CLASSES = np.array(list("abc"))[np.arange(N) % 3]
TWO = np.array(["no", "yes"])[np.arange(N) % 2]


def rows(n_features=6):
    return RNG(0).normal(size=(N, n_features))


def images(*shape):
    return RNG(0).random((N, *shape))


def sequences():
    rng = RNG(0)
    return [rng.normal(size=(length, 2)) for length in rng.randint(2, 6, size=N)]


def score(estimator, X, y=None):
    """What the gradient is of, by the public methods, for one sample."""
    if hasattr(estimator, "steps"):
        return score(estimator[-1], estimator[:-1].transform(X), y)
    if hasattr(estimator, "classes_"):
        is_mlp = isinstance(estimator, MLPClassifier)
        z = (estimator.program_.predict(X) if is_mlp else estimator.transform(X, layer=-1))[0]
        column = y if isinstance(y, int) else list(estimator.classes_).index(y)
        return z[column] if len(z) > 1 else z[0] * (1 if column else -1)
    if hasattr(estimator, "predict"):
        return np.ravel(estimator.predict(X))[y or 0]
    return np.ravel(estimator.transform(X))[y]


def differences(estimator, x, y=None, wrap=lambda x: x[np.newaxis], step=1e-5):
    """The gradient for one sample, by central differences."""
    found = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        moved = x.astype(float)
        moved[i] += step
        above = score(estimator, wrap(moved), y)
        moved[i] -= 2 * step
        found[i] = (above - score(estimator, wrap(moved), y)) / (2 * step)
    return found


INCEPTION = L.Concat([[L.Conv2D(2, 1)], [L.Conv2D(2, 3, padding="same"), L.BatchNorm()], []])
MIXED = [
    L.Augment(shift=1),
    L.Conv2D(3, 3, padding="same"),
    L.BatchNorm(),
    L.Activation("tanh"),
    INCEPTION,
    L.AuxHead([L.GlobalAvgPool(), L.Dense(4)]),
    L.Residual([L.Conv2D(7, 3, padding="same")]),
    L.Dropout(0.3),
    L.AvgPool2D(2),
]

CASES = {
    "cnn": (CNNClassifier((3,), **WORDS), images(5, 4), CLASSES, "b"),
    "cnn of two classes": (CNNClassifier((3,), **WORDS), images(5, 4), TWO, "no"),
    "colours": (CNNRegressor((3,), **WORDS), images(4, 4, 3), rows()[:, 0], None),
    "branches": (NetClassifier(MIXED, **WORDS), images(6, 6, 2), CLASSES, "c"),
    "rows as images": (CNNClassifier((3,), input_shape=(3, 2), **WORDS), rows(), CLASSES, "a"),
    "indicators": (MLPClassifier((4,), max_iter=2), rows(), (rows()[:, :3] > 0).astype(int), 1),
    "numbers": (MLPRegressor(hidden_layer_sizes=(4,), max_iter=2), rows(), rows()[:, :2], 1),
    "y in thousands": (NetRegressor([L.Dense(4)], **WORDS), rows(), 1e3 * rows()[:, 0], None),
    "counts": (
        NetRegressor([L.Dense(4)], loss="poisson", **WORDS),
        rows(),
        RNG(0).poisson(3, N),
        None,
    ),
    "softmax of two": (SoftmaxRegression(loss="squared_error", **WORDS), rows(), TWO, "yes"),
    "hinge": (NetClassifier([L.Dense(4)], loss="hinge", **WORDS), rows(), CLASSES, "a"),
    "dbn": (
        DBNClassifier((4,), pretrain_epochs=1, visible="gaussian", **WORDS),
        rows(),
        CLASSES,
        "b",
    ),
    "stack": (StackedAutoencoderClassifier((4,), pretrain_epochs=1, **WORDS), rows(), CLASSES, "b"),
    "elm": (ELMClassifier(5, dtype="float64", random_state=0), rows(), CLASSES, "c"),
    "code": (Autoencoder(3, tied_weights=True, corruption=0.2, **WORDS), rows(), None, 2),
    "code of images": (
        ConvAutoencoder([L.Conv2D(2, 3, padding="same"), L.Flatten(), L.Dense(3)], **WORDS),
        images(4, 4),
        None,
        1,
    ),
    "unit vectors": (
        Embedder([L.Conv2D(2, 3), L.Flatten()], n_components=3, **WORDS),
        images(4, 4),
        CLASSES,
        2,
    ),
    "padded": (RNNRegressor((4,), **WORDS), images(5, 2), rows()[:, 0], None),
    "steps in rows": (RNNClassifier((4,), **WORDS), rows(), CLASSES, "a"),
}


@pytest.mark.parametrize("case", CASES)
def test_gradient(case):
    estimator, X, target, y = CASES[case]
    X = X if target is None or "MLP" not in type(estimator).__name__ else X.astype(np.float64)
    estimator.fit(X, *(() if target is None else (target,)))
    found = input_gradient(estimator, X[:3], y)
    assert found.shape == X[:3].shape
    scale = np.abs(found).max()
    assert scale > 0
    for i in range(2):
        known = differences(estimator, X[i], y)
        np.testing.assert_allclose(found[i], known, rtol=1e-6, atol=1e-6 * scale)


def test_gradient_of_lists():
    X = sequences()
    rnn = RNNClassifier((4,), cell="gru", bidirectional=True, **WORDS).fit(X, CLASSES)
    found = input_gradient(rnn, X[:4], "c")
    assert [g.shape for g in found] == [x.shape for x in X[:4]]
    for g, x in zip(found, X[:2], strict=False):
        known = differences(rnn, x, "c", wrap=lambda x: [x])
        np.testing.assert_allclose(g, known, rtol=1e-6, atol=1e-9)
    padded, lengths = np.zeros((4, 7, 2)), [len(x) for x in X[:4]]
    for row, x in zip(padded, X, strict=False):
        row[: len(x)] = x
    same = input_gradient(rnn, padded, "c", lengths=lengths)
    for i, g in enumerate(found):
        np.testing.assert_array_equal(same[i, : len(g)], g)
        assert not same[i, len(g) :].any()
    maps = saliency(rnn, padded, "c", lengths=lengths)
    np.testing.assert_array_equal(maps, np.abs(same).max(axis=2))


def test_gradient_of_windows():
    """The whole past, however few steps the program has."""
    X = images(9, 2)
    short = RNNRegressor((4,), truncate_bptt=3, **WORDS).fit(X, X[:, 0, 0])
    found = input_gradient(short, X[:1])
    np.testing.assert_allclose(found[0], differences(short, X[0]), rtol=1e-6, atol=1e-9)
    assert found[0, 0].any()


def test_gradient_of_symbols():
    texts = ["abba", "cab", "bc", "aaac"] * 6
    rnn = RNNClassifier((4,), **WORDS).fit(texts, CLASSES)
    found = input_gradient(rnn, texts[:2], "b")
    name = rnn._network.layers[0].name
    table = rnn.get_weights()[f"{name}.weight"]
    assert [g.shape for g in found] == [(4, table.shape[1]), (3, table.shape[1])]
    code = rnn._inputs.check(rnn, ["c"], reset=False).values.item(0)  # in "cab" once, the first
    known = np.empty(table.shape[1])
    for k in range(len(known)):
        scores = []
        for step in (1e-6, -1e-6):
            moved = table.copy()
            moved[code, k] += step
            rnn.set_weights({f"{name}.weight": moved})
            scores.append(score(rnn, texts[1:2], "b"))
        known[k] = (scores[0] - scores[1]) / 2e-6
    rnn.set_weights({f"{name}.weight": table})
    np.testing.assert_allclose(found[1][0], known, rtol=1e-5, atol=1e-9)
    maps = saliency(rnn, texts[:2], "b")
    np.testing.assert_allclose(maps[1], np.linalg.norm(found[1], axis=1))


STEPS = {
    "nd": NDScaler("minmax"),
    "standard": StandardScaler(),
    "no spread": StandardScaler(with_std=False),
    "min-max": MinMaxScaler((-1, 2)),
    "clipped": MinMaxScaler(clip=True),
    "max-abs": MaxAbsScaler(),
    "robust": RobustScaler(),
    "pca": PCA(3),
    "white": PCA(3, whiten=True),
    "function": FunctionTransformer(np.arcsinh),
    "nothing": FunctionTransformer(),
    "none": "passthrough",
}


@pytest.mark.parametrize("step", STEPS)
def test_gradient_through_a_pipeline(step):
    X = 3 * rows() + 1
    X[2], X[3] = X.min(axis=0) - 1, X.max(axis=0) + 1  # the first two are no extremes
    pipe = make_pipeline(STEPS[step], StandardScaler(), MLPClassifier((4,), max_iter=2))
    pipe.fit(X[:-1], CLASSES[:-1])
    far = X[:2] * np.array([1, 1, 1, 1, 1, 50.0])  # outside of what a scaler has seen
    found = input_gradient(pipe, far, "b")
    for i in range(2):
        known = differences(pipe, far[i], "b", step=1e-4)
        np.testing.assert_allclose(found[i], known, rtol=1e-5, atol=1e-8)
    assert found[:, 5].any() == (step != "clipped")


def test_gradient_through_a_scaler_of_images_and_of_lists():
    X = images(4, 4, 2)
    pipe = make_pipeline(NDScaler(), CNNClassifier((2,), **WORDS)).fit(X, CLASSES)
    known = differences(pipe, X[0], "a")
    np.testing.assert_allclose(input_gradient(pipe, X[:1], "a")[0], known, rtol=1e-5, atol=1e-9)
    X = sequences()
    pipe = make_pipeline(SequenceScaler(), RNNClassifier((3,), **WORDS)).fit(X, CLASSES)
    known = differences(pipe, X[0], "a", wrap=lambda x: [x])
    np.testing.assert_allclose(input_gradient(pipe, X[:3], "a")[0], known, rtol=1e-5, atol=1e-9)


def test_y_says_which_answer():
    X = images(4, 4)
    net = CNNClassifier((2,), **WORDS).fit(X, CLASSES)
    mixed = input_gradient(net, X[:3], ["c", "a", "c"])
    np.testing.assert_array_equal(mixed[[0, 2]], input_gradient(net, X[[0, 2]], "c"))
    np.testing.assert_array_equal(mixed[1], input_gradient(net, X[1:2], "a")[0])
    np.testing.assert_array_equal(
        input_gradient(net, X), input_gradient(net, X, net.predict(X))
    )  # in several batches
    two = CNNClassifier((2,), **WORDS).fit(X, TWO)
    np.testing.assert_array_equal(input_gradient(two, X, "no"), -input_gradient(two, X, "yes"))


def test_the_same_bytes_for_any_threads_and_any_batch():
    X = np.tile(images(9, 8, 2), (3, 1, 1, 1))[:70].astype(np.float32)
    words = {**WORDS, "dtype": "float32"}
    net = CNNClassifier((4, 8), batch_norm=True, **words).fit(X[:N], CLASSES)
    for method in ("gradient", "occlusion", "grad_cam"):
        one = saliency(net, X, "a", method=method)
        net.n_jobs = 2
        np.testing.assert_array_equal(saliency(net, X, "a", method=method), one)
        net.n_jobs = 1
        for i in (0, 33, 69):
            alone = saliency(net, X[i : i + 1], "a", method=method)
            np.testing.assert_array_equal(alone[0], one[i])
    X = sequences()
    rnn = RNNClassifier((4,), cell="lstm", **words).fit(X, CLASSES)
    for found, x in zip(input_gradient(rnn, X, "b"), X, strict=True):
        np.testing.assert_array_equal(found, input_gradient(rnn, [x], "b")[0])


def test_nothing_is_changed():
    X = images(4, 4)
    net = NetClassifier(MIXED[1:4], **WORDS).fit(X, CLASSES)
    before = {name: value.copy() for name, value in net.get_weights().items()}
    for method in ("gradient", "occlusion", "grad_cam"):
        saliency(net, X[:2], method=method)
    for name, value in net.get_weights().items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("target", [CLASSES, TWO, RNG(0).rand(N)])
def test_a_network_apart_from_its_estimator(target, tmp_path):
    cls = CNNRegressor if target.dtype.kind == "f" else CNNClassifier
    X = images(5, 4, 3)
    net = cls((2,), **WORDS).fit(X, target)
    net.save(tmp_path / "net.safetensors")
    loaded = load_network(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(input_gradient(loaded, X[:2]), input_gradient(net, X[:2]))
    for method in ("gradient", "occlusion", "grad_cam"):
        found = saliency(loaded, X[:2], method=method)
        np.testing.assert_allclose(found, saliency(net, X[:2], method=method), atol=1e-12)
    layer = "conv2d_1"
    same = saliency(net, X[:2], method="grad_cam", layer=layer)
    np.testing.assert_array_equal(saliency(loaded, X[:2], method="grad_cam", layer=layer), same)
    loaded.input_axes = (0, 2, 3, 1)
    first = np.ascontiguousarray(np.moveaxis(X[:2], 3, 1))
    back = np.moveaxis(input_gradient(loaded, first), 1, 3)
    np.testing.assert_array_equal(back, input_gradient(net, X[:2]))
    np.testing.assert_array_equal(saliency(loaded, first), saliency(net, X[:2]))
    found = saliency(loaded, first, method="occlusion")
    np.testing.assert_allclose(found, saliency(net, X[:2], method="occlusion"), atol=1e-12)


def test_networks_of_sequences_and_without_classes(tmp_path):
    X = sequences()
    rnn = RNNClassifier((3,), **WORDS).fit(X, CLASSES)
    rnn.save(tmp_path / "net.safetensors")
    loaded, lengths = load_network(tmp_path / "net.safetensors"), [len(x) for x in X]
    padded = np.zeros((N, 6, 2))
    for row, x in zip(padded, X, strict=True):
        row[: len(x)] = x
    known = input_gradient(rnn, padded, "b", lengths=lengths)
    found = input_gradient(loaded, padded, "b", lengths=lengths)
    np.testing.assert_allclose(found, known, atol=1e-12)
    for link in ("softmax", ""):
        net = Network([L.Dense(3, name="out")], (4,), dtype="float64", link=link, random_state=0)
        weight = net.get_weights()["out.weight"]
        gradient = input_gradient(net, rows(4)[:2], 1)
        np.testing.assert_array_equal(gradient, np.tile(weight[:, 1], (2, 1)))
    best = Network([L.Dense(3)], (4,), link="softmax", random_state=0)
    chosen = best.predict(rows(4)).argmax(axis=1)
    np.testing.assert_array_equal(
        saliency(best, rows(4), method="occlusion"),
        saliency(best, rows(4), chosen, method="occlusion"),
    )


# --- forms


def test_gradient_maps():
    X = images(4, 5, 3)
    net = CNNClassifier((2,), **WORDS).fit(X, CLASSES)
    gradient = input_gradient(net, X[:2], "a")
    np.testing.assert_array_equal(saliency(net, X[:2], "a"), np.abs(gradient).max(axis=3))
    flat = CNNClassifier((2,), input_shape=(4, 5, 3), **WORDS).fit(X.reshape(N, -1), CLASSES)
    maps = saliency(flat, X[:2].reshape(2, -1), "a")
    np.testing.assert_array_equal(maps, saliency(net, X[:2], "a"))
    mlp = MLPClassifier((3,), max_iter=2).fit(X.reshape(N, -1), CLASSES)
    rows = saliency(mlp, X[:2].reshape(2, -1), "a")
    assert rows.shape == (2, 60)
    as_images = saliency(mlp, X[:2].reshape(2, -1), "a", image_shape=(4, 5, 3))
    np.testing.assert_array_equal(as_images, rows.reshape(2, 4, 5, 3).max(axis=3))


# --- occlusion


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


# --- Grad-CAM


def test_grad_cam_by_its_formula():
    """The network's upper half written out: a dense layer on the rectified maps."""
    X = images(6, 4)
    layers = [L.Conv2D(3, 3, padding="same"), L.Activation("relu"), L.Flatten()]
    net = NetClassifier(layers, **WORDS).fit(X, CLASSES)
    maps = net.transform(X[:3], layer="activation_1")
    weight = net.get_weights()["output.weight"].reshape(6, 4, 3, 3)  # h, w, k, class
    for c, label in enumerate("abc"):
        alpha = weight[..., c].mean(axis=(0, 1))
        known = np.maximum(maps @ alpha, 0)
        found = saliency(net, X[:3], label, method="grad_cam")
        np.testing.assert_allclose(found, known, rtol=1e-9, atol=1e-12)
    before = net.transform(X[:3], layer=0)
    alpha = (weight[..., 0] * (before > 0)[..., np.newaxis][0, ..., 0]).mean(axis=(0, 1))
    found = saliency(net, X[:1], "a", method="grad_cam", layer="conv2d_1")
    np.testing.assert_allclose(found[0], np.maximum(before[0] @ alpha, 0), atol=1e-12)


def test_grad_cam_of_the_layer_before_the_mean():
    """There it is the map of Zhou et al. 2016, over the number of pixels, enlarged to the image."""
    X = images(8, 8, 2)
    layers = [L.Conv2D(3, 3, stride=2, padding="same"), L.Activation("relu"), L.GlobalAvgPool()]
    net = make_pipeline(NDScaler(), NetClassifier(layers, **WORDS)).fit(X, CLASSES)
    Z = net[0].transform(X[:2])
    weight = net[-1].get_weights()["output.weight"][:, 1]
    small = np.maximum(net[-1].transform(Z, layer="activation_1") @ (weight / 16), 0)
    found = saliency(net, X[:2], "b", method="grad_cam")
    assert small.shape == (2, 4, 4)
    assert found.shape == (2, 8, 8)
    np.testing.assert_allclose(found[:, 0, 0], small[:, 0, 0])
    between = 0.75 * small[:, 0, 0] + 0.25 * small[:, 0, 1]
    np.testing.assert_allclose(found[:, 0, 1], between)
    np.testing.assert_allclose(found[:, 3, 0], 0.75 * small[:, 1, 0] + 0.25 * small[:, 2, 0])


def test_grad_cam_of_an_architecture_and_a_search():
    X = images(16, 16, 1)
    words = {**WORDS, "max_epochs": 1}
    net = CNNClassifier(architecture="resnet20", **words).fit(X, CLASSES)
    assert saliency(net, X[:2], method="grad_cam").shape == (2, 16, 16)
    search = GridSearchCV(CNNClassifier((2,), **words), {"max_epochs": [1]}, cv=2)
    found = saliency(search.fit(X, CLASSES), X[:2], method="grad_cam")
    np.testing.assert_array_equal(found, saliency(search.best_estimator_, X[:2], method="grad_cam"))
    unit = ConvAutoencoder([L.Conv2D(2, 3), L.Flatten(), L.Dense(2)], **words).fit(X)
    assert saliency(unit, X[:2], 1, method="grad_cam").shape == (2, 16, 16)


# --- bad input


def cnn(y=CLASSES):
    return CNNClassifier((2,), **WORDS).fit(images(4, 4), y)


def mlp():
    return MLPClassifier((2,), max_iter=1).fit(rows(), CLASSES)


def of_two():
    return MLPRegressor(hidden_layer_sizes=(2,), max_iter=1).fit(rows(), rows()[:, :2])


def tagger():
    return SequenceTagger((2,), max_epochs=1).fit(images(3, 2), TWO[:, None].repeat(3, 1))


# fmt: off
TEXTS = [
    (lambda: saliency(cnn(), images(4, 4), method="cam"),
     "method='cam' is not known. Choose from 'gradient', 'occlusion', 'grad_cam'."),
    (lambda: saliency(cnn(), images(4, 4), size=2),
     "size is for method='occlusion', not for method='gradient'."),
    (lambda: saliency(cnn(), images(4, 4), method="occlusion", layer=0),
     "layer is for method='grad_cam', not for method='occlusion'."),
    (lambda: saliency(cnn(), images(4, 4), method="grad_cam", lengths=[1]),
     "method='grad_cam' is for images, which have no lengths."),
    (lambda: saliency(mlp(), rows(), method="occlusion", size=2),
     "size=2, but columns are covered one by one. Leave it out."),
    (lambda: saliency(RNNClassifier((2,), **WORDS).fit(["ab"] * N, CLASSES), ["ab"], fill=0,
                      method="occlusion"),
     "fill=0, but symbols are left out, not covered. Leave it out."),
    (lambda: saliency(cnn(), images(4, 4), method="occlusion", size=2, stride=3),
     "stride=3 leaves places uncovered: size is 2. Use a stride of at most size."),
    (lambda: saliency(Network([L.Embedding(3, 2), L.GRU(2)], (4, 1)), np.zeros((2, 4), np.int32), 0,
                      method="occlusion"),
     "X holds codes of symbols, in whose place no other number can stand. Use "
     "method='gradient'."),
    (lambda: saliency(cnn(), images(4, 4), method="occlusion", stride=0),
     "stride=0; expected a positive integer."),
    (lambda: saliency(cnn(), images(4, 4), method="occlusion", fill=[1, 2]),
     "fill has shape (2,); expected a number, or 1 of them, one for each channel or feature."),
    (lambda: saliency(cnn(), images(4, 4), "d"),
     "y holds 'd', which is none of the classes of this CNNClassifier: 'a', 'b', 'c'."),
    (lambda: saliency(cnn(), images(4, 4), ["a"]),
     "y has shape (1,); expected one label for all samples, or (24,), one for each."),
    (lambda: saliency(cnn(), images(4, 4), method="grad_cam", layer="flatten_1"),
     "layer='flatten_1' gives no images for an answer; those that do: conv2d_1, "
     "activation_1, max_pool2d_1."),
    (lambda: saliency(mlp(), rows(), method="grad_cam"),
     "this MLPClassifier has no layer of images to look at: method='grad_cam' is for "
     "convolutional networks. Use method='gradient' or method='occlusion'."),
    (lambda: saliency(mlp(), rows()[:1], method="occlusion"),
     "X has one row, which is its own mean: pass fill, a value for all features or one for each."),
    (lambda: saliency(mlp(), rows(), image_shape=(2, 2)),
     "a row of X has 6 values: got image_shape=(2, 2), expected image_shape=(height, width) or "
     "(height, width, channels) of as many pixels."),
    (lambda: saliency(of_two(), rows()),
     "this MLPRegressor has 2 outputs: say which one you ask about, y=0 to y=1."),
    (lambda: saliency(of_two(), rows(), 2),
     "y=2; expected the number of an output of this MLPRegressor, 0 to 1, or one for each "
     "sample."),
    (lambda: saliency(Autoencoder(3, **WORDS).fit(rows()), rows()),
     "this Autoencoder has 3 units in its code: say which one you ask about, y=0 to y=2."),
    (lambda: saliency(LogisticRegression().fit(rows(), CLASSES), rows()),
     "LogisticRegression is no network of fastdl. There is no gradient to follow: use "
     "method='occlusion'."),
    (lambda: saliency(make_pipeline(PolynomialFeatures(), mlp()).fit(rows(), CLASSES), rows()),
     "the pipeline's PolynomialFeatures has a derivative that is not known here. Pass what comes "
     "after it (pipeline[-1] and pipeline[:-1].transform(X)), or use method='occlusion'."),
    (lambda: saliency(TabularClassifier(max_epochs=1).fit(rows(), CLASSES), rows()),
     "TabularClassifier prepares the columns of its tables before the network sees them. There is "
     "no gradient to follow: use method='occlusion'."),
    (lambda: saliency(tagger(), images(3, 2)),
     "this SequenceTagger has an answer for each of the steps of a sample; saliency is of one "
     "answer for each sample."),
    (lambda: saliency(Seq2Seq((2,), max_epochs=1).fit(["ab"] * 9, ["ba"] * 9), ["ab"]),
     "Seq2Seq answers with other things than classes and numbers; saliency is of one answer for "
     "each sample."),
]
# fmt: on


@pytest.mark.parametrize(("call", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_text(call, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call()


def test_occlusion_of_sequences_of_answers():
    """Whatever the method, steps and pixels have no one answer."""
    with pytest.raises(ValueError, match="an answer for each of the steps of a sample"):
        saliency(tagger(), images(3, 2), method="occlusion")
