"""From networks and estimators to ONNX."""
