"""The displays of fastdl.plotting, on stand-ins for fitted estimators and on all kinds of them."""

import re
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import fastdl.functional as F
from fastdl import (
    DBN,
    Autoencoder,
    BernoulliRBM,
    CNNClassifier,
    DBNClassifier,
    ELMClassifier,
    GaussianRBM,
    MLPClassifier,
    NDScaler,
    NetClassifier,
    SoftmaxRegression,
    WordVectors,
)
from fastdl import layers as L
from fastdl.plotting import AugmentDisplay, FiltersDisplay, HistoryDisplay, PredictionsDisplay
from fastdl.plotting._axes import mosaic

mpl.use("Agg")
import matplotlib.pyplot as plt

NONE = [np.nan] * 3
HISTORY = {
    "epoch": [1, 2, 3],
    "loss": [3.0, 2.0, 1.0],
    "val_loss": NONE,
    "score": [0.1, 0.2, 0.3],
    "val_score": NONE,
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_mosaic():
    tiles = np.arange(12.0).reshape(3, 2, 2)
    canvas = mosaic(tiles, 2)
    assert canvas.shape == (5, 5)
    for i, (y, x) in enumerate([(0, 0), (0, 3), (3, 0)]):
        np.testing.assert_array_equal(canvas[y : y + 2, x : x + 2], tiles[i])
    assert np.isnan(canvas).sum() == 25 - 12


@pytest.mark.parametrize("quantity", ["loss", "score"])
def test_history(quantity):
    estimator = SimpleNamespace(history_=HISTORY)
    display = HistoryDisplay.from_estimator(estimator, quantity=quantity)
    (line,) = display.ax_.lines
    np.testing.assert_array_equal(line.get_ydata(), HISTORY[quantity])
    assert display.ax_.get_ylabel() == quantity


def test_history_with_validation():
    history = HISTORY | {"val_loss": [3.5, 2.5, 2.6]}
    display = HistoryDisplay.from_estimator(SimpleNamespace(history_=history, best_iter_=2))
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training", "validation", "weights kept"]


def test_history_quantity():
    with pytest.raises(ValueError, match="quantity='accuracy'; expected 'loss' or 'score'"):
        HistoryDisplay(HISTORY).plot(quantity="accuracy")


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_filters(channels):
    filters = np.random.default_rng(0).normal(size=(3, 3, channels, 10)).astype(np.float32)
    display = FiltersDisplay(filters, name="conv2d_1").plot()
    assert display.figure_ is display.ax_.figure
    assert len(display.ax_.images) == 1


def test_filters_all_zero():
    FiltersDisplay(np.zeros((3, 3, 1, 4))).plot()


@pytest.mark.parametrize("shape", [(20, 8, 8), (20, 8, 8, 1), (20, 8, 8, 3)])
def test_predictions(shape):
    X = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    y = np.arange(20) % 3
    y_pred = y.copy()
    y_pred[[7, 19]] = 5
    estimator = SimpleNamespace(predict=lambda X: y_pred)
    display = PredictionsDisplay.from_estimator(estimator, X, y, max_images=10)
    np.testing.assert_array_equal(display.images[:2], X[[7, 19]])
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts == ["5 (1)", "5 (1)", *map(str, y[:7]), str(y[8])]
    assert len(display.ax_.patches) == 2
    assert display.ax_.get_title() == "2 errors of 20, errors first: predicted (true)"
    alone = PredictionsDisplay(X, y, y_pred).plot()
    assert alone.ax_.get_title() == "2 errors of 20: predicted (true)"


# --- on the package's own estimators


def pixels(n=20):
    return np.random.default_rng(0).random((n, 16))


CLASSES = np.arange(20) % 3
SENTENCES = ["a b c"] * 10


@pytest.mark.parametrize(
    ("estimator", "data", "quantity"),
    [
        (BernoulliRBM(4, n_iter=3), (pixels(),), "reconstruction error"),
        (GaussianRBM(4, n_iter=3), (pixels(),), "reconstruction error"),
        (WordVectors(4, min_count=1, sample=0, max_epochs=3), (SENTENCES,), "loss"),
        (Autoencoder(4, max_epochs=3), (pixels(),), "loss"),
        (SoftmaxRegression(solver="adam", max_epochs=3), (pixels(), CLASSES), "loss"),
    ],
)
def test_history_of_estimators(estimator, data, quantity):
    ax = HistoryDisplay.from_estimator(estimator.fit(*data)).ax_
    assert ax.get_ylabel() == quantity
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2, 3])


