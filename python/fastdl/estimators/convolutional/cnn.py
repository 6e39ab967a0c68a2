"""Convolutional networks: convolutions and poolings, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from fastdl import architectures
from fastdl import layers as L
from fastdl._rules import PAIR
from fastdl._saved import SHAPE
from fastdl.estimators.base.augmented import AUGMENT, with_augment
from fastdl.estimators.base.net import Net
from fastdl.estimators.heads.output import with_output
from fastdl.estimators.heads.side_heads import N_SIDE_PARAMETERS, with_side_outputs
from fastdl.estimators.inputs import ImageInput
from fastdl.estimators.parameters.training_words import CONVOLUTION, COUNT, RATE, TrainingWords
from fastdl.estimators.parameters.words import fitted, parameters, word
from fastdl.fitting.targets import Targets
from fastdl.layers import Layer

# What an architecture decides itself.
_OWN = (
    "conv_layer_sizes",
    "kernel_size",
    "pool_size",
    "hidden_layer_sizes",
    "activation",
    "dropout",
    "batch_norm",
)


class ConvNet(TrainingWords, Net):
    """What `CNNClassifier` and `CNNRegressor` share."""

    conv_layer_sizes: Sequence[int] = word(
        default=(32, 64),
        rule=[list, tuple],
        kind="sequence of int",
        text="Filters of each convolution.",
        kw_only=False,
    )
    kernel_size: int | Sequence[int] = word(
        default=3,
        rule=[COUNT, list, tuple],
        kind="int or (int, int)",
        text="Height and width of the convolutions.",
    )
    pool_size: int | Sequence[int] = word(
        default=2,
        rule=[COUNT, list, tuple],
        kind="int or (int, int)",
        text="Height and width of the poolings; 1 is no pooling.",
    )
    hidden_layer_sizes: Sequence[int] = word(
        default=(128,),
        rule=[list, tuple],
        kind="sequence of int",
        text="Units of the dense layers before the output layer.",
    )
    activation: str = word(
        default="relu",
        rule=[str],
        kind="str",
        text="After each convolution and dense layer; see `fastdl.layers.Activation`.",
    )
    dropout: float = word(
        default=0.0,
        rule=[RATE],
        kind="float",
        text="After each dense layer, the rate at which activations are dropped in training.",
    )
    batch_norm: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether each convolution and dense layer is followed by batch normalisation.",
    )
    architecture: str | None = word(
        default=None,
        rule=[str, None],
        kind="str or None",
        text='A name of `fastdl.architectures` instead of the layers above: "lenet5", "alexnet", '
        '"vgg11", "vgg13", "vgg16", "vgg19", "nin", "googlenet"; "resnet20", "resnet32", '
        '"resnet44", "resnet56", "resnet110" for small images; "resnet18", "resnet34", "resnet50", '
        '"resnet101", "resnet152".',
    )
    input_shape: Sequence[int] | None = word(
        default=None,
        rule="no_validation",
        kind="(int, int, int), (int, int) or None",
        text="Height, width and channels (1 if not given) of an image; None takes them from X.",
    )
    augment: L.Augment | None = word(default=None, like=AUGMENT)
    convolution: str = word(default="auto", like=CONVOLUTION)
    input_shape_: tuple[int, ...] = fitted("tuple of int", "Of one sample.", saved=SHAPE)
    n_side_parameters_: int = fitted(*N_SIDE_PARAMETERS)

    _least_batch: ClassVar[int] = 16  # images are large, and no vector has more lanes

    @property
    def _inputs(self) -> ImageInput:
        return ImageInput(self.input_shape, strips=lambda: True)

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        hidden, targets = self._hidden(input_shape), Targets("continuous", n_outputs)
        hidden = with_side_outputs(type(self).__name__, hidden, input_shape, targets)
        return with_output(hidden, input_shape, n_outputs)

    def _show(self) -> None:
        super()._show()
        self.n_side_parameters_ = self._network.counts()[1]

    def _hidden(self, input_shape: tuple[int, ...]) -> list[Layer]:
        before = with_augment(type(self).__name__, self.augment, [])
        shape = input_shape if self.augment is None else self.augment.output_shape(input_shape)
        return [*before, *self._behind(shape)]

    def _behind(self, input_shape: tuple[int, ...]) -> list[Layer]:
        """The layers for images of this shape."""
        if self.architecture is None:
            return self._convolutions(input_shape) + self._dense_layers()
        defaults = {f.name: f.default for f in parameters(type(self))}
        for name in _OWN:
            if getattr(self, name) != defaults[name]:
                raise ValueError(
                    f"{type(self).__name__}: architecture={self.architecture!r} has layers of its "
                    f"own, and {name}={getattr(self, name)!r} would change nothing. Give one of "
                    "the two."
                )
        return architectures.build(self.architecture, input_shape)

    def _convolutions(self, input_shape: tuple[int, ...]) -> list[Layer]:
        """Convolution, batch norm, activation, pooling for each size.

        A side of one pixel has kernels of one: the others would only see padding. What is smaller
        than a pooling window is pooled as a whole.
        """
        kernel_size, pool_size = self._pair("kernel_size"), self._pair("pool_size")
        sides = input_shape[:2]
        layers: list[Layer] = []
        for filters in self.conv_layer_sizes:
            kernel = [k if side > 1 else 1 for k, side in zip(kernel_size, sides, strict=True)]
            pool = [min(p, side) for p, side in zip(pool_size, sides, strict=True)]
            layers.append(L.Conv2D(filters, kernel, padding="same", bias=not self.batch_norm))
            layers += self._after_weights()
            if pool != [1, 1]:
                layers.append(L.MaxPool2D(pool))
            sides = tuple(side // p for side, p in zip(sides, pool, strict=True))
        return [*layers, L.Flatten()]

    def _pair(self, name: str) -> list[int]:
        value = getattr(self, name)
        if not PAIR.accepts(value):
            raise ValueError(f"{type(self).__name__}: {PAIR.complaint(name, value)}")
        return PAIR.plain(value)

    def _dense_layers(self) -> list[Layer]:
        layers: list[Layer] = []
        for units in self.hidden_layer_sizes:
            layers.append(L.Dense(units, bias=not self.batch_norm))
            layers += self._after_weights()
            if self.dropout:
                layers.append(L.Dropout(self.dropout))
        return layers

    def _after_weights(self) -> list[Layer]:
        activation = L.Activation(self.activation)
        return [L.BatchNorm(), activation] if self.batch_norm else [activation]
