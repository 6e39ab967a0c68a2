"""Model files written by callbacks and other threads in the middle of a fit."""

import threading
import warnings

import numpy as np
import pytest
from fitted_models import ROWS, X, Y, fitted
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import fastdl
from fastdl.callbacks import EpochEnd
from images import tiny_regressor, weights


def test_saving_in_a_callback(tmp_path):
    """Each file is the estimator at the end of that epoch; the fit goes on as without."""

    def keep(estimator, row):
        estimator.save(tmp_path / str(row["epoch"]))
        return False

    words = {"learning_rate": "constant", "weight_decay": None}  # whatever max_epochs is
    reg = tiny_regressor(**words).set_callbacks(EpochEnd(keep)).fit(X, Y)
    alone = tiny_regressor(**words).fit(X, Y)
    assert weights(reg) == weights(alone)
    for epoch in (1, 2, 3):
        loaded = fastdl.load(tmp_path / str(epoch))
        np.testing.assert_array_equal(
            loaded.predict(X), tiny_regressor(**words, max_epochs=epoch).fit(X, Y).predict(X)
        )
        assert len(loaded.history_["loss"]) == epoch
    loaded = fastdl.load(tmp_path / "2").partial_fit(X, Y)
    twice = tiny_regressor(**words, max_epochs=2).fit(X, Y).partial_fit(X, Y)
    np.testing.assert_array_equal(loaded.predict(X), twice.predict(X))


@pytest.mark.parametrize("name", ["cnn regressor", "mlp"])
def test_saving_from_another_thread_while_it_is_fitted(name, tmp_path):
    """Each file is the estimator at the end of an epoch: as a fit of so many epochs leaves it."""
    data = ROWS if name == "mlp" else X
    word = "max_iter" if name == "mlp" else "max_epochs"
    made = fitted(name).set_params(**{word: 6, "tol": 1e-4, "random_state": 0})
    if name != "mlp":  # so that the rate does not depend on the number of epochs
        made.set_params(learning_rate="constant", learning_rate_init=1e-3, weight_decay=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        made.fit(data, Y)
    ended, files = threading.Event(), []

    def save():
        while not ended.is_set():
            made.save(tmp_path / str(len(files)))
            files.append(tmp_path / str(len(files)))

    thread = threading.Thread(target=save)
    thread.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for _ in range(10):
                made.fit(data, Y)
            alone = {n: clone(made).set_params(**{word: n}).fit(data, Y) for n in range(1, 7)}
    finally:
        ended.set()
        thread.join()
    assert weights(made) == weights(alone[6])
    seen = {path: fastdl.load(path) for path in files}
    for loaded in seen.values():
        epochs = len(loaded.loss_curve_)
        if epochs:
            assert loaded.loss_curve_ == alone[epochs].loss_curve_
            assert weights(loaded) == weights(alone[epochs])