def test_history_of_a_machine_in_a_stack():
    dbn = DBN((4, 3), pretrain_epochs=2).fit(pixels())
    assert HistoryDisplay.from_estimator(dbn.rbms_[1]).ax_.lines
    stacked = DBNClassifier((4,), pretrain_epochs=2, max_epochs=2).fit(pixels(), CLASSES)
    assert HistoryDisplay.from_estimator(stacked).ax_.get_ylabel() == "loss"


@pytest.mark.parametrize(
    ("estimator", "data", "layer"),
    [
        (BernoulliRBM(5, n_iter=1), (pixels(),), "hidden"),
        (GaussianRBM(5, n_iter=1), (pixels(),), "hidden"),
        (DBN((5, 3), pretrain_epochs=1), (pixels(),), "hidden"),
        (SoftmaxRegression(solver="adam", max_epochs=1), (pixels(), np.arange(20) % 5), "output"),
        (Autoencoder(5, max_epochs=1), (pixels(),), "encoder_1"),
        (CNNClassifier((5,), max_epochs=1, input_shape=(4, 4)), (pixels(), CLASSES), "conv2d_1"),
    ],
)
def test_filters_of_estimators(estimator, data, layer):
    display = FiltersDisplay.from_estimator(estimator.fit(*data))
    assert display.name == layer
    assert display.filters.shape[-1] == 5
    assert display.filters.shape[:3] == ((3, 3, 1) if layer == "conv2d_1" else (4, 4, 1))
    if layer == "hidden":
        rbm = getattr(estimator, "rbms_", [estimator])[0]
        np.testing.assert_array_equal(display.filters[..., 0, 2], rbm.components_[2].reshape(4, 4))


AUGMENT = L.Augment(shift=1, rotate=30)


@pytest.mark.parametrize(
    ("shape", "options"), [((8, 8), {}), ((9, 7, 3), {"crop": (6, 5)}), ((8, 6, 1), {"mixup": 1})]
)
def test_augment_of_estimators(shape, options):
    """Each line shows an image, and what the fit saw of it."""
    X = np.random.default_rng(0).integers(0, 256, (12, *shape)).astype(np.uint8)
    augment = AUGMENT.replace(**options)
    words = {"max_epochs": 2, "conv_layer_sizes": (2,), "random_state": 0}
    net = CNNClassifier(augment=augment, **words)
    before = AugmentDisplay.from_estimator(net, X)
    fitted = net.fit(X / 255, np.arange(12) % 2)
    display = AugmentDisplay.from_estimator(fitted, X, n_images=3, n_draws=2)
    h, w = augment.output_shape(shape)[:2]
    assert before.draws.shape[:4] == (4, 6, h, w)
    assert display.draws.shape[:4] == (3, 2, h, w)
    seed, options = fitted._network.seed, augment.get_params()
    del options["name"]
    seen = F.augment(X.reshape(12, *display.originals.shape[1:]), seed=seed, epoch=1, **options)
    np.testing.assert_array_equal(display.draws[:, 1], seen[:3])
    assert display.ax_.get_images()[0].get_array().shape[:2] == (3 * (h + 1) - 1, 3 * (w + 1) - 1)
    rows = AugmentDisplay.from_estimator(fitted, X.reshape(12, -1), n_images=3, n_draws=2)
    np.testing.assert_array_equal(rows.draws, display.draws)


def test_augment_among_the_layers():
    net = NetClassifier([AUGMENT, L.Flatten()], max_epochs=1, random_state=0)
    X = np.zeros((5, 6, 6))
    assert AugmentDisplay.from_estimator(net, X).draws.shape == (4, 6, 6, 6, 1)
    net.fit(X, np.arange(5) % 2)
    assert AugmentDisplay.from_estimator(net, X, n_draws=1).draws.shape == (4, 1, 6, 6, 1)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pipelines_and_searches():
    X = np.random.default_rng(0).random((20, 6, 6))
    net = CNNClassifier((2,), augment=AUGMENT, max_epochs=1, random_state=0)
    pipe = make_pipeline(NDScaler(), net)
    np.testing.assert_array_equal(AugmentDisplay.from_estimator(pipe, X).originals[..., 0], X[:4])
    pipe.fit(X, CLASSES)
    scaled = AugmentDisplay.from_estimator(pipe, X).originals
    np.testing.assert_array_equal(scaled[..., 0], pipe[0].transform(X)[:4])
    search = GridSearchCV(pipe, {"cnnclassifier__max_epochs": [1]}, cv=2).fit(X, CLASSES)
    best = search.best_estimator_[-1]
    assert HistoryDisplay.from_estimator(search).history is not None
    filters = FiltersDisplay.from_estimator(search).filters
    np.testing.assert_array_equal(filters, best.get_weights()["conv2d_1.weight"])


