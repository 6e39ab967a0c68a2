"""What users may rely on, for every estimator of the package: the table stands in promises.py."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from promised_cases import is_text, knows, promised, same, those_of
from sklearn.base import clone

import fastdl.estimators as E
from promises import (
    CASES,
    ROWS,
    Case,
    answers,
    facts,
    gone_on,
    saved,
    take,
)

pytestmark = [
    pytest.mark.share(24),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


# --- the table


def test_every_estimator_is_here() -> None:
    assert {type(case.estimator).__name__ for case in CASES} == set(E.__all__)
    assert len({case.name for case in CASES}) == len(CASES)


@promised()
def test_facts_see_all(case: Case) -> None:
    """Two fits are the same, more training is seen: else the tests below say nothing."""
    once = case.fitted()
    assert same(once, case.fitted())
    assert saved(once) == saved(case.fitted())
    before = facts(once)
    assert facts(gone_on(once, case)) != before


# --- the same numbers


@promised(knows("n_jobs"))
def test_the_same_for_any_number_of_threads(case: Case) -> None:
    results = []
    for n_jobs in (1, 2, 4):
        estimator = gone_on(case.fitted(n_jobs=n_jobs), case)
        results.append((facts(estimator), facts(answers(estimator, case.X))))
    assert results[0] == results[1] == results[2]


@promised(lambda case: not is_text(case))
def test_predictions_do_not_depend_on_their_company(case: Case) -> None:
    estimator, n = case.fitted(), len(case.X)
    backwards = list(range(n))[::-1]
    for name, whole in answers(estimator, case.X).items():
        method = getattr(estimator, name)
        whole = [one(answer) for answer in whole]
        turned = [one(answer) for answer in method(take(case.X, backwards))]
        assert facts(turned[::-1]) == facts(whole), name
        for size in (1, 5):
            parts = [
                one(answer)
                for start in range(0, n, size)
                for answer in method(take(case.X, range(start, min(start + size, n))))
            ]
            assert facts(parts) == facts(whole), (name, size)


def one(answer: Any) -> Any:
    """The answer to one sample, without the zeros that pad steps."""
    if isinstance(answer, dict):
        return answer
    answer = np.asarray(answer)
    return answer if answer.ndim < 2 else answer[: 1 + np.flatnonzero(answer.any(axis=-1)).max()]


def frame_of(library: str, X: Any, names: list[str]) -> Any:
    columns = dict(zip(names, np.ascontiguousarray(np.transpose(X)), strict=True))
    if library == "pandas":
        import pandas as pd

        return pd.DataFrame(columns)
    if library == "polars":
        import polars as pl

        return pl.DataFrame(columns)
    import pyarrow as pa

    return pa.table(columns)


@promised(lambda case: case.has_rows)
def test_names_of_features(case: Case) -> None:
    for library in those_of("pandas", "polars", "pyarrow"):
        check_names(case, library)


def check_names(case: Case, library: str) -> None:
    names = list("abcdef")
    frame = frame_of(library, ROWS, names)
    estimator, plain = case.new().fit(frame, *case.data[1:]), case.fitted()
    assert list(estimator.feature_names_in_) == names
    assert same(answers(estimator, frame), answers(plain, ROWS))
    turned = frame_of(library, ROWS[:, ::-1], names[::-1])
    methods = [getattr(estimator, name) for name in answers(plain, ROWS)]
    if hasattr(estimator, "partial_fit"):
        methods.append(lambda X: estimator.partial_fit(X, *case.data[1:]))
    for method in methods:
        with pytest.raises(ValueError, match="feature names"):
            method(turned)
    clone(estimator).fit(turned, *case.data[1:])
    again = estimator.fit(*case.data)  # without names
    assert not hasattr(again, "feature_names_in_")


def forms(X: np.ndarray, folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The same values, held in other ways."""
    fixed = X.copy()
    fixed.setflags(write=False)
    yield "read-only", fixed
    wide = np.zeros((*X.shape[:-1], 2 * X.shape[-1]), X.dtype)
    wide[..., ::2] = X
    yield "strided", wide[..., ::2]
    yield "backwards", X[::-1].copy()[::-1]
    yield "Fortran", np.asfortranarray(X)
    yield "other byte order", X.astype(X.dtype.newbyteorder())
    path = folder / f"{len(list(folder.iterdir()))}.npy"
    np.save(path, X)
    yield "memory-mapped", np.load(path, mmap_mode="r")
    yield "subclass", X.view(Subclass)


class Subclass(np.ndarray):
    """An array of another class."""


def array_forms(case: Case, folder: Path) -> Iterator[tuple[str, Any]]:
    if not isinstance(case.X, list):
        yield from forms(case.X, folder)
        return
    yield from zip(
        [name for name, _ in forms(case.X[0], folder)],
        (list(x) for x in zip(*([x for _, x in forms(x, folder)] for x in case.X), strict=True)),
        strict=True,
    )


@promised(lambda case: not isinstance(case.X, str) and not isinstance(case.X[0], str))
def test_forms_of_arrays(case: Case, tmp_path: Path) -> None:
    plain = case.fitted()
    said, file = answers(plain, case.X), saved(plain)
    for form, X in array_forms(case, tmp_path):
        estimator = case.new().fit(X, *case.data[1:])
        assert saved(estimator) == file, form
        assert same(answers(estimator, X), said), form


def text_forms(X: list[str]) -> Iterator[tuple[str, Any]]:
    yield "tuple", tuple(X)
    yield "array of strings", np.array(X)
    yield "array of objects", np.array(X, object)
    if find_spec("pandas"):
        import pandas as pd

        yield "pandas", pd.Series(X)
        yield "pandas, another index", pd.Series(X, index=range(5, 5 + len(X)))
    if find_spec("polars"):
        import polars as pl

        yield "polars", pl.Series(X)
    if find_spec("pyarrow"):
        import pyarrow as pa

        yield "pyarrow", pa.array(X)
        yield "pyarrow, chunked", pa.chunked_array([X[:3], X[3:]])


@promised(lambda case: isinstance(case.X, list) and isinstance(case.X[0], str))
def test_forms_of_texts(case: Case) -> None:
    plain = case.fitted()
    said, file = answers(plain, case.X), saved(plain)
    for form, X in text_forms(case.X):
        estimator = case.new().fit(X, *case.data[1:])
        assert saved(estimator) == file, form
        assert same(answers(estimator, X), said), form
