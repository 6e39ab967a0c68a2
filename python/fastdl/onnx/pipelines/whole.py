"""scikit-learn's pipelines and other estimators that hold ours, by skl2onnx."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
import onnx

from fastdl import estimators
from fastdl.io import _atomic


def pipeline_to_onnx(
    est: Any, path: str | PathLike[str] | None, *, opset: int, input_name: str, input_dtype: Any
) -> onnx.ModelProto:
    """What skl2onnx makes of an estimator, with probabilities as an array.

    Raises
    ------
    ImportError
        Without skl2onnx.
    ValueError
        Where the types of the columns are not known, and for an opset that skl2onnx does not know.
    """
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError(
            f"{type(est).__name__} is scikit-learn's: writing it as ONNX needs skl2onnx, which is "
            "not installed: pip install skl2onnx"
        ) from error
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, UInt8TensorType
    from sklearn.base import is_classifier
    from sklearn.compose import ColumnTransformer

    newest = skl2onnx.__max_supported_opset__
    if opset > newest:
        raise ValueError(
            f"opset={opset}; skl2onnx {skl2onnx.__version__}, which writes {type(est).__name__}, "
            f"knows those up to {newest}."
        )
    shape, first = _sample_shape(est), _steps(est)[0]
    if isinstance(first, ColumnTransformer) and hasattr(first, "feature_names_in_"):
        raise ValueError(
            f"{type(est).__name__} was fitted with a data frame, whose types of columns the "
            "estimator does not keep. Call skl2onnx.to_onnx(pipeline, X[:1]); fastdl.onnx has made "
            "its estimators known."
        )
    kinds = {"float32": FloatTensorType, "float64": DoubleTensorType, "uint8": UInt8TensorType}
    dtype = np.dtype(input_dtype or np.float32).name
    if dtype not in kinds:
        raise ValueError(f"input_dtype={dtype!r}; expected one of {', '.join(map(repr, kinds))}.")
    model = skl2onnx.convert_sklearn(
        est,
        initial_types=[(input_name, kinds[dtype]([None, *shape]))],
        target_opset={"": opset, "ai.onnx.ml": 3},
        options={id(est): {"zipmap": False}} if is_classifier(est) else None,
    )
    if path is not None:
        _atomic.write(path, [model.SerializeToString()])
    return model


def _steps(est: Any) -> list[Any]:
    """The steps of a pipeline, or the estimator alone."""
    return [step for _, step in est.steps] if hasattr(est, "steps") else [est]


def _sample_shape(est: Any) -> tuple[int, ...]:
    """Of what goes into the first step: rows, unless our first estimators take more."""
    for step in _steps(est):
        name = type(step).__name__
        if name not in estimators.__all__:
            break
        shape = getattr(step, "input_shape_", None)
        if shape is not None:
            return tuple(shape)
        if getattr(step, "n_dims_", 2) == 2:
            break
    return (int(est.n_features_in_),)
