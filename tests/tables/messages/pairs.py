"""What Seq2Seq says of pairs that it cannot learn from; test_errors.py runs it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import Seq2Seq

X, Y = ["ab", "ba", "b"], ["ba", "ab", "b"]
TOKENS = [["a", "b"], ["b"], ["a"]]
NUMBERS = [np.ones((2, 3)), np.ones((1, 3)), np.ones((4, 3))]
ONCE: dict[str, Any] = {"max_epochs": 1, "n_jobs": 1, "random_state": 0}


class Other(Seq2Seq):
    """A subclass says its own name."""


def fit(X: Any, y: Any = Y, *, params: Any = None, **options: Any) -> Callable[[], object]:
    return lambda: Seq2Seq((4,), **ONCE, **(params or {})).fit(X, y, **options)


def later(act: Callable[[Seq2Seq], object], **params: Any) -> Callable[[], object]:
    """Something asked of a fitted net."""
    return lambda: act(Seq2Seq((4,), **ONCE, **params).fit(X, Y))


# fmt: off
PAIRS = [
    (fit(X, Y[:2]), ValueError,
     "Found input variables with inconsistent numbers of samples: [3, 2]"),
    (fit(["ab", "", "b"]), ValueError,
     "X[1] is empty; Seq2Seq answers sources of at least one step. Leave the pair out."),
    (fit(["ab", None, "b"]), ValueError,
     "X[1] is None; Seq2Seq takes strings, or lists of tokens that are strings."),
    (fit(["ab", 5, "b"]), ValueError,
     "X[1] is 5; Seq2Seq takes strings, or lists of tokens that are strings."),
    (fit(X, ["ba", None, "b"]), ValueError,
     "y[1] is None; Seq2Seq takes strings, or lists of tokens that are strings."),
    (fit(["ab", ["b"], "b"]), ValueError,
     "X[1] is a list of tokens, but others of X, or those of fit, are strings: pass all of them in "
     "the same form."),
    (fit([["a"], ["b", 5], ["b"]]), ValueError,
     "X[1] is a list with 5 in it; Seq2Seq takes strings, or lists of tokens that are strings."),
    (fit([np.ones((2, 3)), np.ones((2, 2)), np.ones((1, 3))]), ValueError,
     "X[1] has 2 features, but X[0] has 3; all sequences of Seq2Seq have the same features."),
    (fit([np.full((2, 3), np.nan), *NUMBERS[1:]]), ValueError,
     "Input X contains NaN: step 0 of X[0]. Fill it in, or leave the step out."),
    (fit([], []), ValueError,
     "X holds no sequence; Seq2Seq needs at least one pair."),
    (fit("abc"), ValueError,
     "X is the string 'abc'; Seq2Seq takes a list of them: pass it in a list."),
    (fit(X, "abc"), ValueError,
     "y is the string 'abc'; Seq2Seq takes a list of them: pass it in a list."),
    (fit(X, None), ValueError,
     "y is None; Seq2Seq needs an answer for each source."),
    (lambda: Other((4,), **ONCE).fit(X, None), ValueError,
     "y is None; Other needs an answer for each source."),
    (fit(X, [0, 1, 2]), ValueError,
     "y holds 0; Seq2Seq learns strings, or lists of tokens. RNNClassifier and RNNRegressor learn "
     "a label or a number for each sequence, SequenceTagger one for each step."),
    (fit(X, np.array([0.5, 1.5, 2.5])), ValueError,
     "y holds 0.5; Seq2Seq learns strings, or lists of tokens. RNNClassifier and RNNRegressor "
     "learn a label or a number for each sequence, SequenceTagger one for each step."),
    (fit(X, ["", "", ""]), ValueError,
     "y holds nothing but empty answers; Seq2Seq learns from symbols."),
    (fit(X, lengths=[2, 2, 1]), ValueError,
     "lengths belongs to padded sequences, one array (n, steps, features) or (n, steps). The "
     "sequences of a list have lengths of their own: leave it out."),
    (fit(X, params={"beam_size": 0}), ValueError,
     "The 'beam_size' parameter of Seq2Seq must be an int in the range [1, inf). Got 0 instead."),
    (fit(X, params={"max_length": 0}), ValueError,
     "The 'max_length' parameter of Seq2Seq must be an int in the range [1, inf) or None. Got 0 "
     "instead."),
    (fit(X, params={"length_penalty": -1}), ValueError,
     "The 'length_penalty' parameter of Seq2Seq must be a float in the range [0.0, inf). Got -1 "
     "instead."),
    (fit(X, params={"attention": "aditive"}), ValueError,
     "attention='aditive' is not known. Did you mean 'additive'? Choose from 'additive', 'dot', "
     "'general'."),
    (fit(X, params={"replace_unknown": True}), ValueError,
     "Seq2Seq: replace_unknown=True puts what the decoder looked at in the place of unknown_token: "
     "it needs an unknown_token and attention."),
    (lambda: Seq2Seq((5,), attention="dot", **ONCE).fit(X, Y), ValueError,
     "Seq2Seq: attention='dot' with bidirectional=True needs an even number of units in the last "
     "layer, not 5. Use 'general', or one more."),
    (lambda: Seq2Seq((), **ONCE).fit(X, Y), ValueError,
     "Seq2Seq: hidden_layer_sizes=(); expected at least one recurrent layer."),
    (lambda: Seq2Seq(("a",), **ONCE).fit(X, Y), ValueError,
     "layer 'encoder_1' (Bidirectional): layer: layer 'gru_1' (GRU): units='a'; expected a "
     "positive integer."),
    (lambda: Seq2Seq((8.5,), attention="dot", **ONCE).fit(X, Y), ValueError,
     "layer 'encoder_1' (Bidirectional): layer: layer 'gru_1' (GRU): units=8.5; expected a "
     "positive integer."),
    (fit(X, X_val=["ac"], y_val=["ba"]), ValueError,
     "In the validation set: X[0] has 'c' at step 1, a symbol that Seq2Seq did not see in the X of "
     "fit. Fit with unknown_token='<unknown>', which is what such symbols are read as."),
    (fit(X, X_val=["ab"], y_val=["bc"]), ValueError,
     "In the validation set: y[0] has 'c' at step 1, a symbol that Seq2Seq did not see in the y of "
     "fit. Fit with unknown_token='<unknown>', which is what such symbols are read as."),
    (later(lambda net: net.predict(["zz"])), ValueError,
     "X[0] has 'z' at step 0, a symbol that Seq2Seq did not see in the X of fit. Fit with "
     "unknown_token='<unknown>', which is what such symbols are read as."),
    (later(lambda net: net.predict(NUMBERS)), ValueError,
     "X holds numbers, but Seq2Seq was fitted with texts. Pass texts."),
    (later(lambda net: net.predict(TOKENS)), ValueError,
     "X[0] is a list of tokens, but others of X, or those of fit, are strings: pass all of them in "
     "the same form."),
    (lambda: Seq2Seq((4,), **ONCE).fit(NUMBERS, Y).predict(X), ValueError,
     "X holds text, but Seq2Seq was fitted with numbers. Pass numbers."),
    (later(lambda net: net.translate("ab", n_best=0)), ValueError,
     "n_best=0; expected a positive integer."),
    (later(lambda net: net.set_params(beam_size=0).predict(X)), ValueError,
     "The 'beam_size' parameter of Seq2Seq must be an int in the range [1, inf). Got 0 instead."),
    (later(lambda net: net.set_params(beam_size=1.5).translate("ab")), ValueError,
     "The 'beam_size' parameter of Seq2Seq must be an int in the range [1, inf). Got 1.5 instead."),
    (later(lambda net: net.set_params(max_length=0).predict(X)), ValueError,
     "The 'max_length' parameter of Seq2Seq must be an int in the range [1, inf) or None. Got 0 "
     "instead."),
    (later(lambda net: net.set_params(beam_size=10**9, max_length=7).predict(X)), ValueError,
     "Seq2Seq: 1000000000 answers of up to 7 symbols are more than the 1048576 symbols that a "
     "search keeps for a source. Lower beam_size (or n_best) or max_length."),
    (later(lambda net: net.set_params(max_length=10**9).translate("ab")), ValueError,
     "Seq2Seq: 1 answers of up to 1000000000 symbols are more than the 1048576 symbols that a "
     "search keeps for a source. Lower beam_size (or n_best) or max_length."),
    (fit([b"ab", b"b", b"a"]), ValueError,
     "X[0] is b'ab'; Seq2Seq takes strings, or lists of tokens that are strings."),
    (fit(x for x in X), ValueError,
     "X is of type generator; Seq2Seq takes a list of sequences."),
    (fit(X, set(Y)), ValueError,
     "y is of type set; Seq2Seq takes a list of sequences."),
    (later(lambda net: net.attention_weights(X), attention=None), ValueError,
     "attention_weights: this Seq2Seq has attention=None. Fit one with attention='additive'."),
]
# fmt: on
