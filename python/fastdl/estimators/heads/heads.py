"""What y is: labels, or numbers, perhaps for every step.

Each is checked, and chooses the loss, in one place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from fastdl import losses
from fastdl._rules import unknown
from fastdl._sklearn import _check_partial_fit_first_call
from fastdl._warn import warn
from fastdl.estimators.inputs.refused import refuse_labels
from fastdl.estimators.inputs.steps import labels_that_count
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss
from fastdl.samples import Sequences, depth

REGRESSION = tuple(
    name
    for name, loss in losses.BY_NAME.items()
    if not (loss.codes or loss.boxes) and loss.highest == math.inf
)


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


class Head(Protocol):
    """A kind of y: its checks, what the network learns of it, and by which loss."""

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Checked X and y."""

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets | None:
        """What checked y is; raises if it does not go with earlier fits."""

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """Take note, in the first partial fit, of what may come in later ones."""

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """The targets of a new network, with what is known of its training samples."""

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """What is minimised."""

    def stratify(self, targets: Targets, y: NDArray[Any]) -> NDArray[Any] | None:
        """Labels whose shares a held-out validation set keeps, from the encoded y."""

    def tag(self, tags: Any) -> None:
        """Write into scikit-learn's tags what is taken."""


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
            _refuse_parts(estimator, y, self.of_parts)
        X, y = estimator._inputs.check_with(estimator, X, y, reset=reset, numeric=False)
        refuse_labels(type(estimator).__name__, y)
        return X, y

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        e = estimator
        _check_name("loss", e.loss, tuple(LABEL_LOSSES))
        if incremental and not e.warm_start and hasattr(e, "classes_") and e._targets.knows(y):
            return e._targets
        self._check_labels(e, y)
        if hasattr(e, "classes_") and (e.warm_start or incremental):
            _compare_classes(y, e.classes_, exactly=e.warm_start)
            return e._targets
        targets = self._new_targets(e, y)
        if targets.kind == "multilabel":
            warn_of_one_hot(e, targets.n_outputs, y)
            if self.of_parts and _has_columns_for_steps(e, y):
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
            of_steps = _has_columns_for_steps(estimator, y)
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


@dataclass(frozen=True)
class Numbers:
    """A number, or several, for each sample; squared and other errors."""

    of_parts: str = field(default="", kw_only=True)  # what learns them for each step or pixel

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        if self.of_parts:
            _refuse_parts(estimator, y, self.of_parts)
        return estimator._inputs.check_with(estimator, X, y, reset=reset, numeric=True)

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        e = estimator
        _check_name("loss", e.loss, REGRESSION)
        loss = losses.get(e.loss)
        if np.min(y) < loss.lowest:
            raise ValueError(
                f"{type(e).__name__}: loss={loss.kind!r} is for counts, but y goes down to "
                f"{np.min(y):g}. Use another loss."
            )
        return Targets.of_values(y) if anew else e._targets

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""
        if classes is not None:
            raise TypeError(
                f"{type(estimator).__name__}.partial_fit takes no classes: y holds numbers."
            )

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: mean 0 and variance 1, but for counts and losses of users."""
        loss = losses.get(estimator.loss)
        as_they_are = loss.lowest > -math.inf or isinstance(loss, losses.Custom)
        if as_they_are or not getattr(estimator, "normalize_y", False):
            return targets
        return targets.normalized(train.y, train.weight)

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        loss = losses.get(estimator.loss)
        return loss.with_link("") if isinstance(loss, losses.Custom) else loss

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """See `Head.stratify`: numbers have no shares."""

    def tag(self, tags: Any) -> None:
        """Several numbers for each sample."""
        tags.target_tags.multi_output = True


@dataclass(frozen=True)
class Steps:
    """Labels or numbers for every step of sequences."""

    of: Labels | Numbers
    infers_classes: bool = False  # those of the first partial fit, where none are passed

    @property
    def scores(self) -> bool:
        """See `Labels.scores`."""
        return isinstance(self.of, Labels)

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        numeric, classes = isinstance(self.of, Numbers), known_classes(estimator, reset)
        return estimator._inputs.check_with_steps(
            estimator, X, y, reset=reset, numeric=numeric, classes=classes
        )

    def targets(self, estimator: Any, y: Sequences, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        return self.of.targets(estimator, y.steps, anew=anew, incremental=incremental)

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""
        if y is None or not len(y):
            return  # the check says so
        flat = labels_that_count(y)
        if self.infers_classes and classes is None and not hasattr(estimator, "classes_"):
            classes = flat
        self.of.first_part(estimator, X, flat, classes)

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: over all steps."""
        weight = train.y.of_steps(train.weight)
        return self.of.normalized(
            estimator, targets, train._replace(y=train.y.steps, weight=weight)
        )

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        return self.of.loss(estimator, targets)

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """See `Head.stratify`: sequences have many labels."""

    def tag(self, tags: Any) -> None:
        """See `Head.tag`."""
        self.of.tag(tags)


