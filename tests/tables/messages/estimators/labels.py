"""What estimators say when something does not fit: y, and the weights of its classes."""

from collections.abc import Callable
from typing import Any

import numpy as np

import fastdl
from fastdl import (
    CNNClassifier,
    CNNRegressor,
    losses,
)

from .calls import ROWS, X, Y, cnn, fit


def first_part(name: str, X: Any = ROWS) -> Callable[[], object]:
    """With one class named."""
    new = getattr(fastdl, name)
    X = [np.asarray(x) for x in X.reshape(20, 8, -1)] if name == "RNNClassifier" else X
    X = X.reshape(20, 8, 8, 3) if new is CNNClassifier else X
    return lambda: new(n_jobs=1).partial_fit(X, 0 * Y, classes=[0])


# fmt: off
LABELS = [
    (fit(y=0 * Y), ValueError,
     "CNNClassifier needs samples of at least 2 classes in the data, but the data contains only "
     "one class: 0"),
    *[(first_part(name), ValueError,
       f"{name} needs samples of at least 2 classes in the data, but the data contains only "
       "one class: 0")
      for name in ("CNNClassifier", "NetClassifier", "RNNClassifier", "DBNClassifier",
                   "SoftmaxRegression", "StackedAutoencoderClassifier")],
    (fit(y=Y + 0.5), ValueError,
     "Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects "
     "discrete classes on a regression target with continuous values."),
    (fit(y=np.stack([Y, Y], axis=1)), ValueError,
     "y has shape (20, 2); CNNClassifier learns one class for each sample, or indicators (0 and 1) "
     "of several. sklearn.multioutput.MultiOutputClassifier takes more."),
    (fit(y=np.eye(3, dtype=int)[Y], loss="hinge"), ValueError,
     "CNNClassifier: loss='hinge' is for classes that exclude each other, but y holds indicators. "
     "Use loss='log_loss'."),
    (fit(y=np.eye(3, dtype=int)[Y], loss=losses.Focal()), ValueError,
     "CNNClassifier: loss=Focal() is for classes that exclude each other, but y holds indicators. "
     "Use loss='log_loss'."),
    (fit(loss=losses.BinaryCrossEntropy(label_smoothing=0.1)), ValueError,
     "CNNClassifier: loss=BinaryCrossEntropy(label_smoothing=0.1) is for two classes, or "
     "indicators, but y has 3 classes. Use loss='log_loss'."),
    (lambda: cnn(loss=losses.BinaryFocal()).partial_fit(X, Y, classes=[0, 1, 2]), ValueError,
     "CNNClassifier: loss=BinaryFocal() is for two classes, or indicators, but y has 3 classes. "
     "Use loss='log_loss'."),
    (lambda: cnn(loss=3).partial_fit(X, Y % 2, classes=[0, 1]), ValueError,
     "The 'loss' parameter of CNNClassifier must be an instance of 'str', an instance of "
     "'fastdl.losses.SoftmaxCrossEntropy', an instance of 'fastdl.losses.BinaryCrossEntropy', an "
     "instance of 'fastdl.losses.Focal', an instance of 'fastdl.losses.BinaryFocal', an instance "
     "of 'fastdl.losses.SquaredError', an instance of 'fastdl.losses.Hinge', an instance of "
     "'fastdl.losses.Custom' or a callable. Got 3 instead."),
    (lambda: CNNRegressor(loss="quantile").fit(X, Y), ValueError,
     "loss='quantile' is not known. Did you mean 'pinball'? Choose from 'squared_error', "
     "'absolute_error', 'huber', 'poisson', 'pinball'."),
    (lambda: CNNClassifier(label_smoothing=0.1), TypeError,
     "CNNClassifier has no parameter 'label_smoothing'. Did you mean 'loss'?"),
    (lambda: CNNRegressor(loss="poisson").fit(X, Y - 1.0), ValueError,
     "CNNRegressor: loss='poisson' is for counts, but y goes down to -1. Use another loss."),
    (lambda: cnn().fit(X, Y).partial_fit(X, Y + 5), ValueError,
     "`y` has classes not in `self.classes_`. `self.classes_` has [0 1 2]. 'y' has [5 6 7]."),
    (lambda: cnn().fit(X, Y, X_val=X), ValueError,
     "X_val and y_val belong together: give both or neither."),
]
# fmt: on


# fmt: off
CLASS_WEIGHT = [
    (fit(class_weight={0: -1, 1: 1}), ValueError,
     "class_weight={0: -1, 1: 1}: the weight of class 0 is -1; expected a finite number of 0 or "
     "more."),
    (fit(class_weight={0: 1, 1: float("nan"), 2: 1}), ValueError,
     "class_weight={0: 1, 1: nan, 2: 1}: the weight of class 1 is nan; expected a finite number of "
     "0 or more."),
    (fit(class_weight={0: float("inf")}), ValueError,
     "class_weight={0: inf}: the weight of class 0 is inf; expected a finite number of 0 or more."),
    (fit(class_weight={0: "1"}), ValueError,
     "class_weight={0: '1'}: the weight of class 0 is '1'; expected a finite number of 0 or more."),
    (fit(class_weight={0: 0, 1: 0, 2: 0}), ValueError,
     "class_weight={0: 0, 1: 0, 2: 0} leaves no sample with a weight above 0. Give the classes "
     "that are to be learnt a weight above 0."),
    (lambda: cnn(class_weight={0: 0}).fit(X, Y, Y == 0), ValueError,
     "class_weight={0: 0} leaves no sample with a weight above 0. Give the classes that are to be "
     "learnt a weight above 0."),
    (fit(class_weight={"0": 2.0, "1": 1.0}), ValueError,
     "class_weight={'0': 2.0, '1': 1.0} has a weight for '0', which is no class of y, and none for "
     "0, which is one. The classes of y: 0, 1, 2."),
    (fit(y=1 - np.eye(3, dtype=int)[Y], class_weight=[{0: 1, 1: 2}]), ValueError,
     "class_weight=[{0: 1, 1: 2}] has 1 dict, but y has 3 outputs; expected one dict for each, or "
     "'balanced'."),
    (fit(y=1 - np.eye(3, dtype=int)[Y], class_weight=[{0: 1, 1: -2}] * 3), ValueError,
     "class_weight=[{0: 1, 1: -2}, {0: 1, 1: -2}, {0: 1, 1: -2}]: the weight of class 1 is -2; "
     "expected a finite number of 0 or more."),
]
# fmt: on
