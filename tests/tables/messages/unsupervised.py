"""What stacks, Boltzmann machines and belief nets say of bad input; test_errors.py runs it.

Of `Autoencoder` and `ConvAutoencoder` they stand beside their tests. Warnings are errors here.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import (
    DBN,
    Autoencoder,
    BernoulliRBM,
    DBNClassifier,
    DBNRegressor,
    GaussianRBM,
    StackedAutoencoder,
    StackedAutoencoderClassifier,
    StackedAutoencoderRegressor,
)

X = np.random.default_rng(0).random((20, 12))
Y = np.arange(20) % 3
OUTSIDE = np.where(np.arange(12) == 7, 1.5, X)
MISSING = np.where(X > 0.9, np.nan, X)

SAE, CLASSIFIER, REGRESSOR = (
    StackedAutoencoder,
    StackedAutoencoderClassifier,
    StackedAutoencoderRegressor,
)
CROSSED = {"reconstruction_loss": "cross_entropy"}


def stack(made: Any, sizes: Any = (6, 4), **params: Any) -> Any:
    return made(sizes, **{"pretrain_epochs": 1, "max_epochs": 1, "n_jobs": 1, **params})


def fit(made: Any, X: Any = X, sizes: Any = (6, 4), **params: Any) -> Callable[[], object]:
    return lambda: stack(made, sizes, **params).fit(X, Y)


def pretrain(made: Any, X: Any = X, sizes: Any = (6, 4), **params: Any) -> Callable[[], object]:
    return lambda: stack(made, sizes, **params).pretrain(X)


def other(made: Any, new_X: Any = X, **changes: Any) -> Callable[[], object]:
    """Pretrains, and fits something else."""
    return lambda: stack(made).pretrain(X).set_params(**changes).fit(new_X, Y)


def nan(name: str) -> str:
    """scikit-learn's own words."""
    return (
        f"Input X contains NaN.\n{name} does not accept missing values encoded as NaN natively. "
        "For supervised learning, you might want to consider "
        "sklearn.ensemble.HistGradientBoostingClassifier and Regressor which accept missing values "
        "encoded as NaNs natively. Alternatively, it is possible to preprocess the data, for "
        "instance by using an imputer transformer in a pipeline or drop samples with missing "
        "values. See https://scikit-learn.org/stable/modules/impute.html You can find a list of "
        "all estimators that handle NaN values at the following page: "
        "https://scikit-learn.org/stable/modules/impute.html#estimators-that-handle-nan-values"
    )


# fmt: off
RANGE = [
    (fit(SAE, OUTSIDE, loss="cross_entropy"), ValueError,
     "StackedAutoencoder: loss='cross_entropy' takes X from 0 to 1, but column 7 goes from 1.5 to "
     "1.5. Scale X, for example by MinMaxScaler(clip=True), or use loss='squared_error'."),
    (fit(SAE, OUTSIDE, out_activation="sigmoid"), UserWarning,
     "StackedAutoencoder: out_activation='sigmoid' cannot give all of X: column 7 goes from 1.5 to "
     "1.5. Scale X, or use out_activation='identity'."),
    (fit(CLASSIFIER, OUTSIDE, **CROSSED), ValueError,
     "StackedAutoencoderClassifier: reconstruction_loss='cross_entropy' takes X from 0 to 1, but "
     "column 7 goes from 1.5 to 1.5. Scale X, for example by MinMaxScaler(clip=True), or use "
     "reconstruction_loss='squared_error'."),
    (pretrain(REGRESSOR, OUTSIDE, **CROSSED), ValueError,
     "StackedAutoencoderRegressor: reconstruction_loss='cross_entropy' takes X from 0 to 1, but "
     "column 7 goes from 1.5 to 1.5. Scale X, for example by MinMaxScaler(clip=True), or use "
     "reconstruction_loss='squared_error'."),
    (lambda: BernoulliRBM(3).fit(OUTSIDE), UserWarning,
     "X has values from 1.5 to 1.5 in column 7, but the visible units of BernoulliRBM stand for "
     "values from 0 to 1. Scale X with MinMaxScaler (pixels: X / 255), or use GaussianRBM."),
    (lambda: BernoulliRBM(3).partial_fit(-X[:, :1]), UserWarning,
     f"X has values from {-X[:, 0].max():g} to {-X[:, 0].min():g} in column 0, but the visible "
     "units of BernoulliRBM stand for values from 0 to 1. Scale X with MinMaxScaler (pixels: X / "
     "255), or use GaussianRBM."),
    (pretrain(DBNRegressor, OUTSIDE, visible="bernoulli"), ValueError,
     "X has values from 1.5 to 1.5 in column 7, but visible='bernoulli' units stand for values "
     "from 0 to 1. Scale X with MinMaxScaler (pixels: X / 255), or set visible='gaussian'."),
]