@dataclass(frozen=True)
class Itself:
    """X is its own target: y is nothing."""

    instead: ClassVar[str] = "learns X itself. See its reconstruct"  # of predict

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        return estimator._inputs.check(estimator, X, reset=reset), None

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        return Targets("input", int(estimator.n_features_in_))

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: X is as it is."""
        return targets

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        crossed = estimator.loss == "cross_entropy"
        return losses.BinaryCrossEntropy() if crossed else losses.SquaredError()

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """See `Head.stratify`: there are no labels."""

    def tag(self, tags: Any) -> None:
        """See `Head.tag`."""
        tags.target_tags.required = False


@dataclass(frozen=True)
class Nothing(Itself):
    """There is no y, and nothing that a network would have to answer."""

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> None:  # type: ignore[override]
        """See `Head.targets`."""


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


def _refuse_parts(estimator: Any, y: Any, instead: str) -> None:
    """Raise for y that has something for every step or pixel, and say in a sentence what takes it.

    That is y with more than two dimensions, or with lists of different lengths.
    """
    n_dims, shape = depth(y), np.shape(y) if hasattr(y, "ndim") else ()
    is_list = n_dims == 2 and len(shape) < 2
    if n_dims > 2 or (is_list and len({len(of_one) for of_one in y}) > 1):
        raise ValueError(
            f"y {f'has shape {shape}' if len(shape) > 2 else 'holds a list for each sample'}; "
            f"{type(estimator).__name__} takes one target for each, or as many for all. "
            f"{instead}"
        )


def _has_columns_for_steps(estimator: Any, y: Any) -> bool:
    """Whether X holds sequences, and y (n, n_columns) as many columns as they have steps."""
    steps_and_features = getattr(estimator, "input_shape_", ())
    return len(steps_and_features) == 2 and y.shape[1:] == steps_and_features[:1] != (1,)


def known_classes(estimator: Any, reset: bool) -> Any:
    """Those of earlier fits; of a fit that begins anew, they are gone."""
    return None if reset and estimator._has_weights() else getattr(estimator, "classes_", None)


def takes_indicators(tags: Any) -> Any:
    """The tags of a classifier, with multilabel y."""
    tags.classifier_tags.multi_label = True
    return tags


def warn_of_one_hot(estimator: Any, n: int, y: Any) -> None:
    """Warn of n indicators of which each row has one: these are labels, written for a network."""
    if (y.sum(axis=1) == 1).all():
        warn(
            f"{type(estimator).__name__}: every row of y has exactly one 1, as one-hot codes of "
            f"classes have, but {n} answers of yes or no are learnt, of which several may be true. "
            "Pass y.argmax(axis=1) for classes that exclude each other."
        )


def _check_name(parameter: str, value: object, names: tuple[str, ...]) -> None:
    if isinstance(value, str) and value not in names:
        raise ValueError(unknown(parameter, value, names))


def _compare_classes(y: Any, known: NDArray[Any], *, exactly: bool) -> None:
    """Raise where y has other labels than those of earlier fits."""
    classes = unique_labels(y)
    if exactly and set(classes) != set(known):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the previous "
            f"call to fit. Previously got {known}, `y` has {classes}"
        )
    if len(np.setdiff1d(classes, known, assume_unique=True)):
        raise ValueError(
            "`y` has classes not in `self.classes_`. "
            f"`self.classes_` has {known}. 'y' has {classes}."
        )
