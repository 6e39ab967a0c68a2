"""The autoencoder of images, and of whatever layers lead to a code and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl import layers as L
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.autoencoders.base import BaseAutoencoder
from fastdl.estimators.autoencoders.mirror import mirror
from fastdl.estimators.base.layer_params import LayerParamsMixin
from fastdl.estimators.base.layered import BaseLayered, keep
from fastdl.estimators.inputs.images import check_samples, warn_of_unscaled
from fastdl.layers import Layer
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule

_ENCODER = (
    L.Conv2D(16, 3, stride=2, padding="same"),
    L.Activation("relu"),
    L.Conv2D(8, 3, stride=2, padding="same"),
    L.Activation("relu"),
)


class ConvAutoencoder(LayerParamsMixin, BaseAutoencoder):
    """Autoencoder of layers of your own, made for images: convolutions to a code and back.

    Masci et al., "Stacked convolutional auto-encoders for hierarchical feature extraction", ICANN
    2011.

    Parameters
    ----------
    encoder : list of layers, default=None
        From a sample to its code, which may be rows or an image. None: two convolutions with
        stride 2, of 16 and 8 channels, each with a ReLU.
    decoder : list of layers, default=None
        From the code back to the shape of a sample, or to rows of as many values. None: the
        encoder's mirror image, with a Conv2DTranspose for each Conv2D, an Upsample2D for each
        pooling, Reshape for Flatten and Dense for Dense.
    input_shape : (int, int) or (int, int, int), default=None
        Of an image, if X has rows. Rows without it are strips (1, n_features, 1) to an encoder that
        starts with images.
    out_activation : {"identity", "relu", "sigmoid"}, default=None
        Behind the decoder's last layer. None is "identity", or "sigmoid" for the cross-entropy.
    loss : {"squared_error", "cross_entropy"}, default="squared_error"
        Half the squared error, or the cross-entropy of X from 0 to 1; summed over pixels.
    corruption : float, default=0.0
        In training, the share of each sample's values that is struck (of "gaussian" noise the
        standard deviation); the network is to give the values from before.
    noise : {"masking", "gaussian", "salt_and_pepper"}, default="masking"
        How; see `fastdl.layers.Corrupt`.
    activity_l1 : float, default=0.0
        Sparsity: the absolute values of the code, times this, are added to the loss.
    solver, learning_rate, learning_rate_init, momentum, batch_size, max_epochs, shuffle, alpha, \
l1, weight_decay, max_norm, clip_value, clip_norm, early_stopping, validation_fraction, \
n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, device, dtype
        As in `CNNClassifier`; the score is minus the reconstruction error, max_epochs counts
        iterations of solver="lbfgs".

    Attributes
    ----------
    input_shape_ : tuple of int
        Of a sample as the network sees it.
    n_features_in_, n_iter_, best_iter_, loss_, loss_curve_, validation_loss_curve_, \
validation_scores_, history_, n_parameters_, device_, program_
        As of `CNNClassifier`. The code is the layer "code", as rows.

    Notes
    -----
    Layers are parameters, as in `NetClassifier`: with ``Conv2D(16, 3, name="conv1")`` a grid may
    search over ``conv1__filters``; a mirror image follows.

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

    _least_batch = 16
    _layer_lists = ("encoder", "decoder")
    _sample_form: tuple[int, ...]  # of a sample as the user has it

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseLayered._parameter_constraints,
        **{
            name: coding.CONSTRAINTS[name]
            for name in ("out_activation", "loss", "corruption", "noise", "activity_l1")
        },
        "encoder": [list, tuple, None],
        "decoder": [list, tuple, None],
    }

    def __init__(
        self,
        encoder: Sequence[Layer] | None = None,
        decoder: Sequence[Layer] | None = None,
        *,
        input_shape: Sequence[int] | None = None,
        out_activation: str | None = None,
        loss: str = "squared_error",
        corruption: float = 0.0,
        noise: str = "masking",
        activity_l1: float = 0.0,
        solver: str | Optimizer = "adam",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 1e-3,
        momentum: float = 0.9,
        batch_size: int | str = "auto",
        max_epochs: int = 50,
        shuffle: bool = True,
        alpha: float = 0.0,
        l1: float = 0.0,
        weight_decay: float | None = None,
        max_norm: float | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        scoring: str | Callable[..., float] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        device: str = "cpu",
        dtype: DTypeLike = "float32",
    ) -> None:
        keep(self, locals())

    def __sklearn_tags__(self) -> Any:
        """X may be images, and is not sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = False
        return tags

    # --- X

    def _check_X(self, X: Any) -> NDArray[Any]:
        return check_samples(self, X, reset=False)

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X = X if hasattr(X, "ndim") else np.asarray(X)
        form = X.shape[1:]
        X = check_samples(self, X, reset=reset)
        if reset:
            self._sample_form = form
        coding.check_range(self, X.reshape(len(X), -1))
        return X, None

    def _rows_are_strips(self) -> bool:
        return L.takes_images(self._encoder())

    def _batch_size(self, n_samples: int) -> int:
        return BaseLayered._batch_size(self, n_samples)

    # --- the network

    def _encoder(self) -> Sequence[Layer]:
        return _ENCODER if self.encoder is None else self.encoder

    def _layers(self, input_shape: tuple[int, ...]) -> list[Layer]:
        """Encoder, code as rows, decoder, reconstruction as rows."""
        given = [*self._encoder(), *(self.decoder or ())]
        if not self._encoder():
            raise ValueError(f"{self._name}: encoder=[] has no layer; expected at least one.")
        named = L.with_names(given)
        L.check(named)
        self._check_layer_names(named)
        encoder, decoder = named[: len(self._encoder())], named[len(self._encoder()) :]
        code_shape = _output_shape(encoder, input_shape)
        if self.decoder is None:
            decoder = L.with_names([*encoder, *mirror(encoder, input_shape)])[len(encoder) :]
        self._check_decoder(decoder, code_shape, input_shape)
        return [
            *self._noise(),
            *encoder,
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
        given = _output_shape(decoder, code)
        if given not in (sample, (int(np.prod(sample)),)):
            raise ValueError(
                f"{self._name}: the decoder makes samples of shape {given} of a code of shape "
                f"{code}, but those of X have shape {sample}. Change it (see padding and "
                "output_padding of Conv2DTranspose), or leave decoder out for the encoder's "
                "mirror image."
            )

    def _new_weights(self, program: Any, X: Any) -> None:
        layers = self._network.layers
        warn_of_unscaled(self, X, layers)
        coding.warn_of_wide_code(self, layers, self._n_features_out, int(self.n_features_in_))

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


def _output_shape(layers: Sequence[Layer], input_shape: tuple[int, ...]) -> tuple[int, ...]:
    from fastdl._core import Program

    if not layers:
        return input_shape
    program = Program(L.to_dict(layers), input_shape, batch_size=1, threads=1)
    return program.output_shape
