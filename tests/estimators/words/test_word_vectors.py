"""Word vectors: what they learn of made languages, and that nothing depends on chance."""

import copy
import pickle
import re

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks as checks

from fastdl import RNNClassifier, WordVectors
from fastdl.callbacks import EpochEnd
from fastdl.estimators.words.skip_gram import _expected_pairs

ANIMALS, DRINKS = ["cat", "dog", "horse", "cow"], ["tea", "milk", "water", "juice"]


def made_language(n=600, seed=0):
    """Animals run, drinks are poured; which animal and which drink does not matter."""
    rng = np.random.default_rng(seed)
    sentences = []
    for _ in range(n):
        if rng.random() < 0.5:
            sentences.append(f"the {rng.choice(ANIMALS)} runs very fast today")
        else:
            sentences.append(f"please pour some {rng.choice(DRINKS)} into a cup")
    return sentences


def tiny(**params):
    known = {"vector_size": 16, "window": 3, "sample": 0, "max_epochs": 15, "random_state": 0}
    return WordVectors(**{**known, **params})


@pytest.fixture(scope="module")
def words():
    return tiny().fit(made_language())


def test_words_with_the_same_neighbours_are_alike(words):
    for group in (ANIMALS, DRINKS):
        for word in group:
            nearest = {other for other, _ in words.most_similar(word, topn=3)}
            assert nearest == set(group) - {word}
    cosines = [cosine for _, cosine in words.most_similar("cat", topn=100)]
    assert cosines == sorted(cosines, reverse=True)
    assert len(cosines) == len(words.vocabulary_) - 2  # itself, and the unknown word
    assert cosines[0] > 0.8


def test_arrays_ask_for_a_point(words):
    v = words.vectors_
    assert words.most_similar(v[words.vocabulary_["tea"]], topn=1)[0][0] == "tea"
    mean = v[[words.vocabulary_[word] for word in ANIMALS]].mean(axis=0)
    assert {word for word, _ in words.most_similar(mean, topn=4)} == set(ANIMALS)
    assert words.most_similar(v[words.vocabulary_["tea"]].tolist(), 1) == words.most_similar(
        v[words.vocabulary_["tea"]], 1
    )


def test_words_by_name(words):
    tea, milk = words["tea"], words["milk"]
    np.testing.assert_array_equal(tea, words.vectors_[words.vocabulary_["tea"]])
    np.testing.assert_array_equal(words[["tea", "milk"]], [tea, milk])
    assert [word in words for word in ("tea", "zebra", ["tea"])] == [True, False, False]
    with pytest.raises(KeyError) as caught:
        words["teas"]
    assert caught.value.args == (
        "'teas' is not in the vocabulary of 20 words. Did you mean 'tea'?",
    )
    with pytest.raises(TypeError, match="not iterable"):
        iter(words)


def test_lists_of_words(words):
    assert {word for word, _ in words.most_similar(["cat", "dog"], topn=2)} == {"horse", "cow"}
    unit = [words[word] / np.linalg.norm(words[word]) for word in ("cat", "tea", "milk")]
    point = unit[0] + unit[1] - unit[2]
    found = words.most_similar(["cat", "tea"], topn=30, negative="milk")
    assert not {"cat", "tea", "milk"} & {word for word, _ in found}
    asked, expected = {"cat", "tea", "milk"}, words.most_similar(point, topn=30)
    assert [w for w, _ in found] == [w for w, _ in expected if w not in asked]
    assert words.most_similar(["cat"]) == words.most_similar("cat")


def test_analyzer_lowercase_and_max_tokens():
    pairs = ["The Cat,runs", "the dog,runs"] * 5
    found = tiny(analyzer=re.compile(r"\w+").findall, lowercase=True, max_epochs=1).fit(pairs)
    assert set(found.vocabulary_) == {"the", "runs", "cat", "dog", "<unknown>"}
    assert [word in found for word in ("the", "The")] == [True, False]
    few = tiny(max_tokens=3, max_epochs=1).fit(made_language())
    assert list(few.vocabulary_)[3:] == ["<unknown>"]


