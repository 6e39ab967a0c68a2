"""Networks as scikit-learn estimators."""

from fastdl.estimators._cnn_classifier import CNNClassifier
from fastdl.estimators._cnn_regressor import CNNRegressor
from fastdl.estimators._mlp_classifier import MLPClassifier
from fastdl.estimators._mlp_regressor import MLPRegressor
from fastdl.estimators._net_classifier import NetClassifier
from fastdl.estimators._net_regressor import NetRegressor
from fastdl.estimators._rnn_classifier import RNNClassifier
from fastdl.estimators._rnn_regressor import RNNRegressor
from fastdl.estimators._scaler import NDScaler

__all__ = [
    "CNNClassifier",
    "CNNRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "NDScaler",
    "NetClassifier",
    "NetRegressor",
    "RNNClassifier",
    "RNNRegressor",
]
