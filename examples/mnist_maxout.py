"""Maxout with dropout on MNIST: units that learn their own activation.

    python examples/mnist_maxout.py --data mnist.npz

The file is Keras' mnist.npz, or a folder with the four original IDX files.

Two hidden layers of maxout units, dropout in all layers, and a limit on the norm of each unit's
weights. I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio, "Maxout networks", ICML
2013, section 5.1: 99.06 % without knowledge of the images' geometry.
"""

import argparse
import time

import numpy as np

from fastdl import NetClassifier
from fastdl import layers as L
from fastdl.data import load_mnist


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--units", type=int, default=240, help="of each hidden layer")
    parser.add_argument("--pieces", type=int, default=5, help="linear maps that a unit chooses of")
    parser.add_argument("--epochs", type=int, default=100)
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    X_train, X_test = (X.reshape(len(X), -1).astype(np.float32) / 255 for X in (X_train, X_test))

    maxout = L.Maxout(arguments.units, arguments.pieces)
    net = NetClassifier(
        [L.Dropout(0.2), maxout, L.Dropout(0.5), maxout, L.Dropout(0.5)],
        batch_size=100,
        learning_rate="cosine",
        learning_rate_init=2e-3,
        weight_decay=0,
        max_norm=2.0,
        max_epochs=arguments.epochs,
        random_state=0,
        verbose=True,
    )
    start = time.perf_counter()
    net.fit(X_train, y_train)
    print(f"fitted in {time.perf_counter() - start:.0f} s")
    print(f"test accuracy {net.score(X_test, y_test):.4f}")


if __name__ == "__main__":
    main()
