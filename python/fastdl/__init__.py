"""Deep networks as scikit-learn estimators, on a small C++ core.

Three interfaces, one vocabulary: estimators (``fastdl.CNNClassifier`` ...), frozen descriptions of
networks (``fastdl.layers``, ``optim``, ``losses``, ``schedules``) and plain functions on NumPy
arrays (``fastdl.functional``). Everything is imported when first used: ``import fastdl`` needs
NumPy alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastdl._openmp import short_spins

with short_spins():
    from fastdl._core import __version__ as __version__

if TYPE_CHECKING:
    from fastdl import architectures as architectures
    from fastdl import autodiff as autodiff
    from fastdl import callbacks as callbacks
    from fastdl import data as data
    from fastdl import estimators as estimators
    from fastdl import functional as functional
    from fastdl import initializers as initializers
    from fastdl import inspection as inspection
    from fastdl import io as io
    from fastdl import layers as layers
    from fastdl import losses as losses
    from fastdl import metrics as metrics
    from fastdl import onnx as onnx
    from fastdl import optim as optim
    from fastdl import plotting as plotting
    from fastdl import schedules as schedules
    from fastdl import testing as testing
    from fastdl._versions import show_versions as show_versions
    from fastdl.estimators import DBN as DBN
    from fastdl.estimators import Autoencoder as Autoencoder
    from fastdl.estimators import BernoulliRBM as BernoulliRBM
    from fastdl.estimators import CNNClassifier as CNNClassifier
    from fastdl.estimators import CNNRegressor as CNNRegressor
    from fastdl.estimators import ConvAutoencoder as ConvAutoencoder
    from fastdl.estimators import DBNClassifier as DBNClassifier
    from fastdl.estimators import DBNRegressor as DBNRegressor
    from fastdl.estimators import ELMClassifier as ELMClassifier
    from fastdl.estimators import ELMRegressor as ELMRegressor
    from fastdl.estimators import Embedder as Embedder
    from fastdl.estimators import GaussianRBM as GaussianRBM
    from fastdl.estimators import MLPClassifier as MLPClassifier
    from fastdl.estimators import MLPRegressor as MLPRegressor
    from fastdl.estimators import NDScaler as NDScaler
    from fastdl.estimators import NetClassifier as NetClassifier
    from fastdl.estimators import NetRegressor as NetRegressor
    from fastdl.estimators import ObjectDetector as ObjectDetector
    from fastdl.estimators import RNNClassifier as RNNClassifier
    from fastdl.estimators import RNNRegressor as RNNRegressor
    from fastdl.estimators import Seq2Seq as Seq2Seq
    from fastdl.estimators import SequenceScaler as SequenceScaler
    from fastdl.estimators import SequenceTagger as SequenceTagger
    from fastdl.estimators import SoftmaxRegression as SoftmaxRegression
    from fastdl.estimators import StackedAutoencoder as StackedAutoencoder
    from fastdl.estimators import StackedAutoencoderClassifier as StackedAutoencoderClassifier
    from fastdl.estimators import StackedAutoencoderRegressor as StackedAutoencoderRegressor
    from fastdl.estimators import SuperResolver as SuperResolver
    from fastdl.estimators import TabularClassifier as TabularClassifier
    from fastdl.estimators import TabularRegressor as TabularRegressor
    from fastdl.estimators import TextGenerator as TextGenerator
    from fastdl.estimators import WordVectors as WordVectors
    from fastdl.io import load as load
    from fastdl.io import load_network as load_network
    from fastdl.network import Network as Network
    from fastdl.onnx import from_onnx as from_onnx
    from fastdl.onnx import to_onnx as to_onnx

_ESTIMATORS = (
    "Autoencoder",
    "BernoulliRBM",
    "CNNClassifier",
    "CNNRegressor",
    "ConvAutoencoder",
    "DBN",
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
    "WordVectors",
    "TextGenerator",
)
_HOMES = {
    **dict.fromkeys(_ESTIMATORS, "fastdl.estimators"),
    "Network": "fastdl.network",
    "load": "fastdl.io",
    "load_network": "fastdl.io",
    "from_onnx": "fastdl.onnx",
    "to_onnx": "fastdl.onnx",
    "show_versions": "fastdl._versions",
}
_MODULES = (
    "architectures",
    "autodiff",
    "callbacks",
    "data",
    "estimators",
    "functional",
    "initializers",
    "inspection",
    "io",
    "layers",
    "losses",
    "metrics",
    "onnx",
    "optim",
    "plotting",
    "schedules",
    "testing",
)

_PUBLIC = ["__version__", *_HOMES, *_MODULES]
# A star import must not hide a module of the standard library, nor ask for the package onnx.
__all__ = [name for name in _PUBLIC if name not in ("io", "onnx", "from_onnx", "to_onnx")]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"fastdl.{name}")
    if name.startswith("_"):  # asked of every module by tools that look at all of them
        raise AttributeError(f"module 'fastdl' has no attribute {name!r}")
    from fastdl._other_names import about_top_level

    raise AttributeError(about_top_level(name, _PUBLIC))


def __dir__() -> list[str]:
    return sorted({*_PUBLIC, *(name for name in globals() if name.startswith("__"))})
