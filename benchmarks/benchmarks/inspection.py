"""What speaks for an answer: maps of 64 images, and the picture of a network."""

import warnings

import numpy as np

from benchmarks.base import Benchmark
from fastdl import CNNClassifier
from fastdl.inspection import saliency
from fastdl.plotting import NetworkDisplay


class Saliency(Benchmark):
    cases = {
        "gradient": {},
        "occlusion, 49 squares": {"size": 4, "stride": 4},
        "grad_cam": {},
    }

    def prepare(self, words: dict[str, int]) -> None:
        self.words = words
        self.X = np.random.default_rng(0).random((64, 28, 28), np.float32)
        self.net = CNNClassifier((16, 32), max_epochs=1, random_state=0, n_jobs=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.net.fit(self.X, np.arange(64) % 10)

    def time_saliency(self, case: str) -> None:
        saliency(self.net, self.X, 3, method=case.partition(",")[0], **self.words)


class Picture(Benchmark):
    cases = {"resnet20": "resnet20", "googlenet": "googlenet"}

    def prepare(self, name: str) -> None:
        self.net = CNNClassifier(architecture=name)

    def time_network(self, case: str) -> None:
        NetworkDisplay.from_estimator(self.net, input_shape=(64, 64, 3), n_outputs=10)
