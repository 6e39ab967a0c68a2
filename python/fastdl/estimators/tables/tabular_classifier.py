"""The network for tables, for classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from fastdl import losses
from fastdl.estimators.heads.labels import Labels, takes_indicators
from fastdl.estimators.parameters.training_words import CLASS_WEIGHT, CLASSES, RATE, ClassWeight
from fastdl.estimators.parameters.words import fitted, word
from fastdl.estimators.tables.tabular import Tabular
from fastdl.estimators.tables.words import ACTIVATION, BASE_RATE
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss


@dataclass(frozen=True)
class _SmoothLabels(Labels):
    """Labels with an output for each of two classes, too."""

    smoothing: float

    def _new_targets(self, estimator: Any, y: Any) -> Targets:
        found = super()._new_targets(estimator, y)
        return Targets("multiclass", 2, found.classes) if found.kind == "binary" else found

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        if targets.kind == "multilabel":
            return losses.BinaryCrossEntropy(self.smoothing)
        return losses.SoftmaxCrossEntropy(self.smoothing)


class TabularClassifier(ClassifierMixin, Tabular):
    """Network for tables of numbers and categories, with defaults that need no search.

    A multilayer perceptron as in RealMLP, the best single model on benchmarks of tables: columns
    scaled by their quartiles, with outliers drawn in; numbers embedded by waves
    (`fastdl.layers.NumericEmbedding`); categories one-hot or, if many, embedded; a learnt scale for
    each feature; activations between the identity and SELU; AdamW with waves of the rate; dropout
    and decay that end; label smoothing; and the weights of the epoch that was best on a part of X
    held out. Holzmueller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.

    X is a data frame (pandas, polars, pyarrow), whose columns of text, bool, category and objects
    are categories, or an array of numbers. Nothing has to be scaled or encoded. Missing values may
    be there, in numbers and categories; a category that fit has not seen counts as missing.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from fastdl import TabularClassifier
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> clf = TabularClassifier(max_epochs=50, random_state=0).fit(X[:400], y[:400])
    >>> clf.score(X[400:], y[400:]) > 0.95
    True
    """

    activation: str = word(default="selu", like=ACTIVATION)
    label_smoothing: float = word(
        default=0.1,
        rule=[RATE],
        kind="float",
        text="Share of the target that all classes get alike. 0 where probabilities matter more "
        'than labels, with ``scoring="neg_log_loss"``.',
    )
    learning_rate_init: float = word(default=0.04, like=BASE_RATE)
    class_weight: ClassWeight = word(default=None, like=CLASS_WEIGHT)
    classes_: NDArray[Any] = fitted(*CLASSES)
    loss: ClassVar[str] = "log_loss"

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        return takes_indicators(super().__sklearn_tags__())

    @property
    def _head(self) -> Labels:
        return _SmoothLabels(self.label_smoothing)
