"""The autoencoder of images, and of whatever layers lead to a code and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._saved import SHAPE, Saved
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.autoencoders.base import Coder
from fastdl.estimators.autoencoders.mirror import mirror
from fastdl.estimators.autoencoders.words import (
    ACTIVITY_L1,
    CORRUPTION,
    NOISE,
    OUT_ACTIVATION,
    RECONSTRUCTION_LOSS,
)
from fastdl.estimators.base.augmented import check_whole_images
from fastdl.estimators.inputs import ImageInput
from fastdl.estimators.inputs.refused import refuse
from fastdl.estimators.inputs.text import unpacked
from fastdl.estimators.parameters.layer_params import check_layer_names
from fastdl.estimators.parameters.training_words import CONVOLUTION, TrainingWords
from fastdl.estimators.parameters.words import fitted, word
from fastdl.fitting.defaults import CODING, Defaults
from fastdl.fitting.job import Job
from fastdl.layers import Layer
from fastdl.program import output_shape

_ENCODER = (
    L.Conv2D(16, 3, stride=2, padding="same"),
    L.Activation("relu"),
    L.Conv2D(8, 3, stride=2, padding="same"),
    L.Activation("relu"),
)


class ConvAutoencoder(TrainingWords, Coder):
    """Autoencoder of layers of your own, made for images: convolutions to a code and back.

    Masci et al., "Stacked convolutional auto-encoders for hierarchical feature extraction", ICANN
    2011.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import ConvAutoencoder, layers as L
    >>> X = load_digits().images / 16
    >>> ae = ConvAutoencoder(
    ...     [L.Conv2D(8, 3, padding="same"), L.Activation("relu"), L.MaxPool2D(2), L.Flatten(),
    ...      L.Dense(10)],
    ...     loss="cross_entropy", max_epochs=2, random_state=0,
    ... ).fit(X)
    >>> Z = ae.transform(X)
    >>> Z.shape, ae.inverse_transform(Z).shape
    ((1797, 10), (1797, 8, 8))
    """

    encoder: Sequence[Layer] | None = word(
        default=None,
        rule=[list, tuple, None],
        kind="list of layers or None",
        text="From a sample to its code, which may be rows or an image. None: two convolutions "
        "with stride 2, of 16 and 8 channels, each with a ReLU.",
        kw_only=False,
    )
    decoder: Sequence[Layer] | None = word(
        default=None,
        rule=[list, tuple, None],
        kind="list of layers or None",
        text="From the code back to the shape of a sample, or to rows of as many values. None: the "
        "encoder's mirror image, with a Conv2DTranspose for each Conv2D, an Upsample2D for each "
        "pooling, Reshape for Flatten and Dense for Dense.",
        kw_only=False,
    )
    input_shape: Sequence[int] | None = word(
        default=None,
        rule="no_validation",
        kind="(int, int), (int, int, int) or None",
        text="Of an image, if X has rows. Rows without it are strips (1, n_features, 1) to an "
        "encoder that starts with images.",
    )
    convolution: str = word(default="auto", like=CONVOLUTION)
    out_activation: str | None = word(default=None, like=OUT_ACTIVATION)
    loss: str = word(default="squared_error", like=RECONSTRUCTION_LOSS)
    corruption: float = word(default=0.0, like=CORRUPTION)
    noise: str = word(default="masking", like=NOISE)
    activity_l1: float = word(default=0.0, like=ACTIVITY_L1)
    input_shape_: tuple[int, ...] = fitted("tuple of int", "Of one sample.", saved=SHAPE)
    _sample_form: tuple[int, ...] = fitted(
        saved=Saved(SHAPE, "sample_form")
    )  # of a sample as the user has it

    _layer_lists: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    _auto: ClassVar[Defaults] = CODING
    _least_batch: ClassVar[int] = 16
    _loss_word: ClassVar[str] = "loss"

    # --- X

    @property
    def _inputs(self) -> ImageInput:
        return ImageInput(self.input_shape, strips=lambda: L.asks_for(self._encoder()) == "images")

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        refuse(type(self).__name__, "X", X)
        given = unpacked(X)
        X, y = super()._check(given, y, reset=reset)
        if y is not None:
            check_whole_images(L.with_names(self._encoder()))
        if reset:
            self._sample_form = (given if hasattr(given, "shape") else np.asarray(given)).shape[1:]
        return X, y

    def _start(self, job: Job) -> None:
        super()._start(job)
        layers = self._network.layers
        coding.warn_of_wide_code(self, layers, self._n_features_out, int(self.n_features_in_))

    # --- the network

    def _encoder(self) -> Sequence[Layer]:
        return _ENCODER if self.encoder is None else self.encoder

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        """Encoder, code as rows, decoder, reconstruction as rows."""
        given = [*self._encoder(), *(self.decoder or ())]
        if not self._encoder():
            raise ValueError(f"{self._name}: encoder=[] has no layer; expected at least one.")
        named = L.with_names(given)
        L.check(named)
        check_layer_names(self, named)
        encoder, decoder = named[: len(self._encoder())], named[len(self._encoder()) :]
        code_shape = output_shape(encoder, input_shape)
        if self.decoder is None:
            decoder = L.with_names([*encoder, *mirror(encoder, input_shape)])[len(encoder) :]
        self._check_decoder(decoder, code_shape, input_shape)
        n_augments = isinstance(encoder[0], L.Augment)  # what it gives is the target, without noise
        return [
            *encoder[:n_augments],
            *self._noise(),
            *encoder[n_augments:],
            L.Flatten(name="code"),
            *([L.ActivityL1(float(self.activity_l1))] if self.activity_l1 else []),
            L.Reshape(code_shape, name="code_shape"),
            *decoder,
            *self._end(decoder),
            L.Flatten(name="reconstruction"),
        ]

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _noise(self) -> list[Layer]:
        rate = float(self.corruption)
        return [L.Corrupt(self.noise, rate, name="corruption")] if rate else []

    def _end(self, decoder: Sequence[Layer]) -> list[Layer]:
        function = coding.out_activation_of(self)
        if not coding.is_crossed(self):
            return [] if function == "identity" else [L.Activation(function, name="out_activation")]
        last = decoder[-1] if decoder else None
        if isinstance(last, L.Activation) and last.function == "sigmoid":
            raise ValueError(
                f"{self._name}: loss='cross_entropy' has a sigmoid in it, and the decoder ends in "
                "another. Leave the decoder's out."
            )
        return []

    def _check_decoder(
        self, decoder: Sequence[Layer], code: tuple[int, ...], sample: tuple[int, ...]
    ) -> None:
        """Raise unless the decoder gives back a sample's shape, or rows of as many values."""
        given = output_shape(decoder, code)
        if given not in (sample, (int(np.prod(sample)),)):
            raise ValueError(
                f"{self._name}: the decoder makes samples of shape {given} of a code of shape "
                f"{code}, but those of X have shape {sample}. Change it (see padding and "
                "output_padding of Conv2DTranspose), or leave decoder out for the encoder's "
                "mirror image."
            )

    def inverse_transform(self, X: Any) -> NDArray[Any]:
        """What the decoder makes of a code.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_units)
            A code, as from `transform`.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            Images or rows, as `fit` had them.
        """
        rows = super().inverse_transform(X)
        return rows.reshape(len(rows), *self._sample_form)

    def reconstruct(self, X: Any) -> NDArray[Any]:
        """What the network gives back for X.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            As in `fit`.

        Returns
        -------
        ndarray of the shape of X
        """
        rows = super().reconstruct(X)
        return rows.reshape(len(rows), *self._sample_form)
