"""Single layers, forward in training mode and backward, at sizes that nets have."""

from benchmarks.base import Benchmark
from fastdl import layers as L
from fastdl.program import compile

BATCH = 64


class Layer(Benchmark):
    cases = {
        "dense 784-100": ((784,), L.Dense(100)),
        "conv2d 5x5, 1-6, 28x28": ((28, 28, 1), L.Conv2D(6, 5, padding=2)),
        "conv2d 3x3, 16-16, 32x32": ((32, 32, 16), L.Conv2D(16, 3, padding=1)),
        "conv2d 3x3, 64-64, 8x8": ((8, 8, 64), L.Conv2D(64, 3, padding=1)),
        "conv2d 3x3, 16-32, stride 2": ((32, 32, 16), L.Conv2D(32, 3, stride=2, padding=1)),
        "conv2d 1x1, 64-64, 8x8": ((8, 8, 64), L.Conv2D(64, 1)),
        "conv2d depthwise 3x3, 64, 8x8": ((8, 8, 64), L.Conv2D(64, 3, padding=1, groups=64)),
        "conv2d_transpose 4x4, 32-16, stride 2": (
            (16, 16, 32),
            L.Conv2DTranspose(16, 4, 2, "same"),
        ),
        "upsample2d 2, 16x16x32": ((16, 16, 32), L.Upsample2D(2)),
        "upsample2d 2 bilinear, 16x16x32": ((16, 16, 32), L.Upsample2D(2, "bilinear")),
        "max_pool2d 2x2, 16x16x32": ((16, 16, 32), L.MaxPool2D(2)),
        "avg_pool2d 2x2, 16x16x32": ((16, 16, 32), L.AvgPool2D(2)),
        "global_avg_pool 8x8x64": ((8, 8, 64), L.GlobalAvgPool()),
        "relu 16x16x32": ((16, 16, 32), L.Activation("relu")),
        "gelu 16x16x32": ((16, 16, 32), L.Activation("gelu")),
        "dropout 16x16x32": ((16, 16, 32), L.Dropout(0.5)),
        "batch_norm 16x16x32": ((16, 16, 32), L.BatchNorm()),
        "layer_norm 512": ((512,), L.LayerNorm()),
        "maxout 512-64x4": ((512,), L.Maxout(64, pieces=4)),
    }

    def prepare(self, case: tuple[tuple[int, ...], L.Layer]) -> None:
        input_shape, layer = case
        self.program = compile([layer], input_shape, batch_size=BATCH, input_gradient=True)
        self.x = self.random(BATCH, *input_shape)
        self.dy = self.program.forward(self.x, training=True)

    def time_forward(self, case: str) -> None:
        self.program.forward(self.x, training=True)

    def time_backward(self, case: str) -> None:
        self.program.backward(self.dy)
