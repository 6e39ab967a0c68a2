"""What users may rely on, for every estimator of the package: the table stands in promises.py."""

import copy
import ctypes
import gc
import inspect
import os
import pickle
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils.validation import check_is_fitted

import fastdl.estimators as E
from fastdl.callbacks import Callback
from promises import (
    CASES,
    IMAGES,
    ROWS,
    SEQUENCES,
    TEXT,
    Case,
    answers,
    by_joblib,
    by_pickle,
    facts,
    failing,
    gone_on,
    loaded,
    saved,
    take,
    ways_to_fit,
)

pytestmark = [
    pytest.mark.share(24),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
LIBC = ctypes.CDLL(None)


def promised(applies: Callable[[Case], bool] = lambda case: True) -> Callable[[Any], Any]:
    """Test a promise for every estimator that it applies to."""

    def mark(test: Any) -> Any:
        cases = [pytest.param(case, id=case.name) for case in CASES if applies(case)]
        return pytest.mark.parametrize("case", cases)(test)

    return mark


def has(*methods: str) -> Callable[[Case], bool]:
    return lambda case: all(hasattr(case.estimator, method) for method in methods)


def knows(parameter: str) -> Callable[[Case], bool]:
    return lambda case: parameter in case.estimator.get_params()


def is_text(case: Case) -> bool:
    return case.X is TEXT


def same(a: Any, b: Any) -> bool:
    return bool(facts(a) == facts(b))


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


# --- what fails changes nothing


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


# --- copies


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


def those_of(*libraries: str) -> list[str]:
    """Those that are there."""
    found = [name for name in libraries if find_spec(name)]
    return found or pytest.skip(f"needs one of {libraries}")


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


# --- scikit-learn's tools


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


# --- processes, threads, memory


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@promised()
def test_fork(case: Case) -> None:
    """A child predicts and fits as its parent does, also where that had threads."""
    estimator = case.fitted(n_jobs=2)
    said = answers(estimator, case.X)
    expected = hash_of(said, gone_on(copy.deepcopy(estimator), case))

    def child() -> bytes:
        return hash_of(answers(estimator, case.X), gone_on(estimator, case))

    assert in_a_child(child) == expected


def hash_of(*values: Any) -> bytes:
    import hashlib

    return hashlib.sha256(pickle.dumps([facts(value) for value in values])).digest()


def in_a_child(work: Callable[[], bytes], timeout: float = 60.0) -> bytes:
    """What work gives in a forked process; b"" if it raises or hangs."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(writer, work())
        finally:
            os._exit(0)
    os.close(writer)
    try:
        ready, _, _ = select.select([reader], [], [], timeout)
        return os.read(reader, 64) if ready else b""
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reader)


@promised()
def test_first_predictions_from_8_threads(case: Case) -> None:
    fitted = case.fitted()
    said, state = facts(answers(fitted, case.X)), pickle.dumps(fitted)
    for _ in range(3):
        estimator, start = pickle.loads(state), threading.Barrier(8)
        found: list[Any] = []

        def predict(e: Any = estimator, start: Any = start, found: Any = found) -> None:
            start.wait()
            found.append(facts(answers(e, case.X)))

        threads = [threading.Thread(target=predict) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [said] * 8
        assert same(estimator, fitted)


@promised()
def test_fits_in_8_threads(case: Case) -> None:
    """Estimators that are fitted at the same time do not know of each other."""
    expected = facts(case.fitted())
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(facts(case.fitted()))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(LIBC, "mallinfo2"), reason="asks glibc what is allocated")
@promised()
def test_no_growth_over_200_fits(case: Case) -> None:
    """Neither in C++ nor in Python: counted, as resident memory comes and goes in large pieces."""
    few = (case.X[:20],) if is_text(case) else case.part(range(9))
    estimator = case.new(n_jobs=1, max_epochs=1, max_iter=1, n_iter=1)
    for _ in range(10):
        estimator.fit(*few)
    for _ in range(3):  # something else may be allocated once, a leak is there each time
        bytes_before, objects_before = allocated()
        for _ in range(200):
            estimator.fit(*few)
        bytes_after, objects_after = allocated()
        grown = bytes_after - bytes_before, objects_after - objects_before
        if grown[0] < 20_000 and grown[1] < 1_000:  # 100 bytes and 5 objects for each fit
            return
    pytest.fail(f"bytes and objects that 200 fits leave behind: {grown}")


class MallocInfo(ctypes.Structure):
    """See mallinfo2(3)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def allocated() -> tuple[int, int]:
    """Bytes taken from malloc, and Python's blocks."""
    gc.collect()
    LIBC.mallinfo2.restype = MallocInfo
    info = LIBC.mallinfo2()
    return info.uordblks + info.hblkhd, sys.getallocatedblocks()
