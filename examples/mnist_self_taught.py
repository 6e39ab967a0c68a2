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

import numpy as np

from fastdl import SoftmaxRegression, StackedAutoencoderClassifier
from fastdl.data import load_mnist


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--pretrain-epochs", type=int, default=60)
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    X_train, X_test = (X.reshape(len(X), -1).astype(np.float32) / 255 for X in (X_train, X_test))
    X_unlabelled = X_train[y_train >= 5]
    X_few, y_few = X_train[y_train < 5], y_train[y_train < 5]
    X_few, y_few = X_few[::2], y_few[::2]  # half of them, as in the exercise
    X_test, y_test = X_test[y_test < 5], y_test[y_test < 5]
    print(f"{len(X_unlabelled)} digits without labels, {len(X_few)} with, {len(X_test)} to test")

    words = {"learning_rate": "cosine", "max_epochs": arguments.epochs, "random_state": 0}
    softmax = SoftmaxRegression(learning_rate_init=0.003, **words).fit(X_few, y_few)
    print(f"pixels: test accuracy {softmax.score(X_test, y_test):.4f}")

    start = time.perf_counter()
    features = StackedAutoencoderClassifier(
        (200,),
        sparsity=0.1,
        alpha=1e-3,
        pretrain_epochs=arguments.pretrain_epochs,
        fine_tune=False,
        learning_rate_init=0.003,
        **words,
    )
    features.pretrain(X_unlabelled).fit(X_few, y_few)
    print(f"fitted in {time.perf_counter() - start:.0f} s")
    print(f"features: test accuracy {features.score(X_test, y_test):.4f}")

    features.set_params(representation="concatenate").fit(X_few, y_few)
    print(f"features beside pixels: test accuracy {features.score(X_test, y_test):.4f}")


if __name__ == "__main__":
    main()
