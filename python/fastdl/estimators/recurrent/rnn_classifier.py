"""The classifier of sequences among the recurrent networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from fastdl.estimators.heads.labels import Labels, takes_indicators
from fastdl.estimators.inputs import SequenceInput
from fastdl.estimators.parameters.training_words import (
    CLASS_WEIGHT,
    CLASSES,
    LABEL_LOSS,
    ClassWeight,
)
from fastdl.estimators.parameters.words import fitted, word
from fastdl.estimators.recurrent.recurrent import Recurrent
from fastdl.losses import Loss


class RNNClassifier(ClassifierMixin, Recurrent):
    """Recurrent network for classes of sequences: one label for each sequence.

    Recurrent layers, each reading the states of the one before; the last one's state at a
    sequence's end goes to an output for each class.

    X is a list of n arrays (T_i, F), T_i steps of F features; or one array (n, T, F), with
    `lengths` where the sequences are padded. Both give the same network, byte for byte; nothing
    depends on the padding. Rows (n, n_features) are sequences of `input_shape`; without it, of
    n_features steps with one feature. Lists go through `cross_val_score` and pipelines.

    X may also be a list of strings, or of lists of tokens: the network then begins with an
    `Embedding` of the symbols met in fit. Those of a string are its characters, its words, or what
    a function finds (`analyzer`); those that fit did not see are read as one (`unknown`). Lists of
    integers are symbols, too (`integers`).

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import RNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 2)) for length in rng.integers(3, 9, size=200)]
    >>> y = [x[0, 0] > x[-1, 0] for x in X]
    >>> clf = RNNClassifier((16,), learning_rate_init=0.02, random_state=0).fit(X, y)
    >>> clf.score(X, y) > 0.9
    True
    >>> names = RNNClassifier((8,), max_epochs=5, random_state=0).fit(["anna", "bo"], ["f", "m"])
    >>> names.predict(["ana", "nana", "xaver"]).shape
    (3,)
    """

    input_shape: Sequence[int] | None = word(
        default=None,
        rule="no_validation",
        kind="(int, int) or None",
        text="Steps and features of a row, where X has rows; no matter otherwise.",
    )
    loss: str | Loss = word(default="log_loss", like=LABEL_LOSS)
    class_weight: ClassWeight = word(default=None, like=CLASS_WEIGHT)
    classes_: NDArray[Any] = fitted(*CLASSES)

    score = Recurrent.score  # with lengths, which ClassifierMixin's does not know

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        return takes_indicators(super().__sklearn_tags__())

    @property
    def _inputs(self) -> SequenceInput:
        return SequenceInput(self.input_shape, reading=self._reading, integers=self.integers)

    @property
    def _head(self) -> Labels:
        return Labels(of_parts="SequenceTagger learns a label for every step.")
