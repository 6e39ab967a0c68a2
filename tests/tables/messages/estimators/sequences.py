"""What estimators say when something does not fit: sequences and their lengths."""

from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError

from fastdl import (
    RNNClassifier,
)

from .calls import PADDED, ROWS, SEQUENCES, X, Y, rnn, rnn_predict


def but(i: int, sequence: Any) -> list[Any]:
    """Good sequences with another one at place i."""
    return [*SEQUENCES[:i], np.asarray(sequence), *SEQUENCES[i + 1 :]]


# fmt: off
RECURRENT = [
    (rnn([[]] * 20), ValueError,
     "X holds nothing but empty sequences; RNNClassifier learns from at least one step."),
    (rnn(but(4, np.ones((2, 5)))), ValueError,
     "X[4] has 5 features, but X[0] has 3; all sequences of RNNClassifier have the same features."),
    (rnn(but(4, np.ones(2))), ValueError,
     "X[4] has shape (2,); RNNClassifier takes sequences of shape (steps, features)."),
    (rnn(but(4, [[1, 2, 3], [1, np.nan, 3]])), ValueError,
     "Input X contains NaN: step 1 of X[4]. Fill it in, or leave the step out."),
    (rnn(np.where(np.arange(3) == 2, np.inf, PADDED)), ValueError,
     "Input X contains infinity: step 0 of X[0]. Fill it in, or leave the step out."),
    (rnn(PADDED, [3] * 19 + [4]), ValueError,
     "lengths[19] is 4, but X has 3 steps; expected 0 to 3."),
    (rnn(PADDED, [-1] * 20), ValueError, "lengths[0] is -1, but X has 3 steps; expected 0 to 3."),
    (rnn(PADDED, [3.0] * 20), ValueError,
     "lengths has shape (20,) and dtype float64; expected 20 integers, one for each sequence of "
     "X."),
    (rnn(PADDED, [3]), ValueError,
     "lengths has shape (1,) and dtype int64; expected 20 integers, one for each sequence of X."),
    (rnn(SEQUENCES, [3] * 20), ValueError,
     "lengths belongs to padded sequences, one array (n, steps, features) or (n, steps). The "
     "sequences of a list have lengths of their own: leave it out."),
    (rnn(SEQUENCES[:5]), ValueError,
     "Found input variables with inconsistent numbers of samples: [5, 20]"),
    (rnn(X), ValueError,
     "X has shape (20, 8, 8, 3); RNNClassifier takes sequences (n, steps, features), a list of n "
     "arrays (steps_i, features), or rows (n, steps)."),
    (rnn(ROWS, input_shape=(5, 2)), ValueError,
     "X has rows of 192 features, but input_shape=(5, 2) asks for 10. Leave input_shape out for "
     "sequences of one feature."),
    (rnn(ROWS, input_shape=(192,)), ValueError,
     "RNNClassifier: input_shape=(192,); expected None or (steps, features), positive integers."),
    (lambda: RNNClassifier(()).fit(SEQUENCES, Y), ValueError,
     "RNNClassifier: hidden_layer_sizes=(); expected at least one recurrent layer."),
    (rnn_predict([x[:, :2] for x in SEQUENCES]), ValueError,
     "X has sequences of 2 features, but RNNClassifier was fitted with 3."),
    (rnn_predict(PADDED, [4] * 20), ValueError,
     "lengths[0] is 4, but X has 3 steps; expected 0 to 3."),
    (lambda: RNNClassifier().predict(PADDED, [3] * 20), NotFittedError,
     "This RNNClassifier instance is not fitted yet. Call 'fit' with appropriate arguments before "
     "using this estimator."),
]
# fmt: on
