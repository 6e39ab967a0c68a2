"""Blood cells under the microscope: red and white ones and platelets, found and counted.

    python examples/detect_blood_cells.py --data bccd.npz --pictures cells

BCCD (Shenggan and cosmicad, 364 images), reduced to 160x120. The file has "images" (n, 120, 160, 3)
uint8; "boxes" (k, 4), x1 y1 x2 y2 as parts of width and height, with "labels" and "image_index";
"split", 0 to train, 1 to validate, 2 to test; and "class_names". Learnt from the first two, tested
on the third, by mean average precision at an overlap of a half.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from fastdl import ObjectDetector
from fastdl import layers as L
from fastdl.metrics import average_precision_scores
from fastdl.plotting import DetectionDisplay


def load(path: Path, *parts: int) -> tuple[Any, list[dict[str, Any]]]:
    """Images and their objects, of some parts of the split."""
    with np.load(path) as data:
        images, of = data["images"], data["image_index"]
        height, width = images.shape[1:3]
        boxes = data["boxes"].astype(float) * [width, height, width, height]
        labels = data["class_names"][data["labels"]]
        chosen = np.flatnonzero(np.isin(data["split"], parts))
    y = [{"boxes": boxes[of == i], "labels": labels[of == i]} for i in chosen]
    return images[chosen], y


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="bccd.npz")
    parser.add_argument("--epochs", type=int, help="1500 steps if not given")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()

    X, y = load(arguments.data, 0, 1)
    X_test, y_test = load(arguments.data, 2)
    for seed in range(arguments.seeds):
        detector = ObjectDetector(
            augment=L.Augment(flip="both", shift=10, scale=0.2, brightness=0.15, contrast=0.15),
            max_epochs=arguments.epochs or "auto",
            score_threshold=0.05,
            n_jobs=arguments.threads,
            random_state=seed,
        )
        start, busy = time.perf_counter(), time.process_time()
        detector.fit(X, y)
        took, busy = time.perf_counter() - start, time.process_time() - busy
        found = detector.predict(X_test)
        scores = average_precision_scores(y_test, found)
        by_class = ", ".join(f"{name} {score:.3f}" for name, score in scores.items())
        print(
            f"seed {seed}: mAP@0.5 {np.mean(list(scores.values())):.3f} ({by_class}) after "
            f"{took:.0f} s, {busy:.0f} s of processors"
        )
        if arguments.pictures and seed == 0:
            arguments.pictures.mkdir(parents=True, exist_ok=True)
            detector.set_params(score_threshold=0.4)
            for i, answer in enumerate(detector.predict(X_test[:4])):
                display = DetectionDisplay.from_predictions(X_test[i], answer, y_test[i])
                display.figure_.savefig(arguments.pictures / f"cells_{i}.png")


if __name__ == "__main__":
    main()
