"""What y means for the estimators that take images, and which losses they know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from fastdl import losses
from fastdl._rules import unknown
from fastdl._sklearn import StrOptions
from fastdl.estimators.base.heads import NetClassifierMixin, NetRegressorMixin
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss

_REGRESSION = ("squared_error", "absolute_error", "huber", "poisson")


def _check_name(parameter: str, value: object, names: Sequence[str]) -> None:
    if isinstance(value, str) and value not in names:
        raise ValueError(unknown(parameter, value, names))


def has_probabilities(estimator: Any) -> bool:
    """Say why not for `available_if`."""
    if estimator.loss == "log_loss":
        return True
    raise AttributeError(f"probabilities need loss='log_loss', not loss={estimator.loss!r}.")


class LayeredClassifierMixin(NetClassifierMixin):
    """Cross-entropy, or the hinge, for labels and indicators."""

    loss: str | Loss
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "loss": [str, losses.Hinge],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _targets_of(self, y: Any, *, incremental: bool) -> Targets:
        name = type(self).__name__
        _check_name("loss", self.loss, ("log_loss", "hinge"))
        check_classification_targets(y)
        if type_of_target(y).endswith("multioutput"):
            raise ValueError(
                f"y has shape {np.shape(y)}; {name} learns one class for each sample, or "
                "indicators (0 and 1) of several. sklearn.multioutput.MultiOutputClassifier takes "
                "more."
            )
        targets = super()._targets_of(y, incremental=incremental)
        classes = [] if targets.classes is None else targets.classes.tolist()
        if len(classes) == 1:
            raise ValueError(
                f"{name} needs samples of at least 2 classes in the data, but the data contains "
                f"only one class: {classes[0]!r}"
            )
        if self._loss_takes_codes and targets.kind == "multilabel":
            raise ValueError(
                f"{name}: loss={self.loss!r} is for classes that exclude each other, but y holds "
                "indicators. Use loss='log_loss'."
            )
        return targets

    @property
    def _loss_takes_codes(self) -> bool:
        return self.loss != "log_loss"

    def _loss(self) -> Loss:
        if self._loss_takes_codes:
            return losses.get(self.loss)
        if self._targets.kind == "multiclass":
            return losses.SoftmaxCrossEntropy()
        return losses.BinaryCrossEntropy()

    @available_if(has_probabilities)
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probabilities of the classes, in their order; shape (n_samples, n_classes)."""
        return super().predict_proba(X)

    @available_if(has_probabilities)
    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Logarithms of `predict_proba`."""
        return super().predict_log_proba(X)

    def _stratify(self, y: NDArray[Any]) -> NDArray[Any] | None:
        return None if self._targets.kind == "multilabel" else y


class LayeredRegressorMixin(NetRegressorMixin):
    """Squared and other errors for numbers."""

    loss: str | Loss
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "loss": [str, *(losses.BY_NAME[name] for name in _REGRESSION)],
    }

    def __sklearn_tags__(self) -> Any:
        """Several outputs are learnt together."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _targets_of(self, y: NDArray[Any], *, incremental: bool) -> Targets:
        _check_name("loss", self.loss, _REGRESSION)
        if isinstance(self._loss(), losses.Poisson) and np.min(y) < 0:
            raise ValueError(
                f"{type(self).__name__}: loss='poisson' is for counts, but y goes down to "
                f"{np.min(y):g}. Use another loss."
            )
        return super()._targets_of(y, incremental=incremental)

    def _loss(self) -> Loss:
        return losses.get(self.loss)
