"""The network for tables: columns prepared, embedded, and learnt with the settings that win."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from fastdl import layers as L
from fastdl._saved import Saved
from fastdl._sklearn import _safe_indexing
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.base.net import Net
from fastdl.estimators.inputs.tables import TableInput
from fastdl.estimators.parameters.words import fitted
from fastdl.estimators.tables.start import multipliers, start_from_data
from fastdl.estimators.tables.words import TableWords
from fastdl.fitting.columns import CATEGORIES, Columns
from fastdl.fitting.job import Checked, Job
from fastdl.fitting.preparation import Preparation
from fastdl.fitting.progress import Settings
from fastdl.fitting.recipe import Recipe, epoch_line
from fastdl.layers import Layer
from fastdl.optim import AdamW
from fastdl.schedules import CosLog, FlatCosine

_EMBEDDING_RATE, _SLOPE_RATE, _SCALE_RATE = 0.1, 0.1, 6.0
_LEAST_HELD_OUT = 2  # samples: a score needs that many


class Tabular(TableWords, Net):
    """What `TabularClassifier` and `TabularRegressor` share."""

    categories_: list[list[Any] | None] = fitted(
        "list",
        "Of each column, its categories in sorted order, or None where it holds numbers.",
        saved=CATEGORIES,
    )
    _preparation: Preparation = fitted(saved=Saved(Preparation, "preparation"))

    warm_start: ClassVar[bool] = False  # rate, dropout and decay are planned for the whole fit

    @property
    def _inputs(self) -> TableInput:
        return TableInput(self.categorical_features)

    # --- the network

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        found = getattr(self, "_preparation", None)
        n_numbers, sizes = (input_shape[0], []) if found is None else found.shape
        layers: list[Layer] = []
        if self.frequencies and n_numbers:
            layers.append(
                L.NumericEmbedding(
                    n_numbers,
                    frequencies=self.frequencies,
                    frequency_scale=self.frequency_scale,
                    lr_multiplier=_EMBEDDING_RATE,
                )
            )
        if sizes:
            layers.append(L.EmbedCategories(tuple(sizes), units=self.embedding_size))
        layers.append(L.Scale(lr_multiplier=_SCALE_RATE))
        for units in coding.sizes_of(self):
            layers.append(L.Dense(units))
            layers.append(L.ParametricActivation(self.activation, lr_multiplier=_SLOPE_RATE))
            layers += [L.Dropout(self.dropout)] if self.dropout else []
        return [*layers, L.Dense(n_outputs, name="output")]

    def _start(self, job: Job) -> None:
        super()._start(job)
        network = self._network
        start_from_data(network.program, network.layers, job.train.X, job.random_state)

    # --- fit

    def _learn(self, job: Job) -> None:
        job = self._with_validation(job)
        n_categories = [None if c is None else len(c) for c in self.categories_]
        self._preparation = Preparation.of(job.train.X, n_categories, self.max_one_hot)
        n_numbers, sizes = len(self._preparation.median), self._preparation.shape[1]
        if not n_numbers and not sizes:
            raise ValueError("X holds nothing to learn from: all of its values are missing.")
        self._measure(job.train.y)
        validation = job.validation and self._prepared(job.validation)
        super()._learn(replace(job, train=self._prepared(job.train), validation=validation))

    def _with_validation(self, job: Job) -> Job:
        """The job with a part of its samples held out, if there are enough and none came along."""
        train, fraction = job.train, self.validation_fraction
        n = len(train.X)
        if job.validation is not None or fraction is None or n * fraction < _LEAST_HELD_OUT:
            return job
        parts = train_test_split(
            np.arange(n),
            test_size=fraction,
            random_state=job.random_state,
            stratify=self._shares(train.y, n * fraction),
        )
        train, held_out = (_part(train, indices) for indices in parts)
        return replace(job, train=train, validation=held_out)

    def _shares(self, y: Any, n_held_out: float) -> NDArray[Any] | None:
        """Labels whose shares the held-out part keeps, unless some are too rare for that."""
        labels = self._targets.encode(y, np.float64, codes=True)
        labels = None if labels is None else self._stratify(labels)
        if labels is None:
            return None
        counts = np.unique(labels, return_counts=True)[1]
        return labels if counts.min() > 1 and len(counts) <= n_held_out else None

    def _measure(self, y: Any) -> None:
        """Note of y what the network does not learn."""

    def _prepared(self, checked: Checked) -> Checked:
        return checked._replace(X=self._preparation.transform(checked.X, self.dtype))

    def _stops_early(self, own_validation: bool) -> bool:
        """Whether there is a best epoch, whose weights are kept."""
        return own_validation

    def _recipe(self, n_samples: int, *, own_validation: bool, incremental: bool) -> Recipe:
        """The published settings, at this estimator's sizes."""
        rates, decays = multipliers(self._network.layers, self._network.parameters)
        return Recipe(
            AdamW(beta2=0.95),
            {
                "weight_decay": self.weight_decay,
                "lr_multipliers": rates,
                "decay_multipliers": decays,
            },
            CosLog(),
            n_epochs=int(self.max_epochs),
            settings=Settings(
                max_epochs=int(self.max_epochs),
                batch_size=min(int(self.batch_size), n_samples),
                solver="adamw",
                learning_rate_init=self.learning_rate_init,
                tol=0.0,
                n_iter_no_change=self.n_iter_no_change if own_validation else np.inf,
                early_stopping=own_validation,
                report=epoch_line if self.verbose else None,
                whole_batches=True,
                later_best=True,
                regularisation=FlatCosine(),
            ),
        )

    # --- use

    def _predict(self, X: Any, layer: int | None) -> NDArray[Any]:
        prepared = self._preparation.transform(X, self._network.dtype)
        outputs = super()._predict(prepared, layer)
        return outputs if layer is None else outputs.astype(X.dtype, copy=False)

    def _restored(self) -> None:
        Columns(self.categories_, self._preparation)  # raises if they do not belong together
        super()._restored()


def _part(checked: Checked, indices: NDArray[np.int64]) -> Checked:
    X, y, weight, given = checked
    weight = None if weight is None else weight[indices]
    given = given if hasattr(given, "__getitem__") else np.asarray(given)
    return Checked(X[indices], y[indices], weight, _safe_indexing(given, indices))
