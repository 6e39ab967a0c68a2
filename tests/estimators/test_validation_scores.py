"""The validation score of an epoch is what scikit-learn's metrics say of the answers."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from fastdl import CNNRegressor, MLPRegressor, NetRegressor
from fastdl import layers as L
from fastdl.fitting.training.evaluation import r_squared

Y = np.random.default_rng(0).normal(size=(20, 3)) * [1, 1e3, 1e-3] + [0, 1e6, 5]
CONSTANT = np.column_stack([Y[:, 0], np.full(20, 2.0), np.zeros(20)])
MISSED = np.column_stack([Y[:, 1], np.full(20, 2.5), np.zeros(20)])
WEIGHT = np.random.default_rng(1).integers(0, 4, 20).astype(float)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alike", "weighted"])
@pytest.mark.parametrize(
    ("y", "answers"),
    [
        (Y[:, 0], Y[:, 0] + 0.3),
        (Y, Y + np.random.default_rng(2).normal(size=Y.shape)),
        (CONSTANT, MISSED),
        (np.arange(20) > 9, np.linspace(0, 1, 20)),
        (Y.astype(np.float32), Y),
    ],
    ids=["one", "several", "constant", "bool", "float32"],
)
def test_r_squared_is_scikit_learns(y, answers, weight):
    """Of constant columns, too, which count 1 where they are met and 0 where not."""
    expected = r2_score(y.astype(float), answers, sample_weight=weight)
    assert r_squared(y, answers, weight) == pytest.approx(expected, rel=1e-12)


def rows() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    X = np.random.default_rng(0).normal(size=(40, 3))
    return X, X[:, 0]


def scored(scores: list[float]) -> NetRegressor:
    """Fitted on 40 rows with these validation scores, one after each epoch."""
    following = iter(np.repeat(scores, 2))  # of the samples it learns from, and of the others
    reg = NetRegressor(
        [L.Dense(4)],
        early_stopping=True,
        scoring=lambda *_: next(following),
        max_epochs=len(scores),
        n_iter_no_change=3,
        random_state=0,
    )
    return reg.fit(*rows())


def test_without_a_score_the_last_epoch_is_kept():
    """Not the weights that the net started with."""
    with pytest.warns(UserWarning, match="score was nan after each of 4 epochs. The weights of"):
        reg = scored(8 * [np.nan])
    assert reg.n_iter_ == 4  # nan is no improvement
    assert reg.best_iter_ == 4
    assert reg.score(*rows()) > 0


def test_the_first_score_replaces_none():
    reg = scored([np.nan, np.nan, 0.5, np.nan, 0.4, 0.3])
    assert reg.best_iter_ == 3


def test_one_sample_has_no_r_squared():
    """As scikit-learn says."""
    with pytest.warns(Warning, match="less than two samples"):
        assert np.isnan(r_squared(Y[:1], Y[:1], None))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "reg",
    [
        NetRegressor([L.Dense(4)], max_epochs=2, random_state=0),
        CNNRegressor((2,), max_epochs=2, input_shape=(4, 4, 1), random_state=0),
        MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0),
    ],
    ids=lambda reg: type(reg).__name__,
)
def test_score_is_that_of_the_history(reg):
    """In float64 for float32 y, too, of which R^2 in float32 would lose eight digits of sixteen."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 16)).astype(np.float32)
    y = (1000 + X[:, 0]).astype(np.float32)
    reg.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    scores = [row for row in reg.history_["val_score"] if row == row]
    assert reg.score(X[40:], y[40:]) in [pytest.approx(score, rel=1e-12) for score in scores]
