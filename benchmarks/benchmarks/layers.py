"""Single layers, forward in training mode and backward, at sizes that nets have."""

import numpy as np

from benchmarks.base import Benchmark
from fastdl import layers as L
from fastdl.program import compile

BATCH = 64
STEPS = (50, 64)


def affine(x, w, b):
    return x @ w + b


class Layer(Benchmark):
    cases = {
        "augment flip, shift, 32x32x3": ((32, 32, 3), L.Augment(flip="horizontal", shift=4)),
        "augment all, 32x32x3": (
            (32, 32, 3),
            L.Augment(
                flip="horizontal",
                shift=4,
                rotate=10,
                scale=0.1,
                shear=5,
                brightness=0.2,
                contrast=0.2,
                saturation=0.2,
                hue=0.05,
            ),
        ),
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
        "depthwise_conv2d 3x3, 64, 8x8": ((8, 8, 64), L.DepthwiseConv2D(3, padding=1)),
        "separable_conv2d 3x3, 64-64, 8x8": ((8, 8, 64), L.SeparableConv2D(64, 3, padding=1)),
        "weight_norm conv2d 3x3, 64-64, 8x8": (
            (8, 8, 64),
            L.WeightNorm(L.Conv2D(64, 3, padding=1)),
        ),
        "drop_connect dense 784-100": ((784,), L.DropConnect(L.Dense(100))),
        "conv1d 3, 64-64, 128 steps": ((128, 64), L.Conv1D(64, 3, padding="same")),
        "conv1d 3, 64-64, groups 4, 128 steps": (
            (128, 64),
            L.Conv1D(64, 3, padding="causal", groups=4),
        ),
        "max_pool1d 2, 128 steps of 64": ((128, 64), L.MaxPool1D(2)),
        "avg_pool1d 2, 128 steps of 64": ((128, 64), L.AvgPool1D(2)),
        "stochastic_pool2d 2x2, 16x16x32": ((16, 16, 32), L.StochasticPool2D(2)),
        "spatial_pyramid_pool 1 2 4, 16x16x32": ((16, 16, 32), L.SpatialPyramidPool()),
        "pixel_shuffle 2, 16x16x32": ((16, 16, 32), L.PixelShuffle(2)),
        "rrelu 16x16x32": ((16, 16, 32), L.RReLU()),
        "spatial_dropout 16x16x32": ((16, 16, 32), L.SpatialDropout()),
        "resize2d 24, 16x16x32": ((16, 16, 32), L.Resize2D(24)),
        "pad2d reflect, 16x16x32": ((16, 16, 32), L.Pad2D(2, "reflect")),
        "crop2d 16x16x32": ((16, 16, 32), L.Crop2D(2)),
        "transpose 16x16x32": ((16, 16, 32), L.Transpose((2, 0, 1))),
        "gate of channels 16x16x32": (
            (16, 16, 32),
            L.Gate([L.GlobalAvgPool(), L.Dense(32), L.Activation("sigmoid")]),
        ),
        "upsample2d 2, 16x16x32": ((16, 16, 32), L.Upsample2D(2)),
        "upsample2d 2 bilinear, 16x16x32": ((16, 16, 32), L.Upsample2D(2, "bilinear")),
        "max_pool2d 2x2, 16x16x32": ((16, 16, 32), L.MaxPool2D(2)),
        "avg_pool2d 2x2, 16x16x32": ((16, 16, 32), L.AvgPool2D(2)),
        "global_avg_pool 8x8x64": ((8, 8, 64), L.GlobalAvgPool()),
        "relu 16x16x32": ((16, 16, 32), L.Activation("relu")),
        "gelu 16x16x32": ((16, 16, 32), L.Activation("gelu")),
        "parametric_activation selu 256": ((256,), L.ParametricActivation("selu")),
        "parametric_activation mish 256": ((256,), L.ParametricActivation("mish")),
        "scale 256": ((256,), L.Scale()),
        "lambda 100-100": ((100,), L.Lambda(affine, {"w": (100, 100), "b": 100})),
        "numeric_embedding 64": ((64,), L.NumericEmbedding()),
        "embed_categories 60+4": ((64,), L.EmbedCategories((40,) * 4)),
        "dropout 16x16x32": ((16, 16, 32), L.Dropout(0.5)),
        "batch_norm 16x16x32": ((16, 16, 32), L.BatchNorm()),
        "layer_norm 512": ((512,), L.LayerNorm()),
        "group_norm 8, 16x16x32": ((16, 16, 32), L.GroupNorm(8)),
        "local_response_norm 5, 16x16x32": ((16, 16, 32), L.LocalResponseNorm()),
        "unit_norm 128": ((128,), L.UnitNorm()),
        "maxout 512-64x4": ((512,), L.Maxout(64, pieces=4)),
        "concat dense 512-64": ((512,), L.Concat([[L.Dense(64)], []])),
        "concat twice 16x16x32": ((16, 16, 32), L.Concat([[], []])),
        "aux_head 16x16x32": ((16, 16, 32), L.AuxHead([L.GlobalAvgPool(), L.Dense(10)])),
        "dense and tied_dense 784-100": ((784,), L.Dense(100, name="code"), L.TiedDense("code")),
        "corrupt masking 784": ((784,), L.Corrupt("masking")),
        "corrupt gaussian 784": ((784,), L.Corrupt("gaussian")),
        "rnn 64-128, 50 steps": (STEPS, L.RNN(128)),
        "lstm 64-128, 50 steps": (STEPS, L.LSTM(128)),
        "lstm peepholes 64-128, 50 steps": (STEPS, L.LSTM(128, peepholes=True)),
        "lstm 64-128, 50 steps, recurrent dropout": (STEPS, L.LSTM(128, recurrent_dropout=0.3)),
        "gru 64-128, 50 steps": (STEPS, L.GRU(128)),
        "gru before 64-128, 50 steps": (STEPS, L.GRU(128, reset_after=False)),
        "bidirectional gru 64-64, 50 steps": (STEPS, L.Bidirectional(L.GRU(64))),
        "embedding 10000-128, 50 steps": ((50, 1), L.Embedding(10_000, 128)),
    }

    def prepare(self, case: tuple) -> None:
        input_shape, *layers = case
        codes = isinstance(layers[0], L.Embedding)
        self.program = compile(layers, input_shape, batch_size=BATCH, input_gradient=not codes)
        self.x = self.random(BATCH, *input_shape)
        if codes:
            self.x = np.random.default_rng(0).integers(10_000, size=self.x.shape, dtype=np.int32)
        self.dy = self.program.forward(self.x, training=True)

    def time_forward(self, case: str) -> None:
        self.program.forward(self.x, training=True)

    def time_backward(self, case: str) -> None:
        self.program.backward(self.dy)


class Penalty(Benchmark):
    """Penalties, which are silent without a loss: loss and gradients of 512-196-512."""

    cases = {
        "none": [L.Dense(196), L.Activation("sigmoid")],
        "kl_sparsity": [L.Dense(196), L.Activation("sigmoid"), L.KLSparsity(0.05)],
        "activity_l1": [L.Dense(196), L.Activation("sigmoid"), L.ActivityL1(1e-3)],
        "contractive": [L.Contractive([L.Dense(196), L.Activation("sigmoid")])],
    }

    def prepare(self, case: list[L.Layer]) -> None:
        net = [*case, L.Dense(512)]
        self.program = compile(net, (512,), batch_size=BATCH, loss="squared_error")
        self.x = self.random(BATCH, 512)

    def time_loss_and_grads(self, case: str) -> None:
        self.program.loss_and_grads(self.x, None)
