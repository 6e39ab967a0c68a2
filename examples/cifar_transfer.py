"""A network for some classes learns others: how much of it to train, by how many labels there are.

    python examples/cifar_transfer.py --data cifar10_subset.npz --pictures pictures

The file holds x_train (n, 32, 32, 3), y_train, x_test and y_test of CIFAR-10, or a part of it.

A convolutional network has learnt airplanes, cars, birds, cats and deer. From 10, 50 ... labels,
dogs, frogs, horses, ships and trucks are learnt: by a new output layer alone; by the last layers,
with the convolutions frozen; by all layers, the lower ones more slowly (`layer_decay`); and by the
same network from random weights. J. Yosinski et al., "How transferable are features in deep neural
networks?", NIPS 2014.
"""

import argparse
import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from fastdl import NetClassifier
from fastdl import layers as L

LAYERS = [
    L.Conv2D(32, 5, stride=2, padding="same", bias=False, name="conv1"),
    L.BatchNorm(name="conv1_norm"),
    L.Activation("relu"),
    L.MaxPool2D(2),
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="the images and labels, as .npz")
    parser.add_argument("--labels", type=int, nargs="+", default=[10, 50, 250, 1000, 5000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=8, help="of the first network")
    parser.add_argument("--steps", type=int, default=300, help="at least, of those after it")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures; needs matplotlib")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # all have as many steps

    with np.load(arguments.data) as file:
        X, y, X_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    X, X_test = (X.astype(np.float32) / 128 - 1 for X in (X, X_test))
    there = y_test > 4

    scores, start = defaultdict(list), time.perf_counter()
    for seed in arguments.seeds:
        words = {"learning_rate": "cosine", "learning_rate_init": 1e-3, "random_state": seed}
        base = NetClassifier(LAYERS, max_epochs=arguments.epochs, batch_size=32, **words)
        base.fit(X[y < 5], y[y < 5])
        print(f"seed {seed}: the first five {base.score(X_test[~there], y_test[~there]):.1%}")
        order = np.random.RandomState(seed).permutation(len(X))
        for n_labels in arguments.labels:  # as many of each class
            few = np.concatenate([order[y[order] == k][: n_labels // 5] for k in range(5, 10)])
            batch = min(32, len(few))
            epochs = max(4, arguments.steps * batch // len(few))
            for name, regime in REGIMES.items():
                options = {**words, "init_from": base, "drop_head": True, **regime}
                net = NetClassifier(**options, batch_size=batch, max_epochs=epochs)
                score = net.fit(X[few], y[few]).score(X_test[there], y_test[there])
                scores[name, n_labels].append(score)
                print(f"    {n_labels} labels, {name}: {score:.1%}", flush=True)
    print(f"{time.perf_counter() - start:.0f} s")

    print("| labels |", " | ".join(REGIMES), "|")
    for n_labels in arguments.labels:
        cells = [100 * np.array(scores[name, n_labels]) for name in REGIMES]
        texts = [f"{cell.mean():.1f} ± {cell.std():.1f}" for cell in cells]
        print(f"| {n_labels:,} |", " | ".join(texts), "|")
    if arguments.pictures:
        draw(scores, arguments.labels, arguments.pictures)


def draw(scores: dict[tuple[str, int], list[float]], labels: list[int], folder: Path) -> None:
    """Accuracy against the number of labels, with the range over the seeds."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for name in REGIMES:
        values = 100 * np.array([scores[name, n] for n in labels])
        axes.plot(labels, values.mean(axis=1), marker="o", label=name)
        axes.fill_between(labels, values.min(axis=1), values.max(axis=1), alpha=0.2)
    axes.set(xscale="log", xlabel="labels of the other five classes", ylabel="accuracy in %")
    axes.legend()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "cifar_transfer.png", dpi=100)


if __name__ == "__main__":
    main()
