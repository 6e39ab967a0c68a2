"""Stacked autoencoder: layer by layer, then as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl.estimators.autoencoders import coding, pretraining
from fastdl.estimators.autoencoders.base import Coder
from fastdl.estimators.autoencoders.pretraining import pretrain
from fastdl.estimators.autoencoders.words import RECONSTRUCTION_LOSS, StackWords
from fastdl.estimators.parameters.words import reword, word
from fastdl.fitting.job import Job
from fastdl.layers import Layer


class StackedAutoencoder(StackWords, Coder):
    """Deep autoencoder, trained layer by layer and then as a whole.

    Each hidden layer is trained as the code of an `Autoencoder` of its own, whose input is the
    output of the layer below; corruption and penalties belong to that. Unrolled, encoders and
    decoders make a deep autoencoder, whose reconstruction error fine-tuning makes small. Hinton and
    Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 2006; Vincent
    et al., "Stacked denoising autoencoders", JMLR 2010.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import StackedAutoencoder
    >>> X = load_digits().data / 16
    >>> sae = StackedAutoencoder((50, 10), corruption=0.2, pretrain_epochs=5, random_state=0)
    >>> sae.fit_transform(X).shape
    (1797, 10)
    >>> len(sae.pretrain_history_)
    2
    """

    hidden_layer_sizes: int | Sequence[int] = reword(
        StackWords,
        "hidden_layer_sizes",
        default=(100, 50),
        text="Units of the encoder's layers; the last is the code.",
        kw_only=False,
    )
    fine_tune: bool = word(
        default=True,
        rule=["boolean"],
        kind="bool",
        text="Whether the whole is trained after its layers, for max_epochs. If not, `history_` is "
        "empty.",
    )
    loss: str = word(default="squared_error", like=RECONSTRUCTION_LOSS)

    pretrain = pretrain

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> Sequence[Layer]:
        sizes = coding.sizes_of(self)
        return [
            *coding.encoder(sizes, self.activation),
            *coding.decoder(self, sizes, input_shape[0]),
        ]

    def _start(self, job: Job) -> None:
        found = pretraining.given(self)
        if found is None:
            found = pretraining.from_autoencoders(self, job.train.X, job.sample_weight)
        pretraining.take_over(self, found)

    def _trains(self) -> bool:
        return self.fine_tune
