"""Which pixels are a disc, which a square: a class for every pixel of generated images.

    python examples/segment_shapes.py [--pictures pictures]

Each image has one to three discs and squares that may hide each other, darker or brighter than the
ground, under noise. A pixel says nothing of the shape that it belongs to: what is around it
decides. Beside the network stand the most frequent
class, and a random forest that sees the 9x9 pixels around each. Scores are of new images: the share
of right pixels, and for each class those right over those that are or are said to be of it.

The same layers then take the noise away: y is the image without it.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import jaccard_score

from fastdl import NetClassifier, NetRegressor
from fastdl import layers as L

SIZE, NOISE = 24, 0.15
CLASSES = ["ground", "disc", "square"]


def draw(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, SIZE, SIZE) without noise, and the class of each pixel."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    images, labels = np.full((n, SIZE, SIZE), 0.5), np.zeros((n, SIZE, SIZE), int)
    for image, label in zip(images, labels, strict=True):
        for _ in range(rng.integers(1, 4)):
            kind, radius = rng.integers(1, 3), rng.integers(4, 8)
            y, x = rng.integers(radius, SIZE - radius, 2)
            down, right = np.abs(rows - y), np.abs(columns - x)
            disc, square = down**2 + right**2 <= radius**2, np.maximum(down, right) < radius
            inside = disc if kind == 1 else square
            image[inside] = 0.5 + rng.choice([-1, 1]) * rng.uniform(0.2, 0.5)
            label[inside] = kind
    return images.astype(np.float32), labels


def with_noise(images: np.ndarray, seed: int) -> np.ndarray:
    """The images as they are seen."""
    noise = np.random.default_rng(seed).normal(0, NOISE, images.shape)
    return (images + noise).astype(np.float32)


def layers() -> list[L.Layer]:
    """Convolutions that see the 29x29 pixels around each, and lose no pixel's place."""
    found: list[L.Layer] = []
    for dilation in (1, 2, 4, 4, 2, 1):
        found += [L.Conv2D(16, 3, dilation=dilation, padding="same")]
        found += [L.BatchNorm(), L.Activation("relu")]
    return found


def windows(images: np.ndarray) -> np.ndarray:
    """The 9x9 pixels around each, as rows."""
    padded = np.pad(images, ((0, 0), (4, 4), (4, 4)), constant_values=0.5)
    around = np.lib.stride_tricks.sliding_window_view(padded, (9, 9), axis=(1, 2))
    return around.reshape(-1, 81)


def show(name: str, found: np.ndarray, labels: np.ndarray, seconds: float) -> None:
    """The scores of predicted classes."""
    overlap = jaccard_score(labels.ravel(), found.ravel(), average=None)
    each = ", ".join(f"{c} {share:.3f}" for c, share in zip(CLASSES, overlap, strict=True))
    print(f"{name}: {np.mean(found == labels):.4f} of pixels; overlap {each} ({seconds:.0f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--epochs", type=int, help="20 if not given")
    parser.add_argument("--pictures", type=Path, help="a folder for a picture; needs matplotlib")
    arguments = parser.parse_args()

    clean, labels = draw(arguments.images, 0)
    clean_test, labels_test = draw(200, 1)
    X, X_test = with_noise(clean, 2) - 0.5, with_noise(clean_test, 3) - 0.5

    show("the most frequent class", np.zeros_like(labels_test), labels_test, 0)
    start, part = time.perf_counter(), slice(arguments.images // 10)  # of 576 windows each
    forest = RandomForestClassifier(20, min_samples_leaf=5, random_state=0)
    forest.fit(windows(X[part]), labels[part].ravel())
    found = forest.predict(windows(X_test)).reshape(labels_test.shape)
    show("a forest of 9x9 windows", found, labels_test, time.perf_counter() - start)

    words = {"batch_size": 8, "max_epochs": arguments.epochs or "auto", "random_state": 0}
    start = time.perf_counter()
    segmenting = NetClassifier(layers(), **words).fit(X, labels)
    found = segmenting.predict(X_test)
    show("the network", found, labels_test, time.perf_counter() - start)

    start = time.perf_counter()
    denoising = NetRegressor(layers(), **words).fit(X, clean)
    again = denoising.predict(X_test)
    before, after = np.mean((X_test + 0.5 - clean_test) ** 2), np.mean((again - clean_test) ** 2)
    seconds = time.perf_counter() - start
    print(f"without noise: squared error {before:.4f} before, {after:.4f} after ({seconds:.0f} s)")

    if arguments.pictures:
        from matplotlib import pyplot as plt

        figure, axes = plt.subplots(4, 8, figsize=(8, 4))
        shown = (X_test + 0.5, labels_test / 2, found / 2, again)
        for row, images in zip(axes, shown, strict=True):
            for ax, image in zip(row, images, strict=False):
                ax.imshow(image, cmap="gray", vmin=0, vmax=1)
                ax.axis("off")
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        figure.savefig(arguments.pictures / "segment_shapes.png", dpi=60, bbox_inches="tight")


if __name__ == "__main__":
    main()