def test_every_pair_is_counted():
    """Without subsampling an epoch sees the pairs that are expected, up to the drawn windows."""
    lengths = np.random.default_rng(0).integers(1, 30, 400)
    expected = _expected_pairs(lengths, 4)
    by_hand = sum(
        sum(min(b, i) + min(b, n - 1 - i) for b in range(1, 5) for i in range(n)) / 4
        for n in lengths.tolist()
    )
    assert expected == pytest.approx(by_hand)


@pytest.mark.slow
def test_words_of_small_vocabularies_are_kept():
    auto = WordVectors(16, window=3, max_epochs=15, random_state=0).fit(made_language())
    assert auto.sample_ == 10 / 20
    assert auto.vectors_.tobytes() == tiny().fit(made_language()).vectors_.tobytes()
    many = [[f"word_{i}", f"word_{i + 1}"] for i in range(10_100)]
    assert WordVectors(2, min_count=1, max_epochs=1, random_state=0).fit(many).sample_ == 1e-3


def test_an_epoch_that_sees_few_pairs_says_so():
    with pytest.warns(UserWarning, match=r"^sample=0.001 leaves an epoch \d\.\d% of the pairs"):
        tiny(sample=1e-3, max_epochs=1).fit(made_language())


def test_an_epoch_without_pairs_is_an_error(words):
    again = copy.deepcopy(words)
    before = vars(again).copy()
    again.set_params(sample=1e-12)
    text = (
        "sample=1e-12 leaves no pair of words to epoch 1: each word of X is frequent. Set "
        "sample=0, which keeps all words, or pass more text."
    )
    with pytest.raises(ValueError, match=f"^{text}$"):
        again.fit(made_language())
    assert {k: v for k, v in vars(again).items() if k != "sample"} == {
        k: v for k, v in before.items() if k != "sample"
    }


def test_attributes(words):
    counts = [
        sum(sentence.split().count(w) for sentence in made_language()) for w in words.vocabulary_
    ]
    assert counts == sorted(counts, reverse=True)
    assert list(words.vocabulary_.values()) == list(range(len(counts)))
    assert words.vectors_.shape == (len(counts), 16)
    assert words.vectors_.dtype == np.float32
    assert len(words.loss_curve_) == words.n_iter_ == 15
    assert words.loss_curve_[-1] < 0.8 * words.loss_curve_[0]


def test_the_first_loss_is_that_of_a_guess():
    """Context vectors start at 0: one right and five wrong words, each even odds."""
    words = tiny(max_epochs=1, learning_rate_init=1e-9).fit([["a", "b"]] * 5)
    wrong = 2.5 * np.log(2)  # of the five half are the word itself, which is not drawn
    assert words.loss_curve_[0] == pytest.approx(np.log(2) + wrong, rel=0.4)


def test_the_same_seed_gives_the_same_bytes(words):
    again = tiny().fit(iter(made_language()))
    assert again.vectors_.tobytes() == words.vectors_.tobytes()
    assert again.loss_curve_ == words.loss_curve_
    listed = tiny().fit([sentence.split() for sentence in made_language()])
    assert listed.vectors_.tobytes() == words.vectors_.tobytes()
    assert tiny(random_state=1).fit(made_language()).vectors_.tobytes() != words.vectors_.tobytes()


@pytest.mark.slow
def test_chunks_change_nothing(words, monkeypatch):
    monkeypatch.setattr("fastdl.estimators.words.skip_gram._CHUNK", 50)
    again = tiny().fit(["", *made_language(), ""])
    np.testing.assert_allclose(again.vectors_, words.vectors_, rtol=1e-5, atol=1e-6)


def test_any_hashable_is_a_word():
    pairs = [[(1, 2), (3, 4), "a", 5]] * 10
    words = tiny().fit(pairs)
    assert set(words.vocabulary_) == {(1, 2), (3, 4), "a", 5, "<unknown>"}


@pytest.mark.slow
def test_rare_words_are_one_or_left_out():
    sentences = [*made_language(), "the zebra runs very fast today"]
    strict = tiny(unknown="error").fit(sentences)
    assert not {"zebra", "<unknown>"} & set(strict.vocabulary_)
    known = tiny(unknown="<unk>").fit(sentences)
    assert "zebra" not in known.vocabulary_
    zebra, never, unknown = known.transform([["zebra", "heard", "<unk>"]])[0]
    np.testing.assert_array_equal(zebra, unknown)
    np.testing.assert_array_equal(never, unknown)
    assert {w for w, _ in tiny(unknown="<unk>", min_count=200).fit(sentences).most_similar("the")}
    assert [x.shape for x in tiny(min_count=200).fit_transform(sentences[:600])[:1]] == [(7, 16)]


