"""A stacked autoencoder 784-200-200-10 on MNIST, before and after fine-tuning.

    python examples/mnist_stacked_autoencoder.py --data mnist.npz

The file is Keras' mnist.npz, or a folder with the four original IDX files. With --few 100, that
many digits keep their labels, and the others only take part in the pretraining.

UFLDL, "Exercise: Implement deep networks for digit classification", reports 87.7 % before and
97.6 % after fine-tuning.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fastdl import StackedAutoencoderClassifier
from fastdl.data import load_mnist
from fastdl.plotting import FiltersDisplay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--pretrain-epochs", type=int, default=20)
    parser.add_argument("--few", type=int, help="digits with labels; all by default")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures; needs matplotlib")
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    X_train, X_test = (X.reshape(len(X), -1).astype(np.float32) / 255 for X in (X_train, X_test))
    chosen = np.random.RandomState(0).permutation(len(X_train))[: arguments.few]

    clf = StackedAutoencoderClassifier(
        (200, 200),
        reconstruction_loss="cross_entropy",
        corruption=0.3,
        tied_weights=True,
        pretrain_epochs=arguments.pretrain_epochs,
        learning_rate="cosine",
        learning_rate_init=0.003,
        weight_decay=0,
        batch_size=200,
        max_epochs=arguments.epochs,
        random_state=0,
    )
    start = time.perf_counter()
    clf.pretrain(X_train)
    print(f"pretrained in {time.perf_counter() - start:.0f} s")
    for name, params in {
        "output layer only": {"fine_tune": False},
        "fine-tuned": {"fine_tune": True},
        "from random weights": {"pretraining": None},
    }.items():
        model = StackedAutoencoderClassifier(**clf.get_params()) if "pretraining" in params else clf
        start = time.perf_counter()
        model.set_params(**params).fit(X_train[chosen], y_train[chosen])
        score = model.score(X_test, y_test)
        print(f"{name}: test accuracy {score:.4f} ({time.perf_counter() - start:.0f} s)")

    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        weights = clf.program_.get_parameter("encoder_1.weight")[:, :32].reshape(28, 28, 1, -1)
        strokes = FiltersDisplay(weights, name="the first layer").plot()
        strokes.figure_.savefig(arguments.pictures / "stacked_autoencoder_features.png", dpi=60)


if __name__ == "__main__":
    main()
