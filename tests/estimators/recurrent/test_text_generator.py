"""TextGenerator: learning text, scoring it, writing it."""

import math
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import fastdl
from fastdl import TextGenerator
from fastdl.estimators.inputs.one_text import piece_length, pieces
from images import weights

TEXT = "the quick brown fox jumps over the lazy dog. " * 30
TOKENS = TEXT.split()


def generator(**params: Any) -> TextGenerator:
    tiny = {"hidden_layer_sizes": (24,), "truncate_bptt": 15, "learning_rate_init": 0.03}
    return TextGenerator(
        **{**tiny, "max_epochs": 3, "random_state": 0, "n_jobs": 1, **params}  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module", name="lm")
def fitted():
    return generator(max_epochs=25).fit(TEXT)


def test_learns_and_goes_on(lm):
    assert -lm.score(TEXT) < 0.1
    assert -lm.score(TEXT[:9] + "zzzzz") > 1
    assert lm.sample("the laz", 14, temperature=0) == "y dog. the qui"
    assert lm.sample("the laz", 14, temperature=0.3, random_state=1) == "y dog. the qui"
    assert lm.symbols_[0] == " "
    assert lm.loss_ == pytest.approx(-lm.score(TEXT), abs=0.1)


def test_score_is_the_mean_of_log_probabilities(lm):
    for text in ("dog", TEXT[:100], "t"):
        p = lm.predict_proba(text)
        assert p.shape == (len(text) + 1, len(lm.symbols_))
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        places = [lm.symbols_.index(c) for c in text]
        expected = np.log(p[np.arange(len(text)), places]).mean()
        assert lm.score(text) == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(lm.predict_proba("")[0], lm.predict_proba("dog")[0])
    np.testing.assert_array_equal(lm.predict_proba("dog"), lm.predict_proba("dogs")[:4])
    assert lm.predict_proba("").dtype == np.float32
    assert lm.transform("dog").shape == (3, 24)


def test_sampling_goes_step_by_step(lm):
    """As if the whole text were read again for every symbol."""
    text, random = "the", np.random.RandomState(3)
    for _ in range(30):
        p = lm.predict_proba(text)[-1].astype(float)
        total = p.cumsum()
        text += lm.symbols_[np.searchsorted(total, random.random_sample() * total[-1], "right")]
    assert "the" + lm.sample("the", 30, random_state=3) == text
    assert lm.sample("", 5, random_state=0) == lm.sample(n=5, random_state=0)
    assert lm.sample("the", 0) == ""
    hot = [lm.sample("the", 50, temperature=5.0, random_state=s) for s in (0, 1)]
    assert hot[0] != hot[1]


@pytest.mark.parametrize("params", [{}, {"dropout": 0.2, "cell": "gru"}])
def test_the_same_seed_gives_the_same_bytes(params):
    fits = [generator(**{**params, "n_jobs": n_jobs}).fit(TEXT) for n_jobs in (1, 2, 4)]
    assert len({weights(lm) for lm in fits}) == 1
    assert len({lm.sample("fox", 40, random_state=0) for lm in fits}) == 1


def test_windows_change_no_prediction(lm):
    again = generator(truncate_bptt=4, max_epochs=1).fit(TEXT)
    again.program_.set_weights(lm.program_.get_weights())
    np.testing.assert_array_equal(again.predict_proba(TEXT), lm.predict_proba(TEXT))
    assert again.score(TEXT) == pytest.approx(lm.score(TEXT), rel=1e-6)


@pytest.mark.slow
def test_a_window_for_a_whole_piece_is_no_truncation():
    whole = weights(generator(truncate_bptt=None, max_epochs=5).fit(TEXT))
    assert weights(generator(truncate_bptt=10**6, max_epochs=5).fit(TEXT)) == whole
    assert weights(generator(truncate_bptt=20, max_epochs=5).fit(TEXT)) != whole


def test_memory_does_not_grow_with_the_text():
    texts = (TEXT, TEXT * 10)
    sizes = [generator(max_epochs=1).fit(text).program_.memory() for text in texts]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("n", [1, 2, 31, 33, 100])
def test_short_texts(n):
    lm = generator(max_epochs=1).fit(("ab" * 50)[:n])
    assert np.isfinite(lm.score("a"))
    assert len(lm.sample("a", 4, random_state=0)) == 4


def test_tokens():
    lm = generator(max_epochs=30, truncate_bptt=5, random_state=3).fit([TOKENS])
    assert lm.sample(["the", "quick"], 2, temperature=0) == ["brown", "fox"]
    assert -lm.score([TOKENS]) < 0.7
    assert weights(generator().fit([np.array(TOKENS)])) == weights(generator().fit([tuple(TOKENS)]))


def test_words():
    lm = generator(max_epochs=30, truncate_bptt=5, analyzer="word").fit(TEXT)
    assert lm.sample("the quick", 2, temperature=0) == "brown fox"
    assert lm.symbols_[0] == "the"
    assert len(lm.symbols_) == len(set(TOKENS)) + 1


# --- many documents


NAMES = ["anna", "hanna", "johanna", "jo"] * 10


def test_documents_begin_anew_and_end():
    lm = generator(max_epochs=40, hidden_layer_sizes=(16,)).fit(NAMES)
    assert lm.symbols_[-1] == "<end>"
    assert {lm.sample(random_state=i, temperature=0.5) for i in range(10)} <= set(NAMES)
    assert lm.sample("joh", temperature=0) == "anna"
    p = lm.predict_proba("anna")
    places = [lm.symbols_.index(symbol) for symbol in [*"anna", "<end>"]]
    expected = np.log(p[np.arange(5), places]).mean()
    assert lm.score(["anna"]) == lm.score("anna") == pytest.approx(expected, rel=1e-4)
    assert lm.score([""]) == pytest.approx(float(np.log(p[0, places[-1]])), rel=1e-4)
    several = ["anna", "jo", "hannajohanna", "", "a"]
    expected = sum((len(x) + 1) * lm.score([x]) for x in several) / sum(len(x) + 1 for x in several)
    assert lm.score(several) == pytest.approx(expected, rel=1e-5)
    both = (5 * lm.score(["anna"]) + 3 * lm.score(["jo"])) / 8
    assert lm.score(["anna", "jo"]) == pytest.approx(both, rel=1e-5)


@pytest.mark.parametrize("params", [{}, {"truncate_bptt": 3, "dropout": 0.2}])
def test_documents_in_every_form(params):
    """One order of documents, one net: as a list, a column, or lists of tokens."""
    expected = generator(**params).fit(NAMES)
    for form in (tuple(NAMES), np.array(NAMES), [list(name) for name in NAMES]):
        for n_jobs in (1, 2):
            assert weights(generator(**params, **{"n_jobs": n_jobs}).fit(form)) == weights(expected)
    assert generator(early_stopping=True, **params).fit(NAMES).validation_scores_
    part = generator(**params).partial_fit(NAMES[:8]).partial_fit(NAMES)
    assert np.isfinite(part.score(NAMES))
    assert generator(**params).fit(NAMES, X_val=NAMES[:4]).validation_scores_


def test_pieces():
    """Nothing is read across a border, and every symbol is learnt once."""
    documents = [np.arange(2, 2 + n, dtype=np.int32) for n in (1, 7, 3)]
    read, target = pieces(documents, 3)
    assert [x[:, 0].tolist() for x in read.listed()] == [[0], [0, 2, 3], [4, 5, 6], [7], [0, 2, 3]]
    assert [y.tolist() for y in target.listed()] == [[0], [0, 1, 2], [3, 4, 5], [6], [0, 1, 2]]
    assert piece_length([np.zeros(100, np.int32)], 32, 10) == 4
    small = [np.zeros(5, np.int32)] * 500
    assert piece_length(small, 32, 10) == math.ceil(2500 / 32)
    long = [*small, np.zeros(50_000, np.int32)]  # which would pad them to 1,640 symbols each
    assert pieces(long, piece_length(long, 32, 10))[0].values.size < 4 * 52_500


def test_tokens_with_white_space_are_suspicious():
    with pytest.warns(UserWarning, match="^X has the token 'the cat', with white space in it: Te"):
        generator().fit([["the cat", "sat"]])


def test_unknown_symbols():
    lm = generator(unknown="?").fit(TEXT)
    assert "?" not in {c for i in range(5) for c in lm.sample(n=20, temperature=9, random_state=i)}
    assert np.isfinite(generator(max_tokens=5).fit(TEXT).score("xyz"))
    assert "?" in lm.symbols_
    np.testing.assert_array_equal(lm.predict_proba("tXe")[1:], lm.predict_proba("t?e")[1:])
    assert lm.score("X") == lm.score("?")


def test_validation_stopping_and_going_on():
    lm = generator(max_epochs=8).fit(TEXT, X_val=TEXT[5:200])
    assert lm.best_iter_ == 1 + int(np.argmax(lm.validation_scores_))
    assert lm.validation_scores_ == [-loss for loss in lm.validation_loss_curve_]
    held = generator(early_stopping=True).fit(TEXT)
    assert len(held.validation_scores_) == held.n_iter_
    part = generator()
    for _ in range(25):
        part.partial_fit(TEXT)
    assert -part.score(TEXT) < 0.2
    warm = generator(warm_start=True).fit(TEXT).fit(TEXT[:200])
    assert len(warm.loss_curve_) == 6


def test_a_scikit_learn_estimator(lm, tmp_path):
    pipe = make_pipeline(FunctionTransformer(lambda text: [t.upper() for t in text]), generator())
    search = GridSearchCV(pipe, {"textgenerator__cell": ["gru", "lstm"]}, cv=2).fit(NAMES)
    assert search.best_score_ < 0
    assert weights(clone(lm).fit(TEXT)) == weights(lm)
    lm.save(tmp_path / "lm.safetensors")
    for again in (pickle.loads(pickle.dumps(lm)), fastdl.load(tmp_path / "lm.safetensors")):
        assert again.score("fox") == lm.score("fox")
        assert again.sample("fox", 20, random_state=0) == lm.sample("fox", 20, random_state=0)
    assert repr(TextGenerator((8,), cell="gru")) == (
        "TextGenerator(cell='gru', hidden_layer_sizes=(8,))"
    )
    text: Any = TextGenerator.__doc__
    assert [name for name in TextGenerator().get_params() if name not in text] == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_checks():
    """Those that bring no arrays: it takes text, by its tags."""
    assert not [c for c in check_estimator(TextGenerator((8,))) if c["status"] == "failed"]


FORMS = "one text, a string, or a list of documents: strings, or lists of tokens"


def test_what_to_call_instead_of_predict(lm):
    with pytest.raises(AttributeError) as caught:
        lm.predict("ab")
    assert str(caught.value.__cause__) == (
        "TextGenerator has no predict: it learns X itself. See its predict_proba, the "
        "probabilities of what comes next, and its sample."
    )


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda lm: generator().fit(""), ValueError,
         "X is an empty text; TextGenerator needs at least one symbol."),
        (lambda lm: generator().fit(5), ValueError, f"X is 5; TextGenerator takes {FORMS}."),
        (lambda lm: generator().fit([]), ValueError,
         f"X is an empty list; TextGenerator takes {FORMS}."),
        (lambda lm: generator().fit(["a", 5]), ValueError,
         f"X[1] is 5; expected a string, as X[0] is. TextGenerator takes {FORMS}."),
        (lambda lm: generator().fit([["a", 5]]), ValueError,
         "X[0] is a list with 5 in it; expected a list of tokens (strings). TextGenerator takes "
         f"{FORMS}."),
        (lambda lm: lm.predict_proba(["a", ["b"]]), ValueError,
         "X is a list with ['b'] in it; TextGenerator takes one text here, a string or a list of "
         "tokens that are strings."),
        (lambda lm: generator(unknown="error").fit(TEXT).score("the cow! "), ValueError,
         "X has '!' at step 7, a symbol that TextGenerator did not see in fit. Fit with "
         "unknown='<unknown>', which is what such symbols are read as."),
        (lambda lm: lm.sample(["the"]), ValueError,
         "X holds lists of tokens, but TextGenerator was fitted with strings. Pass text of that "
         "form."),
        (lambda lm: generator().fit([TOKENS]).sample("the"), ValueError,
         "X holds strings, but TextGenerator was fitted with lists of tokens. Pass text of that "
         "form."),
        (lambda lm: generator(unknown_token="?"), TypeError,
         "TextGenerator has no parameter 'unknown_token'. Did you mean 'unknown'?"),
        (lambda lm: lm.sample("the", temperature=-1), ValueError,
         "temperature=-1; expected a number of 0 or more."),
        (lambda lm: lm.sample("the", n=-1), ValueError,
         "n=-1; expected an integer of 0 or more."),
        (lambda lm: generator(solver="lbfgs").fit(TEXT), ValueError,
         "TextGenerator: truncate_bptt=15 with solver='lbfgs': it needs the whole gradient. Use "
         "another solver."),
        (lambda lm: generator(unknown="error").fit(TEXT, X_val="?"), ValueError,
         "In the validation set: X has '?' at step 0, a symbol that TextGenerator did not see in "
         "fit. Fit with unknown='<unknown>', which is what such symbols are read as."),
        (lambda lm: TextGenerator().sample(), NotFittedError,
         "This TextGenerator instance is not fitted yet. Call 'fit' with appropriate arguments "
         "before using this estimator."),
    ],
)  # fmt: skip
def test_text(lm, call, error, text):
    with pytest.raises(error) as caught:
        call(lm)
    assert str(caught.value) == text
