"""What a user waits for: imports, whole fits, the memory of a fit."""

import warnings

import numpy as np
from sklearn.datasets import load_digits

from benchmarks.base import Benchmark


class Import:
    def timeraw_import(self) -> str:
        return "import fastdl"

    def timeraw_functional(self) -> str:
        return "import fastdl.functional"

    def timeraw_estimators(self) -> str:
        return "from fastdl import MLPClassifier"


def mlp(dtype: str):
    from fastdl import MLPClassifier

    X, y = load_digits(return_X_y=True)
    return MLPClassifier(max_iter=20, random_state=0), (X / 16).astype(dtype), y


def cnn(dtype: str):
    from fastdl import CNNClassifier

    X, y = load_digits(return_X_y=True)
    images = X.reshape(-1, 8, 8, 1) / 16
    return CNNClassifier(max_epochs=5, dtype=dtype, random_state=0), images.astype(dtype), y


def rbm(dtype: str):
    from fastdl import BernoulliRBM

    X, y = load_digits(return_X_y=True)
    return BernoulliRBM(n_components=64, n_iter=5, random_state=0), (X / 16).astype(dtype), y


class Fit(Benchmark):
    cases = {
        f"{make.__name__} on digits, {dtype}": (make, dtype)
        for make in (mlp, cnn, rbm)
        for dtype in ("float32", "float64")
    }

    def prepare(self, case) -> None:
        make, dtype = case
        self.estimator, self.X, self.y = make(dtype)
        self.fit()

    def fit(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 20 epochs do not converge
            self.estimator.fit(self.X, self.y)

    def time_fit(self, case: str) -> None:
        self.fit()

    def time_predict(self, case: str) -> None:
        getattr(self.estimator, "predict", self.estimator.transform)(self.X)

    def peakmem_fit(self, case: str) -> None:
        self.fit()


class LeNetMemory:
    """A LeNet-5 epoch on as many images as MNIST has."""

    timeout = 120

    def setup(self) -> None:
        rng = np.random.default_rng(0)
        self.X = rng.integers(0, 256, (60_000, 28, 28, 1), dtype=np.uint8)
        self.y = rng.integers(0, 10, 60_000, dtype=np.int32)

    def peakmem_epoch(self) -> None:
        from benchmarks.nets import NETS

        net = NETS["lenet5"]
        order = np.random.default_rng(0).permutation(60_000)[:6400]
        net.compile().train_epoch(self.X, self.y, order, np.array([net.rate]))
