"""What in X speaks for an answer: gradients by central differences, the other two by hand."""

import numpy as np
import pytest
from saliency_nets import CLASSES, RNG, TWO, WORDS, N, images, rows, sequences
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from fastdl import (
    Autoencoder,
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
    SequenceScaler,
    SoftmaxRegression,
    StackedAutoencoderClassifier,
    load_network,
)
from fastdl import layers as L
from fastdl.inspection import input_gradient, saliency

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


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
