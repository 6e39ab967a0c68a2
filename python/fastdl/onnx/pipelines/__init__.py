"""Estimators of fastdl within scikit-learn's pipelines, as skl2onnx converts them."""
