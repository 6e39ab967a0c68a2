"""Test accuracy of the same recipe in fastdl and in PyTorch, on photographs of 32x32 pixels.

    python -m peers.accuracy --data cifar10.npz --results accuracy.jsonl

The file holds x_train (n, 32, 32, 3), y_train, x_test and y_test, such as a part of CIFAR-10. Both
sides start from weights drawn alike (the same ones where a network draws nothing else), and shuffle
and augment with draws of their own. Each fit is appended to the results as a line, and those that
are there already are not repeated.
"""

import argparse
import json
import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as tf

from benchmarks import nets
from fastdl import NetClassifier, architectures, optim
from fastdl import layers as L
from fastdl.program import compile
from peers.augment import SHIFT, mirrored_and_shifted
from peers.torch_nets import TorchNet

MOVED = L.Augment(flip="horizontal", shift=SHIFT)
BATCH, DECAY = 64, 0.05


@dataclass(frozen=True)
class Recipe:
    """AdamW, from `rate` along a cosine to 0."""

    layers: list[L.Layer]  # without the output layer
    rate: float
    epochs: int


RECIPES = {
    "resnet20": Recipe(architectures.resnet20(nets.CIFAR), 3e-3, 15),
    "vgg-small": Recipe(nets.vgg_small()[:-1], 5e-4, 8),
    "nin": Recipe(architectures.nin(nets.CIFAR), 1e-3, 3),
    # Of the means of 2x2 pixels: an epoch at full size takes a quarter of an hour.
    "googlenet": Recipe([L.AvgPool2D(2), *nets.googlenet((16, 16, 3))[:-1]], 2e-3, 2),
}


@dataclass(frozen=True)
class Images:
    x_train: np.ndarray  # (n, 32, 32, 3) float32, each channel standardised
    y_train: np.ndarray  # (n,) int64
    x_test: np.ndarray
    y_test: np.ndarray

    @classmethod
    def read(cls, path: Path) -> "Images":
        with np.load(path) as file:
            x, x_test = file["x_train"], file["x_test"]
            y, y_test = (file[name].astype(np.int64) for name in ("y_train", "y_test"))
        mean, deviation = x.mean((0, 1, 2)), x.std((0, 1, 2))
        x, x_test = (((each - mean) / deviation).astype(np.float32) for each in (x, x_test))
        return cls(x, y, x_test, y_test)


def by_fastdl(recipe: Recipe, augment: bool, seed: int, images: Images) -> float:
    net = NetClassifier(
        [MOVED, *recipe.layers] if augment else recipe.layers,
        solver=optim.AdamW(weight_decay=DECAY),
        batch_size=BATCH,
        max_epochs=recipe.epochs,
        learning_rate="cosine",
        learning_rate_init=recipe.rate,
        n_iter_no_change=recipe.epochs,
        n_jobs=1,
        random_state=seed,
    )
    return net.fit(images.x_train, images.y_train).score(images.x_test, images.y_test)


def by_torch(recipe: Recipe, augment: bool, seed: int, images: Images) -> float:
    torch.manual_seed(seed)
    layers = [*recipe.layers, L.Dense(int(images.y_train.max()) + 1)]
    net = TorchNet(layers, nets.CIFAR)
    program = compile(layers, nets.CIFAR, batch_size=BATCH, threads=1, random_state=seed)
    net.load(program.get_parameter)
    module = net.module.to(memory_format=torch.channels_last)
    kinds = [[], []]  # biases, gains and shifts do not decay
    for name, parameter, _ in net.parameters:
        kinds[name.endswith("weight")].append(parameter)
    groups = [{"params": p, "weight_decay": d} for p, d in zip(kinds, (0, DECAY), strict=True)]
    optimizer = torch.optim.AdamW(groups, lr=recipe.rate, fused=True)
    x, y = torch.from_numpy(images.x_train).permute(0, 3, 1, 2), torch.from_numpy(images.y_train)
    steps = -(-len(x) // BATCH) * recipe.epochs
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(recipe.epochs):
        for rows in torch.randperm(len(x)).split(BATCH):
            batch = x[rows]
            if augment:
                batch = mirrored_and_shifted(batch).permute(0, 3, 1, 2)
            optimizer.zero_grad()
            loss = tf.cross_entropy(
                module(batch.contiguous(memory_format=torch.channels_last)), y[rows]
            )
            loss.backward()
            optimizer.step()
            schedule.step()
    module.eval()
    with torch.no_grad():
        x_test = torch.from_numpy(images.x_test).permute(0, 3, 1, 2)
        answers = torch.cat([module(part).argmax(1) for part in x_test.split(256)])
    return float((answers.numpy() == images.y_test).mean())


SIDES = {"fastdl": by_fastdl, "torch": by_torch}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="an .npz file")
    parser.add_argument("--results", type=Path, required=True, help="a file of JSON lines")
    parser.add_argument("--networks", nargs="+", default=list(RECIPES), choices=RECIPES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images = Images.read(arguments.data)
    arguments.results.touch()
    known = [json.loads(line) for line in arguments.results.read_text().splitlines()]
    done = {tuple(fit["of"]) for fit in known}
    for of in product(arguments.networks, arguments.seeds, (False, True), SIDES):
        if of in done:
            continue
        network, seed, augment, side = of
        start = time.process_time()
        score = SIDES[side](RECIPES[network], augment, seed, images)
        known.append({"of": of, "score": score, "seconds": time.process_time() - start})
        with arguments.results.open("a") as file:
            print(json.dumps(known[-1]), file=file)
    show(known)


def show(fits: list[dict]) -> None:
    """A row for each network and side: accuracies of the seeds, and processor seconds of a fit."""
    rows = defaultdict(list)
    for fit in fits:
        network, _, augment, side = fit["of"]
        rows[network, "augmented" if augment else "plain", side].append(fit)
    print("| network | images | by | accuracy | seeds | processor seconds |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row, of in rows.items():
        scores = [100 * fit["score"] for fit in of]
        each = ", ".join(f"{score:.1f}" for score in scores)
        seconds = np.mean([fit["seconds"] for fit in of])
        mean = f"{np.mean(scores):.1f} ± {np.std(scores):.1f}"
        print("| " + " | ".join((*row, mean, each, f"{seconds:.0f}")) + " |")


if __name__ == "__main__":
    main()
