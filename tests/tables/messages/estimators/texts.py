"""What estimators say when something does not fit: texts, and codes of symbols."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import (
    RNNClassifier,
)

from .calls import PADDED, SEQUENCES, VALUES, Y, rnn, rnn_predict


def texts(X: Any, new_X: Any = None, **params: Any) -> Callable[[], object]:
    clf = RNNClassifier((4,), max_epochs=1, n_jobs=1, **params)
    return lambda: clf.fit(X, Y[: len(X)]).predict(X if new_X is None else new_X)


WORDS = ["anna", "bob", "eve"]
CODES = [[3, 1, 2], [4, 5]]


# fmt: off
TEXTS = [
    (texts([word.encode() for word in WORDS]), ValueError,
     "X[0] is bytes; RNNClassifier takes strings, or lists of tokens that are strings."),
    (texts([*WORDS, 5]), ValueError,
     "X[3] is int; RNNClassifier takes strings, or lists of tokens that are strings."),
    (texts([*WORDS, ["a", 5]]), ValueError,
     "X[3] is a list with 5 in it; RNNClassifier takes strings, or lists of tokens that are "
     "strings."),
    (texts(WORDS, ["bob", "bert"], unknown="error"), ValueError,
     "X[1] has 'r' at step 2, a symbol that RNNClassifier did not see in fit. Fit with "
     "unknown='<unknown>', which is what such symbols are read as."),
    (texts(WORDS, unknown="error", max_tokens=2), ValueError,
     "max_tokens=2 leaves out 'b' and 3 other symbols of X, but unknown='error' knows nothing to "
     "read them as. Leave one of the two out."),
    (texts(WORDS, analyzer=str.isalpha), ValueError,
     f"analyzer={str.isalpha!r} makes True of 'anna'; expected a list of strings."),
    (texts([["a b", "c"], ["a b"]]), UserWarning,
     "X has the token 'a b', with white space in it: RNNClassifier takes it for one symbol. Where "
     "it is a text, pass it as a string, not in a list of its own, and analyzer='word' for its "
     "words."),
    (texts(np.array(WORDS)[:, np.newaxis]), ValueError,
     "X is a table with text in it, of shape (3, 1); RNNClassifier takes one column of texts: "
     'X["name"] of a frame, X[:, 0] of an array.'),
    (lambda: RNNClassifier(unknown_token="?"), TypeError,
     "RNNClassifier has no parameter 'unknown_token'. Did you mean 'unknown'?"),
    (texts(CODES), UserWarning,
     "X holds lists of integers, which RNNClassifier reads as symbols, with a vector for each. Say "
     "integers='symbols' if that is meant, or integers='values' if they are numbers."),
    (texts(np.array([[1, 2], [3, 4]])), UserWarning,
     "X is an array of integers, whose rows RNNClassifier reads as sequences of one number a step. "
     "Say integers='symbols' if they are codes of symbols, or integers='values' if numbers are "
     "meant."),
    (texts(VALUES, integers="symbols"), ValueError,
     "RNNClassifier: integers='symbols', but X holds something else; expected lists of integers, "
     "one for each sequence, or an array (n, steps) of an integer dtype."),
    (texts(CODES, VALUES[:2], integers="symbols"), ValueError,
     "X holds something else than integers, but RNNClassifier was fitted with integers as symbols. "
     "Pass a list of lists of integers."),
    (texts(CODES, WORDS, integers="symbols"), ValueError,
     "X holds something else than integers, but RNNClassifier was fitted with integers as symbols. "
     "Pass a list of lists of integers."),
    (texts(WORDS, PADDED), ValueError,
     "X holds numbers, but RNNClassifier was fitted with text. Pass a list of strings, or of lists "
     "of tokens."),
    (texts(WORDS, "anna"), ValueError,
     "X is the string 'anna'; RNNClassifier takes a list of strings, or of lists of tokens: pass "
     "it in a list."),
    (texts(WORDS, []), ValueError, "X holds no sequence; RNNClassifier needs at least one."),
    (rnn_predict([]), ValueError, "X holds no sequence; RNNClassifier needs at least one."),
    (rnn_predict(None), ValueError,
     "X is None; RNNClassifier takes sequences (n, steps, features), a list of n arrays (steps_i, "
     "features), or rows (n, steps), or texts."),
    (rnn_predict([*SEQUENCES[:4], [[1, 2, 3], [4]]]), ValueError,
     "X[4] has steps of different lengths; RNNClassifier takes sequences of shape (steps, "
     "features)."),
    (rnn_predict([*SEQUENCES[:4], None]), ValueError,
     "X[4] holds object; RNNClassifier takes sequences of numbers, or texts."),
    (rnn_predict([*SEQUENCES[:4], [["a", "b", "c"]]]), ValueError,
     "X[4] holds str32; RNNClassifier takes sequences of numbers, or texts."),
    (rnn_predict([*SEQUENCES[:4], 5.0]), ValueError,
     "X[4] has shape (); RNNClassifier takes sequences of shape (steps, features)."),
    (rnn_predict(WORDS), ValueError,
     "X holds text, but RNNClassifier was fitted with sequences of 3 features. Pass numbers."),
    (rnn(WORDS * 7, [3] * 21), ValueError,
     "lengths belongs to padded sequences, one array (n, steps, features) or (n, steps). The "
     "sequences of a list have lengths of their own: leave it out."),
]
# fmt: on