def test_frequent_words_are_thinned(words):
    """Of the words that every other sentence has, most are skipped: fewer pairs, another net."""
    thinned = tiny(sample=1e-2).fit(made_language())
    assert thinned.vectors_.tobytes() != words.vectors_.tobytes()
    assert np.isfinite(thinned.vectors_).all()


def test_transform(words):
    found = words.transform(["the cat", ["tea"], ""])
    assert [x.shape for x in found] == [(2, 16), (1, 16), (0, 16)]
    np.testing.assert_array_equal(found[0][1], words.vectors_[words.vocabulary_["cat"]])
    assert words.transform([]) == []


def test_before_a_recurrent_network():
    sentences = made_language()
    about = ["animal" if sentence.startswith("the") else "drink" for sentence in sentences]
    rnn = RNNClassifier((8,), learning_rate_init=0.02, max_epochs=5, random_state=0)
    pipe = make_pipeline(tiny(), rnn)
    assert pipe.fit(sentences, about).score(sentences, about) == 1.0
    assert pipe.set_params(wordvectors__vector_size=4).fit(sentences, about)


def test_pickles_and_clones(words):
    again = pickle.loads(pickle.dumps(words))
    assert again.most_similar("cat") == words.most_similar("cat")
    assert not hasattr(clone(words), "vectors_")


def test_verbose(capsys):
    tiny(max_epochs=2, verbose=True).fit(["a b"] * 5)
    assert [line[:8] for line in capsys.readouterr().out.splitlines()] == ["epoch 1:", "epoch 2:"]


def test_divergence_keeps_the_last_finite_vectors():
    words = tiny(learning_rate_init=1e30)
    with pytest.warns(ConvergenceWarning, match=r"in epoch 1 \(learning_rate_init=1e\+30\)"):
        words.fit(made_language())
    assert np.isfinite(words.vectors_).all()
    assert words.loss_curve_ == []


def test_a_failed_fit_changes_nothing(words):
    before = vars(words).copy()
    with pytest.raises(ValueError, match="no words"):
        words.fit([])
    assert vars(words) == before


@pytest.mark.parametrize(
    "check",
    [
        checks.check_estimator_cloneable,
        checks.check_estimator_repr,
        checks.check_estimator_tags_renamed,
        checks.check_get_params_invariance,
        checks.check_no_attributes_set_in_init,
        checks.check_parameters_default_constructible,
        checks.check_set_params,
        checks.check_valid_tag_types,
    ],
)
def test_estimator_check(check):
    """Those that need no X; the others pass arrays of numbers."""
    check("WordVectors", WordVectors())


