"""Networks as scikit-learn estimators."""

from fastdl.estimators._cnn import CNNClassifier, CNNRegressor
from fastdl.estimators._mlp_classifier import MLPClassifier
from fastdl.estimators._mlp_regressor import MLPRegressor
from fastdl.estimators._net import NetClassifier, NetRegressor
from fastdl.estimators._scaler import NDScaler

__all__ = [
    "CNNClassifier",
    "CNNRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "NDScaler",
    "NetClassifier",
    "NetRegressor",
]
