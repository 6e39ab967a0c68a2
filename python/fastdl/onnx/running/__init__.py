"""Operators of ONNX one by one, by fastdl's kernels."""
