"""Fitted estimators of several kinds, with parameters of each kind."""

import numpy as np

from fastdl import (
    MLPClassifier,
    MLPRegressor,
    NetClassifier,
    NetRegressor,
    optim,
    schedules,
)
from fastdl import layers as L
from images import some_digits, tiny, tiny_regressor

X, Y = some_digits(100)
ROWS = X.reshape(len(X), -1)
WORDS = np.array(["even", "odd"], dtype=object)[Y % 2]


def fitted(name):
    """An estimator of each kind, with parameters of each kind."""
    common = {"max_epochs": 2, "random_state": 0, "n_jobs": 1}
    conv = [L.Conv2D(4, 3, weight_init="orthogonal"), L.BatchNorm(), L.PReLU()]
    made = {
        "cnn": lambda: tiny(dropout=0.1, batch_norm=True, early_stopping=True).fit(X, Y),
        "words": lambda: tiny(class_weight={"even": 2.0}).fit(X, WORDS),
        "multilabel": lambda: tiny(scoring="accuracy").fit(X, np.stack([Y > 3, Y > 5], axis=1)),
        "cnn regressor": lambda: tiny_regressor(solver=optim.Adam(beta1=0.8)).fit(X, Y),
        "net": lambda: NetClassifier(conv, **common).fit(X, Y),
        "net regressor": lambda: NetRegressor(
            [L.Dense(3, name="a")], learning_rate=schedules.WarmUp("cosine", epochs=1), **common
        ).fit(ROWS, Y),
        "init_from": lambda: NetClassifier(init_from=tiny().fit(X, Y), **common).fit(X, Y),
        "mlp": lambda: MLPClassifier((8,), learning_rate="adaptive", solver="sgd", tol=1.0).fit(
            ROWS, Y
        ),
        "mlp regressor": lambda: MLPRegressor(
            hidden_layer_sizes=(8,), tol=1.0, random_state=np.random.RandomState(3)
        ).fit(ROWS, Y),
        "plateau": lambda: tiny(learning_rate="reduce_on_plateau", dtype=np.dtype("float64")).fit(
            X, Y
        ),
    }
    return made[name]()


NAMES = [
    "cnn",
    "words",
    "multilabel",
    "cnn regressor",
    "net",
    "net regressor",
    "init_from",
    "mlp",
    "mlp regressor",
    "plateau",
]


class MySchedule(schedules.Schedule):
    def _rates(self, now):
        return now.base
