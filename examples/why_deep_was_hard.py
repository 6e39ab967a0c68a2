"""Why deep sigmoid networks were hard to train, and what helps, on MNIST.

    python examples/why_deep_was_hard.py --data mnist.npz --out pictures

The file is Keras' mnist.npz, or a folder with the four original IDX files.

First the table of M. Nielsen, "Neural networks and deep learning", 2015, chapter 5: one to four
hidden layers of 30 sigmoid units, plain gradient descent. Depth does not help (he has 96.48, 96.90,
96.57 and 96.53 %), for the first layers hardly learn: the gradient shrinks on its way down. Then
four layers again, with one remedy at a time.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fastdl import NetClassifier, StackedAutoencoderClassifier
from fastdl import layers as L
from fastdl.data import load_mnist
from fastdl.initializers import LeCunNormal, Normal
from fastdl.inspection import activation_statistics, learning_speed

DEPTH, WIDTH = 4, 30
WORDS = {  # Nielsen's, whose lambda of 5 over 50,000 samples is an alpha of 1e-3 over batches of 10
    "solver": "sgd",
    "momentum": 0.0,
    "learning_rate_init": 0.1,
    "batch_size": 10,
    "alpha": 1e-3,
    "tol": 0.0,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}


def dense(**start):
    return L.Dense(WIDTH, **start)


def sigmoid_layer():
    start = {"weight_init": LeCunNormal(), "bias_init": Normal(1.0)}
    return [dense(**start), L.Activation("sigmoid")]


def residual_layer():
    return [L.Residual([dense(), L.Activation("sigmoid")])]


def remedies(epochs):
    """Four hidden layers each."""
    words = {**WORDS, "max_epochs": epochs}
    relu, glorot = [dense(), L.Activation("relu")], [dense(), L.Activation("sigmoid")]
    norm = [dense(), L.BatchNorm(), L.Activation("sigmoid")]
    return {
        "sigmoid, as above": NetClassifier(sigmoid_layer() * DEPTH, **words),
        "start: Glorot's weights, biases 0": NetClassifier(glorot * DEPTH, **words),
        "ReLU, He's weights": NetClassifier(relu * DEPTH, **words),
        "batch norm": NetClassifier(norm * DEPTH, **words),
        "residual layers": NetClassifier(glorot + residual_layer() * (DEPTH - 1), **words),
        "pretraining by autoencoders": StackedAutoencoderClassifier(
            (WIDTH,) * DEPTH, reconstruction_loss="cross_entropy", pretrain_epochs=5, **words
        ),
        "batch norm, ReLU, Adam": NetClassifier(
            [dense(), L.BatchNorm(), L.Activation("relu")] * DEPTH,
            **{**words, "solver": "adam", "learning_rate_init": 1e-3, "learning_rate": "cosine"},
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", type=Path, help="folder for pictures of the learning speed")
    arguments = parser.parse_args()

    X, y, *_ = load_mnist(arguments.data)
    X = X.reshape(len(X), -1).astype(np.float32) / 255
    X, X_val, y, y_val = X[:50_000], X[50_000:], y[:50_000], y[50_000:]

    print("hidden layers   validation accuracy")
    for depth in range(1, DEPTH + 1):
        net = NetClassifier(sigmoid_layer() * depth, **WORDS, max_epochs=arguments.epochs)
        print(f"{depth:13}   {net.fit(X, y).score(X_val, y_val):.2%}")

    print(
        f"\n{DEPTH} hidden layers, norm of the gradient by the biases at the start, layer by layer"
    )
    speed = learning_speed(net.set_params(max_epochs=2), X[:1000], y[:1000], role="bias")
    print("  ".join(f"{norm:.1e}" for norm in speed.gradient[0]))

    print(f"\n{'remedy':<36} accuracy  first layer / last  saturated")
    for name, estimator in remedies(arguments.epochs).items():
        start = time.perf_counter()
        score = estimator.fit(X, y).score(X_val, y_val)
        seconds = time.perf_counter() - start
        speed = learning_speed(estimator.set_params(max_epochs=2), X[:1000], y[:1000], role="bias")
        first, last = speed.gradient[0, [0, -2]]
        units = activation_statistics(estimator, X_val)
        print(
            f"{name:<36} {score:.2%}    {first / last:17.3f}  {units.saturated.max():9.0%}"
            f"   ({seconds:.0f} s)"
        )
        if arguments.out:
            arguments.out.mkdir(parents=True, exist_ok=True)
            file = arguments.out / f"{name.split(':')[0].split(',')[0].replace(' ', '_')}.png"
            speed.plot().figure_.savefig(file)


if __name__ == "__main__":
    main()
