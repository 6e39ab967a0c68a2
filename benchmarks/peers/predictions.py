"""Predictions of a network made ready, in fastdl and in ONNX Runtime."""

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import torch

from benchmarks.large_images import Shown
from benchmarks.nets import Net
from peers.harness import Contest, repeated
from peers.torch_nets import TorchNet


def prediction(net: Net, n: int, threads: int) -> Contest:
    """Outputs of n samples, the same weights on both sides."""
    return _contest(net, lambda threads: trained(net, threads), net.data(n)[0], threads)


def one_image(shown: Shown, threads: int) -> Contest:
    """Outputs for one image, by a program for one."""
    return _contest(shown, shown.compile, shown.image(), threads)


def trained(net: Net, threads: int):
    """A program after one step, which moves running statistics."""
    program = net.compile(threads)
    program.train_epoch(*net.data(net.batch), np.arange(net.batch), np.array([net.rate]))
    return program


def _contest(net: Net | Shown, make: Callable[[int], Any], X: np.ndarray, threads: int) -> Contest:
    program, alone = make(threads), make(1) if threads > 1 else None
    twin = TorchNet(net.layers, net.input_shape)
    twin.load(program.get_parameter)
    twin.load_states(program.get_state)
    session = onnx_session(twin.module, twin.input(X[:1]), threads)
    feed = {"x": twin.input(X).numpy()}

    def theirs() -> np.ndarray:
        return session.run(None, feed)[0]

    def check() -> float:
        a, b = program.predict(X), channels_last(theirs())
        return float(np.abs(a - b).max() / np.abs(b).max())

    sides = {"fastdl": repeated(lambda: program.predict(X)), "onnxruntime": repeated(theirs)}
    lone = repeated(lambda: alone.predict(X)) if alone else None
    return Contest(sides, check, 1e-3, len(X) * twin.flops, lone)


def onnx_session(module: torch.nn.Module, X: torch.Tensor, threads: int):
    file = io.BytesIO()
    axes = {"x": {0: "n"}, "y": {0: "n"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is the old one
        torch.onnx.export(
            module.eval(),
            (X,),
            file,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(file.getvalue(), options, ["CPUExecutionProvider"])


def channels_last(y: np.ndarray) -> np.ndarray:
    return y.transpose(0, 2, 3, 1) if y.ndim == 4 else y
