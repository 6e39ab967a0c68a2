"""Scikit-learn's tools, for every estimator of the package."""

import inspect
from typing import Any

import numpy as np
import pytest
import sklearn
from promised_cases import has, is_text, promised, same, those_of
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

import fastdl.estimators as E
from promises import (
    IMAGES,
    Case,
    answers,
    facts,
)

pytestmark = [
    pytest.mark.share(24),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


@promised(has("transform"))
def test_set_output(case: Case) -> None:
    plain = case.fitted()
    for library in those_of("pandas", "polars"):
        check_set_output(case, plain, library)


def check_set_output(case: Case, plain: Any, library: str) -> None:
    said = plain.transform(case.X)
    estimator = case.new().set_output(transform=library).fit(*case.data)
    check_output(estimator, case.X, said, library)
    with sklearn.config_context(transform_output=library):
        estimator = case.new().fit(*case.data)
        check_output(estimator, case.X, said, library)
        assert same(
            answers(estimator, case.X) | {"transform": 0}, answers(plain, case.X) | {"transform": 0}
        )
    assert same(estimator.transform(case.X), said)
    if "layer" in inspect.signature(estimator.transform).parameters:
        with sklearn.config_context(transform_output=library):
            first = estimator.transform(case.X, layer=0)
        first = first if isinstance(first, list) else np.asarray(first)
        assert same(first, plain.transform(case.X, layer=0))


def check_output(estimator: Any, X: Any, said: Any, library: str) -> None:
    """Rows come as a frame, whatever else there is comes as it is."""
    out = estimator.transform(X)
    if isinstance(said, np.ndarray) and said.ndim == 2:
        assert type(out).__module__.startswith(library)
        assert list(out.columns) == list(estimator.get_feature_names_out())
        assert same(np.asarray(out), said)
    else:
        assert same(out, said)


@promised(lambda case: case.X is IMAGES or case.has_rows)
def test_pipelines_with_a_global_output(case: Case) -> None:
    first = E.NDScaler() if case.X is IMAGES else MaxAbsScaler()
    plain = make_pipeline(clone(first), case.new()).fit(*case.data)
    with sklearn.config_context(transform_output="pandas"):
        framed = make_pipeline(clone(first), case.new()).fit(*case.data)
        said = framed.transform(case.X)
    assert same(np.asarray(said), plain.transform(case.X))


@promised()
def test_set_params(case: Case) -> None:
    fitted = case.fitted()
    before, said = facts(fitted), answers(fitted, case.X)
    params = fitted.get_params(deep=False)
    assert facts(fitted.set_params(**params)) == before
    with pytest.raises(ValueError, match="no_such_parameter"):
        fitted.set_params(no_such_parameter=1)
    assert facts(fitted) == before
    if "random_state" in params:
        fitted.set_params(random_state=3)
        assert same(answers(fitted, case.X), said)
        assert same(fitted.fit(*case.data), case.fitted(random_state=3))


GRIDS: dict[str, list[Any]] = {
    "learning_rate_init": [0.1, 0.2],
    "pretrain_learning_rate": [0.1, 0.2],
    "alpha": [0.1, 0.2],
    "method": ["minmax", "standard"],
    "learning_rate": [0.1, 0.2],
}


@promised()
def test_grid_search(case: Case) -> None:
    params = case.estimator.get_params()
    name = next(name for name in GRIDS if name in params)
    X = list(case.X) if is_text(case) else case.X
    scoring = None if hasattr(case.estimator, "score") else score_of_answers
    grid = GridSearchCV(case.new(), {name: GRIDS[name]}, cv=2, scoring=scoring, error_score="raise")
    grid.fit(X, *case.data[1:])
    best = case.new(**grid.best_params_).fit(X, *case.data[1:])
    assert same(grid.best_estimator_, best)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()


def score_of_answers(estimator: Any, X: Any, y: Any = None) -> float:
    return float(np.mean([np.mean(answer) for answer in estimator.transform(X)]))
