"""Networks as scikit-learn estimators."""

import fastdl._sklearn  # noqa: F401 (first: it says what to install)
from fastdl.estimators.autoencoders.autoencoder import Autoencoder
from fastdl.estimators.autoencoders.conv_autoencoder import ConvAutoencoder
from fastdl.estimators.autoencoders.stacked import StackedAutoencoder
from fastdl.estimators.autoencoders.stacked_classifier import StackedAutoencoderClassifier
from fastdl.estimators.autoencoders.stacked_regressor import StackedAutoencoderRegressor
from fastdl.estimators.boltzmann.bernoulli import BernoulliRBM
from fastdl.estimators.boltzmann.dbn import DBN
from fastdl.estimators.boltzmann.dbn_classifier import DBNClassifier
from fastdl.estimators.boltzmann.dbn_regressor import DBNRegressor
from fastdl.estimators.boltzmann.gaussian import GaussianRBM
from fastdl.estimators.convolutional.cnn_classifier import CNNClassifier
from fastdl.estimators.convolutional.cnn_regressor import CNNRegressor
from fastdl.estimators.convolutional.net_classifier import NetClassifier
from fastdl.estimators.convolutional.net_regressor import NetRegressor
from fastdl.estimators.perceptrons.elm import ELMClassifier, ELMRegressor
from fastdl.estimators.perceptrons.mlp_classifier import MLPClassifier
from fastdl.estimators.perceptrons.mlp_regressor import MLPRegressor
from fastdl.estimators.perceptrons.softmax import SoftmaxRegression
from fastdl.estimators.recurrent.rnn_classifier import RNNClassifier
from fastdl.estimators.recurrent.rnn_regressor import RNNRegressor
from fastdl.estimators.recurrent.sequence_tagger import SequenceTagger
from fastdl.estimators.recurrent.text_generator import TextGenerator
from fastdl.estimators.scaling.nd_scaler import NDScaler
from fastdl.estimators.scaling.sequence_scaler import SequenceScaler
from fastdl.estimators.tables.tabular_classifier import TabularClassifier
from fastdl.estimators.tables.tabular_regressor import TabularRegressor
from fastdl.estimators.translation.seq2seq import Seq2Seq
from fastdl.estimators.vision.detection.detector import ObjectDetector
from fastdl.estimators.vision.enlarging.super_resolver import SuperResolver
from fastdl.estimators.vision.verification.embedder import Embedder
from fastdl.estimators.words.word_vectors import WordVectors

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
    "Embedder",
    "GaussianRBM",
    "MLPClassifier",
    "MLPRegressor",
    "NDScaler",
    "NetClassifier",
    "NetRegressor",
    "ObjectDetector",
    "RNNClassifier",
    "RNNRegressor",
    "Seq2Seq",
    "SequenceScaler",
    "SequenceTagger",
    "SoftmaxRegression",
    "StackedAutoencoder",
    "StackedAutoencoderClassifier",
    "StackedAutoencoderRegressor",
    "SuperResolver",
    "TabularClassifier",
    "TabularRegressor",
    "TextGenerator",
    "WordVectors",
]


def __dir__() -> list[str]:
    return sorted(__all__)
