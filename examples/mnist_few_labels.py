"""Few labels, many digits: does pretraining help?

    python examples/mnist_few_labels.py --data mnist.npz

The file is Keras' mnist.npz, or a folder with the four original IDX files.

100 or 1,000 digits of MNIST have labels; the rest of the 60,000 only take part in the pretraining,
by denoising autoencoders (Vincent et al., JMLR 2010) or Boltzmann machines (Hinton et al., 2006).
Beside these nets stand the same one from random weights, and one of ReLUs with dropout, as one
would do it today. D. Erhan et al., "Why does unsupervised pre-training help deep learning?", JMLR
2010.
"""

import argparse
import time
from collections import defaultdict

import numpy as np

from fastdl import DBNClassifier, NetClassifier, StackedAutoencoderClassifier
from fastdl import layers as L
from fastdl.data import load_mnist

BATCH = 100
RATES = {  # of each the best of four, on other digits
    "autoencoders": 1e-2,
    "Boltzmann machines": 3e-3,
    "random weights": 1e-2,
    "random weights, ReLU and dropout": 1e-3,
}


def networks(sizes: list[int], pretrain_epochs: int, seed: int) -> dict[str, NetClassifier]:
    """The four that are compared, not yet fitted."""
    words = {"batch_size": BATCH, "learning_rate": "cosine", "learning_rate_init": 1e-3}
    words |= {"weight_decay": 0, "random_state": seed}
    relu = [layer for n in sizes for layer in (L.Dense(n), L.Activation("relu"), L.Dropout(0.5))]
    return {
        "autoencoders": StackedAutoencoderClassifier(
            sizes,
            reconstruction_loss="cross_entropy",
            corruption=0.3,
            tied_weights=True,
            pretrain_epochs=pretrain_epochs,
            **words,
        ),
        "Boltzmann machines": DBNClassifier(sizes, pretrain_epochs=pretrain_epochs, **words),
        "random weights": StackedAutoencoderClassifier(sizes, pretraining=None, **words),
        "random weights, ReLU and dropout": NetClassifier([L.Dropout(0.2), *relu], **words),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--labels", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 500])
    parser.add_argument("--pretrain-epochs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=500, help="of fine-tuning")
    arguments = parser.parse_args()

    X, y, X_test, y_test = load_mnist(arguments.data)
    X, X_test = (X.reshape(len(X), -1).astype(np.float32) / 255 for X in (X, X_test))

    scores = defaultdict(list)
    for seed in arguments.seeds:
        start = time.perf_counter()
        nets = networks(arguments.sizes, arguments.pretrain_epochs, seed)
        for name in ("autoencoders", "Boltzmann machines"):
            nets[name].pretrain(X)
        print(f"seed {seed}: pretrained in {time.perf_counter() - start:.0f} s")
        order = np.random.RandomState(seed).permutation(len(X))
        for n_labels in arguments.labels:  # as many of each class
            few = np.concatenate([order[y[order] == k][: n_labels // 10] for k in range(10)])
            epochs = max(1, arguments.steps * BATCH // n_labels)
            for name, net in nets.items():
                net.set_params(max_epochs=epochs, learning_rate_init=RATES[name])
                net.fit(X[few], y[few])
                scores[n_labels, name].append(net.score(X_test, y_test))
                print(f"    {n_labels} labels, {name}: {scores[n_labels, name][-1]:.2%}")

    for (n_labels, name), values in scores.items():
        print(f"{n_labels:5} labels, {name:<32}  {np.mean(values):.2%} +- {np.std(values):.2%}")


if __name__ == "__main__":
    main()
