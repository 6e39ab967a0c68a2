"""What others see of an estimator while it is fitted: whole epochs, never half of one."""

import contextlib
import copy
import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import fastdl
from fastdl import (
    Autoencoder,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    NetClassifier,
    RNNClassifier,
)
from fastdl import layers as L
from fastdl.callbacks import Callback, EpochEnd

ROWS = np.random.RandomState(0).rand(60, 16)
LABELS = np.arange(60) % 3
NEVER = {"max_epochs": 6, "random_state": 0}
MAKE = {
    "MLPClassifier": lambda: MLPClassifier((5,), max_iter=6, tol=0.0, random_state=0),
    "lbfgs": lambda: MLPRegressor(
        hidden_layer_sizes=(5,), max_iter=6, solver="lbfgs", random_state=0
    ),
    "CNNClassifier": lambda: CNNClassifier(**NEVER),
    "NetClassifier": lambda: NetClassifier(
        [L.Dense(4), L.BatchNorm()], early_stopping=True, **NEVER
    ),
    "RNNClassifier": lambda: RNNClassifier(hidden_layer_sizes=(5,), **NEVER),
    "Autoencoder": lambda: Autoencoder((5,), **NEVER),
}
SHAPES = {"CNNClassifier": (4, 4), "RNNClassifier": (8, 2)}
pytestmark = [
    pytest.mark.parametrize("name", MAKE),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def data(name):
    X = ROWS.reshape(60, *SHAPES.get(name, (16,)))
    return (X,) if name == "Autoencoder" else (X, LABELS)


def answer(estimator, X):
    method = "predict" if hasattr(estimator, "predict") else "transform"
    return getattr(estimator, method)(X)


def state_of(estimator):
    return b"".join(a.tobytes() for a in estimator._network.snapshot()[:3])


class Record(Callback):
    """The state at the end of each epoch, and what to do then."""

    def __init__(self, then=lambda estimator, epoch: None):
        self.states, self.then, self.final = {}, then, None

    def __reduce__(self):
        return Record, ()

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            epoch = len(estimator.history_["epoch"])
            self.states[epoch] = state_of(estimator)
            return self.then(estimator, epoch)
        return False

    def check(self, found, *seen):
        """That a copy, made while this recorded, is of the end of one epoch.

        Callbacks see the weights of the last one; others those that are kept, which are the best
        epoch's under early stopping.
        """
        rows = {len(column) for column in found.history_.values()}
        assert rows == {len(found.loss_curve_)}
        (epoch,) = rows
        if epoch:
            assert found.history_["epoch"][-1] == epoch
            number = {"last": epoch, "kept": found._progress.best_iter}
            states = [self.states[number[which]] for which in seen]
            assert state_of(found) in (*states, self.final)


def without_fit(name):
    return MAKE[name]().fit(*data(name))


WAYS = {
    "pickle": lambda e, path: pickle.loads(pickle.dumps(e)),
    "deepcopy": lambda e, path: copy.deepcopy(e),
    "copy": lambda e, path: copy.copy(e),
    "file": lambda e, path: (e.save(path), fastdl.load(path))[1],
}


@pytest.mark.share(3)
@pytest.mark.parametrize("way", WAYS)
def test_inside_a_callback(name, way, tmp_path):
    """The copy is what the callback sees, stays so, and the fit goes on as if nothing had been."""
    X, copies = data(name)[0], []

    def then(estimator, epoch):
        copies.append((WAYS[way](estimator, tmp_path / "model"), answer(estimator, X)))

    record = Record(then)
    estimator = MAKE[name]().set_callbacks(record).fit(*data(name))
    assert len(copies) == len(estimator.history_["epoch"])
    for found, expected in copies:
        record.check(found, "last")
        assert not hasattr(found, "_skl_callbacks")
        np.testing.assert_array_equal(answer(found, X), expected)
    assert state_of(estimator) == state_of(without_fit(name))


def test_at_the_beginning_of_a_fit(name, tmp_path):
    class Begin(Callback):
        def on_fit_task_begin(self, estimator, context):
            if context.task_name == "fit":
                estimator.save(tmp_path / "model")
                pickle.dumps(estimator)

    estimator = MAKE[name]().set_callbacks(Begin()).fit(*data(name))
    found = fastdl.load(tmp_path / "model")
    assert found.history_["epoch"] == []
    assert state_of(estimator) == state_of(without_fit(name))


def test_from_another_thread(name, tmp_path):
    """Copies, files and predictions; none of them waits for the fit or changes it."""
    X, found, errors, record = data(name)[0], [], [], Record()
    finished, looked = threading.Event(), threading.Semaphore(0)

    def look():
        while not finished.is_set():
            try:
                for way in WAYS.values():
                    with contextlib.suppress(NotFittedError):
                        found.append(way(estimator, tmp_path / "model"))
                        answer(estimator, X)
            except Exception as error:
                errors.append(error)
            looked.release()

    record.then = lambda estimator, epoch: looked.acquire(timeout=5) and False
    estimator = MAKE[name]().set_callbacks(record)
    thread = threading.Thread(target=look)
    thread.start()
    estimator.fit(*data(name))
    finished.set()
    thread.join()
    assert not errors
    record.final = state_of(estimator)
    fitted = [e for e in found if hasattr(e, "history_")]
    assert fitted
    for e in fitted:
        record.check(e, "kept")
    assert state_of(estimator) == state_of(without_fit(name))


def test_a_signal_handler(name):
    """It is called between two batches, when the core is inside an epoch."""
    X, found, record = data(name)[0], [], Record()
    many = 200 if name == "lbfgs" else 20000

    def handle(number, frame):
        with contextlib.suppress(NotFittedError):
            found.append((pickle.loads(pickle.dumps(estimator)), answer(estimator, X)))
        signal.setitimer(signal.ITIMER_REAL, 0.01)

    record.then = lambda estimator, epoch: len(found) >= 3
    words = (
        {"max_iter": many, "n_iter_no_change": many} if name in ("MLPClassifier", "lbfgs") else {}
    )
    words = words or {"max_epochs": many, "n_iter_no_change": many}
    estimator = MAKE[name]().set_params(**words).set_callbacks(record)
    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        estimator.fit(*data(name))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    record.final = state_of(estimator)  # which a late signal finds
    assert found or name == "lbfgs"
    for e, expected in found:
        record.check(e, "kept", "last")  # the signal may come within a callback
        np.testing.assert_array_equal(answer(e, X), expected)


@pytest.mark.share(3)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_fork_while_another_thread_fits(name):
    """The child answers by the last epoch, and can fit."""
    X, stop, begun = data(name)[0], [], []  # no locks, which the child would find locked
    words = {"max_iter": 10**6} if name in ("MLPClassifier", "lbfgs") else {"max_epochs": 10**6}
    estimator = MAKE[name]().set_params(n_iter_no_change=10**6, tol=0.0, **words)

    def then(estimator, row):
        begun.append(1)
        while name == "lbfgs" and len(begun) == 5 and not stop:
            time.sleep(0.001)  # it would converge before all have forked
        return bool(stop)

    estimator.set_callbacks(EpochEnd(then))
    thread = threading.Thread(target=estimator.fit, args=data(name))
    thread.start()
    while not begun:
        time.sleep(0.01)
    codes = []
    for _ in range(5):
        child = os.fork()
        if child == 0:
            code = 1
            signal.alarm(60)  # a hang fails
            with contextlib.suppress(BaseException):
                found = pickle.loads(pickle.dumps(estimator))
                same = np.array_equal(answer(found, X), answer(estimator, X))
                rows = {len(column) for column in found.history_.values()}
                stop.append(1)
                estimator.fit(*data(name))
                code = 0 if same and len(rows) == 1 else 2
            os._exit(code)
        codes.append(os.waitpid(child, 0)[1])
    stop.append(1)
    thread.join()
    assert codes == [0] * 5


def test_one_fit_at_a_time(name):
    errors = []

    def again():
        try:
            estimator.fit(*data(name))
        except RuntimeError as error:
            errors.append(str(error))

    def then(found, epoch):
        thread = threading.Thread(target=again)
        thread.start()
        thread.join()

    estimator = MAKE[name]().set_callbacks(Record(then))
    estimator.fit(*data(name))
    assert len(errors) == len(estimator.history_["epoch"])
    assert "is being fitted in another thread" in errors[0]
    assert state_of(estimator) == state_of(without_fit(name))


def test_an_interrupted_epoch_leaves_no_trace(name):
    """Weights, moments and history are of the last epoch that was finished, with its score."""
    if name == "Autoencoder":
        pytest.skip("scores itself")
    calls = []

    def scorer(estimator, X, y):
        calls.append(state_of(estimator))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 0.0

    record = Record()
    estimator = MAKE[name]().set_params(scoring=scorer).set_callbacks(record)
    if name == "NetClassifier":
        estimator.set_params(early_stopping=False)
    with pytest.warns(UserWarning, match="interrupted"):
        estimator.fit(*data(name))
    assert len(estimator.history_["epoch"]) == 2
    record.check(estimator, "kept")


def test_a_failed_fit_from_where_it_stands_changes_nothing(name):
    """Not even moments."""
    estimator = without_fit(name)
    before, history = state_of(estimator), copy.deepcopy(estimator.history_)

    def fail(e, row):
        raise OverflowError

    estimator.set_params(warm_start=True).set_callbacks(EpochEnd(fail))
    with pytest.raises(OverflowError):
        estimator.fit(*data(name))
    assert state_of(estimator) == before
    np.testing.assert_equal(estimator.history_, history)
