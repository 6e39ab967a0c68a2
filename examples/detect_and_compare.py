"""Detect, cut out, compare: where in a picture is the digit that this one is like?

    python examples/detect_and_compare.py --data mnist.npz

Pictures have three digits. A detector finds where there are some, whatever they are; each is cut
out, and an embedding compares it with the one that is asked for. Both have learnt from digits 0 to
6; the pictures to search have 7, 8 and 9, one of each, and so has the question.
"""

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import Embedder, ObjectDetector
from fastdl import layers as L
from fastdl.data import load_mnist

SIDE, HALF = 72, 14  # of a picture; half of a digit
Images = NDArray[np.float32]


def scene(digits: Images, rng: np.random.Generator) -> tuple[Images, list[list[int]]]:
    """Digits in a picture, none on another, and the boxes of their ink."""
    boxes: list[list[int]] = []
    picture, tries = np.zeros((SIDE, SIDE), np.float32), 0
    for digit in digits:
        rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
        ink = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        height, width = ink.shape
        while True:
            y, x = rng.integers(0, SIDE - height), rng.integers(0, SIDE - width)
            box = [x, y, x + width, y + height]
            if all(
                box[2] + 2 < other[0] or other[2] + 2 < box[0]
                or box[3] + 2 < other[1] or other[3] + 2 < box[1]
                for other in boxes
            ):  # fmt: skip
                break
            if tries > 200:  # no room: somewhere else from the beginning
                return scene(digits, rng)
            tries += 1
        picture[y : y + height, x : x + width] = ink
        boxes.append([int(v) for v in box])
    return picture, boxes


def cut_out(picture: Images, box: Any) -> Images:
    """The square around the middle of a box, as large as the digits were."""
    x, y = (round((box[i] + box[i + 2]) / 2) for i in (0, 1))
    return np.pad(picture, HALF)[y : y + 2 * HALF, x : x + 2 * HALF]


def layers() -> list[L.Layer]:
    found: list[L.Layer] = [L.Augment(shift=2, rotate=10, scale=0.1, shear=10)]
    for filters in (16, 32, 64):
        found += [L.Conv2D(filters, 3, padding="same", bias=False), L.BatchNorm()]
        found += [L.Activation("relu"), L.MaxPool2D(2)]
    return [*found, L.Flatten()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="mnist.npz, or the folder of the IDX files")
    parser.add_argument("--scenes", type=int, default=300, help="to train the detector on")
    parser.add_argument("--images", type=int, default=6000, help="to train the embedding on")
    parser.add_argument("--test", type=int, default=200, help="pictures to search")
    parser.add_argument("--epochs", type=int, nargs=2, default=[15, 6], help="of each")
    arguments = parser.parse_args()

    X_train, y_train, X_test, y_test = load_mnist(arguments.data)
    X_train, X_test = ((X / 255).reshape(-1, 28, 28).astype(np.float32) for X in (X_train, X_test))
    rng = np.random.default_rng(0)
    known = np.flatnonzero(y_train < 7)

    made = [scene(X_train[rng.choice(known, 3)], rng) for _ in range(arguments.scenes)]
    pictures = np.stack([picture for picture, _ in made])
    objects = [{"boxes": boxes, "labels": ["digit"] * 3} for _, boxes in made]
    detector = ObjectDetector(max_epochs=arguments.epochs[0], random_state=0).fit(pictures, objects)

    learnt, rest = np.split(known[: arguments.images], [arguments.images * 9 // 10])
    words: dict[str, Any] = {"max_epochs": arguments.epochs[1], "random_state": 0}
    embedder = Embedder(layers(), loss="contrastive", weight_decay="auto", **words)
    embedder.fit(X_train[learnt], y_train[learnt], X_val=X_train[rest], y_val=y_train[rest])

    of = [np.flatnonzero(y_test == digit) for digit in (7, 8, 9)]
    found = right = 0
    for _ in range(arguments.test):
        picture, boxes = scene(X_test[[rng.choice(some) for some in of]], rng)
        asked = int(rng.integers(3))  # 7, 8 or 9, another one than in the picture
        question = X_test[rng.choice(of[asked])]
        answers = detector.predict(picture[np.newaxis])[0]["boxes"]
        if not len(answers):
            continue
        pieces = np.stack([cut_out(picture, box) for box in answers])
        cosines = embedder.decision_function(
            np.repeat(question[np.newaxis], len(pieces), 0), pieces
        )
        best = answers[int(np.argmax(cosines))]
        middles = [[(b[0] + b[2]) / 2, (b[1] + b[3]) / 2] for b in [best, *boxes]]
        apart = np.linalg.norm(np.array(middles[1:]) - middles[0], axis=1)
        found += apart.min() < 5
        right += apart.argmin() == asked
    n = arguments.test
    print(f"best answer is on a digit: {100 * found / n:.1f} %")
    print(f"it is the one that was asked for: {100 * right / n:.1f} % (by chance 33 %)")


if __name__ == "__main__":
    main()
