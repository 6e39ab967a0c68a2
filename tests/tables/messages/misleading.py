"""What is warned of because the result would mislead; test_errors.py runs it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastdl import (
    CNNClassifier,
    ELMClassifier,
    MLPClassifier,
    MLPRegressor,
    NetClassifier,
    NetRegressor,
    RNNClassifier,
    RNNRegressor,
    SequenceTagger,
)
from fastdl import layers as L

IRIS, Y = load_iris(return_X_y=True)
TRAIN, VAL = np.arange(150) % 2 == 0, np.arange(150) % 2 == 1
SCALED = StandardScaler().fit_transform(IRIS)
LENGTHS = IRIS[:, 2]
ONE_HOT = np.eye(3, dtype=int)[Y]
OUTPUT = (
    "but an output layer comes after it by itself, and its function with the loss. Leave it out"
)


def net(*layers: Any, of: Any = NetClassifier, **params: Any) -> Any:
    return of(list(layers) or None, **{"max_epochs": 1, "n_jobs": 1, **params})


def validate(estimator: Any, X: Any, X_val: Any, y: Any = Y, y_val: Any = Y) -> Callable[[], Any]:
    return lambda: estimator.fit(X[TRAIN], y[TRAIN], X_val=X_val[VAL], y_val=y_val[VAL])


def in_pipeline() -> None:
    pipe = make_pipeline(StandardScaler(), net())
    words = {"netclassifier__X_val": IRIS[VAL], "netclassifier__y_val": Y[VAL]}
    pipe.fit(IRIS[TRAIN], Y[TRAIN], **words)


def transformed() -> None:
    reg = TransformedTargetRegressor(
        MLPRegressor(hidden_layer_sizes=(4,), max_iter=1, early_stopping=True),
        func=np.log,
        inverse_func=np.exp,
    )
    y = 1000 * LENGTHS
    reg.fit(SCALED[TRAIN], y[TRAIN], X_val=SCALED[VAL], y_val=y[VAL])


def ends(*layers: Any, y: Any = Y, **params: Any) -> Callable[[], object]:
    return lambda: net(L.Dense(4), *layers, **params).fit(SCALED, y)


# fmt: off
SCALES = [
    (validate(net(), SCALED, IRIS), UserWarning,
     "NetClassifier: X_val has another scale than X: in 3 of 4 columns its middle is more than 2.5 "
     "spreads away, or its spread differs by more than a factor of 4. If X was scaled, scale X_val "
     'too; Pipeline: transform_input=["X_val"].'),
    (in_pipeline, UserWarning,
     "NetClassifier: X_val has another scale than X: in 3 of 4 columns its middle is more than 2.5 "
     "spreads away, or its spread differs by more than a factor of 4. If X was scaled, scale X_val "
     'too; Pipeline: transform_input=["X_val"].'),
    (validate(CNNClassifier((2,), max_epochs=1), np.tile(IRIS[:, np.newaxis], (1, 4, 1)) / 255,
              np.tile(IRIS[:, np.newaxis], (1, 4, 1))), UserWarning,
     "CNNClassifier: X_val has another scale than X: its middle is more than 2.5 spreads away, or "
     "its spread differs by more than a factor of 4. If X was scaled, scale X_val too; Pipeline: "
     'transform_input=["X_val"].'),
    (validate(net(of=NetRegressor), SCALED, SCALED, LENGTHS, 1000 * LENGTHS), UserWarning,
     "NetRegressor: y_val has another scale than y: its middle is more than 2.5 spreads away, or "
     "its spread differs by more than a factor of 4. TransformedTargetRegressor transforms y "
     "alone: transform y_val too."),
    (transformed, UserWarning,
     "MLPRegressor: y_val has another scale than y: its middle is more than 2.5 spreads away, or "
     "its spread differs by more than a factor of 4. TransformedTargetRegressor transforms y "
     "alone: transform y_val too."),
]

LABELS = [
    (lambda: net().fit(SCALED, ONE_HOT), UserWarning,
     "NetClassifier: every row of y has exactly one 1, as one-hot codes of classes have, but 3 "
     "answers of yes or no are learnt, of which several may be true. Pass y.argmax(axis=1) for "
     "classes that exclude each other."),
    (lambda: MLPClassifier().fit(SCALED, sparse.csr_matrix(ONE_HOT)), UserWarning,
     "MLPClassifier: every row of y has exactly one 1, as one-hot codes of classes have, but 3 "
     "answers of yes or no are learnt, of which several may be true. Pass y.argmax(axis=1) for "
     "classes that exclude each other."),
    (lambda: ELMClassifier().fit(SCALED, ONE_HOT), UserWarning,
     "ELMClassifier: every row of y has exactly one 1, as one-hot codes of classes have, but 3 "
     "answers of yes or no are learnt, of which several may be true. Pass y.argmax(axis=1) for "
     "classes that exclude each other."),
    (lambda: SequenceTagger((3,), max_epochs=1).fit([SCALED[:75], SCALED[75:]],
                                                    [ONE_HOT[:75], ONE_HOT[75:]]), UserWarning,
     "SequenceTagger: every row of y has exactly one 1, as one-hot codes of classes have, but 3 "
     "answers of yes or no are learnt, of which several may be true. Pass y.argmax(axis=1) for "
     "classes that exclude each other."),
]

OUTPUTS = [
    (ends(L.Dense(3), L.Activation("softmax")), UserWarning,
     f"NetClassifier: the last of layers is Activation('softmax'), {OUTPUT}, and the Dense before "
     "it."),
    (ends(L.Activation("softmax")), UserWarning,
     f"NetClassifier: the last of layers is Activation('softmax'), {OUTPUT}."),
    (ends(L.Dense(1), L.Activation("sigmoid"), y=Y > 1), UserWarning,
     f"NetClassifier: the last of layers is Activation('sigmoid'), {OUTPUT}, and the Dense before "
     "it."),
    (ends(L.Dense(2), L.Activation("sigmoid"), y=Y > 1), UserWarning,
     f"NetClassifier: the last of layers is Activation('sigmoid'), {OUTPUT}, and the Dense before "
     "it."),
    (ends(L.Dense(1), L.Activation("sigmoid"), of=NetRegressor), UserWarning,
     f"NetRegressor: the last of layers is Activation('sigmoid'), {OUTPUT}, and the Dense before "
     "it."),
]

UNSCALED = [
    (lambda: CNNClassifier((2,), max_epochs=1).fit(30 * IRIS, Y), UserWarning,
     "X has values from 3 to 237, which look like features that are not scaled. Networks learn "
     "best from inputs around 0 with a spread of 1: put StandardScaler() before CNNClassifier."),
    (lambda: MLPRegressor(max_iter=3, random_state=0).fit(SCALED, 1000 * LENGTHS),
     ConvergenceWarning,
     "Stochastic Optimizer: Maximum iterations (3) reached and the optimization hasn't converged "
     "yet. The error is still 4.1e+03: y is far from mean 0 and variance 1, and is learnt slowly. "
     "Scale it, by TransformedTargetRegressor(..., transformer=StandardScaler()), or use "
     "NetRegressor, which does."),
    (lambda: MLPRegressor(max_iter=3, random_state=0).fit(SCALED, LENGTHS), ConvergenceWarning,
     "Stochastic Optimizer: Maximum iterations (3) reached and the optimization hasn't converged "
     "yet."),
]
STEPS = [
    (lambda: RNNClassifier((2,), max_epochs=1).fit(IRIS[:, :, np.newaxis], IRIS > 3), UserWarning,
     "RNNClassifier: y has as many columns as X has steps, 4. They are learnt as answers for the "
     "whole sequence. SequenceTagger learns a label for every step."),
]
# fmt: on

MISLEADING = [*STEPS, *SCALES, *LABELS, *OUTPUTS, *UNSCALED]

# Calls that look like these, and mislead nobody.
FINE = [
    lambda: RNNClassifier((2,), max_epochs=1).fit(IRIS[:, :, np.newaxis], IRIS[:, :3] > 3),
    validate(net(), SCALED, SCALED),
    validate(net(), IRIS, IRIS),
    validate(net(), 0 * IRIS + 1, IRIS),
    validate(MLPClassifier((2,), max_iter=1, early_stopping=True), *2 * [sparse.csr_matrix(IRIS)]),
    validate(net(of=NetRegressor), SCALED, SCALED, LENGTHS, LENGTHS),
    validate(RNNRegressor((2,), max_epochs=1), SCALED, SCALED, LENGTHS, LENGTHS),
    lambda: net().fit(SCALED, ONE_HOT | np.eye(3, dtype=int)[::-1][Y]),
    lambda: net().fit(SCALED, ONE_HOT.argmax(axis=1)),
    ends(L.Activation("sigmoid")),
    ends(L.Dense(5), L.Activation("sigmoid")),
    ends(L.Activation("softmax"), L.Dense(3), L.Activation("relu")),
]
