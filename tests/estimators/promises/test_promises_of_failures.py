"""What fails changes nothing, for every estimator of the package."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from promised_cases import has, knows, promised, same
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from fastdl.callbacks import Callback
from promises import (
    ROWS,
    SEQUENCES,
    Case,
    answers,
    facts,
    failing,
    gone_on,
    loaded,
    saved,
    ways_to_fit,
)

pytestmark = [
    pytest.mark.share(24),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def is_fitted(estimator: Any) -> bool:
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def unchanged(estimator: Any, case: Case, work: Callable[[], object]) -> BaseException:
    """The error that work raises; the estimator is as it was."""
    fitted = is_fitted(estimator)
    said, before = fitted and answers(estimator, case.X), facts(estimator)
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - what it is, the caller looks at
        work()
    assert facts(estimator) == before
    if fitted:
        assert same(answers(estimator, case.X), said)
        assert facts(estimator) == before
    return raised.value


def takes_gaps(case: Case) -> bool:
    """Whether NaN is a missing value, and no error."""
    return bool(case.estimator.__sklearn_tags__().input_tags.allow_nan)


def bad_inputs(case: Case) -> list[Any]:
    """X that no estimator of this kind takes."""
    if case.X is SEQUENCES:
        wide = [np.hstack([x, x]) for x in SEQUENCES]
        return [[*wide[:-1], np.full_like(wide[-1], np.nan)], [*SEQUENCES[:-1], None], [], 3.0]
    if isinstance(case.X, (str, list)):
        return [[], [None] * len(case.X), 3.0, None]
    wide = np.concatenate([case.X, case.X[:, :1]], axis=1)
    missing = wide.copy()
    missing[3] = np.inf if takes_gaps(case) else np.nan
    return [missing, wide[:0], wide[0, 0], "text", None]


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@promised()
def test_a_bad_X_changes_nothing(case: Case) -> None:
    for estimator in (case.new(), case.fitted()):
        for X in bad_inputs(case):
            for name in ("fit", "partial_fit"):
                if hasattr(estimator, name):
                    method = getattr(estimator, name)
                    error = unchanged(
                        estimator,
                        case,
                        lambda X=X, m=method: m(X, *case.data[1:]),  # type: ignore[misc]
                    )
                    assert isinstance(error, (ValueError, TypeError)), error


@promised(lambda case: case.has_rows)
def test_a_bad_frame_changes_nothing(case: Case) -> None:
    import pandas as pd

    frame = pd.DataFrame(ROWS[:, :4], columns=list("abcd"))
    frame.loc[3, "b"] = np.inf if takes_gaps(case) else np.nan
    for estimator in (case.new(), case.fitted()):
        error = unchanged(estimator, case, lambda e=estimator: e.fit(frame, *case.data[1:]))  # type: ignore[misc]
        assert isinstance(error, ValueError), error


@promised()
def test_what_is_no_data_is_refused(case: Case) -> None:
    """By the estimator's name, in fit and in predictions, before NumPy reads it as numbers."""
    n, name = len(case.X), type(case.estimator).__name__
    dates = np.full((n, 6), np.datetime64("2020-01-01"))
    hidden = np.ma.masked_greater(np.ones((n, 6)), 0)
    for X in ({"a": 1}, iter([1, 2]), len, dates, hidden, np.zeros(n, [("a", float)])):
        if name == "WordVectors" and not isinstance(X, dict):
            continue  # of which words may be anything, in any iterable
        for estimator in (case.new(), case.fitted()):
            error = unchanged(estimator, case, lambda e=estimator, X=X: e.fit(X, *case.data[1:]))  # type: ignore[misc]
            assert isinstance(error, ValueError), error
            assert name in str(error), error


@promised(lambda case: has("predict")(case) and case.y is not None)
def test_a_bad_y_changes_nothing(case: Case) -> None:
    for estimator in (case.new(), case.fitted()):
        for y in (case.y[:-1], None, case.y[:0]):
            error = unchanged(estimator, case, lambda e=estimator, y=y: e.fit(case.X, y))  # type: ignore[misc]
            assert isinstance(error, (ValueError, TypeError)), error


