"""Stacked autoencoder: layer by layer, then as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike

from fastdl._sklearn import Interval, _fit_context
from fastdl.estimators.autoencoders import coding, pretraining
from fastdl.estimators.autoencoders.base import BaseAutoencoder
from fastdl.estimators.autoencoders.pretraining import Pretrained
from fastdl.estimators.base.layered import keep
from fastdl.fitting import job
from fastdl.layers import Layer
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule
from fastdl.validation import check_rows


class PretrainMixin:
    """`pretrain`, for estimators with the words of `Autoencoder`."""

    pretrain_epochs: int
    pretrain_history_: list[dict[str, list[float]]]

    @job.unchanged_on_error
    @_fit_context(prefer_skip_nested_validation=True)
    def pretrain(self, X: Any) -> Self:
        """Train the hidden layers one after the other, without labels.

        `fit` then starts from these weights, however often it is called; without `pretrain` it
        begins by pretraining on its own X. A clone has forgotten them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        self
        """
        X = check_rows(self, X, reset=True)
        coding.check_range(self, X)
        found = pretraining.from_autoencoders(self, X, None)
        self._pretrained = found._asdict()
        self.pretrain_history_ = found.histories
        return self

    def _given_pretraining(self) -> Pretrained | None:
        """What `pretrain` left."""
        return Pretrained(**self._pretrained) if hasattr(self, "_pretrained") else None


class StackedAutoencoder(PretrainMixin, BaseAutoencoder):
    """Deep autoencoder, trained layer by layer and then as a whole.

    Each hidden layer is trained as the code of an `Autoencoder` of its own, whose input is the
    output of the layer below; corruption and penalties belong to that. Unrolled, encoders and
    decoders make a deep autoencoder, whose reconstruction error fine-tuning makes small. Hinton and
    Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 2006; Vincent
    et al., "Stacked denoising autoencoders", JMLR 2010.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100, 50)
        Units of the encoder's layers; the last is the code.
    pretrain_epochs : int, default=20
        Epochs for each layer.
    fine_tune : bool, default=True
        Whether the whole is trained after its layers, for max_epochs. If not, `history_` is empty.
    activation, out_activation, loss, tied_weights, corruption, noise, sparsity, sparsity_weight, \
activity_l1, contraction, solver, learning_rate, learning_rate_init, momentum, batch_size, \
max_epochs, shuffle, alpha, l1, weight_decay, max_norm, clip_value, clip_norm, early_stopping, \
validation_fraction, n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, \
device, dtype
        As in `Autoencoder`.

    Attributes
    ----------
    pretrain_history_ : list of dict
        For each hidden layer, what `history_` is for the whole.
    n_features_in_, n_iter_, best_iter_, loss_, loss_curve_, validation_loss_curve_, \
validation_scores_, history_, n_parameters_, device_, program_
        As of `Autoencoder`.

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseAutoencoder._parameter_constraints,
        "pretrain_epochs": [Interval(Integral, 1, None, closed="left")],
        "fine_tune": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100, 50),
        *,
        pretrain_epochs: int = 20,
        fine_tune: bool = True,
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
            *coding.encoder(sizes, self.activation),
            *coding.decoder(self, sizes, input_shape[0]),
        ]

    def _new_weights(self, program: Any, X: Any) -> None:
        """Pretraining warns of wide layers, one by one."""

    def _pretrain(self, X: Any, y: Any, sample_weight: Any) -> None:
        found = self._given_pretraining()
        if found is None:
            found = pretraining.from_autoencoders(self, X, sample_weight)
        pretraining.take_over(self, found)

    def _trains(self) -> bool:
        return self.fine_tune
