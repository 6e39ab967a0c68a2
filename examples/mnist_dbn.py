"""A deep belief net on MNIST: pretrained without labels, fine-tuned, and asked for digits.

    python examples/mnist_dbn.py --data mnist.npz [--labels 1000] [--pictures FOLDER]

The file is Keras' mnist.npz, or a folder with the four original IDX files. With --labels, only so
many digits keep their label; the others still help in pretraining.

G. E. Hinton, S. Osindero, Y. W. Teh, "A fast learning algorithm for deep belief nets", Neural
Computation 18 (2006): 784-500-500-2000-10, 98.75 %.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fastdl import DBN, DBNClassifier
from fastdl.data import load_mnist
from fastdl.plotting import FiltersDisplay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 500, 2000])
    parser.add_argument("--samples", type=int, default=60_000, help="digits to learn from")
    parser.add_argument("--labels", type=int, help="digits that keep their label")
    parser.add_argument("--pretrain-epochs", type=int, default=10)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--pictures", type=Path, help="a folder for pictures; needs matplotlib")
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    X_train, y_train = X_train[: arguments.samples], y_train[: arguments.samples]
    X_train, X_test = ((X.reshape(len(X), -1) / 255).astype(np.float32) for X in (X_train, X_test))

    start = time.perf_counter()
    clf = DBNClassifier(
        arguments.sizes,
        pretrain_epochs=arguments.pretrain_epochs,
        max_epochs=arguments.epochs or "auto",
        random_state=0,
        verbose=True,
    ).pretrain(X_train)
    print(f"pretrained in {time.perf_counter() - start:.0f} s")
    plain = DBNClassifier(**{**clf.get_params(), "pretrain_epochs": 0})
    n_labels = arguments.labels or len(X_train)
    for name, net in (("pretrained", clf), ("not pretrained", plain)):
        net.set_params(verbose=False).fit(X_train[:n_labels], y_train[:n_labels])
        print(f"{n_labels} labels, {name}: test accuracy {net.score(X_test, y_test):.4f}")
    if arguments.pictures:
        draw(X_train[:20_000], 2 * arguments.pretrain_epochs, arguments.pictures)


def draw(X: np.ndarray, epochs: int, folder: Path) -> None:
    """Forty digits that a net makes up, and features of its first machine.

    This is a smaller net with persistent chains. Contrastive divergence never looks far from the
    data: good for features, but the net's own chain wanders off to where no digits are.
    """
    import matplotlib.pyplot as plt

    dbn = DBN((300, 500), persistent=True, pretrain_epochs=epochs, batch_size=50, random_state=0)
    digits = dbn.fit(X).sample(40, n_steps=1000).reshape(4, 10, 28, 28)
    folder.mkdir(parents=True, exist_ok=True)
    rows = digits.swapaxes(1, 2).reshape(4 * 28, 10 * 28)
    plt.imsave(folder / "dbn_samples.png", rows, cmap="gray")
    weights = dbn.rbms_[0].components_[:32].T.reshape(28, 28, 1, -1)
    features = FiltersDisplay(weights, name="the first machine").plot()
    features.figure_.savefig(folder / "dbn_features.png", dpi=60)


if __name__ == "__main__":
    main()
