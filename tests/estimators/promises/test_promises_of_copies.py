"""Copies of every kind go on as the original would."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from promised_cases import has, promised, same
from sklearn.base import clone

from fastdl.callbacks import Callback
from promises import (
    CASES,
    Case,
    answers,
    by_joblib,
    by_pickle,
    facts,
    gone_on,
    loaded,
    saved,
)

pytestmark = [
    pytest.mark.share(24),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def test_clone_parameters() -> None:
    for case in CASES:
        again = clone(case.estimator)
        assert same(again.get_params(), case.estimator.get_params()), case.name


@promised()
def test_clone(case: Case) -> None:
    fitted = case.fitted()
    again = clone(fitted)
    assert same(again, case.new())
    assert same(again.fit(*case.data), fitted)


def by_file(estimator: Any) -> Any:
    return loaded(saved(estimator))


def check_copy(case: Case, copied: Callable[[Any], Any]) -> None:
    """Copies are the same, before and after a fit and between two, and go on alike."""
    assert same(copied(case.new()), case.new())
    fitted = case.fitted()
    for estimator in (fitted, gone_on(copied(fitted), case)):
        before, said, file = facts(estimator), answers(estimator, case.X), saved(estimator)
        other, third = copied(estimator), copied(copied(estimator))
        assert same(answers(other, case.X), said)
        assert saved(other) == file
        assert same(gone_on(other, case), gone_on(third, case))
        assert facts(estimator) == before  # the original has not moved
        assert same(gone_on(estimator, case), other)


@promised()
def test_pickle(case: Case) -> None:
    check_copy(case, by_pickle)


@promised()
def test_joblib(case: Case) -> None:
    check_copy(case, by_joblib)


@promised()
def test_deepcopy(case: Case) -> None:
    check_copy(case, copy.deepcopy)


@promised()
def test_save_and_load(case: Case, tmp_path: Path) -> None:
    check_copy(case, by_file)
    estimator = case.fitted()
    estimator.save(tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").read_bytes() == saved(estimator)


class Copies(Callback):
    """Copies the estimator after each epoch, in every way."""

    def __init__(self, X: Any) -> None:
        self.X, self.pairs = X, []

    def __getstate__(self) -> dict[str, Any]:
        return {"X": self.X, "pairs": []}

    def on_fit_task_end(self, estimator: Any, context: Any, **_: Any) -> None:
        said = answers(estimator, self.X)
        for copied in (by_pickle, by_joblib, copy.deepcopy, by_file):
            self.pairs.append((said, copied(estimator)))


@promised(has("set_callbacks"))
def test_copies_inside_a_callback(case: Case) -> None:
    watch = Copies(case.X)
    estimator = case.new().set_callbacks(watch).fit(*case.data)
    assert watch.pairs
    for said, other in watch.pairs:
        assert same(answers(other, case.X), said)
    estimator.set_callbacks()
    assert saved(estimator) == saved(case.fitted())
