"""Colour photographs with and without augmentation: what changed images are worth with few of them.

    python examples/cifar_augment.py --data cifar10.npz [--pictures pictures]

The file holds x_train, y_train, x_test, y_test: images (n, 32, 32, 3) of bytes and their classes,
such as a part of CIFAR-10. The same convolutional network learns them as they are; mirrored and
shifted by up to 4 pixels, as in He et al. 2016; turned, scaled and in other colours besides; and
mixed in pairs (Zhang et al. 2018). Accuracies are of the training images, as they are, and of the
test images.

A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009).
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fastdl import CNNClassifier
from fastdl import layers as L
from fastdl.plotting import AugmentDisplay

MOVED = L.Augment(flip="horizontal", shift=4)
AUGMENTS = {
    "as they are": None,
    "mirrored and shifted": MOVED,
    "and turned, scaled, coloured": MOVED.replace(
        rotate=10, scale=0.1, brightness=0.2, contrast=0.2, saturation=0.2
    ),
    "mirrored, shifted, mixed": MOVED.replace(mixup=0.2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="an .npz file")
    parser.add_argument("--images", type=int, help="as many of the training images")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture; needs matplotlib")
    arguments = parser.parse_args()

    with np.load(arguments.data) as file:
        X, y, X_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    X, y = X[: arguments.images], y[: arguments.images]
    mean, spread = X.mean(axis=(0, 1, 2)), X.std(axis=(0, 1, 2))
    X, X_test = (((images - mean) / spread).astype(np.float32) for images in (X, X_test))

    for name, augment in AUGMENTS.items():
        scores, start = [], time.perf_counter()
        for seed in range(arguments.seeds):
            net = CNNClassifier(
                conv_layer_sizes=(32, 64, 128),
                hidden_layer_sizes=(),
                batch_norm=True,
                augment=augment,
                learning_rate="cosine",
                learning_rate_init=3e-3,
                batch_size=64,
                max_epochs=arguments.epochs,
                n_iter_no_change=arguments.epochs,
                random_state=seed,
            )
            net.fit(X, y)
            scores.append((net.score(X, y), net.score(X_test, y_test)))
        train, test = np.mean(scores, axis=0)
        each = " ".join(f"{score:.4f}" for _, score in scores)
        seconds = (time.perf_counter() - start) / arguments.seeds
        print(f"{name}: training {train:.4f}, test {test:.4f} ({each}; {seconds:.0f} s a fit)")

    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        net.set_params(augment=AUGMENTS["and turned, scaled, coloured"])
        figure = AugmentDisplay.from_estimator(net, X).figure_
        figure.savefig(arguments.pictures / "augment.png", dpi=60)


if __name__ == "__main__":
    main()
