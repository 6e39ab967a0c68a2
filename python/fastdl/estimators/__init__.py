"""Networks as scikit-learn estimators."""

from fastdl.estimators._autoencoder import Autoencoder
from fastdl.estimators._cnn_classifier import CNNClassifier
from fastdl.estimators._cnn_regressor import CNNRegressor
from fastdl.estimators._conv_autoencoder import ConvAutoencoder
from fastdl.estimators._dbn import DBN
from fastdl.estimators._dbn_classifier import DBNClassifier
from fastdl.estimators._dbn_regressor import DBNRegressor
from fastdl.estimators._elm import ELMClassifier, ELMRegressor
from fastdl.estimators._mlp_classifier import MLPClassifier
from fastdl.estimators._mlp_regressor import MLPRegressor
from fastdl.estimators._net_classifier import NetClassifier
from fastdl.estimators._net_regressor import NetRegressor
from fastdl.estimators._rbm_bernoulli import BernoulliRBM
from fastdl.estimators._rbm_gaussian import GaussianRBM
from fastdl.estimators._rnn_classifier import RNNClassifier
from fastdl.estimators._rnn_regressor import RNNRegressor
from fastdl.estimators._scaler import NDScaler
from fastdl.estimators._sequence_tagger import SequenceTagger
from fastdl.estimators._softmax import SoftmaxRegression
from fastdl.estimators._stacked import StackedAutoencoder
from fastdl.estimators._stacked_classifier import StackedAutoencoderClassifier
from fastdl.estimators._stacked_regressor import StackedAutoencoderRegressor
from fastdl.estimators._text_generator import TextGenerator
from fastdl.estimators._word_vectors import WordVectors

__all__ = [
    "DBN",
    "Autoencoder",
    "BernoulliRBM",
    "CNNClassifier",
    "CNNRegressor",
    "ConvAutoencoder",
    "DBNClassifier",
    "DBNRegressor",
    "ELMClassifier",
    "ELMRegressor",
    "GaussianRBM",
    "MLPClassifier",
    "MLPRegressor",
    "NDScaler",
    "NetClassifier",
    "NetRegressor",
    "RNNClassifier",
    "RNNRegressor",
    "SequenceTagger",
    "SoftmaxRegression",
    "StackedAutoencoder",
    "StackedAutoencoderClassifier",
    "StackedAutoencoderRegressor",
    "TextGenerator",
    "WordVectors",
]