# fmt: off
TEXTS = [
    (lambda w: tiny().fit([]), "X has no words; expected a list of sentences."),
    (lambda w: tiny().fit(["", []]), "X has no words; expected a list of sentences."),
    (lambda w: tiny().fit("the cat sleeps"),
     "X is the string 'the cat sleeps'; WordVectors takes a list of sentences, strings or lists of "
     "tokens."),
    (lambda w: tiny().fit(["the cat", 3]),
     "X[1] is 3; WordVectors takes sentences, strings or lists of tokens."),
    (lambda w: tiny().fit(["the cat the cow"]),
     "no word of X occurs min_count=5 times; the most frequent, 'the', occurs 2 times. Lower "
     "min_count, or pass more text."),
    (lambda w: tiny().fit(["cat"] * 5 + ["dog"] * 5),
     "no sentence of X has two words of the vocabulary; WordVectors learns from words beside each "
     "other. Pass sentences of several words, or lower min_count."),
    (lambda w: tiny(unknown="error").fit(made_language()).transform(["the cat", "the zebra runs"]),
     "X[1] has 'zebra', which is not in the vocabulary. Leave it out, or fit with "
     "unknown='<unknown>', whose vector stands for such words."),
    (lambda w: tiny().fit([["a", "b"], ["a", None]]),
     "X[1] has None for a word, which stands for what is missing. Leave it out."),
    (lambda w: w.transform([["the", float("nan")]]),
     "X[0] has nan for a word, which stands for what is missing. Leave it out."),
    (lambda w: tiny().fit([["a", ["b"]]]),
     "X[0] has ['b'] for a word; expected a string, a number or a tuple of them."),
    (lambda w: w.transform([[("a", ["b"])]]),
     "X[0] has ('a', ['b']) for a word; expected a string, a number or a tuple of them."),
    (lambda w: tiny().fit({"a b": 1}),
     "X is of type dict; WordVectors takes a list of sentences, strings or lists of tokens."),
    (lambda w: tiny().fit(3.0),
     "X is 3.0; WordVectors takes a list of sentences, strings or lists of tokens."),
    (lambda w: tiny().fit(pd.DataFrame({"text": ["a b"] * 5})),
     "X is a data frame of shape (5, 1); WordVectors takes a list of sentences, strings or lists "
     "of tokens. Pass one of its columns."),
    (lambda w: tiny().fit([b"a b"] * 5),
     "X[0] is b'a b'; WordVectors takes sentences, strings or lists of tokens."),
    (lambda w: w.most_similar(["the", "zebra"]), "'zebra' is not in the vocabulary of 20 words."),
    (lambda w: w.most_similar("cat", negative=["hors"]),
     "'hors' is not in the vocabulary of 20 words. Did you mean 'horse'?"),
    (lambda w: w.most_similar([]), "an empty list of words; expected at least one."),
    (lambda w: w.most_similar(np.array(["cat"])),
     "an array of <U3; expected numbers, or a list of words."),
    (lambda w: w.most_similar(np.ones(5)),
     "the array has shape (5,); expected (16,) finite numbers."),
    (lambda w: w.most_similar(np.full(16, np.nan)),
     "the array holds NaN or infinity; expected (16,) finite numbers."),
    (lambda w: w.most_similar(None),
     "None is not in the vocabulary of 20 words."),
    (lambda w: w.most_similar("cat", topn=-1),
     "topn=-1; expected how many words to give, 0 or more."),
    (lambda w: w.most_similar("cat", topn=2.5),
     "topn=2.5; expected how many words to give, 0 or more."),
    (lambda w: w.most_similar("zebra"), "'zebra' is not in the vocabulary of 20 words."),
    (lambda w: tiny(negative=64).fit(["a b"]),
     "The 'negative' parameter of WordVectors must be an int in the range [1, 63]. Got 64 "
     "instead."),
]
# fmt: on


@pytest.mark.parametrize(("call", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_text(words, call, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call(words)


# --- beside other estimators


@pytest.mark.parametrize("form", ["pandas", "default"])
def test_a_pipeline_may_set_its_output(form):
    """Of lists of arrays there is no data frame; the steps around are set."""
    pipe = make_pipeline(tiny(max_epochs=1, min_count=1), RNNClassifier((4,), max_epochs=1))
    sentences = made_language(100)
    pipe.set_output(transform=form).fit(sentences, [i % 2 for i in range(100)])
    assert isinstance(pipe[0].transform(sentences), list)
    with sklearn.config_context(transform_output=form):
        assert isinstance(tiny(max_epochs=1, min_count=1).fit_transform(sentences), list)


def test_callbacks_see_each_epoch():
    rows = []

    def end(estimator, row):
        rows.append({**row, "vectors": estimator.vectors_})
        return len(rows) == 3

    words = tiny().set_callbacks(EpochEnd(end)).fit(made_language())
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["loss"] for row in rows] == words.loss_curve_
    assert words.n_iter_ == 3
    np.testing.assert_array_equal(rows[-1]["vectors"], words.vectors_)
    assert (rows[0]["vectors"] != words.vectors_).any()


def test_an_error_in_a_callback_changes_nothing(words):
    again = copy.deepcopy(words)
    before = vars(again).copy()
    again.set_callbacks(EpochEnd(lambda estimator, row: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        again.fit(made_language()[:50])
    assert {k: v for k, v in vars(again).items() if k != "_skl_callbacks"} == before
