"""Do saliency maps find what a network goes by? Digits at random places, and where the maps peak.

    python examples/where_it_looks.py [--pictures pictures]

Each image has one digit of 8x8 pixels (scikit-learn's) anywhere on noise of 32x32; around it are
strokes of no meaning. A convolutional network learns the digit; nobody tells it where that stands.
The pointing game (Zhang et al., "Top-down neural attention by excitation backprop", ECCV 2016): a
map hits if its largest value lies on the digit. Beside the maps stand chance and the brightest
pixel; and, for how sharp they are, the share of the map's sum that lies on the digit, which takes
6 % of the image. Only test images that are answered right are counted.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from fastdl import NetClassifier
from fastdl import layers as L
from fastdl.inspection import saliency

SIZE, DIGIT = 32, 8
WORDS = {
    "gradient": {},
    "occlusion": {"size": 8, "stride": 2},
    "grad_cam": {},
}


def draw(digits: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images (n, SIZE, SIZE), which digit each shows, and where: the upper left corner."""
    rng = np.random.default_rng(seed)
    chosen, corners = rng.integers(len(digits), size=n), rng.integers(SIZE - DIGIT + 1, size=(n, 2))
    images = rng.normal(0, 0.1, (n, SIZE, SIZE))
    for image, which, (y, x) in zip(images, chosen, corners, strict=True):
        for _ in range(6):  # strokes
            t, u = rng.integers(SIZE - 4, size=2)
            down = bool(rng.integers(2))
            image[t : t + (5 if down else 1), u : u + (1 if down else 5)] += 0.9
        image[y : y + DIGIT, x : x + DIGIT] = digits[which] + rng.normal(0, 0.1, (DIGIT, DIGIT))
    return images.astype(np.float32), chosen, corners


def layers() -> list[L.Layer]:
    """Convolutions to maps of 8x8, and the mean of each."""
    found: list[L.Layer] = []
    for filters, pooled in ((16, True), (32, True), (64, False)):
        found += [L.Conv2D(filters, 3, padding="same"), L.BatchNorm(), L.Activation("relu")]
        found += [L.MaxPool2D(2)] if pooled else []
    return [*found, L.GlobalMaxPool()]


def on_the_digit(corners: np.ndarray) -> np.ndarray:
    """Which pixels (n, SIZE, SIZE) the digits cover."""
    place = np.arange(SIZE)
    inside = (place >= corners[..., np.newaxis]) & (place < corners[..., np.newaxis] + DIGIT)
    return inside[:, 0, :, np.newaxis] & inside[:, 1, np.newaxis, :]


def show(name: str, maps: np.ndarray, covered: np.ndarray, seconds: float) -> None:
    """How often the largest value lies on the digit, and how much of the sum."""
    peaks = maps.reshape(len(maps), -1).argmax(axis=1)
    hits = covered.reshape(len(maps), -1)[np.arange(len(maps)), peaks].mean()
    positive = np.maximum(maps, 0)
    share = ((positive * covered).sum(axis=(1, 2)) / positive.sum(axis=(1, 2))).mean()
    print(f"{name}: peak on the digit {hits:.1%}, share on the digit {share:.1%} ({seconds:.1f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--tests", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture; needs matplotlib")
    arguments = parser.parse_args()

    digits, labels = load_digits().images / 16, load_digits().target
    X, which, _ = draw(digits[:1200], arguments.images, 0)
    X_test, which_test, corners = draw(digits[1200:], arguments.tests, 1)
    y, y_test = labels[:1200][which], labels[1200:][which_test]

    start = time.perf_counter()
    net = NetClassifier(layers(), batch_size=64, max_epochs=arguments.epochs, random_state=0)
    net.fit(X, y)
    right = net.predict(X_test) == y_test
    print(f"accuracy {right.mean():.3f} ({time.perf_counter() - start:.0f} s)")

    if not right.any():
        raise SystemExit("no answer is right: more --images or --epochs")
    X_test, covered = X_test[right], on_the_digit(corners[right])
    chance = np.random.default_rng(2).random(X_test.shape)
    show("chance", chance, covered, 0)
    show("the brightest pixel", X_test, covered, 0)
    for method, words in WORDS.items():
        start = time.perf_counter()
        maps = saliency(net, X_test, method=method, **words)
        show(method, maps, covered, time.perf_counter() - start)

    if arguments.pictures:
        from fastdl.plotting import SaliencyDisplay

        arguments.pictures.mkdir(parents=True, exist_ok=True)
        words = {"method": list(WORDS), **WORDS["occlusion"]}
        figure = SaliencyDisplay.from_estimator(net, X_test, **words).figure_
        figure.savefig(arguments.pictures / "where_it_looks.png", dpi=60)


if __name__ == "__main__":
    main()
