"""What from_onnx raises for a model that it does not read."""


class UnsupportedModelError(ValueError):
    """A sound ONNX model that no network of fastdl stands for.

    The message names every node that is in the way, its operator and opset. The backend
    (`fastdl.onnx.backend`) runs such a model.
    """
