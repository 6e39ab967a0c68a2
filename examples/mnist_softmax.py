"""Softmax regression on MNIST, and what it looks for in each digit.

    python examples/mnist_softmax.py --data mnist.npz

The file is Keras' mnist.npz, or a folder with the four original IDX files.

The network without a hidden layer, fitted by L-BFGS with the weight decay of UFLDL, "Exercise:
Softmax regression", which reports 92.6 %.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from fastdl import SoftmaxRegression
from fastdl.data import load_mnist
from fastdl.plotting import FiltersDisplay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--iterations", type=int, default=100, help="of L-BFGS, as in the exercise")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures; needs matplotlib")
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    X_train, X_test = (X.reshape(len(X), -1).astype(np.float32) / 255 for X in (X_train, X_test))

    softmax = SoftmaxRegression(
        solver="lbfgs",
        alpha=1e-4 * len(X_train),  # the exercise's lambda is not divided by the samples
        max_epochs=arguments.iterations,
        random_state=0,
    )
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # iterations are limited on purpose
        softmax.fit(X_train, y_train)
    print(f"fitted in {time.perf_counter() - start:.0f} s")
    print(f"test accuracy {softmax.score(X_test, y_test):.4f}")

    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        weights = softmax.coef_.T.reshape(28, 28, 1, -1)
        display = FiltersDisplay(weights, name="the classes 0 to 9").plot()
        display.figure_.savefig(arguments.pictures / "softmax_weights.png")


if __name__ == "__main__":
    main()