WIDE = [
    (fit(SAE, sizes=(6, 8)), UserWarning,
     "StackedAutoencoder: layer 2 has 8 units for 6 inputs, so that its autoencoder may learn to "
     "copy them. Use fewer units, or corruption, sparsity, activity_l1 or contraction."),
    (pretrain(CLASSIFIER, sizes=13), UserWarning,
     "StackedAutoencoderClassifier: layer 1 has 13 units for 12 inputs, so that its autoencoder "
     "may learn to copy them. Use fewer units, or corruption, sparsity, activity_l1 or "
     "contraction."),
    (fit(REGRESSOR, sizes=(13, 2)), UserWarning,
     "StackedAutoencoderRegressor: layer 1 has 13 units for 12 inputs, so that its autoencoder may "
     "learn to copy them. Use fewer units, or corruption, sparsity, activity_l1 or contraction."),
]

PRETRAINED = [
    (other(SAE, X[:, :9]), ValueError,
     "StackedAutoencoder: pretrain saw encoder_1.weight of shape (12, 6), but fit needs (9, 6). "
     "Pretrain on samples of as many features, with the same hidden_layer_sizes."),
    (other(REGRESSOR, hidden_layer_sizes=(6, 5)), ValueError,
     "StackedAutoencoderRegressor: pretrain saw encoder_2.weight of shape (6, 4), but fit needs "
     "(6, 5). Pretrain on samples of as many features, with the same hidden_layer_sizes."),
    (other(DBNClassifier, X[:, :9]), ValueError,
     "DBNClassifier was pretrained with 12 features and hidden_layer_sizes=[6, 4], but fit gets 9 "
     "features and hidden_layer_sizes=[6, 4]. Call pretrain again, or fit with the same."),
    (other(DBNRegressor, hidden_layer_sizes=(6, 4, 3)), ValueError,
     "DBNRegressor was pretrained with 12 features and hidden_layer_sizes=[6, 4], but fit gets 12 "
     "features and hidden_layer_sizes=[6, 4, 3]. Call pretrain again, or fit with the same."),
]

WORDS = [
    (fit(SAE, sparsity=0.1, activation="relu"), ValueError,
     "StackedAutoencoder: sparsity=0.1 is a mean activation between 0 and 1, which "
     "activation='relu' does not keep to. Use activation='sigmoid', or activity_l1 instead of "
     "sparsity."),
    (fit(CLASSIFIER, out_activation="relu", **CROSSED), ValueError,
     "StackedAutoencoderClassifier: reconstruction_loss='cross_entropy' compares probabilities, "
     "but out_activation='relu' gives none. Leave out_activation out, or use "
     "reconstruction_loss='squared_error'."),
]

NAN = [
    (lambda: Autoencoder(3).fit(MISSING), ValueError, nan("Autoencoder")),
    (fit(SAE, MISSING), ValueError, nan("StackedAutoencoder")),
    (pretrain(CLASSIFIER, MISSING), ValueError, nan("StackedAutoencoderClassifier")),
    (fit(REGRESSOR, MISSING), ValueError, nan("StackedAutoencoderRegressor")),
    (lambda: BernoulliRBM(3).fit(MISSING), ValueError, nan("BernoulliRBM")),
    (lambda: GaussianRBM(3).partial_fit(MISSING), ValueError, nan("GaussianRBM")),
    (lambda: DBN(3).fit(MISSING), ValueError, nan("DBN")),
    (pretrain(DBNClassifier, MISSING), ValueError, nan("DBNClassifier")),
    (fit(DBNRegressor, MISSING), ValueError, nan("DBNRegressor")),
    (lambda: GaussianRBM(3).fit(np.where(X > 0.9, np.inf, X)), ValueError,
     "Input X contains infinity or a value too large for dtype('float64')."),
]
# fmt: on

UNSUPERVISED = [*RANGE, *WIDE, *PRETRAINED, *WORDS, *NAN]
