"""The displays of fastdl.plotting, on stand-ins for fitted estimators."""

from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest

from fastdl.plotting import FiltersDisplay, HistoryDisplay, PredictionsDisplay
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
    assert display.ax_.get_title().startswith("predicted classes, 2 of 10 wrong")


def test_draws_where_asked():
    _, ax = plt.subplots()
    display = HistoryDisplay(HISTORY).plot(ax)
    assert display.ax_ is ax
    assert len(plt.get_fignums()) == 1
