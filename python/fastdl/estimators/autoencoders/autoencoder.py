"""The autoencoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import DTypeLike

from fastdl.estimators.autoencoders import coding
from fastdl.estimators.autoencoders.base import BaseAutoencoder
from fastdl.estimators.base.layered import keep
from fastdl.layers import Layer
from fastdl.optim import LBFGS, Optimizer
from fastdl.schedules import Schedule


class Autoencoder(BaseAutoencoder):
    """Network that learns to give back its input through a code: features without labels.

    The encoder has the hidden layers, of which the last is the code; the decoder is its mirror
    image. By corruption it becomes a denoising autoencoder, by `sparsity` a sparse one, by
    `contraction` a contractive one; they go together.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of the encoder's layers.
    activation : str, default="sigmoid"
        Of the hidden layers, a function of `fastdl.layers.Activation`.
    out_activation : {"identity", "relu", "sigmoid"}, default=None
        Of the last layer. None is "identity", a linear decoder, or "sigmoid" for the cross-entropy.
    loss : {"squared_error", "cross_entropy"}, default="squared_error"
        Half the squared error, or the cross-entropy of X from 0 to 1; summed over features.
    tied_weights : bool, default=False
        Whether the decoder has the encoder's weights, transposed, and only biases of its own.
    corruption : float, default=0.0
        In training, the share of each sample's values that is struck (of "gaussian" noise the
        standard deviation); the network is to give the values from before. Vincent et al. 2010.
    noise : {"masking", "gaussian", "salt_and_pepper"}, default="masking"
        How; see `fastdl.layers.Corrupt`.
    sparsity : float, default=None
        The wanted mean activation of each unit of the code, between 0 and 1: sparsity by the KL
        divergence over the batch, which with solver="lbfgs" is all of X. For
        activation="sigmoid". Ng 2011 (UFLDL).
    sparsity_weight : float, default=3.0
        Of that penalty.
    activity_l1 : float, default=0.0
        Sparsity by the absolute values of the code instead, times this.
    contraction : float, default=0.0
        Weight of the squared norm of the code's Jacobian, by what goes into its layer. For
        "sigmoid", "tanh", "relu" and "identity". Rifai et al. 2011.
    solver, learning_rate, learning_rate_init, momentum, batch_size, max_epochs, shuffle, alpha, \
l1, weight_decay, max_norm, clip_value, clip_norm, early_stopping, validation_fraction, \
n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, device, dtype
        As in `CNNClassifier`; "auto" is a batch of 200, the score is minus the reconstruction
        error, max_epochs counts iterations of solver="lbfgs".

    Attributes
    ----------
    n_features_in_, n_iter_, best_iter_, loss_, loss_curve_, validation_loss_curve_, \
validation_scores_, history_, n_parameters_, device_, program_
        As of `CNNClassifier`. Layers are called encoder_1, hidden_1, ..., code, ..., decoder_1.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import Autoencoder
    >>> X = load_digits().data / 16
    >>> ae = Autoencoder(30, loss="cross_entropy", learning_rate_init=0.01, random_state=0).fit(X)
    >>> Z = ae.transform(X)
    >>> Z.shape, ae.inverse_transform(Z).shape
    ((1797, 30), (1797, 64))
    >>> ae.reconstruction_error(X).shape
    (1797,)
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        *,
        activation: str = "sigmoid",
        out_activation: str | None = None,
        loss: str = "squared_error",
        tied_weights: bool = False,
        corruption: float = 0.0,
        noise: str = "masking",
        sparsity: float | None = None,
        sparsity_weight: float = 3.0,
        activity_l1: float = 0.0,
        contraction: float = 0.0,
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

    def _layers(self, input_shape: tuple[int, ...]) -> list[Layer]:
        sizes = coding.sizes_of(self)
        return [
            *coding.regularised(self, coding.encoder(sizes, self.activation)),
            *coding.decoder(self, sizes, input_shape[0]),
        ]

    def _batch_size(self, n_samples: int) -> int:
        """UFLDL's sparsity is of all samples, which L-BFGS then needs at once."""
        whole = self.sparsity is not None and (
            self.solver == "lbfgs" or isinstance(self.solver, LBFGS)
        )
        return n_samples if whole else super()._batch_size(n_samples)
