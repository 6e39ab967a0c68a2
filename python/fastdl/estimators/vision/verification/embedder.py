"""Embeddings for verification: whether two samples are of the same identity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit

from fastdl import layers as L
from fastdl._warn import warn
from fastdl.estimators.convolutional.free_form import FreeForm
from fastdl.estimators.heads.output import with_output
from fastdl.estimators.vision.verification.batches import loss_of_batches, some_of
from fastdl.estimators.vision.verification.identities import Identities
from fastdl.estimators.vision.verification.pairs import all_pairs, area_under_curve
from fastdl.estimators.vision.verification.threshold import threshold
from fastdl.estimators.vision.verification.words import EmbeddingWords
from fastdl.fitting.progress import Settings
from fastdl.fitting.recipe import is_lbfgs
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import windows
from fastdl.layers import Layer
from fastdl.optim import Optimizer
from fastdl.samples import Data

_BATCH = 128
_MOST = 5000  # samples whose pairs give the threshold
_OF_TRAINING = 2000  # where they are those of the fit


class Embedder(EmbeddingWords, FreeForm):
    """Vectors that are near for samples of the same identity, and apart for others.

    A network of your own layers ends in a dense layer of `n_components` units, whose outputs are
    scaled to length 1. It learns from the distances between the samples of a batch, which holds
    several of each of its identities: with ``loss="triplet"`` those alike are to be nearer than the
    nearest others (Schroff, Kalenichenko and Philbin, "FaceNet", CVPR 2015), with "contrastive"
    they are to be together and others a margin apart (Hadsell, Chopra and LeCun, "Dimensionality
    reduction by learning an invariant mapping", CVPR 2006). Identities that the fit has not seen
    are compared as well: that is what it is for.

    X is rows, images, sequences or texts, in the forms that `NetClassifier` takes. y has a label
    for each sample, its identity; identities with one sample are what others are told from.

    `transform` gives the vectors, for neighbours, clusters or a classifier behind it in a pipeline.
    `decision_function` gives the cosine of two samples, and `verify` says whether it is above
    `threshold_`, which comes from the pairs of `X_val`: let that hold identities that X does not.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import Embedder
    >>> X, y = load_digits(return_X_y=True)
    >>> X, X_new, y, y_new = X[:1200] / 16, X[1200:] / 16, y[:1200], y[1200:]
    >>> embedder = Embedder(n_components=16, max_epochs=10, random_state=0)
    >>> vectors = embedder.fit(X, y, X_val=X_new, y_val=y_new).transform(X_new)
    >>> vectors.shape
    (597, 16)
    >>> embedder.score(X_new, y_new) > 0.9
    True
    >>> eights, nines = X_new[y_new == 8][:10], X_new[y_new == 9][:10]
    >>> bool(embedder.verify(eights, eights[::-1]).mean() > embedder.verify(eights, nines).mean())
    True
    """

    @property
    def _head(self) -> Identities:  # type: ignore[override]
        return Identities()

    # --- the network

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        name, given = type(self).__name__, L.with_names(self._given())
        if L.side_heads(given):
            raise ValueError(
                f"{name}: {L.side_heads(given)[0].who} has outputs for classes, but {name} has "
                "none. Leave it out."
            )
        if any(getattr(layer, "mixup", 0) for layer in given):
            raise ValueError(
                f"{name}: Augment(mixup=...) mixes samples of two identities, and what it makes is "
                "of neither. Leave mixup out."
            )
        if self.init_from is not None and not self.drop_head:
            ends = self._inherited()[1]
            if [layer.kind for layer in ends] != ["dense", "unit_norm"]:
                raise ValueError(
                    f"{name}: the network of init_from does not end in vectors of length 1. Set "
                    "drop_head=True for a new output layer."
                )
        return super()._layers(input_shape, self.n_components)

    def _with_answers(
        self, hidden: list[Layer], input_shape: tuple[int, ...], targets: Targets
    ) -> list[Layer]:
        layers = with_output(hidden, input_shape, targets.n_outputs)
        return [*layers, L.UnitNorm(name="unit_norm")]

    def _layer_index(self, layer: int | str | None) -> int:
        return super()._layer_index(-1 if layer is None else layer)

    # --- its training

    def _solver(self, *, incremental: bool) -> str | Optimizer:
        if is_lbfgs(self.solver):
            raise ValueError(
                f"{type(self).__name__}: solver={self.solver!r} learns from all samples at once, "
                "but samples are compared batch by batch. Use 'adam' or another of fastdl.optim."
            )
        return super()._solver(incremental=incremental)

    def _batch_size(self, n_samples: int) -> int:
        if self.batch_size == "auto":
            return min(_BATCH, n_samples)
        size = int(self.batch_size)
        if size <= self.samples_per_identity:
            raise ValueError(
                f"{type(self).__name__}: a batch of batch_size={size} has no room for a second "
                f"identity, of {self.samples_per_identity} samples each (samples_per_identity). "
                f"Take a multiple of {self.samples_per_identity}."
            )
        return min(size, n_samples)

    def _settings(self, optimizer: Optimizer, n_samples: int, *, own_validation: bool) -> Settings:
        settings = super()._settings(optimizer, n_samples, own_validation=own_validation)
        return replace(settings, samples_per_class=self.samples_per_identity)

    def _split(
        self,
        there: NDArray[np.int64],
        y: NDArray[Any],
        labels: NDArray[Any] | None,
        fraction: float,
        random_state: np.random.RandomState,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Whole identities are held out, as new ones are compared; of few, samples of each."""
        if fraction * len(np.unique(y[there])) < 2:
            return super()._split(there, y, labels, fraction, random_state)
        parts = GroupShuffleSplit(1, test_size=fraction, random_state=random_state)
        kept, held_out = next(parts.split(there, groups=y[there]))
        return there[kept], there[held_out]

    def _mean_loss(self, output: NDArray[Any], data: Data) -> float:
        """Of batches as those of the fit: distances to more samples would give another loss."""
        size = self._batch_size(len(output))
        loss, k = self._network.loss, self.samples_per_identity
        return loss_of_batches(loss, output, data.samples, size, k)

    def _default_score(self, output: NDArray[Any], data: Data) -> float:
        """The area under the ROC curve, as `score`."""
        assert data.samples.y is not None
        return area_under_curve(output, data.samples.y, data.samples.weight)

    def _conclude(
        self, program: Any, train: Data, order: NDArray[np.int64], val: Data | None
    ) -> None:
        """Find the threshold, from samples that the fit has not learnt where there are some."""
        samples, rows, most = train.samples, order, _OF_TRAINING
        if val is not None:
            assert val.samples.y is not None
            samples, rows, most = val.samples, np.arange(len(val.samples.y)), _MOST
        y, lengths = samples.y, samples.lengths
        assert y is not None
        rows = some_of(rows, y, self.samples_per_identity, most)
        X = samples.X if len(rows) == len(y) else samples.X[rows]
        if len(rows) < len(y):
            y, lengths = y[rows], None if lengths is None else lengths[rows]
        vectors = windows.predict(program, X, lengths)
        alike, others = all_pairs(vectors, y)
        self.threshold_ = threshold(type(self).__name__, alike, others, self.false_accept_rate)

    # --- fit and use

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        lengths: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        lengths_val: Any = None,
    ) -> Self:
        """Learn to tell identities apart.

        Parameters
        ----------
        X : in any form that the class takes
        y : array-like of shape (n,)
            The identity of each sample.
        sample_weight : array-like of shape (n,), default=None
            Of each sample's own loss, in which it is compared with others; those of weight 0 take
            no part.
        lengths : array-like of int of shape (n,), default=None
            How many steps of each sequence in padded X are real.
        X_val, y_val : as X and y, default=None
            A validation set, best of identities that X does not hold. Its loss and its area under
            the ROC curve are recorded after every epoch, early stopping goes by the latter, and
            `threshold_` comes from its pairs. Without it, and without ``early_stopping=True``, that
            comes from pairs of X, which are nearer to each other than new ones will be, and a
            warning says so.
        sample_weight_val, lengths_val : as sample_weight and lengths, default=None

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For y of one identity, or with one sample of each.
        """
        super().fit(
            X, y, sample_weight, lengths=lengths, X_val=X_val, y_val=y_val,
            sample_weight_val=sample_weight_val, lengths_val=lengths_val,
        )  # fmt: skip
        if X_val is None and not self._stops_early(own_validation=False):
            warn(
                f"{type(self).__name__}: threshold_ comes from pairs of the training samples, "
                "which the fit has pulled together: of new ones, verify will refuse too many. Pass "
                "X_val and y_val, best of identities that X does not hold."
            )
        return self

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None
    ) -> Any:
        """`fit`, then `transform`; without a word on `threshold_`, which has no part in it."""
        super().fit(X, y, sample_weight, lengths=lengths)
        return self.transform(X, lengths=lengths)

    def transform(self, X: Any, layer: int | str | None = None, lengths: Any = None) -> Any:
        """The vectors of X.

        Parameters
        ----------
        X : as in `fit`
        layer : int or str, default=None
            Another layer, by number or name as in `summary`.
        lengths : array-like of int of shape (n,), default=None

        Returns
        -------
        ndarray of shape (n, n_components)
            Of length 1; of zeros where the dense layer gives nothing but zeros.
        """
        return super().transform(X, layer, lengths)

    def decision_function(self, A: Any, B: Any) -> NDArray[Any]:
        """How alike the samples of each pair are: the cosine of their vectors.

        Parameters
        ----------
        A, B : as X in `fit`
            A[i] and B[i] are a pair. Of padded sequences, pass lists.

        Returns
        -------
        ndarray of shape (n,)
            From -1 to 1. A squared distance of vectors is 2 - 2 cosine.

        Raises
        ------
        ValueError
            If A and B have not as many samples, or not the form of those of the fit.
        """
        self._check_is_fitted()
        vectors = []
        for name, X in (("A", A), ("B", B)):
            try:
                vectors.append(self._outputs(X))
            except ValueError as error:
                raise ValueError(f"In {name}: {error}") from error
        a, b = vectors
        if len(a) != len(b):
            raise ValueError(
                f"A has {len(a)} samples, but B has {len(b)}; A[i] is compared with B[i]."
            )
        cosines: NDArray[Any] = np.einsum("ij,ij->i", a, b)
        return cosines

    def verify(self, A: Any, B: Any) -> NDArray[np.bool_]:
        """Whether the samples of each pair are of the same identity.

        Parameters
        ----------
        A, B : as in `decision_function`

        Returns
        -------
        ndarray of bool of shape (n,)
            Where `decision_function` is above `threshold_`.
        """
        same: NDArray[np.bool_] = self.decision_function(A, B) > self.threshold_
        return same

    def score(self, X: Any, y: Any, sample_weight: Any = None, lengths: Any = None) -> float:
        """The area under the ROC curve over all pairs of X.

        It is the chance that two samples of the same identity are nearer than two of different
        ones: 1 at best, 0.5 for vectors that tell nothing.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None
            A pair has the product of its two.
        lengths : array-like of int of shape (n,), default=None

        Returns
        -------
        float
        """
        self._check_is_fitted()
        X, y = self._check(self._cut(X, lengths, "score"), y, reset=False)
        return area_under_curve(self._predict(X, None), np.asarray(y), sample_weight)