class Nonsense:
    """What no parameter can be."""


@promised()
def test_a_bad_parameter_changes_nothing(case: Case) -> None:
    estimator = case.fitted()
    before = facts(estimator)
    for name, good in estimator.get_params(deep=False).items():
        estimator.set_params(**{name: Nonsense()})
        with pytest.raises((ValueError, TypeError), match=name):
            estimator.fit(*case.data)
        assert facts(estimator.set_params(**{name: good})) == before


class Broken(Callback):
    """Raises where it is told to."""

    def __init__(self, method: str, task: str, error: type[BaseException]) -> None:
        self.method, self.task, self.error = method, task, error

    def _at(self, method: str, context: Any) -> None:
        if method == self.method and context.task_name == self.task:
            raise self.error("injected by a test")

    def setup(self, estimator: Any, context: Any) -> None:
        self._at("setup", context)

    def on_fit_task_begin(self, estimator: Any, context: Any, **_: Any) -> None:
        self._at("begin", context)

    def on_fit_task_end(self, estimator: Any, context: Any, **_: Any) -> None:
        self._at("end", context)


PLACES = [("setup", "fit"), ("begin", "fit"), ("begin", "epoch"), ("end", "epoch"), ("end", "fit")]


@promised(has("set_callbacks"))
def test_an_error_in_a_callback_changes_nothing(case: Case) -> None:
    for estimator in (case.new(), case.fitted()):
        for method, task in PLACES:
            if task == "epoch" and not hasattr(case.fitted(), "history_"):
                continue
            estimator.set_callbacks(Broken(method, task, RuntimeError))
            error = unchanged(estimator, case, lambda e=estimator: e.fit(*case.data))  # type: ignore[misc]
            assert isinstance(error, RuntimeError), error


def raise_runtime_error(*_: Any) -> float:
    raise RuntimeError("injected by a test")


@promised(knows("scoring"))
def test_an_error_in_scoring_changes_nothing(case: Case) -> None:
    stopping = {"early_stopping": True, "validation_fraction": 0.4}
    for estimator in (case.new(**stopping), case.fitted(**stopping)):
        estimator.set_params(scoring=raise_runtime_error)
        error = unchanged(estimator, case, lambda e=estimator: e.fit(*case.data))  # type: ignore[misc]
        assert isinstance(error, RuntimeError), error


def places(work: Callable[[], object], n: int) -> list[int]:
    """So many of the calls of fastdl's functions in a fit, spread over it."""
    with failing(None) as count:
        work()
    return sorted({int(at) for at in np.linspace(1, 0.95 * count(), n)})


@promised()
def test_an_error_anywhere_changes_nothing(case: Case) -> None:
    """Such as MemoryError, at places spread over the fit."""
    for make in (case.fitted, case.new):
        for method, once in ways_to_fit(make(), case).items():
            estimator = make()
            fit = ways_to_fit(estimator, case)[method]
            for at in places(once, 12):

                def work(fit: Any = fit, at: int = at) -> None:
                    with failing(MemoryError, at):
                        fit()

                error = unchanged(estimator, case, work)
                assert isinstance(error, MemoryError), error


@promised()
def test_an_interrupted_fit_is_whole(case: Case) -> None:
    """Ctrl-C raises and leaves the estimator as it was, or keeps whole epochs, with a warning."""
    for at in places(ways_to_fit(case.fitted(), case)["fit"], 25):
        estimator = case.fitted()
        said, before = answers(estimator, case.X), facts(estimator)
        fit = ways_to_fit(estimator, case)["fit"]
        try:
            with pytest.warns(UserWarning, match="interrupted"), failing(KeyboardInterrupt, at):
                fit()
        except KeyboardInterrupt:
            assert facts(estimator) == before
            assert same(answers(estimator, case.X), said)
        else:
            history = getattr(estimator, "history_", {})
            assert len({len(column) for column in history.values()}) <= 1
            answered = answers(estimator, case.X)
            assert same(answers(loaded(saved(estimator)), case.X), answered)
            gone_on(estimator, case)
