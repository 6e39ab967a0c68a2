"""A convolutional network on scikit-learn's bundled digits: fit, repeat, save, load, look."""

import time
from pathlib import Path
from typing import Any

import numpy as np

import fastdl
from fastdl import CNNClassifier
from fastdl.plotting import (
    FiltersDisplay,
    HistoryDisplay,
    MistakesDisplay,
    NetworkDisplay,
    PredictionsDisplay,
    SaliencyDisplay,
)

LEAST_ACCURACY = 0.985


def run(out: Path) -> int:
    """Run the demo.

    Parameters
    ----------
    out : Path
        The folder for the model file and the pictures; made if need be.

    Returns
    -------
    int
        Exit status: 0 if everything held that the demo promises.
    """
    out.mkdir(parents=True, exist_ok=True)
    X_train, X_val, X_test, y_train, y_val, y_test = load_digits()
    print(f"{len(X_train)} images of {X_train.shape[1:]} to learn, {len(X_test)} to test")

    start = time.perf_counter()
    clf = new_classifier(verbose=True).fit(X_train, y_train, X_val=X_val, y_val=y_val)
    seconds = time.perf_counter() - start
    again = new_classifier().fit(X_train, y_train, X_val=X_val, y_val=y_val)

    model = out / "digits.safetensors"
    clf.save(model)
    loaded = fastdl.load(model)
    accuracy = clf.score(X_test, y_test)
    results = {
        f"test accuracy {accuracy:.4f}, at least {LEAST_ACCURACY}": accuracy >= LEAST_ACCURACY,
        "a second fit gave the same bytes": (
            clf.program_.get_weights().tobytes() == again.program_.get_weights().tobytes()
        ),
        "the loaded model predicts the same": np.array_equal(
            loaded.predict_proba(X_test), clf.predict_proba(X_test)
        ),
    }
    print(f"fitted in {seconds:.1f} s")
    for what, held in results.items():
        print(f"{'yes' if held else 'NO '}  {what}")
    for file in [model, *draw(clf, X_test, y_test, out)]:
        print(f"wrote {file}")
    return 0 if all(results.values()) else 1


def load_digits() -> list[np.ndarray]:
    """Images (n, 8, 8, 1) from 0 to 1 and classes, split for training, validation and test."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    X, y = digits.images[..., np.newaxis].astype(np.float32) / 16, digits.target
    X_rest, X_test, y_rest, y_test = train_test_split(
        X, y, test_size=400, stratify=y, random_state=0
    )
    X_train, X_val, y_train, y_val = train_test_split(
        X_rest, y_rest, test_size=200, stratify=y_rest, random_state=0
    )
    return [X_train, X_val, X_test, y_train, y_val, y_test]


def new_classifier(verbose: bool = False) -> CNNClassifier:
    """The network of the demo, not yet fitted."""
    return CNNClassifier(
        conv_layer_sizes=(32, 64),
        hidden_layer_sizes=(128,),
        dropout=0.3,
        batch_norm=True,
        learning_rate="cosine",
        learning_rate_init=3e-3,
        batch_size=32,
        max_epochs=30,
        early_stopping=False,  # the schedule ends it
        random_state=0,
        verbose=verbose,
    )


def draw(clf: CNNClassifier, X: np.ndarray, y: np.ndarray, out: Path) -> list[Path]:
    """Pictures: the network, how it learnt, its filters; what it says and why, and mistakes."""
    import matplotlib as mpl

    mpl.use("Agg")  # no window, no display needed
    import matplotlib.pyplot as plt

    curves, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    HistoryDisplay.from_estimator(clf, ax=left).plot(right, quantity="score")
    figures: dict[str, Any] = {
        "learning-curves.png": curves,
        "filters.png": FiltersDisplay.from_estimator(clf).figure_,
        "predictions.png": PredictionsDisplay.from_estimator(clf, X, y).figure_,
        "mistakes.png": MistakesDisplay.from_estimator(clf, X, y).figure_,
        "saliency.png": SaliencyDisplay.from_estimator(
            clf, X, method=["gradient", "occlusion", "grad_cam"]
        ).figure_,
    }
    for name, figure in figures.items():
        figure.savefig(out / name, dpi=120)
        plt.close(figure)
    NetworkDisplay.from_estimator(clf).save(out / "network.svg")
    return [out / name for name in ("network.svg", *figures)]
