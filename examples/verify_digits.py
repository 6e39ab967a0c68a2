"""Is it the same digit? Pairs of digits that the network has never seen, told by their distance.

    python examples/verify_digits.py --data mnist.npz

It learns from digits 0 to 6 and compares 7, 8 and 9, by triplets and by the contrastive loss.
Beside it: cosines of the pixels, and of the last hidden layer of a classifier of digits 0 to 6. The
threshold comes from pairs of 5 and 6, which the network that is asked has not learnt either, and
once more from pairs of digits that it has: these let it accept too much.

F. Schroff, D. Kalenichenko, J. Philbin, "FaceNet: a unified embedding for face recognition and
clustering", CVPR 2015; R. Hadsell, S. Chopra, Y. LeCun, "Dimensionality reduction by learning an
invariant mapping", CVPR 2006.
"""

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from fastdl import Embedder, NetClassifier
from fastdl import layers as L
from fastdl.data import load_mnist

Set = tuple[NDArray[Any], NDArray[Any]]


def layers() -> list[L.Layer]:
    found: list[L.Layer] = [L.Augment(shift=2, rotate=10, scale=0.1, shear=10)]
    for filters in (16, 32, 64):
        found += [L.Conv2D(filters, 3, padding="same", bias=False), L.BatchNorm()]
        found += [L.Activation("relu"), L.MaxPool2D(2)]
    return [*found, L.Flatten()]


def of_digits(data: Set, digits: range, n: int) -> Set:
    X, y = data
    kept = np.flatnonzero(np.isin(y, digits))[:n]
    return X[kept], y[kept]


def pairs(vectors: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of all pairs of two samples, whether they are of one digit, and the cosine."""
    vectors = vectors.reshape(len(vectors), -1).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    i, j = np.triu_indices(len(y), 1)
    return y[i] == y[j], (vectors @ vectors.T)[i, j]


def report(name: str, same: NDArray[Any], cosines: NDArray[Any], *thresholds: float) -> None:
    line = f"{name:24}  area {roc_auc_score(same, cosines):.4f}"
    for threshold in thresholds:
        accepted = cosines > threshold
        false, missed = np.mean(accepted[~same]), np.mean(~accepted[same])
        line += (
            f"  accepted of two digits {100 * false:5.2f} %, refused of one {100 * missed:5.2f} %;"
        )
    print(line.rstrip(";"), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--images", type=int, default=6000, help="to train on")
    parser.add_argument("--test", type=int, default=1500, help="images, of which all are paired")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rate", type=float, default=0.05, help="of false accepts, in validation")
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    train = (X_train / 255).astype(np.float32), y_train
    test = (X_test / 255).astype(np.float32), y_test
    new, y_new = of_digits(test, range(7, 10), arguments.test)
    report("pixels", *pairs(new, y_new))

    for seed in arguments.seeds:
        words: dict[str, Any] = {"max_epochs": arguments.epochs, "random_state": seed}
        words["weight_decay"] = "auto"
        X, y = of_digits(train, range(7), arguments.images)
        clf = NetClassifier(layers(), **words).fit(X, y)
        report(f"classifier, seed {seed}", *pairs(clf.transform(new), y_new))
        for loss in ("triplet", "contrastive"):
            found = []
            # Learnt from 0 to 4, a threshold from pairs of 5 and 6, which are new to it; and learnt
            # from 0 to 6, a threshold from other images of the same digits.
            for learnt, validated in ((range(5), range(5, 7)), (range(7), range(7))):
                X, y = of_digits(train, learnt, arguments.images)
                X_val, y_val = of_digits(test, validated, arguments.test)
                start = time.perf_counter()
                embedder = Embedder(
                    layers(), loss=loss, false_accept_rate=arguments.rate, **words
                ).fit(X, y, X_val=X_val, y_val=y_val)
                seconds, scores = time.perf_counter() - start, embedder.validation_scores_
                name = f"{loss} of 0 to {learnt[-1]}, seed {seed}"
                report(name, *pairs(embedder.transform(new), y_new), embedder.threshold_)
                found.append(f"{max(scores or [0]):.4f} in {seconds:.0f} s")
            print(f"area of the validation pairs {' and '.join(found)}")


if __name__ == "__main__":
    main()
