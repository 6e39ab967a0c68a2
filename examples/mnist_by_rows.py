"""An LSTM reads MNIST's digits row by row: 28 steps of 28 pixels.

    python examples/mnist_by_rows.py --data mnist.npz

The file is Keras' mnist.npz, or a folder with the four original IDX files.
"""

import argparse
import time

import numpy as np

from fastdl import RNNClassifier
from fastdl.data import load_mnist


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--cell", choices=("lstm", "gru", "rnn"), default="lstm")
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    X_train, X_test = ((X / 255).astype(np.float32) for X in (X_train, X_test))

    rnn = RNNClassifier(
        (128,),
        cell=arguments.cell,
        batch_size=64,
        learning_rate="cosine",
        learning_rate_init=3e-3,
        weight_decay=0,
        max_epochs=arguments.epochs,
        random_state=0,
        verbose=True,
    )
    start = time.perf_counter()
    rnn.fit(X_train, y_train)
    print(f"fitted in {time.perf_counter() - start:.0f} s")
    print(f"test accuracy {rnn.score(X_test, y_test):.4f}")


if __name__ == "__main__":
    main()
