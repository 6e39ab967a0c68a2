"""The classifier of steps among the recurrent networks."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fastdl.estimators.heads.labels import Labels
from fastdl.estimators.heads.steps import Steps
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


class SequenceTagger(Recurrent):
    """Recurrent network for classes of steps: a label for every step of a sequence.

    The network of `RNNClassifier` with the state after every step going to the outputs: parts of
    speech, where numbers stand in a text, what a machine does at each moment. A label is known from
    the steps up to its own; with `bidirectional`, from all of them.

    X is a list of n arrays (T_i, F); or one array (n, T, F), with `lengths` where it is padded; or
    a list of strings, whose symbols `analyzer` says, or of lists of tokens; symbols get an
    `Embedding`. y has a label for every step: a list of n lists, or one array (n, T), padded if X
    is; of X with rows, which are sequences of a single step, (n,). Answers come in the form of X: a
    list of n arrays for a list. All steps weigh the same, in the loss and in the score, which is
    the share of right ones, but for `class_weight` and weights of steps. Steps whose label is None,
    NaN, or -1 where the other labels are integers from 0 up, do not count: neither in the loss and
    the score, nor as a class.
    `cross_val_score` and searches split by sequences, without stratification.

    Examples
    --------
    Vowels and consonants; the form of X is the form of the answer.

    >>> from fastdl import SequenceTagger
    >>> X = ["banana", "idea", "tulip", "gnu"] * 10
    >>> y = [["v" if letter in "aeiou" else "c" for letter in word] for word in X]
    >>> tagger = SequenceTagger((8,), learning_rate_init=0.05, random_state=0).fit(X, y)
    >>> tagger.score(X, y)
    1.0
    >>> [labels.tolist() for labels in tagger.predict(["nap", "up"])]
    [['c', 'v', 'c'], ['v', 'c']]
    """

    classes_: NDArray[Any] = fitted(*CLASSES)

    loss: str | Loss = word(default="log_loss", like=LABEL_LOSS)
    class_weight: ClassWeight = word(default=None, like=CLASS_WEIGHT)

    @property
    def _inputs(self) -> SequenceInput:
        return SequenceInput(rows_are_steps=True, reading=self._reading, integers=self.integers)

    @property
    def _head(self) -> Steps:
        return Steps(Labels(), infers_classes=True)
