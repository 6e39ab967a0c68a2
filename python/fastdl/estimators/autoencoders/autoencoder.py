"""The autoencoder."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl.estimators.autoencoders import coding
from fastdl.estimators.autoencoders.base import Coder
from fastdl.estimators.autoencoders.words import RECONSTRUCTION_LOSS, CodingWords
from fastdl.estimators.parameters.words import word
from fastdl.fitting.job import Job
from fastdl.fitting.recipe import is_lbfgs
from fastdl.layers import Layer


class Autoencoder(CodingWords, Coder):
    """Network that learns to give back its input through a code: features without labels.

    The encoder has the hidden layers, of which the last is the code; the decoder is its mirror
    image. By corruption it becomes a denoising autoencoder, by `sparsity` a sparse one, by
    `contraction` a contractive one; they go together.

    Layers are called encoder_1, hidden_1, ..., code, ..., decoder_1. The score is minus the
    reconstruction error; max_epochs counts iterations of solver="lbfgs".

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

    loss: str = word(default="squared_error", like=RECONSTRUCTION_LOSS)

    def _start(self, job: Job) -> None:
        coding.warn_of_width(self, coding.sizes_of(self), self.n_features_in_)

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> Sequence[Layer]:
        sizes = coding.sizes_of(self)
        return [
            *coding.regularised(self, coding.encoder(sizes, self.activation)),
            *coding.decoder(self, sizes, input_shape[0]),
        ]

    def _batch_size(self, n_samples: int) -> int:
        """UFLDL's sparsity is of all samples, which L-BFGS then needs at once."""
        whole = self.sparsity is not None and is_lbfgs(self.solver)
        return n_samples if whole else super()._batch_size(n_samples)
