"""What estimators say of X and y that hold no samples, or would be read as something else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from fastdl import (
    CNNRegressor,
    Embedder,
    MLPClassifier,
    NetClassifier,
    NetRegressor,
    ObjectDetector,
    RNNClassifier,
    Seq2Seq,
    SequenceTagger,
    SoftmaxRegression,
    SuperResolver,
    TabularRegressor,
    TextGenerator,
    WordVectors,
)
from fastdl import layers as L

from .estimators.calls import ROWS, SEQUENCES, Y
from .estimators.calls import X as IMAGES

X, VALUES = ROWS[:, :3].astype(np.float64), ROWS[:, 3].astype(np.float64)
FRAME = pd.DataFrame({"a": X[:, 0], "town": ["Ulm", "Bonn"] * 10})
NUMBERS = pd.DataFrame(X[:, :2], columns=["a", "town"])
DATES = np.full(20, np.datetime64("2020-01-01", "D"))
RECORDS = np.zeros(20, [("a", float), ("b", float)])
HIDDEN = np.ma.masked_greater(X, np.sort(X.ravel())[-3])
OBJECTS = np.array([1.0, None] * 10, object)
MIXED = np.array([1, "a"] * 10, object)


def fit(
    X: Any = X, y: Any = VALUES, new: Any = NetRegressor, **params: Any
) -> Callable[[], object]:
    return lambda: new(max_epochs=1, n_jobs=1, **params).fit(X, y)


def learn(X: Any = X, y: Any = Y, new: Any = NetClassifier, **params: Any) -> Callable[[], object]:
    return fit(X, y, new, **params)


def returns_none(y_true: Any, y_pred: Any) -> None:
    """A loss without a return."""


def of_y_alone(y_true: Any, y_pred: Any) -> Any:
    return (y_true**2).mean(axis=1)


def with_large_weights() -> NetRegressor:
    reg = fit()()
    reg.set_weights({name: np.full_like(w, 1e38) for name, w in reg.get_weights().items()})  # type: ignore[attr-defined]
    return reg  # type: ignore[return-value]


_ROWS = "takes an array or a data frame of shape (n_samples, n_features)."
_TARGETS = "takes an array or a list, with a target for each sample."

# fmt: off
REFUSED = [
    (fit({"a": X}), ValueError, f"X is of type dict; NetRegressor {_ROWS}"),
    (fit(iter([1, 2])), ValueError, f"X is of type list_iterator; NetRegressor {_ROWS}"),
    (fit(NetRegressor), ValueError, f"X is of type type; NetRegressor {_ROWS}"),
    (fit(HIDDEN), ValueError,
     "X is a masked array with 2 masked values; NetRegressor takes arrays without masks. Use "
     "X.filled(...), with what shall stand in their place."),
    (fit(RECORDS), ValueError,
     "X holds records with the fields 'a', 'b'; NetRegressor takes plain arrays. Use "
     "numpy.lib.recfunctions.structured_to_unstructured(X)."),
    (fit(DATES[:, np.newaxis]), ValueError,
     "X is of type datetime64[D]; NetRegressor takes numbers. Turn it into some, such as days "
     "since a date."),
    (fit(pd.DataFrame({"when": DATES.astype("datetime64[s]")})), ValueError,
     "Column 'when' of X is of type datetime64[s]; expected numbers. Turn it into some, such as "
     "days since a date, or into text if its values are names."),
    (fit(FRAME), ValueError,
     "Column 'town' of X holds 'Ulm'; NetRegressor takes numbers. Encode it, as OneHotEncoder "
     "does, or use TabularClassifier or TabularRegressor, which read such columns as categories."),
    (fit(FRAME.to_numpy()), ValueError,
     "X[0, 1] is 'Ulm'; NetRegressor takes numbers. Encode text as numbers, as OneHotEncoder "
     "does."),
    (fit(FRAME, new=SoftmaxRegression), ValueError,
     "Column 'town' of X holds 'Ulm'; SoftmaxRegression takes numbers. Encode it, as OneHotEncoder "
     "does, or use TabularClassifier or TabularRegressor, which read such columns as categories."),
    (learn([np.ma.masked_less(x, np.median(x)) for x in SEQUENCES], new=RNNClassifier), ValueError,
     "X[0] is a masked array with 4 masked values; RNNClassifier takes arrays without masks. Use "
     "X[0].filled(...), with what shall stand in their place."),
    (learn(np.array(3.0), new=SequenceTagger), ValueError,
     "X is array(3.); SequenceTagger takes sequences (n, steps, features), a list of n arrays "
     "(steps_i, features), or rows (n, steps), or texts."),
    (learn(sparse.csr_array(X), new=Seq2Seq), ValueError,
     "X is a sparse matrix of shape (20, 3); Seq2Seq takes a list of sequences."),
    (learn(sparse.csr_array(X), new=ObjectDetector), ValueError,
     "X is a sparse matrix of shape (20, 3); ObjectDetector takes images (n, height, width, "
     "channels), or a list of images (height, width, channels)."),
    (learn(np.array(3), new=ObjectDetector), ValueError,
     "X is an array of shape (); ObjectDetector takes images (n, height, width, channels), or a "
     "list of images (height, width, channels)."),
    (learn(FRAME, new=SuperResolver), ValueError,
     "X is a data frame of shape (20, 2); SuperResolver takes a list of uint8 images (height, "
     "width), (height, width, 1) or (height, width, 3), which may differ in size, or an array of "
     "them."),
    (lambda: TextGenerator().fit(X), ValueError,
     "X is an array of shape (20, 3); TextGenerator takes one text, a string, or a list of "
     "documents: strings, or lists of tokens."),
    (lambda: WordVectors().fit(7), ValueError,
     "X is 7; WordVectors takes a list of sentences, strings or lists of tokens."),
    (fit(y=3), ValueError, f"y is 3; NetRegressor {_TARGETS}"),
    (fit(y=np.array(3)), ValueError, f"y is an array of shape (); NetRegressor {_TARGETS}"),
    (learn(y="abc"), ValueError, f"y is 'abc'; NetClassifier {_TARGETS}"),
    (learn(y={"a": 1}), ValueError, f"y is of type dict; NetClassifier {_TARGETS}"),
    (learn(SEQUENCES, 3, SequenceTagger), ValueError,
     "y is 3; SequenceTagger takes a list with a value for every step of each sequence."),
    (learn(IMAGES, np.array(3), ObjectDetector), ValueError,
     'y is of type ndarray; expected a list with a dict {"boxes": (k, 4), "labels": (k,)} for each '
     "image."),
    (fit(y=np.ma.masked_less(VALUES, np.sort(VALUES)[1])), ValueError,
     "y is a masked array with 1 masked value; NetRegressor takes arrays without masks. Use "
     "y.filled(...), with what shall stand in their place."),
    (fit(y=np.array(["a", "b"] * 10)), ValueError,
     "y[0] is 'a'; NetRegressor takes numbers. NetClassifier learns classes."),
    (fit(IMAGES, ["1", "b"] * 10, CNNRegressor), ValueError,
     "y[0] is '1'; CNNRegressor takes numbers. Use y.astype(float)."),
    (fit(y=DATES), ValueError,
     "y is of type datetime64[D]; NetRegressor takes numbers. Turn it into some, such as days "
     "since a date."),
    (fit(y=OBJECTS), ValueError,
     "y[1] is None; NetRegressor takes a number for each sample. Leave out the samples that have "
     "none."),
    (fit(y=[[1]] * 19 + [[1, 2]], new=SoftmaxRegression), ValueError,
     "y[19] has shape (2,), but y[0] has (1,); SoftmaxRegression takes targets of one shape."),
    (learn(y=np.array(["a", None] * 10, object)), ValueError,
     "y[1] is None; NetClassifier takes a label for each sample. Leave out the samples that have "
     "none."),
    (learn(y=MIXED), ValueError,
     "y holds labels of several types: y[0] is 1, and others are text. NetClassifier takes those "
     "of one: all numbers, or all text."),
    (lambda: MLPClassifier().fit(X, MIXED), ValueError,
     "y holds labels of several types: y[0] is 1, and others are text. MLPClassifier takes those "
     "of one: all numbers, or all text."),
    (learn(y=MIXED, new=Embedder, layers=[L.Dense(2)]), ValueError,
     "y holds labels of several types: y[0] is 1, and others are text. Embedder takes those of "
     "one: all numbers, or all text."),
    (learn(y=np.arange(40).reshape(20, 2) % 2 + 1), ValueError,
     "y has shape (20, 2) and holds 1 and 2; indicators of several labels are 0 and 1."),
    (lambda: NetRegressor().fit(X, VALUES, ["a"] * 20), ValueError,
     "sample_weight holds what is no number (could not convert string to float: 'a'); expected "
     "numbers of 0 or more, one for each sample."),
    (fit(FRAME.to_numpy(), new=TabularRegressor), ValueError,
     "X[0, 1] is 'Ulm'; TabularRegressor takes numbers. Name the columns with text in "
     "categorical_features, or pass a data frame."),
    (lambda: fit(NUMBERS, new=TabularRegressor)().predict(FRAME), ValueError,  # type: ignore[attr-defined]
     "Column 'town' of X holds 'Ulm', but TabularRegressor was fitted with numbers in it. Pass "
     "numbers."),
    (lambda: fit()().predict(np.vstack([X, X[:1] * 1e200])), ValueError,  # type: ignore[attr-defined]
     f"NetRegressor gives what is not finite for X[20]: X has values up to "
     f"{abs(X[0]).max() * 1e200:g}, too large for weights of float32. Scale X, as for fit."),
    (lambda: with_large_weights().predict(X), ValueError,
     "NetRegressor gives what is not finite for X[0]: its weights are too large. Scale y, or lower "
     "learning_rate_init, in fit."),
    (fit(learning_rate=0.1), ValueError,
     "NetRegressor: learning_rate=0.1 is a number, but learning_rate is the name of a schedule. "
     "Set learning_rate_init=0.1."),
    (fit(loss=returns_none), TypeError,
     "loss returns_none gave None; expected one loss for each row, (8,), or one number."),
    (fit(loss=of_y_alone), UserWarning,
     "loss of_y_alone has a gradient of zero for normal outputs, from which nothing is learnt. Let "
     "it depend on its second argument, y_pred, by NumPy's functions."),
    (learn(y=Y % 2, early_stopping=True, scoring=lambda *_: "high"), TypeError,
     "scoring gave 'high'; expected one number."),
    (learn(class_weight=[1, 2, 3]), ValueError,
     "class_weight=[1, 2, 3] holds what is no dict; expected {label: weight}, a list of such dicts "
     "for several outputs, 'balanced' or None."),
    (fit(dtype="flaot32"), ValueError, "dtype='flaot32'; expected 'float32' or 'float64'."),
    (fit(freeze=[1, 2]), ValueError,
     "freeze=[1, 2]; expected names of layers, or patterns such as 'conv*'."),
    (learn(["ab", "ba"] * 10, new=RNNClassifier, embedding="glove.txt"), ValueError,
     "RNNClassifier: embedding='glove.txt'; expected a fitted WordVectors, a dictionary from "
     "symbols to vectors, or None."),
]
# fmt: on
