"""Predictions of one large image by whole networks, and by single convolutions."""

from dataclasses import dataclass

import numpy as np

from benchmarks.base import Benchmark
from benchmarks.nets import conv
from benchmarks.objects import small_detector
from fastdl import layers as L
from fastdl.program import compile

HEIGHT, WIDTH = 480, 640


@dataclass(frozen=True)
class Shown:
    """A network, and the shape of the image that it is shown."""

    input_shape: tuple[int, int, int]
    layers: list[L.Layer]

    def image(self) -> np.ndarray:
        """Of random pixels, (1, height, width, channels)."""
        return np.random.default_rng(0).random((1, *self.input_shape), dtype=np.float32)

    def compile(self, threads: int | None = None):
        """A program for one image at a time, with running statistics as those of a fit."""
        program = compile(
            self.layers, self.input_shape, batch_size=1, threads=threads, random_state=0
        )
        rng = np.random.default_rng(1)
        for state in program.states:
            low, high = (0.5, 1.5) if state.name.endswith("var") else (-0.1, 0.1)
            program.set_state(state.name, rng.uniform(low, high, state.size).astype(np.float32))
        return program


def srcnn(first: int, second: int, third: int) -> list[L.Layer]:
    """Dong et al., "Image super-resolution using deep convolutional networks", TPAMI 2016."""
    return [
        *conv(64, first, padding=first // 2),
        *conv(32, second, padding=second // 2),
        L.Conv2D(1, third, padding=third // 2),
    ]


def espcn(scale: int) -> list[L.Layer]:
    """Shi et al., "Real-time single image and video super-resolution", CVPR 2016."""
    return [
        *conv(64, 5, padding=2, activation="tanh"),
        *conv(32, 3, padding=1, activation="tanh"),
        L.Conv2D(scale**2, 3, padding=1),
        L.PixelShuffle(scale),
    ]


IMAGES = {
    "srcnn 9-1-5, 640x480": Shown((HEIGHT, WIDTH, 1), srcnn(9, 1, 5)),
    "srcnn 9-5-5, 640x480": Shown((HEIGHT, WIDTH, 1), srcnn(9, 5, 5)),
    "espcn x3, 213x160 to 639x480": Shown((160, 213, 1), espcn(3)),
    "small detector, 640x480": Shown((HEIGHT, WIDTH, 3), small_detector(3)),
    "conv 9x9, 1-64, 640x480": Shown((HEIGHT, WIDTH, 1), [L.Conv2D(64, 9, padding=4)]),
    "conv 5x5, 64-32, 320x240": Shown((240, 320, 64), [L.Conv2D(32, 5, padding=2)]),
    "conv 3x3, 64-64, 160x120": Shown((120, 160, 64), [L.Conv2D(64, 3, padding=1)]),
    "conv 1x1, 64-64, 320x240": Shown((240, 320, 64), [L.Conv2D(64, 1, padding=0)]),
    "depthwise 3x3, 64, 320x240": Shown((240, 320, 64), [L.Conv2D(64, 3, padding=1, groups=64)]),
}


class Predict(Benchmark):
    """One image alone, by a program for one."""

    cases = IMAGES

    def prepare(self, shown: Shown) -> None:
        self.program, self.X = shown.compile(), shown.image()
        self.program.predict(self.X)

    def time_predict(self, case: str) -> None:
        self.program.predict(self.X)

    def track_megabytes(self, case: str) -> float:
        return self.program.memory()["prediction"] / 1e6

    track_megabytes.unit = "MB"