def test_filters_of_another_shape():
    rbm = GaussianRBM(4, n_iter=1).fit(np.random.default_rng(0).random((20, 24)))
    assert FiltersDisplay.from_estimator(rbm, image_shape=(4, 6)).filters.shape == (4, 6, 1, 4)
    assert FiltersDisplay.from_estimator(rbm, image_shape=(4, 2, 3)).filters.shape == (4, 2, 3, 4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_predictions_on_rows():
    mlp = MLPClassifier((4,), max_iter=3, random_state=0).fit(pixels(), CLASSES)
    display = PredictionsDisplay.from_estimator(mlp, pixels(), CLASSES)
    assert display.images.shape == (20, 4, 4)
    wide = PredictionsDisplay.from_estimator(mlp, pixels(), CLASSES, image_shape=(2, 8))
    assert wide.images.shape == (20, 2, 8)


def softmax(n_features=16):
    X = np.random.default_rng(0).random((20, n_features))
    return SoftmaxRegression(solver="adam", max_epochs=1).fit(X, CLASSES), X, CLASSES


# fmt: off
TEXTS = [
    (lambda: AugmentDisplay.from_estimator(CNNClassifier(), pixels()),
     "this CNNClassifier changes no images: it has no Augment. Set "
     "augment=fastdl.layers.Augment(...)."),
    (lambda: AugmentDisplay.from_estimator(CNNClassifier(augment=AUGMENT), CLASSES),
     "augment(): x has shape (20,); expected images (n, height, width, channels) or (n, height, "
     "width)."),
    (lambda: HistoryDisplay.from_estimator(ELMClassifier(4).fit(pixels(), CLASSES)),
     "this ELMClassifier has no history_: it is not fitted, or not fitted in epochs."),
    (lambda: HistoryDisplay.from_estimator(NDScaler().fit(pixels())),
     "this NDScaler has no history_: it is not fitted, or not fitted in epochs."),
    (lambda: HistoryDisplay.from_estimator(DBN((4,), pretrain_epochs=1).fit(pixels())),
     "this DBN has a history for each of its machines: pass one of them, estimator.rbms_[0]."),
    (lambda: HistoryDisplay.from_estimator(softmax()[0], quantity="score"),
     "quantity='score' was not recorded in this fit. Fit with a validation set, or with "
     "early_stopping=True."),
    (lambda: HistoryDisplay.from_estimator(GaussianRBM(4, n_iter=1).fit(pixels()), quantity="loss"),
     "quantity='loss'; expected 'reconstruction_error'."),
    (lambda: FiltersDisplay.from_estimator(NDScaler().fit(pixels())),
     "this NDScaler has no filters to draw; layers that read images: none."),
    (lambda: FiltersDisplay.from_estimator(softmax()[0], layer="conv"),
     "this SoftmaxRegression has no filters in a layer 'conv'; layers that read images: output."),
    (lambda: FiltersDisplay.from_estimator(softmax(15)[0]),
     "a row of X (layer 'output') has 15 values: pass image_shape=(height, width) or (height, "
     "width, channels) of as many pixels."),
    (lambda: FiltersDisplay.from_estimator(softmax()[0], image_shape=(3, 5)),
     "a row of X (layer 'output') has 16 values: got image_shape=(3, 5), expected "
     "image_shape=(height, width) or (height, width, channels) of as many pixels."),
    (lambda: PredictionsDisplay.from_estimator(*softmax(15)),
     "a row of X has 15 values: pass image_shape=(height, width) or (height, width, channels) of "
     "as many pixels."),
    (lambda: PredictionsDisplay.from_estimator(softmax()[0], pixels(), CLASSES[:-1]),
     "X has shape (20, 4, 4), y (19,) and the predictions (20,); expected images (n, height, "
     "width) or (n, height, width, channels), and one class for each."),
]
# fmt: on


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("call", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_text(call, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call()


def test_draws_where_asked():
    _, ax = plt.subplots()
    display = HistoryDisplay(HISTORY).plot(ax)
    assert display.ax_ is ax
    assert len(plt.get_fignums()) == 1
