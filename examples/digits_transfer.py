"""What MNIST taught, for scikit-learn's digits: how much to train, by how many labels there are.

    python examples/digits_transfer.py --data mnist.npz

The file holds x_train (60000, 28, 28) and y_train of MNIST; the digits come with scikit-learn. They
have 8x8 pixels and other writers, so MNIST's images are made as small.

A convolutional network has learnt MNIST. By 10, 50 ... labelled digits it learns those: with few, a
new output layer alone; with some, the last layers, the convolutions frozen; with many, all layers,
the lower ones more slowly (`layer_decay`); and beside them the same network from random weights.
These are the three regimes of transfer that textbooks name. J. Yosinski et al., "How transferable
are features in deep neural networks?", NIPS 2014.
"""

import argparse
import time
import warnings
from collections import defaultdict

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from fastdl import NetClassifier
from fastdl import layers as L

LAYERS = [
    L.Conv2D(32, 3, padding="same", bias=False, name="conv1"),
    L.BatchNorm(name="conv1_norm"),
    L.Activation("relu"),
    L.Conv2D(64, 3, padding="same", bias=False, name="conv2"),
    L.BatchNorm(name="conv2_norm"),
    L.Activation("relu"),
    L.MaxPool2D(2),
    L.Flatten(),
    L.Dense(128, name="dense1"),
    L.Activation("relu"),
    L.Dropout(0.3),
]
REGIMES = {
    "output layer": {"freeze": "*", "learning_rate_init": 3e-3},
    "last layers": {"freeze": "conv*", "learning_rate_init": 1e-3},
    "all, rates falling": {"layer_decay": 0.5, "learning_rate_init": 2e-3},
    "from scratch": {"layers": LAYERS, "init_from": None, "drop_head": False},
}
N_TEST = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="MNIST as .npz")
    parser.add_argument("--labels", type=int, nargs="+", default=[10, 50, 200, 1000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=3, help="of the first network")
    parser.add_argument("--steps", type=int, default=200, help="at least, of those after it")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # all have as many steps

    with np.load(arguments.data) as file:
        X_first, y_first = small(file["x_train"]), file["y_train"]
    digits = load_digits()
    X, X_test, y, y_test = train_test_split(
        (digits.images / 16).astype(np.float32)[..., np.newaxis],
        digits.target,
        test_size=N_TEST,
        stratify=digits.target,
        random_state=0,
    )

    scores, start = defaultdict(list), time.perf_counter()
    for seed in arguments.seeds:
        words = {"learning_rate": "cosine", "learning_rate_init": 1e-3, "random_state": seed}
        base = NetClassifier(LAYERS, max_epochs=arguments.epochs, batch_size=64, **words)
        base.fit(X_first, y_first)
        print(f"seed {seed}: as MNIST taught it, {base.score(X_test, y_test):.1%}")
        order = np.random.RandomState(seed).permutation(len(X))
        for n_labels in arguments.labels:  # as many of each digit
            few = np.concatenate([order[y[order] == k][: n_labels // 10] for k in range(10)])
            batch = min(32, len(few))
            epochs = max(4, arguments.steps * batch // len(few))
            for name, regime in REGIMES.items():
                options = {**words, "init_from": base, "drop_head": True, **regime}
                net = NetClassifier(**options, batch_size=batch, max_epochs=epochs)
                score = net.fit(X[few], y[few]).score(X_test, y_test)
                scores[name, n_labels].append(score)
                print(f"    {n_labels} labels, {name}: {score:.1%}", flush=True)
    print(f"{time.perf_counter() - start:.0f} s")

    print("| labels |", " | ".join(REGIMES), "|")
    for n_labels in arguments.labels:
        cells = [100 * np.array(scores[name, n_labels]) for name in REGIMES]
        texts = [f"{cell.mean():.1f} ± {cell.std():.1f}" for cell in cells]
        print(f"| {n_labels:,} |", " | ".join(texts), "|")


def small(images: np.ndarray) -> np.ndarray:
    """(n, 28, 28) of bytes as (n, 8, 8, 1) from 0 to 1: the means of 3x3 pixels of the middle."""
    middle = images[:, 2:26, 2:26].reshape(len(images), 8, 3, 8, 3)
    return (middle.mean(axis=(2, 4), dtype=np.float32) / 255)[..., np.newaxis]


if __name__ == "__main__":
    main()
