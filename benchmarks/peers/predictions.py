"""Predictions of a network made ready, in fastdl and in ONNX Runtime."""

import io
import warnings

import numpy as np
import onnxruntime
import torch

from benchmarks.large_images import Shown
from benchmarks.nets import Net
from peers.harness import Contest, repeated
from peers.torch_nets import TorchNet


def prediction(net: Net, n: int, threads: int) -> Contest:
    """Outputs of n samples, the same weights on both sides."""
    program = net.compile(threads)
    X, y = net.data(net.batch)
    program.train_epoch(
        X, y, np.arange(net.batch), np.array([net.rate])
    )  # moves running statistics
    return _contest(net, program, net.data(n)[0], threads)


def one_image(shown: Shown, threads: int) -> Contest:
    """Outputs for one image, by a program for one."""
    return _contest(shown, shown.compile(threads), shown.image(), threads)


def _contest(net: Net | Shown, program, X: np.ndarray, threads: int) -> Contest:
    twin = TorchNet(net.layers, net.input_shape)
    twin.load(program.get_parameter)
    twin.load_states(program.get_state)
    session = onnx_session(twin.module, channels_first(X[:1]), threads)
    feed = {"x": channels_first(X)}

    def theirs() -> np.ndarray:
        return session.run(None, feed)[0]

    def check() -> float:
        a, b = program.predict(X), channels_last(theirs())
        return float(np.abs(a - b).max() / np.abs(b).max())

    sides = {"fastdl": repeated(lambda: program.predict(X)), "onnxruntime": repeated(theirs)}
    return Contest(sides, check, 1e-3, len(X) * twin.flops)


def onnx_session(module: torch.nn.Module, X: np.ndarray, threads: int):
    file = io.BytesIO()
    axes = {"x": {0: "n"}, "y": {0: "n"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is the old one
        torch.onnx.export(
            module.eval(),
            (torch.from_numpy(X),),
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


def channels_first(X: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(X.transpose(0, 3, 1, 2)) if X.ndim == 4 else X


def channels_last(y: np.ndarray) -> np.ndarray:
    return y.transpose(0, 2, 3, 1) if y.ndim == 4 else y
