"""Why deep sigmoid networks were hard to train, and what helps, on MNIST.

    python examples/why_deep_was_hard.py --data mnist.npz --pictures FOLDER

The file is Keras' mnist.npz, or a folder with the four original IDX files.

First the table of M. Nielsen, "Neural networks and deep learning", 2015, chapter 5: one to four
hidden layers of 30 sigmoid units, plain gradient descent. Depth does not help (he has 96.48, 96.90,
96.57 and 96.53 %), for the first layers hardly learn: the gradient shrinks on its way down. Then
four layers again, with one remedy at a time, and the table again with the best of them.
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
    "learning_rate": "constant",
    "weight_decay": 0,
    "batch_size": 10,
    "alpha": 1e-3,
    "early_stopping": False,
    "tol": 0.0,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}
ADAM = {**WORDS, "solver": "adam", "learning_rate_init": 1e-3, "learning_rate": "cosine"}


def dense(**start):
    return L.Dense(WIDTH, **start)


def layer(function):
    return [dense(), L.Activation(function)]


def nielsens():
    start = {"weight_init": LeCunNormal(), "bias_init": Normal(1.0)}
    return [dense(**start), L.Activation("sigmoid")]


def normed(function):
    return [dense(), L.BatchNorm(), L.Activation(function)]


def remedies(epochs):
    """Four hidden layers each."""
    words = {**WORDS, "max_epochs": epochs}
    residual = [L.Residual(layer("sigmoid"))] * (DEPTH - 1)
    return {
        "sigmoid, as above": NetClassifier(nielsens() * DEPTH, **words),
        "start: Glorot's weights, biases 0": NetClassifier(layer("sigmoid") * DEPTH, **words),
        "ReLU, He's weights, rate 0.03": NetClassifier(
            layer("relu") * DEPTH, **{**words, "learning_rate_init": 0.03}
        ),
        "batch norm": NetClassifier(normed("sigmoid") * DEPTH, **words),
        "residual layers": NetClassifier(layer("sigmoid") + residual, **words),
        "pretraining by autoencoders": StackedAutoencoderClassifier(
            (WIDTH,) * DEPTH, reconstruction_loss="cross_entropy", pretrain_epochs=5, **words
        ),
        "batch norm, ReLU, Adam": NetClassifier(
            normed("relu") * DEPTH, **{**ADAM, "max_epochs": epochs}
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--pictures", type=Path, help="a folder for pictures; needs matplotlib")
    arguments = parser.parse_args()

    X, y, *_ = load_mnist(arguments.data)
    X = X.reshape(len(X), -1).astype(np.float32) / 255
    n = len(X) * 5 // 6  # 50,000 to learn from, as in the book
    X, X_val, y, y_val = X[:n], X[n:], y[:n], y[n:]

    def table(hidden, words):
        print("hidden layers   validation accuracy")
        for depth in range(1, DEPTH + 1):
            net = NetClassifier(hidden * depth, **words, max_epochs=arguments.epochs)
            print(f"{depth:13}   {net.fit(X, y).score(X_val, y_val):.2%}")

    def speed_of(estimator, role):
        """Norms of gradients; as in the book over 1,000 samples, in 500 steps with all of them."""
        long = {"batch_size": 1000, "max_epochs": 500, "pretrain_epochs": 500}
        known = estimator.get_params()
        estimator.set_params(**{word: n for word, n in long.items() if word in known})
        return learning_speed(estimator, X[:1000], y[:1000], role=role)

    table(nielsens(), WORDS)
    first, *_, last, _ = speed_of(NetClassifier(nielsens() * DEPTH, **WORDS), "bias").gradient[0]
    print(f"by biases, layer {DEPTH} starts {last / first:.0f} times faster than layer 1")

    speeds = {}
    print(f"\n{'remedy':<34} after 1 epoch  at the end  saturated  layer {DEPTH} / 1 (weights)")
    for name, net in remedies(arguments.epochs).items():
        start = time.perf_counter()
        scores = net.fit(X, y, X_val=X_val, y_val=y_val).history_["val_score"]
        seconds = time.perf_counter() - start
        units = activation_statistics(net, X_val)
        speeds[name] = speed_of(net, "weight")
        first, *_, last, _ = speeds[name].gradient[0]
        print(
            f"{name:<34} {scores[0]:13.2%}  {scores[-1]:10.2%}  {units.saturated.max():9.0%}  "
            f"{last / first:12.2f} ({seconds:.0f} s)"
        )
    print("\nBatch norm, ReLU, Adam:")
    table(normed("relu"), ADAM)
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        draw(speeds, arguments.pictures / "learning_speed.png")


def draw(speeds, file):
    """A panel for each net."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(
        2, 4, figsize=(14, 6), sharex=True, sharey=True, layout="constrained"
    )
    for (name, speed), panel in zip(speeds.items(), panels.flat, strict=False):
        speed.plot(panel).ax_.set_title(name)
        panel.label_outer()
    panels.flat[-1].remove()
    figure.savefig(file, dpi=55)


if __name__ == "__main__":
    main()
