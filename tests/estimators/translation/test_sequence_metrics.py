"""fastdl.metrics of answers that are sequences."""

import sys
from itertools import product

import numpy as np
import pytest
from sklearn.metrics import make_scorer
from sklearn.model_selection import cross_val_score

from fastdl import Seq2Seq
from fastdl.metrics import bleu_score, edit_distance, exact_match_score, token_accuracy_score

TRUE = ["kitten", "", "abc", "abc"]
PRED = ["sitting", "", "abd", "abc"]


def levenshtein(a: str, b: str) -> int:
    """By its definition."""
    if not a or not b:
        return len(a) + len(b)
    changed = levenshtein(a[1:], b[1:]) + (a[0] != b[0])
    return min(changed, levenshtein(a[1:], b) + 1, levenshtein(a, b[1:]) + 1)


def test_scores() -> None:
    assert exact_match_score(TRUE, PRED) == 0.5
    assert exact_match_score(TRUE, PRED, sample_weight=[0, 0, 1, 3]) == 0.75
    assert token_accuracy_score(TRUE, PRED) == (4 + 2 + 3) / (7 + 3 + 3)
    assert edit_distance(TRUE, PRED) == (3 + 1) / (6 + 3 + 3)
    assert edit_distance(["ab"], ["abcd"]) == 1.0
    lists = [list(text) for text in TRUE], np.array([list(text) for text in PRED], object)
    for metric in (exact_match_score, token_accuracy_score, edit_distance):
        assert metric(*lists) == metric(TRUE, PRED)
    assert token_accuracy_score([""], [""]) == 1
    assert edit_distance([""], [""]) == 0


def test_edit_distance_by_definition() -> None:
    texts = ["".join(text) for n in range(4) for text in product("ab", repeat=n)]
    for a, b in product(texts[1:], texts):
        assert edit_distance([a], [b]) == levenshtein(a, b) / len(a)


def test_messages() -> None:
    with pytest.raises(ValueError, match="y_true has 2 answers and y_pred 1; expected as many"):
        exact_match_score(["a", "b"], ["a"])
    with pytest.raises(ValueError, match=r"sample_weight has shape \(2,\); expected \(4,\)"):
        exact_match_score(TRUE, PRED, sample_weight=[1, 2])
    with pytest.raises(ValueError, match=r"y_pred\[1\] is 5; expected a string or a list"):
        exact_match_score(["a", "b"], ["a", 5])
    with pytest.raises(ValueError, match="y_true is 'ab'; expected a list of strings"):
        exact_match_score("ab", ["a", "b"])
    with pytest.raises(ValueError, match="whose answers are all empty"):
        edit_distance([""], ["a"])


def test_as_scorers() -> None:
    X, y = ["ab", "ba", "aa"] * 4, ["b", "a", "aa"] * 4
    net = Seq2Seq((4,), max_epochs=1, random_state=0)
    for metric in (exact_match_score, token_accuracy_score, edit_distance):
        scores = cross_val_score(net, X, y, cv=2, scoring=make_scorer(metric))
        assert np.isfinite(scores).all()


def test_bleu() -> None:
    pytest.importorskip("sacrebleu")
    sentences = ["the cat sat on the mat .", "there is a dog in the garden ."]
    assert bleu_score(sentences, sentences) == pytest.approx(100)
    other = ["the cat sat on a mat .", "there is a dog in the house ."]
    assert 20 < bleu_score(sentences, other) < 90
    tokens = [text.split() for text in sentences], [text.split() for text in other]
    assert bleu_score(*tokens) == pytest.approx(bleu_score(sentences, other))


def test_bleu_without_sacrebleu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(ImportError, match="Run: pip install sacrebleu"):
        bleu_score(["a"], ["a"])
