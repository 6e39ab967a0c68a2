"""What y means: the parts of an estimator that make it a classifier or a regressor."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels

from fastdl._sklearn import _check_partial_fit_first_call, _fit_context
from fastdl.fitting import job
from fastdl.fitting.targets import Targets
from fastdl.optim import LBFGS


def is_stochastic(estimator: Any) -> bool:
    """Say why not for `available_if`."""
    if estimator.solver == "lbfgs" or isinstance(estimator.solver, LBFGS):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


def _check_incremental(estimator: Any) -> None:
    if estimator._stops_early(own_validation=False):
        raise ValueError("partial_fit does not support early_stopping=True")


class NetClassifierMixin(ClassifierMixin):
    """Labels in, labels and probabilities out."""

    _targets: Targets
    classes_: NDArray[Any]

    def _targets_of(self, y: Any, *, incremental: bool) -> Targets:
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            targets = Targets.of_labels(y, one_output=not self._loss_takes_codes)
            self.classes_ = targets.classes
            return targets
        classes = unique_labels(y)
        if self.warm_start and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )
        return self._targets

    def _all_labels(self, y: Any, classes: Any) -> Any:
        """What the first partial fit is told that may come; of indicators, the columns of y."""
        return y if type_of_target(y).startswith("multilabel") else classes

    @property
    def _loss_takes_codes(self) -> bool:
        """Whether the loss wants an output for each of two classes too (hinge)."""
        return False

    @available_if(is_stochastic)
    @job.unchanged_on_error
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go on for one epoch over the given samples.

        Parameters
        ----------
        X : {array-like, sparse matrix}
            As in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
        classes : array-like of shape (n_classes,), default=None
            All labels that may come, for the first call.

        Returns
        -------
        self
        """
        _check_incremental(self)
        if _check_partial_fit_first_call(self, classes):
            labels = self._all_labels(y, classes)
            self._targets = Targets.of_labels(labels, one_output=not self._loss_takes_codes)
        job.fit(self, X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> Any:
        """Labels, shape (n_samples,), or indicators, shape (n_samples, n_classes)."""
        outputs = self._outputs(X)
        return self._targets.decode(outputs)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probabilities (n_samples, n_classes) of the classes, in the order of `classes_`."""
        p = self._outputs(X)
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Logarithms of `predict_proba`."""
        p = self.predict_proba(X)
        return np.log(p, out=p)


class NetRegressorMixin(RegressorMixin):
    """Numbers in, numbers out."""

    _targets: Targets

    def _targets_of(self, y: NDArray[Any], *, incremental: bool) -> Targets:
        if hasattr(self, "_targets") and (self.warm_start or incremental):
            return self._targets
        return Targets.of_values(y)

    @available_if(is_stochastic)
    @job.unchanged_on_error
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go on for one epoch over the given samples.

        Parameters
        ----------
        X : {array-like, sparse matrix}
            As in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self
        """
        _check_incremental(self)
        job.fit(self, X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predicted values, shape (n_samples,) or (n_samples, n_outputs)."""
        outputs = self._outputs(X)
        return self._targets.decode(outputs)
