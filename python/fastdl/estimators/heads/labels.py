"""y is labels: a class for each sample, or several yes or no; and the losses for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from fastdl import losses
from fastdl._sklearn import _check_partial_fit_first_call
from fastdl._warn import warn
from fastdl.estimators.heads.refused import (
    check_loss_name,
    compare_classes,
    has_columns_for_steps,
    refuse_parts,
    warn_of_one_hot,
)
from fastdl.estimators.inputs.refused import refuse_labels
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss

# Losses of labels by name: of classes that exclude each other, and of outputs that are each yes or
# no, as those of two classes or of indicators are.
LABEL_LOSSES: dict[str, tuple[Loss, Loss | None]] = {
    "log_loss": (losses.SoftmaxCrossEntropy(), losses.BinaryCrossEntropy()),
    "focal": (losses.Focal(), losses.BinaryFocal()),
    "squared_error": (losses.SquaredError(), losses.SquaredError()),
    "hinge": (losses.Hinge(), None),
}


def _label_losses(loss: object) -> tuple[Loss | None, Loss | None]:
    """The pair of `LABEL_LOSSES` that a name or a loss stands for; None for what it is not for."""
    if callable(loss):
        loss = losses.get(loss)
    if isinstance(loss, losses.Custom):
        return loss.with_link("softmax"), None if loss.codes else loss.with_link("sigmoid")
    if isinstance(loss, Loss):
        return (None if loss.link == "sigmoid" else loss), (None if loss.codes else loss)
    return LABEL_LOSSES.get(loss, (None, None)) if isinstance(loss, str) else (None, None)


def gives_probabilities(loss: object) -> bool:
    """Whether the outputs of a network with this loss become probabilities."""
    return any(of and of.link in ("softmax", "sigmoid") for of in _label_losses(loss))


@dataclass(frozen=True)
class Labels:
    """A class for each sample, or indicators of several."""

    of_parts: str = field(
        default="", kw_only=True
    )  # what learns one for each step or pixel, in words
    scores: ClassVar[bool] = True  # whether there is a decision_function

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        if self.of_parts:
            refuse_parts(estimator, y, self.of_parts)
        X, y = estimator._inputs.check_with(estimator, X, y, reset=reset, numeric=False)
        refuse_labels(type(estimator).__name__, y)
        return X, y

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        e = estimator
        check_loss_name(e.loss, tuple(LABEL_LOSSES))
        if incremental and not e.warm_start and hasattr(e, "classes_") and e._targets.knows(y):
            return e._targets
        self._check_labels(e, y)
        if hasattr(e, "classes_") and (e.warm_start or incremental):
            compare_classes(y, e.classes_, exactly=e.warm_start)
            return e._targets
        targets = self._new_targets(e, y)
        if targets.kind == "multilabel":
            warn_of_one_hot(e, targets.n_outputs, y)
            if self.of_parts and has_columns_for_steps(e, y):
                warn(
                    f"{type(e).__name__}: y has as many columns as X has steps, {y.shape[1]}. They "
                    f"are learnt as answers for the whole sequence. {self.of_parts}"
                )
        e.classes_ = targets.classes
        return targets

    def _check_labels(self, estimator: Any, y: Any) -> None:
        """Raise for y that is no labels, or several for each sample."""
        check_classification_targets(y)
        if type_of_target(y).endswith("multioutput"):
            of_steps = has_columns_for_steps(estimator, y)
            raise ValueError(
                f"y has shape {np.shape(y)}; {type(estimator).__name__} learns one class for each "
                "sample, or indicators (0 and 1) of several. "
                f"sklearn.multioutput.MultiOutputClassifier takes more."
                f"{f' {self.of_parts}' if of_steps else ''}"
            )

    def _new_targets(self, estimator: Any, y: Any) -> Targets:
        name, targets = type(estimator).__name__, _targets_of(estimator, y)
        if len(targets.classes) == 1:
            raise ValueError(
                f"{name} needs samples of at least 2 classes in the data, but the data contains "
                f"only one class: {targets.classes.tolist()[0]!r}"
            )
        return targets

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`; of indicators, the classes are the columns of y."""
        if _check_partial_fit_first_call(estimator, classes):
            several = y is not None and type_of_target(y).startswith("multilabel")
            labels = y if several else classes
            estimator._targets = self._new_targets(estimator, labels)

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: labels are as they are."""
        return targets

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        loss = _label_losses(estimator.loss)[0 if targets.kind == "multiclass" else 1]
        assert loss is not None  # `_new_targets` has looked
        return loss

    def stratify(self, targets: Targets, y: NDArray[Any]) -> NDArray[Any] | None:
        """See `Head.stratify`."""
        return None if targets.kind == "multilabel" else y

    def tag(self, tags: Any) -> None:
        """Indicators of labels: see `takes_indicators`, for `ClassifierMixin` has its say later."""


def _targets_of(estimator: Any, labels: Any) -> Targets:
    """What labels are to a classifier; ValueError if its loss is not for such labels."""
    of_classes, of_each = _label_losses(estimator.loss)
    shared = of_each is not None and of_each.link == "sigmoid"
    targets = Targets.of_labels(labels, one_output=shared)
    said = f"{type(estimator).__name__}: loss={estimator.loss!r} is for"
    if targets.kind == "multilabel" and of_each is None:
        raise ValueError(
            f"{said} classes that exclude each other, but y holds indicators. Use loss='log_loss'."
        )
    if targets.kind == "multiclass" and of_classes is None and of_each is not None:
        raise ValueError(
            f"{said} two classes, or indicators, but y has {len(targets.classes)} classes. Use "
            "loss='log_loss'."
        )
    return targets


def takes_indicators(tags: Any) -> Any:
    """The tags of a classifier, with multilabel y."""
    tags.classifier_tags.multi_label = True
    return tags
