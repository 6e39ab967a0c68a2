"""LeNet-5 on MNIST: 99 % of the test images in a few minutes on two cores.

    python examples/mnist_lenet.py --data mnist.npz

The file is Keras' mnist.npz, or a folder with the four original IDX files.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86 (1998).
"""

import argparse
import time

import numpy as np

from fastdl import CNNClassifier
from fastdl.data import load_mnist


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--epochs", type=int, default=12)
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    mean, std = X_train.mean(), X_train.std()
    X_train, X_test = (((X - mean) / std).astype(np.float32) for X in (X_train, X_test))

    lenet = CNNClassifier(
        architecture="lenet5",
        batch_size=64,
        learning_rate="cosine",
        learning_rate_init=2e-3,
        weight_decay=0,
        max_epochs=arguments.epochs,
        random_state=0,
        verbose=True,
    )
    start = time.perf_counter()
    lenet.fit(X_train, y_train)
    print(f"fitted in {time.perf_counter() - start:.0f} s")
    print(f"test accuracy {lenet.score(X_test, y_test):.4f}")


if __name__ == "__main__":
    main()
