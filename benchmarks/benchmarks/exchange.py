"""ONNX: models written and read; what is read predicts as fast as what it was written from."""

from typing import Any

import numpy as np

import fastdl
from benchmarks.base import Benchmark
from benchmarks.nets import NETS
from fastdl import architectures

_NAMES = ("lenet5", "resnet20", "mlp 784-1024x3-10")


def resnet50() -> fastdl.Network:
    layers = architectures.build("resnet50", (224, 224, 3))
    return fastdl.Network(layers, (224, 224, 3), random_state=0)


def network(name: str) -> fastdl.Network:
    net = NETS[name]
    return fastdl.Network(net.layers, net.input_shape, random_state=0)


class Exchange(Benchmark):
    cases = {"ResNet-50": resnet50}

    def prepare(self, make: Any) -> None:
        self.network = make()
        self.model = fastdl.to_onnx(self.network).SerializeToString()

    def time_write(self, case: str) -> None:
        fastdl.to_onnx(self.network)

    def time_read(self, case: str) -> None:
        fastdl.from_onnx(self.model)

    def peakmem_read(self, case: str) -> None:
        fastdl.from_onnx(self.model)


class Predict(Benchmark):
    cases = {
        f"{name}, {whence}": (name, whence) for name in _NAMES for whence in ("by hand", "ONNX")
    }

    def prepare(self, case: Any) -> None:
        name, whence = case
        self.network = network(name)
        if whence == "ONNX":
            self.network = fastdl.from_onnx(fastdl.to_onnx(self.network))
        x = np.random.default_rng(0).random((64, *NETS[name].input_shape), dtype=np.float32)
        self.x = x
        self.network.predict(x)

    def time_predict(self, case: str) -> None:
        self.network.predict(self.x)
