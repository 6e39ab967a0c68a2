"""Self-taught learning on MNIST: features from digits 5 to 9 without labels help to tell 0 to 4.

    python examples/mnist_self_taught.py --data mnist.npz

The file is Keras' mnist.npz, or a folder with the four original IDX files.

A sparse autoencoder learns 200 features from the unlabelled digits. Softmax regression on top of
them, which stay as they are, is compared with softmax regression on pixels. UFLDL, "Exercise:
Self-taught learning", reports 96 % on pixels and 98.3 % on features; Raina et al., "Self-taught
learning", ICML 2007.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from fastdl import Autoencoder, SoftmaxRegression
from fastdl.data import load_mnist
from fastdl.plotting import FiltersDisplay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--iterations", type=int, default=400, help="of L-BFGS, as in the exercise")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures; needs matplotlib")
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    X_train, X_test = (X.reshape(len(X), -1).astype(np.float32) / 255 for X in (X_train, X_test))
    X_unlabelled = X_train[y_train >= 5]
    X_few, y_few = X_train[y_train < 5], y_train[y_train < 5]
    X_few, y_few = X_few[::2], y_few[::2]  # half of them, as in the exercise
    X_test, y_test = X_test[y_test < 5], y_test[y_test < 5]
    print(f"{len(X_unlabelled)} digits without labels, {len(X_few)} with, {len(X_test)} to test")

    def accuracy(train: np.ndarray, test: np.ndarray) -> float:
        alpha = 1e-4 * len(train)  # the exercise's lambda is not divided by the samples
        softmax = SoftmaxRegression(solver="lbfgs", alpha=alpha, max_epochs=100, random_state=0)
        return softmax.fit(train, y_few).score(test, y_test)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # iterations are limited on purpose
        print(f"pixels: test accuracy {accuracy(X_few, X_test):.4f}")

        start = time.perf_counter()
        ae = Autoencoder(
            200,
            out_activation="sigmoid",
            sparsity=0.1,
            sparsity_weight=3.0,
            alpha=3e-3 * len(X_unlabelled),
            solver="lbfgs",
            max_epochs=arguments.iterations,
            random_state=0,
        )
        ae.fit(X_unlabelled)
        print(f"autoencoder fitted in {time.perf_counter() - start:.0f} s")

        train, test = ae.transform(X_few), ae.transform(X_test)
        print(f"features: test accuracy {accuracy(train, test):.4f}")
        beside = accuracy(np.hstack([X_few, train]), np.hstack([X_test, test]))
        print(f"features beside pixels: test accuracy {beside:.4f}")

    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        draw(ae, X_test[:20], arguments.pictures)


def draw(ae: Autoencoder, X: np.ndarray, folder: Path) -> None:
    """Features, and what they make of digits of classes that they were not learnt from."""
    import matplotlib.pyplot as plt

    weights = ae.program_.get_parameter("encoder_1.weight")[:, :32].reshape(28, 28, 1, -1)
    strokes = FiltersDisplay(weights, name="the autoencoder").plot()
    strokes.figure_.savefig(folder / "self_taught_features.png", dpi=60)
    again = ae.inverse_transform(ae.transform(X))
    rows = [np.hstack(digits.reshape(-1, 28, 28)) for digits in (X, again)]
    plt.imsave(folder / "self_taught_reconstructions.png", np.vstack(rows), cmap="gray")


if __name__ == "__main__":
    main()
