"""The features of a fitted network, frozen, before logistic regression in a pipeline.

    python examples/cifar_features.py --data cifar10_subset.npz

The file holds x_train (n, 32, 32, 3), y_train, x_test and y_test of CIFAR-10, or a part of it.

A convolutional network has learnt airplanes, cars, birds, cats and deer, and stays as it is:
`FrozenEstimator` keeps `fit` from it, and its `transform` gives what its last hidden layer makes of
an image. From that a logistic regression learns dogs, frogs, horses, ships and trucks, beside one
that learns from pixels; a search finds the strength of its penalty. A. Razavian et al., "CNN
features off-the-shelf: an astounding baseline for recognition", CVPR workshops 2014.
"""

import argparse
import time

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from fastdl import CNNClassifier

GRID = {"logisticregression__C": np.logspace(-4, 0, 5)}


def as_rows(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="the images and labels, as .npz")
    parser.add_argument("--labels", type=int, nargs="+", default=[50, 250, 1000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--filters", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--epochs", type=int, default=10, help="of the network")
    parser.add_argument("--iterations", type=int, default=1000, help="of the regression, at most")
    arguments = parser.parse_args()

    with np.load(arguments.data) as file:
        X, y, X_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    X, X_test = (X.astype(np.float32) / 128 - 1 for X in (X, X_test))
    there, table = y_test > 4, {n: [] for n in arguments.labels}
    for seed in arguments.seeds:
        start = time.perf_counter()
        cnn = CNNClassifier(arguments.filters, batch_norm=True, random_state=seed, batch_size=32)
        cnn.set_params(max_epochs=arguments.epochs, learning_rate="cosine", tol=0)
        cnn.fit(X[y < 5], y[y < 5])
        pipes = [
            make_pipeline(
                first, StandardScaler(), LogisticRegression(max_iter=arguments.iterations)
            )
            for first in (FrozenEstimator(cnn), FunctionTransformer(as_rows))
        ]
        order = np.random.RandomState(seed).permutation(len(X))
        for n_labels in arguments.labels:  # as many of each class
            few = np.concatenate([order[y[order] == k][: n_labels // 5] for k in range(5, 10)])
            searches = [GridSearchCV(pipe, GRID, cv=3).fit(X[few], y[few]) for pipe in pipes]
            row = [search.score(X_test[there], y_test[there]) for search in searches]
            table[n_labels].append(row)
            print(f"seed {seed}, {n_labels} labels: network {row[0]:.1%}, pixels {row[1]:.1%}")
        print(f"{time.perf_counter() - start:.0f} s", flush=True)

    print("| labels | features of the network | pixels |")
    for n_labels, rows in table.items():
        means, spreads = 100 * np.mean(rows, axis=0), 100 * np.std(rows, axis=0)
        cells = (f"{m:.1f} ± {s:.1f}" for m, s in zip(means, spreads, strict=True))
        print(f"| {n_labels:,} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
